"""A denial model as a folder of data files, and back.

``model.json`` (weights, calibrator, small tables), ``vocabulary.json``, ``cells.npz`` (keys,
estimates and counts of every chain), ``past.npz`` (fingerprints; see `models.denial.past`),
``schema.json``. No code, no pickles, no names,
member numbers, dates of service or claim identifiers.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.amounts import AllowedAmounts, CarcShares
from models.denial.attributes import ATTRIBUTES, INDEX
from models.denial.category import (
    Background,
    CategoryModel,
    Cause,
    ChainPlan,
    HazardModel,
    Level,
)
from models.denial.cells import CellChain, CellLevel
from models.denial.explain import Explainer
from models.denial.features import FEATURE_SCHEMA, Value, Vocabulary
from models.denial.model import DenialModel
from models.denial.past import Past
from models.errors import RegistryError
from models.measure.calibration import calibrator_from_dict
from models.registry import require_schema, write_schema

MODEL_NAME = "denial"
_ENCODER = msgspec.json.Encoder()


class _Chain(msgspec.Struct):
    attributes: list[str]
    sizes: list[int]
    root: float


class _Cause(msgspec.Struct):
    chain: _Chain
    without: list[_Chain]
    half_life: float | None
    reason: str
    group: int
    weight: float


class _Category(msgspec.Struct):
    category: str
    level: Level
    causes: list[_Cause]


class _Background(msgspec.Struct):
    cause: _Cause
    shared_by: str
    shares: list[list[float]]


class _Model(msgspec.Struct):
    attributes: list[str]
    filing_limits: dict[str, int]
    base_rates: dict[str, float]
    thresholds: dict[str, float]
    calibrator: dict[str, Any]
    allowed: AllowedAmounts
    carcs: CarcShares
    baseline: list[float]
    history_version: str
    background: _Background
    categories: list[_Category]


def save_artifact(model: DenialModel, folder: Path) -> None:
    """Write ``model`` into ``folder`` (made if absent)."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {}
    hazards = model.hazards
    background = _Background(
        _pack_cause(hazards.background.cause, "background", arrays),
        ATTRIBUTES[hazards.background.column].name,
        hazards.background.shares.tolist(),
    )
    categories = [
        _Category(
            c.category,
            c.level,
            [_pack_cause(x, f"{c.category}.{i}", arrays) for i, x in enumerate(c.causes)],
        )
        for c in hazards.categories
    ]
    content = _Model(
        [a.name for a in ATTRIBUTES],
        model.filing_limits,
        model.base_rates,
        model.thresholds,
        model.calibrator.to_dict(),
        model.allowed,
        model.carcs,
        model.explainer.baseline.tolist(),
        model.history_version,
        background,
        categories,
    )
    (folder / "model.json").write_bytes(_ENCODER.encode(content))
    (folder / "vocabulary.json").write_bytes(_ENCODER.encode(model.vocabulary.to_lists()))
    np.savez_compressed(folder / "cells.npz", allow_pickle=False, **arrays)
    np.savez_compressed(folder / "past.npz", allow_pickle=False, **_pack_past(model.past))
    write_schema(folder, MODEL_NAME, FEATURE_SCHEMA)


def load_artifact(folder: Path, *, model_version: str = "unregistered") -> DenialModel:
    """Read a folder that `save_artifact` wrote.

    Raises:
        RegistryError: The folder is no denial artifact, or of a schema that this code does not
            read, or damaged.
    """
    require_schema(folder, MODEL_NAME, {FEATURE_SCHEMA})
    try:
        return _load(folder, model_version)
    except (OSError, KeyError, ValueError, msgspec.MsgspecError) as error:
        raise RegistryError(f"{folder} is damaged ({type(error).__name__}): train again") from error


def _load(folder: Path, model_version: str) -> DenialModel:
    content = msgspec.json.decode((folder / "model.json").read_bytes(), type=_Model)
    if content.attributes != [a.name for a in ATTRIBUTES]:
        raise RegistryError(f"{folder} was written with other attributes: train again")
    vocabulary = msgspec.json.decode(
        (folder / "vocabulary.json").read_bytes(), type=list[list[Value]]
    )
    with np.load(folder / "cells.npz", allow_pickle=False) as arrays:
        hazards = _unpack_hazards(content, arrays)
    with np.load(folder / "past.npz", allow_pickle=False) as arrays:
        past = _unpack_past(arrays)
    return DenialModel(
        vocabulary=Vocabulary(vocabulary),
        filing_limits=content.filing_limits,
        hazards=hazards,
        calibrator=calibrator_from_dict(content.calibrator),
        allowed=content.allowed,
        carcs=content.carcs,
        explainer=Explainer(np.array(content.baseline)),
        past=past,
        base_rates=content.base_rates,
        thresholds=content.thresholds,
        model_version=model_version,
        history_version=content.history_version,
    )


def _unpack_hazards(content: _Model, arrays: Any) -> HazardModel:
    packed = content.background
    background = Background(
        _unpack_cause(packed.cause, "background", arrays),
        INDEX[packed.shared_by],
        np.array(packed.shares),
    )
    categories = [
        CategoryModel(
            c.category,
            c.level,
            [_unpack_cause(x, f"{c.category}.{i}", arrays) for i, x in enumerate(c.causes)],
        )
        for c in content.categories
    ]
    return HazardModel(background, categories)


