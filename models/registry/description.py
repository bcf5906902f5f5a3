"""What a version's training run left behind: parameters, figures, plots and small reports."""

import re
import shutil
from pathlib import Path
from typing import Any

import msgspec

from models.registry import store
from models.registry.versions import Version

#: Reports that are read as text; larger ones are left out.
_TEXTS = (".json", ".md", ".txt")
_LARGEST = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9._-]+\.(?:png|svg)")


class RunDescription(msgspec.Struct, frozen=True):
    """A run: ``plots`` are file names in the folder that was asked for, ``reports`` by name."""

    params: dict[str, str]
    metrics: dict[str, float]
    plots: tuple[str, ...]
    reports: dict[str, str]


def describe_run(version: Version, folder: Path) -> RunDescription:
    """Read a version's run, and put its plots into ``folder``.

    Plots that are there already are not fetched again: a run that ended does not change.

    Raises:
        RegistryError: the store cannot be reached.
    """
    if not version.run_id:
        return RunDescription({}, {}, (), {})
    client = store.open_client()
    with store.translated(f"read the run of version {version.version} of '{version.name}'"):
        run = client.get_run(version.run_id)
        plots = []
        reports = {}
        found = client.list_artifacts(version.run_id)
        for entry in [*found, *client.list_artifacts(version.run_id, "plots")]:
            name = Path(entry.path).name
            if entry.is_dir:
                continue
            if _NAME.fullmatch(name):
                plots.append(name)
                if not (folder / name).is_file():
                    _fetch(client, version.run_id, entry.path, folder / name)
            elif name.endswith(_TEXTS) and (entry.file_size or 0) <= _LARGEST:
                path = Path(client.download_artifacts(version.run_id, entry.path))
                reports[name] = path.read_text(encoding="utf-8", errors="replace")
        return RunDescription(
            dict(run.data.params), dict(run.data.metrics), tuple(sorted(plots)), reports
        )


def _fetch(client: Any, run_id: str, path: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.partial")
    shutil.copyfile(client.download_artifacts(run_id, path), draft)
    draft.replace(target)
