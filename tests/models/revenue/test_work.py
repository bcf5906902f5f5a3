"""Hand-written denials: what they trace back to, what to do, until when, and what it is worth."""

import datetime as dt
from decimal import Decimal

import pytest

from models.codes.categories import DenialCategory
from models.edits import EditTables
from models.errors import InputError
from models.revenue.actions import Action, load_actions
from models.revenue.causes import Gap, RuleLines, gap_of
from models.revenue.denials import Attempt, denied_lines
from models.revenue.recovery import RecoveryFacts, RecoveryModel, count_rates
from models.revenue.routes import Route
from models.revenue.work import WorkItem, Worklist, WorkOptions, ordered, within_capacity
from tests.models.history.x12_text import acknowledged, filed, history, remitted

SOON = dt.date(2026, 2, 10)
PAID = "SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"


def denied(code: str, carc: str, *, group: str = "CO", rarc: str = "", charge: int = 100) -> str:
    remark = f"LQ*HE*{rarc}~" if rarc else ""
    return f"SVC*HC:{code}*{charge}*0~DTM*472*20260102~CAS*{group}*{carc}*{charge}~{remark}"


def items(*files: str, options: WorkOptions | None = None, **how) -> list[WorkItem]:
    options = options or WorkOptions(today=SOON)
    list_ = Worklist(
        history(*files), RecoveryModel({}), options, edits=EditTables(), rules=RuleLines({}), **how
    )
    return list_.items()


def one(carc: str, *, filing: str = "CI", **how) -> WorkItem:
    (item,) = items(
        filed("A1", "20260105", "99213*100", filing=filing),
        remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', carc, **how)}"),
    )
    return item


def actions(item: WorkItem) -> set[Action]:
    return {o.action for o in item.options}


def test_a_missing_element_is_corrected_by_a_replacement():
    item = one("16", rarc="N265")
    assert item.category is DenialCategory.MISSING_INFORMATION
    assert item.best.action is Action.CORRECT
    assert item.best.route is Route.REPLACEMENT
    assert item.best.deadline == dt.date(2026, 1, 20) + dt.timedelta(days=60)
    assert item.control_number == "C1"
    assert item.best.worth == pytest.approx(0.7 * 100 - item.best.hours * 40)


def test_medicare_unprocessable_is_a_new_claim_without_appeal():
    item = one("16", filing="MB", rarc="MA130")
    assert {o.route for o in item.options} == {Route.NEW_CLAIM, None}
    assert Action.APPEAL not in actions(item)
    assert item.best.deadline == dt.date(2027, 1, 2)


def test_medicare_decisions_go_to_redetermination():
    item = one("50", filing="MB")
    appeal = next(o for o in item.options if o.action is Action.APPEAL)
    assert appeal.route is Route.REDETERMINATION
    assert appeal.deadline == dt.date(2026, 1, 20) + dt.timedelta(days=125)


def test_after_a_binding_deadline_only_the_write_off_is_left():
    late = WorkOptions(today=dt.date(2027, 3, 1))
    (item,) = items(
        filed("A1", "20260105", "99213*100", filing="MB"),
        remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', '50')}"),
        options=late,
    )
    assert actions(item) == {Action.WRITE_OFF}
    assert item.missed == ("reopening", "redetermination")
    assert item.needs == "administrator"


def test_after_a_safe_default_the_work_is_still_offered_at_a_lower_chance():
    files = (
        filed("A1", "20260105", "99213*100"),
        remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', '16', rarc='N265')}"),
    )
    (now,), (later,) = items(*files), items(*files, options=WorkOptions(today=dt.date(2026, 6, 1)))
    assert later.best.action is Action.CORRECT
    assert later.best.probability == now.best.probability / 2


def test_a_patient_is_billed_only_without_a_hold():
    assert Action.BILL_PATIENT in actions(one("96", group="PR"))
    assert "group PR" in one("96", group="CO").hold
    assert Action.BILL_PATIENT not in actions(one("96", group="CO"))
    assert "advance notice" in one("96", group="PR", filing="MB").hold
    assert "Medicaid" in one("96", group="PR", filing="MC").hold


def test_what_was_resubmitted_or_paid_later_is_no_work():
    first = filed("A1", "20260105", "99213*100")
    answer = remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', '16')}")
    again = filed("A1", "20260125", "99213*100", frequency="7", claim_segments="REF*F8*C1~")
    assert items(first, answer, again) == []
    paid = remitted("20260205", f"CLP*A1*1*100*60**12*C2~{PAID}", amount="60")
    assert items(first, answer, again, paid) == []
    (line,) = denied_lines(history(first, answer, again, paid))
    assert (line.attempt, line.recovered) == (Attempt.RESUBMITTED, Decimal(60))


