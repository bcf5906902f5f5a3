"""Exporting an encoder, pooling spans from one pass, and vectors in a model; on a tiny encoder."""

from pathlib import Path

import numpy as np
import pytest

from models.coding.artifact import load_artifact, save_artifact
from models.coding.attention import LabelAttention
from models.coding.dayone import day_one_model
from models.coding.dense import DenseIndex, Projection
from models.coding.encoder import TextEncoder
from models.coding.model import ICD10CM
from models.coding.note import read_note
from models.coding.reading import read_words
from models.coding.sources import Dense
from models.coding.words import vocabulary
from models.errors import InputError
from training.coding.encoder import ENCODER_VARIABLE, encoder_source, export_encoder, missing_parts

pytest.importorskip("torch", reason="torch is not installed: the encoder cannot be exported")


@pytest.fixture(scope="module")
def exported(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    folder = tmp_path_factory.mktemp("exported")
    return folder, export_encoder(str(tiny_encoder), folder)


def test_the_exported_encoder_is_the_original_but_for_rounding(exported: tuple[Path, float]):
    assert exported[1] > 0.98


def test_spans_are_pooled_where_they_stand(exported: tuple[Path, float]):
    encoder = TextEncoder(exported[0])
    text = "a heart attack 😀 and knee pain " * 30
    begin = text.index("knee")
    found = encoder.read(text).spans([(begin, begin + 9), (0, len(text)), (0, 0)])
    assert found.shape == (3, 32)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 0], abs=1e-5)
    assert encoder.encode([]).shape[0] == 0


def test_a_model_with_vectors_keeps_them(exported: tuple[Path, float], tmp_path: Path):
    encoder = TextEncoder(exported[0])
    texts = ["heart attack", "knee pain", "headache"]
    vectors = encoder.encode(texts)
    projection = Projection.fit(vectors, 3)
    index = DenseIndex.build(projection.apply(vectors), ["I21.9", "M25.569", "R51.9"], [1.0] * 3)
    (terms, scores), *_ = index.nearest(projection.apply(vectors[:1]), 2)
    assert index.codes[index.code_of(int(terms[0]))] == "I21.9"
    assert scores[0] == pytest.approx(1, abs=0.02)
    model = day_one_model()
    # A head that finds its one code certain in any note: a candidate by attention alone.
    zeros = np.zeros((33, 4), np.float32)
    attention = LabelAttention(["Q18.0"], zeros, zeros[:1], zeros[:1], np.array([3], np.float32))
    model.parts[ICD10CM].sources.dense = Dense(encoder, projection, index, None, attention)
    save_artifact(model, tmp_path / "a")
    again = load_artifact(tmp_path / "a")
    note = "Heart attack last year, knee pain today."
    assert again.suggest(note) == model.suggest(note)
    found = again.rank(ICD10CM, read_words(read_note(note), vocabulary()))
    only = next(c for c, _ in found if c.code == "Q18.0")
    assert [s.source for s in only.supports] == ["attention"]
    assert note[only.supports[0].begin : only.supports[0].end].startswith("Heart")


def test_what_is_no_encoder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be loaded"):
        export_encoder(str(tmp_path), tmp_path / "out")


def test_another_encoder_can_be_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(ENCODER_VARIABLE, "/somewhere/else")
    assert encoder_source() == "/somewhere/else"
    assert encoder_source("given") == "given"
    assert "no encoder weights" in missing_parts(None)
