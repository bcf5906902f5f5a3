"""What a practice knows, on the day of a submission, of the patients and providers in it.

`Past` is a running memory: claims and payers' answers are shown to it in the order in which the
practice learnt of them, and it answers questions about a new claim. Training walks a whole
history through it; a snapshot of its last state travels with the model, so that a claim is seen
the same way when it is scored.

Patients are held as 64-bit keyed fingerprints only: no name, member number or date can be read
back (HIPAA minimum necessary; a keyed hash is a code under 45 CFR 164.514(c) only as long as the
key stays with the practice, so artifacts are to be guarded like the claims; see docs/denial.md).
Service dates enter fingerprints, never the snapshot itself.
"""

import datetime as dt
import hashlib
import zlib
from collections.abc import Container, Iterable

import msgspec

from models.claims.claim import Claim

MASK = (1 << 64) - 1
_MIX_CODE = 0x9E3779B97F4A7C15
_MIX_DAY = 0xC2B2AE3D27D4EB4F
_MIX_WEEK = 0x165667B19E3779F9
_MIX_PAYER = 0xD6E8FEB86659FD93

#: Days, weeks and months that are looked back over for something earlier.
DAYS_BACK = 13
WEEKS_BACK = 104
MONTHS_BACK = 24
#: Months after a claim's service in which later services can have been answered already.
MONTHS_AHEAD = 3

# States of an earlier identical service.
SERVICE_SUBMITTED, SERVICE_PAID, SERVICE_DENIED = 1, 2, 3
# How a patient stands with a payer: what it answered for the latest service, by the months of
# service (a resubmitted old claim that is refused again says nothing of today's coverage).
ANSWER_NONE, ANSWER_PAID, ANSWER_ELIGIBILITY, ANSWER_COB, ANSWER_OTHER = 0, 1, 2, 3, 4
# Refused for eligibility earlier and paid since; both in one month; refused for a later service.
# The same three states for other coverage are `COB_STATES` further on.
ANSWER_PAID_SINCE, ANSWER_BOTH, ANSWER_REFUSED_LATER = 5, 6, 7
COB_STATES = 3
# How a provider stands with a payer, by days of service: paid after a refusal; between the last
# refused and the first paid service; before a service that was refused.
ENROLMENT_NONE, ENROLMENT_PAID, ENROLMENT_DENIED = 0, 1, 2
ENROLMENT_PAID_SINCE, ENROLMENT_BETWEEN, ENROLMENT_BEFORE = 3, 4, 5

# How a line's units stand beside what the payer has answered for the procedure: one unit; no more
# than it has paid; more than it has ever paid; the same, but fewer than it has refused; as many
# as it has refused for their number.
UNITS_ONE, UNITS_PAID, UNITS_NEW, UNITS_BETWEEN, UNITS_REFUSED = 0, 1, 2, 3, 4

# What a payer has ever answered for a patient; a mask.
_PAID, _LOST, _COB, _OTHER = 1, 2, 4, 8


class ClaimKeys(msgspec.Struct, gc=False):
    """Fingerprints of one claim, and when it was.

    ``services``, ``codes`` and ``days`` (day numbers) have one entry a service line; ``month`` is
    year * 12 + month of the first service. ``units`` has an entry for each line of more than one
    unit: its position, payer and procedure, and the whole units.
    """

    patient: int
    payer: str
    coverage: int
    enrolment: str
    specialty: int
    month: int
    services: list[int]
    codes: list[int]
    days: list[int]
    units: list[tuple[int, str, int]]


def payer_key(claim: Claim) -> str:
    """The payer as the practice names it: its identifier, else its name, without case."""
    return (claim.payer.id or claim.payer.name).strip().upper()


def rendering_npi(claim: Claim) -> str:
    """Who performed the service: rendering provider, else the billing provider."""
    rendering = claim.rendering
    return (rendering.npi if rendering is not None else "") or claim.billing.npi


def _mix(value: int) -> int:
    value ^= value >> 31
    value = (value * 0x7FB5D329728EA185) & MASK
    return value ^ (value >> 29)


