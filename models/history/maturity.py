"""How long payers take to answer, and which submissions are old enough to be judged."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from models.history.outcomes import Submission

QUANTILE = 0.99
DEFAULT_DAYS = 90
"""Used where a history has no answer from which a lag could be learnt."""

# A 0.99 quantile of fewer answers is little more than their maximum.
_ENOUGH = 100


class RemittanceLags(msgspec.Struct, frozen=True):
    """Days within which a payer has answered nearly all that it ever answers."""

    pooled: int
    by_payer: Mapping[str, int]

    def days(self, payer: str) -> int:
        """Lag of a payer; the pooled one where it answered too few claims to tell."""
        return self.by_payer.get(payer, self.pooled)


def learn_lags(
    submissions: Iterable[Submission], as_of: dt.date, quantile: float = QUANTILE
) -> RemittanceLags:
    """High quantile of the days from submission to first answer, for each payer.

    Answers to young submissions are fast by selection: slow ones are still to come. So the
    quantile is taken over submissions at least as old as the pooled quantile itself, which is
    found by repeating that rule until it stays. Payers with fewer than 100 such answers share
    the pooled lag, and so do payers whose answers are younger.
    """
    lags: dict[str, list[tuple[int, int]]] = {}  # payer -> (age, lag)
    for s in submissions:
        if s.first is not None:
            age = (as_of - s.claim.submitted).days
            # Until the last part of the first adjudication: only then is the label known.
            lags.setdefault(s.payer, []).append((age, (s.first.answered - s.claim.submitted).days))
    everything = [x for xs in lags.values() for x in xs]
    if not everything:
        return RemittanceLags(DEFAULT_DAYS, {})
    pooled = _steady_quantile(everything, quantile)
    by_payer: dict[str, int] = {}
    for payer, xs in lags.items():
        old = [lag for age, lag in xs if age >= pooled]
        if len(old) >= _ENOUGH:
            by_payer[payer] = _quantile(old, quantile)
    return RemittanceLags(pooled, by_payer)


def _steady_quantile(pairs: Sequence[tuple[int, int]], quantile: float) -> int:
    found = _quantile([lag for _, lag in pairs], quantile)
    for _ in range(10):
        old = [lag for age, lag in pairs if age >= found]
        # Too little is old: nothing better than what has been seen.
        if len(old) < min(_ENOUGH, len(pairs) // 4):
            break
        after = _quantile(old, quantile)
        if after <= found:
            break
        found = after
    return found


def _quantile(values: Sequence[int], quantile: float) -> int:
    """The smallest value that at least the share ``quantile`` of the values do not exceed."""
    return max(0, sorted(values)[max(0, math.ceil(quantile * len(values)) - 1)])


def mark_mature(submissions: Iterable[Submission], lags: RemittanceLags, as_of: dt.date) -> None:
    """Sets ``mature`` by age alone: to count fast answers earlier would favour them."""
    for s in submissions:
        s.mature = (as_of - s.claim.submitted).days >= lags.days(s.payer)
