"""A note with its content words, abbreviations spelt out."""

import msgspec

from models.coding.abbreviations import load_abbreviations
from models.coding.encoder import TextStates
from models.coding.spans import Note
from models.coding.stretches import sentence_words
from models.coding.words import Token, Vocabulary, key, tokens


class NoteReading(msgspec.Struct):
    """A note with its content words, read once; ``states`` once an encoder has read it."""

    note: Note
    words: list[list[Token]]
    states: TextStates | None = None


def read_words(note: Note, vocabulary: Vocabulary) -> NoteReading:
    """Split a note's sentences into content words."""
    return NoteReading(note, sentence_words(note, vocabulary))


def spelt_out(note: Note, words: list[list[Token]], vocabulary: Vocabulary) -> list[list[Token]]:
    """Content words with abbreviations replaced by their likeliest long form, where they stand.

    Only in notes with headings: shorthand is theirs, running prose and other languages are not
    what the table of abbreviations was written for.
    """
    if not note.sections:
        return words
    words = [[_side(note.text, t) for t in sentence] for sentence in words]
    found = {a.begin: a for a in load_abbreviations().find(note) if a.meanings[0].share >= 0.6}
    if not found:
        return words
    result = []
    for sentence in words:
        spelt: list[Token] = []
        behind = -1
        for token in sentence:
            known = found.get(token.begin)
            if known is not None and len(known.short) > 1:
                behind = known.end
                spelt += [
                    Token(known.begin, known.end, t.word, t.key)
                    for t in tokens(known.long)
                    if t.word not in vocabulary.empty
                ]
            elif token.begin >= behind:
                spelt.append(token)
        result.append(spelt)
    return result


_SIDES = {"R": "right", "Rt": "right", "RT": "right", "L": "left", "Lt": "left", "LT": "left"}


def _side(text: str, token: Token) -> Token:
    """A side's initial before a word as the side ("R shoulder", not "r/o" or "L4")."""
    side = _SIDES.get(text[token.begin : token.end])
    behind = text[token.end : token.end + 2]
    if side is None or not (len(behind) == 2 and behind[0] in " -" and behind[1].isalpha()):
        return token
    return Token(token.begin, token.end, side, key(side))