def _visit(keys: ClaimKeys) -> int:
    """Fingerprint of a patient's visit in a specialty."""
    return _mix((keys.specialty + min(keys.days, default=0) * _MIX_DAY) & MASK)


class Past:
    """Running memory of earlier claims and answers; see the module's text.

    ``salt`` keys the fingerprints: two snapshots with different salts cannot be joined.
    """

    def __init__(self, salt: bytes, base: "Past | None" = None) -> None:
        """``base``: a memory to fall back on and never to write to (see `overlay`)."""
        self.salt = salt
        self.base = base
        self.services: dict[int, int] = {}
        self.weeks: set[int] = set()
        self.repeated: set[int] = set()
        self.days: set[int] = set()
        self.paid_months: set[int] = set()
        self.lost_months: set[int] = set()
        self.cob_months: set[int] = set()
        self.patients: set[int] = set()
        self.specialties: dict[int, int] = {}
        self.coverage: dict[int, int] = {}
        self.provider_paid: dict[str, int] = {}
        self.provider_denied: dict[str, int] = {}
        self.units_paid: dict[str, int] = {}
        self.units_refused: dict[str, int] = {}
        self.first_seen: dict[str, int] = {}
        self.start: int | None = base.start if base is not None else None
        self._crc: dict[str, int] = {}

    def overlay(self) -> "Past":
        """An empty memory on top of this one: what it learns is its own, and costs no copy."""
        return Past(self.salt, self)

    def service_state(self, service: int) -> int:
        """0, or how an identical earlier service stands (`SERVICE_SUBMITTED`, ...)."""
        own = self.services.get(service)
        if own is not None:
            return own
        return self.base.service_state(service) if self.base is not None else 0

    def answers(self, coverage: int) -> int:
        """Mask of what the payer has ever answered for the patient; 0: nothing yet."""
        own = self.coverage.get(coverage, 0)
        return own | self.base.answers(coverage) if self.base is not None else own

    def coverage_state(self, coverage: int, month: int) -> int:
        """What the payer answered for the patient's latest service (`ANSWER_NONE`, ...)."""
        mask = self.answers(coverage)
        if not mask & (_LOST | _COB):
            return ANSWER_NONE if not mask else ANSWER_PAID if mask & _PAID else ANSWER_OTHER
        lost = self._months_back("lost_months", coverage, month) if mask & _LOST else None
        cob = self._months_back("cob_months", coverage, month) if mask & _COB else None
        paid = self._months_back("paid_months", coverage, month)
        if lost is None and cob is None:
            return ANSWER_PAID if paid is not None else ANSWER_OTHER
        if cob is None or (lost is not None and lost <= cob):
            refused, state, other = lost, ANSWER_ELIGIBILITY, 0
        else:
            refused, state, other = cob, ANSWER_COB, COB_STATES
        assert refused is not None
        if paid is not None and paid <= refused:
            return other + (ANSWER_BOTH if paid == refused else ANSWER_PAID_SINCE)
        return state if refused >= 0 else other + ANSWER_REFUSED_LATER

    def _months_back(self, kind: str, coverage: int, month: int) -> int | None:
        """Months back to the latest service so answered; negative: a later service."""
        known: list[set[int]] = [getattr(self, kind)]
        if self.base is not None:
            known.append(getattr(self.base, kind))
        for back in range(-MONTHS_AHEAD, MONTHS_BACK):
            key = (coverage + (month - back) * _MIX_WEEK) & MASK
            if any(key in months for months in known):
                return back
        return None

    def enrolment_state(self, keys: "ClaimKeys") -> int:
        """How the payer answers for the rendering provider (`ENROLMENT_NONE`, ...)."""
        denied = self._latest("provider_denied", keys.enrolment)
        paid = self._latest("provider_paid", keys.enrolment)
        if denied < 0:
            return ENROLMENT_PAID if paid >= 0 else ENROLMENT_NONE
        day = max(keys.days, default=0) or denied + 1
        if day < denied:
            return ENROLMENT_BEFORE
        if paid <= denied:
            return ENROLMENT_DENIED
        return ENROLMENT_PAID_SINCE if day >= paid else ENROLMENT_BETWEEN

    def _latest(self, kind: str, enrolment: str) -> int:
        own: int = getattr(self, kind).get(enrolment, -1)
        return max(own, self.base._latest(kind, enrolment)) if self.base is not None else own

    def units_state(self, procedure: str, units: int) -> int:
        """How units stand beside what the payer has answered (`UNITS_PAID`, ...).

        ``procedure`` and ``units`` come from `keys`.
        """
        paid, refused = self._unit_limits(procedure)
        if refused and units >= refused:
            return UNITS_REFUSED
        if units <= paid:
            return UNITS_PAID
        return UNITS_BETWEEN if refused else UNITS_NEW

    def _unit_limits(self, procedure: str) -> tuple[int, int]:
        """Most units paid and fewest refused of a payer's procedure; 0: none."""
        paid, refused = self.units_paid.get(procedure, 0), self.units_refused.get(procedure, 0)
        if self.base is None:
            return paid, refused
        known, turned_down = self.base._unit_limits(procedure)
        fewest = min(refused, turned_down) if refused and turned_down else refused or turned_down
        return max(paid, known), fewest

    def knows_patient(self, patient: int) -> bool:
        """Whether the practice has billed for this patient before."""
        return patient in self.patients or (
            self.base is not None and self.base.knows_patient(patient)
        )

    def first_billed(self, enrolment: str) -> int | None:
        """Day number of the provider's first claim to the payer, ``None`` before it."""
        if self.base is not None:
            known = self.base.first_billed(enrolment)
            if known is not None:
                return known
        return self.first_seen.get(enrolment)

    def keys(self, claim: Claim) -> ClaimKeys:
        """Fingerprints of a claim."""
        patient = claim.patient
        identity = "|".join(
            (
                patient.member_id or claim.subscriber.member_id,
                patient.birth_date.isoformat() if patient.birth_date else "",
                patient.first_name.upper(),
                patient.sex,
            )
        )
        digest = hashlib.blake2b(identity.encode(), digest_size=8, key=self.salt).digest()
        person = int.from_bytes(digest, "little")
        payer = payer_key(claim)
        services, codes, days, units = [], [], [], []
        for position, line in enumerate(claim.lines):
            if line.units > 1 and line.unit_basis != "MJ":
                procedure = f"{payer}/{claim.responsibility}|{line.code}"
                units.append((position, procedure, int(line.units)))
            text = line.code
            crc = self._crc.get(text)
            if crc is None:
                crc = self._crc[text] = zlib.crc32(text.encode())
            code = _mix(person ^ (crc * _MIX_CODE & MASK))
            day = line.service_date.toordinal() if line.service_date else 0
            # Modifiers tell a second, separate service (76, 59, RT/LT) from the same one sent
            # again, and a secondary payer's claim is not a duplicate of the primary's.
            variant = zlib.crc32(
                "|".join((*sorted(line.modifiers), claim.responsibility, payer)).encode()
            )
            services.append(_mix((code + day * _MIX_DAY + variant * _MIX_PAYER) & MASK))
            codes.append(code)
            days.append(day)
        coverage = _mix(person ^ (zlib.crc32(payer.encode()) * _MIX_PAYER & MASK))
        taxonomy = (claim.rendering.taxonomy if claim.rendering else "") or claim.billing.taxonomy
        specialty = _mix(person ^ (zlib.crc32(taxonomy.encode()) * _MIX_CODE & MASK))
        service = claim.service_date or claim.submitted
        return ClaimKeys(
            person,
            payer,
            coverage,
            f"{payer}|{rendering_npi(claim)}",
            specialty,
            service.year * 12 + service.month,
            services,
            codes,
            days,
            units,
        )

    def knows_specialty(self, keys: ClaimKeys) -> bool:
        """Whether the patient was seen in this specialty before (a CPT established patient).

        A first visit that is billed again is still the first: its day is remembered as a
        fingerprint.
        """
        first = self._first_visit(keys.specialty)
        return first is not None and first != _visit(keys)

    def _first_visit(self, specialty: int) -> int | None:
        known = self.base._first_visit(specialty) if self.base is not None else None
        return known if known is not None else self.specialties.get(specialty)

    def days_since(self, code: int, day: int) -> int:
        """Days since the patient last had this code, in weeks beyond `DAYS_BACK`; -1: never.

        ``code`` and ``day`` come from `keys`. Services of the same day do not count.
        """
        own = self._days_since(code, day)
        if self.base is None:
            return own
        known = self.base.days_since(code, day)
        return known if own < 0 else own if known < 0 else min(own, known)

    def _days_since(self, code: int, day: int) -> int:
        if code not in self.repeated:
            return -1
        known, key = self.days, code + day * _MIX_DAY
        for back in range(1, DAYS_BACK + 1):
            key -= _MIX_DAY
            if key & MASK in known:
                return back
        known, key = self.weeks, code + day // 7 * _MIX_WEEK
        for back in range(1, WEEKS_BACK):
            key -= _MIX_WEEK
            if key & MASK in known:
                return max(back * 7, DAYS_BACK + 1)
        return -1

    def months_since_paid(self, coverage: int, month: int) -> int:
        """Months between this service and the last one that this payer is known to have paid.

        -1: none within `MONTHS_BACK`.
        """
        if not self.answers(coverage) & (_PAID | _OTHER):
            return -1
        back = self._months_back("paid_months", coverage, month)
        return -1 if back is None else max(back, 0)

    def observe_submission(self, keys: ClaimKeys, submitted: dt.date) -> None:
        """Remember that a claim was submitted."""
        today = submitted.toordinal()
        if self.start is None or today < self.start:
            self.start = today
        self.patients.add(keys.patient)
        self.first_seen.setdefault(keys.enrolment, today)
        self.specialties.setdefault(keys.specialty, _visit(keys))
        for service, code, day in zip(keys.services, keys.codes, keys.days, strict=True):
            if not self.service_state(service):
                self.services[service] = SERVICE_SUBMITTED
            self.repeated.add(code)
            self.days.add((code + day * _MIX_DAY) & MASK)
            self.weeks.add((code + day // 7 * _MIX_WEEK) & MASK)

    def observe_answer(
        self,
        keys: ClaimKeys,
        line_categories: Iterable[str | None],
        too_many: Container[int] = (),
    ) -> None:
        """Remember a payer's answer.

        One denial category a line, ``""`` where it was paid, ``None`` where it is not answered.
        ``too_many``: positions of lines that were refused for their number of units.
        """
        answers = list(line_categories)
        for position, procedure, units in keys.units:
            if position in too_many:
                known_units = self.units_refused.get(procedure, units)
                self.units_refused[procedure] = min(known_units, units)
            elif answers[position] == "":
                known_units = self.units_paid.get(procedure, units)
                self.units_paid[procedure] = max(known_units, units)
        for service, category in zip(keys.services, answers, strict=True):
            if category is not None:
                self.services[service] = SERVICE_DENIED if category else SERVICE_PAID
        categories = [c for c in answers if c is not None]
        if answers and not categories:
            return
        denied = {c for c in categories if c}
        mark = (keys.coverage + keys.month * _MIX_WEEK) & MASK
        if "eligibility" in denied:
            answer = _LOST
            self.lost_months.add(mark)
        elif "coordination_of_benefits" in denied:
            answer = _COB
            self.cob_months.add(mark)
        else:
            answer = _OTHER if categories and all(categories) else _PAID
            self.paid_months.add(mark)  # whoever denies for another reason covers
        self.coverage[keys.coverage] = self.coverage.get(keys.coverage, 0) | answer
        day = max(keys.days, default=0)
        if "provider_enrollment" in denied:
            known = self.provider_denied
        elif answer == _PAID:
            known = self.provider_paid
        else:
            return
        known[keys.enrolment] = max(known.get(keys.enrolment, -1), day)

    def observe_rejection(self, keys: ClaimKeys) -> None:
        """A clearinghouse turned the claim away: the payer never saw its services."""
        for service in keys.services:
            if self.service_state(service) == SERVICE_SUBMITTED:
                self.services[service] = 0
