"""835 bytes to `Payment`: claim payments (CLP) per second on one core, and peak memory.

Beside it, on the same bytes: oxedi, which reads an 835 into tables in Rust, alone and with its
tables turned into Python rows (`to_pandas`), which is nearer to what a caller of ours gets.
"""

import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal

import oxedi

from benchmarks.harness import arguments, in_fresh_process, interleaved, report
from models.claims.common import Adjustment, Amount, DatedEvent
from models.claims.remittance import Payment, Remittance, RemittanceLine
from models.claims.x12 import read_x12, write_835

CLAIMS = 20_000
PER_PAYMENT = 200
LARGE = 100_000


def make_payments(count: int) -> Iterator[Payment]:
    """Payments of `PER_PAYMENT` claims with two to three lines and about 22 segments each."""
    for first in range(0, count, PER_PAYMENT):
        claims = tuple(make_claim(i) for i in range(first, min(first + PER_PAYMENT, count)))
        yield Payment(
            amount=sum((c.paid for c in claims), Decimal(0)),
            date=dt.date(2026, 3, 1 + first % 28),
            method="ACH",
            trace=f"EFT{first:07d}",
            originator="1512345678",
            payer_name="ACME HEALTH",
            payee_name="NORTH CLINIC",
            payee_npi="1234567893",
            remittances=claims,
        )


def make_claim(i: int) -> Remittance:
    """One claim payment with contractual and patient share on every line."""
    served = dt.date(2026, 1 + i % 2, 1 + i % 28)
    lines = []
    for k in range(2 + i % 2):
        charge = Decimal(5000 + (i * 37 + k) % 40000) / 100
        cut, owed = charge / 4, Decimal(i % 30)
        paid = charge - cut - owed
        lines.append(
            RemittanceLine(
                code=f"99{211 + (i * k) % 200}",
                charge=charge,
                paid=paid,
                modifiers=("25",) if k == 0 else (),
                service_date=served,
                control_number=f"{i}-{k}",
                adjustments=(Adjustment("CO", "45", cut), Adjustment("PR", "1", owed)),
                remark_codes=("N130",) if i % 5 == 0 else (),
                amounts=(Amount("B6", paid + owed),),
            )
        )
    return Remittance(
        claim_id=f"ACCT{i:08d}",
        status="1",
        charge=sum((x.charge for x in lines), Decimal(0)),
        paid=sum((x.paid for x in lines), Decimal(0)),
        filing_indicator="12",
        payer_control_number=f"ICN{i:010d}",
        patient_last_name=f"FAMILY{i}",
        patient_first_name=f"GIVEN{i % 997}",
        member_id=f"W{i:09d}",
        rendering_npi=f"10030{i % 20:05d}",
        dates=(DatedEvent("232", served), DatedEvent("050", served)),
        lines=tuple(lines),
    )


def make_file(count: int) -> bytes:
    out = io.BytesIO()
    write_835(make_payments(count), out)
    return out.getvalue()


def read_claims(data: bytes) -> int:
    return sum(len(x.remittances) for x in read_x12(data) if isinstance(x, Payment))


def oxedi_claims(data: bytes) -> int:
    return len(oxedi.parse(data).tables["claims"])


def oxedi_rows(data: bytes) -> int:
    tables = oxedi.parse(data).tables
    return len({name: tables[name].to_pandas() for name in tables}["claims"])


def read_large(claims: int) -> int:
    return read_claims(make_file(claims))


def main() -> None:
    options = arguments("835 bytes to Payment on one core").parse_args()
    data = make_file(CLAIMS)
    for reader in (read_claims, oxedi_claims, oxedi_rows):
        if reader(data) != CLAIMS:
            raise SystemExit(f"{reader.__name__} did not read {CLAIMS} claims")
    taken = interleaved(
        {
            "ours": lambda: read_claims(data),
            "oxedi": lambda: oxedi_claims(data),
            "rows": lambda: oxedi_rows(data),
        },
        options.rounds,
    )
    ours, theirs, rows = (CLAIMS / taken[x] for x in ("ours", "oxedi", "rows"))
    _, peak = in_fresh_process(read_large, LARGE)
    report(
        "x12_835",
        options.json,
        {
            "claim payments/s": ours,
            "MB/s": len(data) / 1e6 / taken["ours"],
            "segments per claim": data.count(b"~") / CLAIMS,
            f"peak memory at {LARGE:,} claims with the file itself, MB": peak,
        },
        {"oxedi, claim payments/s": theirs, "oxedi with rows, claim payments/s": rows},
        {"ours to oxedi": ours / theirs, "ours to oxedi with rows": ours / rows},
    )


if __name__ == "__main__":
    main()
