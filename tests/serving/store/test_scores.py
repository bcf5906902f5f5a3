import datetime as dt

import msgspec

from serving.store.records import FoundEdit
from serving.store.scores import Scores
from tests.serving.store.records import NOON, risk, score
from tests.serving.store.samples import OTHER_BILLING, OTHER_PRACTICE, PRACTICE, claim

EDITS = (
    FoundEdit("ncci.pair", "error", 2, "/lines/1/code", "NCCI 2026Q1"),
    FoundEdit("claim.npi", "warning", None, "/rendering/npi", ""),
)


def test_a_score_keeps_the_claim_the_answer_and_the_edits(database):
    scores = Scores(database)
    record = score(claim(1), 0.7, edits=EDITS)
    assert scores.add([record]) == 1
    (kept,) = scores.of_claim(PRACTICE, "C0000001")
    assert kept.risk == risk(claim(1), 0.7)
    assert (kept.risky, kept.threshold, kept.actor, kept.created) == (True, 0.5, "key:test", NOON)
    assert kept.edits == EDITS
    assert scores.claim(PRACTICE, kept.body) == claim(1)


def test_the_same_record_is_kept_once(database):
    scores = Scores(database)
    record = score(claim(1), edits=EDITS)
    assert scores.add([record, record]) == 1
    assert scores.add([record]) == 0
    assert len(scores.of_claim(PRACTICE, "C0000001")) == 1


def test_every_answer_about_one_claim_is_kept_in_order(database):
    scores = Scores(database)
    scores.add([score(claim(1), p / 10) for p in range(5)])
    kept = scores.of_claim(PRACTICE, "C0000001")
    assert [x.risk.denial_probability for x in kept] == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_another_practice_sees_nothing(database):
    scores = Scores(database)
    scores.add([score(claim(1))])
    (kept,) = scores.of_request("r1", None)
    assert scores.of_claim(OTHER_PRACTICE, "C0000001") == []
    assert scores.of_request("r1", [OTHER_PRACTICE]) == []
    assert scores.of_request("r1", [PRACTICE]) == [kept]
    assert scores.claim(OTHER_PRACTICE, kept.body) is None


def test_shadow_scores_are_shown_only_on_demand(database):
    scores = Scores(database)
    scores.add([score(claim(1), shadow=True)])
    assert scores.of_claim(PRACTICE, "C0000001") == []
    assert len(scores.of_claim(PRACTICE, "C0000001", shadow=True)) == 1


def test_edits_are_counted_by_claim(database):
    scores = Scores(database)
    scores.add([score(claim(i), edits=EDITS[: 1 + i % 2]) for i in range(4)])
    scores.add([score(claim(0), edits=EDITS[:1])])
    scores.add([score(claim(9, billing=OTHER_BILLING), edits=EDITS)])
    day = dt.timedelta(days=1)
    assert scores.edits_hit(PRACTICE, NOON - day, NOON + day) == [
        ("ncci.pair", "error", 4),
        ("claim.npi", "warning", 2),
    ]
    assert scores.edits_hit(PRACTICE, NOON + day, NOON + 2 * day) == []


def test_a_large_request_is_found_whole(database):
    scores = Scores(database)
    scores.add([score(claim(i, lines=1), edits=EDITS) for i in range(1200)])
    found = scores.of_request("r1", None)
    assert len(found) == 1200
    assert all(x.edits == EDITS for x in found)


def test_a_claim_of_the_wrong_form_is_kept_too(database):
    odd = msgspec.structs.replace(claim(1), claim_id="", lines=(), billing=claim(1).billing)
    assert Scores(database).add([score(odd)]) == 1
