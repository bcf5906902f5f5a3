"""Administration: users, keys, roles, the audit log and its verification, loaded code tables."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from models.edits.tables import Versions
from models.errors import InputError
from serving.audit import SealedEntry, Verdict
from serving.scoring.edits import EditDesk
from serving.security import create_key
from serving.security.keys import ApiKey
from serving.security.roles import load_roles
from serving.security.users import User, create_user, hash_password, new_password
from serving.store.columns import now
from serving.store.errors import NotFoundError
from serving.web.codes import CodeDesk
from serving.web.door import Door, Visit
from serving.web.render import Key

TITLE = "Administration"
KEYS = (Key("Tab", "to the next control"), Key("Enter", "press it"))
PAGE = 50
TABS = (
    ("/administration", "Users and roles", "users"),
    ("/administration/keys", "API keys", "keys"),
    ("/administration/audit", "Audit log", "audit"),
    ("/administration/tables", "Code tables", "users"),
)


class Tab(msgspec.Struct, frozen=True):
    """A part of the administration."""

    words: str
    href: str
    current: bool


class UserLine(msgspec.Struct, frozen=True):
    """A user in the list."""

    id: str
    name: str
    full_name: str
    role: str
    practices: str
    way: str
    status: str
    last_seen: dt.datetime | None
    oneself: bool


class UsersPage(msgspec.Struct, frozen=True):
    """Users and roles; ``secret`` is a new password, shown this once."""

    tabs: tuple[Tab, ...]
    users: tuple[UserLine, ...]
    roles: tuple[tuple[str, str], ...]
    secret: str
    secret_of: str
    problem: str
    single_user: bool


class KeyLine(msgspec.Struct, frozen=True):
    """An API key in the list."""

    id: str
    name: str
    role: str
    practices: str
    status: str
    expires: dt.datetime | None
    last_used: dt.datetime | None


class KeysPage(msgspec.Struct, frozen=True):
    """API keys; ``secret`` is a new key, shown this once."""

    tabs: tuple[Tab, ...]
    keys: tuple[KeyLine, ...]
    roles: tuple[tuple[str, str], ...]
    secret: str
    problem: str


class AuditLine(msgspec.Struct, frozen=True):
    """An entry of the audit log."""

    sequence: int
    time: dt.datetime
    actor: str
    action: str
    record: str
    practice: str
    outcome: str
    detail: str


class AuditPage(msgspec.Struct, frozen=True):
    """The audit log, newest first; ``verdict`` is that of a verification asked for."""

    tabs: tuple[Tab, ...]
    lines: tuple[AuditLine, ...]
    actor: str
    action: str
    record: str
    since: str
    until: str
    older: str
    verdict: Verdict | None
    problem: str


class TableLine(msgspec.Struct, frozen=True):
    """A code table or system that is loaded."""

    name: str
    version: str
    effective: str
    rows: str


class TablesPage(msgspec.Struct, frozen=True):
    """Loaded code tables with their dates, and what is missing."""

    tabs: tuple[Tab, ...]
    systems: tuple[TableLine, ...]
    tables: tuple[TableLine, ...]
    missing: tuple[str, ...]


def add_administration(door: Door, edits: EditDesk, codes: CodeDesk) -> None:
    """Registers the pages of the administration."""

    @door.get("/administration", "users")
    def users(visit: Visit) -> Response:
        return _users(visit)

    @door.post("/administration/users", "users")
    def add(visit: Visit) -> Response:
        form = visit.form
        password = "" if form.get("way") == "oidc" else new_password()
        practices = form.get("practices", "").replace(",", " ").split()
        try:
            user = create_user(
                form.get("name", ""),
                form.get("role", ""),
                full_name=form.get("full_name", "")[:100],
                practices=practices or None,
                password=password,
                created_by=visit.caller.actor,
            )
            visit.store.users.add(user)
            visit.service.access.end_single_user()
        except InputError as error:
            return _users(visit, problem=str(error))
        visit.audit("user.create", user.actor, role=user.role)
        return _users(visit, secret=password, secret_of=user.name)

    @door.post("/administration/users/{user}", "users")
    def change(visit: Visit) -> Response:
        form, users = visit.form, visit.store.users
        try:
            user = users.by_id(str(visit.request.path_params["user"]))
            action = form.get("action", "")
            if user.actor == visit.caller.actor and action in ("disable", "role"):
                raise InputError("another administrator must do this to your own user")
            if action == "role":
                if form.get("role", "") not in load_roles():
                    raise InputError("this role is unknown")
                users.change(user.id, role=form["role"])
                visit.audit("user.role", user.actor, role=form["role"])
            elif action == "disable":
                users.change(user.id, disabled=now())
                visit.audit("user.disable", user.actor)
            elif action == "reset":
                password = new_password()
                users.change(
                    user.id,
                    password=hash_password(password, user.name),
                    disabled=None,
                    failures=0,
                    locked_until=None,
                )
                visit.audit("user.reset", user.actor)
                return _users(visit, secret=password, secret_of=user.name)
            else:
                raise InputError("choose role, disable or reset")
        except (InputError, NotFoundError) as error:
            return _users(visit, problem=str(error))
        return visit.redirect("/administration", f"done: {action}")

    @door.get("/administration/keys", "keys")
    def keys(visit: Visit) -> Response:
        return _keys(visit)

    @door.post("/administration/keys", "keys")
    def add_key(visit: Visit) -> Response:
        form = visit.form
        days = form.get("days", "365")
        try:
            if not days.isdecimal() or len(days) > 5:
                raise InputError("days are a whole number; 0: never expires")
            new = create_key(
                form.get("name", "")[:100],
                form.get("role", ""),
                practices=form.get("practices", "").replace(",", " ").split() or None,
                lifetime=dt.timedelta(days=int(days)) if int(days) else None,
                created_by=visit.caller.actor,
            )
            visit.store.keys.add(new.key)
            visit.service.access.end_single_user()
        except InputError as error:
            return _keys(visit, problem=str(error))
        visit.audit("key.create", f"key:{new.key.id}", role=new.key.role)
        return _keys(visit, secret=new.text)

    @door.post("/administration/keys/{key}/revoke", "keys")
    def revoke(visit: Visit) -> Response:
        key = visit.store.keys.revoke(str(visit.request.path_params["key"]))
        visit.audit("key.revoke", f"key:{key.id}")
        return visit.redirect("/administration/keys", f"key {key.id} is revoked")

    @door.get("/administration/audit", "audit")
    def audit(visit: Visit) -> Response:
        return visit.page("audit.html", audit_page(visit), TITLE, KEYS)

    @door.post("/administration/audit/verify", "audit")
    def verify(visit: Visit) -> Response:
        problem, verdict = "", None
        try:
            verdict = visit.store.audit.verify(visit.form.get("head", "").strip() or None)
        except InputError as error:
            problem = str(error)
        return visit.page("audit.html", audit_page(visit, verdict, problem), TITLE, KEYS)

    @door.get("/administration/tables", "users")
    def tables(visit: Visit) -> Response:
        page = tables_page(visit, edits, codes)
        return visit.page("tables.html", page, TITLE, KEYS)


def _users(visit: Visit, *, problem: str = "", secret: str = "", secret_of: str = "") -> Response:
    page = UsersPage(
        tabs=_tabs(visit, "/administration"),
        users=tuple(_user(x, visit.caller.actor) for x in visit.store.users.all()),
        roles=_roles(),
        secret=secret,
        secret_of=secret_of,
        problem=problem,
        single_user=visit.service.access.single_user,
    )
    return visit.page("users.html", page, TITLE, KEYS)


def _keys(visit: Visit, *, problem: str = "", secret: str = "") -> Response:
    page = KeysPage(
        tabs=_tabs(visit, "/administration/keys"),
        keys=tuple(_key(x) for x in visit.store.keys.all()),
        roles=_roles(),
        secret=secret,
        problem=problem,
    )
    return visit.page("keys.html", page, TITLE, KEYS)


def audit_page(visit: Visit, verdict: Verdict | None = None, problem: str = "") -> AuditPage:
    """The audit log's context."""
    before = visit.query("before")
    since, until = visit.query("since"), visit.query("until")
    found = visit.store.audit.entries(
        actor=visit.query("actor").strip() or None,
        action=visit.query("action").strip() or None,
        record=visit.query("record").strip() or None,
        since=_moment(since),
        until=_moment(until),
        limit=PAGE,
        before=int(before) if before.isdecimal() and len(before) < 18 else None,
    )
    kept = {k: v for k, v in visit.request.query_params.items() if k != "before" and v}
    older = ""
    if len(found) == PAGE:
        older = "?" + urlencode({**kept, "before": found[-1].sequence})
    return AuditPage(
        tabs=_tabs(visit, "/administration/audit"),
        lines=tuple(_line(x) for x in found),
        actor=visit.query("actor"),
        action=visit.query("action"),
        record=visit.query("record"),
        since=since,
        until=until,
        older=older,
        verdict=verdict,
        problem=problem,
    )


