"""Renaming everybody leaves every number that the denial model sees as it was."""

import numpy as np

from benchmarks.renaming import Renaming
from models.claims.x12.context import Item
from models.history import build_history
from training.denial.dataset import build_dataset
from training.simulate import simulate


def test_words_keep_their_length_and_kind_and_equal_words_stay_equal() -> None:
    renaming = Renaming(b"key")
    other = renaming.word("W12-AB")
    assert other == renaming.word("W12-AB") != "W12-AB"
    assert other[0].isalpha() and other[1:3].isdigit() and other[3] == "-"


def test_another_name_for_everybody_moves_no_feature_and_no_label() -> None:
    made = simulate("typical", claims=600, months=6, seed=5)
    items: list[Item] = [*made.claims(), *made.acknowledgements, *made.payments]
    renaming = Renaming(b"other names")
    plain = build_dataset(build_history(items)).data
    other = build_dataset(build_history([renaming(i) for i in items])).data
    assert other.claims[0].patient.last_name != plain.claims[0].patient.last_name
    assert other.claims[0].payer.id != plain.claims[0].payer.id
    assert np.array_equal(other.batch.values, plain.batch.values)
    assert np.array_equal(other.denied, plain.denied)
    assert np.array_equal(other.line_reason, plain.line_reason)
