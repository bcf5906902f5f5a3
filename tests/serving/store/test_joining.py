import datetime as dt

from serving.store.joining import AS_SCORED, CHANGED, HEEDED, Filed, Said, join_scores

DAY = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def filed(number=1, body=b"A", at=10, received=None, claim_id="C1", responsibility="P"):
    return Filed(
        number,
        claim_id,
        responsibility,
        body,
        dt.date(2026, 3, number),
        DAY + at * HOUR,
        None if received is None else DAY + received * HOUR,
    )


def said(uid, body=b"A", at=0, risky=False, version="1", shadow=False, claim_id="C1"):
    return Said(uid.encode(), claim_id, "P", body, version, shadow, risky, DAY + at * HOUR)


def states(submissions, scores):
    return [(j.submission, j.score.decode(), j.state) for j in join_scores(submissions, scores)]


def test_the_last_score_of_the_filed_content_counts():
    assert states([filed()], [said("a"), said("b", at=1)]) == [(1, "b", AS_SCORED)]


def test_a_claim_changed_after_a_warning_and_scored_again_has_both():
    scores = [said("warned", b"B", risky=True), said("fixed", at=1)]
    assert states([filed()], scores) == [(1, "fixed", AS_SCORED), (1, "warned", HEEDED)]


def test_a_claim_changed_without_a_warning():
    assert states([filed()], [said("a", b"B")]) == [(1, "a", CHANGED)]
    assert states([filed()], [said("a", b"B"), said("b", at=1)]) == [(1, "b", AS_SCORED)]


def test_nobody_heeds_a_warning_that_nobody_saw():
    assert states([filed()], [said("a", b"B", risky=True, shadow=True)]) == [(1, "a", CHANGED)]


def test_what_was_said_after_the_answer_is_no_prediction():
    assert states([filed(received=20)], [said("late", at=21)]) == []
    assert states([filed(received=20)], [said("late", b"B", at=21)]) == []


def test_a_score_between_filing_and_answer_counts_if_the_content_was_filed():
    assert states([filed(received=20)], [said("a", at=15)]) == [(1, "a", AS_SCORED)]
    assert states([filed(received=20)], [said("what if", b"B", at=15)]) == []


def test_a_resubmission_has_the_scores_made_since_the_first_was_answered():
    submissions = [filed(1, b"A", at=10, received=20), filed(2, b"B", at=30)]
    scores = [
        said("first", b"A"),
        said("warned", b"A", at=25, risky=True),
        said("second", b"B", at=26),
    ]
    assert states(submissions, scores) == [
        (1, "first", AS_SCORED),
        (2, "second", AS_SCORED),
        (2, "warned", HEEDED),
    ]


def test_versions_are_joined_apart_and_other_claims_not_at_all():
    scores = [said("a"), said("b", version="2"), said("c", claim_id="C2")]
    assert states([filed()], scores) == [(1, "a", AS_SCORED), (1, "b", AS_SCORED)]
