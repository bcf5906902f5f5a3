"""Measures of drift, against exact and independent computations."""

import numpy as np
import pytest
from scipy import integrate, stats

from models.measure.drift import (
    after_seeing,
    fewer_than_foretold,
    more_than_foretold,
    paired_gain,
    spread_p_value,
    stability_index,
)


def poisson_of_gamma(shape, scale, count):
    """P(count or more) of a Poisson number whose mean is gamma, by quadrature."""
    factor = stats.gamma(shape, scale=scale)
    return integrate.quad(lambda x: factor.pdf(x) * stats.poisson.sf(count - 1, x), 0, np.inf)[0]


@pytest.mark.parametrize("count", [1, 3, 6])
def test_tails_are_those_of_a_factor_that_is_not_known(count):
    expected = poisson_of_gamma(4.0, 1.5 / 4.0, count)
    assert more_than_foretold(count, 1.5, 4.0) == pytest.approx(expected, rel=1e-6)
    assert fewer_than_foretold(count - 1, 1.5, 4.0) == pytest.approx(1 - expected, rel=1e-6)


def test_what_was_seen_before_makes_the_factor_better_known():
    """Bayes: the factor's prior times how likely the denials seen were under it."""
    factor, shape = after_seeing(4.0, 6, 2.0)
    grid = np.linspace(1e-6, 12, 200_001)
    weight = stats.gamma(4.0, scale=1 / 4.0).pdf(grid) * stats.poisson.pmf(6, 2.0 * grid)
    mean = (grid * weight).sum() / weight.sum()
    variance = ((grid - mean) ** 2 * weight).sum() / weight.sum()
    assert factor == pytest.approx(mean, rel=1e-4)
    assert shape == pytest.approx(mean**2 / variance, rel=1e-4)


def test_without_expectation_any_denial_is_news_and_none_is_not():
    assert more_than_foretold(1, 0.0, 4.0) == 0.0
    assert more_than_foretold(0, 0.0, 4.0) == 1.0
    assert fewer_than_foretold(0, 0.0, 4.0) == 1.0


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
