"""What a payer may be expected to allow for a service: by contract, by Medicare, else as learnt.

Medicare's amount is (work x GPCI + practice expense x GPCI + malpractice x GPCI) x conversion
factor, by place (facility or not), as in CMS's fee schedule. Where no contract says more, the
median of what the same payer allowed for the same code, modifiers and place stands for it.
"""

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from pathlib import Path

import msgspec

from models.codes.place_of_service import load_places
from models.codes.rows import read_rows
from models.codes.store import tables_folder, versions
from models.edits.rows import ContractRow, FeeRow, GpciRow
from models.history.payers import plain_id

_CENT = Decimal("0.01")
_ENOUGH = 5
# Payment changes with these in ways that a fee schedule's row alone does not tell.
_SPLIT = frozenset(
    ("51", "52", "53", "54", "55", "56", "62", "66", "73", "74", "78", "80", "81", "82", "AS")
)
_COMPONENTS = ("26", "TC")
_BILATERAL = "50"


class Basis(StrEnum):
    """Where an expectation comes from."""

    CONTRACT = "contract"
    MEDICARE = "medicare"
    LEARNT = "learnt"


class Expectation(msgspec.Struct, frozen=True, gc=False):
    """Dollars expected to be allowed for a whole line, and why."""

    amount: Decimal
    basis: Basis


class Priced(msgspec.Struct, frozen=True, gc=False):
    """A service as it is priced; ``medicare``: the payer is Medicare Part B itself."""

    payer: str
    code: str
    modifiers: tuple[str, ...]
    place: str
    units: Decimal
    charge: Decimal
    day: dt.date | None
    medicare: bool = False


class FeeTables(msgspec.Struct):
    """Imported fee schedules: contracts, and Medicare's rows by their first day."""

    contracts: Sequence[ContractRow] = ()
    medicare: Sequence[tuple[dt.date, Mapping[tuple[str, str], FeeRow]]] = ()  # newest first
    indices: Mapping[str, GpciRow] = {}

    @classmethod
    def load(cls, home: Path | None = None) -> "FeeTables":
        """What was imported under ``home`` (default FIRSTPASS_HOME); empty where nothing was.

        Raises:
            InputError: a table is damaged.
        """
        folder = tables_folder(home)
        contracts = [
            x for _, at in versions(folder, "contract", "") for x in read_rows(at, ContractRow)
        ]
        fees = [
            (
                meta.effective or dt.date.min,
                {(x.code, x.modifier): x for x in read_rows(at, FeeRow)},
            )
            for meta, at in versions(folder, "mpfs", "")
        ]
        indices = {
            x.code: x for _, at in versions(folder, "gpci", "") for x in read_rows(at, GpciRow)
        }
        return cls(contracts, sorted(fees, key=lambda x: x[0], reverse=True), indices)

    def medicare_amount(self, service: Priced, locality: str = "") -> Decimal | None:
        """Medicare's amount for one unit; ``None`` where the tables do not tell."""
        if service.day is None or _SPLIT & set(service.modifiers):
            return None
        component = next((m for m in service.modifiers if m in _COMPONENTS), "")
        for since, rows in self.medicare:
            if since <= service.day:
                row = rows.get((service.code, component))
                return None if row is None else self._price(row, service, locality)
        return None

    def _price(self, row: FeeRow, service: Priced, locality: str) -> Decimal | None:
        place = load_places().get(service.place)
        facility = place is not None and place.facility
        index = self.indices.get(locality)
        factor, work = row.conversion_factor, row.work
        expense = row.expense_facility if facility else row.expense_office
        malpractice = row.malpractice
        if factor is None:
            return None
        if work is not None and expense is not None and malpractice is not None:
            of = (index.work, index.expense, index.malpractice) if index else (1.0, 1.0, 1.0)
            units = work * of[0] + expense * of[1] + malpractice * of[2]
        else:
            total = row.total_facility if facility else row.total_office
            if total is None or index is not None:
                return None
            units = total
        return _cents(Decimal(str(units * factor))) if units else None


class ExpectedAmounts:
    """Expectations for services; `learn` first where payers are to be known by what they did."""

    def __init__(self, tables: FeeTables | None = None) -> None:
        self._tables = tables or FeeTables()
        self._contracts: dict[str, list[ContractRow]] = {}
        for row in self._tables.contracts:
            self._contracts.setdefault(plain_id(row.payer), []).append(row)
        self._learnt: dict[tuple[object, ...], Decimal] = {}

    def learn(self, allowed: Iterable[tuple[Priced, Decimal]]) -> None:
        """Learns medians per unit, by year of service where there are enough of them."""
        seen: dict[tuple[object, ...], list[Decimal]] = {}
        for service, amount in allowed:
            if service.units > 0:
                for key in _keys(service):
                    seen.setdefault(key, []).append(amount / service.units)
        self._learnt = {
            key: statistics.median(found) for key, found in seen.items() if len(found) >= _ENOUGH
        }

    def expect(self, service: Priced) -> Expectation | None:
        """What may be expected, never more than the charge; ``None`` where nothing tells."""
        amount = self._by_contract(service)
        basis = Basis.CONTRACT
        if amount is None and service.medicare:
            one = self._tables.medicare_amount(service)
            amount, basis = self._times(one, service), Basis.MEDICARE
        if amount is None:
            median = next((self._learnt[k] for k in _keys(service) if k in self._learnt), None)
            amount = None if median is None else _cents(median * service.units)
            basis = Basis.LEARNT
        if amount is None:
            return None
        return Expectation(min(amount, service.charge), basis)

    def _by_contract(self, service: Priced) -> Decimal | None:
        best: tuple[int, str] = (-1, "")
        choice: ContractRow | None = None
        for row in self._contracts.get(plain_id(service.payer), ()):
            if not _holds(row, service):
                continue
            named = sum(bool(x) for x in (row.code, row.modifier, row.place))
            rank = (named, str(row.effective or ""))
            if rank > best:
                best, choice = rank, row
        if choice is None:
            return None
        if choice.amount is not None:
            if not choice.modifier and _SPLIT & set(service.modifiers):
                return None
            return self._times(Decimal(str(choice.amount)), service)
        if choice.percent_of_charge is not None:
            return _cents(service.charge * Decimal(str(choice.percent_of_charge)) / 100)
        one = self._tables.medicare_amount(service, choice.locality)
        share = Decimal(str(choice.percent_of_medicare)) / 100
        return self._times(None if one is None else one * share, service)

    @staticmethod
    def _times(one: Decimal | None, service: Priced) -> Decimal | None:
        if one is None:
            return None
        sides = Decimal("1.5") if _BILATERAL in service.modifiers else Decimal(1)
        return _cents(one * service.units * sides)


def _holds(row: ContractRow, service: Priced) -> bool:
    return (
        row.code in ("", service.code)
        and (not row.modifier or row.modifier in service.modifiers)
        and row.place in ("", service.place)
        and (row.effective is None or (service.day is not None and row.effective <= service.day))
        and (row.ended is None or (service.day is not None and service.day <= row.ended))
    )


def _keys(service: Priced) -> list[tuple[object, ...]]:
    plain = (service.payer, service.code, tuple(sorted(service.modifiers)), service.place)
    year = service.day.year if service.day else 0
    return [(*plain, year), plain]


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
