"""Which cells are said to have moved."""

import numpy as np
import pytest

from training.monitor.outcomes import Answered, Key, Units, moved_cells, whole_payers


def units(cells, patients=None):
    """``{key: (claims, denied, probability)}`` as units, each member in one cell."""
    claim: list[int] = []
    hit: list[bool] = []
    probability: list[float] = []
    members: dict[Key, list[int]] = {}
    for key, (count, denied, p) in cells.items():
        at = len(hit)
        members[key] = list(range(at, at + count))
        claim += range(at, at + count)
        hit += [i < denied for i in range(count)]
        probability += [p] * count
    own = np.array(claim, np.int64)
    patient = own.astype(np.uint64) if patients is None else np.array(patients, np.uint64)
    return Units(own, patient, np.array(hit, bool), np.array(probability, float), members)


CODE = ("P", "authorization", "code", "73721")
PAYER = ("P", "authorization", "", "")


def test_denials_where_none_were_expected_are_named():
    cells, looked_at = moved_cells(units({CODE: (9, 6, 0.01)}), units({}))
    assert looked_at == 1
    assert (cells[0].key, cells[0].started, cells[0].observed) == (CODE, True, 6)
    assert len(cells[0].claims) == 6


def test_expected_denials_are_no_news():
    assert moved_cells(units({CODE: (9, 6, 0.6)}), units({}))[0] == []


def test_a_few_denials_among_many_comparisons_are_chance():
    many = {("P", "other", "code", str(i)): (10, 0, 0.05) for i in range(2000)}
    cells, _ = moved_cells(units({CODE: (10, 4, 0.1), **many}), units({}))
    assert cells == []


def test_where_the_model_was_wrong_all_along_nothing_has_changed():
    before = units({CODE: (60, 40, 0.01)})
    assert moved_cells(units({CODE: (9, 6, 0.01)}), before)[0] == []


def test_denials_that_stay_away_are_named():
    cells, _ = moved_cells(units({CODE: (40, 0, 0.5)}), units({}))
    assert (cells[0].started, cells[0].observed) == (False, 0)


def test_the_narrow_cell_is_told_instead_of_the_wide_one():
    now = units({CODE: (9, 7, 0.01)})
    now.members[PAYER] = [*now.members[CODE]]
    cells, _ = moved_cells(now, units({}))
    assert [c.key for c in cells] == [CODE]


def test_many_denials_of_one_patient_are_one_witness():
    one = units({CODE: (9, 6, 0.01)}, patients=[7] * 9)
    assert moved_cells(one, units({}))[0] == []


def test_a_model_that_may_be_off_by_its_own_factor_does_not_cry_wolf():
    """Eight where three were foretold is beyond chance alone, yet within what models are off by."""
    assert moved_cells(units({PAYER: (60, 8, 0.05)}), units({}))[0] == []


def answered(denied, probability, payer="P"):
    count = len(denied)
    return Answered(
        np.array([payer] * count), np.array(denied, bool), np.full(count, probability),
        np.arange(count, dtype=np.uint64),
    )  # fmt: skip


def test_a_whole_payer_is_held_against_what_was_usual_for_it():
    now = answered([i < 40 for i in range(100)], 0.1)
    (fresh,) = whole_payers(now, answered([], 0.1))
    assert fresh.p_value < 1e-4 and fresh.denied == 40 and fresh.expected == pytest.approx(10)
    (known,) = whole_payers(now, answered([i < 200 for i in range(500)], 0.1))
    assert known.p_value > 0.1 and known.usual == pytest.approx(40, rel=0.1)
