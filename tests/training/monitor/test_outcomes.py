"""Which cells are said to have moved."""

import numpy as np

from training.monitor.cells import Key, Units
from training.monitor.outcomes import moved_cells


def units(now, before=None, patients=None, answers=None):
    """Lines of one category, as they were answered in the window and before it.

    ``{key: (lines, denied, probability)}``, each line in one cell; ``answers`` gives the denials
    of ``now`` and of ``before`` their answer.
    """
    patient: list[int] = []
    hit: list[bool] = []
    probability: list[float] = []
    given: list[int] = []
    is_now: list[bool] = []
    members: dict[Key, list[int]] = {}
    names = ("", *sorted(set(answers or ("197",))))
    for cells, inside in ((now, True), (before or {}, False)):
        answer = names.index((answers or ("197", "197"))[0 if inside else 1])
        for key, (count, denied, p) in cells.items():
            at = len(hit)
            members.setdefault(key, []).extend(range(at, at + count))
            patient += range(at, at + count)
            hit += [i < denied for i in range(count)]
            given += [answer if i < denied else 0 for i in range(count)]
            probability += [p] * count
            is_now += [inside] * count
    whole = members.setdefault(PAYER, [])
    whole.extend(sorted(set(range(len(hit))) - set(whole)))
    own = np.arange(len(hit))
    return Units(
        ("authorization",),
        own,
        np.array(patient if patients is None else patients, np.uint64),
        np.array(is_now, bool),
        np.array(hit, bool)[:, None],
        np.array(probability, float)[:, None],
        np.array(given, np.int32)[:, None],
        names,
        {key: np.array(places, np.int64) for key, places in members.items()},
    )


CODE: Key = ("P", "code", "73721")
OTHER: Key = ("P", "code", "72148")
PAYER: Key = ("P", "", "")
OTHERS: list[Key] = [("P", "code", str(i)) for i in range(2000)]
MANY = dict.fromkeys(OTHERS, (10, 0, 0.05))


def moved(*arguments, **options):
    return moved_cells([units(*arguments, **options)])[0]


def test_denials_where_none_were_expected_are_named_with_their_answer_and_claims():
    cells, looked_at = moved_cells([units({CODE: (9, 6, 0.01)})])
    assert looked_at == 4  # the code and the payer, each with its one answer
    (cell,) = cells
    assert (cell.key, cell.category, cell.answer) == (CODE, "authorization", "197")
    assert cell.started and cell.observed == 6
    assert cell.claims == tuple(range(6))


def test_expected_denials_are_no_news():
    assert moved({CODE: (9, 6, 0.6)}, {CODE: (40, 25, 0.6)}) == []


def test_three_denials_with_an_answer_never_given_before_are_news_and_with_the_usual_one_are_not():
    before = {CODE: (40, 4, 0.1), OTHER: (200, 60, 0.3)}
    now = {CODE: (9, 3, 0.05)}
    assert moved(now, before, answers=("197", "197")) == []
    (cell,) = moved(now, before, answers=("198", "197"))
    assert (cell.key, cell.answer, cell.past) == (CODE, "198", 0)


def test_a_few_denials_among_many_comparisons_are_chance():
    usual = {CODE: (50, 5, 0.1), **MANY}
    assert moved({CODE: (10, 4, 0.1), **MANY}, usual) == []


def test_where_the_model_was_wrong_all_along_nothing_has_changed():
    assert moved({CODE: (9, 6, 0.01)}, {CODE: (60, 40, 0.01)}) == []


def test_denials_that_stay_away_are_named():
    (cell,) = moved({CODE: (60, 0, 0.5)}, {CODE: (200, 100, 0.5)})
    assert (cell.key, cell.started, cell.observed) == (CODE, False, 0)


def test_denials_that_never_came_have_not_stopped():
    assert moved({CODE: (60, 0, 0.5)}, {CODE: (200, 2, 0.5)}) == []


def test_the_narrow_cell_is_told_instead_of_the_wide_one():
    assert [c.key for c in moved({CODE: (9, 7, 0.001)})] == [CODE]


def test_many_denials_of_one_patient_are_one_witness():
    assert moved({CODE: (9, 6, 0.01)}, patients=[7] * 9) == []


def test_a_model_that_may_be_off_by_its_own_factor_does_not_cry_wolf():
    """Eight where three were foretold is beyond chance alone, yet within what models are off by."""
    quiet = dict.fromkeys(OTHERS, (10, 0, 0.0))
    assert moved({CODE: (60, 8, 0.05), **quiet}) == []


def test_nothing_answered_is_nothing_moved():
    assert moved_cells([units({})]) == ([], 0)
