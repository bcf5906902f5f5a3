"""What edits know beside the claim: today, earlier services of the patient, payers' limits."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from models.claims.claim import Claim, Person
from models.history.services import EarlierService, services_of


class EditContext(msgspec.Struct, frozen=True):
    """What is given with a claim.

    ``today`` is the day on which it is checked (default: the claim's own day of submission);
    ``filing_limits`` days by payer id, over the defaults by payer type; ``earlier`` services of
    this patient only.
    """

    today: dt.date | None = None
    earlier: tuple[EarlierService, ...] = ()
    filing_limits: Mapping[str, int] = {}


def patient_of(claim: Claim) -> tuple[Person, str]:
    """The patient, and the field that says so: claims built by hand may name a subscriber only."""
    patient = claim.patient
    if patient.last_name or patient.birth_date or patient.sex:
        return patient, "patient"
    return claim.subscriber, "subscriber"


class ServiceIndex:
    """Services by patient, to give each claim of a file its context.

    A patient is known within a practice by member number, birth date and first name (twins
    share the first two); claims without a member number are not indexed.
    """

    def __init__(self) -> None:
        self._services: dict[tuple[object, ...], list[EarlierService]] = {}

    @staticmethod
    def _key(claim: Claim) -> tuple[object, ...] | None:
        patient, _ = patient_of(claim)
        member = claim.subscriber.member_id or patient.member_id
        if not member:
            return None
        return claim.practice, member, patient.birth_date, patient.first_name.casefold()

    def add(self, claim: Claim, outcome: str = "") -> None:
        """Take a claim's services in."""
        if (key := self._key(claim)) is not None:
            self._services.setdefault(key, []).extend(services_of(claim, outcome))

    def earlier(self, claim: Claim) -> tuple[EarlierService, ...]:
        """Services of the claim's patient, its own submissions' apart."""
        key = self._key(claim)
        if key is None:
            return ()
        return tuple(s for s in self._services.get(key, ()) if s.claim_id != claim.claim_id)