def test_a_rejected_resubmission_leaves_the_work_open():
    files = (
        filed("A1", "20260105", "99213*100"),
        remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', '16')}"),
        filed("A1", "20260125", "99213*100", frequency="7", claim_segments="REF*F8*C1~"),
        acknowledged("A1", "20260126", "A7"),
    )
    assert len(items(*files)) == 1


def test_a_duplicate_of_a_paid_claim_is_written_off():
    (item,) = items(
        filed("A1", "20260105", "99213*100"),
        remitted("20260115", f"CLP*A1*1*100*60**12*C1~{PAID}", amount="60"),
        filed("B1", "20260116", "99213*100"),
        remitted("20260120", f"CLP*B1*4*100*0**12*C2~{denied('99213', '18')}", number=2),
    )
    assert actions(item) == {Action.WRITE_OFF}


def test_medicare_reopens_a_denial_as_a_duplicate_of_what_is_none():
    def options(filing: str) -> list[tuple[Action, Route | None]]:
        (item,) = items(
            filed("A1", "20260105", "99213*100", filing=filing),
            remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', '18')}"),
        )
        return [(x.action, x.route) for x in item.options if x.route]

    assert options("MB") == [(Action.APPEAL, Route.REOPENING)]
    assert options("CI") == [(Action.APPEAL, Route.APPEAL)]


def test_a_cut_line_is_worth_what_was_cut():
    learnt = "".join(
        filed(f"P{i}", "20260104", "99214*200", number=i + 9) + "\n" for i in range(6)
    ).splitlines()
    answers = [
        remitted(
            "20260110",
            f"CLP*P{i}*1*200*120**12*K{i}~SVC*HC:99214*200*120~DTM*472*20260102~CAS*CO*45*80~",
            amount="120", trace=f"T{i}", number=i + 9,
        )
        for i in range(6)
    ]  # fmt: skip
    cut = "SVC*HC:99214*200*70~DTM*472*20260102~CAS*CO*45*80**151*50~"
    found = items(
        *learnt, *answers,
        filed("A1", "20260105", "99214*200"),
        remitted("20260120", f"CLP*A1*1*200*70**12*C1~{cut}", amount="70"),
    )  # fmt: skip
    (item,) = [x for x in found if x.claim_id == "A1"]
    assert (item.kind, item.at_stake) == ("reduced", Decimal(50))


def test_a_score_before_submission_is_remembered():
    files = (
        filed("A1", "20260105", "99213*100"),
        remitted("20260120", f"CLP*A1*4*100*0**12*C1~{denied('99213', '16')}"),
    )
    told = WorkOptions(today=SOON, scores={"A1": 0.7})
    assert items(*files, options=told)[0].warned is True
    assert items(*files)[0].warned is None


def test_lines_of_one_claim_share_the_work():
    lines = denied("99213", "16", rarc="N265") + denied("73562", "16", rarc="N265")
    found = items(
        filed("A1", "20260105", "99213*100", "73562*100"),
        remitted("20260120", f"CLP*A1*4*200*0**12*C1~{lines}"),
    )
    assert [x.best.hours for x in found] == [0.1, 0.1]


def test_the_capacity_takes_the_most_dollars_an_hour_first():
    found = ordered([one("16", rarc="N265"), one("50"), one("96")])
    assert found[0].best.rate >= found[1].best.rate >= found[2].best.rate
    (only,) = within_capacity(found, found[0].best.hours)
    assert only is found[0]
    assert within_capacity(found, 0) == []


def test_causes_explain_only_their_own_categories():
    assert gap_of("edit", "date.filing_limit", DenialCategory.TIMELY_FILING) is Gap.FILING
    assert gap_of("edit", "date.filing_limit", DenialCategory.ELIGIBILITY) is None
    assert all(gap_of("category", c.value, c) for c in DenialCategory)


def test_own_attempts_outweigh_the_assumption():
    facts = RecoveryFacts("resubmitted", "missing_information")
    model = RecoveryModel(count_rates([(facts, False)] * 100))
    assert model.estimate([facts])[0] < 0.06
    assert RecoveryModel({}).estimate([facts]) == [0.7]
    assert (model.source(Attempt.RESUBMITTED), model.source(Attempt.APPEALED)) == (
        "rate", "assumption",
    )  # fmt: skip


def test_actions_of_a_practice(tmp_path):
    path = tmp_path / "actions.csv"
    path.write_text("category,action,minutes\nother,appeal,90\n")
    (choice,) = load_actions(path)[DenialCategory.OTHER]
    assert (choice.action, choice.minutes) == (Action.APPEAL, 90)
    path = tmp_path / "bad.csv"
    path.write_text("category,action,minutes\nother,appeal,-1\n")
    with pytest.raises(InputError, match="line 2: minutes"):
        load_actions(path)
