"""Which cells are said to have moved."""

import numpy as np

from training.monitor.outcomes import Key, Units, moved_cells


def units(cells):
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
    return Units(np.array(claim), np.array(hit, bool), np.array(probability, float), members)


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
