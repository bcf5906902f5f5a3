import pytest

from models.errors import InputError
from serving.store.errors import ConflictError, NotFoundError
from serving.store.rules import LearntRule, PayerRules
from tests.serving.store.samples import OTHER_PRACTICE, PRACTICE

RULES = [
    LearntRule("87726|73721|no G1", "87726", b'{"denied":41,"of":44}'),
    LearntRule("00570|99213|25", "00570", b'{"denied":9,"of":10}'),
]


@pytest.fixture
def rules(database):
    found = PayerRules(database)
    assert found.learn(PRACTICE, RULES).new == 2
    return found


def first(rules):
    return rules.list([PRACTICE], payer="87726")[0]


def test_learnt_rules_are_proposed(rules):
    listed = rules.list([PRACTICE])
    assert [(r.payer, r.status, r.active) for r in listed] == [
        ("00570", "proposed", False),
        ("87726", "proposed", False),
    ]
    assert rules.list(None, status="proposed") == listed
    assert rules.list([OTHER_PRACTICE]) == []
    assert rules.list([PRACTICE], status="accepted") == []


def test_learning_again_renews_figures_and_keeps_decisions(rules):
    rule = rules.decide(first(rules).id, "dismissed", "user:ann", reason="old policy")
    newer = LearntRule(rule.key, "87726", b'{"denied":50,"of":55}')
    assert rules.learn(PRACTICE, [newer]).new == 0
    kept = rules.get(rule.id)
    assert (kept.status, kept.learnt, kept.decided_by) == ("dismissed", newer.content, "user:ann")
    assert kept.updated > rule.updated


def test_an_accepted_rule_acts_as_learnt_and_an_edited_one_as_edited(rules):
    rule = rules.decide(first(rules).id, "accepted", "user:ann")
    assert (rule.active, rule.content, rule.revision) == (True, RULES[0].content, 1)
    rule = rules.decide(rule.id, "edited", "user:bob", edited=b"{}", revision=1)
    assert (rule.active, rule.content, rule.decided_by) == (True, b"{}", "user:bob")
    rule = rules.decide(rule.id, "proposed", "user:ann")
    assert (rule.active, rule.edited) == (False, None)


def test_two_people_cannot_decide_past_each_other(rules):
    rule = first(rules)
    rules.decide(rule.id, "accepted", "user:ann", revision=rule.revision)
    with pytest.raises(ConflictError, match="somebody else decided"):
        rules.decide(rule.id, "dismissed", "user:bob", revision=rule.revision)


def test_decisions_that_make_no_sense(rules):
    rule = first(rules)
    with pytest.raises(InputError, match="status='maybe' is unknown; allowed: accepted"):
        rules.decide(rule.id, "maybe", "user:ann")
    with pytest.raises(InputError, match="needs the edited rule"):
        rules.decide(rule.id, "edited", "user:ann")
    with pytest.raises(InputError, match="no other status takes one"):
        rules.decide(rule.id, "accepted", "user:ann", edited=b"{}")


def test_another_practices_rule_is_not_found(rules):
    with pytest.raises(NotFoundError):
        rules.decide(first(rules).id, "accepted", "user:ann", practices=[OTHER_PRACTICE])
    with pytest.raises(NotFoundError):
        rules.get(10_000)
