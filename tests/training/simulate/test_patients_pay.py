"""Patients' payments against the books of the practice."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from training.simulate import simulate
from training.simulate.files import write_practice


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("practice") / "practice"
    write_practice(simulate("easy", claims=1500, months=8, seed=3), path, notes=0)
    return path


def test_nobody_pays_more_than_is_owed(folder: Path) -> None:
    owed = {
        (x["claim_ids"].partition("|")[0], x["line"]): Decimal(x["patient_responsibility"])
        for x in read(folder / "ledger.csv")
    }
    paid = read(folder / "patient_payments.csv")
    assert len(paid) > 200
    for x in paid:
        assert 0 < Decimal(x["dollars"]) <= owed[x["claim_id"], x["line"]]
    assert max(Counter((x["claim_id"], x["line"]) for x in paid).values()) == 1


def test_most_of_what_patients_owe_comes_within_the_history(folder: Path) -> None:
    owed = sum(Decimal(x["patient_responsibility"]) for x in read(folder / "ledger.csv"))
    paid = read(folder / "patient_payments.csv")
    assert 0.4 < sum(Decimal(x["dollars"]) for x in paid) / owed < 0.9
    assert max(x["day"] for x in paid) <= "2026-06-30"
