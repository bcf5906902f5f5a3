"""The attention head in numpy: what it attends to, and that it survives saving."""

import numpy as np
import pytest

from models.coding.attention import LabelAttention
from models.coding.encoder import TextStates
from models.coding.words import Token

TEXT = "knee pain . denies bad cough"
#: Word, sentence, vector: the first number speaks of pain, the second of cough.
WORDS = (("knee", 0, 3.0, 0), ("pain", 0, 4.0, 0), ("bad", 1, 0, 0), ("cough", 1, 0, 4.0))


def token(word: str) -> Token:
    begin = TEXT.index(word)
    return Token(begin, begin + len(word), word, word)


@pytest.fixture
def states() -> TextStates:
    offsets = np.array([(token(w).begin, token(w).end) for w, *_ in WORDS])
    vectors = np.array([[0, 0], *([a, b] for *_, a, b in WORDS)], np.float32)
    return TextStates(offsets, vectors.cumsum(axis=0))


@pytest.fixture
def head() -> LabelAttention:
    eye = np.eye(2, dtype=np.float32)
    return LabelAttention(
        ["M25.569", "R05.9", "Z00.00"],
        np.vstack([eye, np.zeros((1, 2), np.float32)]),
        np.vstack([5 * eye, np.zeros((1, 2), np.float32)]),
        np.vstack([6 * eye, np.zeros((1, 2), np.float32)]),
        np.array([-3, -3, -4], np.float32),
    )


def words() -> list[list[Token]]:
    return [[token(w) for w, s, *_ in WORDS if s == sentence] for sentence in (0, 1)]


def test_likely_codes_point_at_the_words_that_speak_for_them(
    states: TextStates, head: LabelAttention
):
    knee, cough = head.find(states, words(), least=0.5)
    assert (knee.code, TEXT[knee.begin : knee.end], knee.sentence) == ("M25.569", "knee pain", 0)
    assert (cough.code, TEXT[cough.begin : cough.end], cough.sentence) == ("R05.9", "cough", 1)
    assert knee.probability == pytest.approx(1 / (1 + np.exp(-3)), abs=0.02)
    assert len(head.find(states, words())) == 3


def test_a_note_without_words_has_no_codes(states: TextStates, head: LabelAttention):
    assert head.find(states, [[], []]) == []


def test_the_arrays_make_the_same_head(states: TextStates, head: LabelAttention):
    again = LabelAttention.from_arrays(head.arrays())
    assert again.find(states, words()) == head.find(states, words())
