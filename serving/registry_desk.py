"""The registry as pages need it, in a process of its own: workers never import MLflow.

Run as ``python -m serving.registry_desk STATE describe``, ``promote NAME VERSION REASON`` or
``rollback NAME REASON``. ``describe`` writes ``STATE/models-page/models.json`` and the plots of
every version beside it; the others print what became of it. Exit 1 with one line on an error.
"""

import sys
from pathlib import Path

import msgspec

from models.errors import FirstpassError
from serving.scoring.resolution import registry_fingerprint

FOLDER = "models-page"
FILE = "models.json"


class DescribedVersion(msgspec.Struct, frozen=True):
    """A version with what its training run left behind; ``created`` is ISO 8601."""

    version: int
    created: str
    aliases: tuple[str, ...]
    tags: dict[str, str]
    headline: dict[str, float]
    params: dict[str, str]
    metrics: dict[str, float]
    plots: tuple[str, ...]
    reports: dict[str, str]


class DescribedMove(msgspec.Struct, frozen=True):
    """A move of the champion; ``at`` is ISO 8601."""

    at: str
    kind: str
    version: int
    previous: int | None
    reason: str


class DescribedModel(msgspec.Struct, frozen=True):
    """A registered model: versions newest first, moves newest first."""

    name: str
    versions: tuple[DescribedVersion, ...]
    moves: tuple[DescribedMove, ...]


class Description(msgspec.Struct, frozen=True):
    """All registered models as of one state of the registry."""

    fingerprint: str
    models: tuple[DescribedModel, ...]


def describe(state: Path) -> None:
    """Write what there is."""
    from models import registry

    fingerprint = registry_fingerprint()
    found = []
    for name in registry.model_names():
        described = []
        for version in registry.versions(name):
            run = registry.describe_run(version, state / FOLDER / name / str(version.version))
            described.append(
                DescribedVersion(
                    version.version,
                    version.created.isoformat(),
                    version.aliases,
                    version.tags,
                    version.metrics,
                    run.params,
                    run.metrics,
                    run.plots,
                    run.reports,
                )
            )
        moves = tuple(
            DescribedMove(x.at.isoformat(), x.kind, x.version, x.previous, x.reason)
            for x in reversed(registry.promotions(name))
        )
        found.append(DescribedModel(name, tuple(described), moves))
    path = state / FOLDER / FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".partial")
    draft.write_bytes(msgspec.json.encode(Description(fingerprint, tuple(found))))
    draft.replace(path)


def main(arguments: list[str]) -> None:
    """Do what is asked."""
    state, verb, *rest = arguments
    if verb == "promote":
        from models import registry

        done = registry.promote(rest[0], rest[1], reason=rest[2])
        print(f"version {done.version} of {done.name} is the champion")
    elif verb == "rollback":
        from models import registry

        done = registry.rollback(rest[0], reason=rest[1])
        print(f"version {done.version} of {done.name} is the champion again")
    describe(Path(state))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FirstpassError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
