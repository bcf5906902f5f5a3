"""Scoring files: claims in from any readable form, one row a claim out, as they are read."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

import msgspec

from models.claims.claim import Claim
from models.claims.files import read_files
from models.denial.model import BATCH, DenialModel
from models.denial.risk import DenialRisk
from models.edits import EditTables, ServiceIndex, check_file
from models.errors import InputError, Problem

#: Columns of a scored file, in order.
COLUMNS = (
    "claim_id",
    "denial_probability",
    "expected_loss",
    "category",
    "category_probability",
    "top_factors",
    "model_version",
    "history_version",
)
#: Columns more, where they are asked for: what a claim breaks, and what may truthfully be
#: changed, as JSON lists.
EDITS, FIXES = "edits", "fixes"
_ENCODER = msgspec.json.Encoder()


class ScoreReport(msgspec.Struct):
    """What a run of `score_files` did; ``passed_over`` counts records that are no claims."""

    claims: int = 0
    likely_denied: int = 0
    expected_loss: float = 0.0
    with_edits: int = 0
    with_fixes: int = 0
    passed_over: int = 0
    problems: list[Problem] = []


Row = dict[str, str | float]


class _Writer(Protocol):
    def write(self, rows: list[Row]) -> None: ...

    def close(self) -> None: ...


def row(risk: DenialRisk) -> Row:
    """One claim's answer as `COLUMNS`; ``top_factors`` is a JSON list."""
    factors = [
        {"field": f.field, "words": f.words, "contribution": f.contribution} for f in risk.factors
    ]
    return {
        "claim_id": risk.claim_id,
        "denial_probability": round(risk.denial_probability, 6),
        "expected_loss": risk.expected_loss,
        "category": risk.category,
        "category_probability": round(risk.category_probability, 6),
        "top_factors": _ENCODER.encode(factors).decode(),
        "model_version": risk.model_version,
        "history_version": risk.history_version,
    }


def score_files(
    inputs: Iterable[Path],
    out: Path,
    model: DenialModel,
    *,
    factors: bool = True,
    edits: EditTables | None = None,
    fixes_from: float | None = None,
    advance: Callable[[int], None] | None = None,
) -> ScoreReport:
    """Score every claim of the inputs and write ``out`` (.csv, .parquet or .jsonl).

    Reads and writes as it goes: memory does not grow with the files. Damaged parts become
    `Problem`s of the report; remittances and other records are counted and passed over.
    ``edits``: the tables of the pre-submission edits, for a column with those that each claim
    breaks beside the claims before it. ``fixes_from``, with ``edits``: the probability from
    which a claim has a column with its fixes.
    ``advance`` is told how many claims were just done.

    Raises:
        InputError: nothing readable, or ``out`` has another suffix.
    """
    report = ScoreReport()
    columns: tuple[str, ...] = COLUMNS if edits is None else (*COLUMNS, EDITS)
    fixing = None
    if edits is not None and fixes_from is not None:
        columns = (*columns, FIXES)
        fixing = model.fixes(edits)
    writer = _open_writer(out, columns)
    index = ServiceIndex()
    session = model.session()
    try:
        claims = _claims(inputs, report)
        while chunk := list(islice(claims, BATCH)):
            risks = session.score_batch(chunk, factors=factors)
            rows = [row(r) for r in risks]
            if edits is not None:
                broken = [found for _, found in check_file(chunk, edits, index=index)]
                for own, found in zip(rows, broken, strict=True):
                    own[EDITS] = _ENCODER.encode(found).decode()
                    report.with_edits += bool(found)
                if fixing is not None and fixes_from is not None:
                    told = fixing.fixes(chunk, risks, broken, fixes_from)
                    for own, fixes in zip(rows, told, strict=True):
                        own[FIXES] = _ENCODER.encode(fixes).decode()
                        report.with_fixes += bool(fixes)
            writer.write(rows)
            report.claims += len(risks)
            report.likely_denied += sum(r.denial_probability >= 0.5 for r in risks)
            report.expected_loss += sum(r.expected_loss for r in risks)
            if advance is not None:
                advance(len(risks))
    finally:
        writer.close()
    return report


def _claims(inputs: Iterable[Path], report: ScoreReport) -> Iterator[Claim]:
    for item in read_files(inputs):
        if isinstance(item, Claim):
            yield item
        elif isinstance(item, Problem):
            report.problems.append(item)
        else:
            report.passed_over += 1


def _open_writer(out: Path, columns: Sequence[str]) -> _Writer:
    makers: dict[str, Callable[[Path, Sequence[str]], _Writer]] = {
        ".csv": _CsvWriter,
        ".jsonl": _JsonlWriter,
        ".parquet": _ParquetWriter,
    }
    maker = makers.get(out.suffix.lower())
    if maker is None:
        raise InputError(
            f"{out.name}: scores are written as {', '.join(sorted(makers))}; give --out such a name"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    return maker(out, columns)


class _CsvWriter:
    def __init__(self, out: Path, columns: Sequence[str]) -> None:
        self._file: IO[str] = out.open("w", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, columns)
        self._writer.writeheader()

    def write(self, rows: list[Row]) -> None:
        self._writer.writerows(rows)

    def close(self) -> None:
        self._file.close()


class _JsonlWriter:
    def __init__(self, out: Path, _columns: Sequence[str]) -> None:
        self._file = out.open("wb")

    def write(self, rows: list[Row]) -> None:
        self._file.writelines(_ENCODER.encode(r) + b"\n" for r in rows)

    def close(self) -> None:
        self._file.close()


class _ParquetWriter:
    def __init__(self, out: Path, columns: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        numbers = {"denial_probability", "expected_loss", "category_probability"}
        self._schema = pa.schema(
            [(name, pa.float64() if name in numbers else pa.string()) for name in columns]
        )
        self._writer = pq.ParquetWriter(out, self._schema)

    def write(self, rows: list[Row]) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(rows, self._schema))

    def close(self) -> None:
        self._writer.close()
