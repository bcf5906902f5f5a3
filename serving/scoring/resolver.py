"""The one process that asks MLflow which versions the alias means, for all workers.

Run as ``python -m serving.scoring.resolver``; ends when its standard input does, so that it
never outlives who started it. Several may be started on one state folder: one works, the others
wait for its lock without importing MLflow.
"""

import argparse
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock

from models.errors import RegistryError
from serving.scoring.resolution import (
    ModelVersion,
    Resolution,
    is_current,
    read_resolution,
    registry_fingerprint,
    resolution_file,
    write_resolution,
)
from serving.standing import ending


def resolve(model: str, alias: str, last: Resolution | None, shadow: str = "") -> Resolution:
    """Ask the registry; where it cannot be asked, the last answer with the reason.

    ``shadow`` is the alias of the version that scores in shadow; empty: none does.
    """
    from models.registry import find, load, versions

    fingerprint = registry_fingerprint()
    try:
        listed = tuple(
            ModelVersion(v.version, v.created.isoformat(), v.aliases, v.metrics)
            for v in versions(model)
        )
    except RegistryError as error:
        known = last or Resolution(model, alias)
        return msgspec.structs.replace(known, error=str(error), fingerprint=fingerprint)
    try:
        wanted = find(model, alias)
    except RegistryError as error:
        return Resolution(model, alias, error=str(error), fingerprint=fingerprint, versions=listed)
    try:
        artifact = load(model, wanted.version)
        signature, example = _description(artifact.path)
    except (RegistryError, OSError, ValueError) as error:
        known = last or Resolution(model, alias)
        return msgspec.structs.replace(
            known,
            error=f"version {wanted.version} cannot be fetched: {error}",
            fingerprint=fingerprint,
            versions=listed,
        )
    return Resolution(
        model,
        alias,
        wanted.version,
        str(artifact.path),
        signature,
        example,
        fingerprint,
        "",
        listed,
        *_shadow(model, shadow, listed, wanted.version),
    )


def _shadow(
    model: str, alias: str, listed: Sequence[ModelVersion], champion: int
) -> tuple[int, str]:
    """Version and files of the shadow; none where it cannot be had: it is not needed."""
    from models.registry import load

    found = next((v.version for v in listed if alias and alias in v.aliases), champion)
    if found == champion:
        return 0, ""
    try:
        return found, str(load(model, found).path)
    except (RegistryError, OSError):
        return 0, ""


def _description(data: Path) -> tuple[str, str]:
    """Signature and path of the input example, from the ``MLmodel`` file above the data."""
    import yaml  # type: ignore[import-untyped]

    folder = next((x for x in data.parents if (x / "MLmodel").is_file()), None)
    if folder is None:
        raise RegistryError(f"there is no MLmodel file above {data}")
    described: dict[str, Any] = yaml.safe_load((folder / "MLmodel").read_text()) or {}
    signature = described.get("signature") or {}
    example = (described.get("saved_input_example_info") or {}).get("artifact_path", "")
    return (
        msgspec.json.encode(signature, order="sorted").decode() if signature else "",
        str(folder / example) if example else "",
    )


def follow(state: Path, model: str, alias: str, poll_seconds: float, shadow: str) -> None:
    """Keep the resolution file right, for ever."""
    path = resolution_file(state, model)
    with FileLock(state / f"resolver-{model}.lock"):
        last = read_resolution(path)
        if last is not None and (last.model, last.alias) != (model, alias):
            last = None
        written = last
        while True:
            # MLflow is imported by the first question only, which an unchanged store does not need.
            if last is None or last.error or not is_current(last):
                last = resolve(model, alias, last, shadow)
                if last != written:
                    write_resolution(path, last)
                    written = last
            time.sleep(poll_seconds)


def main() -> None:
    """Follow until standard input ends."""
    parser = argparse.ArgumentParser(prog="serving.scoring.resolver", description=__doc__)
    parser.add_argument("state", type=Path)
    parser.add_argument("models", help="registered models, separated by commas")
    parser.add_argument("alias")
    parser.add_argument("poll_seconds", type=float)
    parser.add_argument("shadow", nargs="?", default="", help="alias that scores in shadow")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for who started us
    threads = [
        threading.Thread(
            target=follow,
            args=(given.state, model, given.alias, given.poll_seconds, given.shadow),
            daemon=True,
        )
        for model in given.models.split(",")
    ]
    for thread in threads:
        thread.start()
    end = ending()
    while all(thread.is_alive() for thread in threads) and not end.wait(0.5):
        pass
    # A question under way in MLflow's threads must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
