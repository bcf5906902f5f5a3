"""A claim history as numbers: what was known at each submission, and what the payer answered."""

import datetime as dt
import heapq
import itertools
import secrets

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.claims.claim import Claim
from models.codes.categories import DenialCategory
from models.denial.attributes import INDEX
from models.denial.features import FeatureBatch, FeatureEncoder, RowMaker, Vocabulary
from models.denial.past import ClaimKeys, Past, payer_key
from models.history import Adjudication, ClaimHistory, Submission
from training.denial.limits import learn_filing_limits, over_limit
from training.denial.reasons import load_reasons

Int32s = NDArray[np.int32]
LineCategories = tuple[str | None, ...]
_Answer = tuple[LineCategories, frozenset[int]]

#: Number of a denial category in arrays; 0 is "not denied", -1 "not known for this line".
CATEGORY_NUMBER: dict[str, int] = {c.value: i + 1 for i, c in enumerate(DenialCategory)}
#: Day number of "no answer": later than any day.
NEVER = np.iinfo(np.int32).max


class DenialData(msgspec.Struct, gc=False):
    """Submissions in the order of their days, with features as of submission.

    ``claims`` are in that order too. One entry a claim: ``submitted`` and ``answered`` (day
    numbers; `NEVER` without an adjudication), ``denied``, ``mature`` (has a label: accepted, old
    enough, answered), ``original`` (first accepted submission of its chain, to the primary
    payer), ``patient`` (fingerprint), ``claim_categories`` bool ``[claims, categories]`` and
    ``claim_reasons`` bool ``[claims, reasons]`` (`training.denial.reasons`). One entry a line:
    ``line_category`` (see `CATEGORY_NUMBER`) and ``line_reason`` (both -1 where the remittance
    names no lines), ``line_code``, ``line_carc`` and ``line_rarc`` (the first remark beside it;
    "" where not denied), ``line_charge`` and ``line_allowed`` (dollars, NaN where unknown).
    """

    claims: list[Claim]
    batch: FeatureBatch
    submitted: Int32s
    answered: Int32s
    denied: NDArray[np.bool_]
    mature: NDArray[np.bool_]
    original: NDArray[np.bool_]
    patient: NDArray[np.uint64]
    claim_categories: NDArray[np.bool_]
    claim_reasons: NDArray[np.bool_]
    line_category: NDArray[np.int8]
    line_reason: NDArray[np.int8]
    line_code: list[str]
    line_carc: list[str]
    line_rarc: list[str]
    line_charge: NDArray[np.float64]
    line_allowed: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.claims)


class Encoded(msgspec.Struct, gc=False):
    """A data set with what scoring later claims in the same way needs."""

    data: DenialData
    vocabulary: Vocabulary
    past: Past
    filing_limits: dict[str, int]


def build_dataset(
    history: ClaimHistory,
    *,
    vocabulary: Vocabulary | None = None,
    past: Past | None = None,
    filing_limits: dict[str, int] | None = None,
) -> Encoded:
    """Walk a history in time and take each submission's features on its day.

    Answers (every adjudication, not only the first) and clearinghouse rejections are shown to
    the memory when they are dated before the day of a submission, so that no feature rests on
    anything later. Give ``vocabulary``, ``past`` and ``filing_limits`` to encode as an existing
    model does; values that it does not know become 0. Otherwise filing limits are learnt from
    all answers; `learn_limits_until` takes them back to a day.
    """
    grow = vocabulary is None
    vocabulary = vocabulary if vocabulary is not None else Vocabulary()
    past = past if past is not None else Past(secrets.token_bytes(16))
    if grow:
        vocabulary.seed("over_limit", (0, 1))
    submissions = sorted(history.submissions, key=lambda s: s.claim.submitted)
    walk = _Walk(submissions, past)
    encoder = FeatureEncoder(RowMaker(past, filing_limits or {}), vocabulary)
    batch = encoder.encode((s.claim for s in submissions), grow=grow, before=walk)
    walk.finish()
    data = _labels(submissions, batch, walk.patients)
    encoded = Encoded(data, vocabulary, past, filing_limits or {})
    if filing_limits is None:
        learn_limits_until(encoded, NEVER)
    return encoded


def learn_limits_until(encoded: Encoded, day: int) -> None:
    """Filing limits, and the attribute that rests on them, as of ``day``: in place."""
    data, batch = encoded.data, encoded.data.batch
    payers = [payer_key(c) for c in data.claims]
    timely = data.claim_categories[:, CATEGORY_NUMBER[DenialCategory.TIMELY_FILING.value] - 1]
    known = data.mature & (data.answered < day)
    limits = encoded.filing_limits = learn_filing_limits(payers, batch.lag_days, timely, known)
    codes = np.array([encoded.vocabulary.number("over_limit", v) for v in (0, 1)], np.int32)
    over = over_limit(payers, batch.lag_days, limits)
    batch.values[:, INDEX["over_limit"]] = codes[over.astype(int)][batch.claim_of_line]