def _pack_cause(cause: Cause, name: str, arrays: dict[str, NDArray[Any]]) -> _Cause:
    return _Cause(
        _pack(cause.chain, name, arrays),
        [_pack(c, f"{name}.without{i}", arrays) for i, c in enumerate(cause.without)],
        cause.plan.half_life,
        cause.plan.reason,
        cause.plan.group,
        cause.plan.weight,
    )


def _unpack_cause(packed: _Cause, name: str, arrays: Any) -> Cause:
    chain = _unpack(packed.chain, name, arrays)
    without = [_unpack(c, f"{name}.without{i}", arrays) for i, c in enumerate(packed.without)]
    plan = ChainPlan(chain.columns, packed.half_life, packed.reason, packed.group, packed.weight)
    return Cause(plan, chain, without)


def _pack(chain: CellChain, name: str, arrays: dict[str, NDArray[Any]]) -> _Chain:
    for number, level in enumerate(chain.levels):
        prefix = f"{name}.{number}"
        arrays[f"{prefix}.keys"] = level.keys
        arrays[f"{prefix}.cells"] = np.stack([level.estimate, level.n, level.k])
        arrays[f"{prefix}.unseen"] = level.unseen
    return _Chain([ATTRIBUTES[c].name for c in chain.columns], list(chain.sizes), chain.root)


def _unpack(packed: _Chain, name: str, arrays: Any) -> CellChain:
    levels = []
    for number in range(len(packed.attributes)):
        prefix = f"{name}.{number}"
        estimate, n, k = arrays[f"{prefix}.cells"]
        levels.append(
            CellLevel(arrays[f"{prefix}.keys"], estimate, n, k, arrays[f"{prefix}.unseen"])
        )
    columns = tuple(INDEX[a] for a in packed.attributes)
    return CellChain(columns, tuple(packed.sizes), packed.root, levels)


def _pack_past(past: Past) -> dict[str, NDArray[Any]]:
    """Sets and states as arrays, each sorted, so that nothing of the order of visits is left."""

    def numbers(values: set[int]) -> NDArray[np.uint64]:
        return np.array(sorted(values), np.uint64)

    def states(values: dict[int, int]) -> NDArray[np.uint8]:
        return np.array([values[k] for k in sorted(values)], np.uint8)

    pairs = sorted(past.first_seen)
    procedures = sorted({*past.units_paid, *past.units_refused})
    return {
        "salt": np.frombuffer(past.salt, np.uint8),
        "services": numbers(set(past.services)),
        "service_states": states(past.services),
        "weeks": numbers(past.weeks),
        "days": numbers(past.days),
        "paid_months": numbers(past.paid_months),
        "lost_months": numbers(past.lost_months),
        "cob_months": numbers(past.cob_months),
        "specialties": numbers(set(past.specialties)),
        "first_visits": np.array(
            [past.specialties[k] for k in sorted(past.specialties)], np.uint64
        ),
        "repeated": numbers(past.repeated),
        "patients": numbers(past.patients),
        "coverage": numbers(set(past.coverage)),
        "coverage_states": states(past.coverage),
        "providers": np.array(pairs, np.str_),
        "provider_days": np.array([past.first_seen[p] for p in pairs], np.int32),
        "provider_paid": np.array([past.provider_paid.get(p, -1) for p in pairs], np.int32),
        "provider_denied": np.array([past.provider_denied.get(p, -1) for p in pairs], np.int32),
        "procedures": np.array(procedures, np.str_),
        "units_paid": np.array([past.units_paid.get(p, -1) for p in procedures], np.int32),
        "units_refused": np.array([past.units_refused.get(p, -1) for p in procedures], np.int32),
        "start": np.array([past.start or 0], np.int32),
    }


def _unpack_past(arrays: Any) -> Past:
    past = Past(arrays["salt"].tobytes())
    past.services = dict(
        zip(arrays["services"].tolist(), arrays["service_states"].tolist(), strict=True)
    )
    past.weeks = set(arrays["weeks"].tolist())
    past.days = set(arrays["days"].tolist())
    past.paid_months = set(arrays["paid_months"].tolist())
    past.lost_months = set(arrays["lost_months"].tolist())
    past.cob_months = set(arrays["cob_months"].tolist())
    past.specialties = dict(
        zip(arrays["specialties"].tolist(), arrays["first_visits"].tolist(), strict=True)
    )
    past.repeated = set(arrays["repeated"].tolist())
    past.patients = set(arrays["patients"].tolist())
    past.coverage = dict(
        zip(arrays["coverage"].tolist(), arrays["coverage_states"].tolist(), strict=True)
    )
    providers = arrays["providers"].tolist()
    past.first_seen = dict(zip(providers, arrays["provider_days"].tolist(), strict=True))
    for known, name in (
        (past.provider_paid, "provider_paid"),
        (past.provider_denied, "provider_denied"),
    ):
        days = arrays[name].tolist()
        known.update((p, day) for p, day in zip(providers, days, strict=True) if day >= 0)
    procedures = arrays["procedures"].tolist()
    for limits, name in (
        (past.units_paid, "units_paid"),
        (past.units_refused, "units_refused"),
    ):
        units = arrays[name].tolist()
        limits.update((p, count) for p, count in zip(procedures, units, strict=True) if count >= 0)
    past.start = int(arrays["start"][0]) or None
    return past


def artifact_fingerprint(folder: Path) -> str:
    """SHA-256 over the artifact's files: equal artifacts have equal fingerprints."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
