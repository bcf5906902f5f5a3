"""Receivables: who owes what, by age from the service or since it is owed."""

import datetime as dt
from decimal import Decimal

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from models.claims.common import ZERO
from models.revenue.ageing import BUCKETS, Basis
from serving.api.deciding import today
from serving.store.ledger_reading import Receivable
from serving.web.door import Door, Visit
from serving.web.ledger import KEYS, TITLE, Part, parts
from serving.web.plots import Stack, stacks

BASES = (("responsibility", "since it is owed"), ("service", "since the service"))
_NAMES = {
    "insurance_receivable": "waiting for payers",
    "denied_receivable": "denied, still open",
    "patient_receivable": "patients",
}
_OVER_90 = ("91-120", "over 120")


class OwedRow(msgspec.Struct, frozen=True):
    """What one payer, or all patients, owe in one account.

    ``over_90`` is a share of the amounts above zero.
    """

    account: str
    name: str
    services: int
    ages: tuple[Decimal, ...]
    credits: Decimal
    total: Decimal
    over_90: float | None


class ReceivablesPage(msgspec.Struct, frozen=True):
    """Amounts in dollars by age in days; the last of ``sums`` are of all rows."""

    parts: tuple[Part, ...]
    rows: tuple[OwedRow, ...]
    sums: tuple[OwedRow, ...]
    buckets: tuple[str, ...]
    bases: tuple[tuple[str, str], ...]
    basis: str
    as_of: dt.date
    files_to: dt.date | None
    plot: Markup
    stale: bool


def add_receivables(door: Door) -> None:
    """Registers the page."""

    @door.get("/ledger/receivables", "ledger")
    def receivables(visit: Visit) -> Response:
        return visit.page("receivables.html", _page(visit), TITLE, KEYS)


def _page(visit: Visit) -> ReceivablesPage:
    basis = visit.query("basis")
    basis = basis if basis in dict(BASES) else Basis.RESPONSIBILITY.value
    told = _date(visit.store.kpis.detail(visit.practices)[1])
    # What the files do not reach yet is not older for it: age is counted to their last day.
    as_of = _date(visit.query("as_of")) or told or today()
    reports = visit.store.ledger_reports
    found = reports.receivables(visit.practices, as_of=as_of, basis=Basis(basis))
    sums = [_sum(name, [x for x in found if x.account == name]) for name in _NAMES]
    kept = tuple(x for x in sums if x.services)
    whole = _sum("", found)
    return ReceivablesPage(
        parts(visit),
        tuple(_row(x) for x in found),
        (*kept, whole) if found else (),
        tuple(name for name, _ in BUCKETS),
        BASES,
        basis,
        as_of,
        told,
        _plot(kept),
        reports.stale(visit.practices),
    )


def _row(found: Receivable) -> OwedRow:
    ages = tuple(found.buckets.values())
    owed = sum(ages, ZERO)
    old = sum((found.buckets[x] for x in _OVER_90), ZERO)
    return OwedRow(
        _NAMES.get(found.account, found.account.replace("_", " ")),
        found.name or found.owner or "all patients",
        found.services, ages, found.credits, found.total, float(old / owed) if owed else None,
    )  # fmt: skip


def _sum(account: str, rows: list[Receivable]) -> OwedRow:
    return _row(
        Receivable(
            account,
            "",
            "",
            sum(x.services for x in rows),
            sum((x.total for x in rows), ZERO),
            {name: sum((x.buckets[name] for x in rows), ZERO) for name, _ in BUCKETS},
            sum((x.credits for x in rows), ZERO),
        )
    )


def _plot(sums: tuple[OwedRow, ...]) -> Markup:
    if not sums:
        return Markup("")
    columns = [
        Stack(
            f"{name} days",
            tuple((x.account, float(x.ages[i])) for x in sums),
        )
        for i, (name, _) in enumerate(BUCKETS)
    ]
    return stacks(columns, "Open dollars by age")


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


TEMPLATES_OF = {"receivables.html": ReceivablesPage}
