from io import StringIO

from rich.console import Console

from models.history import CohortReport, build_history
from models.history.report import PayerCounts
from tests.models.history.x12_text import filed, history, remitted
from training.cohort import print_cohort


def printed(report: CohortReport) -> str:
    out = StringIO()
    print_cohort(report, Console(file=out, width=120, color_system=None))
    return " ".join(out.getvalue().split())


def test_the_report_prints_what_was_read_matched_and_denied() -> None:
    h = history(
        filed("ACC77", "20260105", "99213*100"),
        filed("ACC78", "20260105", "99214*150", born="19800101", member="MEMBER9"),
        remitted(
            "20260119",
            "CLP*ACC77*4*100*0**12*CN1~SVC*HC:99213*100*0~CAS*CO*197*100~"
            "CLP*ACC78*1*150*90**12*CN2~SVC*HC:99214*150*90~CAS*CO*45*60~"
            "CLP*ELSE*1*150*90**12*CN3~SVC*HC:99214*150*90~CAS*CO*987*60~",
            amount="180",
        ),
    )
    text = printed(h.report)
    assert "2 submissions with a known outcome, 1 denied (50.0%)" in text
    assert "authorization 1 100.0%" in text
    assert "ACME HEALTH 60054 2 1 50.0%" in text
    assert "unmatched: no claim with this account number 1" in text
    assert "counted as denials: 987 (1)" in text
    for secret in ("ACC77", "DOE", "MEMBER9", "1980", "CN1"):
        assert secret not in text
        assert secret not in str(h.report.as_dict())


def test_an_empty_history_prints_without_failing() -> None:
    assert "0 submissions with a known outcome" in printed(build_history([]).report)


def test_many_payers_share_a_last_row_and_names_are_no_markup() -> None:
    payers = {str(i): PayerCounts(f"[red]PLAN {i}", 10, 1) for i in range(20)}
    text = printed(CohortReport(by_payer=payers))
    assert "[red]PLAN 3" in text
    assert "5 other payers 50 5 10.0%" in text


def test_the_report_is_plain_data_for_machines() -> None:
    import json

    h = history(filed("A1", "20260105", "99213*100"))
    data = json.loads(json.dumps(h.report.as_dict()))
    assert data["outcomes"]["unanswered"] == 1
    assert data["as_of"] == "2026-12-31"
