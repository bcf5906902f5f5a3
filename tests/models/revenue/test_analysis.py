"""Reasons of denials and changes of a rate."""

from models.revenue.analysis import change_points, denial_pareto
from tests.models.history.x12_text import filed, history, remitted

MONTHS = [f"2025-{m:02}" for m in range(1, 13)]


def test_reasons_are_ordered_by_dollars_and_lead_to_their_claims():
    h = history(
        filed("A1", "20260105", "99213*100", "85025*40"),
        remitted("20260120", "CLP*A1*1*140*0**12*C1~SVC*HC:99213*100*0~CAS*CO*197*100~"
                 "SVC*HC:85025*40*0~CAS*CO*50*40~"),
        filed("B1", "20260105", "85025*60"),
        remitted("20260121", "CLP*B1*4*60*0**12*C2~CAS*CO*50*60~"),
    )  # fmt: skip
    first, second = denial_pareto(h)
    assert (first.carc, first.lines, first.share) == ("197", 1, 0.5)
    assert first.dollars == 100
    assert (second.carc, second.claims, second.cumulative) == ("50", 2, 1.0)
    assert {h.submissions[i].claim.claim_id for i in second.submissions} == {"A1", "B1"}
    assert first.words


def test_no_denials_give_no_reasons():
    assert denial_pareto(history(filed("A1", "20260105", "99213*100"))) == []


def test_a_rate_that_moves_is_told_from_one_that_only_wavers():
    trials = [200.0] * 12
    steady = [20, 22, 18, 21, 19, 23, 20, 18, 22, 21, 20, 19]
    assert change_points(MONTHS, steady, trials) == []
    moved = [20, 22, 18, 21, 19, 23, 48, 52, 47, 51, 50, 49]
    (found,) = change_points(MONTHS, moved, trials)
    assert found.month == "2025-07"
    assert found.before < 0.12 < 0.2 < found.after
    assert change_points([], [], []) == []
    assert change_points(MONTHS, [0] * 12, trials) == []
