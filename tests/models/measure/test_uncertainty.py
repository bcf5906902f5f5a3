import numpy as np

from models import measure


def mean(values) -> float:
    return float(np.mean(values))


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(6).normal(5, 2, 400)
    interval = measure.bootstrap_interval(mean, values, repeats=2000)
    half = 1.96 * values.std(ddof=1) / 20
    assert interval.value == values.mean()
    np.testing.assert_allclose(
        [interval.low, interval.high],
        [values.mean() - half, values.mean() + half],
        atol=half * 0.15,
    )


def test_it_is_the_same_for_the_same_seed():
    values = np.arange(30.0)
    first, second = (measure.bootstrap_interval(mean, values, seed=9) for _ in range(2))
    assert first == second


def test_alike_claims_of_a_patient_widen_it():
    generator = np.random.default_rng(7)
    patients = np.repeat(np.arange(40), 10)
    values = generator.normal(0, 1, 40)[patients]
    alone = measure.bootstrap_interval(mean, values)
    together = measure.bootstrap_interval(mean, values, groups=patients)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_a_measure_that_mostly_has_no_value_has_no_interval():
    labels = np.zeros(50)
    interval = measure.bootstrap_interval(measure.roc_auc, labels, np.arange(50.0), repeats=20)
    assert np.isnan(interval.low) and np.isnan(interval.high)


def test_it_reads_as_words():
    assert str(measure.Interval(0.91234, 0.9, 0.93)) == "0.912 (0.900 to 0.930)"
