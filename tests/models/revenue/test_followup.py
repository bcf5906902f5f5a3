"""Submissions before their answer: rejected, accepted, pending, lost, silent for too long."""

import datetime as dt

from models.history import HistoryOptions, build_history
from models.revenue.followup import Stage, follow_up, stage_of, usual_days
from tests.models.history.x12_text import acknowledged, filed, read, remitted


def answered(number: int) -> list[str]:
    """Claims of one payer, each answered after fourteen days."""
    files = []
    for i in range(number):
        files.append(filed(f"D{i}", "20260105", "99213*100"))
        files.append(acknowledged(f"D{i}", "20260106", "A2"))
        clp = f"CLP*D{i}*1*100*80**12*C{i}~SVC*HC:99213*100*80~CAS*CO*45*20~"
        files.append(remitted("20260119", clp, amount="80", trace=f"T{i}"))
    return files


def test_stages_before_the_answer() -> None:
    files = [
        *answered(31),
        filed("A1", "20260110", "99213*100"),
        acknowledged("A1", "20260111", "A2"),
        filed("A2", "20260220", "99214*150"),
        acknowledged("A2", "20260221", "A2"),
        filed("A3", "20260220", "99215*200"),
        acknowledged("A3", "20260221", "A7"),
        filed("A4", "20260218", "99212*50"),
        filed("A5", "20260226", "99212*50"),
    ]
    h = build_history(read(*files), HistoryOptions(as_of=dt.date(2026, 2, 28)))
    usual = usual_days(h)
    assert usual["60054"] == usual[""] == 14
    stages = {
        s.claim.claim_id: stage_of(s, dt.date(2026, 2, 28), usual, True) for s in h.submissions
    }
    assert stages["D0"] is Stage.ANSWERED
    assert stages["A1"] is Stage.SILENT
    assert stages["A2"] is Stage.ACCEPTED
    assert stages["A3"] is Stage.REJECTED_277CA
    assert stages["A4"] is Stage.UNACKNOWLEDGED
    assert stages["A5"] is Stage.PENDING

    found = follow_up(h)
    assert [x.claim_id for x in found] == ["A3", "A1", "A4"]  # the largest charge first
    silent = found[1]
    assert (silent.age, silent.overdue, silent.accepted_on) == (49, 35, dt.date(2026, 1, 11))


def test_a_claim_that_was_sent_again_is_followed_there() -> None:
    files = [
        *answered(31),
        filed("A1", "20260101", "99213*100"),
        acknowledged("A1", "20260102", "A7"),
        filed("A1", "20260225", "99213*100"),
    ]
    h = build_history(read(*files), HistoryOptions(as_of=dt.date(2026, 2, 28)))
    assert follow_up(h) == []


def test_an_empty_history_asks_nothing() -> None:
    assert follow_up(build_history([])) == []
