"""The ledger against the simulator's own books, to the cent, and how fast it is posted.

Simulates a practice (100,000 claims by default), reads its files, posts them, and compares every
service with the truth: charge, contractual, payments of primary and secondary payers, patient's
share, denied, with insurance, taken back. Exits 1 where a cent differs.
"""

import csv
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec

from benchmarks.harness import arguments, report
from models.claims.common import ZERO
from models.history import ClaimHistory, read_history
from models.revenue.ledger import Ledger, post_history
from models.revenue.services import ServiceBalance, service_balances
from training.simulate import simulate
from training.simulate.files import write_practice

CLAIMS = 100_000
COLUMNS = (
    "charge",
    "contractual",
    "paid_primary",
    "paid_secondary",
    "patient_responsibility",
    "denied_open",
    "insurance_open",
    "taken_back",
)


class Comparison(msgspec.Struct):
    """Services of the truth, how many the ledger states differently, and by how much in all."""

    services: int = 0
    missing: int = 0
    surplus: int = 0
    different: int = 0
    by_column: Counter[str] = msgspec.field(default_factory=Counter)
    dollars: dict[str, Decimal] = {}
    examples: list[tuple[dict[str, str], tuple[Decimal, ...] | None]] = []

    @property
    def agrees(self) -> bool:
        """Every service, every column, to the cent."""
        return not (self.missing or self.surplus or self.different)


def columns_of(balance: ServiceBalance) -> tuple[Decimal, ...]:
    """A service's balances in the order of `COLUMNS`."""
    return (
        balance.charge,
        balance.contractual,
        balance.paid_primary,
        balance.paid_later,
        balance.patient,
        balance.denied,
        balance.insurance,
        balance.taken_back,
    )


def compare(history: ClaimHistory, ledger: Ledger, truth: list[dict[str, str]]) -> Comparison:
    """Each row of ``ledger.csv`` against the service with its account and line numbers."""
    mine: dict[tuple[str, str], tuple[Decimal, ...]] = {}
    for posted in ledger.encounters:
        numbers = {x.number: x.control_number for x in posted.encounter.lines}
        sent = (history.submissions[i].claim.claim_id for i in posted.encounter.submissions)
        accounts = "|".join(dict.fromkeys(sent))
        for balance in service_balances(posted.entries):
            mine[accounts, numbers[balance.line]] = columns_of(balance)
    found = Comparison(services=len(truth), dollars=dict.fromkeys(COLUMNS, ZERO))
    for row in truth:
        wanted = tuple(Decimal(row[name]) for name in COLUMNS)
        has = mine.pop((row["claim_ids"], row["control_number"]), None)
        if has is None:
            if any(wanted):
                found.missing += 1
                found.examples.append((row, None))
            continue
        if has != wanted:
            found.different += 1
            found.examples.append((row, has))
            for name, a, b in zip(COLUMNS, has, wanted, strict=True):
                if a != b:
                    found.by_column[name] += 1
                    found.dollars[name] += a - b
    found.surplus = sum(any(x) for x in mine.values())
    return found


def read_truth(path: Path) -> list[dict[str, str]]:
    """Rows of ``ledger.csv``."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = arguments("the ledger against the simulator's books")
    parser.add_argument("--claims", type=int, default=CLAIMS)
    parser.add_argument("--profile", default="typical")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "practice"
        practice = simulate(options.profile, claims=options.claims, months=18, seed=options.seed)
        write_practice(practice, path)
        del practice
        begun = time.process_time()
        history = read_history([path / "history"])
        read = time.process_time() - begun
        begun = time.process_time()
        ledger = post_history(history)
        posted = time.process_time() - begun
        found = compare(history, ledger, read_truth(path / "ledger.csv"))
    balances = ledger.balances()
    claims = len(history.submissions)
    report(
        "ledger",
        options.json,
        {
            "claims": claims,
            "services": found.services,
            "services that differ": found.different,
            "services missing": found.missing,
            "services too many": found.surplus,
            "entries": sum(1 for _ in ledger.entries()),
            "debits less credits": str(sum(balances.values(), ZERO)),
            "held in suspense": len(ledger.held),
            "claims read and matched/s": claims / read,
            "claims posted/s": claims / posted,
            **{f"dollars off, {name}": str(found.dollars[name]) for name in COLUMNS},
        },
        {},
        {},
    )
    for row, has in found.examples[:10]:
        print(row, has, file=sys.stderr)
    if not found.agrees:
        sys.exit(1)


if __name__ == "__main__":
    main()
