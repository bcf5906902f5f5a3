"""837P bytes to `Claim`: claims per second on one core, and peak memory by file size.

Beside it, on the same bytes: a bare tokenizer (decode and split, nothing understood) and, on a
smaller sample, pyx12's `X12Reader` (segments) and `X12ContextReader` (segments with their loop).
"""

import datetime as dt
import io
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyx12.error_handler
import pyx12.params
import pyx12.x12context
import pyx12.x12file

from benchmarks.harness import arguments, in_fresh_process, interleaved, report
from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.common import Address, DatedEvent, Reference
from models.claims.x12 import read_x12, write_837p

CLAIMS = 20_000
PYX12_CLAIMS = 200
BLOCK = 5_000  # claims of the interchange that large files repeat


def make_claims(count: int) -> Iterator[Claim]:
    """Claims of two to four lines and about 30 segments; no two have the same patient."""
    billing = Provider(
        npi="1234567893",
        name="NORTH CLINIC",
        taxonomy="207Q00000X",
        tax_id="311234567",
        tax_id_qualifier="EI",
        address=Address("1 MAIN ST", "", "DAYTON", "OH", "454010001"),
    )
    doctors = [
        Provider(npi=f"10030{i:05d}", entity="1", name=f"DOCTOR{i}", taxonomy="207Q00000X")
        for i in range(20)
    ]
    payers = [Payer(name=f"PAYER {i}", id_qualifier="PI", id=f"{60000 + i}") for i in range(12)]
    facility = Provider(
        npi="1003000209", name="CENTER", address=Address("5 ELM", "", "DAYTON", "OH", "45402")
    )
    for i in range(count):
        served = dt.date(2026, 1 + i % 12, 1 + i % 28)
        patient = Person(
            last_name=f"FAMILY{i}",
            first_name=f"GIVEN{i % 997}",
            member_id=f"W{i:09d}",
            member_id_qualifier="MI",
            birth_date=dt.date(1930 + i % 90, 1 + i % 12, 1 + i % 28),
            sex="FM"[i % 2],
            address=Address(f"{i} OAK ST", "", "DAYTON", "OH", f"45{i % 1000:03d}"),
        )
        lines = tuple(
            ServiceLine(
                number=k,
                code=f"99{211 + (i * k) % 200}",
                charge=Decimal(5000 + (i * 37 + k) % 40000) / 100,
                modifiers=("25",) if k == 1 else (),
                pointers=(1, 2),
                service_date=served,
                control_number=f"{i}-{k}",
            )
            for k in range(1, 3 + i % 3)
        )
        yield Claim(
            claim_id=f"ACCT{i:08d}",
            charge=sum((x.charge for x in lines), Decimal(0)),
            submitted=dt.date(2026, 12, 1),
            filing_indicator="CI",
            payer=payers[i % len(payers)],
            subscriber=patient,
            patient=patient,
            billing=billing,
            rendering=doctors[i % len(doctors)],
            referring=doctors[-1 - i % 7],
            facility=facility,
            place_of_service="11",
            signature_on_file="Y",
            assignment="A",
            benefits_assigned="Y",
            release_of_information="Y",
            diagnoses=(Diagnosis("ABK", f"E11{i % 10}"), Diagnosis("ABF", f"I1{i % 7}")),
            dates=(DatedEvent("431", served),),
            references=(Reference("G1", f"PA{i}"), Reference("EA", f"MRN{i}")),
            lines=lines,
        )


def make_file(count: int) -> bytes:
    """An 837P file of `make_claims`."""
    out = io.BytesIO()
    write_837p(make_claims(count), out)
    return out.getvalue()


class Repeated(io.RawIOBase):
    """A stream of the same interchange again and again: a file that needs no disk."""

    def __init__(self, interchange: bytes, times: int) -> None:
        self._interchange = interchange
        self._left = times
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes at most."""
        if self._position >= len(self._interchange):
            self._left -= 1
            self._position = 0
        if self._left <= 0:
            return b""
        piece = self._interchange[self._position : self._position + size]
        self._position += len(piece)
        return piece


def read_claims(data: bytes) -> int:
    return sum(isinstance(x, Claim) for x in read_x12(data))


def bare_tokenizer(data: bytes) -> int:
    text = data.decode()
    element, terminator = text[3], text[105]
    claims = 0
    for piece in text.replace("\n", "").split(terminator):
        claims += piece.split(element)[0] == "CLM"
    return claims


def read_repeated(claims: int) -> int:
    stream = Repeated(make_file(BLOCK), claims // BLOCK)
    return sum(isinstance(x, Claim) for x in read_x12(stream))  # type: ignore[arg-type]


def pyx12_segments(text: str) -> int:
    return sum(1 for _ in pyx12.x12file.X12Reader(io.StringIO(text)))


def pyx12_context(text: str) -> int:
    errors: Any = pyx12.error_handler.errh_null()
    reader = pyx12.x12context.X12ContextReader(pyx12.params.params(), errors, io.StringIO(text))
    return sum(1 for _ in reader.iter_segments())


def main() -> None:
    parser = arguments("837P bytes to Claim on one core, and peak memory by file size")
    parser.add_argument("--million", action="store_true", help="also a file of 1,000,000 claims")
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # pyx12 reports to the log
    data = make_file(CLAIMS)
    sample = make_file(PYX12_CLAIMS).decode()
    taken = interleaved(
        {
            "ours": lambda: read_claims(data),
            "bare": lambda: bare_tokenizer(data),
            "pyx12 segments": lambda: pyx12_segments(sample),
            "pyx12 context": lambda: pyx12_context(sample),
        },
        options.rounds,
    )
    ours = CLAIMS / taken["ours"]
    bare = CLAIMS / taken["bare"]
    reader = PYX12_CLAIMS / taken["pyx12 segments"]
    context = PYX12_CLAIMS / taken["pyx12 context"]
    figures: dict[str, Any] = {
        "claims/s": ours,
        "MB/s": len(data) / 1e6 / taken["ours"],
        "segments per claim": data.count(b"~") / CLAIMS,
    }
    for claims in (10_000, 100_000, *((1_000_000,) if options.million else ())):
        count, peak = in_fresh_process(read_repeated, claims)
        if count != claims:
            raise SystemExit(f"{count} claims were read of {claims}")
        figures[f"peak memory at {claims:,} claims, MB"] = peak
    report(
        "x12_read",
        options.json,
        figures,
        {
            "bare tokenizer, claims/s": bare,
            "pyx12 X12Reader, claims/s": reader,
            "pyx12 X12ContextReader, claims/s": context,
        },
        {
            "ours to bare tokenizer": ours / bare,
            "ours to pyx12 X12Reader": ours / reader,
            "ours to pyx12 X12ContextReader": ours / context,
        },
    )


if __name__ == "__main__":
    main()
