import datetime as dt

import pytest

from models.errors import InputError
from models.revenue.routes import Notice, Purpose, Route, deadline, load_notices, load_routes

DAY = dt.date(2026, 1, 5)


def rule(payer_type, purpose, payer="", overrides=None):
    found = load_routes(overrides).find(payer_type, payer, purpose, DAY)
    assert found is not None
    return found


def test_medicare_takes_no_replacement():
    assert rule("medicare", Purpose.UNPROCESSABLE).route is Route.NEW_CLAIM
    assert rule("medicare", Purpose.CORRECT).route is Route.REOPENING
    assert rule("medicare", Purpose.APPEAL).route is Route.REDETERMINATION


def test_other_payers_take_a_replacement_and_an_appeal():
    for kind in ("commercial", "medicaid", "medicare_advantage", "tricare", "other"):
        assert rule(kind, Purpose.CORRECT).route is Route.REPLACEMENT
        assert rule(kind, Purpose.UNPROCESSABLE).route is Route.REPLACEMENT
        assert rule(kind, Purpose.APPEAL).route is Route.APPEAL


def test_a_redetermination_has_120_days_and_5_of_mailing():
    found = deadline(rule("medicare", Purpose.APPEAL), answered=DAY, service=None)
    assert found.day == DAY + dt.timedelta(days=125)
    assert "405.942" in found.source


def test_a_new_claim_has_a_calendar_year_from_service():
    found = rule("medicare", Purpose.UNPROCESSABLE)
    assert deadline(found, answered=DAY, service=dt.date(2024, 2, 29)).day == dt.date(2025, 2, 28)
    assert deadline(found, answered=DAY, service=dt.date(2023, 7, 1)).day == dt.date(2024, 7, 1)


def test_the_notice_wins(tmp_path):
    found = rule("commercial", Purpose.APPEAL)
    dated = Notice(dt.date(2026, 1, 12))
    assert deadline(found, answered=DAY, service=None, notice=dated).day == dt.date(2026, 3, 13)
    path = tmp_path / "notices.csv"
    path.write_text("claim_id,deadline\nA1,2026-02-01\n")
    told = deadline(found, answered=DAY, service=None, notice=load_notices(path)["A1"])
    assert (told.day, told.source) == (dt.date(2026, 2, 1), "the payer's notice")
    path = tmp_path / "bad.csv"
    path.write_text("claim_id,deadline\nA1,soon\n")
    with pytest.raises(InputError, match="line 2: dates"):
        load_notices(path)


def test_a_contract_of_the_practice_goes_before_ours(tmp_path):
    path = tmp_path / "routes.csv"
    path.write_text("payer,purpose,route,days,source\n60054,appeal,appeal,180,contract 2026\n")
    found = rule("commercial", Purpose.APPEAL, "60054", path)
    assert (found.days, found.source) == (180, "contract 2026")
    assert rule("commercial", Purpose.APPEAL, "1", path).days == 60


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("plead,appeal,30", "purpose='plead'"),
        ("appeal,letter,30", "route='letter'"),
        ("appeal,appeal,many", "whole numbers"),
        ("appeal,appeal,0", "1 to 3660"),
    ],
)
def test_a_faulty_row_is_named(tmp_path, row, words):
    path = tmp_path / "routes.csv"
    path.write_text(f"purpose,route,days\n{row}\n")
    with pytest.raises(InputError, match=f"line 2.*{words}"):
        load_routes(path)
