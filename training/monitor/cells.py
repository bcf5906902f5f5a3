"""Cells of answered claims: what one payer did with a code, a kind of procedure, a provider."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.cells import Floats
from models.denial.features import procedure_kind
from models.denial.model import DenialModel
from models.denial.past import rendering_npi
from training.denial.dataset import CATEGORY_NUMBER, DenialData
from training.denial.rows import Mask

SubjectKind = Literal["code", "provider", "kind", ""]
#: Payer, kind of subject, subject; the whole payer has neither.
Key = tuple[str, SubjectKind, str]
Places = NDArray[np.int64]


class Units(msgspec.Struct, gc=False):
    """What is denied by itself: lines for some denial categories, whole claims for the others.

    One entry a unit: ``claim`` (its place in the data), ``patient``, ``now`` (answered in the
    window, not before it). One a unit and category of ``categories``: ``hit``, the model's
    ``probability``, and ``answer``, a place in ``answers`` (CARC, or CARC+RARC; 0 without
    denial). ``members`` maps a cell to its units.
    """

    categories: tuple[str, ...]
    claim: Places
    patient: NDArray[np.uint64]
    now: Mask
    hit: NDArray[np.bool_]
    probability: Floats
    answer: NDArray[np.int32]
    answers: tuple[str, ...]
    members: dict[Key, Places]


class _Claims(msgspec.Struct, gc=False):
    """What both kinds of `Units` are made of.

    One entry a line: ``rows`` (its place in the data), ``owner`` (its claim's place here),
    ``codes`` and ``said`` (its place in ``answers``).
    """

    data: DenialData
    claims: Places
    now: Mask
    payers: list[str]
    providers: list[str]
    rows: Places
    owner: Places
    codes: list[str]
    said: NDArray[np.int32]
    answers: tuple[str, ...]


def gather_units(
    data: DenialData, model: DenialModel, claims: Places, now: Mask
) -> tuple[Units, Units]:
    """Lines and claims of ``claims``; ``now`` says of each whether it lies in the window."""
    batch = data.batch.take(claims)
    prediction = model.predict(batch)
    scale = prediction.probability / np.maximum(prediction.raw, 1e-12)
    owner = batch.claim_of_line.astype(np.int64)
    claim_p = np.minimum(-np.expm1(-prediction.hazards) * scale[:, None], 1.0)
    line_p = np.minimum(-np.expm1(-prediction.line_hazards) * scale[owner, None], 1.0)
    rows = data.batch.first_line[claims][owner] + np.arange(len(owner)) - batch.first_line[owner]
    said = ["+".join(filter(None, (data.line_carc[r], data.line_rarc[r]))) for r in rows]
    answers = ("", *sorted(set(said) - {""}))
    place = {answer: i for i, answer in enumerate(answers)}
    found = _Claims(
        data,
        claims,
        now,
        [data.claims[c].payer.name for c in claims],
        [rendering_npi(data.claims[c]) for c in claims],
        rows,
        owner,
        [data.line_code[r] for r in rows],
        np.array([place[x] for x in said], np.int32),
        answers,
    )
    names = [c.category for c in model.hazards.categories]
    of_lines = [i for i, c in enumerate(model.hazards.categories) if c.level == "line"]
    of_claims = [i for i, c in enumerate(model.hazards.categories) if c.level == "claim"]
    lines = np.flatnonzero(batch.charged)
    return (
        _line_units(found, lines, [names[i] for i in of_lines], line_p[lines][:, of_lines]),
        _claim_units(found, [names[i] for i in of_claims], claim_p[:, of_claims]),
    )


def _line_units(found: _Claims, lines: Places, names: list[str], probability: Floats) -> Units:
    data, owner = found.data, found.owner[lines]
    numbers = np.array([CATEGORY_NUMBER[name] for name in names], np.int64)
    hit = data.line_category[found.rows[lines]][:, None] == numbers
    return Units(
        tuple(names),
        found.claims[owner],
        data.patient[found.claims[owner]],
        found.now[owner],
        hit,
        probability,
        np.where(hit, found.said[lines][:, None], 0).astype(np.int32),
        found.answers,
        _members(
            (found.payers[c], found.providers[c], [found.codes[i]])
            for i, c in zip(lines.tolist(), owner.tolist(), strict=True)
        ),
    )


def _claim_units(found: _Claims, names: list[str], probability: Floats) -> Units:
    data = found.data
    numbers = np.array([CATEGORY_NUMBER[name] for name in names], np.int64)
    hit = data.claim_categories[found.claims][:, numbers - 1]
    answer = np.zeros(hit.shape, np.int32)
    category = data.line_category[found.rows]
    for line in np.flatnonzero(found.said)[::-1]:  # so that the first line has the last word
        claim = found.owner[line]
        same = (category[line] == -1) | (category[line] == numbers)
        answer[claim, same & hit[claim]] = found.said[line]
    codes: list[list[str]] = [[] for _ in found.payers]
    for line, claim in enumerate(found.owner.tolist()):
        codes[claim].append(found.codes[line])
    return Units(
        tuple(names),
        found.claims,
        data.patient[found.claims],
        found.now,
        hit,
        probability,
        answer,
        found.answers,
        _members(zip(found.payers, found.providers, codes, strict=True)),
    )


def _members(units: Iterable[tuple[str, str, list[str]]]) -> dict[Key, Places]:
    """Units by cell, from each unit's payer, provider and procedure codes."""
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for at, (payer, provider, codes) in enumerate(units):
        found[payer, "", ""].append(at)
        found[payer, "provider", provider].append(at)
        for code in dict.fromkeys(codes):
            found[payer, "code", code].append(at)
        for kind in dict.fromkeys(procedure_kind(code) for code in codes):
            found[payer, "kind", kind].append(at)
    return {key: np.array(places) for key, places in found.items()}
