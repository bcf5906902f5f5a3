"""Two small tables that travel with the model: what a payer allows, and which CARCs it uses."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from models.claims.claim import Claim
from models.denial.cells import Floats
from models.denial.past import payer_key
from models.denial.risk import CarcRisk

#: Paid lines' worth of belief in the code's general share before a payer's own lines speak.
_HELD_LINES = 3.0
#: Denials' worth of belief in a category's general CARCs before a payer's own denials speak.
_HELD_DENIALS = 4.0
#: CARCs that are told for one claim.
_CARCS_TOLD = 5


class AllowedAmounts(msgspec.Struct, gc=False):
    """Allowed ÷ charge by ``"payer|code"``, by code under ``"|code"``, and over all."""

    shares: dict[str, float]
    overall: float

    def expected(self, claim: Claim) -> float:
        """Dollars that the payer would be expected to allow for the claim."""
        if not claim.lines:
            return float(claim.charge) * self.overall
        return sum(self.expected_of_lines(claim))

    def expected_of_lines(self, claim: Claim) -> list[float]:
        """Dollars that the payer would be expected to allow for each line."""
        payer = payer_key(claim)
        shares, found = self.shares, []
        for line in claim.lines:
            share = shares.get(f"{payer}|{line.code}")
            if share is None:
                share = shares.get(f"|{line.code}", self.overall)
            found.append(float(line.charge) * share)
        return found


def fit_allowed(lines: Iterable[tuple[str, str, float, float]]) -> AllowedAmounts:
    """From (payer key, code, charge, allowed) of lines that were paid."""
    charges: defaultdict[str, float] = defaultdict(float)
    allowed: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for payer, code, charge, amount in lines:
        for key in (f"{payer}|{code}", f"|{code}", ""):
            charges[key] += charge
            allowed[key] += amount
            counts[key] += 1
    overall = allowed[""] / charges[""] if charges[""] else 0.5
    shares: dict[str, float] = {}
    for key in sorted(counts, key=lambda k: not k.startswith("|")):  # codes before payers
        if not key:
            continue
        code = key.partition("|")[2]
        parent = overall if key.startswith("|") else shares[f"|{code}"]
        typical = charges[key] / counts[key] * _HELD_LINES
        shares[key] = round((allowed[key] + parent * typical) / (charges[key] + typical), 4)
    return AllowedAmounts(shares, round(overall, 4))


class CarcShares(msgspec.Struct, gc=False):
    """Shares of CARCs among denials, by category and payer (``""``: all payers)."""

    shares: dict[str, dict[str, dict[str, float]]]

    def likeliest(
        self, payer: str, categories: Sequence[str], probability: Floats
    ) -> list[CarcRisk]:
        """The likeliest CARCs given one probability a category, most probable first."""
        total: dict[str, float] = {}
        for category, p in zip(categories, probability.tolist(), strict=True):
            known = self.shares.get(category)
            if known is None or p <= 0:
                continue
            for carc, share in known.get(payer, known[""]).items():
                total[carc] = total.get(carc, 0.0) + p * share
        best = sorted([(-p, carc) for carc, p in total.items()])[:_CARCS_TOLD]
        return [CarcRisk(carc, -p) for p, carc in best]


def fit_carcs(denials: Iterable[tuple[str, str, str]]) -> CarcShares:
    """From (category, payer key, CARC) of denied lines."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for category, payer, carc in denials:
        by_payer = counts.setdefault(category, {})
        by_payer.setdefault("", Counter())[carc] += 1
        by_payer.setdefault(payer, Counter())[carc] += 1
    shares: dict[str, dict[str, dict[str, float]]] = {}
    for category, by_payer in counts.items():
        general = by_payer[""]
        size = general.total()
        shares[category] = {}
        for payer, own in by_payer.items():
            held = _HELD_DENIALS if payer else 0.0
            base = own.total() + held
            shares[category][payer] = {
                carc: round((own[carc] + held * n / size) / base, 4) for carc, n in general.items()
            }
    return CarcShares(shares)
