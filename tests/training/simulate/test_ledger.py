"""``ledger.csv`` against the remittances, added up without the simulator's books."""

from collections import defaultdict
from decimal import Decimal

import pytest

from models.claims.remittance import Remittance
from training.simulate import SimulatedPractice, simulate
from training.simulate.remit import payer_claim_id
from training.simulate.truth import LEDGER_COLUMNS, ledger_rows

MONEY = (
    "charge",
    "contractual",
    "paid_primary",
    "paid_secondary",
    "patient_responsibility",
    "denied_open",
    "insurance_open",
    "taken_back",
)


@pytest.fixture(scope="module", params=["typical", "hard"])
def made(request: pytest.FixtureRequest) -> SimulatedPractice:
    return simulate(request.param, claims=5000, months=15, seed=33)


def rows(made: SimulatedPractice) -> list[dict[str, str]]:
    return [dict(zip(LEDGER_COLUMNS, row, strict=True)) for row in ledger_rows(made)]


def cents(row: dict[str, str], *names: str) -> Decimal:
    return sum((Decimal(row[n]) for n in names), Decimal(0))


def test_every_line_adds_up_to_its_charge(made: SimulatedPractice) -> None:
    found = rows(made)
    assert len(found) > 5000
    for row in found:
        assert cents(row, *MONEY[1:7]) == Decimal(row["charge"]), row["chain"]
        for name in ("denied_open", "insurance_open", "taken_back"):
            assert Decimal(row[name]) >= 0, (row["chain"], name)
    for name in MONEY:
        assert any(Decimal(row[name]) for row in found), name


def by_account(made: SimulatedPractice) -> dict[str, list[Remittance]]:
    """Remittances by account number as sent; numbers that were used twice are left out."""
    sent: dict[str, set[str]] = defaultdict(set)
    owners: dict[str, set[str]] = defaultdict(set)
    habits = {p.id_habit: p for p in made.world.payers}
    for chain in made.chains:
        for s in chain.submissions:
            for payer in habits.values():
                sent[payer_claim_id(s.claim.claim_id, payer)].add(s.claim.claim_id)
            owners[s.claim.claim_id].add(f"{chain.number}{'D' if chain.duplicate else ''}")
    found: dict[str, list[Remittance]] = defaultdict(list)
    for payment in made.payments:
        for r in payment.remittances:
            (account,) = sent[r.claim_id]
            found[account].append(r)
    return {a: found[a] for a in found if len(owners[a]) == 1}


def test_payments_are_those_of_the_remittances(made: SimulatedPractice) -> None:
    remitted = by_account(made)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(made):
        paid[row["claim_ids"]] += cents(row, "paid_primary", "paid_secondary")
    checked = 0
    for ids, total in paid.items():
        accounts = ids.split("|")
        if not all(a in remitted for a in accounts):
            continue
        checked += 1
        assert total == sum((r.paid for a in accounts for r in remitted[a]), Decimal(0)), ids
    assert checked > 4000


def test_simple_claims_say_who_owes_what(made: SimulatedPractice) -> None:
    """Claims with a single remittance: contractual, patient and denied parts by CAS."""
    remitted = by_account(made)
    checked = 0
    for row in rows(made):
        answers = remitted.get(row["claim_ids"], [])
        if len(answers) != 1 or answers[0].status in ("23", "25"):
            continue
        (answer,) = answers
        lines = [x for x in answer.lines if x.control_number == row["control_number"]]
        if len(lines) != 1 or lines[0].submitted_code or Decimal(row["insurance_open"]):
            continue
        checked += 1
        taken: dict[str, Decimal] = defaultdict(Decimal)
        for a in lines[0].adjustments:
            if a.group == "PR" and a.carc in ("1", "2", "3"):
                taken["patient_responsibility"] += a.amount
            elif a.carc in ("45", "253", "24", "246") or (lines[0].paid and a.group == "CO"):
                taken["contractual"] += a.amount
            else:
                taken["denied_open"] += a.amount
        for name in ("patient_responsibility", "contractual", "denied_open"):
            assert Decimal(row[name]) == taken[name], (row["chain"], name)
        assert Decimal(row["paid_primary"]) == lines[0].paid
    assert checked > 2500


def test_unanswered_claims_are_owed_by_the_payer(made: SimulatedPractice) -> None:
    remitted = {r.claim_id for p in made.payments for r in p.remittances}
    for row in rows(made):
        if not remitted & {a for i in row["claim_ids"].split("|") for a in (i, i.lstrip("0"),
                           i[:20], i.upper())}:  # fmt: skip
            assert row["insurance_open"] == row["charge"]


def test_duplicates_have_a_chain_of_their_own(made: SimulatedPractice) -> None:
    chains = {row["chain"] for row in rows(made)}
    doubled = {c for c in chains if c.endswith("D")}
    assert doubled
    assert {c[:-1] for c in doubled} <= chains
