"""``firstpass keys``: who may use the API."""

import datetime as dt
from typing import Annotated, Any

import typer

from serving.cli.console import Json, actor, columns, note, opened_store, show

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

DAYS = 365


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, for instance a system's name.")],
    role: Annotated[
        str,
        typer.Option(help="scoring_system, coder, biller, data_scientist or administrator."),
    ],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Only this scope of the role; may be repeated.", show_default=False),
    ] = None,
    practice: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NPI:TAXNUMBER",
            help="Only this practice; may be repeated. Without: every practice.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Days until it expires; 0: never.")] = DAYS,
    requests_per_minute: Annotated[
        int | None, typer.Option(help="Its own limit of requests.", show_default=False)
    ] = None,
    max_body_bytes: Annotated[
        int | None, typer.Option(help="Its own limit of a body's size.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    Example: firstpass keys create "practice management" --role scoring_system
    """
    from serving.audit import AuditEntry
    from serving.security import create_key

    new = create_key(
        name,
        role,
        scopes=scope or None,
        practices=practice or None,
        lifetime=dt.timedelta(days=days) if days else None,
        requests_per_minute=requests_per_minute,
        max_body_bytes=max_body_bytes,
        created_by=actor(),
    )
    with opened_store() as store:
        store.keys.add(new.key)
        store.audit.append(
            AuditEntry(
                actor=actor(),
                action="key.create",
                record=f"key:{new.key.id}",
                detail={"role": role, "days": days},
            )
        )
    if not json:
        note("This key is shown once; keep it where only its user can read it:")
        if "coding" in new.key.scopes:
            note(f"('firstpass keys aws {new.key.id}' shows its AWS-style pair)")
    show({**_public(new.key), "key": new.text}, new.text, as_json=json)


@app.command("list")
def list_keys(json: Json = False) -> None:
    """List every key, without its secret."""
    with opened_store() as store:
        keys = store.keys.all()
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "role": key.role,
            "practices": "all" if key.practices is None else " ".join(key.practices),
            "status": key.status(),
            "expires": key.expires.date().isoformat() if key.expires else "never",
            "last used": f"{key.last_used:%Y-%m-%d %H:%M}" if key.last_used else "never",
        }
        for key in keys
    ]
    show([_public(key) for key in keys], columns(rows) or "no keys", as_json=json)


@app.command("aws")
def aws_pair(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `firstpass keys list` shows it.")],
    json: Json = False,
) -> None:
    """Show the AWS-style key pair of a key, for clients of Comprehend Medical.

    The secret is derived from this installation's key, and holds as long as the API key does.

    Example: firstpass keys aws 0123456789ab
    """
    from serving.audit import AuditEntry
    from serving.security.installation import installation_key
    from serving.security.signature import key_pair
    from serving.settings import read_settings
    from serving.store.errors import NotFoundError

    settings = read_settings()
    with opened_store() as store:
        key = store.keys.get(key_id)
        if key is None or key.status() != "active":
            raise NotFoundError("no active API key has this id; `firstpass keys list` shows them")
        store.audit.append(AuditEntry(actor=actor(), action="key.aws", record=f"key:{key.id}"))
    pair = key_pair(installation_key(settings.state, settings.installation_key), key.id)
    if not json:
        note("Whoever has this secret can code notes as this key; keep it where only its user is:")
    show(
        {"aws_access_key_id": pair.access_key_id, "aws_secret_access_key": pair.secret_access_key},
        f"AWS_ACCESS_KEY_ID={pair.access_key_id}\nAWS_SECRET_ACCESS_KEY={pair.secret_access_key}",
        as_json=json,
    )


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `firstpass keys list` shows it.")],
    json: Json = False,
) -> None:
    """End a key, for good; running servers follow within seconds."""
    from serving.audit import AuditEntry

    with opened_store() as store:
        key = store.keys.revoke(key_id)
        store.audit.append(AuditEntry(actor=actor(), action="key.revoke", record=f"key:{key.id}"))
    show(_public(key), f"key {key.id} is revoked", as_json=json)


def _public(key: Any) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = {**msgspec.structs.asdict(key), "status": key.status()}
    del found["hash"]
    return found
