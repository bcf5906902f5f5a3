"""Imported indexes and other code systems feed the look-up of the first day."""

import datetime as dt

import pytest

from models.codes.icd10cm import load_icd10cm
from models.codes.icd10cm_system import Icd10cmSystem
from models.codes.listed import ListedSystem
from models.codes.rows import CodeRow, TermRow
from models.codes.system import CodeSystem
from models.coding.dayone import day_one_model
from models.coding.model import ICD10CM, CodingModel

INDEX = [
    TermRow("G243", "Quarbling, wry", "index"),
    TermRow("W000XXA", "Skidding, due to, floe", "external_cause"),
    TermRow("C4A9", "zibbleoma of skin", "neoplasm"),
    TermRow("T461X5A", "adverse effect of vexomil", "drug"),
    TermRow("C4A", "Honeyflux", "index"),
]


@pytest.fixture(scope="module")
def model() -> CodingModel:
    icd = load_icd10cm()
    systems: dict[str, CodeSystem] = {
        ICD10CM: Icd10cmSystem(icd, INDEX),
        "HCPCS": ListedSystem.of_procedures(
            "HCPCS", [CodeRow("E0100", None, None, "Cane", "Walking stick of oak")], "2026"
        ),
        "EMPTY": ListedSystem.of_codes("EMPTY", ["1"]),
    }
    return day_one_model(icd, systems=systems)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Wry quarbling.", "G24.3"),
        ("Skidding on a floe.", "W00.0XXA"),
        ("Zibbleoma of the skin.", "C4A.9"),
        ("Adverse effect of vexomil.", "T46.1X5A"),
        ("Honeyflux.", "C4A.9"),
    ],
)
def test_a_term_of_an_index_leads_to_its_code(model: CodingModel, text: str, code: str):
    found = model.suggest(text, systems=[ICD10CM], date=dt.date(2026, 3, 1))
    assert found[0].code == code


def test_another_system_with_words_suggests_from_the_first_day(model: CodingModel):
    assert model.systems == (ICD10CM, "HCPCS")
    found = model.suggest("Given a walking stick of oak.", systems=["HCPCS"])[0]
    assert (found.code, found.words) == ("E0100", "Walking stick of oak")
    assert found.evidence[0].text == "walking stick of oak"
