"""Training from labelled notes: learns, tests on other patients, registers, reports what is bad."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from models import registry
from models.claims.claim import Claim, Person, Provider, ServiceLine
from models.claims.tabular import write_jsonl
from models.coding.artifact import load_artifact
from models.coding.dayone import day_one_model
from models.coding.model import CodingModel, SystemPart
from models.coding.notes_file import NoteCode, NoteRecord
from models.coding.ranker import PriorRanker
from models.coding.sources import Sources
from models.errors import NotEnoughDataError
from training.coding import fit
from training.coding import train as module
from training.coding.dataset import folds_of, label, split
from training.coding.evaluate import evaluate_coding
from training.coding.train import train_coding

FINDINGS = (
    ("sugar sickness", "E11.9"),
    ("tight pressure", "I10"),
    ("bad cough", "R05.9"),
    ("ZEBRA spell", "R56.9"),
    ("knee trouble", "M25.569"),
)


def notes(count: int, system: str = "ICD-10-CM") -> list[NoteRecord]:
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        chosen = rng.choice(len(FINDINGS), 2, replace=False)
        text = "Seen today. "
        codes = []
        for words, code in (FINDINGS[i] for i in chosen):
            begin = len(text)
            text += f"{words} noted. "
            codes.append(NoteCode(code, system, begin, begin + len(words)))
        day = dt.date(2026, 1, 1) + dt.timedelta(days=number)
        found.append(
            NoteRecord(f"n{number}", text, day, patient_id=f"p{number}", codes=tuple(codes))
        )
    return found


def write(path: Path, records: list[NoteRecord]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(r) + b"\n" for r in records))
    return path


@pytest.fixture(scope="module")
def terms() -> Sources:
    return day_one_model().parts["ICD-10-CM"].sources


@pytest.fixture
def without_encoder(monkeypatch: pytest.MonkeyPatch, terms: Sources) -> None:
    """Words only, the index built once, few rounds: what is tested does not hang on them."""
    part = SystemPart(terms, PriorRanker(), 0.25)
    monkeypatch.setattr(module, "day_one_model", lambda *_, **__: CodingModel({"ICD-10-CM": part}))
    monkeypatch.setattr(fit, "ROUNDS", 40)
    monkeypatch.setattr(module, "dense_terms", lambda *_: (None, "no vectors of terms: not here"))


def test_it_learns_what_coders_mark_and_registers_a_version(
    firstpass_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_encoder: None
):
    monkeypatch.setattr(module, "MODEL_NAME", "coding-test")
    monkeypatch.setattr("training.coding.evaluate.MODEL_NAME", "coding-test")
    records = notes(60)
    bad = NoteRecord("bad", "Knee trouble.", codes=(NoteCode("Q00.XYZ"),))
    path = write(tmp_path / "notes.jsonl", [*records, bad])
    result = train_coding([path])
    assert result.judged["ICD-10-CM"].figures.map > 0.9
    assert result.missing == ["no vectors of terms: not here"]
    assert [p.code for p in result.problems] == ["notes.unknown_code"]
    assert result.version is not None
    model = load_artifact(registry.load("coding-test", "challenger").path)
    first = model.suggest("Here for ZEBRA spell.")[0]
    assert (first.code, first.source, first.evidence[0].text) == ("R56.9", "history", "ZEBRA spell")
    later = evaluate_coding([path], which="challenger")
    assert later.judged["ICD-10-CM"].figures.micro_f1 > 0.9


def test_any_label_system_is_learnt(
    firstpass_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_encoder: None
):
    monkeypatch.setattr(module, "MODEL_NAME", "coding-own")
    path = write(tmp_path / "own.jsonl", notes(60, "OUR-CODES"))
    result = train_coding([path])
    assert result.learnt == ["OUR-CODES"]
    model = load_artifact(registry.load("coding-own", "challenger").path)
    assert model.suggest("bad cough", systems=["OUR-CODES"])[0].code == "R05.9"


def test_procedures_are_learnt_from_claims_that_notes_name(
    firstpass_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_encoder: None
):
    monkeypatch.setattr(module, "MODEL_NAME", "coding-billed")
    procedures = {"sugar": "83036", "tight": "93784", "bad": "94010", "ZEBRA": "95816"}
    claims, unlabelled = [], []
    for number, record in enumerate(notes(80)):
        unlabelled.append(msgspec.structs.replace(record, codes=None, claim_id=f"C{number}"))
        codes = [code for word, code in procedures.items() if word in record.text]
        claims.append(
            Claim(
                f"C{number}", Decimal(90), record.date or dt.date.today(),
                subscriber=Person("Doe", f"P{number}", birth_date=dt.date(1990, 1, 1)),
                billing=Provider("1234567893", taxonomy="207Q00000X"),
                lines=tuple(
                    ServiceLine(i, code, Decimal(40), service_date=record.date)
                    for i, code in enumerate(codes, 1)
                ),
            )
        )  # fmt: skip
    with (tmp_path / "claims.jsonl").open("wb") as out:
        write_jsonl(claims, out)
    path = write(tmp_path / "unlabelled.jsonl", unlabelled)
    result = train_coding([path], history=[tmp_path / "claims.jsonl"])
    assert (result.learnt, result.silver, result.visits) == (["CPT"], {"CPT": 80}, 80)
    assert result.judged["CPT"].figures.micro_f1 > 0.9
    model = load_artifact(registry.load("coding-billed", "challenger").path)
    first = model.suggest("ZEBRA spell noted.", systems=["CPT"], specialty="207Q00000X")[0]
    assert (first.code, first.evidence[0].text.startswith("ZEBRA")) == ("95816", True)


def test_an_interrupted_training_goes_on_where_it_was(
    firstpass_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_encoder: None
):
    monkeypatch.setattr(module, "MODEL_NAME", "coding-resumed")
    path = write(tmp_path / "notes.jsonl", notes(60))
    made: list[int] = []
    build = fit.sources_of

    def counted(*args: Any) -> Sources:
        made.append(1)
        if len(made) == 5:
            raise KeyboardInterrupt
        return build(*args)

    monkeypatch.setattr(fit, "sources_of", counted)
    with pytest.raises(KeyboardInterrupt):
        train_coding([path])
    assert len(list((firstpass_home / "mlruns/work").rglob("*.npz"))) == 4
    made[:] = [1] * 5
    resumed = train_coding([path])
    # Of the ten folds of the tested model four were kept; one more for it, eleven for the last.
    assert len(made) - 5 == (10 - 4) + 1 + 11
    assert resumed.version is not None
    assert not list((firstpass_home / "mlruns/work").rglob("*.npz"))


def test_too_few_notes_are_refused_in_words(
    firstpass_home: Path, tmp_path: Path, without_encoder: None
):
    path = write(tmp_path / "few.jsonl", notes(5))
    with pytest.raises(NotEnoughDataError, match="5 labelled notes, 30 are the least"):
        train_coding([path])


def test_no_text_of_a_note_is_in_the_artifact(
    firstpass_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_encoder: None
):
    monkeypatch.setattr(module, "MODEL_NAME", "coding-private")
    records = notes(40)
    name = NoteRecord("x", "Zyxwvut Qrstuv has fever.", codes=(NoteCode("R50.9", begin=0, end=14),))
    train_coding([write(tmp_path / "n.jsonl", [*records, name])])
    folder = registry.load("coding-private", "challenger").path
    for path in folder.iterdir():
        assert b"zyxw" not in path.read_bytes().lower(), path.name


def test_patients_are_on_one_side_and_the_test_is_later():
    records = notes(50)
    data = label(records, "ICD-10-CM")
    learn, test = split(data)
    assert data.day[learn].max() < data.day[test].min()
    assert not set(data.group[learn]) & set(data.group[test])


def test_folds_keep_patients_together():
    group = np.array([0, 0, 1, 1, 2, 3, 4, 5, 5, 5])
    fold = folds_of(group, 3)
    assert all(len(set(fold[group == g])) == 1 for g in set(group.tolist()))
    assert np.bincount(fold).max() <= 5
