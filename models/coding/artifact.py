"""A coding model as a folder of data files, and back.

``coding.json`` (systems, thresholds, calibrators, what the practice bills), and for each system
its lexicons (``NAME.npz``), what labelled notes taught (``NAME.history.msgpack``) and its booster
(``NAME.txt``); with an encoder also ``encoder.onnx``, its ``tokenizer.json`` and vectors
(``NAME.vectors.npz``), and the label-wise attention (``NAME.attention.npz``). No code, no pickles,
no text of notes: strings that coders marked are kept as fingerprints and vectors, single words
only if they are words of medicine or of many notes.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from models.coding.attention import LabelAttention
from models.coding.dense import DenseIndex, Projection
from models.coding.encoder import ENCODER_FILE, TextEncoder
from models.coding.features import COLUMNS, FEATURE_SCHEMA
from models.coding.habits import NO_HABITS, Habits
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import CodingModel, SystemPart
from models.coding.ranker import load_ranker, save_ranker
from models.coding.sources import Dense, Sources
from models.coding.words import vocabulary
from models.errors import RegistryError
from models.registry import require_schema, write_schema

MODEL_NAME = "coding"


class _Part(msgspec.Struct):
    system: str
    file: str
    threshold: float
    ranker: dict[str, Any]
    titles: dict[str, str]
    habits: Habits = NO_HABITS


class _Model(msgspec.Struct):
    columns: list[str]
    parts: list[_Part]


def save_artifact(model: CodingModel, folder: Path) -> None:
    """Write ``model`` into ``folder`` (made if absent)."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, (system, part) in enumerate(model.parts.items()):
        name = f"{number}-{re.sub(r'[^a-z0-9]+', '-', system.lower())}"
        arrays = {
            f"{which}.{key}": value
            for which, finder in (("terms", part.sources.terms), ("alike", part.sources.alike))
            for key, value in finder.lexicon.arrays().items()
        }
        np.savez(folder / f"{name}.npz", allow_pickle=False, **arrays)
        if part.sources.dense is not None:
            _save_dense(part.sources.dense, folder, name)
        history = msgspec.msgpack.encode(part.sources.history.to_data())
        (folder / f"{name}.history.msgpack").write_bytes(history)
        ranker = save_ranker(part.ranker, folder, name)
        parts.append(_Part(system, name, part.threshold, ranker, part.titles, part.sources.habits))
    content = _Model(list(COLUMNS), parts)
    (folder / "coding.json").write_bytes(msgspec.json.encode(content))
    write_schema(folder, MODEL_NAME, FEATURE_SCHEMA)


def load_artifact(folder: Path, *, model_version: str = "unregistered") -> CodingModel:
    """Read what `save_artifact` wrote.

    Raises:
        RegistryError: not a coding model, or of a feature schema that this code cannot read.
    """
    require_schema(folder, MODEL_NAME, {FEATURE_SCHEMA})
    content = msgspec.json.decode((folder / "coding.json").read_bytes(), type=_Model)
    if content.columns != list(COLUMNS):
        raise RegistryError(f"{folder} was written with other columns: train again")
    words = vocabulary()
    encoder = TextEncoder(folder) if (folder / ENCODER_FILE).exists() else None
    parts = {}
    for part in content.parts:
        with np.load(folder / f"{part.file}.npz", allow_pickle=False) as arrays:
            lexicons = {w: Lexicon.from_arrays(_of(arrays, w)) for w in ("terms", "alike")}
        history = StringHistory.from_data(
            msgspec.msgpack.decode((folder / f"{part.file}.history.msgpack").read_bytes())
        )
        sources = Sources(
            TermFinder(lexicons["terms"], words),
            history,
            TermFinder(lexicons["alike"], words),
            _load_dense(folder, part.file, encoder),
            part.habits,
        )
        ranker = load_ranker(part.ranker, folder, part.file)
        parts[part.system] = SystemPart(sources, ranker, part.threshold, part.titles)
    return CodingModel(parts, model_version=model_version)


def _save_dense(dense: Dense, folder: Path, name: str) -> None:
    for path in dense.encoder.files:
        if not (folder / path.name).exists():
            shutil.copyfile(path, folder / path.name)
    indexes = {"terms": dense.terms} | ({"strings": dense.strings} if dense.strings else {})
    np.savez(
        folder / f"{name}.vectors.npz",
        allow_pickle=False,
        centre=dense.projection.centre,
        axes=dense.projection.axes,
        **{f"{w}.{k}": v for w, index in indexes.items() for k, v in index.arrays().items()},
    )
    if dense.attention is not None:
        np.savez(folder / f"{name}.attention.npz", allow_pickle=False, **dense.attention.arrays())


def _load_dense(folder: Path, name: str, encoder: TextEncoder | None) -> Dense | None:
    path = folder / f"{name}.vectors.npz"
    if encoder is None or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        indexes = {
            which: DenseIndex.from_arrays(_of(arrays, which))
            for which in ("terms", "strings")
            if f"{which}.codes" in arrays.files
        }
        projection = Projection(arrays["centre"], arrays["axes"])
    attention = None
    if (path := folder / f"{name}.attention.npz").exists():
        with np.load(path, allow_pickle=False) as arrays:
            attention = LabelAttention.from_arrays(arrays)
    return Dense(encoder, projection, indexes["terms"], indexes.get("strings"), attention)


def _of(arrays: Any, which: str) -> dict[str, Any]:
    """The arrays whose names begin with ``which``, without it."""
    return {
        name.removeprefix(f"{which}."): arrays[name]
        for name in arrays.files
        if name.startswith(f"{which}.")
    }
