"""Copies, stray dates, and the last day of a history."""

import datetime as dt

from models.errors import Place, Problem
from models.history import HistoryOptions, build_history
from tests.models.history.x12_text import filed, history, read, remitted

SVC = "SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
PAID = f"CLP*A1*1*100*60**12*CN1~{SVC}"


def test_the_same_payment_in_two_files_counts_once() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", PAID, trace="EFT1"),
        remitted("20260119", PAID, trace="EFT1", number=7),
    )
    assert h.report.remittances == 1
    assert h.report.repeated_remittances == 1
    assert len(h.submissions[0].adjudications) == 1


def test_a_payment_file_that_repeats_one_claim_adds_the_other() -> None:
    other = f"CLP*B2*1*100*60**12*CN2~{SVC}"
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed("B2", "20260105", "99213*100", member="W2", born="19800101"),
        remitted("20260119", PAID, trace="EFT1"),
        remitted("20260119", PAID + other, trace="EFT1", number=7),
    )
    assert h.report.remittances == 2
    assert [len(s.adjudications) for s in h.submissions] == [1, 1]


def test_a_second_zero_payment_under_another_trace_is_another_answer() -> None:
    denied = "CLP*A1*4*100*0**12*CN1~SVC*HC:99213*100*0~CAS*CO*50*100~"
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", denied, trace="N1"),
        remitted("20260219", denied, trace="N2"),
    )
    assert len(h.submissions[0].adjudications) == 2
    assert not h.submissions[0].overturned


def test_the_same_claim_in_two_files_is_one_submission_and_on_another_day_two() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        filed("A1", "20260105", "99213*100", number=3),
        filed("A1", "20260107", "99213*100", number=4),
    )
    assert h.report.repeated_claims == 1
    assert [s.claim.submitted.day for s in h.submissions] == [5, 7]


def test_the_order_of_files_does_not_matter() -> None:
    files = [
        filed("A1", "20260105", "99213*100"),
        filed("B2", "20260106", "99213*100", member="W2", born="19800101"),
        remitted("20260119", PAID),
        remitted("20260301", PAID.replace("*1*100*60", "*22*-100*-60"), trace="R"),
    ]
    forward, backward = history(*files), history(*files[::-1])
    assert [s.outcome for s in forward.submissions] == [s.outcome for s in backward.submissions]
    assert forward.report.outcomes == backward.report.outcomes
    assert forward.report.matched == backward.report.matched


def test_nothing_after_the_last_day_is_seen() -> None:
    files = (
        filed("A1", "20260105", "99213*100"),
        filed("B2", "20260219", "99213*100"),
        remitted("20260119", PAID),
    )
    h = build_history(read(*files), HistoryOptions(as_of=dt.date(2026, 1, 18)))
    assert h.report.claims == 1
    assert h.report.remittances == 0
    assert h.as_of == dt.date(2026, 1, 18)


def test_the_last_day_is_that_of_the_last_remittance() -> None:
    h = build_history(read(filed("A1", "20260105", "99213*100"), remitted("20260119", PAID)))
    assert h.as_of == dt.date(2026, 1, 19)
    assert build_history(read(filed("A1", "20260105", "99213*100"))).as_of == dt.date(2026, 1, 5)


def test_a_remittance_dated_far_in_the_future_does_not_move_the_last_day() -> None:
    h = build_history(
        read(
            filed("A1", "20260105", "99213*100"),
            remitted("20260119", PAID),
            remitted("20660119", PAID, trace="X"),
        )
    )
    assert h.as_of == dt.date(2026, 1, 19)
    assert h.report.problems == {"history.stray_date": 1}


def test_an_empty_history_is_one_without_claims() -> None:
    h = build_history([])
    assert h.submissions == []
    assert h.as_of is None
    assert h.report.labelled == 0
    assert h.report.denial_rate == 0


def test_problems_are_counted_by_code_with_an_example() -> None:
    problem = Problem(Place("x.837", 3, "CLM"), "x12.bad", "wrong", "claim lost")
    h = build_history([problem, problem])
    assert h.report.problems == {"x12.bad": 2}
    assert h.report.problem_examples == {"x12.bad": "x.837, segment 3, CLM: wrong (claim lost)"}
