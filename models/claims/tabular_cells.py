r"""Cells of the flat forms: how one value, or a list of small records, stands in one column.

Lists are text: items end with ``;``, their parts are parted by ``:``, and a part's own ``;``,
``:`` or ``\`` has a backslash before it. ``CO:197:120.00;PR:1:20.00`` is two adjustments.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pyarrow as pa

from models.claims.acknowledgement import ClaimStatus
from models.claims.claim import (
    Attachment,
    Diagnosis,
    Drug,
    LineAdjudication,
    Note,
    OtherPayer,
    Payer,
)
from models.claims.common import Adjustment, Amount, DatedEvent, Reference
from models.claims.remittance import Contact, ProviderAdjustment, Quantity

T = TypeVar("T")
_NUMBER = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,18}(?:\.[0-9]{0,18})?(?:[eE][+-]?[0-9]{1,2})?")
_TRUE = frozenset({"true", "1", "y", "yes"})
_FALSE = frozenset({"false", "0", "n", "no"})
_PLACES = Decimal("0.0001")


class CellError(ValueError):
    """A cell does not hold what its column wants; the text never repeats the cell."""


class Cell(Generic[T]):
    """How values of one kind are written to a cell and read from it.

    ``wants`` says it in words for the documentation and for problems. Empty cells never get
    here: an absent value is an empty cell in CSV and a null in Parquet.
    """

    def __init__(
        self, wants: str, arrow: pa.DataType, read: Callable[[Any], T], write: Callable[[T], Any]
    ) -> None:
        self.wants = wants
        self.arrow = arrow
        self._read = read
        self.write = write

    def read(self, cell: Any) -> T:
        """Value of a non-empty cell; raises CellError."""
        try:
            return self._read(cell)
        except (ValueError, TypeError, ArithmeticError, LookupError):
            raise CellError(f"not {self.wants}") from None


def read_amount(cell: Any) -> Decimal:
    """Finite decimal of a cell; floats (of other people's Parquet) by their shortest text."""
    text = str(cell).strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return Decimal(text)


def read_day(cell: Any) -> dt.date:
    """Date of a cell: a date, a timestamp, ``YYYY-MM-DD`` or ``YYYYMMDD``."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    return dt.date.fromisoformat(str(cell).strip()[:10])


def _read_text(cell: Any) -> str:
    # Codes that another program took for numbers come back as 99213.0.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _read_flag(cell: Any) -> bool:
    text = str(cell).strip().lower()
    if text not in _TRUE and text not in _FALSE:
        raise ValueError
    return text in _TRUE


def _read_integer(cell: Any) -> int:
    value = read_amount(cell)
    if value != int(value):
        raise ValueError
    return int(value)


def _write_amount(value: Decimal) -> Decimal:
    # Four places hold every amount and quantity of X12; Arrow wants them all alike.
    return value.quantize(_PLACES) if -value.as_tuple().exponent > 4 else value  # type: ignore[operator]


TEXT: Cell[str] = Cell("text", pa.string(), _read_text, str)
DATE: Cell[dt.date] = Cell("a date YYYY-MM-DD", pa.date32(), read_day, lambda value: value)
AMOUNT: Cell[Decimal] = Cell("a decimal number", pa.decimal128(28, 4), read_amount, _write_amount)
INTEGER: Cell[int] = Cell("a whole number", pa.int64(), _read_integer, int)
FLAG: Cell[bool] = Cell("true or false", pa.bool_(), _read_flag, bool)


def join_items(items: Iterable[Iterable[str]]) -> str:
    r"""Items of parts as text; empty parts at an item's end are left out.

    >>> join_items([("ADD", "a:b", ""), ("TPO", "c")])
    'ADD:a\\:b;TPO:c'
    """
    texts = []
    for parts in items:
        escaped = [re.sub(r"([\\:;])", r"\\\1", p) for p in parts]
        while len(escaped) > 1 and not escaped[-1]:
            escaped.pop()
        texts.append(":".join(escaped))
    return ";".join(texts)


def split_items(text: str) -> list[list[str]]:
    r"""The reverse of `join_items`.

    >>> split_items("ADD:a\\:b;TPO:c")
    [['ADD', 'a:b'], ['TPO', 'c']]
    """
    if "\\" not in text:
        return [item.split(":") for item in text.split(";") if item]
    items: list[list[str]] = []
    for item in _split(text, ";"):
        parts = [re.sub(r"\\(.)", r"\1", p, flags=re.DOTALL) for p in _split(item, ":")]
        if item:
            items.append(parts)
    return items


def _split(text: str, separator: str) -> list[str]:
    pieces = []
    start = position = 0
    while position < len(text):
        if text[position] == "\\":
            position += 1  # what follows stands for itself
        elif text[position] == separator:
            pieces.append(text[start:position])
            start = position + 1
        position += 1
    return [*pieces, text[start:]]


def _items(
    form: str, read: Callable[[list[str]], T], write: Callable[[T], Iterable[str]]
) -> Cell[tuple[T, ...]]:
    return Cell(
        f"a list {form};...",
        pa.string(),
        lambda cell: tuple(read(parts) for parts in split_items(str(cell))),
        lambda values: join_items(write(v) for v in values),
    )


def _at(parts: list[str], position: int) -> str:
    return parts[position] if position < len(parts) else ""


def _number(parts: list[str], position: int) -> Decimal | None:
    text = _at(parts, position)
    return read_amount(text) if text else None


def _date(parts: list[str], position: int) -> dt.date | None:
    text = _at(parts, position)
    return read_day(text) if text else None


def number_text(value: Decimal | None) -> str:
    """Plain decimal text, ``""`` for ``None``."""
    return "" if value is None else format(value, "f")


def _day_text(value: dt.date | None) -> str:
    return value.isoformat() if value else ""


def _adjustments_text(adjustments: Iterable[Adjustment]) -> str:
    """Adjustments inside an item that has parts of its own: ``CO/45/20.00|PR/2/25.00``."""
    return "|".join(
        f"{a.group}/{a.carc}/{number_text(a.amount)}/{number_text(a.quantity)}".rstrip("/")
        for a in adjustments
    )


def _adjustments(text: str) -> tuple[Adjustment, ...]:
    return tuple(_adjustment(item.split("/")) for item in text.split("|") if item)


def _adjustment(parts: list[str]) -> Adjustment:
    return Adjustment(parts[0], parts[1], read_amount(parts[2]), _number(parts, 3))


def _read_other_payer(p: list[str]) -> OtherPayer:
    paid = _number(p, 5)
    return OtherPayer(
        responsibility=_at(p, 0),
        relationship=_at(p, 1),
        filing_indicator=_at(p, 2),
        payer=Payer(id=_at(p, 3), name=_at(p, 4)) if _at(p, 3) or _at(p, 4) else None,
        amounts=() if paid is None else (Amount("D", paid),),
        date=_date(p, 6),
        adjustments=_adjustments(_at(p, 7)),
    )


def _write_other_payer(o: OtherPayer) -> Iterable[str]:
    payer = o.payer or Payer()
    paid = next((a.amount for a in o.amounts if a.qualifier == "D"), None)
    return (
        o.responsibility, o.relationship, o.filing_indicator, payer.id, payer.name,
        number_text(paid), _day_text(o.date), _adjustments_text(o.adjustments),
    )  # fmt: skip


CODES: Cell[tuple[str, ...]] = _items("CODE", lambda p: p[0], lambda v: (v,))
POINTERS: Cell[tuple[int, ...]] = _items(
    "NUMBER", lambda p: _read_integer(p[0]), lambda v: (str(v),)
)
REFERENCES: Cell[tuple[Reference, ...]] = _items(
    "QUALIFIER:VALUE", lambda p: Reference(p[0], p[1]), lambda v: (v.qualifier, v.value)
)
DIAGNOSES: Cell[tuple[Diagnosis, ...]] = _items(
    "QUALIFIER:CODE", lambda p: Diagnosis(p[0], p[1]), lambda v: (v.qualifier, v.code)
)
DATES: Cell[tuple[DatedEvent, ...]] = _items(
    "QUALIFIER:FIRST_DAY[:LAST_DAY]",
    lambda p: DatedEvent(p[0], read_day(p[1]), _date(p, 2)),
    lambda v: (v.qualifier, _day_text(v.begin), _day_text(v.end)),
)
AMOUNTS: Cell[tuple[Amount, ...]] = _items(
    "QUALIFIER:AMOUNT",
    lambda p: Amount(p[0], read_amount(p[1])),
    lambda v: (v.qualifier, number_text(v.amount)),
)
QUANTITIES: Cell[tuple[Quantity, ...]] = _items(
    "QUALIFIER:QUANTITY",
    lambda p: Quantity(p[0], read_amount(p[1])),
    lambda v: (v.qualifier, number_text(v.quantity)),
)
NOTES: Cell[tuple[Note, ...]] = _items(
    "QUALIFIER:TEXT", lambda p: Note(p[0], _at(p, 1)), lambda v: (v.qualifier, v.text)
)
ATTACHMENTS: Cell[tuple[Attachment, ...]] = _items(
    "REPORT_TYPE:TRANSMISSION:CONTROL_NUMBER",
    lambda p: Attachment(p[0], _at(p, 1), _at(p, 2)),
    lambda v: (v.report_type, v.transmission, v.control_number),
)
DRUGS: Cell[tuple[Drug, ...]] = _items(
    "NDC:QUANTITY:UNIT:PRESCRIPTION",
    lambda p: Drug(p[0], _number(p, 1), _at(p, 2), _at(p, 3)),
    lambda v: (v.ndc, number_text(v.quantity), v.unit, v.prescription),
)
ADJUSTMENTS: Cell[tuple[Adjustment, ...]] = _items(
    "GROUP:CARC:AMOUNT[:QUANTITY]",
    _adjustment,
    lambda v: (v.group, v.carc, number_text(v.amount), number_text(v.quantity)),
)
OTHER_PAYERS: Cell[tuple[OtherPayer, ...]] = _items(
    "RESPONSIBILITY:RELATIONSHIP:FILING_INDICATOR:PAYER_ID:PAYER_NAME:PAID:DATE:"
    "GROUP/CARC/AMOUNT|...",
    _read_other_payer,
    _write_other_payer,
)
ADJUDICATIONS: Cell[tuple[LineAdjudication, ...]] = _items(
    "PAYER_ID:PAID:DATE:GROUP/CARC/AMOUNT|...",
    lambda p: LineAdjudication(
        p[0], read_amount(p[1]), date=_date(p, 2), adjustments=_adjustments(_at(p, 3))
    ),
    lambda v: (
        v.payer_id, number_text(v.paid), _day_text(v.date), _adjustments_text(v.adjustments),
    ),
)  # fmt: skip
PROVIDER_ADJUSTMENTS: Cell[tuple[ProviderAdjustment, ...]] = _items(
    "PROVIDER:PERIOD_END:REASON:REFERENCE:AMOUNT",
    lambda p: ProviderAdjustment(p[0], _date(p, 1), p[2], p[3], read_amount(p[4])),
    lambda v: (
        v.provider_id, _day_text(v.fiscal_period_end), v.reason, v.reference,
        number_text(v.amount),
    ),
)  # fmt: skip
CONTACTS: Cell[tuple[Contact, ...]] = _items(
    "FUNCTION:NAME:QUALIFIER:NUMBER",
    lambda p: Contact(p[0], _at(p, 1), tuple(zip(p[2::2], p[3::2], strict=False))),
    lambda v: (v.function, v.name, *(x for pair in v.numbers for x in pair)),
)
STATUSES: Cell[tuple[ClaimStatus, ...]] = _items(
    "CATEGORY:STATUS:ENTITY",
    lambda p: ClaimStatus(p[0], _at(p, 1), _at(p, 2)),
    lambda v: (v.category, v.status, v.entity),
)
