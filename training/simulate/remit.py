"""A payer's decision as remittances: allowed amounts, patient shares, and the habits of senders.

All arithmetic is in whole cents; every remittance balances at line and claim level.
"""

from random import Random
from zlib import crc32

from models.claims.claim import Claim, ServiceLine
from models.claims.common import Adjustment, Amount, DatedEvent, Reference
from models.claims.remittance import Remittance, RemittanceLine
from training.simulate.adjudicate import Decision, Denial
from training.simulate.calendar import day_date
from training.simulate.draft import Draft, DraftLine, money
from training.simulate.patients import Patient
from training.simulate.world import PracticePayer

_FREE = frozenset(
    ["preventive_new", "preventive_child", "preventive_adult", "wellness", "vaccine",
     "vaccine_admin"]
)  # fmt: skip
"""Families without a patient share (preventive services)."""

_CLP06 = {"CI": "15", "BL": "12"}
"""Filing indicators that the 835 has no code for, by what payers send instead."""

_ADJUSTMENTS: dict[tuple[str, str, int], Adjustment] = {}


def adjustment(group: str, carc: str, cents: int) -> Adjustment:
    """An adjustment (shared objects)."""
    key = (group, carc, cents)
    found = _ADJUSTMENTS.get(key)
    if found is None:
        found = _ADJUSTMENTS[key] = Adjustment(group, carc, money(cents))
    return found


class LineMoney:
    """What happened to one line's charge, in cents; the parts add up to ``charge``."""

    __slots__ = (
        "adjustments",
        "allowed",
        "charge",
        "contractual",
        "denied",
        "line",
        "paid",
        "panel",
        "patient",
        "prior",
        "rarc",
    )

    def __init__(self, line: DraftLine) -> None:
        self.line = line
        self.charge = line.charge
        self.paid = self.contractual = self.patient = self.denied = self.prior = 0
        self.allowed = -1  # not stated
        self.rarc = ""
        self.panel = ""  # the code under which the payer re-bundled the line
        self.adjustments: list[tuple[str, str, int]] = []

    def take(self, group: str, carc: str, cents: int, into: str) -> None:
        """Adjust by an amount and book it under ``into``."""
        if cents:
            self.adjustments.append((group, carc, cents))
            setattr(self, into, getattr(self, into) + cents)

    def written(self, sign: int, payer: PracticePayer, service: ServiceLine) -> RemittanceLine:
        """The 835 line; ``sign`` -1 for a reversal."""
        amounts: tuple[Amount, ...] = ()
        if payer.states_allowed and self.allowed > 0 and sign > 0:
            amounts = (Amount("B6", money(self.allowed)),)
        found = tuple([adjustment(g, c, sign * a) for g, c, a in self.adjustments])
        if not self.charge:
            found = (adjustment("CO", "97" if service.code == "99024" else "246", 0),)
        return RemittanceLine(
            code=self.panel or service.code,
            charge=money(sign * self.charge),
            paid=money(sign * self.paid),
            modifiers=() if self.panel else service.modifiers,
            submitted_code=service.code if self.panel else "",
            submitted_modifiers=service.modifiers if self.panel else (),
            units=service.units,
            service_date=service.service_date,
            control_number=service.control_number if payer.keeps_line_numbers else "",
            adjustments=found,
            remark_codes=(self.rarc,) if self.rarc else (),
            amounts=amounts,
        )


