"""The scorer agrees with the definitions of the published evaluation, worked out by hand."""

import math

import pytest

from training.coding.score import average_precision, best_threshold, coding_figures

GOLD = [frozenset({"A", "B"}), frozenset({"C"}), frozenset[str]()]
RANKED = [
    [("A", 0.9), ("X", 0.8), ("B", 0.3)],
    [("Y", 0.7), ("C", 0.6)],
    [("A", 0.95)],
]


def test_average_precision_counts_missed_codes():
    assert average_precision(["A", "X", "B"], frozenset("AB")) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(["X"], frozenset("AB")) == 0
    assert average_precision(["A"], frozenset("AB")) == 0.5


def test_a_code_counts_once_however_often_it_is_listed():
    assert average_precision(["A", "A", "B"], frozenset("AB")) == 1.0


def test_map_leaves_out_notes_without_codes_and_micro_figures_do_not():
    found = coding_figures(GOLD, RANKED, 0.5)
    assert found.notes == 2
    assert found.map == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    # predicted: A X | Y C | A; right: A, C
    assert found.precision == pytest.approx(2 / 5)
    assert found.recall == pytest.approx(2 / 3)
    assert found.micro_f1 == pytest.approx(2 * 2 / (5 + 3))


def test_macro_f1_is_the_mean_over_codes_gold_or_predicted():
    found = coding_figures(GOLD, RANKED, 0.5)
    # A: 1 right, 1 wrong; B: missed; C: right; X, Y: wrong
    assert found.macro_f1 == pytest.approx((2 / 3 + 0 + 1 + 0 + 0) / 5)


def test_codes_are_compared_without_regard_to_case():
    found = coding_figures([frozenset({"e11.9"})], [[("E11.9", 0.9)]], 0.5)
    assert found.micro_f1 == 1


def test_recall_at_depth_is_per_note():
    gold = [frozenset("ABCDEF")]
    ranked = [[(c, 1 - i / 10) for i, c in enumerate("ABXCYDZEF")]]
    found = coding_figures(gold, ranked, 0.0)
    assert found.recall_at_5 == pytest.approx(3 / 6)
    assert found.recall_at_10 == 1


def test_evidence_overlap_counts_right_suggestions_with_marked_words():
    found = coding_figures(
        [frozenset("AB")],
        [[("A", 0.9), ("B", 0.9)]],
        0.5,
        gold_spans=[{"A": [(0, 5)], "B": [(10, 12)]}],
        spans=[{"A": [(4, 8)], "B": [(12, 14)]}],
    )
    assert found.evidence_overlap == 0.5
    assert math.isnan(coding_figures(GOLD, RANKED, 0.5).evidence_overlap)


def test_threshold_is_where_micro_f1_is_highest():
    best = best_threshold(GOLD, RANKED)
    figures = [coding_figures(GOLD, RANKED, t).micro_f1 for t in (0.2, 0.5, 0.65, 0.75, 0.85, 0.92)]
    assert coding_figures(GOLD, RANKED, best).micro_f1 >= max(figures)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="3 notes with gold codes, 1 with ranked"):
        coding_figures(GOLD, RANKED[:1], 0.5)
