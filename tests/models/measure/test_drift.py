"""Measures of drift, against exact and independent computations."""

import itertools

import numpy as np
import pytest
from scipy import stats

from models.measure.drift import (
    fewer_than_expected,
    more_than_expected,
    paired_gain,
    spread_p_value,
    stability_index,
)


def exact(p, count, more):
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(p)):
        if (sum(outcome) >= count) if more else (sum(outcome) <= count):
            total += float(np.prod([q if o else 1 - q for q, o in zip(p, outcome, strict=True)]))
    return total


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_tails_are_those_of_independent_claims(count):
    p = [0.05, 0.3, 0.5, 0.9, 0.01, 0.2]
    assert more_than_expected(count, p) == pytest.approx(exact(p, count, True))
    assert fewer_than_expected(count, p) == pytest.approx(exact(p, count, False))


def test_many_claims_are_taken_as_poisson():
    p = np.full(1000, 0.01)
    assert more_than_expected(25, p) == pytest.approx(stats.poisson.sf(24, 10.0))
    assert fewer_than_expected(2, p) == pytest.approx(stats.poisson.cdf(2, 10.0))


def test_equal_spreads_do_not_drift_and_different_ones_do():
    assert stability_index([10, 20, 30], [100, 200, 300]) < 0.01
    assert spread_p_value([10, 20, 30], [100, 200, 300]) > 0.9
    assert stability_index([90, 10], [10, 90]) > 1
    assert spread_p_value([90, 10], [10, 90]) < 1e-6


def test_nothing_to_compare_is_no_drift():
    assert spread_p_value([0, 0], [3, 4]) == 1.0
    assert spread_p_value([5], [9]) == 1.0
    assert spread_p_value([1, 0, 0], [0, 1, 1]) == 1.0


def test_the_gain_of_unweighted_single_claims_has_the_usual_standard_error():
    generator = np.random.default_rng(1)
    first, second = generator.random(200), generator.random(200)
    gain, error = paired_gain(first, second, np.arange(200))
    difference = first - second
    assert gain == pytest.approx(difference.mean())
    assert error == pytest.approx(difference.std(ddof=1) / np.sqrt(200))


def test_claims_of_one_patient_count_as_one_opinion():
    first, second = np.tile([0.4, 0.2], 50), np.tile([0.1, 0.3], 50)
    _, apart = paired_gain(first, second, np.arange(100))
    _, together = paired_gain(first, second, np.tile([0, 1], 50))
    assert together > 5 * apart


def test_weights_count_a_claim_several_times():
    assert paired_gain([1.0, 0.0], [0.0, 0.0], [1, 2], [3, 1])[0] == pytest.approx(0.75)
    assert np.isnan(paired_gain([1.0], [0.0], [1], [0])[0])
