"""Which submissions a 999 speaks of: by control numbers that are used again and again."""

import datetime as dt

import pytest

from models.claims.set_acknowledgement import SegmentError, SetAcknowledgement
from models.history import ClaimHistory, HistoryOptions, Outcome, build_history
from models.revenue.followup import Stage, stage_of, unanswered
from tests.models.history.x12_text import acknowledged, filed, read, remitted

DAY = dt.date(2026, 2, 2)


def response(group: str, code: str = "R", day: dt.date = DAY, **more: object) -> SetAcknowledgement:
    fields = {"transaction": "0001", "functional": "HC", **more}
    return SetAcknowledgement(group=group, code=code, accepted=code in "AE", date=day, **fields)  # type: ignore[arg-type]


def history(files: list[str], *responses: SetAcknowledgement) -> ClaimHistory:
    options = HistoryOptions(as_of=dt.date(2026, 2, 5))
    return build_history([*read(*files), *responses], options)


def stages(h: ClaimHistory) -> dict[str, Stage]:
    assert h.as_of is not None
    return {s.claim.claim_id: stage_of(s, h.as_of, {"": 30}, False) for s in h.submissions}


def test_a_rejected_set_takes_its_claims_along():
    files = [
        filed("A1", "20260202", "99213*100", number=4),
        filed("A2", "20260202", "99213*100", number=5),
    ]
    note = SegmentError("CLM", 22, "8", claim_id="A1")
    h = history(files, response("4", errors=(note,)), response("5", "A"))
    assert stages(h) == {"A1": Stage.REJECTED_999, "A2": Stage.PENDING}
    assert h.submissions[0].outcome is Outcome.REJECTED
    first, second = unanswered(h)
    assert first.notes == ("CLM (segment 22 of the set): an element is at fault",)
    assert (second.syntax_accepted_on, second.accepted_on) == (DAY, None)
    assert h.report.set_acknowledgements_unmatched == 0


def test_the_latest_set_of_these_numbers_is_meant():
    files = [filed("A1", "20260126", "99213*100"), filed("A2", "20260202", "99213*100")]
    h = history(files, response("1"))
    assert stages(h) == {"A1": Stage.PENDING, "A2": Stage.REJECTED_999}
    h = history(files, response("1", day=dt.date(2026, 1, 27)))
    assert stages(h) == {"A1": Stage.REJECTED_999, "A2": Stage.PENDING}


def test_what_came_afterwards_proves_that_it_arrived():
    filed_once = filed("A1", "20260202", "99213*100")
    h = history([filed_once, acknowledged("A1", "20260203", "A2")], response("1"))
    assert stages(h)["A1"] is Stage.ACCEPTED
    paid = remitted("20260204", "CLP*A1*1*100*80**12*C1~SVC*HC:99213*100*80~", amount="80")
    h = history([filed_once, paid], response("1"))
    assert stages(h)["A1"] is Stage.ANSWERED
    h = history([filed_once, acknowledged("A1", "20260203", "A7")], response("1", "A"))
    assert stages(h)["A1"] is Stage.REJECTED_277CA
    assert unanswered(h)[0].notes == ("status A7:20",)


@pytest.mark.parametrize(
    "strange",
    [
        response("9"), response("1", transaction="0002"), response("1", functional="HS"),
        response("1", day=dt.date(2026, 2, 1)), response("1", day=dt.date(2026, 2, 20)),
    ],
)  # fmt: skip
def test_a_response_to_something_else_touches_nothing(strange: SetAcknowledgement):
    assert stages(history([filed("A1", "20260202", "99213*100")], strange)) == {"A1": Stage.PENDING}


def test_a_group_that_was_rejected_takes_all_its_sets():
    h = history([filed("A1", "20260202", "99213*100")], response("1", transaction=""))
    assert stages(h)["A1"] is Stage.REJECTED_999


def test_between_two_files_of_a_day_only_names_decide():
    one = filed("A1", "20260202", "99213*100", number=1)
    other = (
        filed("A2", "20260202", "99213*100", number=2)
        .replace("*20260101*1200*2*X", "*20260101*1200*1*X")
        .replace("GE*1*2~", "GE*1*1~")
    )
    h = history([one, other], response("1"))
    assert stages(h) == {"A1": Stage.PENDING, "A2": Stage.PENDING}
    assert h.report.set_acknowledgements_unmatched == 1
    named = response("1", errors=(SegmentError("CLM", 9, "8", claim_id="A2"),))
    assert stages(history([one, other], named)) == {"A1": Stage.PENDING, "A2": Stage.REJECTED_999}
