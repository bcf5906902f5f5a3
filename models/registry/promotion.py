"""Moving the champion, forward and back, with a record of when and why.

Each move is one tag of the registered model, so that the record lives where the alias lives.
"""

import datetime as dt

import msgspec

from models.errors import RegistryError
from models.registry import store
from models.registry.files import check_loads
from models.registry.versions import (
    CHALLENGER,
    CHAMPION,
    Version,
    drop_alias,
    find,
    set_alias,
    versions,
)

_TAG = "promotion."


class Promotion(msgspec.Struct, frozen=True):
    """One move of the champion. ``kind`` is ``promote`` or ``rollback``."""

    at: dt.datetime
    kind: str
    version: int
    previous: int | None
    reason: str = ""


def promotions(name: str) -> list[Promotion]:
    """All moves of a model's champion, oldest first."""
    if not versions(name):
        return []
    client = store.open_client()
    with store.translated(f"read the promotions of '{name}'"):
        tags = client.get_registered_model(name).tags
    return [
        msgspec.json.decode(value, type=Promotion)
        for key, value in sorted(tags.items())
        if key.startswith(_TAG)
    ]


def promote(
    name: str, version: str | int, *, reason: str = "", despite_gate: bool = False
) -> Version:
    """Make a version the champion, which then is no challenger any more.

    Promoting the champion again changes nothing.

    Raises:
        RegistryError: There is no such version, it does not load in this environment, or it
            failed the gate at its training and ``despite_gate`` was not said.
    """
    chosen = find(name, version)
    if chosen.tags.get("gate") == "failed" and not despite_gate:
        raise RegistryError(
            f"version {chosen.version} of '{name}' failed the gate when it was trained (see"
            " gate.json in its run): promote it with --despite-gate and a reason, or train anew"
        )
    check_loads(chosen)
    with store.store_lock():
        if CHAMPION in find(name, chosen.version).aliases:
            return chosen
        _move(name, chosen.version, "promote", reason)
    return find(name, chosen.version)


def rollback(name: str, *, reason: str = "") -> Version:
    """Give the champion's place back to the version promoted before it.

    A second rollback goes one further back; a version that was deleted meanwhile is passed over.

    Raises:
        RegistryError: There is no earlier champion, or it does not load in this environment.
    """
    with store.store_lock():
        current = find(name, CHAMPION)
        earlier = _earlier(name, current.version)
        if earlier is None:
            raise RegistryError(
                f"version {current.version} of '{name}' has no predecessor to go back to: promote"
                f" another version with 'firstpass promote {name} VERSION'"
            )
        check_loads(find(name, earlier))
        _move(name, earlier, "rollback", reason)
    return find(name, earlier)


def _earlier(name: str, current: int) -> int | None:
    """The champion before ``current``: promotions push, rollbacks pop."""
    stack: list[int] = []
    for entry in promotions(name):
        if entry.kind == "promote":
            stack.append(entry.version)
        else:
            while stack and stack[-1] != entry.version:
                stack.pop()
    existing = {entry.version for entry in versions(name)}
    while stack and (stack[-1] == current or stack[-1] not in existing):
        stack.pop()
    return stack[-1] if stack else None


def _move(name: str, version: int, kind: str, reason: str) -> None:
    previous = next((v.version for v in versions(name) if CHAMPION in v.aliases), None)
    entry = Promotion(dt.datetime.now(dt.UTC), kind, version, previous, reason)
    client = store.open_client()
    with store.translated(f"record the promotion of '{name}' version {version}"):
        # MLflow allows no ':' in keys that are to be sorted and read by eye on every backend.
        key = f"{_TAG}{entry.at:%Y-%m-%dT%H%M%S.%fZ}"
        client.set_registered_model_tag(name, key, msgspec.json.encode(entry).decode())
    set_alias(name, CHAMPION, version)
    if CHALLENGER in find(name, version).aliases:
        drop_alias(name, CHALLENGER)