class Cashier:
    """Turns decisions into money and money into remittances."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._factors: dict[tuple[int, str], float] = {}
        self._control = 10**6

    def fee(self, payer: PracticePayer, code: str) -> float:
        """Allowed amount over charge: the payer's level, a little different per code."""
        key = (payer.index, code)
        found = self._factors.get(key)
        if found is None:
            spread = crc32(f"{payer.name}{code}".encode()) % 1000 / 1000
            found = self._factors[key] = payer.fee * (0.85 + 0.3 * spread)
        return found

    def primary(
        self, draft: Draft, payer: PracticePayer, lines: list[Denial | None]
    ) -> list[LineMoney]:
        """What the primary payer does with each line of an adjudicated claim."""
        found = []
        patient, year = draft.visit.patient, day_date(draft.visit.day).year
        for line, denial in zip(draft.lines, lines, strict=True):
            entry = LineMoney(line)
            found.append(entry)
            if not line.charge:
                continue
            if denial is not None:
                self._deny(entry, denial, draft)
            else:
                self._pay(entry, payer, patient, year)
        return found

    def _deny(self, entry: LineMoney, denial: Denial, draft: Draft) -> None:
        group = denial.group
        if {"GA", "GY"}.intersection(entry.line.modifiers):  # the patient was told beforehand
            group = "PR"
        cut = 0
        if denial.mechanism.scope == "line" and self._rng.random() < 0.1:
            cut = int(entry.charge * 0.3)  # some price the line before denying it
            entry.take("CO", "45", cut, "contractual")
        entry.take(group, denial.carc, entry.charge - cut, "denied")
        entry.rarc = denial.rarc

    def _pay(self, entry: LineMoney, payer: PracticePayer, patient: Patient, year: int) -> None:
        rng = self._rng
        charge = entry.charge
        allowed = min(charge, round(charge * self.fee(payer, entry.line.procedure.code)))
        if payer.capitated and rng.random() < 0.7:
            entry.take("CO", "24", charge, "contractual")
            return
        entry.allowed = allowed
        entry.take("CO", "45", charge - allowed, "contractual")
        rest = allowed
        family = entry.line.procedure.family
        if family not in _FREE:
            key = (payer.index, year)
            left = patient.deductible_left.get(key)
            if left is None:
                met = rng.random() < 0.5
                left = 0 if met else int(payer.deductible * rng.random())
                patient.deductible_left[key] = left
            if left:
                used = min(left, rest)
                patient.deductible_left[key] = left - used
                entry.take("PR", "1", used, "patient")
                rest -= used
            if rest and payer.copay and "em" in entry.line.procedure.flags:
                copay = min(payer.copay, rest)
                entry.take("PR", "3", copay, "patient")
                rest -= copay
            elif rest and payer.coinsurance:
                share = round(rest * payer.coinsurance)
                entry.take("PR", "2", share, "patient")
                rest -= share
        if rest > 2000 and rng.random() < 0.006:  # cut, but paid: reduced is not denied
            carc = "151" if entry.line.units > 1 else "59"
            cut = rest // 3
            entry.take("CO", carc, cut, "contractual")
            rest -= cut
        if rest and payer.filing_indicator == "MB":
            held = round(rest * 0.02)
            entry.take("CO", "253", held, "contractual")
            rest -= held
        entry.paid = rest

    def secondary(
        self,
        draft: Draft,
        payer: PracticePayer,
        before: list[LineMoney],
        denials: list[Denial | None],
    ) -> list[LineMoney]:
        """What a secondary payer does after ``before``: it pays what the patient would owe."""
        rng = self._rng
        found = []
        for line, first, denial in zip(draft.lines, before, denials, strict=True):
            entry = LineMoney(line)
            found.append(entry)
            if not line.charge:
                continue
            left = first.patient
            entry.take("OA", "23", first.charge - left, "prior")
            if not left:
                continue
            if denial is not None:
                # a denial must be of the whole payment, and the line's rest is the prior payer's
                entry.take(denial.group, denial.carc, left, "denied")
                entry.rarc = denial.rarc
            elif payer.type.name == "medicaid" and rng.random() < 0.6:
                entry.take("CO", "45", left, "contractual")  # its own price is below the primary's
            else:
                kept = round(left * 0.2) if rng.random() < 0.25 else 0
                entry.take("PR", "2", kept, "patient")
                entry.paid = left - kept
        return found

    def rebundle(self, entries: list[LineMoney]) -> bool:
        """Pay two laboratory lines as one panel (guide, section 1.10.2.6), if there are two.

        The second line's money moves to the first, against a negative CO 94; the second is
        adjusted by CO 97 in full, and both name what was billed in SVC06.
        """
        pair = [e for e in entries if "lab" in e.line.procedure.flags and e.paid > 0][:2]
        if len(pair) < 2:
            return False
        first, second = pair
        for entry in pair:
            entry.panel = "80050"
        first.adjustments.extend(second.adjustments)
        first.paid += second.paid
        first.patient += second.patient
        first.contractual += second.contractual
        first.allowed += second.allowed
        first.take("CO", "94", -second.charge, "contractual")
        second.adjustments = []
        second.paid = second.patient = second.contractual = 0
        second.allowed = -1
        second.take("CO", "97", second.charge, "contractual")
        return True

    def control_number(self, payer: PracticePayer) -> str:
        """A new payer claim control number."""
        self._control += self._rng.randrange(1, 40)
        return f"{payer.claim_payer.id[:2]}{self._control:010d}"

    def remittance(
        self,
        claim: Claim,
        draft: Draft,
        payer: PracticePayer,
        entries: list[LineMoney],
        decision: Decision | None,
        day: int,
        *,
        control: str,
        reversal: bool = False,
        status: str = "",
        original_reference: str = "",
    ) -> Remittance:
        """One CLP for these lines, answered on ``day``."""
        sign = -1 if reversal else 1
        whole = decision.whole if decision is not None and not reversal else None
        at_claim = whole is not None and payer.claim_level_denials and claim.responsibility == "P"
        charge = sum(e.charge for e in entries)
        paid = sum(e.paid for e in entries)
        patient = sum(a for e in entries for g, _, a in e.adjustments if g == "PR")
        denied = any(e.denied for e in entries)
        if not status:
            status = {"P": "1", "S": "2", "T": "3"}[claim.responsibility]
            if paid == 0 and (
                payer.zero_is_denied or (denied and payer.says_denied and all(
                    e.denied or not e.charge for e in entries))
            ):  # fmt: skip
                status = "4"
        adjustments: tuple[Adjustment, ...] = ()
        remarks: tuple[str, ...] = ()
        lines: tuple[RemittanceLine, ...] = ()
        if at_claim:
            assert whole is not None
            adjustments = (adjustment(whole.group, whole.carc, charge),)
            patient = charge if whole.group == "PR" else 0
            if whole.rarc:
                remarks = (whole.rarc,)
        else:
            services = {line.number: x for line, x in zip(draft.lines, claim.lines, strict=True)}
            lines = tuple([e.written(sign, payer, services[e.line.number]) for e in entries])
        if (
            denied
            and payer.filing_indicator == "MB"
            and all(
                c == "16" for e in entries if e.denied for g, c, _ in e.adjustments if c != "45"
            )
        ):  # unprocessable: a new claim, no appeal
            remarks = (*remarks, "MA130")
        coverage = draft.coverage
        person = coverage.patient
        corrected = person.last_name + "S" if self._rng.random() < 0.008 else ""
        references: tuple[Reference, ...] = ()
        if original_reference:
            references = (Reference("F8", original_reference),)
        dates: tuple[DatedEvent, ...] = ()
        if not lines:
            dates = (DatedEvent("232", day_date(draft.visit.day)),)
        return Remittance(
            claim_id=payer_claim_id(claim.claim_id, payer),
            status="22" if reversal else status,
            charge=money(sign * charge),
            paid=money(sign * paid),
            patient_responsibility=money(0 if reversal else patient),
            filing_indicator=_CLP06.get(claim.filing_indicator, claim.filing_indicator),
            payer_control_number=control,
            place_of_service=claim.place_of_service,
            frequency=claim.frequency,
            patient_last_name=person.last_name,
            patient_first_name=person.first_name,
            member_id=coverage.subscriber.member_id,
            corrected_last_name=corrected,
            rendering_npi=claim.rendering.npi if claim.rendering else "",
            adjustments=adjustments,
            remark_codes=remarks,
            dates=dates,
            references=references,
            lines=lines,
        )


def payer_claim_id(claim_id: str, payer: PracticePayer) -> str:
    """CLM01 as this payer returns it in CLP01."""
    if payer.id_habit == "strip":
        return claim_id.lstrip("0")
    if payer.id_habit == "truncate":
        return claim_id[:20]
    if payer.id_habit == "upper":
        return claim_id.upper()
    return claim_id
