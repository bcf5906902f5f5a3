"""Templates: one environment, in which a page sees ``page`` (its context) and ``shell``."""

import datetime as dt
import hashlib
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
STATIC = HERE / "static"
TEMPLATES = HERE / "templates"


class NavItem(msgspec.Struct, frozen=True):
    """A page in the bar at the top."""

    words: str
    href: str
    current: bool


class Key(msgspec.Struct, frozen=True):
    """A key and what it does on this page."""

    key: str
    words: str


class Shell(msgspec.Struct, frozen=True):
    """What surrounds every page.

    ``user`` is empty where nobody is signed in; ``footer`` names model and versions; ``notice``
    is said once, after something was done.
    """

    title: str
    nav: tuple[NavItem, ...]
    user: str
    role: str
    single_user: bool
    csrf: str
    theme: str
    keys: tuple[Key, ...]
    footer: str
    notice: str
    assets: str


@cache
def assets() -> str:
    """Address of the static files: changes with their content, so that browsers may keep them."""
    found = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        found.update(path.read_bytes())
    return f"/static/{found.hexdigest()[:12]}"


@cache
def environment() -> Environment:
    """The templates; whatever a template names must be there."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        money=money, percent=percent, number=number, day=day, moment=moment, dotted=dotted
    )
    return made


def render(template: str, page: object, shell: Shell) -> str:
    """A page as HTML."""
    return environment().get_template(template).render(page=page, shell=shell)


def money(value: Decimal | float) -> str:
    """Dollars with two decimals.

    >>> money(Decimal("1234.5"))
    '1,234.50'
    """
    return f"{value:,.2f}"


def percent(value: float | None) -> str:
    """A share as a percentage, or a dash where there is none.

    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return "–" if value is None else f"{value * 100:.1f} %"


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash where there is none.

    >>> number(0.7249), number(12345, 0)
    ('0.72', '12,345')
    """
    return "–" if value is None else f"{value:,.{digits}f}"


def day(value: dt.date | None) -> str:
    """A date as 2026-03-01, or a dash."""
    return "–" if value is None else value.isoformat()[:10]


def moment(value: dt.datetime | None) -> str:
    """A moment to the minute, in UTC, or a dash."""
    return "–" if value is None else f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def dotted(code: str) -> str:
    """An ICD-10-CM code with its dot.

    >>> dotted("E1121"), dotted("I10"), dotted("E11.9")
    ('E11.21', 'I10', 'E11.9')
    """
    return code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"
