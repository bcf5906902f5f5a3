"""Expected amounts, and services paid below them."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from models.edits.importing import import_table
from models.edits.rows import ContractRow, FeeRow, GpciRow
from models.revenue.expected import Basis, ExpectedAmounts, FeeTables, Priced
from models.revenue.ledger import post_history
from models.revenue.underpayment import compare_allowed, underpayments
from tests.models.history.x12_text import filed, history, remitted

DAY = dt.date(2026, 3, 1)


def service(**how: Any) -> Priced:
    given: dict[str, Any] = {
        "payer": "60054", "code": "99213", "modifiers": (), "place": "11", "units": Decimal(1),
        "charge": Decimal(200), "day": DAY,
    }  # fmt: skip
    return Priced(**(given | how))


def contract(**how: Any) -> ContractRow:
    given: dict[str, Any] = {
        "payer": "60054", "code": "99213", "modifier": "", "place": "", "amount": None,
        "percent_of_medicare": None, "percent_of_charge": None,
    }  # fmt: skip
    return ContractRow(**(given | how))


FEE = FeeRow(
    "99213", "", "A", work=1.3, conversion_factor=32.0, expense_office=1.4, expense_facility=0.6,
    malpractice=0.1,
)  # fmt: skip
INDEX = GpciRow("10112-00", "AL", "ALABAMA", 1.0, 0.9, 0.5)


def amount(tables: FeeTables, wanted: Priced) -> float | None:
    found = ExpectedAmounts(tables).expect(wanted)
    return None if found is None else float(found.amount)


def test_the_row_that_names_most_and_is_in_force_decides():
    rows = [
        contract(amount=80.0),
        contract(amount=95.0, modifier="25"),
        contract(amount=70.0, place="22"),
        contract(amount=85.0, effective=dt.date(2026, 2, 1)),
        contract(amount=99.0, effective=dt.date(2026, 9, 1)),
        contract(code="", percent_of_charge=50.0),
    ]
    tables = FeeTables(rows)
    assert amount(tables, service()) == 85
    assert amount(tables, service(modifiers=("25",))) == 95
    assert amount(tables, service(place="22")) == 70
    assert amount(tables, service(code="85025", charge=Decimal(41))) == 20.5
    assert amount(tables, service(units=Decimal(2))) == 170
    assert amount(tables, service(charge=Decimal(60))) == 60  # never more than was charged
    assert amount(tables, service(payer="1")) is None


def test_medicare_is_by_place_and_locality():
    tables = FeeTables(
        [contract(code="", percent_of_medicare=110.0, locality="10112-00")],
        [(dt.date(2026, 1, 1), {("99213", ""): FEE})],
        {"10112-00": INDEX},
    )
    medicare = service(payer="M", medicare=True)
    assert amount(tables, medicare) == pytest.approx(2.8 * 32, abs=0.005)
    facility = service(payer="M", medicare=True, place="22")
    assert amount(tables, facility) == pytest.approx(2.0 * 32, abs=0.005)
    of_contract = (1.3 + 1.4 * 0.9 + 0.1 * 0.5) * 32 * 1.1
    assert amount(tables, service()) == pytest.approx(of_contract, abs=0.01)
    assert amount(tables, service(payer="M", medicare=True, modifiers=("52",))) is None
    assert amount(tables, service(payer="M", medicare=True, day=dt.date(2025, 1, 1))) is None


def test_amounts_are_learnt_from_what_the_same_payer_allows():
    expected = ExpectedAmounts()
    expected.learn((service(), Decimal(x)) for x in (90, 90, 90, 60, 90))
    found = expected.expect(service())
    assert found is not None
    assert (found.amount, found.basis) == (Decimal(90), Basis.LEARNT)
    assert expected.expect(service(place="22")) is None
    assert expected.expect(service(code="99214")) is None


def test_contracts_and_indices_are_imported_as_their_publishers_ship_them(tmp_path):
    path = tmp_path / "acme.csv"
    path.write_text(
        "payer,code,modifier,amount,percent of charge,effective\n"
        "060054,99213,,80.00,,2026-01-01\n60054,99214,,,,\n60054,,,,45%,\n"
    )
    done = import_table("contract", path, home=tmp_path)
    assert (done.rows, done.total) == (2, 2)
    assert "exactly one of amount" in done.left_out[0][1]
    gpci = tmp_path / "GPCI2026.csv"
    gpci.write_text(
        "ADDENDUM E,,,,,,\n"
        "Medicare Administrative Contractor (MAC),State,Locality Number,Locality Name,"
        "2026 PW GPCI (with 1.0 Floor),2026 PE GPCI,2026 MP GPCI\n"
        "10112,AL,00,ALABAMA,1.000,0.869,0.575\n"
    )
    assert import_table("gpci", gpci, home=tmp_path).rows == 1
    tables = FeeTables.load(tmp_path)
    assert tables.indices["10112-00"].expense == 0.869
    assert amount(tables, service()) == 80
    assert amount(tables, service(code="93000")) == 90
    assert not import_table("contract", path, home=tmp_path).changed
    assert FeeTables.load(tmp_path / "nowhere").contracts == []


def test_a_service_paid_below_what_its_payer_allows_is_found_and_what_is_recovered_counts():
    files = []
    for i in range(7):
        files.append(filed(f"A{i}", "20260105", "99213*100"))
        short = i == 0
        paid, cut = ("50", "40") if short else ("80", "10")
        files.append(
            remitted("20260120", f"CLP*A{i}*1*100*{paid}**12*C{i}~SVC*HC:99213*100*{paid}~"
                     f"CAS*CO*45*{cut}~CAS*PR*3*10~", amount=paid, trace=f"T{i}")
        )  # fmt: skip
    h = history(*files)
    found = compare_allowed(h, post_history(h))
    assert len(found) == 7
    (missing,) = underpayments(found)
    assert (missing.claim_id, missing.expected, missing.allowed) == ("A0", Decimal(90), Decimal(60))
    assert missing.open == 30
    corrected = remitted(
        "20260301",
        "CLP*A0*22*-100*-50**12*C0~SVC*HC:99213*-100*-50~CAS*CO*45*-40~CAS*PR*3*-10~"
        "CLP*A0*1*100*70**12*D0~SVC*HC:99213*100*70~CAS*CO*45*20~CAS*PR*3*10~",
        amount="20",
    )
    h = history(*files, corrected)
    (partly,) = underpayments(compare_allowed(h, post_history(h)))
    assert (partly.below, partly.recovered, partly.open) == (Decimal(30), Decimal(20), Decimal(10))


def test_denied_and_capitated_lines_have_no_price():
    h = history(
        filed("A1", "20260105", "99213*100", "85025*40"),
        remitted("20260120", "CLP*A1*1*140*0**HM*C1~SVC*HC:99213*100*0~CAS*CO*24*100~"
                 "SVC*HC:85025*40*0~CAS*CO*197*40~"),
    )  # fmt: skip
    assert compare_allowed(h, post_history(h)) == []
