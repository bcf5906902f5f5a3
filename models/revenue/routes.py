"""By which route a payer lets a denied claim be corrected or appealed, and until when.

The routes are a payer table (``routes.csv``, each row with its source and the day from which it
holds). Medicare Part B takes original claims only: what it returned as unprocessable (RARC MA130)
goes as a new claim and cannot be appealed. What a notice itself says goes before the table.
"""

import datetime as dt
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec

from models.codes.tables import ANY, check_value, expand, read_rules
from models.edits.scope import load_payer_types
from models.errors import InputError

TABLE = "routes.csv"
UNPROCESSABLE_REMARK = "MA130"
"""RARC of a claim that was returned without a decision, hence without appeal rights."""

_COLUMNS = (
    "payer_type", "payer", "purpose", "route", "counted_from", "mailing_days", "binding", "since",
    "source", "days",
)  # fmt: skip


class Route(StrEnum):
    """How a payer takes a second request."""

    NEW_CLAIM = "new_claim"  # frequency 1
    REPLACEMENT = "replacement"  # frequency 7 with REF*F8
    VOID = "void"  # frequency 8 with REF*F8
    REOPENING = "reopening"  # Medicare: a clerical error, by letter, form or telephone
    REDETERMINATION = "redetermination"  # Medicare's first level of appeal
    APPEAL = "appeal"


class Purpose(StrEnum):
    """What is asked of the payer."""

    CORRECT = "correct"
    UNPROCESSABLE = "unprocessable"  # correct what was returned without a decision
    APPEAL = "appeal"
    DUPLICATE = "duplicate"  # undo a denial as a duplicate of what is none


_WIDER = {Purpose.UNPROCESSABLE: Purpose.CORRECT, Purpose.DUPLICATE: Purpose.APPEAL}


class RouteRule(msgspec.Struct, frozen=True):
    """One row: ``days`` after the notice or the service, plus presumed ``mailing_days``.

    Not ``binding``: no law or contract that we know sets the days; they are a safe default.
    """

    payer_type: str
    payer: str
    purpose: Purpose
    route: Route
    days: int
    counted_from: str
    mailing_days: int
    binding: bool
    since: dt.date
    source: str


class Deadline(msgspec.Struct, frozen=True):
    """Last day on which the request may arrive, and what says so."""

    day: dt.date
    source: str
    binding: bool = True


class Notice(msgspec.Struct, frozen=True):
    """What the payer's own notice says of a claim; either may be absent."""

    date: dt.date | None = None
    deadline: dt.date | None = None


class RouteTable:
    """Routes by payer; built by `load_routes`."""

    def __init__(self, rules: list[RouteRule]) -> None:
        """``rules``: those that win come last."""
        self._rules = rules

    def find(self, payer_type: str, payer: str, purpose: Purpose, on: dt.date) -> RouteRule | None:
        """The rule in force on a day; without one of its own a purpose has that of the wider one.

        >>> table = load_routes()
        >>> day = dt.date(2026, 1, 5)
        >>> table.find("medicare", "", Purpose.APPEAL, day).route
        <Route.REDETERMINATION: 'redetermination'>
        >>> table.find("commercial", "60054", Purpose.CORRECT, day).route
        <Route.REPLACEMENT: 'replacement'>
        """
        for rule in reversed(self._rules):
            if (
                rule.purpose is purpose
                and rule.payer_type in (ANY, payer_type)
                and rule.payer in (ANY, payer)
                and rule.since <= on
            ):
                return rule
        wider = _WIDER.get(purpose)
        return self.find(payer_type, payer, wider, on) if wider else None


def payer_type(filing_indicator: str) -> str:
    """Payer type by SBR09, ``other`` where it says nothing."""
    return load_payer_types().get(filing_indicator, "other")


