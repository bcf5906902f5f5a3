"""Roles and the scopes that each holds: a table (``roles.csv``), not code.

Scopes: ``score`` claims; ``load`` files into the store; ``batches``; ``read`` what is stored;
``rules`` accept, edit or dismiss payer rules; ``ledger``, ``posting``, ``denials`` and ``kpis``
after submission; ``scorecard``; ``models`` see versions; ``promote``
them; ``export`` training data; ``coding`` work on notes; ``keys``, ``users`` and ``audit``
administer.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from models.errors import InputError


@cache
def load_roles() -> Mapping[str, frozenset[str]]:
    """Scopes of each role."""
    found: dict[str, set[str]] = {}
    text = (Path(__file__).parent / "roles.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["role"], set()).add(row["scope"])
    return MappingProxyType({role: frozenset(scopes) for role, scopes in found.items()})


def every_scope() -> frozenset[str]:
    """All scopes that any role holds."""
    return frozenset(scope for scopes in load_roles().values() for scope in scopes)


def scopes_of(role: str) -> frozenset[str]:
    """Scopes of a role.

    Raises:
        InputError: unknown role; the text lists the known ones.
    """
    roles = load_roles()
    if role not in roles:
        raise InputError(f"role={role!r} is unknown; allowed: {', '.join(sorted(roles))}")
    return roles[role]
