import numpy as np
import pytest
from sklearn import metrics

from models import measure

GENERATOR = np.random.default_rng(4)
TRUTH = GENERATOR.beta(0.5, 3.0, 20_000)
DENIED = (GENERATOR.random(20_000) < TRUTH).astype(float)


def test_losses_agree_with_scikit_learn():
    predicted = np.clip(TRUTH + 0.05, 0.001, 0.999)
    assert measure.log_loss(DENIED, predicted) == pytest.approx(metrics.log_loss(DENIED, predicted))
    assert measure.brier_score(DENIED, predicted) == pytest.approx(
        metrics.brier_score_loss(DENIED, predicted)
    )


def test_a_certain_and_wrong_prediction_is_finite():
    assert 30 < measure.log_loss([1], [0.0]) < 40


def test_the_truth_is_the_optimum_of_both_losses():
    for loss in (measure.log_loss, measure.brier_score):
        best = loss(DENIED, TRUTH)
        for worse in (TRUTH * 0.7, np.sqrt(TRUTH), np.full_like(TRUTH, TRUTH.mean())):
            assert loss(DENIED, worse) > best


def test_calibration_error_is_the_known_shift():
    shifted = TRUTH * 0.9 + 0.05
    expected = np.abs(shifted.reshape(-1) - TRUTH).mean()
    assert measure.calibration_error(TRUTH, TRUTH) == 0
    # Within a bin the shift changes sign at 0.5 only, so bins lose next to nothing.
    assert measure.calibration_error(TRUTH, shifted) == pytest.approx(expected, abs=0.001)


def test_against_labels_noise_adds_what_the_docstring_says():
    rate = DENIED.mean()
    error = measure.calibration_error(DENIED, TRUTH)
    assert 0 < error < 3 * np.sqrt(rate * 10 / DENIED.size)


def test_bins_hold_equal_mass_and_agree_with_a_plain_split():
    table = measure.reliability(DENIED, TRUTH)
    order = np.argsort(TRUTH)
    for entry, part in zip(table, np.split(order, 10), strict=True):
        assert entry.count == 2000
        assert entry.predicted == pytest.approx(TRUTH[part].mean())
        assert entry.observed == pytest.approx(DENIED[part].mean())


def test_equal_predictions_share_a_bin_whatever_their_order():
    predicted = np.repeat([0.1, 0.2], [70, 30])
    observed = np.concatenate([np.ones(7), np.zeros(63), np.ones(9), np.zeros(21)])
    for _ in range(3):
        shuffled = GENERATOR.permutation(100)
        table = measure.reliability(observed[shuffled], predicted[shuffled])
        assert [(b.count, round(b.observed, 3)) for b in table] == [(70, 0.1), (30, 0.3)]


def test_fewer_claims_than_bins():
    assert [b.count for b in measure.reliability([0, 1, 1], [0.1, 0.5, 0.9])] == [1, 1, 1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: measure.brier_score([1], [1.1]), "between 0 and 1"),
        (lambda: measure.reliability([1], [0.1, 0.2]), "differ"),
        (lambda: measure.reliability([1], [0.1], bins=0), "bins=0"),
    ],
)
def test_unusable_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