def tables_page(visit: Visit, edits: EditDesk, codes: CodeDesk) -> TablesPage:
    """The code tables' context."""
    systems = [TableLine(x.name, x.version, "", f"{len(x):,}") for x in codes.systems.values()]
    loaded = edits.tables
    named: dict[str, Versions[Any]] = {
        **{f"NCCI pairs, {x}": v for x, v in loaded.ncci.items()},
        **{f"MUE, {x}": v for x, v in loaded.mue.items()},
        "add-on codes": loaded.addon,
        "fee schedule": loaded.mpfs,
        "HCPCS": loaded.hcpcs,
        "CPT": loaded.cpt,
    }
    lines = [
        TableLine(
            name,
            meta.edition or meta.title or "–",
            meta.effective.isoformat() if meta.effective else "every day",
            f"{meta.rows:,}",
        )
        for name, versions in named.items()
        for meta in versions.metas
    ]
    silent = [
        f"{name}: {len(ids)} edit{'s' if len(ids) > 1 else ''}"
        for name, ids in loaded.missing().items()
    ]
    return TablesPage(
        tabs=_tabs(visit, "/administration/tables"),
        systems=tuple(systems),
        tables=tuple(lines),
        missing=(*silent, *map(str, loaded.problems)),
    )


def _tabs(visit: Visit, current: str) -> tuple[Tab, ...]:
    return tuple(
        Tab(words, href, href == current) for href, words, scope in TABS if visit.may(scope)
    )


def _roles() -> tuple[tuple[str, str], ...]:
    return tuple((role, ", ".join(sorted(scopes))) for role, scopes in load_roles().items())


def _user(user: User, actor: str) -> UserLine:
    return UserLine(
        user.id,
        user.name,
        user.full_name,
        user.role,
        "all" if user.practices is None else " ".join(user.practices),
        "password" if user.password else "OpenID Connect",
        user.status(),
        user.last_seen,
        user.actor == actor,
    )


def _key(key: ApiKey) -> KeyLine:
    return KeyLine(
        key.id,
        key.name,
        key.role,
        "all" if key.practices is None else " ".join(key.practices),
        key.status(),
        key.expires,
        key.last_used,
    )


def _line(sealed: SealedEntry) -> AuditLine:
    entry = sealed.entry
    return AuditLine(
        sealed.sequence,
        entry.time,
        entry.actor,
        entry.action,
        entry.record,
        entry.practice,
        entry.outcome,
        " ".join(f"{k}={v}" for k, v in entry.detail.items()),
    )


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    except ValueError:
        return None


TEMPLATES_OF = {
    "users.html": UsersPage,
    "keys.html": KeysPage,
    "audit.html": AuditPage,
    "tables.html": TablesPage,
}
