"""Which changes of claims and scores are told, and which are noise or the practice's own."""

import numpy as np

from models.denial.attributes import ATTRIBUTES, INDEX
from training.monitor.inputs import ALL_PAYERS, Sent, input_findings, score_findings

PAYERS = ("P", "Q", "R")


def sent(count=600, changed=(), from_day=0, score=0.1, scores=None, seed=0):
    """Claims of 28 days; those to ``changed`` payers have another place from ``from_day`` on."""
    rng = np.random.default_rng(seed)
    payer = np.array([PAYERS[i % 3] for i in range(count)])
    day = np.sort(rng.integers(0, 28, count)).astype(np.int32)
    values = np.zeros((count, len(ATTRIBUTES)), np.int32)
    place = rng.integers(0, 2, count)
    moved = np.isin(payer, changed) & (day >= from_day)
    values[:, INDEX["place"]] = np.where(moved, 2, place)
    level = np.array([(scores or {}).get(p, score) for p in payer])
    return Sent(payer, day, values, level * rng.uniform(0.5, 1.5, count))


BEFORE = sent(3000, seed=1)


def test_nothing_is_told_of_claims_like_those_before():
    assert list(input_findings(sent(), BEFORE)) == []
    assert list(score_findings(sent(), BEFORE)) == []


def test_a_payer_whose_claims_differ_is_named_with_the_field():
    (found,) = input_findings(sent(changed=("P",)), BEFORE)
    assert (found.payer, found.subject, found.kind) == ("P", "place", "inputs")


def test_a_change_of_a_few_days_waits_until_it_lasts():
    assert list(input_findings(sent(changed=("P",), from_day=22), BEFORE)) == []


def test_what_moves_at_several_payers_is_told_once_as_the_practices():
    (found,) = input_findings(sent(changed=("P", "Q")), BEFORE)
    assert found.payer == ALL_PAYERS
    assert "P" in found.words and "Q" in found.words and "2 payers" in found.words


def test_scores_must_be_half_as_high_again():
    (found,) = score_findings(sent(scores={"Q": 0.2}), BEFORE)
    assert found.payer == "Q" and "higher" in found.words
    assert list(score_findings(sent(scores={"Q": 0.12}), BEFORE)) == []
    (lower,) = score_findings(sent(scores={"Q": 0.05}), BEFORE)
    assert "lower" in lower.words
