"""What a denied line would be allowed: by contract, by Medicare, as learnt, else by ratio."""

import statistics
from collections import defaultdict
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from models.claims.claim import Claim, ServiceLine
from models.claims.common import ZERO
from models.history.history import ClaimHistory
from models.revenue.denials import DeniedLine
from models.revenue.expected import ExpectedAmounts, FeeTables, Priced
from models.revenue.underpayment import MEDICARE_PART_B

_CENT = Decimal("0.01")


class AmountsAtStake:
    """Expected dollars of denied lines, learnt from what the same payers allowed."""

    def __init__(self, history: ClaimHistory, tables: FeeTables | None = None) -> None:
        """``tables``: imported contracts and fee schedules, where there are any."""
        self._expected = ExpectedAmounts(tables)
        self._shares: Mapping[tuple[str, str], Decimal] = {}
        allowed: list[tuple[Priced, Decimal]] = []
        ratios: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        for s in history.submissions:
            if s.first is None or s.claim.responsibility != "P":
                continue
            for line, outcome in zip(s.claim.lines, s.first.lines, strict=True):
                if outcome.paid <= 0 or outcome.reduced or outcome.shared or line.charge <= 0:
                    continue
                allowed.append((_priced(s.claim, line, s.payer), outcome.allowed))
                ratio = outcome.allowed / line.charge
                for key in ((s.payer, line.code), ("", line.code), (s.payer, ""), ("", "")):
                    ratios[key].append(ratio)
        self._expected.learn(allowed)
        self._shares = {k: statistics.median(v) for k, v in ratios.items() if len(v) >= 3}

    def of(self, history: ClaimHistory, item: DeniedLine) -> Decimal:
        """Dollars that may come back: never more than the charge less what was paid.

        Of a secondary claim: what the primary payer left; of a cut line: what was cut.
        """
        submission = history.submissions[item.submission]
        line = submission.claim.lines[item.line]
        room = max(ZERO, line.charge - item.outcome.paid)
        if submission.claim.responsibility != "P" and line.adjudications:
            left = line.charge - sum((a.paid for a in line.adjudications), ZERO)
            for other in line.adjudications:
                left -= sum((a.amount for a in other.adjustments if a.group != "PR"), ZERO)
            return max(ZERO, min(room, left))
        found = self._expected.expect(_priced(submission.claim, line, submission.payer))
        if found is not None:
            amount = found.amount
        else:
            keys = (
                (submission.payer, line.code),
                ("", line.code),
                (submission.payer, ""),
                ("", ""),
            )
            share = next((self._shares[k] for k in keys if k in self._shares), Decimal(1))
            amount = (line.charge * min(Decimal(1), share)).quantize(_CENT, ROUND_HALF_UP)
        if item.outcome.reduced:
            amount -= item.outcome.paid + item.outcome.patient_share
        return max(ZERO, min(room, amount))


def _priced(claim: Claim, line: ServiceLine, payer: str) -> Priced:
    return Priced(
        payer, line.code, line.modifiers, line.place_of_service or claim.place_of_service,
        line.units, line.charge, line.service_date,
        medicare=claim.filing_indicator == MEDICARE_PART_B,
    )  # fmt: skip
