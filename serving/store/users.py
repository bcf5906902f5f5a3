"""Users and their sessions in the database."""

import datetime as dt
import hashlib
import secrets
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from models.errors import InputError
from serving.security.users import SignInRefusedError, User, fits, wait_after
from serving.store.columns import now
from serving.store.database import Database, insert_new
from serving.store.errors import NotFoundError
from serving.store.identity import column_text
from serving.store.tables import InstallationRow, SessionRow, UserRow

#: A session's last use is written to the minute: not one write for each page.
NOTED = dt.timedelta(minutes=1)
#: However busy, a session ends after a working day.
LONGEST = dt.timedelta(hours=12)

WRONG = "the name or the password is not right"


class Users:
    """Users by name, and who is signed in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, user: User) -> None:
        """Keeps a new user.

        Raises:
            InputError: the name is taken.
        """
        row = {
            **msgspec.structs.asdict(user),
            "full_name": column_text(user.full_name),
            "practices": None if user.practices is None else list(user.practices),
        }
        if not self._database.transact(lambda c: insert_new(c, UserRow, [row])):
            raise InputError(f"name={user.name!r} is taken; 'firstpass users list' shows them")

    def all(self) -> list[User]:
        """Every user by name."""
        with self._database.read() as connection:
            return [
                _user(r._mapping)
                for r in connection.execute(select(UserRow).order_by(UserRow.name))
            ]

    def exist(self) -> bool:
        """Whether any user was ever made: then pages ask who is there."""
        with self._database.read() as connection:
            return connection.execute(select(UserRow.id).limit(1)).scalar() is not None

    def find(self, name: str) -> User:
        """The user with this name.

        Raises:
            NotFoundError: there is none.
        """
        found = self._by(UserRow.name == name.strip().lower())
        if found is None:
            raise NotFoundError("no user has this name; 'firstpass users list' shows them")
        return found

    def by_subject(self, subject: str) -> User | None:
        """The user whom an OpenID provider knows as this (issuer and subject)."""
        return self._by(UserRow.subject == subject) if subject else None

    def by_id(self, user_id: str) -> User:
        """The user with this id.

        Raises:
            NotFoundError: there is none.
        """
        found = self._by(UserRow.id == user_id)
        if found is None:
            raise NotFoundError("no user has this id")
        return found

    def _by(self, condition: Any) -> User | None:
        with self._database.read() as connection:
            row = connection.execute(select(UserRow).where(condition)).one_or_none()
        return None if row is None else _user(row._mapping)

    def change(self, user_id: str, **values: Any) -> User:
        """Sets columns of one user; a new password, role or lock ends its sessions.

        Raises:
            NotFoundError: there is none.
        """

        def work(connection: Any) -> None:
            connection.execute(update(UserRow).where(UserRow.id == user_id).values(**values))
            if {"password", "role", "practices", "disabled"} & values.keys():
                connection.execute(delete(SessionRow).where(SessionRow.user == user_id))

        self._database.transact(work)
        return self.by_id(user_id)

    def check_password(self, name: str, password: str) -> User:
        """The user whose password this is.

        Raises:
            SignInRefusedError: in one wording for an unknown name, a wrong password and a
                disabled user; after several wrong ones also for a while whatever is given.
        """
        user = self._by(UserRow.name == name.strip().lower())
        moment = now()
        if user is not None and user.status(moment) == "locked" and user.locked_until:
            seconds = int((user.locked_until - moment).total_seconds()) + 1
            raise SignInRefusedError(f"too many wrong passwords: try again in {seconds} seconds")
        right = fits(user, password)
        if user is None:
            raise SignInRefusedError(WRONG)
        if not right:
            failures = user.failures + 1
            wait = wait_after(failures)
            locked = moment + wait if wait else None
            self.change(user.id, failures=failures, locked_until=locked)
            raise SignInRefusedError(WRONG)
        if user.disabled is not None:
            raise SignInRefusedError(WRONG)
        if user.failures:
            return self.change(user.id, failures=0, locked_until=None)
        return user

    def begin_session(self, user: User, method: str, idle: dt.timedelta) -> str:
        """A new session's secret, for the cookie; only its hash is kept."""
        secret = secrets.token_urlsafe(32)
        moment = now()
        row = {
            "hash": _hash(secret),
            "user": user.id,
            "method": method,
            "created": moment,
            "seen": moment,
        }

        def work(connection: Any) -> None:
            connection.execute(insert(SessionRow).values(**row))
            old = (SessionRow.seen < moment - idle) | (SessionRow.created < moment - LONGEST)
            connection.execute(delete(SessionRow).where(old))
            connection.execute(
                update(UserRow).where(UserRow.id == user.id).values(last_seen=moment)
            )

        self._database.transact(work)
        return secret

    def of_session(self, secret: str, idle: dt.timedelta) -> User | None:
        """Who is signed in with this cookie; nobody after ``idle`` without a page, or a day."""
        if not secret:
            return None
        key = _hash(secret)
        query = (
            select(UserRow, SessionRow.seen, SessionRow.created.label("began"))
            .join(SessionRow, SessionRow.user == UserRow.id)
            .where(SessionRow.hash == key)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        moment = now()
        if row is None or row.disabled is not None:
            return None
        if moment - row.seen > idle or moment - row.began > LONGEST:
            self.end_session(secret)
            return None
        if moment - row.seen > NOTED:
            self._database.transact(
                lambda c: c.execute(
                    update(SessionRow).where(SessionRow.hash == key).values(seen=moment)
                )
            )
        return _user(row._mapping)

    def page_key(self) -> bytes:
        """This database's key for the tokens of pages; made when first asked for."""

        def work(connection: Any) -> bytes:
            row = {"name": "page_key", "value": secrets.token_bytes(32)}
            insert_new(connection, InstallationRow, [row])
            query = select(InstallationRow.value).where(InstallationRow.name == "page_key")
            return bytes(connection.execute(query).scalar_one())

        return self._database.transact(work)

    def end_session(self, secret: str) -> None:
        """Signs out."""
        self._database.transact(
            lambda c: c.execute(delete(SessionRow).where(SessionRow.hash == _hash(secret)))
        )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _user(row: Any) -> User:
    return msgspec.convert({k: row[k] for k in User.__struct_fields__}, User)
