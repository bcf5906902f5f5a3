"""From a small history to a model: better than chance, equal by every way of asking."""

import msgspec
import numpy as np
import pytest

from models.claims.claim import Claim
from models.claims.x12 import write_837p
from models.denial.artifact import load_artifact, save_artifact
from models.denial.model import DenialModel
from models.denial.score import score_files
from models.history import build_history
from models.measure import soft_roc_auc
from tests.training.denial.practices import items, practice
from training.denial.dataset import build_dataset
from training.denial.evaluate import seen_by
from training.denial.train import finish, fit_and_test
from training.denial.windows import choose_windows


class Learnt(msgspec.Struct):
    model: DenialModel
    future: list[Claim]
    truth: list[float]


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    made = practice()
    history = build_history(items(made))
    assert history.as_of is not None
    encoded = build_dataset(history)
    windows = choose_windows(encoded.data, history.as_of, history.lags.pooled)
    model = finish(encoded, fit_and_test(encoded, windows), windows)
    end = made.calendar.end
    future = [s for s in made.submissions if s.day > end and s.decision is not None]
    truth = [s.decision.probability for s in future if s.decision is not None]
    return Learnt(model, [s.claim for s in future], truth)


def probabilities(model: DenialModel, claims: list[Claim]) -> list[float]:
    return [r.denial_probability for r in model.score(claims, factors=False)]


def test_a_small_practice_teaches_most_of_what_could_be_known(learnt) -> None:
    found = probabilities(learnt.model, learnt.future)
    share = (soft_roc_auc(learnt.truth, found) - 0.5) / (
        soft_roc_auc(learnt.truth, learnt.truth) - 0.5
    )
    assert share > 0.7  # 20,000 claims: see benchmarks.denial_quality


def test_factors_add_up_to_the_distance_from_the_average_claim(learnt) -> None:
    model = learnt.model
    base = float(np.log(np.expm1(model.explainer.baseline.sum())))
    session = model.session()
    risks = session.score_batch(learnt.future)
    encoder = model.session()._encoder
    prediction = model.predict(encoder.encode(learnt.future))
    batch_raw = np.log(prediction.raw / (1 - prediction.raw))
    told = np.array([sum(f.contribution for f in r.factors) for r in risks])
    assert np.allclose(told, batch_raw - base, atol=0.001)


def test_an_artifact_scores_as_the_model_and_two_load_side_by_side(learnt, tmp_path) -> None:
    save_artifact(learnt.model, tmp_path / "one")
    one = load_artifact(tmp_path / "one", model_version="1")
    other = load_artifact(tmp_path / "one", model_version="2")
    claims = learnt.future[:40]
    expected = probabilities(learnt.model, claims)
    assert probabilities(one, claims) == expected
    assert probabilities(other, claims) == expected
    assert {r.model_version for r in one.score(claims)} == {"1"}
    assert {r.model_version for r in other.score(claims)} == {"2"}


def test_a_file_is_scored_as_its_claims_are(learnt, tmp_path) -> None:
    with (tmp_path / "tomorrow.837").open("wb") as out:
        write_837p(learnt.future, out)
    report = score_files([tmp_path / "tomorrow.837"], tmp_path / "s.jsonl", learnt.model)
    rows = [msgspec.json.decode(x) for x in (tmp_path / "s.jsonl").read_bytes().splitlines()]
    assert report.claims == len(learnt.future) == len(rows)
    expected = probabilities(learnt.model, learnt.future)
    assert [r["denial_probability"] for r in rows] == [round(p, 6) for p in expected]


def test_claims_that_the_model_has_learnt_from_are_known(learnt) -> None:
    encoded = build_dataset(build_history(items(practice())))
    assert seen_by(learnt.model.past, encoded.data).mean() > 0.99
