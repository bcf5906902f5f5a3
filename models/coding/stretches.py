"""From sentences to stretches of words in which mentions are looked for.

A **stretch** is a run of words of one sentence that no punctuation and no verb or pronoun
breaks ("stenosis of the right ureter"); prepositions stay inside. Long ones are cut with an
overlap, so that cost grows linearly with the text.
"""

import re
from functools import lru_cache
from pathlib import Path

import msgspec

from models.coding.spans import Note
from models.coding.words import Token, Vocabulary, folded, tokens

LONGEST = 14
OVERLAP = 4
_BREAK = re.compile(r"[,;:.!?()\[\]\n\r•|]|\s[-–—]\s")


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """Content words in order, and the sentence's and its section's number."""

    words: tuple[Token, ...]
    sentence: int
    section: int


@lru_cache(maxsize=1)
def boundary_words() -> frozenset[str]:
    """Words that end a stretch, folded."""
    text = Path(__file__).with_name("boundary_words.txt").read_text(encoding="utf-8")
    return frozenset(folded(word) for word in text.split())


def sentence_words(note: Note, vocabulary: Vocabulary) -> list[list[Token]]:
    """Content words of each sentence (words without content left out)."""
    empty = vocabulary.empty
    return [
        [t for t in tokens(note.text, s.begin, s.end) if t.word not in empty]
        for s in note.sentences
    ]


def stretches(note: Note, words: list[list[Token]]) -> list[Stretch]:
    """Stretches of every sentence; ``words`` as `sentence_words` gives them."""
    boundaries = boundary_words()
    found: list[Stretch] = []
    text = note.text
    for number, (sentence, content) in enumerate(zip(note.sentences, words, strict=True)):
        run: list[Token] = []
        for token in content:
            broken = run and _BREAK.search(text, run[-1].end, token.begin)
            if broken:
                _cut(run, number, sentence.section, found)
                run = []
            if token.word in boundaries:
                _cut(run, number, sentence.section, found)
                run = []
                continue
            run.append(token)
        _cut(run, number, sentence.section, found)
    return found


def _cut(run: list[Token], sentence: int, section: int, found: list[Stretch]) -> None:
    begin = 0
    while run[begin:]:
        found.append(Stretch(tuple(run[begin : begin + LONGEST]), sentence, section))
        if begin + LONGEST >= len(run):
            return
        begin += LONGEST - OVERLAP
