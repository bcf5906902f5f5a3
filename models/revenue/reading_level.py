"""How hard a letter is to read: the grade of school that its words ask for.

Health literacy guides ask for the sixth to eighth grade in what patients are sent.
"""

import re
from functools import lru_cache

import msgspec
import pyphen

HIGHEST_GRADE = 8.0
"""Letters to patients should need no higher grade."""

_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
_END = re.compile(r"[.!?]+(?=\s|$)|:(?=\s|$)|\n")


class ReadingLevel(msgspec.Struct, frozen=True):
    """``grade`` by Flesch and Kincaid, of ``words`` words in ``sentences`` sentences."""

    grade: float
    words: int
    sentences: int


@lru_cache(maxsize=1)
def _dictionary() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US", left=1, right=2)


def syllables(word: str) -> int:
    """Syllables of an English word: hyphenation points, and one more.

    >>> syllables("bill"), syllables("insurance"), syllables("agreement")
    (1, 3, 3)
    """
    return len(_dictionary().positions(word.lower())) + 1


def reading_level(text: str) -> ReadingLevel:
    """Flesch-Kincaid grade of the prose of a letter (Kincaid and others, 1975).

    0.39 words a sentence + 11.8 syllables a word - 15.59. Items, headings and lines end a
    sentence; lines without a verb's worth of words (addresses, amounts) are left out.

    >>> reading_level("We saw you in May. Your plan paid its part. You owe the rest.").grade < 3
    True
    """
    lines = text.splitlines()
    prose = "\n".join(x for x in lines if x.rstrip().endswith((".", "!", "?")))
    sentences = [s for s in _END.split(prose) if _WORD.search(s)]
    words = [w for s in sentences for w in _WORD.findall(s)]
    if not words:
        return ReadingLevel(0.0, 0, 0)
    total = sum(syllables(w) for w in words)
    grade = 0.39 * len(words) / len(sentences) + 11.8 * total / len(words) - 15.59
    return ReadingLevel(round(max(grade, 0.0), 1), len(words), len(sentences))
