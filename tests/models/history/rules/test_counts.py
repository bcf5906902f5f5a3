import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from models.history.rules.counts import (
    allowed_tests,
    excess,
    gain,
    stratified_excess,
    wilson,
)

sizes = st.integers(1, 200)


@settings(deadline=None)
@given(sizes, sizes, st.data())
def test_excess_is_fishers_exact_test(size, other_size, data):
    hits = data.draw(st.integers(0, size))
    other_hits = data.draw(st.integers(0, other_size))
    wanted = hypergeom.sf(hits - 1, size + other_size, hits + other_hits, size)
    assert excess(hits, size, other_hits, other_size) == pytest.approx(wanted, rel=1e-6, abs=1e-12)


@settings(deadline=None)
@given(sizes, st.data())
def test_an_interval_holds_the_share(size, data):
    hits = data.draw(st.integers(0, size))
    low, high = wilson(hits, size)
    assert 0 <= low <= hits / size + 1e-12 and hits / size - 1e-12 <= high <= 1


def test_nothing_seen_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)
    assert stratified_excess([]) == 1.0
    assert allowed_tests([], 0.05) == 0.0


def test_gain_grows_with_the_difference():
    assert gain(9, 10, 0, 10) > gain(6, 10, 0, 10) > gain(5, 10, 5, 10) == pytest.approx(0)


def test_strata_see_through_a_mixture():
    # Within each procedure the condition changes nothing; taken together it would seem to.
    assert stratified_excess([(45, 50, 9, 10), (1, 10, 5, 50)]) > 0.1
    assert stratified_excess([(45, 50, 1, 10), (8, 10, 5, 50)]) < 1e-6
