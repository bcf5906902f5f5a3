import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from models import measure

GENERATOR = np.random.default_rng(3)
TRUTH = GENERATOR.beta(0.4, 2.5, 4000)
DENIED = (GENERATOR.random(4000) < TRUTH).astype(float)
# Rounded, so that many claims share a score.
SCORES = np.round(TRUTH + GENERATOR.normal(0, 0.1, 4000), 2)

claims = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6).map(lambda i: i / 6)), min_size=2, max_size=40
).filter(lambda rows: len({denied for denied, _ in rows}) == 2)


@given(claims)
def test_areas_agree_with_scikit_learn_ties_included(rows):
    labels, scores = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    assert measure.roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert measure.pr_auc(labels, scores) == pytest.approx(
        metrics.average_precision_score(labels, scores)
    )


def test_areas_agree_with_scikit_learn_on_a_cohort():
    assert measure.roc_auc(DENIED, SCORES) == pytest.approx(metrics.roc_auc_score(DENIED, SCORES))
    assert measure.pr_auc(DENIED, SCORES) == pytest.approx(
        metrics.average_precision_score(DENIED, SCORES)
    )


def test_curves_agree_with_scikit_learn():
    false, true, _ = metrics.roc_curve(DENIED, SCORES, drop_intermediate=False)
    ours = measure.roc_curve(DENIED, SCORES)
    np.testing.assert_allclose(ours[0], false)
    np.testing.assert_allclose(ours[1], true)
    precision, recall, thresholds = metrics.precision_recall_curve(DENIED, SCORES)
    ours_precision, ours_recall, ours_thresholds = measure.precision_recall_curve(DENIED, SCORES)
    np.testing.assert_allclose(ours_precision[::-1], precision[:-1])
    np.testing.assert_allclose(ours_recall[::-1], recall[:-1])
    np.testing.assert_allclose(ours_thresholds[::-1], thresholds)


def test_a_pairwise_count_gives_the_same_area():
    denied, paid = SCORES[:300][DENIED[:300] == 1], SCORES[:300][DENIED[:300] == 0]
    difference = denied[:, None] - paid[None, :]
    expected = ((difference > 0) + 0.5 * (difference == 0)).mean()
    assert measure.roc_auc(DENIED[:300], SCORES[:300]) == pytest.approx(expected)


def test_the_expected_area_is_what_drawn_labels_give_on_average():
    drawn = [
        measure.roc_auc((GENERATOR.random(4000) < TRUTH).astype(float), SCORES) for _ in range(60)
    ]
    assert measure.soft_roc_auc(TRUTH, SCORES) == pytest.approx(np.mean(drawn), abs=0.004)


def test_the_truth_attains_all_of_the_lift_and_noise_none():
    assert measure.share_of_attainable_lift(DENIED, TRUTH, TRUTH) == 1
    noise = GENERATOR.random(4000)
    assert abs(measure.share_of_attainable_lift(DENIED, noise, TRUTH)) < 0.1
    assert measure.share_of_attainable_lift(DENIED, -TRUTH, TRUTH) == pytest.approx(-1)


def test_one_class_alone_has_no_area():
    assert np.isnan(measure.roc_auc([0, 0], [0.1, 0.2]))
    assert np.isnan(measure.pr_auc([0, 0], [0.1, 0.2]))


@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [
        ([0, 1], [0.5], "equally long"),
        ([], [], "non-empty"),
        ([0, 2], [0.1, 0.2], "other values than 0 and 1"),
        ([0, 1], [0.1, np.nan], "NaN"),
    ],
)
def test_unusable_input_is_refused(labels, scores, words):
    with pytest.raises(ValueError, match=words):
        measure.roc_auc(labels, scores)


def test_true_probabilities_must_be_probabilities():
    with pytest.raises(ValueError, match="between 0 and 1"):
        measure.soft_roc_auc([1.2], [0.5])
