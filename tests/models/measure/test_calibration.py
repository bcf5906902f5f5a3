import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models import measure

KINDS = (measure.BetaCalibrator, measure.IsotonicCalibrator)
GENERATOR = np.random.default_rng(8)
TRUTH = GENERATOR.beta(0.5, 3.0, 20_000)
DENIED = (GENERATOR.random(20_000) < TRUTH).astype(float)
TWISTED = 1 / (1 + np.exp(-(2.0 * np.log(TRUTH / (1 - TRUTH)) + 1.5)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_twisted_score_becomes_a_probability(kind):
    calibrated = kind.fit(TWISTED[:10_000], DENIED[:10_000]).predict(TWISTED[10_000:])
    assert measure.calibration_error(TRUTH[10_000:], TWISTED[10_000:]) > 0.05
    assert measure.calibration_error(TRUTH[10_000:], calibrated) < 0.012


def test_beta_agrees_with_a_logistic_regression_on_its_two_logs():
    columns = np.column_stack([np.log(TWISTED), -np.log1p(-TWISTED)])
    reference = LogisticRegression(C=1e6, max_iter=1000).fit(columns, DENIED)
    expected = reference.predict_proba(columns)[:, 1]
    ours = measure.BetaCalibrator.fit(TWISTED, DENIED).predict(TWISTED)
    np.testing.assert_allclose(ours, expected, atol=0.003)


def test_isotonic_follows_a_bend_that_beta_cannot():
    score = GENERATOR.random(20_000)
    truth = np.where(score < 0.5, 0.05 + 0.1 * score, np.where(score < 0.6, 0.5, 0.55))
    denied = (GENERATOR.random(20_000) < truth).astype(float)
    isotonic, beta = (kind.fit(score, denied).predict(score) for kind in KINDS[::-1])
    assert measure.calibration_error(truth, isotonic) < 0.012
    assert measure.calibration_error(truth, beta) > 0.02
    assert isinstance(measure.fit_calibrator(score, denied), measure.IsotonicCalibrator)


def test_a_smooth_twist_is_left_to_beta():
    few = slice(0, 1500)
    assert isinstance(measure.fit_calibrator(TWISTED[few], DENIED[few]), measure.BetaCalibrator)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
)
def test_ranks_are_kept_and_nothing_is_certain(kind, rows):
    scores = np.array([row[0] for row in rows])
    calibrator = kind.fit(scores, np.array([row[1] for row in rows], float))
    grid = np.linspace(0, 1, 501)
    calibrated = calibrator.predict(grid)
    assert (np.diff(calibrated[1:-1]) > 0).all()
    assert (calibrated > 0).all() and (calibrated < 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_it_travels_as_json(kind):
    fitted = kind.fit(TWISTED, DENIED)
    back = measure.calibrator_from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert back == fitted
    np.testing.assert_array_equal(back.predict(TWISTED), fitted.predict(TWISTED))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_alone_still_gives_probabilities(label):
    calibrated = measure.fit_calibrator(TRUTH[:200], np.full(200, label)).predict(TRUTH[:200])
    assert ((calibrated > 0) & (calibrated < 1)).all()
    assert abs(calibrated.mean() - label) < 0.1


def test_the_order_of_claims_does_not_matter():
    order = GENERATOR.permutation(TWISTED.size)
    scores = np.round(TWISTED, 2)
    first = measure.IsotonicCalibrator.fit(scores, DENIED)
    second = measure.IsotonicCalibrator.fit(scores[order], DENIED[order])
    np.testing.assert_allclose(first.predict(scores), second.predict(scores), atol=1e-9)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"kind='spline': one of \['beta', 'isotonic'\]"):
        measure.calibrator_from_dict({"kind": "spline"})