def deadline(
    rule: RouteRule, *, answered: dt.date, service: dt.date | None, notice: Notice | None = None
) -> Deadline:
    """Last day of a route.

    ``answered`` is the remittance's day, which stands for the notice's date where no ``notice``
    is at hand; a deadline that the notice states wins over the table.

    >>> rule = load_routes().find("medicare", "", Purpose.APPEAL, dt.date(2026, 1, 5))
    >>> deadline(rule, answered=dt.date(2026, 1, 5), service=None).day
    datetime.date(2026, 5, 10)
    """
    if notice is not None and notice.deadline is not None:
        return Deadline(notice.deadline, "the payer's notice")
    begin = (notice.date if notice is not None else None) or answered
    if rule.counted_from == "service":
        begin = service or begin
        if rule.days == 365:  # a calendar year, whatever its length
            return Deadline(_year_later(begin), rule.source, rule.binding)
    last = begin + dt.timedelta(days=rule.days + rule.mailing_days)
    return Deadline(last, rule.source, rule.binding)


def _year_later(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)


@lru_cache(maxsize=8)
def load_routes(overrides: Path | None = None) -> RouteTable:
    """The payer table, with the rows of the CSV file ``overrides`` over ours.

    Its columns are ``purpose`` (correct, unprocessable, appeal, duplicate), ``route`` and
    ``days``, and any of ``payer_type``, ``payer`` (number on the claim), ``counted_from`` (notice,
    service), ``mailing_days``, ``binding`` (yes, no), ``since`` and ``source``.

    Raises:
        InputError: unknown column or value; the text lists those allowed.
    """
    rules: list[RouteRule] = []
    types = [ANY, *sorted({*load_payer_types().values(), "other"})]
    for source in (TABLE, overrides):
        if source is None:
            continue
        own = [
            rule
            for line, cells in read_rules(
                source, _COLUMNS, ("purpose", "route", "days"), package="models.revenue"
            )
            for rule in _rules(str(source), line, cells, types)
        ]
        own.sort(key=lambda r: (r.payer != ANY, r.payer_type != ANY, r.since))
        rules += own
    return RouteTable(rules)


def _rules(name: str, line: int, cells: dict[str, str], types: list[str]) -> list[RouteRule]:
    purpose = check_value(name, line, "purpose", cells["purpose"], list(Purpose))
    route = check_value(name, line, "route", cells["route"], list(Route))
    begin = cells["counted_from"] if cells["counted_from"] != ANY else "notice"
    check_value(name, line, "counted_from", begin, ("notice", "service"))
    binding = cells["binding"] if cells["binding"] != ANY else "yes"
    check_value(name, line, "binding", binding, ("yes", "no"))
    try:
        days = int(cells["days"])
        mailing = int(cells["mailing_days"]) if cells["mailing_days"] != ANY else 0
        since = dt.date.fromisoformat(cells["since"]) if cells["since"] != ANY else dt.date.min
    except ValueError:
        raise InputError(
            f"{name}, line {line}: days and mailing_days are whole numbers, since is YYYY-MM-DD"
        ) from None
    if not (0 < days <= 3660 and 0 <= mailing <= 60):
        raise InputError(f"{name}, line {line}: days must be 1 to 3660, mailing_days 0 to 60")
    source = cells["source"] if cells["source"] != ANY else f"{Path(name).name}, line {line}"
    return [
        RouteRule(
            check_value(name, line, "payer_type", kind, types), payer, Purpose(purpose),
            Route(route), days, begin, mailing, binding == "yes", since, source,
        )
        for kind, payer in expand(cells, ("payer_type", "payer"))
    ]  # fmt: skip


@lru_cache(maxsize=8)
def load_notices(path: Path | None) -> dict[str, Notice]:
    """What notices say, by claim number: a CSV file ``claim_id, notice_date, deadline``.

    Raises:
        InputError: unknown column, no claim number, or a date that is none.
    """
    found: dict[str, Notice] = {}
    if path is None:
        return found
    columns = ("notice_date", "deadline", "claim_id")
    for line, cells in read_rules(path, columns, ("claim_id",)):
        try:
            days = [
                None if cells[c] == ANY else dt.date.fromisoformat(cells[c]) for c in columns[:2]
            ]
        except ValueError:
            raise InputError(f"{path}, line {line}: dates are written YYYY-MM-DD") from None
        found[cells["claim_id"]] = Notice(*days)
    return found
