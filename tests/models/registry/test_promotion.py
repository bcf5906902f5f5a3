import pytest

from models import registry
from models.errors import RegistryError
from models.registry import store


def champion(name: str) -> int:
    return registry.find(name).version


def test_promotion_moves_the_champion_and_says_when_and_why(register):
    register("promoted")
    register("promoted")
    registry.promote("promoted", 1)
    registry.promote("promoted", 2, reason="better on March")
    assert champion("promoted") == 2
    moves = registry.promotions("promoted")
    assert [(m.kind, m.version, m.previous, m.reason) for m in moves] == [
        ("promote", 1, None, ""),
        ("promote", 2, 1, "better on March"),
    ]
    assert moves[0].at < moves[1].at


def test_promoting_the_champion_again_changes_nothing(register):
    register("again")
    registry.promote("again", 1)
    registry.promote("again", "1")
    assert len(registry.promotions("again")) == 1


def test_a_promoted_challenger_is_no_challenger_any_more(register):
    register("challenged")
    registry.set_alias("challenged", registry.CHALLENGER, 1)
    assert registry.promote("challenged", "@challenger").aliases == ("champion",)


def test_rollback_goes_back_step_by_step(register):
    for _ in range(3):
        register("stepwise")
    for number in (1, 2, 3):
        registry.promote("stepwise", number)
    assert registry.rollback("stepwise", reason="drift").version == 2
    assert registry.rollback("stepwise").version == 1
    with pytest.raises(RegistryError, match="version 1 of 'stepwise' has no predecessor"):
        registry.rollback("stepwise")
    registry.promote("stepwise", 3)
    assert registry.rollback("stepwise").version == 1
    assert registry.promotions("stepwise")[3].reason == "drift"


def test_rollback_passes_over_deleted_versions(register):
    for _ in range(3):
        register("deleted")
    for number in (1, 2, 3):
        registry.promote("deleted", number)
    store.open_client().delete_model_version("deleted", "2")
    assert registry.rollback("deleted").version == 1


def test_an_unreadable_version_is_not_promoted(register):
    register("unreadable")
    register("unreadable", schema=2)
    registry.promote("unreadable", 1)
    with pytest.raises(RegistryError, match="feature schema 2 .* reads schema 1"):
        registry.promote("unreadable", 2)
    assert champion("unreadable") == 1


def test_nothing_to_roll_back_or_promote_is_said(register):
    register("bare")
    with pytest.raises(RegistryError, match="alias 'champion'"):
        registry.rollback("bare")
    with pytest.raises(RegistryError, match="no version 9"):
        registry.promote("bare", 9)
    assert registry.promotions("bare") == []
