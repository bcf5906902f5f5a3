"""Registered versions: which there are, and which one a number or alias means."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from models.errors import RegistryError
from models.registry import store

CHAMPION = "champion"
CHALLENGER = "challenger"
METRIC_TAG = "metric."


class Version(msgspec.Struct, frozen=True):
    """One registered version. ``metrics`` are the headline figures it was registered with."""

    name: str
    version: int
    aliases: tuple[str, ...]
    created: dt.datetime
    run_id: str
    source: str
    tags: dict[str, str]

    @property
    def metrics(self) -> dict[str, float]:
        """Headline figures by name."""
        return {
            key.removeprefix(METRIC_TAG): float(value)
            for key, value in self.tags.items()
            if key.startswith(METRIC_TAG)
        }


def versions(name: str) -> list[Version]:
    """All versions of a model, newest first; empty if the model was never registered.

    Raises:
        RegistryError: There is no store, or it cannot be reached.
    """
    client = store.open_client()
    with store.translated(f"list the versions of '{name}'"):
        aliases = _aliases(client, name)
        found = client.search_model_versions(f"name='{checked(name)}'", max_results=10_000)
        result = [_version(entry, aliases) for entry in found]
    return sorted(result, key=lambda v: v.version, reverse=True)


def model_names() -> list[str]:
    """Names of the registered models, in order."""
    client = store.open_client()
    with store.translated("list the registered models"):
        return sorted(model.name for model in client.search_registered_models(max_results=1000))


def find(name: str, which: str | int = CHAMPION) -> Version:
    """The version with that number or alias (``3``, ``"3"``, ``"champion"``, ``"@champion"``).

    Raises:
        RegistryError: There is no such model, version or alias.
    """
    found = versions(name)
    if not found:
        raise RegistryError(
            f"no model '{name}' is registered yet: run 'firstpass train {name} HISTORY --promote'"
        )
    wanted = str(which).removeprefix("@")
    for entry in found:
        if wanted in entry.aliases or wanted == str(entry.version):
            return entry
    numbers = ", ".join(str(entry.version) for entry in reversed(found))
    if wanted.isdecimal():
        raise RegistryError(f"model '{name}' has no version {wanted}; there are: {numbers}")
    raise RegistryError(
        f"model '{name}' has no version with the alias '{wanted}'; there are versions {numbers}:"
        f" run 'firstpass promote {name} VERSION'"
    )


def set_alias(name: str, alias: str, version: int) -> None:
    """Point an alias at a version; `promotion.promote` does so for the champion, with a record."""
    client = store.open_client()
    with store.translated(f"move the alias '{alias}' of '{name}'"):
        client.set_registered_model_alias(name, alias, str(version))


def drop_alias(name: str, alias: str) -> None:
    """Take an alias away from whichever version has it."""
    client = store.open_client()
    with store.translated(f"drop the alias '{alias}' of '{name}'"):
        client.delete_registered_model_alias(name, alias)


def _aliases(client: Any, name: str) -> dict[int, tuple[str, ...]]:
    found = client.search_registered_models(f"name='{checked(name)}'", max_results=1)
    result: dict[int, tuple[str, ...]] = {}
    for alias, number in sorted((found[0].aliases if found else {}).items()):
        result[int(number)] = (*result.get(int(number), ()), alias)
    return result


def _version(entry: Any, aliases: Mapping[int, tuple[str, ...]]) -> Version:
    return Version(
        entry.name,
        int(entry.version),
        aliases.get(int(entry.version), ()),
        dt.datetime.fromtimestamp(entry.creation_timestamp / 1000, tz=dt.UTC),
        entry.run_id or "",
        entry.source,
        dict(entry.tags),
    )


def checked(name: str) -> str:
    """``name`` if it can be a model's, else a `RegistryError`."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise RegistryError(f"name={name!r} is no model name: letters, digits, '-' and '_' only")
    return name
