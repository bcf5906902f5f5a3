"""Words of a note or a term, made comparable: spelling, endings, synonyms, Greek and Latin parts.

Medical words differ more in spelling than in substance: *oesophagitis*, *esophagitis*,
*esofagitis*. A word's **key** undoes accents, plural and gender endings and the spellings of
Greek sounds, the same for English and Spanish; ``words.csv`` (synonyms) turns keys into
**concepts** (*renal*, *kidney*, *riñón*), and ``roots.csv`` takes compounds apart
(*nephrolithiasis*: kidney, calculus).
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NUMBER = re.compile(r"\d")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_SOUNDS = (
    ("ph", "f"), ("th", "t"), ("rrh", "r"), ("rh", "r"), ("ae", "e"), ("oe", "e"), ("y", "i"),
    ("chr", "cr"), ("chl", "cl"), ("ch", "c"), ("k", "c"), ("tion", "cion"), ("qu", "c"),
)  # fmt: skip
_DOUBLE = re.compile(r"(.)\1+")
_START = re.compile(r"^(?:pn(?=e)|ps(?=[eio])|h(?=em|er|id|ip|ep|ist))")


class Token(msgspec.Struct, frozen=True, gc=False):
    """A word in a text: ``[begin, end)`` in code points, its folded form and its key."""

    begin: int
    end: int
    word: str
    key: str


@lru_cache(maxsize=200_000)
def folded(word: str) -> str:
    """Lower case without accents.

    >>> folded("Riñón")
    'rinon'
    """
    if word.isascii():
        return word.lower()
    return "".join(
        c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c)
    )


@lru_cache(maxsize=200_000)
def key(word: str) -> str:
    """What two spellings of one word share.

    >>> key("oesophagitis") == key("esofagitis"), key("Fracturas") == key("fracture")
    (True, True)
    """
    word = folded(word).replace("'s", "").replace("’s", "")
    if len(word) < 4 or _NUMBER.search(word):
        return _ROMAN.get(word, word)
    if word.endswith("ies"):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("us", "is", "ss")):
        word = word[:-1]
    # In short words the spelling of a sound tells words apart ("ache", "access").
    word = _sounded(word) if len(word) > 5 else _DOUBLE.sub(r"\1", word)
    return _without_ending(_START.sub(lambda m: m.group()[1:], word))


def _sounded(word: str) -> str:
    """Sounds that English and Spanish spell differently, spelt alike."""
    for sound, spelling in _SOUNDS:
        if sound in word:
            word = word.replace(sound, spelling)
    return _DOUBLE.sub(r"\1", word)


def _without_ending(word: str) -> str:
    while len(word) > 4 and word[-1] in "aeio":
        word = word[:-1]
    return word


def tokens(text: str, begin: int = 0, end: int | None = None) -> list[Token]:
    """Words of ``text[begin:end]`` in order, offsets of the whole text.

    >>> [t.word for t in tokens("Right-sided chest pain")]
    ['right', 'sided', 'chest', 'pain']
    """
    stop = len(text) if end is None else end
    return [
        Token(m.start(), m.end(), folded(m.group()), key(m.group()))
        for m in _WORD.finditer(text, begin, stop)
    ]


class Vocabulary:
    """Synonyms, word parts and words without content; made once from the files beside this."""

    def __init__(
        self,
        synonyms: Iterable[tuple[str, str, tuple[str, ...]]],
        roots: Iterable[tuple[str, str, str]],
        empty: Iterable[str],
        not_alone: Iterable[str],
    ) -> None:
        """``synonyms``: word, concept, what it also says; ``roots``: form, place, concept.

        ``empty``: stop words; ``not_alone``: words that are no finding by themselves.
        """
        self.concepts: dict[str, str] = {}
        self._says: dict[str, tuple[str, ...]] = {}
        for word, concept, says in synonyms:
            self.concepts.setdefault(key(word), concept)
            if says:
                self._says[concept] = says
        self.starts: dict[str, str] = {}
        self.ends: dict[str, str] = {}
        for form, place, concept in roots:
            if place == "start":
                self.starts[_START.sub(lambda m: m.group()[1:], _sounded(folded(form)))] = concept
            else:
                self.ends[_sounded(folded(form)).rstrip("aeio")] = concept
        self.empty = frozenset(folded(word) for word in empty)
        self.not_alone = frozenset(self.concept(key(word)) for word in not_alone)
        self._parts: dict[str, tuple[str, ...]] = {}

    def concept(self, key_: str) -> str:
        """The concept of a key; the key itself where it has no synonym."""
        return self.concepts.get(key_, key_)

    def parts(self, key_: str) -> tuple[str, ...]:
        """Concepts in a word: its own first, then those of its Greek and Latin parts."""
        found = self._parts.get(key_)
        if found is None:
            if len(self._parts) > 200_000:
                self._parts.clear()
            own = self.concept(key_)
            more = [c for c in (*self._says.get(own, ()), *self._split(key_)) if c != own]
            found = self._parts[key_] = (own, *dict.fromkeys(more))
        return found

    def _split(self, word: str) -> list[str]:
        """Longest known end, then known starts from the left; all of it must be known."""
        if len(word) < 6:
            return []
        for cut in range(3, len(word) - 2):
            end = self.ends.get(word[cut:])
            if end is None:
                continue
            rest, found = word[:cut], []
            while rest:
                for n in range(len(rest), 1, -1):
                    if (concept := self.starts.get(rest[:n])) is not None:
                        found.append(concept)
                        rest = rest[n:]
                        break
                else:
                    if rest in ("o", "i", "a", "r"):
                        rest = ""
                    else:
                        break
            if not rest and found:
                return [c for c in (*found, end) if c]
        return []


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with Firstpass."""
    synonyms = [
        (word, row["concept"], tuple(row["parts"].split("|")) if row["parts"] else ())
        for row in _rows("words.csv")
        for word in (*row["words"].split("|"), row["concept"])
    ]
    roots = [
        (form, row["place"], row["concept"])
        for row in _rows("roots.csv")
        for form in row["forms"].split("|")
    ]
    return Vocabulary(synonyms, roots, _words("empty_words.txt"), _words("not_alone.txt"))


def _words(name: str) -> list[str]:
    return (HERE / name).read_text(encoding="utf-8").split()


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
