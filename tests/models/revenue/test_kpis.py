"""KPI values against plain pandas over the practice's own tables and the simulator's books."""

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from models.claims.tabular import write_parquet
from models.errors import InputError
from models.history import read_history
from models.revenue.costs import Costs
from models.revenue.facts import build_cube
from models.revenue.kpis import (
    by_dimensions,
    figures,
    load_benchmarks,
    load_kpis,
)
from models.revenue.ledger import post_history
from models.revenue.underpayment import compare_allowed
from tests.models.history.x12_text import acknowledged, filed, history, remitted
from training.simulate import simulate
from training.simulate.files import write_practice


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A practice (small enough that no account number is used twice), its KPIs and its tables."""
    folder = tmp_path_factory.mktemp("kpis") / "practice"
    practice = simulate("typical", claims=480, months=9, seed=12)
    write_practice(practice, folder)
    found = read_history([folder / "history"])
    ledger = post_history(found)
    cube = build_cube(found, ledger, compared=compare_allowed(found, ledger))
    claims = folder / "claims.parquet"
    with claims.open("wb") as out:
        write_parquet(practice.claims(), out, "claims")
    dates = ["submitted", "answered"]
    return {
        "history": found,
        "cube": cube,
        "figures": figures(cube),
        "truth": pd.read_csv(folder / "truth.csv", parse_dates=dates, dtype={"claim_id": str}),
        "ledger": pd.read_csv(folder / "ledger.csv"),
        "lines": pd.read_parquet(claims),
        "practice": practice,
    }


def first_answers(made: Any) -> pd.DataFrame:
    truth: pd.DataFrame = made["truth"]
    sent = truth[truth["window"] == "history"].sort_values("submitted", kind="stable")
    return sent.drop_duplicates(["claim_id", "responsibility"]).dropna(subset=["answered"])


def services(made: Any) -> pd.DataFrame:
    """Services with the day of service and of first filing."""
    table: pd.DataFrame = made["lines"]
    lines = table.sort_values("submitted", kind="stable")
    lines = lines.drop_duplicates("line_control_number")
    days = lines[["line_control_number", "service_date", "submitted"]]
    days = days.rename(columns={"line_control_number": "control_number"})
    books: pd.DataFrame = made["ledger"]
    found = books.merge(days, on="control_number", how="left", validate="1:1")
    for name in ("service_date", "submitted"):
        found[name] = pd.to_datetime(found[name])
    return found


def agrees(made, kpi: str, numerator: float, denominator: float) -> None:
    found = made["figures"][kpi]
    assert found.denominator == pytest.approx(denominator, abs=0.005), kpi
    assert found.numerator == pytest.approx(numerator, abs=0.005), kpi
    assert found.value == pytest.approx(numerator / denominator), kpi


def test_initial_denials(made):
    first = first_answers(made)
    agrees(made, "initial_denial_rate", first["denied"].sum(), len(first))
    monthly = first.groupby(first["answered"].dt.strftime("%Y-%m"))["denied"].agg(["sum", "count"])
    found = by_dimensions(made["cube"], ("month",))
    assert {k[1]: (x.numerator, x.denominator) for k, x in found.items()
            if k[0] == "initial_denial_rate"} == {
        month: (row["sum"], row["count"]) for month, row in monthly.iterrows()}  # fmt: skip
    by_payer = by_dimensions(made["cube"], ("payer",))
    total = sum(x.denominator for k, x in by_payer.items() if k[0] == "initial_denial_rate")
    assert total == len(first)
    parts = made["figures"]["zero_pay_rate"].numerator
    parts += made["figures"]["partial_denial_rate"].numerator
    assert parts == first["denied"].sum()


def test_collection_rates(made):
    h = made["history"]
    table = services(made)
    matured = pd.Timestamp(h.as_of) - pd.Timedelta(days=h.lags.pooled)
    old = table[table["service_date"] <= matured]
    paid = (old["paid_primary"] + old["paid_secondary"]).sum()
    agrees(made, "gross_collection_rate", paid, old["charge"].sum())
    agrees(made, "net_collection_rate", paid, (old["charge"] - old["contractual"]).sum())


def test_receivables(made):
    as_of = pd.Timestamp(made["history"].as_of)
    table = services(made)
    owed = table["patient_responsibility"] + table["denied_open"] + table["insurance_open"]
    owed = owed.clip(lower=0)  # credits apart
    recent = table[table["submitted"] > as_of - pd.Timedelta(days=90)]
    agrees(made, "days_in_ar", owed.sum(), recent["charge"].sum() / 90)
    old = (as_of - table["service_date"]).dt.days > 90
    agrees(made, "ar_over_90_share", owed[old].sum(), owed.sum())


def test_days_from_service_to_submission(made):
    lines = made["lines"].sort_values("submitted", kind="stable")
    lines = lines[lines["responsibility"] == "P"]
    claims = lines.groupby("claim_id", sort=False).agg({"submitted": "min", "service_date": "min"})
    days = pd.to_datetime(claims["submitted"]) - pd.to_datetime(claims["service_date"])
    agrees(made, "days_service_to_submission", days.dt.days.sum(), len(days))


def test_every_kpi_is_defined_and_worked_out(made):
    assert set(made["figures"]) == set(load_kpis())
    assert {key[0] for key in made["cube"]} <= set(load_kpis())
    without = {name for name, x in made["figures"].items() if x.value is None}
    assert without == {"denial_write_off_rate", "cost_to_collect", "dollars_protected"}
    assert all(b.url.startswith("https://") and b.kpi in load_kpis()
               for b in load_benchmarks().values())  # fmt: skip


def test_views_are_sums_and_unknown_dimensions_are_refused(made):
    whole = made["figures"]["initial_denial_rate"]
    fine = by_dimensions(made["cube"], ("month", "payer", "provider"))
    assert sum(x.numerator for k, x in fine.items() if k[0] == "initial_denial_rate") == (
        whole.numerator
    )
    with pytest.raises(InputError, match="allowed: month, payer"):
        by_dimensions(made["cube"], ("moon",))


def test_a_month_end_figure_is_that_of_the_last_month(made):
    months = sorted(k[1] for k in made["cube"] if k[0] == "days_in_ar")
    earlier = by_dimensions(made["cube"], (), until=months[0])
    assert earlier[("days_in_ar",)].numerator < made["figures"]["days_in_ar"].numerator


def test_a_rejection_makes_a_claim_unclean_and_its_first_pass_a_failure():
    h = history(
        filed("A1", "20260105", "99213*100"),
        acknowledged("A1", "20260106", "A7"),
        filed("A1", "20260108", "99213*100"),
        remitted("20260120", "CLP*A1*1*100*80**12*C1~SVC*HC:99213*100*80~CAS*CO*45*20~",
                 amount="80"),
        filed("B1", "20260105", "99213*100"),
        remitted("20260121", "CLP*B1*1*100*0*100*12*C2~SVC*HC:99213*100*0~CAS*PR*1*100~"),
    )  # fmt: skip
    found = figures(build_cube(h, post_history(h)))
    assert (found["clean_claim_rate"].numerator, found["clean_claim_rate"].denominator) == (1, 2)
    first = found["first_pass_payment_rate"]
    assert (first.numerator, first.denominator) == (1, 2)  # all to the deductible: settled
    assert found["initial_denial_rate"].value == 0


def test_cost_to_collect_is_over_the_months_payments():
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260120", "CLP*A1*1*100*80**12*C1~SVC*HC:99213*100*80~CAS*CO*45*20~",
                 amount="80"),
    )  # fmt: skip
    found = figures(build_cube(h, post_history(h), costs=Costs({"2026-01": Decimal(4)})))
    assert found["cost_to_collect"].value == 0.05
