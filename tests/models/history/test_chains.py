"""Chains, duplicates and clearinghouse rejections, from hand-written X12."""

from models.history import Outcome
from tests.models.history.x12_text import acknowledged, filed, history, remitted

SVC = "SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~"
DENIED = "SVC*HC:99213*100*0~DTM*472*20260102~CAS*CO*16*100~LQ*HE*M76~"


def test_a_rejected_submission_is_never_adjudicated_and_the_next_one_is_first() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        acknowledged("A1", "20260106", "A3"),
        filed("A1", "20260108", "99213*100", number=2),
        acknowledged("A1", "20260109", "A2"),
        remitted("20260122", f"CLP*A1*4*100*0**12*CN1~{DENIED}"),
    )
    rejected, accepted = h.submissions
    assert (rejected.outcome, accepted.outcome) == (Outcome.REJECTED, Outcome.DENIED)
    assert rejected.chain == accepted.chain
    assert (rejected.first_accepted, accepted.first_accepted) == (False, True)
    assert accepted.position == 1
    assert h.report.outcomes["rejected"] == 1


def test_a_claim_refiled_on_the_day_of_its_rejection() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        acknowledged("A1", "20260106", "A7"),
        filed("A1", "20260106", "99213*100", number=2),
        acknowledged("A1", "20260107", "A2"),
    )
    assert [s.accepted for s in h.submissions] == [False, True]


def test_acceptance_by_the_clearinghouse_does_not_outweigh_the_payers_rejection() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        acknowledged("A1", "20260106", "A1"),
        acknowledged("A1", "20260109", "A3"),
    )
    assert h.submissions[0].outcome is Outcome.REJECTED
    assert len(h.submissions[0].acknowledgements) == 2


def test_without_an_acknowledgement_a_submission_counts_as_accepted() -> None:
    h = history(filed("A1", "20260105", "99213*100"))
    assert h.submissions[0].accepted


def test_an_answer_to_a_rejected_submission_only_is_reported() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        acknowledged("A1", "20260106", "A3"),
        remitted("20260119", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
    )
    assert h.report.unmatched == {"rejected_submission": 1}
    assert h.submissions[0].first is None


def test_an_acknowledgement_of_no_known_claim_is_counted() -> None:
    h = history(filed("A1", "20260105", "99213*100"), acknowledged("B2", "20260106", "A3"))
    assert h.report.acknowledgements_unmatched == 1
    assert h.submissions[0].accepted


def test_a_replacement_under_a_new_account_number_is_linked_by_the_payers_number() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", f"CLP*A1*4*100*0**12*CN1~{DENIED}"),
        filed("B9", "20260125", "99213*100", frequency="7", claim_segments="REF*F8*CN1~"),
    )
    first, second = h.submissions
    assert (second.chain, second.position) == (first.chain, 1)
    assert second.duplicate_of is None


def test_a_void_asks_for_nothing() -> None:
    h = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260119", f"CLP*A1*1*100*60**12*CN1~{SVC}"),
        filed("A1", "20260125", "99213*100", frequency="8", claim_segments="REF*F8*CN1~"),
        remitted(
            "20260208",
            "CLP*A1*22*-100*-60**12*CN1~SVC*HC:99213*-100*-60~DTM*472*20260102~CAS*CO*45*-40~",
        ),
    )
    assert [s.outcome for s in h.submissions] == [Outcome.NOT_DENIED, Outcome.VOID]
    assert h.submissions[0].reversed is not None


def test_weekly_visits_under_one_account_number_are_no_chain() -> None:
    h = history(
        filed("A1", "20260105", "90834*120", served="20260102"),
        filed("A1", "20260112", "90834*120", served="20260109", number=2),
    )
    assert [s.position for s in h.submissions] == [0, 0]


def test_a_wrong_date_put_right_after_a_rejection_is_a_chain() -> None:
    h = history(
        filed("A1", "20260105", "90834*120", served="20260102"),
        acknowledged("A1", "20260106", "A7"),
        filed("A1", "20260112", "90834*120", served="20260103", number=2),
    )
    assert [s.position for s in h.submissions] == [0, 1]


def test_a_new_account_number_for_the_same_service_is_flagged_and_still_scored() -> None:
    h = history(
        filed("A1", "20260105", "99213*100", "85025*40"),
        filed("B7", "20260207", "85025*40", "99213*100"),
        filed("C3", "20260207", "99213*100", "85025*40", born="19800101", member="W2"),
        remitted("20260220", "CLP*B7*4*140*0**12*CN2~CAS*CO*18*140~"),
    )
    by_account = {s.claim.claim_id: s for s in h.submissions}
    assert by_account["B7"].duplicate_of == h.submissions.index(by_account["A1"])
    assert by_account["C3"].duplicate_of is None
    assert by_account["B7"].denied
    assert h.report.suspected_duplicates == 1
    assert h.report.denied_by_category == {"duplicate": 1}


def test_a_claim_of_only_the_denied_lines_is_a_suspected_rebill() -> None:
    h = history(
        filed("A1", "20260105", "99213*100", "85025*40"),
        filed("B7", "20260207", "85025*40"),
        filed("C3", "20260207", "85025*40", "93000*50"),
    )
    duplicates = {s.claim.claim_id: s.duplicate_of is not None for s in h.submissions}
    assert duplicates == {"A1": False, "B7": True, "C3": False}
