"""Codes that a payer refused for their coding: what a reviewer must look at again.

A denial of category `coding_bundling` speaks of the procedure on its line. Some CARCs speak of
the diagnoses that the line points at, whatever their category (``denied_diagnoses.csv``).
"""

from functools import lru_cache

import msgspec

from models.codes.categories import DenialCategory, load_categories
from models.codes.hcpcs import HcpcsLevel, hcpcs_level
from models.codes.system import CPT, HCPCS, ICD10CM
from models.codes.tables import read_rules
from models.coding.draft import diagnosis
from models.history.outcomes import Submission

_PROCEDURES = {HcpcsLevel.CPT: CPT, HcpcsLevel.HCPCS: HCPCS}


@lru_cache(maxsize=1)
def diagnosis_carcs() -> frozenset[str]:
    """CARCs that refuse a diagnosis, not the procedure it was billed for."""
    rows = read_rules("denied_diagnoses.csv", ("carc",), ("carc",), package="models.coding")
    return frozenset(cells["carc"] for _, cells in rows)


class DeniedCode(msgspec.Struct, frozen=True):
    """A code of a claim that its payer refused; ``why`` names CARC, our words and the day."""

    system: str
    code: str
    why: str


def denied_codes(submission: Submission) -> list[DeniedCode]:
    """Codes of one submission that were denied for coding at its first adjudication.

    None where the denial was overturned: what was paid after all is no lesson against the code.
    """
    first = submission.first
    if first is None or not first.denied or submission.overturned:
        return []
    claim = submission.claim
    diagnoses = [diagnosis(x.code) for x in claim.diagnoses]
    found: dict[tuple[str, str], DeniedCode] = {}

    def add(system: str, code: str, carc: str) -> None:
        words = load_categories().words(carc)
        why = f"CARC {carc}{f', {words}' if words else ''}; answered {first.answered}"
        found.setdefault((system, code), DeniedCode(system, code, why))

    for billed, line in zip(claim.lines, first.lines, strict=True):
        if not line.denied:
            continue
        about = next((c for c in line.denial_carcs if c in diagnosis_carcs()), None)
        if about is not None:
            for pointer in billed.pointers:
                if 0 < pointer <= len(diagnoses):
                    add(ICD10CM, diagnoses[pointer - 1], about)
        elif line.category is DenialCategory.CODING_BUNDLING and line.denial_carcs:
            code = billed.code.strip().upper()
            system = _PROCEDURES.get(hcpcs_level(code))
            if system is not None:
                add(system, code, line.denial_carcs[0])
    return list(found.values())
