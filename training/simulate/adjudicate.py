"""A payer's decision on a claim, and the exact probability of that decision.

Outcome and probability come from the same list of hazards, so that they cannot drift apart:
first the claim-level ones in a fixed order, then per line its rules and its noise. The
probability replaces each hidden state by its posterior given what the practice had seen.
"""

from bisect import bisect_right
from random import Random

from training.simulate.draft import Draft, DraftLine
from training.simulate.rules import Noise, PayerRules, Rule, draw_group
from training.simulate.tables import CATEGORIES, Mechanism

INDEX = {name: i for i, name in enumerate(CATEGORIES)}
_ELIGIBILITY = INDEX["eligibility"]
_OTHER_COVERAGE = INDEX["coordination_of_benefits"]


class Denial:
    """Why a line, or the whole claim, is denied, in the payer's codes."""

    __slots__ = ("carc", "category", "group", "mechanism", "rarc", "rule")

    def __init__(
        self, mechanism: Mechanism, carc: str, rarc: str, group: str, rule: Rule | None
    ) -> None:
        self.mechanism = mechanism
        self.category = INDEX[mechanism.category]
        self.carc = carc
        self.rarc = rarc
        self.group = group
        self.rule = rule


class Decision:
    """What a payer decided, and how likely that was beforehand.

    ``probability`` and ``by_category`` are as DESIGN.md defines them for simulated claims;
    ``whole`` is a claim-level denial; ``lines`` one entry per draft line, ``None`` where it
    is not denied.
    """

    __slots__ = ("by_category", "denied", "first", "lines", "probability", "whole")

    def __init__(self) -> None:
        self.probability = 0.0
        self.by_category = [0.0] * len(CATEGORIES)
        self.denied = False
        self.first: Denial | None = None  # the one that gives the claim its category
        self.whole: Denial | None = None
        self.lines: list[Denial | None] = []


def _rule_denial(rule: Rule) -> Denial:
    return Denial(rule.mechanism, rule.carc, rule.rarc, rule.group, rule)


