"""Codes that the simulator uses exist, and mean to the product what the simulator means."""

import csv
import datetime as dt
from pathlib import Path

import pytest

from models.codes.adjustments import AdjustmentClass, load_classes
from models.codes.categories import load_categories
from models.codes.icd10cm import CodeStatus, load_icd10cm
from models.codes.npi import is_npi
from training.simulate import SimulatedPractice
from training.simulate.tables import diagnoses, mechanisms

SHARED = Path(__file__).parents[4] / "shared" / "data" / "tables" / "carc_rarc_codes.csv"


@pytest.mark.parametrize("day", [dt.date(2025, 2, 1), dt.date(2026, 6, 30)])
def test_diagnoses_are_billable(day: dt.date) -> None:
    table = load_icd10cm()
    for members in diagnoses().values():
        for diagnosis in members:
            assert table.status(diagnosis.code, day) is CodeStatus.BILLABLE, diagnosis.code


def test_every_answer_is_a_denial_of_its_category() -> None:
    classes, categories = load_classes(), load_categories()
    for mechanism in mechanisms().values():
        for carc, rarc in mechanism.answers:
            rarcs = (rarc,) if rarc else ()
            for group, _ in mechanism.groups:
                found = classes.classify(group, carc, rarcs, payer="", filing_indicator="CI")
                assert found is AdjustmentClass.DENIAL, (mechanism.name, carc)
            assert categories.category(carc, rarcs).value == mechanism.category, mechanism.name


@pytest.mark.skipif(not SHARED.exists(), reason="the code list in ../shared/data is absent")
def test_answers_are_codes_in_force() -> None:
    with SHARED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    in_force = {r["adj_code"] for r in rows if not r["adj_end_date"]}
    for mechanism in mechanisms().values():
        for carc, rarc in mechanism.answers:
            assert carc in in_force, carc
            assert not rarc or rarc in in_force, rarc


def test_provider_numbers_have_valid_check_digits(practice: SimulatedPractice) -> None:
    world = practice.world
    numbers = [p.provider.npi for p in world.providers] + [r.npi for r in world.referrers]
    assert all(map(is_npi, [*numbers, world.billing.npi, world.facility.npi]))
