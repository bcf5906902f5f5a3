"""What a practice bills: how often each specialty has each code, whoever pays.

Counted over visits (a claim sent again or to another payer is one visit). A specialty is known
by its taxonomy code, as claims state it, and by the names that notes use for it.
"""

import math
from collections.abc import Iterable, Mapping

import msgspec

LEAST_VISITS = 3
"""A code of fewer visits of a specialty is not kept: it would tell of single patients."""
#: Visits of the whole practice that are imagined beside those of a specialty.
SHRINK = 20.0
MOST_LIFT = 4.0


class Habit(msgspec.Struct, frozen=True, gc=False):
    """Share of visits with a code: of the whole practice, of the specialty (shrunk towards it).

    ``lift``: logarithm of their ratio, within +-`MOST_LIFT`; 0 where the specialty is unknown.
    """

    practice: float = 0.0
    specialty: float = 0.0
    lift: float = 0.0


class Habits(msgspec.Struct, frozen=True):
    """Counts of one code system.

    ``visits[specialty]`` and ``codes[specialty][code]``; ``""`` is the whole practice. ``names``
    leads from a specialty's names, as `specialty_key` spells them, to its key in both.
    """

    visits: dict[str, int] = {}
    codes: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}

    def of(self, specialty: str, codes: Iterable[str]) -> dict[str, Habit]:
        """What is usual for each code; nothing for codes that the practice does not bill."""
        total = self.visits.get("", 0)
        if not total:
            return {}
        key = specialty_key(specialty)
        key = self.names.get(key, key)
        own = self.visits.get(key, 0) if key else 0
        counts, of_own = self.codes.get("", {}), self.codes.get(key, {})
        result = {}
        for code in codes:
            count = counts.get(code, 0)
            if not count:
                continue
            practice = count / total
            share = (of_own.get(code, 0) + SHRINK * practice) / (own + SHRINK) if own else practice
            lift = max(-MOST_LIFT, min(MOST_LIFT, math.log(share / practice)))
            result[code] = Habit(practice, share, lift)
        return result

    @classmethod
    def count(
        cls, visits: Iterable[tuple[str, frozenset[str]]], names: Mapping[str, str]
    ) -> "Habits":
        """Count visits, each its specialty and codes; ``names``: other words for a specialty."""
        seen: dict[str, int] = {}
        codes: dict[str, dict[str, int]] = {}
        for specialty, billed in visits:
            for key in {"", specialty_key(specialty)}:
                seen[key] = seen.get(key, 0) + 1
                counts = codes.setdefault(key, {})
                for code in billed:
                    counts[code] = counts.get(code, 0) + 1
        kept = {
            key: {code: n for code, n in sorted(counts.items()) if n >= LEAST_VISITS}
            for key, counts in sorted(codes.items())
        }
        known = {specialty_key(name): specialty_key(key) for name, key in names.items()}
        return cls(seen, kept, {n: k for n, k in sorted(known.items()) if n != k and k in seen})


def specialty_key(specialty: str) -> str:
    """A specialty in one spelling.

    >>> specialty_key("Family Medicine"), specialty_key("family_medicine")
    ('family medicine', 'family medicine')
    """
    return " ".join(specialty.replace("_", " ").replace("-", " ").casefold().split())


NO_HABITS = Habits()
