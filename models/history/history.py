"""From the items of 837P, 999, 277CA and 835 files to submissions with their outcomes."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from models.claims.files import read_files
from models.claims.remittance import Payment
from models.claims.x12.context import Item
from models.codes.adjustments import load_classes
from models.codes.categories import load_categories
from models.history.acknowledging import acknowledge, acknowledge_sets
from models.history.adjudication import Judge, Part
from models.history.chains import flag_duplicates, link_chains
from models.history.gather import Gathered, gather
from models.history.matching import FORWARDED, PREDETERMINED, REVERSAL, Matcher
from models.history.maturity import QUANTILE, RemittanceLags, learn_lags, mark_mature
from models.history.outcomes import Submission, UnmatchedRemittance
from models.history.payers import PayerCrosswalk, read_crosswalk
from models.history.report import CohortReport, build_report


class HistoryOptions(msgspec.Struct, frozen=True):
    """What a user may set: override files (see ``docs/history.md``), last day, lag quantile."""

    classes: Path | None = None
    categories: Path | None = None
    crosswalk: Path | None = None
    as_of: dt.date | None = None
    lag_quantile: float = QUANTILE


class ClaimHistory(msgspec.Struct):
    """A practice's submissions with what became of them, ordered by ``claim.submitted``."""

    submissions: list[Submission]
    payments: list[Payment]
    unmatched: list[UnmatchedRemittance]
    crosswalk: PayerCrosswalk
    lags: RemittanceLags
    as_of: dt.date | None  # None: an empty history
    report: CohortReport

    @property
    def labelled(self) -> list[Submission]:
        """Submissions with a label: accepted, mature, answered."""
        return [s for s in self.submissions if s.denied is not None]


def build_history(items: Iterable[Item], options: HistoryOptions | None = None) -> ClaimHistory:
    """Puts items of any kind and order together; the same items give the same history.

    Raises:
        InputError: an override file is faulty.
    """
    options = options or HistoryOptions()
    judge = Judge(load_classes(options.classes), load_categories(options.categories))
    fixed = read_crosswalk(options.crosswalk) if options.crosswalk else []
    gathered = gather(items, options.as_of)
    crosswalk = PayerCrosswalk(fixed)
    crosswalk.note_claim_payers({c.payer for c in gathered.claims})
    submissions = [
        Submission(claim, crosswalk.key(claim.payer), claim.practice) for claim in gathered.claims
    ]
    stray_acknowledgements = acknowledge(submissions, gathered.acknowledgements)
    parts, matched, unmatched = _match(submissions, gathered, crosswalk)
    for index, answers in parts.items():
        _settle(submissions[index], answers, judge)
    stray_sets = acknowledge_sets(submissions, gathered.set_acknowledgements)
    as_of = gathered.as_of or dt.date.min
    lags = learn_lags(submissions, as_of, options.lag_quantile)
    mark_mature(submissions, lags, as_of)
    link_chains(submissions)
    flag_duplicates(submissions)
    report = build_report(
        gathered,
        submissions,
        lags,
        matched=matched,
        unmatched=Counter(u.reason for u in unmatched),
        acknowledgements_unmatched=stray_acknowledgements,
        set_acknowledgements_unmatched=stray_sets,
        lines_unmatched=judge.unmatched_lines,
        unknown_carcs=_unknown_carcs(gathered.payments, judge),
    )
    return ClaimHistory(
        submissions, gathered.payments, unmatched, crosswalk, lags, gathered.as_of, report
    )


def _match(
    submissions: Sequence[Submission], gathered: Gathered, crosswalk: PayerCrosswalk
) -> tuple[dict[int, list[Part]], Counter[str], list[UnmatchedRemittance]]:
    matcher = Matcher(submissions, crosswalk)
    matcher.learn_payers(gathered.payments)
    matcher.expect(gathered.payments)
    parts: dict[int, list[Part]] = {}
    matched: Counter[str] = Counter()
    unmatched: list[UnmatchedRemittance] = []
    for payment in gathered.payments:
        for r in payment.remittances:
            found = matcher.match(payment, r)
            if found.index is None:
                key = crosswalk.remittance_key(payment)
                unmatched.append(UnmatchedRemittance(r, payment, key, found.reason))
            else:
                matched[found.key] += 1
                parts.setdefault(found.index, []).append((payment, r))
    return parts, matched, unmatched


def _settle(submission: Submission, answers: Sequence[Part], judge: Judge) -> None:
    submission.answers = tuple(answers)
    submission.adjudications = tuple(
        judge.adjudications(submission.claim, submission.payer, answers)
    )
    for payment, r in answers:
        if r.status == FORWARDED:
            submission.forwarded = submission.forwarded or payment.answered
        elif r.status == PREDETERMINED:
            submission.predetermined = True
        elif r.status == REVERSAL:
            submission.reversed = payment.answered


def _unknown_carcs(payments: Iterable[Payment], judge: Judge) -> Counter[str]:
    return Counter(
        a.carc
        for p in payments
        for r in p.remittances
        for adjustments in (r.adjustments, *(x.adjustments for x in r.lines))
        for a in adjustments
        if not judge.classes.knows(a.carc)
    )


def read_history(
    paths: Iterable[Path | str], options: HistoryOptions | None = None
) -> ClaimHistory:
    """Reads files and folders of 837P, 999, 277CA and 835, or the documented tables, in any mix.

    Raises:
        InputError: an override file is faulty, or nothing is there to read.
    """
    return build_history(read_files([Path(p) for p in paths]), options)
