"""What of the figures is looked at: months, and one payer, provider, location or specialty."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from models.revenue.kpis import DIMENSIONS
from serving.web.door import Visit

TOLD = ("payer", "provider", "location", "specialty")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class View(msgspec.Struct, frozen=True):
    """What is looked at; empty: everything."""

    since: str = ""
    until: str = ""
    payer: str = ""
    provider: str = ""
    location: str = ""
    specialty: str = ""

    @property
    def where(self) -> dict[str, str]:
        """The dimensions that are held to one value."""
        return {name: value for name in TOLD if (value := getattr(self, name))}

    @property
    def query(self) -> str:
        """The same as part of an address."""
        return urlencode({k: v for k, v in msgspec.structs.asdict(self).items() if v})


class Choice(msgspec.Struct, frozen=True):
    """A value to look at alone."""

    value: str
    words: str


class Filters(msgspec.Struct, frozen=True):
    """What can be chosen, and what is."""

    view: View
    months: tuple[str, ...]
    payers: tuple[Choice, ...]
    providers: tuple[Choice, ...]
    locations: tuple[Choice, ...]
    specialties: tuple[Choice, ...]


def asked_view(visit: Visit) -> View:
    """The view that the address asks for; what is malformed is not asked."""
    months = {
        name: given if _MONTH.fullmatch(given := visit.query(name)) else ""
        for name in ("since", "until")
    }
    return View(**months, **{name: visit.query(name)[:120] for name in TOLD})


def filters_of(visit: Visit, view: View, payers: Mapping[str, str]) -> Filters:
    """What there is to choose from; ``payers`` are names by key."""
    values = visit.store.kpis.values(visit.practices)
    choices = {
        name: tuple(
            sorted(
                (Choice(x, payers.get(x, x) if name == "payer" else x) for x in values[name] if x),
                key=lambda c: c.words,
            )
        )
        for name in TOLD
    }
    months = tuple(values[DIMENSIONS[0]])
    return Filters(
        view, months, choices["payer"], choices["provider"], choices["location"],
        choices["specialty"],
    )  # fmt: skip
