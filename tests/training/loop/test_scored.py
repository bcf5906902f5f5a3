"""The table of warnings, as the store writes it."""

import datetime as dt

import numpy as np
import pytest

from models.errors import InputError
from serving.store.history import SCORED_COLUMNS
from tests.training.loop.test_compare import claim
from training.loop.scored import COLUMNS, read_scored


def test_the_store_writes_the_columns_that_training_reads():
    assert SCORED_COLUMNS == COLUMNS


def test_warned_and_heeded_submissions_are_found(tmp_path):
    path = tmp_path / "scored.csv"
    practice = "1234567893:1"
    path.write_text(
        ",".join(COLUMNS) + f"\n{practice},A1,2026-03-02,4,1,1\n{practice},A2,2026-03-02,4,1,0\n"
    )
    warned, heeded = read_scored(path).masks([claim(i) for i in range(3)], np.arange(3))
    assert warned.tolist() == [False, True, True]
    assert heeded.tolist() == [False, True, False]


def test_a_submission_of_another_day_is_another_submission(tmp_path):
    path = tmp_path / "scored.csv"
    path.write_text(",".join(COLUMNS) + "\n1234567893:1,A1,2026-03-03,4,1,1\n")
    found = read_scored(path)
    assert found.warned == {("1234567893:1", "A1", dt.date(2026, 3, 3))}
    assert not found.masks([claim(1)], np.arange(1))[0].any()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("practice,claim_id\n", "column 'submitted' is missing"),
        (",".join(COLUMNS) + "\np,A1,03/02/2026,4,1,1\n", "line 2: submitted must be a day"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words):
    path = tmp_path / "scored.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_scored(path)
