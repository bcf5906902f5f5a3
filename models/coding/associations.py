"""Which words and which codes go with which codes, over labelled notes.

Coders mark few words, and for many codes none; what stands in most notes that have a code and in
few others speaks for it all the same. So do other codes: who has one of two that go together
often has both.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from models.coding.words import Token

LONGEST = 3
"""Content words of the longest run that is counted."""
LEAST_NOTES = 2
LEAST_RATE = 0.25
LEAST_LIFT = 4.0
#: Notes of the average sort that are imagined beside those seen.
SHRINK = 1.5


class Associations(msgspec.Struct):
    """``runs[fingerprint]``: codes with the rate at which they go with the run of words.

    ``pairs[code][other]``: share of the notes with ``other`` that have ``code``, shrunk.
    """

    runs: dict[int, tuple[tuple[int, float], ...]]
    pairs: dict[int, dict[int, float]]

    def find(self, words: Sequence[Token]) -> Iterator[tuple[int, int, int, float]]:
        """In a sentence's content words: first and last word's index, code, rate."""
        if not self.runs:
            return
        from models.coding.history import fingerprint

        keys = [t.key for t in words]
        for i, first in enumerate(keys):
            run = first
            for j in range(i, min(i + LONGEST, len(keys))):
                if j > i:
                    run = f"{run} {keys[j]}"
                for code, rate in self.runs.get(fingerprint(run), ()):
                    yield i, j, code, rate

    def to_data(self) -> dict[str, Any]:
        """Plain data, from which `from_data` makes an equal one."""
        return {
            "runs": [[run, *codes] for run, codes in sorted(self.runs.items())],
            "pairs": [[c, sorted(o.items())] for c, o in sorted(self.pairs.items())],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Associations":
        """The associations that `to_data` described."""
        return cls(
            {row[0]: tuple((c, r) for c, r in row[1:]) for row in data["runs"]},
            {code: dict(others) for code, others in data["pairs"]},
        )


def associate(
    notes: Sequence[tuple[Sequence[Sequence[str]], Sequence[int]]], counts: Sequence[int]
) -> Associations:
    """Count over notes, each its content words by sentence and its codes' numbers."""
    from models.coding.history import fingerprint

    total = max(len(notes), 1)
    held = [_runs(sentences) for sentences, _ in notes]
    seen = Counter(run for runs in held for run in runs)
    common = {run for run, n in seen.items() if LEAST_NOTES <= n <= max(total / 2, 3)}
    both: dict[str, Counter[int]] = defaultdict(Counter)
    together: Counter[tuple[int, int]] = Counter()
    for runs, (_, codes) in zip(held, notes, strict=True):
        for run in runs & common:
            both[run].update(codes)
        together.update((a, b) for a in codes for b in codes if a != b)
    found = {}
    for run, by_code in both.items():
        kept = []
        for code, n in by_code.items():
            base = counts[code] / total
            rate = (n + SHRINK * base) / (seen[run] + SHRINK)
            # A common code cannot become four times likelier, but its absence as much rarer.
            lifted = min(LEAST_LIFT * base, 1 - (1 - base) / LEAST_LIFT)
            if n >= LEAST_NOTES and rate >= max(LEAST_RATE, lifted):
                kept.append((code, round(rate, 4)))
        if kept:
            found[fingerprint(run)] = tuple(sorted(kept))
    pairs: dict[int, dict[int, float]] = {}
    for (code, other), n in together.items():
        if n >= LEAST_NOTES:
            base = counts[code] / total
            rate = (n + 2 * SHRINK * base) / (counts[other] + 2 * SHRINK)
            if rate >= 2 * base:
                pairs.setdefault(code, {})[other] = round(rate, 4)
    return Associations(found, pairs)


def _runs(sentences: Sequence[Sequence[str]]) -> set[str]:
    return {
        " ".join(keys[i:j])
        for keys in sentences
        for i in range(len(keys))
        for j in range(i + 1, min(i + LONGEST, len(keys)) + 1)
    }


NOTHING = Associations({}, {})
