"""What the billing office does about a denial: what it corrects, appeals, or lets lie."""

from random import Random

from training.simulate.adjudicate import Decision
from training.simulate.draft import Draft
from training.simulate.patients import Coverage, Patient, PatientDraw
from training.simulate.staff import Staff
from training.simulate.tables import diagnoses
from training.simulate.world import World

CORRECTS = 0.72  # share of correctable denials that are corrected and sent again
RESENDS = 0.40  # share of denials without a visible cause that are sent again as they were
APPEALS = 0.14  # share of the others that are appealed
OVERTURNED = {"noise": 0.7, "rule": 0.35}  # share of appeals won


class FollowUp:
    """Corrections and new coverages of one practice."""

    def __init__(self, world: World, staff: Staff, patients: PatientDraw, rng: Random) -> None:
        self._world = world
        self._staff = staff
        self._patients = patients
        self._rng = rng

    def corrected(self, draft: Draft, decision: Decision) -> Draft | None:
        """The draft with what was denied put right, or ``None`` where nothing can be done."""
        rng = self._rng
        fixed = draft.copy()
        changed = False
        for line, denial in zip(fixed.lines, decision.lines, strict=True):
            if denial is None or denial.rule is None:
                continue
            rule = denial.rule
            name = rule.mechanism.name
            if name == "authorization" and rng.random() < 0.6:  # payers give few after the fact
                fixed.authorization = fixed.authorization or f"A{rng.randrange(10**7, 10**8)}"
            elif name == "referring_provider":
                fixed.referring = self._staff.referrer(draft.visit)
            elif name == "laboratory_number":
                fixed.laboratory = True
            elif name == "drug_number":
                line.drug = True
            elif name == "side_modifier":
                side = draft.visit.services[line.number - 1].side
                line.modifiers = (*line.modifiers, side or "RT")
            elif name == "separate_service":
                line.modifiers = ("25", *line.modifiers)
            elif name == "procedure_pair" and rng.random() < 0.7:
                line.modifiers = ("59", *line.modifiers)
            elif name == "telehealth":
                for other in fixed.lines:
                    if other.charge:
                        kept = tuple(m for m in other.modifiers if m != "95")
                        other.modifiers = (*kept, *rule.modifiers)
                fixed.place = rule.places[-1]
            elif name in {"unspecified_diagnosis", "diagnosis_coverage"} and rng.random() < 0.5:
                changed = self._more_specific(fixed, line.pointers[0] - 1) or changed
                continue
            else:
                continue
            changed = True
        return fixed if changed else None

    def _more_specific(self, draft: Draft, position: int) -> bool:
        present = draft.diagnoses[position]
        options = [
            d for d in diagnoses()[present.group] if not d.unspecified and d not in draft.diagnoses
        ]
        if not options:
            return False
        draft.diagnoses[position] = self._rng.choice(options)
        return True

    def new_coverage(self, patient: Patient, old: Coverage, day: int) -> Coverage:
        """Coverage found after an eligibility denial: the same payer anew, or another one."""
        rng = self._rng
        payer = old.payer
        if rng.random() < 0.6:
            payer = self._patients.payer_for(patient.age(day))
        return self._patients.coverage(patient, payer, day)

    def primary_coverage(self, patient: Patient, old: Coverage, day: int) -> Coverage:
        """The payer that turned out to be primary."""
        kind = "commercial"
        if patient.age(day) >= 65 and old.payer.type.name == "commercial":
            kind = "medicare"
        payer = self._patients.payer_for(patient.age(day), kind)
        return self._patients.coverage(patient, payer, day)
