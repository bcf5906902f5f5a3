"""999s in the store: kept once, found again by their claims, whosever they are."""

import datetime as dt

import msgspec
import pytest

from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.set_acknowledgement import SetAcknowledgement
from models.claims.x12.context import Item
from models.history import read_history
from models.revenue.followup import Stage, unanswered
from serving.store.chains import Chains
from serving.store.history import export_history
from serving.store.intake import Intake
from serving.store.outcomes import Outcomes
from tests.serving.store.records import load, transmission
from tests.serving.store.samples import OTHER_BILLING, OTHER_PRACTICE, PRACTICE, claim

DAY = dt.date(2026, 1, 5)


def sent(number: int, group: str = "7", interchange: str = "000000007", days: int = 0) -> Claim:
    source = Source("a.837", 9, interchange, group, "0001")
    return msgspec.structs.replace(claim(number, days=days), source=source)


def response(
    group: str = "7", code: str = "R", days: int = 0, answer: str = "1"
) -> SetAcknowledgement:
    return SetAcknowledgement(
        group=group, code=code, accepted=code == "A", date=DAY + dt.timedelta(days),
        transaction="0001", functional="HC", source=Source("a.999", 4, answer, "1", "0001"),
    )  # fmt: skip


def stages(database) -> dict[str, Stage]:
    return {x.claim_id: x.stage for x in unanswered(Outcomes(database).history(PRACTICE))}


@pytest.mark.parametrize("reverse", [False, True])
def test_claims_and_their_999_meet_in_any_order(database, reverse):
    items: list[Item] = [sent(1), sent(2), response()]
    for item in reversed(items) if reverse else items:
        load(database, [item])
    assert stages(database) == {"C0000001": Stage.REJECTED_999, "C0000002": Stage.REJECTED_999}
    assert load(database, [response()]).set_acknowledgements.new == 0


def test_a_claims_chain_tells_what_its_999_said(database):
    load(database, [sent(1), response(), response(code="A", days=6, answer="2")])
    events = Chains(database).events(PRACTICE, "C0000001")
    assert [(x.kind, x.words) for x in events] == [
        ("submitted", "submitted to EXAMPLE BLUE"),
        ("rejected", "the file was rejected (999)"),
    ]


def test_equal_answers_of_two_weeks_are_two(database):
    load(database, [sent(1), response(code="A", answer="1")])
    assert load(database, [response(code="A", answer="2")]).set_acknowledgements.new == 1


def test_a_claim_sent_again_on_another_day_is_in_another_set(database):
    load(database, [sent(1), response()])
    load(database, [sent(1, "8", "000000008", days=1), response("8", "A", days=1)])
    (last,) = unanswered(Outcomes(database).history(PRACTICE))
    assert (last.stage, last.syntax_accepted_on) == (Stage.PENDING, DAY + dt.timedelta(1))


def test_a_sender_may_store_answers_to_its_own_practices_only(database):
    other = msgspec.structs.replace(sent(3, "9"), billing=OTHER_BILLING)
    load(database, [sent(1), other])
    allowed = frozenset({OTHER_PRACTICE})
    report = Intake(database).load([response()], transmission(), practices=allowed)
    assert (report.set_acknowledgements.new, report.refused, report.kind) == (0, 1, "999")
    report = Intake(database).load([response("9")], transmission(), practices=allowed)
    assert report.set_acknowledgements.new == 1
    assert report.practices == [OTHER_PRACTICE]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_an_export_holds_them(database, tmp_path, form):
    load(database, [sent(1), response()])
    done = export_history(database, PRACTICE, tmp_path / "out", form=form)
    assert done.set_acknowledgements == 1
    assert done.files == [f"claims.{form}", "set_acknowledgements.jsonl"]
    if form == "jsonl":  # a table's rows have no control numbers
        (found,) = unanswered(read_history([tmp_path / "out"]))
        assert found.stage is Stage.REJECTED_999
