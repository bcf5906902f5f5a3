"""What a history turned out to hold: counts only, never a patient's data."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from models.history.gather import Gathered
from models.history.maturity import RemittanceLags
from models.history.outcomes import Outcome, Submission


class PayerCounts(msgspec.Struct):
    """Labelled submissions to one payer, and how many were denied."""

    name: str
    labelled: int = 0
    denied: int = 0

    @property
    def share(self) -> float:
        """Denied over labelled."""
        return self.denied / self.labelled if self.labelled else 0.0


class CohortReport(msgspec.Struct):
    """The cohort report that training prints and logs; `as_dict` for machines.

    ``matched`` counts remittances by the key that found their submission, ``unmatched`` by the
    reason why none was found. ``outcomes`` counts submissions by `Outcome`; ``labelled`` is
    ``denied`` plus ``not_denied`` of them.
    """

    as_of: dt.date | None = None
    files: dict[str, int] = {}
    passed_over: dict[str, int] = {}
    problems: dict[str, int] = {}
    problem_examples: dict[str, str] = {}
    claims: int = 0
    repeated_claims: int = 0
    payments: int = 0
    remittances: int = 0
    repeated_remittances: int = 0
    unbalanced: dict[str, int] = {}
    acknowledgements: int = 0
    acknowledgements_unmatched: int = 0
    set_acknowledgements: int = 0
    set_acknowledgements_unmatched: int = 0
    matched: dict[str, int] = {}
    unmatched: dict[str, int] = {}
    remittance_lines_unmatched: int = 0
    remittance_statuses: dict[str, int] = {}
    chains: int = 0
    resubmissions: int = 0
    suspected_duplicates: int = 0
    reversed: int = 0
    forwarded: int = 0
    predetermined: int = 0
    overturned: int = 0
    zero_paid_without_reason: int = 0
    outcomes: dict[str, int] = {}
    labelled: int = 0
    denied: int = 0
    denied_by_category: dict[str, int] = {}
    by_payer: dict[str, PayerCounts] = {}
    unknown_carcs: dict[str, int] = {}
    lag_days: int = 0
    lag_days_by_payer: dict[str, int] = {}

    @property
    def denial_rate(self) -> float:
        """Denied over labelled submissions."""
        return self.denied / self.labelled if self.labelled else 0.0

    def as_dict(self) -> dict[str, object]:
        """All counts as plain values, for JSON."""
        found: dict[str, object] = msgspec.to_builtins(self)
        found["denial_rate"] = round(self.denial_rate, 6)
        return found


def build_report(
    gathered: Gathered,
    submissions: Sequence[Submission],
    lags: RemittanceLags,
    *,
    matched: Mapping[str, int],
    unmatched: Mapping[str, int],
    acknowledgements_unmatched: int,
    set_acknowledgements_unmatched: int,
    lines_unmatched: int,
    unknown_carcs: Mapping[str, int],
) -> CohortReport:
    """Counts everything once the history is put together."""
    outcomes = Counter(s.outcome for s in submissions)
    payers: dict[str, PayerCounts] = {}
    categories: Counter[str] = Counter()
    for s in submissions:
        if s.denied is None:
            continue
        name = s.claim.payer.name or s.payer
        counts = payers.setdefault(s.payer, PayerCounts(name))
        counts.labelled += 1
        if s.denied and s.first is not None:
            counts.denied += 1
            categories[s.first.category or ""] += 1
    statuses = Counter(r.status for p in gathered.payments for r in p.remittances)
    firsts = [s.first for s in submissions if s.first is not None]
    return CohortReport(
        as_of=gathered.as_of,
        files={kind: len(names) for kind, names in sorted(gathered.files.items())},
        passed_over={
            f"{kind}: {reason}" if reason else kind: n
            for (kind, reason), n in sorted(gathered.passed_over.items())
        },
        problems=_sorted(gathered.problems),
        problem_examples=dict(sorted(gathered.examples.items())),
        claims=len(gathered.claims),
        repeated_claims=gathered.repeated_claims,
        payments=len(gathered.payments),
        remittances=sum(len(p.remittances) for p in gathered.payments),
        repeated_remittances=gathered.repeated_remittances,
        unbalanced=_sorted(gathered.unbalanced),
        acknowledgements=len(gathered.acknowledgements),
        acknowledgements_unmatched=acknowledgements_unmatched,
        set_acknowledgements=len(gathered.set_acknowledgements),
        set_acknowledgements_unmatched=set_acknowledgements_unmatched,
        matched=_sorted(matched),
        unmatched=_sorted(unmatched),
        remittance_lines_unmatched=lines_unmatched,
        remittance_statuses=dict(sorted(statuses.items())),
        chains=len({s.chain for s in submissions}),
        resubmissions=sum(s.position > 0 for s in submissions),
        suspected_duplicates=sum(s.duplicate_of is not None for s in submissions),
        reversed=sum(s.reversed is not None for s in submissions),
        forwarded=sum(s.forwarded is not None for s in submissions),
        predetermined=sum(s.predetermined for s in submissions),
        overturned=sum(s.overturned for s in submissions),
        zero_paid_without_reason=sum(
            a.paid <= 0
            and any(x.answered and x.paid <= 0 and x.adjustment_class is None for x in a.lines)
            for a in firsts
        ),
        outcomes={o.value: outcomes[o] for o in Outcome},
        labelled=outcomes[Outcome.DENIED] + outcomes[Outcome.NOT_DENIED],
        denied=outcomes[Outcome.DENIED],
        denied_by_category=_sorted(categories),
        by_payer=dict(sorted(payers.items(), key=lambda x: -x[1].labelled)),
        unknown_carcs=_sorted(unknown_carcs),
        lag_days=lags.pooled,
        lag_days_by_payer=dict(sorted(lags.by_payer.items())),
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    """Largest first, then by name."""
    return dict(sorted(((str(k), v) for k, v in counts.items()), key=lambda x: (-x[1], x[0])))
