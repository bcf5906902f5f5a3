"""Which claims wait for somebody to bill the next payer."""

import datetime as dt
from decimal import Decimal

from models.history import ClaimHistory, build_history
from models.revenue.next_payers import next_payer_claims
from tests.models.history.x12_text import filed, history, remitted
from tests.models.revenue.test_packet import OTHER
from tests.serving.store.ledgers import practice_items

TODAY = dt.date(2026, 2, 10)


def paid(status: str = "1", share: int = 20) -> str:
    """The first payer's answer: it pays all but a share of the patient's."""
    rest = 100 - share
    cut = f"CAS*PR*2*{share}~" if share else ""
    return f"CLP*A1*{status}*100*{rest}**12*C1~SVC*HC:99213*100*{rest}~DTM*472*20260102~{cut}"


def due(found: ClaimHistory) -> list[str]:
    return [x.claim.claim_id for x in next_payer_claims(found, today=TODAY)]


def of(answer: str, *more: str) -> ClaimHistory:
    claim = filed("A1", "20260105", "99213*100", other_payer=OTHER)
    return history(claim, remitted("20260120", answer, amount="80"), *more)


def test_what_the_first_payer_left_goes_to_the_next_with_its_decision():
    (found,) = next_payer_claims(of(paid()), today=TODAY)
    claim = found.claim
    assert (found.payer_name, found.left, found.answered) == (
        "SECOND PLAN", Decimal(20), dt.date(2026, 1, 20),
    )  # fmt: skip
    assert (claim.responsibility, claim.payer.id, claim.submitted) == ("S", "70002", TODAY)
    assert claim.other_payers[0].payer is not None
    assert claim.other_payers[0].amounts[0].amount == 80
    assert claim.lines[0].adjudications[0].adjustments[0].amount == 20


def test_what_is_on_its_way_or_settled_is_not_billed_again():
    assert due(of(paid("19"))) == []  # the payer forwarded it
    assert due(of(paid(share=0))) == []  # nothing is left
    sent = filed(
        "A1", "20260125", "99213*100", role="S", payer="NM1*PR*2*SECOND PLAN*****PI*70002~"
    )
    assert due(of(paid(), sent)) == []
    assert due(history(filed("A1", "20260105", "99213*100"), remitted("20260120", paid()))) == []
    assert due(history(filed("A1", "20260105", "99213*100", other_payer=OTHER))) == []


def test_a_simulated_practice_that_bills_its_secondaries_has_few_left():
    found = build_history(practice_items())
    secondary = sum(s.claim.responsibility == "S" for s in found.submissions)
    assert len(next_payer_claims(found, today=TODAY)) <= max(3, secondary // 2)
