"""A challenger scores what the champion scored, and nobody waits for it or sees it."""

import msgspec
import pytest

from models.claims.claim import Claim
from serving.api.examples import CLAIM
from serving.scoring.resolution import Resolution, resolution_file, write_resolution
from serving.shadow import Shadow
from serving.store.records import ScoreRecord
from tests.serving.fakes import FakeScorer


@pytest.fixture
def record():
    claim = msgspec.convert(CLAIM, Claim)
    risk = FakeScorer("1", {}).score_batch([claim])[0]
    return ScoreRecord(claim=claim, risk=risk, threshold=0.4, risky=True, request_id="r")


def shadow(state, loaded):
    def load(folder, version):
        loaded.append(version)
        return FakeScorer(version, {})

    return Shadow(state, "denial", load)


def resolve(state, version, path):
    resolution = Resolution(
        "denial", "champion", 1, "one", shadow_version=version, shadow_path=path
    )
    write_resolution(resolution_file(state, "denial"), resolution)


def test_its_scores_stand_beside_the_champions(tmp_path, record):
    resolve(tmp_path, 2, "two")
    loaded: list[str] = []
    scorer = shadow(tmp_path, loaded)
    (found,) = scorer.records([record])
    assert found.shadow
    assert found.risk.model_version == "2"
    assert (found.claim, found.created) == (record.claim, record.created)
    assert found.uid != record.uid
    assert scorer.records([record])[0].uid == found.uid  # moved twice, stored once
    assert loaded == ["2"]


def test_without_a_challenger_there_is_nothing_to_store(tmp_path, record):
    assert shadow(tmp_path, []).records([record]) == []
    resolve(tmp_path, 0, "")
    assert shadow(tmp_path, []).records([record]) == []


def test_a_promoted_challenger_steps_out_of_the_shadow(tmp_path, record):
    resolve(tmp_path, 2, "two")
    scorer = shadow(tmp_path, [])
    assert scorer.records([record])
    resolve(tmp_path, 0, "")
    assert scorer.records([record]) == []


def test_a_broken_challenger_costs_nobody_anything(tmp_path, record):
    resolve(tmp_path, 3, "three")

    def load(folder, version):
        raise ValueError("damaged")

    assert Shadow(tmp_path, "denial", load).records([record]) == []


def test_what_was_said_in_shadow_has_no_shadow_of_its_own(tmp_path, record):
    resolve(tmp_path, 2, "two")
    scorer = shadow(tmp_path, [])
    assert scorer.records(scorer.records([record])) == []
