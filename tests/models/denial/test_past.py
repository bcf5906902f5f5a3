import datetime as dt
from decimal import Decimal

from models.claims.claim import Claim
from models.denial import past as memory
from models.denial.past import Past
from tests.models.denial.claims import DAY, a_claim, a_line

SALT = b"0123456789abcdef"


def shown(*claims: Claim) -> Past:
    past = Past(SALT)
    for claim in claims:
        past.observe_submission(past.keys(claim), claim.submitted)
    return past


def test_the_same_service_again_is_known_whatever_the_account_number() -> None:
    past = shown(a_claim("A1"))
    again = past.keys(a_claim("B2"))
    assert past.service_state(again.services[0]) == memory.SERVICE_SUBMITTED


def test_another_day_modifier_or_payer_place_is_another_service() -> None:
    past = shown(a_claim())
    for other in (
        a_claim(lines=(a_line(service_date=DAY + dt.timedelta(days=1)),)),
        a_claim(lines=(a_line(modifiers=("76",)),)),
        a_claim(responsibility="S"),
    ):
        assert past.service_state(past.keys(other).services[0]) == 0


def test_answers_change_the_state_of_service_and_coverage() -> None:
    past = shown(a_claim())
    keys = past.keys(a_claim())
    past.observe_answer(keys, ["eligibility"])
    assert past.service_state(keys.services[0]) == memory.SERVICE_DENIED
    assert past.coverage_state(keys.coverage, keys.month) == memory.ANSWER_ELIGIBILITY
    past.observe_answer(keys, [""])
    assert past.coverage_state(keys.coverage, keys.month) == memory.ANSWER_BOTH


def test_an_old_service_refused_again_does_not_undo_a_later_payment() -> None:
    old, new = a_claim("A1"), a_claim("B1", lines=(a_line(service_date=dt.date(2026, 5, 4)),))
    past = shown(old, new)
    earlier, later = past.keys(old), past.keys(new)
    past.observe_answer(later, [""])
    past.observe_answer(earlier, ["eligibility"])
    assert past.coverage_state(later.coverage, later.month) == memory.ANSWER_PAID_SINCE
    past.observe_answer(earlier, ["provider_enrollment"])
    assert past.enrolment_state(later) == memory.ENROLMENT_PAID_SINCE
    between = past.keys(a_claim(lines=(a_line(service_date=dt.date(2026, 4, 1)),)))
    assert past.enrolment_state(between) == memory.ENROLMENT_BETWEEN
    assert past.enrolment_state(earlier) == memory.ENROLMENT_BETWEEN


def test_a_claim_rejected_by_the_clearinghouse_is_no_earlier_submission() -> None:
    past = shown(a_claim())
    keys = past.keys(a_claim())
    past.observe_rejection(keys)
    assert past.service_state(keys.services[0]) == 0


def test_days_since_the_same_code_are_exact_at_first_and_weeks_later() -> None:
    past = shown(a_claim())
    for gap, expected in ((2, 2), (13, 13), (21, 21), (0, -1)):
        later = past.keys(a_claim(lines=(a_line(service_date=DAY + dt.timedelta(days=gap)),)))
        assert past.days_since(later.codes[0], later.days[0]) == expected
    other = past.keys(a_claim(lines=(a_line("73562"),)))
    assert past.days_since(other.codes[0], other.days[0]) == -1


def test_an_overlay_sees_its_base_and_leaves_it_alone() -> None:
    base = shown(a_claim())
    over = base.overlay()
    keys = over.keys(a_claim())
    assert over.service_state(keys.services[0]) == memory.SERVICE_SUBMITTED
    over.observe_answer(keys, [""])
    assert over.service_state(keys.services[0]) == memory.SERVICE_PAID
    assert base.service_state(keys.services[0]) == memory.SERVICE_SUBMITTED
    assert over.knows_patient(keys.patient)


def test_fingerprints_depend_on_the_salt() -> None:
    assert Past(SALT).keys(a_claim()).patient != Past(SALT[::-1]).keys(a_claim()).patient


def test_units_beside_what_the_payer_has_paid_and_refused() -> None:
    def billed(units: int, responsibility: str = "P") -> Claim:
        line = a_line("J1030", units=Decimal(units))
        return a_claim(lines=(line,), responsibility=responsibility)

    past = Past(SALT)
    over = past.overlay()

    def state(units: int, of: Past = past, responsibility: str = "P") -> int:
        ((_, procedure, count),) = past.keys(billed(units, responsibility)).units
        return of.units_state(procedure, count)

    assert past.keys(billed(1)).units == []
    assert state(4) == memory.UNITS_NEW
    past.observe_answer(past.keys(billed(3)), [""])
    past.observe_answer(past.keys(billed(8)), ["medical_necessity"], {0})
    past.observe_answer(past.keys(billed(5)), ["medical_necessity"])  # for another reason
    assert [state(n) for n in (2, 3, 5, 8, 9)] == [
        memory.UNITS_PAID,
        memory.UNITS_PAID,
        memory.UNITS_BETWEEN,
        memory.UNITS_REFUSED,
        memory.UNITS_REFUSED,
    ]
    assert state(2, responsibility="S") == memory.UNITS_NEW
    over.observe_answer(past.keys(billed(6)), ["medical_necessity"], {0})
    over.observe_answer(past.keys(billed(4)), [""])
    assert [state(n, over) for n in (4, 5, 6, 7)] == [1, 3, 4, 4]
    assert state(6) == memory.UNITS_BETWEEN
