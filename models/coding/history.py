"""What labelled notes teach of single strings: which words coders marked, and for which codes.

For every string of content words that coders marked anywhere: in how many notes it occurs, in
how many of them it was marked for a code, and in how many the note has the code at all. Strings
that occur often and are seldom marked ("patient") weigh little; that is what a plain evidence
dictionary gets wrong.

Strings come from patients' notes, so only their fingerprints are kept in what is saved.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from models.coding.associations import NOTHING, Associations, associate
from models.coding.lexicon import Entry, Lexicon
from models.coding.words import Token, Vocabulary

LONGEST = 8
"""Content words of the longest string that is remembered."""


class Marked(msgspec.Struct, frozen=True):
    """What one labelled note teaches: its content words by sentence, its codes, marked strings."""

    words: tuple[tuple[str, ...], ...]
    codes: frozenset[str]
    strings: tuple[tuple[str, str], ...]  # string of keys, code
    texts: tuple[str, ...] = ()  # the strings as they were written


class StringCodes(msgspec.Struct, frozen=True, gc=False):
    """What is known of a string: notes that hold it, and by code (marked, in the note)."""

    seen: int
    codes: tuple[tuple[int, int, int], ...]  # code number, notes marked, notes with the code


@lru_cache(maxsize=400_000)
def fingerprint(string: str) -> int:
    """64 bits that stand for a string of keys."""
    return int.from_bytes(hashlib.blake2b(string.encode(), digest_size=8).digest(), "big")


class StringHistory:
    """The dictionary of marked strings, by fingerprint; immutable."""

    def __init__(
        self,
        strings: dict[int, StringCodes],
        starts: Iterable[int],
        codes: Sequence[str],
        counts: Sequence[int],
        notes: int,
        associations: Associations = NOTHING,
    ) -> None:
        """``starts``: first words' fingerprints; ``counts[code]``: notes of ``notes`` with it."""
        self.strings = strings
        self.starts = frozenset(starts)
        self.codes = list(codes)
        self.counts = list(counts)
        self.notes = notes
        self.associations = associations
        self.code_number = {code: i for i, code in enumerate(self.codes)}

    @classmethod
    def build(cls, notes: Sequence[Marked]) -> "StringHistory":
        """Count."""
        counts = Counter(code for note in notes for code in note.codes)
        codes = sorted(counts)
        number = {code: i for i, code in enumerate(codes)}
        marked: dict[str, Counter[int]] = {}
        for note in notes:
            for string, code in set(note.strings):
                if code in number:
                    marked.setdefault(string, Counter())[number[code]] += 1
        starts = {s.split(" ", 1)[0] for s in marked}
        seen: Counter[str] = Counter()
        with_code: dict[str, Counter[int]] = {s: Counter() for s in marked}
        for note in notes:
            own = [number[c] for c in note.codes]
            held = {s for words in note.words for s in _strings(words, starts) if s in marked}
            held |= {s for s, _ in note.strings if s in marked}
            for string in held:
                seen[string] += 1
                with_code[string].update(own)
        strings = {
            fingerprint(s): StringCodes(
                seen[s],
                tuple((c, n, with_code[s][c]) for c, n in sorted(by_code.items())),
            )
            for s, by_code in marked.items()
        }
        starts_ = (fingerprint(s) for s in starts)
        total = [counts[c] for c in codes]
        going_with = associate([(n.words, [number[c] for c in n.codes]) for n in notes], total)
        return cls(strings, starts_, codes, total, len(notes), going_with)

    def find(self, words: Sequence[Token]) -> Iterator[tuple[int, int, int]]:
        """Known strings in a sentence's content words: first and last word's index, string."""
        if not self.strings:
            return
        keys = [t.key for t in words]
        known = self.strings
        for i, first in enumerate(keys):
            if fingerprint(first) not in self.starts:
                continue
            string = first
            for j in range(i, min(i + LONGEST, len(keys))):
                if j > i:
                    string = f"{string} {keys[j]}"
                if (print_ := fingerprint(string)) in known:
                    yield i, j, print_

    def to_data(self) -> dict[str, Any]:
        """Plain data, from which `from_data` makes an equal one."""
        return {
            "strings": [[s, c.seen, *c.codes] for s, c in sorted(self.strings.items())],
            "starts": sorted(self.starts),
            "codes": self.codes,
            "counts": self.counts,
            "notes": self.notes,
            "associations": self.associations.to_data(),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "StringHistory":
        """The history that `to_data` described."""
        strings = {
            row[0]: StringCodes(row[1], tuple((c, m, n) for c, m, n in row[2:]))
            for row in data["strings"]
        }
        return cls(
            strings, data["starts"], data["codes"], data["counts"], data["notes"],
            Associations.from_data(data["associations"]),
        )  # fmt: skip


def string_entries(
    notes: Sequence[Marked], history: StringHistory, terms: Lexicon, vocabulary: Vocabulary
) -> Iterator[Entry]:
    """Marked strings as terms of a lexicon: what is like them is a candidate too.

    ``history`` is built from ``notes``. Words that single notes hold (names, dates) are kept
    out of the lexicon, unless they are words of ``terms`` or made of known parts.
    """

    def medical(key: str) -> bool:
        return vocabulary.concept(key) in terms.concepts or len(vocabulary.parts(key)) > 1

    held = Counter(k for note in notes for k in {k for words in note.words for k in words})
    for string in sorted({s for note in notes for s, _ in note.strings}):
        known = history.strings.get(fingerprint(string))
        keys = string.split(" ")
        if known is None or any(held[k] < 2 and not medical(k) for k in keys):
            continue
        concepts = tuple(dict.fromkeys(vocabulary.concept(k) for k in keys))
        for code, marked, _ in known.codes:
            yield concepts, history.codes[code], 0, marked / (known.seen + 1)


def marked_string(words: Iterable[Token]) -> str:
    """Content words as one string of keys; ``""`` for none and for more than `LONGEST`."""
    keys = [t.key for t in words]
    return " ".join(keys) if len(keys) <= LONGEST else ""


def _strings(keys: Sequence[str], starts: set[str]) -> Iterator[str]:
    for i, first in enumerate(keys):
        if first not in starts:
            continue
        string = first
        yield string
        for j in range(i + 1, min(i + LONGEST, len(keys))):
            string = f"{string} {keys[j]}"
            yield string
