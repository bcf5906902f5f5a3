"""Which score was about which submission, and whether the claim went out as it was scored. Pure.

A score belongs to the submission of the same claim number and responsibility whose content it
saw; where the content differs, to the first one filed after it: the claim was changed in
between. Only what was said before the store had the payer's answer counts.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

AS_SCORED, HEEDED, CHANGED = "as_scored", "heeded", "changed"


class Filed(msgspec.Struct, frozen=True):
    """A submission: ``created`` is its arrival in the store, ``received`` its first answer's."""

    id: int
    claim_id: str
    responsibility: str
    body: bytes
    submitted: dt.date
    created: dt.datetime
    received: dt.datetime | None


class Said(msgspec.Struct, frozen=True):
    """A score."""

    uid: bytes
    claim_id: str
    responsibility: str
    body: bytes
    model_version: str
    shadow: bool
    risky: bool
    created: dt.datetime


class Joined(msgspec.Struct, frozen=True):
    """A score beside its submission; ``state`` is one of the three constants above."""

    submission: int
    score: bytes
    state: str


def join_scores(filed: Iterable[Filed], said: Iterable[Said]) -> list[Joined]:
    """At most two scores for each submission and model version.

    The last score of the content that was filed is ``as_scored``. A score of other content is
    ``heeded`` where it warned and somebody saw it (no shadow model), else ``changed``; of these
    one is kept: the last warning, else, if the filed content was never scored, the last score.
    """
    submissions: dict[tuple[str, str], list[Filed]] = defaultdict(list)
    for x in filed:
        submissions[x.claim_id, x.responsibility].append(x)
    for found in submissions.values():
        found.sort(key=lambda x: (x.submitted, x.id))
    about: dict[tuple[int, str, bool], list[tuple[Filed, Said]]] = defaultdict(list)
    for score in sorted(said, key=lambda x: (x.created, x.uid)):
        target = _target(score, submissions.get((score.claim_id, score.responsibility), ()))
        if target is not None:
            about[target.id, score.model_version, score.shadow].append((target, score))
    joined: list[Joined] = []
    for (submission, _, shadow), pairs in about.items():
        same = [s for target, s in pairs if s.body == target.body]
        other = [s for target, s in pairs if s.body != target.body]
        warnings = [s for s in other if s.risky and not shadow]
        if same:
            joined.append(Joined(submission, same[-1].uid, AS_SCORED))
        if warnings:
            joined.append(Joined(submission, warnings[-1].uid, HEEDED))
        elif other and not same:
            joined.append(Joined(submission, other[-1].uid, CHANGED))
    return joined


def _target(score: Said, filed: Sequence[Filed]) -> Filed | None:
    unanswered = [x for x in filed if x.received is None or score.created < x.received]
    same = next((x for x in unanswered if x.body == score.body), None)
    if same is not None:
        return same
    return next((x for x in unanswered if x.created >= score.created), None)
