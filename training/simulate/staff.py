"""The billing office: makes drafts of visits, mostly as the payer wants them."""

from random import Random

from models.claims.claim import Provider
from training.simulate.draft import Draft, DraftLine
from training.simulate.patients import Coverage
from training.simulate.rules import FORGOTTEN_WHEN_NEW, Book, PayerRules, Rule
from training.simulate.tables import Procedure, procedures
from training.simulate.visits import Service, Visit
from training.simulate.world import World

ORDERED = frozenset(
    ["advanced_imaging", "therapy", "therapy_evaluation", "echo", "nuclear", "stress", "vascular",
     "ultrasound_joint", "bone_density", "monitor", "pathology"]
)  # fmt: skip
"""Families that usually come with an ordering provider whether or not the payer insists."""

CLAIM_WIDE = ("authorization", "referring_provider", "laboratory_number")
"""Mechanisms that look at something the claim has once, not per line."""

# what is there without a rule that asks for it
AUTHORIZED_ANYWAY = 0.04
REFERRED_ANYWAY = {True: 0.6, False: 0.06}  # by whether the claim has ordered services
LABORATORY_ANYWAY = 0.85
SEPARATE_ANYWAY = 0.85
SIDE_ANYWAY = 0.8
DRUG_ANYWAY = 0.6


class _Desk:
    """What is known of the payer's rules while one claim is made."""

    __slots__ = (
        "asked", "book", "care", "codes", "day", "forgotten", "rules", "warned", "with_procedure",
    )  # fmt: skip

    def __init__(
        self, rules: PayerRules, day: int, care: float, warned: float, lines: list[DraftLine]
    ) -> None:
        self.rules = rules
        self.day = day
        self.care = care * warned
        self.warned = warned
        self.book: Book = rules.book(day)
        self.codes = [line.procedure.code for line in lines]
        self.with_procedure = any("procedure" in line.procedure.flags for line in lines)
        self.asked: set[str] = set()  # claim-wide mechanisms that a rule asks for
        self.forgotten: set[str] = set()


