"""``firstpass users``: who may sign in to the pages."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.cli.console import Json, actor, columns, note, opened_store, show

if TYPE_CHECKING:
    from serving.security.users import User
    from serving.store.store import Store

app = typer.Typer(no_args_is_help=True, help="Make, list and change users of the pages.")

Name = Annotated[str, typer.Argument(help="Name to sign in with, for instance an e-mail address.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
ROLES = "coder, biller, data_scientist, administrator or scoring_system."


@app.command()
def create(
    name: Name,
    role: Annotated[str, typer.Option(help=ROLES)],
    full_name: Annotated[str, typer.Option(help="As colleagues know them.")] = "",
    practice: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NPI:TAXNUMBER",
            help="Only this practice; may be repeated. Without: every practice.",
            show_default=False,
        ),
    ] = None,
    password_stdin: FromInput = False,
    oidc: Annotated[
        bool, typer.Option("--oidc", help="No password: signs in through OpenID Connect only.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a user; without --password-stdin a password is made and printed, once.

    From the first user on, the pages ask who is there.

    Example: firstpass users create ann@example.org --role coder --full-name "Ann Lee"
    """
    from serving.security.users import create_user, new_password

    password = "" if oidc else _read() if password_stdin else new_password()
    user = create_user(
        name,
        role,
        full_name=full_name,
        practices=practice or None,
        password=password,
        created_by=actor(),
    )
    with opened_store() as store:
        store.users.add(user)
        _audit(store, "user.create", user, role=role)
    _shown(user, "" if password_stdin else password, f"user {user.name} is made", json)


@app.command("list")
def list_users(json: Json = False) -> None:
    """List every user.

    Example: firstpass users list
    """
    with opened_store() as store:
        users = store.users.all()
    rows = [
        {
            "name": user.name,
            "full name": user.full_name,
            "role": user.role,
            "practices": "all" if user.practices is None else " ".join(user.practices),
            "signs in by": "password" if user.password else "OpenID Connect",
            "status": user.status(),
            "last seen": f"{user.last_seen:%Y-%m-%d %H:%M}" if user.last_seen else "never",
        }
        for user in users
    ]
    show([_public(user) for user in users], columns(rows) or "no users", as_json=json)


@app.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(help=ROLES)],
    json: Json = False,
) -> None:
    """Give a user another role; the user signs in anew.

    Example: firstpass users role ann@example.org biller
    """
    from serving.security.roles import scopes_of

    scopes_of(role)
    with opened_store() as store:
        user = store.users.change(store.users.find(name).id, role=role)
        _audit(store, "user.role", user, role=role)
    _shown(user, "", f"user {user.name} is {role} now", json)


@app.command()
def disable(name: Name, json: Json = False) -> None:
    """Lock a user out, at once; `reset` lets them in again.

    Example: firstpass users disable ann@example.org
    """
    from serving.store.columns import now

    with opened_store() as store:
        user = store.users.change(store.users.find(name).id, disabled=now())
        _audit(store, "user.disable", user)
    _shown(user, "", f"user {user.name} is disabled", json)


@app.command()
def reset(name: Name, password_stdin: FromInput = False, json: Json = False) -> None:
    """Give a user a new password, and lift a lock; other sessions of the user end.

    Example: firstpass users reset ann@example.org
    """
    from serving.security.users import hash_password, new_password

    password = _read() if password_stdin else new_password()
    with opened_store() as store:
        found = store.users.find(name)
        user = store.users.change(
            found.id,
            password=hash_password(password, found.name),
            disabled=None,
            failures=0,
            locked_until=None,
        )
        _audit(store, "user.reset", user)
    _shown(user, "" if password_stdin else password, f"user {user.name} has a new password", json)


def _read() -> str:
    return sys.stdin.readline().rstrip("\n")


def _audit(store: "Store", action: str, user: "User", **detail: str) -> None:
    from serving.audit import AuditEntry

    store.audit.append(
        AuditEntry(actor=actor(), action=action, record=user.actor, detail={**detail})
    )


def _shown(user: "User", password: str, words: str, as_json: bool) -> None:
    result = {**_public(user), **({"password": password} if password else {})}
    if password and not as_json:
        note(f"{words}; the password is shown once:")
    show(result, password or words, as_json=as_json)


def _public(user: "User") -> dict[str, Any]:
    import msgspec

    found = {**msgspec.structs.asdict(user), "status": user.status()}
    del found["password"]
    return found
