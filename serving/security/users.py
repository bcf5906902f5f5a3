"""People who sign in to the pages: names, passwords (argon2id) and what a wrong one costs."""

import datetime as dt
import re
import secrets
from collections.abc import Iterable
from functools import cache

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.errors import FirstpassError, InputError
from serving.security.keys import Principal
from serving.security.roles import scopes_of
from serving.store.columns import now

#: NIST SP 800-63B, 3.1.1.2: length counts, composition rules do not.
SHORTEST = 12
LONGEST = 1024
#: From so many wrong passwords in a row on, each further one doubles the wait.
FREE_FAILURES = 4
FIRST_WAIT = dt.timedelta(seconds=15)
LONGEST_WAIT = dt.timedelta(minutes=15)

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?")


class SignInRefusedError(FirstpassError):
    """Nobody is signed in: wrong name or password, a disabled user, or too many attempts."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user as kept. ``practices=None``: every practice; no ``password``: OpenID Connect only."""

    id: str
    name: str
    full_name: str
    role: str
    practices: tuple[str, ...] | None = None
    password: str = ""
    subject: str = ""
    created: dt.datetime
    created_by: str = ""
    disabled: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    failures: int = 0
    locked_until: dt.datetime | None = None

    @property
    def actor(self) -> str:
        """Name in the audit log."""
        return f"user:{self.id}"

    @property
    def principal(self) -> Principal:
        """What this user may do."""
        practices = None if self.practices is None else frozenset(self.practices)
        return Principal(self.actor, self.full_name, self.role, scopes_of(self.role), practices)

    def status(self, moment: dt.datetime | None = None) -> str:
        """``active``, ``disabled`` or ``locked`` (after wrong passwords, for a while)."""
        if self.disabled is not None:
            return "disabled"
        if self.locked_until is not None and self.locked_until > (moment or now()):
            return "locked"
        return "active"


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """Hash that is checked where no user has the name, so that both take the same time."""
    return _hasher().hash(secrets.token_urlsafe(32))


def create_user(
    name: str,
    role: str,
    *,
    full_name: str = "",
    practices: Iterable[str] | None = None,
    password: str = "",
    created_by: str = "",
) -> User:
    """A new user; without ``password`` one that signs in through OpenID Connect only.

    Raises:
        InputError: a name, role, practice or password that is not allowed.
    """
    plain = name.strip().lower()
    if not _NAME.fullmatch(plain):
        raise InputError(
            f"name={name!r} is not allowed: 1 to 64 of a-z, 0-9 and . _ @ + -, for instance an"
            " e-mail address"
        )
    scopes_of(role)
    allowed = None if practices is None else tuple(sorted(set(practices)))
    for practice in allowed or ():
        if ":" not in practice:
            raise InputError(
                f"practice={practice!r} is not a practice key; the form is NPI:TAXNUMBER"
            )
    return User(
        id=secrets.token_hex(6),
        name=plain,
        full_name=full_name.strip() or plain,
        role=role,
        practices=allowed,
        password=hash_password(password, plain) if password else "",
        created=now(),
        created_by=created_by,
    )


def hash_password(password: str, name: str = "") -> str:
    """What is kept of a password.

    Raises:
        InputError: too short or too long, or the user's own name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"a password has {SHORTEST} to {LONGEST} characters")
    if name and password.lower() == name:
        raise InputError("a password must not be the user's name")
    return _hasher().hash(password)


def new_password() -> str:
    """A password that nobody guesses, made for a user who is to get one."""
    return secrets.token_urlsafe(15)


def fits(user: User | None, password: str) -> bool:
    """Whether the password is the user's; takes as long for nobody as for somebody."""
    known = user.password if user is not None else ""
    try:
        _hasher().verify(known or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return known != ""


def wait_after(failures: int) -> dt.timedelta:
    """How long a user is locked after so many wrong passwords in a row.

    >>> [int(wait_after(n).total_seconds()) for n in (4, 5, 6, 20)]
    [0, 15, 30, 900]
    """
    if failures <= FREE_FAILURES:
        return dt.timedelta(0)
    doublings: int = min(failures - FREE_FAILURES - 1, 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
