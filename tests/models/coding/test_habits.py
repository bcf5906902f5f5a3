"""What a practice bills, by specialty: names, shrinkage, rare codes, use in suggesting."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from models.coding.artifact import load_artifact, save_artifact
from models.coding.dayone import day_one_model
from models.coding.features import COLUMN, collect
from models.coding.habits import LEAST_VISITS, NO_HABITS, Habits
from models.coding.model import ICD10CM, CodingModel
from models.coding.note import read_note
from models.coding.reading import read_words
from models.coding.words import vocabulary

HEART, MIND = "207RC0000X", "2084P0800X"
HABITS = Habits.count(
    [(HEART, frozenset({"I20.9", "I10"}))] * 90
    + [(MIND, frozenset({"F41.9", "I10"}))] * 60
    + [(MIND, frozenset({"R51.9"}))] * (LEAST_VISITS - 1),
    {"Cardiology": HEART},
)


@pytest.fixture(scope="module")
def model() -> CodingModel:
    built = day_one_model()
    built.parts[ICD10CM].sources.habits = HABITS
    return built


def test_a_specialty_is_known_by_taxonomy_and_by_the_practices_word():
    of = HABITS.of(HEART, ["I20.9"])["I20.9"]
    assert HABITS.of("cardiology", ["I20.9"])["I20.9"] == of
    assert of.lift > 0 > HABITS.of(MIND, ["I20.9"])["I20.9"].lift


def test_an_unknown_specialty_is_the_whole_practice():
    found = HABITS.of("dermatology", ["I20.9"])["I20.9"]
    assert found.specialty == found.practice == pytest.approx(90 / (150 + LEAST_VISITS - 1))
    assert found.lift == 0


def test_codes_of_few_visits_are_not_kept():
    assert HABITS.of(MIND, ["R51.9"]) == {}
    assert NO_HABITS.of(MIND, ["I10"]) == {}


def test_the_ranker_is_told_what_the_specialty_bills(model: CodingModel):
    reading = read_words(read_note("Anxiety. Angina."), vocabulary())
    rows = {}
    for who in (HEART, MIND):
        found = collect(reading, model.parts[ICD10CM].sources, model.rules, specialty=who)
        place = [c.code for c in found.candidates].index("I20.9")
        rows[who] = found.table[place]
    assert rows[HEART][COLUMN["habit_lift"]] > rows[MIND][COLUMN["habit_lift"]]


def test_suggestions_follow_the_specialty(model: CodingModel):
    def score(specialty: str) -> float:
        day = dt.date(2026, 3, 1)
        found = model.suggest("Assessment: angina.", date=day, specialty=specialty)
        return next(s.score for s in found if s.code == "I20.9")

    assert score("cardiology") > score("") > score(MIND)


def test_an_artifact_keeps_them(model: CodingModel, tmp_path: Path):
    save_artifact(model, tmp_path)
    again = load_artifact(tmp_path).parts[ICD10CM].sources.habits
    assert msgspec.structs.asdict(again) == msgspec.structs.asdict(HABITS)
