"""Tuning the encoder on synonyms; on a tiny encoder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.coding.terms import Kind, Term
from training.coding import tuning
from training.coding.encoder import export_encoder
from training.coding.tuning import batch, mark, related, synonyms, tune_encoder

WORDS = {
    "I10": ("high pressure", "hypertension"),
    "I21.9": ("heart attack", "infarct"),
    "M25.561": ("right knee pain", "gonalgia right"),
    "M25.562": ("left knee pain", "gonalgia left"),
    "R05.9": ("cough", "tussis"),
    "Z00.00": ("checkup",),
}
GROUPS = synonyms(Term(w, code, Kind.NAME) for code, words in WORDS.items() for w in words)


def test_codes_of_one_term_teach_nothing():
    assert {code for group in GROUPS.values() for code in group} == WORDS.keys() - {"Z00.00"}


def test_batches_hold_siblings_and_are_the_same_for_the_same_step():
    codes, one, other = batch(GROUPS, 3)
    assert batch(GROUPS, 3) == (codes, one, other)
    assert {"M25.561", "M25.562"} <= set(codes)
    assert all({a, b} == set(WORDS[c]) for c, a, b in zip(codes, one, other, strict=True))


def test_a_heading_is_no_negative_of_what_stands_below_it():
    assert related(["M25.5", "M25.561", "M25.562"]).sum() == 4


def test_other_synonyms_or_weights_are_another_tuning():
    fewer = {k: v for k, v in GROUPS.items() if k != "I10"}
    assert len({mark("a", GROUPS), mark("b", GROUPS), mark("a", fewer)}) == 3


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "RATE", 3e-3)
    monkeypatch.setattr(tuning, "SAVED_EVERY", 5)


@pytest.mark.usefixtures("quick")
def test_synonyms_come_nearer_than_other_terms(tiny_encoder: Path, tmp_path: Path):
    from models.coding.encoder import TextEncoder

    tuned = tune_encoder(str(tiny_encoder), GROUPS, tmp_path / "tuned", steps=60)

    def first(source: Path) -> float:
        folder = tmp_path / f"{source.name}-exported"
        export_encoder(str(source), folder)
        codes = [c for c, words in WORDS.items() if len(words) > 1]
        encoder = TextEncoder(folder)
        scores = (
            encoder.encode([WORDS[c][0] for c in codes])
            @ encoder.encode([WORDS[c][1] for c in codes]).T
        )
        return float(np.mean(scores.argmax(axis=1) == np.arange(len(codes))))

    assert first(tuned) == 1.0
    assert first(tiny_encoder) < 1.0


@pytest.mark.usefixtures("quick")
def test_an_interrupted_tuning_goes_on_to_the_same_weights(tiny_encoder: Path, tmp_path: Path):
    whole = tune_encoder(str(tiny_encoder), GROUPS, tmp_path / "whole", steps=12)

    def interrupt(step: str, done: int = 0, total: int | None = None) -> None:
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune_encoder(str(tiny_encoder), GROUPS, tmp_path / "parts", steps=12, progress=interrupt)
    steps: list[int] = []

    def note(step: str, done: int = 0, total: Any = None) -> None:
        steps.append(done)

    parts = tune_encoder(str(tiny_encoder), GROUPS, tmp_path / "parts", steps=12, progress=note)
    assert steps[0] == 5
    assert (parts / tuning.WEIGHTS).read_bytes() == (whole / tuning.WEIGHTS).read_bytes()
    assert not list(parts.glob("unfinished*"))