class Staff:
    """Makes the first draft of every visit."""

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng

    def draft(
        self, visit: Visit, coverage: Coverage, rules: PayerRules, day: int, *, care: float = 1.0
    ) -> Draft:
        """The claim of a visit as this office would first send it to this coverage.

        ``care`` multiplies how often something is forgotten.
        """
        rng = self._rng
        draft = Draft(visit, coverage)
        swapped = False
        for service in visit.services:
            procedure = service.procedure
            if procedure.family == "em_est" and not swapped and not visit.new:
                other = self._as_new_patient(rules, day, visit, care)
                if other is not None:
                    procedure, swapped = other, True
            draft.lines.append(DraftLine(procedure, service.units, service.pointers))
        desk = _Desk(rules, day, visit.provider.care, care, draft.lines)
        for position, line in enumerate(draft.lines):
            line.number = position + 1
            self._line(desk, draft, line, visit.services[position])
        if self._has(desk, "authorization", AUTHORIZED_ANYWAY):
            draft.authorization = f"A{rng.randrange(10**7, 10**8)}"
        ordered = any(line.procedure.family in ORDERED for line in draft.lines)
        if self._has(desk, "referring_provider", REFERRED_ANYWAY[ordered]):
            draft.referring = self.referrer(visit)
        if any("lab" in line.procedure.flags for line in draft.lines):
            draft.laboratory = self._has(desk, "laboratory_number", LABORATORY_ANYWAY)
        self._place(draft, desk)
        return draft

    def referrer(self, visit: Visit) -> Provider:
        """Who refers this patient, always the same one."""
        referrers = self._world.referrers
        return referrers[visit.patient.index % len(referrers)]

    def _forgets(self, desk: _Desk, rule: Rule) -> bool:
        error = desk.rules.errors.get(rule.mechanism.name, 0.0) * desk.care
        if rule.is_new(desk.day):
            error = max(error, FORGOTTEN_WHEN_NEW * min(desk.warned, 1.0))
        return self._rng.random() < min(error, 0.85)

    def _has(self, desk: _Desk, mechanism: str, otherwise: float) -> bool:
        if mechanism in desk.asked:
            return mechanism not in desk.forgotten
        return self._rng.random() < otherwise

    def _line(self, desk: _Desk, draft: Draft, line: DraftLine, service: Service) -> None:
        """Modifiers and drug number of one line, and what it asks of the claim."""
        rng, flags = self._rng, line.procedure.flags
        modifiers: list[str] = []
        settled: set[str] = set()
        for rule in desk.book.by_code.get(line.procedure.code, ()):
            name = rule.mechanism.name
            if name in settled:
                continue
            if name in ("separate_service", "procedure_pair"):
                if not any(code in rule.partners for code in desk.codes):
                    continue
                if not self._forgets(desk, rule):
                    apart = "59" if rng.random() < 0.7 else "XS"
                    modifiers.insert(0, "25" if name == "separate_service" else apart)
            elif name in CLAIM_WIDE:
                desk.asked.add(name)
                if self._forgets(desk, rule):
                    desk.forgotten.add(name)
            elif name == "drug_number":
                line.drug = not self._forgets(desk, rule)
            elif name == "side_modifier":
                if not self._forgets(desk, rule):
                    modifiers.append(service.side or "RT")
            elif name in ("diagnosis_coverage", "plan_exclusion"):
                waiver = self._waiver(rule, draft, line)
                if waiver:
                    modifiers.append(waiver)
            settled.add(name)
        self._habits(desk, line, service, modifiers, settled, flags)
        line.modifiers = tuple(modifiers)

    def _habits(
        self,
        desk: _Desk,
        line: DraftLine,
        service: Service,
        modifiers: list[str],
        settled: set[str],
        flags: frozenset[str],
    ) -> None:
        """What the office puts on a line without a rule of the payer."""
        rng = self._rng
        if "em" in flags and desk.with_procedure and "separate_service" not in settled:
            if rng.random() < SEPARATE_ANYWAY:
                modifiers.insert(0, "25")
        elif "lat" in flags and "side_modifier" not in settled and rng.random() < SIDE_ANYWAY:
            modifiers.append(service.side or "RT")
        if "drug" in flags and "drug_number" not in settled:
            line.drug = rng.random() < DRUG_ANYWAY
        if "component" in flags and rng.random() < 0.06:
            modifiers.append("26")
        if "therapy" in flags:
            modifiers.append("GP")
            if line.number > 1 and "procedure_pair" not in settled and rng.random() < 0.25:
                modifiers.insert(0, "59")

    def _waiver(self, rule: Rule, draft: Draft, line: DraftLine) -> str:
        """GA or GY where Medicare is expected not to pay and the patient was told."""
        if draft.coverage.payer.filing_indicator != "MB":
            return ""
        if rule.mechanism.name == "plan_exclusion":
            return "GY" if self._rng.random() < 0.15 else ""
        refused = all(draft.diagnoses[i - 1].code in rule.diagnoses for i in line.pointers)
        return "GA" if refused and self._rng.random() < 0.3 else ""

    def _as_new_patient(
        self, rules: PayerRules, day: int, visit: Visit, care: float
    ) -> Procedure | None:
        """The error of billing an established patient's visit as a new patient's."""
        error = rules.errors.get("new_patient", 0.0)
        if self._rng.random() >= error * visit.provider.care * care:
            return None
        book = rules.book(day)
        codes = [
            code
            for code in ("99202", "99203", "99204")
            if any(r.mechanism.name == "new_patient" for r in book.by_code.get(code, ()))
        ]
        return procedures()[self._rng.choice(codes)] if codes else None

    def _place(self, draft: Draft, desk: _Desk) -> None:
        """Place of service, and for telehealth the modifier, as this payer wants them."""
        visit, rng = draft.visit, self._rng
        if visit.surgical:
            draft.place = "24" if rng.random() < 0.7 else "22"
            return
        if not visit.telehealth:
            return
        rule = desk.book.telehealth
        if rule is None:
            draft.place = "10" if rng.random() < 0.7 else "02"
            modifier = "95" if rng.random() < 0.5 else ""
        elif self._forgets(desk, rule):  # the way that another payer wants it
            if rule.places == ("11",):
                draft.place, modifier = "10", "95"
            elif rule.modifiers:
                draft.place, modifier = ("10", "") if rng.random() < 0.6 else ("11", "95")
            else:
                draft.place, modifier = "11", "95"
        else:
            draft.place = rule.places[0] if rng.random() < 0.3 else rule.places[-1]
            modifier = rule.modifiers[0] if rule.modifiers else ""
        if modifier:
            for line in draft.lines:
                if line.charge:
                    line.modifiers = (*line.modifiers, modifier)
