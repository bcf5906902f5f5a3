"""Fixes: what a person may truthfully change on a risky claim, and what that would do.

A fix is proposed where the model sees the claim denied for a category that the change speaks
to, where an edit asks for it, or where an accepted payer rule does. Each is re-scored as the
claim would be scored with the change, beside the same claims of the same stream.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from models.claims.claim import Claim
from models.codes.tables import ANY, read_rules
from models.denial.changes import CHANGES, Change
from models.denial.features import FeatureBatch, FeatureEncoder, RowMaker
from models.denial.risk import DenialRisk, Fix
from models.edits import Edit, EditTables
from models.edits.check_payer_rules import PREFIX

if TYPE_CHECKING:
    from models.denial.model import DenialModel

_COLUMNS = ("kind", "categories", "edits", "rules", "change", "allowed_if", "source")
#: Probability of a category below which the model does not ask for its fixes, and the same as
#: a share of the claim's.
_LEAST, _LEAST_SHARE = 0.02, 0.08
#: By so much, and by such a share, the probability must fall for the model to propose a fix.
_LEAST_DROP, _LEAST_DROP_SHARE = 0.01, 0.05
#: Fixes told for one claim, and variants re-scored for it.
MOST_FIXES = 6
MOST_VARIANTS = 24


class FixKind(msgspec.Struct, frozen=True):
    """One row of ``fixes.csv``.

    ``categories`` are those whose probability it can lower, ``edits`` patterns of edit ids that
    ask for it, ``rules`` kinds of payer rules that do; ``change`` says what to do, ``allowed_if``
    what must be true for it, ``source`` where that is written.
    """

    name: str
    categories: tuple[str, ...]
    edits: tuple[str, ...]
    rules: tuple[str, ...]
    change: str
    allowed_if: str
    source: str


@lru_cache(maxsize=1)
def load_fix_kinds() -> dict[str, FixKind]:
    """The closed list of kinds, by name."""
    path = Path(__file__).with_name("fixes.csv")
    kinds = {}
    for _, row in read_rules(path, _COLUMNS, ("kind",)):
        categories, edits, rules = (
            () if row[x] == ANY else tuple(row[x].split()) for x in _COLUMNS[1:4]
        )
        kinds[row["kind"]] = FixKind(
            row["kind"], categories, edits, rules, row["change"], row["allowed_if"], row["source"]
        )
    return kinds


class _Candidate(msgspec.Struct):
    kind: FixKind
    change: Change
    because: tuple[str, ...]
    begin: int  # variants [begin, end) of the claim's
    end: int


class _Pending(msgspec.Struct):
    """A risky claim with its candidates, and where its variants stand in the batch."""

    position: int
    candidates: list[_Candidate]
    begin: int


class FixSession:
    """Fixes of one stream of claims; it must see every claim of the stream, in order."""

    def __init__(self, model: "DenialModel", tables: EditTables) -> None:
        """``tables``: ICD-10-CM and the accepted payer rules."""
        self._model = model
        self._icd10 = tables.icd10
        self._rule_kinds = {f"{PREFIX}{a.id}": a.rule.kind for a in tables.payer_rules.rules}
        self._past = model.past.overlay()
        self._encoder = FeatureEncoder(RowMaker(self._past, model.filing_limits), model.vocabulary)

    def fixes(
        self,
        claims: Sequence[Claim],
        risks: Sequence[DenialRisk],
        edits: Sequence[Sequence[Edit]],
        threshold: float,
    ) -> list[list[Fix]]:
        """Fixes of each claim, most dollars first; none for claims below the threshold."""
        pending: list[_Pending] = []
        batches: list[FeatureBatch] = []
        variants = 0
        for position, (claim, risk, found) in enumerate(zip(claims, risks, edits, strict=True)):
            if risk.denial_probability >= threshold:
                candidates = list(self._candidates(claim, risk, found))
                if candidates:
                    own = [v for c in candidates for v in c.change.variants]
                    batches.append(self._encoder.encode(own, remember=False))
                    pending.append(_Pending(position, candidates, variants))
                    variants += len(own)
            self._past.observe_submission(self._past.keys(claim), claim.submitted)
        result: list[list[Fix]] = [[] for _ in claims]
        if pending:
            probability = self._model.predict(_joined(batches)).probability.tolist()
            for entry in pending:
                own = probability[entry.begin :]
                result[entry.position] = _told(
                    claims[entry.position], risks[entry.position], entry.candidates, own
                )
        return result

    def _candidates(
        self, claim: Claim, risk: DenialRisk, edits: Sequence[Edit]
    ) -> Iterator[_Candidate]:
        least = max(_LEAST, _LEAST_SHARE * risk.denial_probability)
        worst = {x.number: x.denial_probability for x in risk.lines}
        count = 0
        for kind in load_fix_kinds().values():
            asked = self._asked(kind, edits)
            likely = sum(risk.categories.get(c, 0.0) for c in kind.categories)
            if not asked and likely < least:
                continue
            changes = list(CHANGES[kind.name](claim, self._icd10))
            if len(changes) > 1:  # the riskiest lines first
                changes.sort(
                    key=lambda c: -worst.get(claim.lines[c.line].number, 0.0) if c.line >= 0 else 0
                )
            for change in changes:
                size = len(change.variants)
                if count + size > MOST_VARIANTS:
                    break
                because = tuple(e.id for e in asked if _speaks_of(e, change))
                if not because and likely < least:
                    continue
                yield _Candidate(kind, change, because, count, count + size)
                count += size

    def _asked(self, kind: FixKind, edits: Sequence[Edit]) -> list[Edit]:
        return [
            edit
            for edit in edits
            if self._rule_kinds.get(edit.id) in kind.rules
            or any(fnmatchcase(edit.id, pattern) for pattern in kind.edits)
        ]


def _speaks_of(edit: Edit, change: Change) -> bool:
    """Whether an edit is about the line that is changed, or about the claim as a whole."""
    if change.line < 0:
        return True
    paths = [p for p in (edit.path, *edit.related) if p.startswith("/lines/")]
    own = f"/lines/{change.line}"
    return not paths or any(p == own or p.startswith(f"{own}/") for p in paths)


def _joined(batches: Sequence[FeatureBatch]) -> FeatureBatch:
    """Several batches as one."""
    claims = np.cumsum([0, *(len(b) for b in batches)])
    lines = np.cumsum([0, *(len(b.values) for b in batches)])
    return FeatureBatch(
        np.concatenate([b.values for b in batches]),
        np.concatenate([b.claim_of_line + claims[i] for i, b in enumerate(batches)]).astype(
            np.int32
        ),
        np.concatenate([b.first_line + lines[i] for i, b in enumerate(batches)]).astype(np.int32),
        np.concatenate([b.lag_days for b in batches]),
        np.concatenate([b.charged for b in batches]),
    )


def _told(
    claim: Claim, risk: DenialRisk, candidates: Iterable[_Candidate], probability: Sequence[float]
) -> list[Fix]:
    """Fixes worth telling: the best of a kind on a line, by the dollars that they protect."""
    before = risk.denial_probability
    least = max(_LEAST_DROP, _LEAST_DROP_SHARE * before)
    best: dict[tuple[str, int], Fix] = {}
    for candidate in candidates:
        after = max(probability[candidate.begin : candidate.end])  # what is not known is feared
        drop = before - after
        if drop < (0.0 if candidate.because else least):
            continue
        kind, change = candidate.kind, candidate.change
        fix = Fix(
            kind=kind.name,
            path=change.path,
            line=claim.lines[change.line].number if change.line >= 0 else None,
            change=kind.change.format_map(change.words),
            allowed_if=kind.allowed_if.format_map(change.words),
            denial_probability=after,
            protects=round(drop * risk.expected_allowed, 2),
            because=candidate.because or _categories(risk, kind),
            source=kind.source,
        )
        key = (kind.name, change.line)
        if key not in best or after < best[key].denial_probability:
            best[key] = fix
    told = sorted(best.values(), key=lambda f: (-f.protects, f.kind, f.path))
    return told[:MOST_FIXES]


def _categories(risk: DenialRisk, kind: FixKind) -> tuple[str, ...]:
    """Categories of denial that the model sees and the fix speaks to, likeliest first."""
    own = sorted(kind.categories, key=lambda c: -risk.categories.get(c, 0.0))
    return tuple(c for c in own if risk.categories.get(c, 0.0) >= _LEAST)
