"""What patients paid, as the practice's own system lists it: ``patient_payments.csv``.

Drawn after everything else and from a random stream of its own: neither the claims nor the
payers' answers nor the books in ``ledger.csv`` know of it. Most patients pay within weeks of the
last payer's answer, some half, some not at all.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from training.simulate.calendar import day_date
from training.simulate.practice import SimulatedPractice
from training.simulate.truth import LEDGER_COLUMNS, chain_ledgers, write_table

PAYMENT_COLUMNS = ("claim_id", "line", "dollars", "day", "reference")

# Shares of bills paid in full and by half; the rest is not paid within the history.
_FULL, _HALF = 0.78, 0.08
# Days from the last answer to the payment: log-normal, a third of them over five weeks.
_MEDIAN_DAYS, _SPREAD = 27.0, 0.7
_PATIENT = LEDGER_COLUMNS.index("patient_responsibility")
_CLAIMS = LEDGER_COLUMNS.index("claim_ids")
_LINE = LEDGER_COLUMNS.index("line")


def payment_rows(practice: SimulatedPractice) -> Iterator[list[str]]:
    """One row per payment for a service; a patient pays for a whole claim at once."""
    rng = Random(f"patients pay {practice.world.submitter}")
    end = practice.calendar.end
    for chain, rows in chain_ledgers(practice):
        answers = [s.answered for s in chain.submissions if s.answered <= end]
        share, days = rng.random(), _MEDIAN_DAYS * rng.lognormvariate(0.0, _SPREAD)
        card = f"card {rng.randrange(10**6):06}"
        day = max(answers, default=end) + 5 + round(days)
        if share > _FULL + _HALF or day > end:
            continue
        for row in rows:
            cents = round(float(row[_PATIENT]) * 100)
            paid = cents if share <= _FULL else cents // 2
            if paid > 0:
                yield [
                    row[_CLAIMS].partition("|")[0], row[_LINE], f"{paid // 100}.{paid % 100:02}",
                    day_date(day).isoformat(), card,
                ]  # fmt: skip


def write_patient_payments(practice: SimulatedPractice, folder: Path) -> None:
    """Write ``patient_payments.csv`` into ``folder``."""
    write_table(folder / "patient_payments.csv", PAYMENT_COLUMNS, payment_rows(practice))