def _labels(submissions: list[Submission], batch: FeatureBatch, patients: list[int]) -> DenialData:
    claims, lines = len(submissions), len(batch.values)
    answered = np.full(claims, NEVER, np.int32)
    denied = np.zeros(claims, bool)
    mature = np.zeros(claims, bool)
    categories = np.zeros((claims, len(CATEGORY_NUMBER)), bool)
    table = load_reasons()
    reasons = np.zeros((claims, len(table.reasons)), bool)
    line_category = np.zeros(lines, np.int8)
    line_reason = np.zeros(lines, np.int8)
    line_charge = np.zeros(lines)
    line_allowed = np.full(lines, np.nan)
    line_carc = [""] * lines
    line_rarc = [""] * lines
    line_code = [""] * lines
    for i, submission in enumerate(submissions):
        low = int(batch.first_line[i])
        for j, line in enumerate(submission.claim.lines):
            line_charge[low + j] = line.charge
            line_code[low + j] = line.code
        first = submission.first
        if first is None:
            continue
        answered[i] = first.answered.toordinal()
        denied[i] = first.denied
        mature[i] = submission.denied is not None
        for j, outcome in enumerate(first.lines):
            if outcome.denied and outcome.category is not None:
                number = CATEGORY_NUMBER[outcome.category]
                categories[i, number - 1] = True
                carc = outcome.denial_carcs[0] if outcome.denial_carcs else ""
                reason = table.number(outcome.category, carc, outcome.rarcs)
                reasons[i, reason - 1] = True
                line_category[low + j] = -1 if outcome.shared else number
                line_reason[low + j] = -1 if outcome.shared else reason
                line_carc[low + j] = carc
                line_rarc[low + j] = outcome.rarcs[0] if outcome.rarcs else ""
            elif outcome.answered and not outcome.shared and outcome.allowed > 0:
                line_allowed[low + j] = outcome.allowed
        if first.denied and first.category is not None and not categories[i].any():
            categories[i, CATEGORY_NUMBER[first.category] - 1] = True
            reasons[i, table.rest[first.category] - 1] = True
    return DenialData(
        [s.claim for s in submissions],
        batch,
        np.array([s.claim.submitted.toordinal() for s in submissions], np.int32),
        answered,
        denied,
        mature,
        np.array([s.first_accepted and s.claim.responsibility == "P" for s in submissions], bool),
        np.array(patients, np.uint64),
        categories,
        reasons,
        line_category,
        line_reason,
        line_code,
        line_carc,
        line_rarc,
        line_charge,
        line_allowed,
    )


class _Walk:
    """Delivers answers and rejections to the memory in the order of their days."""

    def __init__(self, submissions: list[Submission], past: Past) -> None:
        self.submissions = submissions
        self.past = past
        self.patients: list[int] = []
        self._order = itertools.count()  # events of one day stay in the order of submissions
        self._events: list[tuple[int, int, ClaimKeys, _Answer | None]] = []

    def __call__(self, number: int, claim: Claim, keys: ClaimKeys) -> None:
        self._deliver(claim.submitted.toordinal())
        self.patients.append(keys.patient)
        submission = self.submissions[number]
        if not submission.accepted:
            rejected = min(a.date for a in submission.acknowledgements if not a.accepted)
            self._push(rejected, keys, None)
        for adjudication in submission.adjudications:
            for state in (*adjudication.earlier, adjudication):
                answer = line_categories(state, claim), too_many_units(state)
                self._push(state.answered, keys, answer)

    def _push(self, day: dt.date, keys: ClaimKeys, answer: _Answer | None) -> None:
        heapq.heappush(self._events, (day.toordinal(), next(self._order), keys, answer))

    def _deliver(self, before: int) -> None:
        events = self._events
        while events and events[0][0] < before:
            _, _, keys, answer = heapq.heappop(events)
            if answer is None:
                self.past.observe_rejection(keys)
            else:
                self.past.observe_answer(keys, *answer)

    def finish(self) -> None:
        """Deliver what is left, so that the memory is that of the history's end."""
        self._deliver(NEVER)


def too_many_units(adjudication: Adjudication) -> frozenset[int]:
    """Positions of the lines that were denied for their number of units."""
    table = load_reasons()
    return frozenset(
        position
        for position, x in enumerate(adjudication.lines)
        if x.denied
        and x.category is not None
        and x.denial_carcs
        and table.reasons[table.number(x.category, x.denial_carcs[0], x.rarcs) - 1].name == "units"
    )


def line_categories(adjudication: Adjudication, claim: Claim) -> LineCategories:
    """Denial category a line, ``""`` where it was not denied, ``None`` where not answered."""
    if not adjudication.lines:
        return ("",) * len(claim.lines)
    return tuple(
        None if not x.answered else (x.category or "" if x.denied else "")
        for x in adjudication.lines
    )
