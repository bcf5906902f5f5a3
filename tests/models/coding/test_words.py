"""Spellings, endings and compounds of English and Spanish medical words."""

import pytest

from models.coding.words import key, tokens, vocabulary


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oesophagitis", "esofagitis"),
        ("haemorrhage", "hemorragia"),
        ("fractures", "fractura"),
        ("nephrolithiasis", "nefrolitiasis"),
        ("diarrhoea", "diarrea"),
        ("pneumonia", "neumonía"),
        ("psoriasis", "soriasis"),
    ],
)
def test_spellings_of_one_word_share_a_key(one: str, other: str):
    assert key(one) == key(other)


def test_different_words_keep_different_keys():
    words = ["neck", "pain", "cyst", "chest", "knee", "liver", "fever", "femur", "tibia", "cornea"]
    assert len({key(w) for w in words}) == len(words)


def test_synonyms_share_a_concept():
    words = vocabulary()
    assert words.concept(key("renal")) == words.concept(key("riñón")) == "kidney"


def test_compounds_come_apart():
    assert vocabulary().parts(key("nephrolithiasis"))[1:] == ("kidney", "calculus")
    assert vocabulary().parts(key("hepatosplenomegaly"))[1:] == ("liver", "spleen", "enlargement")


def test_tokens_know_where_they_stand():
    text = "Dolor 😀 abdominal\r\n\tfiebre"
    assert [text[t.begin : t.end] for t in tokens(text)] == ["Dolor", "abdominal", "fiebre"]
