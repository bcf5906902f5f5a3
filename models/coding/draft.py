"""A draft claim as the coding assist sees it: diagnoses, service lines, pointers."""

from collections.abc import Iterable

import msgspec

from models.claims.claim import Claim
from models.coding.terms import dotted

MOST_DIAGNOSES = 12
"""Diagnoses of an 837P claim."""
MOST_POINTERS = 4
"""Diagnoses that one service line may point at."""


class DraftLine(msgspec.Struct, frozen=True):
    """A service line; ``pointers`` are positions in the claim's diagnoses, from 1."""

    number: int
    code: str
    modifiers: tuple[str, ...] = ()
    pointers: tuple[int, ...] = ()


class DraftClaim(msgspec.Struct, frozen=True):
    """What somebody means to bill for the visit; diagnosis codes with their dot."""

    diagnoses: tuple[str, ...]
    lines: tuple[DraftLine, ...]

    @property
    def procedures(self) -> tuple[str, ...]:
        """Codes of the lines, in order."""
        return tuple(line.code for line in self.lines)


def diagnosis(code: str) -> str:
    """An ICD-10-CM code in its usual form.

    >>> diagnosis("e119"), diagnosis(" E11.9"), diagnosis("I10")
    ('E11.9', 'E11.9', 'I10')
    """
    return dotted(code.replace(".", "").strip().upper())


def draft_claim(diagnoses: Iterable[str], lines: Iterable[DraftLine]) -> DraftClaim:
    """A draft with its codes in their usual form."""
    return DraftClaim(
        tuple(diagnosis(code) for code in diagnoses),
        tuple(
            msgspec.structs.replace(line, code=line.code.strip().upper(), modifiers=tuple(
                m.strip().upper() for m in line.modifiers
            ))
            for line in lines
        ),
    )  # fmt: skip


def draft_of(claim: Claim) -> DraftClaim:
    """The draft in a claim."""
    return draft_claim(
        (d.code for d in claim.diagnoses),
        (DraftLine(x.number, x.code, x.modifiers, x.pointers) for x in claim.lines),
    )
