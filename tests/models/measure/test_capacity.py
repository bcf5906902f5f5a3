import numpy as np
import pytest

from models import measure

GENERATOR = np.random.default_rng(5)


def test_capture_is_the_sum_over_the_riskiest():
    scores, dollars = GENERATOR.random(1000), GENERATOR.gamma(2, 100, 1000)
    riskiest = np.argsort(-scores)[:100]
    assert measure.capture_at_capacity(dollars, scores, 0.1) == pytest.approx(
        dollars[riskiest].sum() / dollars.sum()
    )


def test_everything_is_caught_when_everything_is_reviewed():
    assert measure.capture_at_capacity([1, 0, 1], [0.1, 0.2, 0.3], 1.0) == 1


def test_a_perfect_order_is_limited_by_capacity_alone():
    denied = np.repeat([1.0, 0.0], [200, 800])
    assert measure.capture_at_capacity(denied, denied, 0.1) == pytest.approx(0.5)


def test_equal_scores_catch_what_chance_would():
    denied = np.repeat([1.0, 0.0], [100, 900])
    same = np.full(1000, 0.3)
    for order in (np.arange(1000), np.arange(1000)[::-1]):
        assert measure.capture_at_capacity(denied[order], same, 0.2) == pytest.approx(0.2)


def test_the_curve_runs_from_nothing_to_everything():
    reviewed, caught = measure.capture_curve(GENERATOR.random(50), GENERATOR.random(50))
    assert (reviewed[0], caught[0], reviewed[-1], caught[-1]) == (0, 0, 1, 1)
    assert (np.diff(reviewed) > 0).all() and (np.diff(caught) >= 0).all()


def test_the_threshold_is_the_lowest_that_is_precise_enough():
    labels = (GENERATOR.random(500) < 0.3).astype(float)
    scores = np.round(labels * 0.3 + GENERATOR.random(500), 2)
    threshold = measure.threshold_for_precision(labels, scores, 0.6)
    for candidate in np.unique(scores):
        precise = labels[scores >= candidate].mean() >= 0.6
        assert not (precise and candidate < threshold)
    assert labels[scores >= threshold].mean() >= 0.6


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 1.0])
def test_the_threshold_of_a_capacity_flags_as_many_as_it_allows_and_no_more(share):
    scores = np.round(GENERATOR.random(500), 2)
    threshold = measure.threshold_for_capacity(scores, share)
    assert (scores >= threshold).mean() <= share
    lower = scores[scores < threshold]
    assert not lower.size or (scores >= lower.max()).mean() > share


def test_more_claims_share_the_highest_score_than_can_be_reviewed():
    assert measure.threshold_for_capacity([0.9, 0.9, 0.1], 0.1) == float("inf")


def test_no_threshold_is_precise_enough():
    assert measure.threshold_for_precision([0, 1], [0.9, 0.1], 0.9) == float("inf")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: measure.capture_at_capacity([1], [1], 0), "capacity=0"),
        (lambda: measure.capture_curve([0, 0], [1, 2]), "not zero everywhere"),
        (lambda: measure.capture_curve([-1, 2], [1, 2]), "negative"),
        (lambda: measure.threshold_for_precision([1], [1], 2), "precision=2"),
        (lambda: measure.threshold_for_capacity([1], 0), "capacity=0"),
    ],
)
def test_unusable_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