class Adjudicator:
    """Draws decisions of one practice's payers."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def decide(
        self, draft: Draft, rules: PayerRules, day: int, *, duplicate: float, noise: float = 1.0
    ) -> Decision:
        """Decide on a claim submitted on ``day`` to its primary payer.

        ``duplicate`` is how much of the duplicate rule's strength applies (1 for a repeat of
        a pending or paid claim, 0 for none); ``noise`` scales the payer's noise.
        """
        visit, coverage = draft.visit, draft.coverage
        hazards: list[tuple[float, float, Rule]] = []
        lapse, other = coverage.lapse, coverage.other_primary
        service_day = visit.day
        if lapse is not None:
            hazards.append((
                lapse.denial_probability(service_day),
                lapse.true_probability(service_day),
                rules.eligibility,
            ))  # fmt: skip
        if other is not None:
            hazards.append((
                other.denial_probability(service_day),
                other.true_probability(service_day),
                rules.other_coverage,
            ))  # fmt: skip
        hazards.extend(
            (rule.strength, rule.strength, rule)
            for rule in rules.enrollment
            if rule.provider == visit.provider.index and rule.active(service_day)
        )
        if day - service_day > rules.timely_filing.limit:
            rule = rules.timely_filing
            hazards.append((rule.strength, rule.strength, rule))
        if duplicate > 0.0:
            p = duplicate * rules.duplicate.strength
            hazards.append((p, p, rules.duplicate))
        if not any(line.charge for line in draft.lines):
            hazards.clear()  # nothing is asked for, nothing can be refused
        return self._draw(hazards, self.line_hazards(draft, rules, day), noise)

    def line_hazards(
        self, draft: Draft, rules: PayerRules, day: int
    ) -> list[tuple[DraftLine, list[Rule], Noise | None]]:
        """Per line the rules that it breaks on ``day`` and its noise (none without a charge)."""
        book = rules.book(day)
        telehealth = book.telehealth
        lines: list[tuple[DraftLine, list[Rule], Noise | None]] = []
        for line in draft.lines:
            if not line.charge:
                lines.append((line, [], None))
                continue
            found = [
                r for r in book.by_code.get(line.procedure.code, ()) if violates(r, draft, line)
            ]
            if book.by_diagnosis:
                refused = book.by_diagnosis.get(draft.diagnoses[line.pointers[0] - 1].code)
                if refused is not None:
                    found.append(refused)
            if (
                telehealth is not None
                and _is_telehealth(draft, line)
                and violates(telehealth, draft, line)
            ):
                found.append(telehealth)
            lines.append((line, found, rules.noise[line.procedure.family]))
        return lines

    def decide_secondary(
        self, draft: Draft, rules: PayerRules, asked: tuple[bool, ...]
    ) -> Decision:
        """Decide on a claim to a secondary payer: its eligibility and half of its noise.

        ``asked``: the lines of which the primary payer left something to pay.
        """
        hazards: list[tuple[float, float, Rule]] = []
        lapse = draft.coverage.lapse
        if lapse is not None and any(asked):
            day = draft.visit.day
            hazards.append(
                (lapse.denial_probability(day), lapse.true_probability(day), rules.eligibility)
            )
        none: list[Rule] = []
        lines = [
            (line, none, rules.noise[line.procedure.family] if wanted else None)
            for line, wanted in zip(draft.lines, asked, strict=True)
        ]
        return self._draw(hazards, lines, 0.5)

    def _draw(
        self,
        hazards: list[tuple[float, float, Rule]],
        lines: list[tuple[DraftLine, list[Rule], Noise | None]],
        noise: float,
    ) -> Decision:
        rng = self._rng
        decision = Decision()
        by_category = decision.by_category
        left = 1.0
        for p, true_p, rule in hazards:
            by_category[INDEX[rule.mechanism.category]] += left * p
            left *= 1.0 - p
            if decision.whole is None and rng.random() < true_p:
                decision.whole = decision.first = _rule_denial(rule)
        # the claim's category is that of the denied line with the largest charge
        order = lines
        if len(lines) > 1:
            order = sorted(lines, key=lambda entry: -entry[0].charge)
        outcome: dict[int, Denial] = {}
        for line, found, entry in order:
            if entry is None:
                continue
            here = left
            for rule in found:
                by_category[INDEX[rule.mechanism.category]] += here * rule.strength
                here *= 1.0 - rule.strength
            before = 0.0
            for mechanism, chance in zip(entry.mechanisms, entry.chances, strict=True):
                by_category[INDEX[mechanism.category]] += here * noise * (chance - before)
                before = chance
            left = here * (1.0 - noise * entry.total)
            denial = self._line(found, entry, noise)
            if denial is not None:
                outcome[line.number] = denial
                if decision.first is None:
                    decision.first = denial
        decision.probability = 1.0 - left
        if decision.whole is None:
            decision.lines = [outcome.get(line.number) for line, _, _ in lines]
        else:
            decision.lines = [decision.whole if e is not None else None for _, _, e in lines]
        decision.denied = decision.first is not None
        return decision

    def _line(self, found: list[Rule], entry: Noise, noise: float) -> Denial | None:
        rng = self._rng
        for rule in found:
            if rng.random() < rule.strength:
                return _rule_denial(rule)
        draw = rng.random()
        if draw >= noise * entry.total:
            return None
        position = bisect_right(entry.chances, draw / noise)
        mechanism = entry.mechanisms[min(position, len(entry.mechanisms) - 1)]
        carc, rarc = rng.choice(mechanism.answers)
        return Denial(mechanism, carc, rarc, draw_group(mechanism, rng), None)


def _is_telehealth(draft: Draft, line: DraftLine) -> bool:
    return draft.place in ("02", "10") or "95" in line.modifiers


def violates(rule: Rule, draft: Draft, line: DraftLine) -> bool:
    """Whether a line breaks a rule that concerns its procedure."""
    name = rule.mechanism.name
    if name == "authorization":
        return not draft.authorization
    if name == "plan_exclusion":
        return True
    if name == "referring_provider":
        return draft.referring is None
    if name == "diagnosis_coverage":
        refused = rule.diagnoses
        return all(draft.diagnoses[i - 1].code in refused for i in line.pointers)
    if name == "unit_limit":
        return line.units > rule.limit
    if name == "laboratory_number":
        return not draft.laboratory
    if name == "drug_number":
        return not line.drug
    if name == "side_modifier":
        return not any(m in rule.modifiers for m in line.modifiers)
    if name in {"separate_service", "procedure_pair"}:
        partners = rule.partners
        return not any(m in rule.modifiers for m in line.modifiers) and any(
            other.procedure.code in partners for other in draft.lines if other is not line
        )
    if name == "frequency_limit":
        day, limit = draft.visit.day, rule.limit
        earlier = draft.visit.patient.services.get(line.procedure.code, ())
        return any(0 < day - before < limit for before in earlier)
    if name == "new_patient":
        first = draft.visit.patient.specialties_seen.get(draft.visit.patient.specialty.name)
        return first is not None and first < draft.visit.day
    if name == "telehealth":
        return draft.place not in rule.places or (bool(rule.modifiers) != ("95" in line.modifiers))
    raise AssertionError(f"mechanism={name!r} has no test")
