"""Making one rule: its answer, its strength, and the time in which it is in force."""

from random import Random

from training.simulate.rules import (
    NEW_DAYS,
    OPEN_END,
    OPEN_START,
    PayerRules,
    Rule,
    draw_group,
)
from training.simulate.tables import Mechanism
from training.simulate.world import PracticePayer, World


class RuleMaker:
    """Makes the rules of one practice, numbered through all payers."""

    def __init__(self, world: World, rng: Random) -> None:
        self._calendar = world.calendar
        self._profile = world.profile
        self._rng = rng
        self._number = 0

    def line_rule(
        self,
        drawn: PayerRules,
        mechanism: Mechanism,
        codes: tuple[str, ...],
        partners: tuple[str, ...] = (),
        modifiers: tuple[str, ...] = (),
        *,
        diagnoses_: tuple[str, ...] = (),
        places: tuple[str, ...] = (),
        limit: int = 0,
        strength: float | None = None,
    ) -> Rule:
        """A rule about lines, added to ``drawn``; it may start or stop within the history."""
        rng, profile, calendar = self._rng, self._profile, self._calendar
        start, stop = OPEN_START, OPEN_END
        if rng.random() < profile.changing:
            span = calendar.end - calendar.start
            if rng.random() < profile.late_changes:
                day = calendar.end - rng.randint(min(60, span // 4), min(120, span // 2))
            else:
                day = calendar.start + int(span * rng.uniform(0.2, 0.75))
            if rng.random() < 0.65:
                start = day
            else:
                stop = day
        rule = self.rule(
            drawn.payer,
            mechanism,
            strength=rng.uniform(*profile.strength) if strength is None else strength,
            codes=codes,
            partners=partners,
            modifiers=modifiers,
            diagnoses=diagnoses_,
            places=places,
            limit=limit,
            start=start,
            stop=stop,
        )
        drawn.rules.append(rule)
        return rule

    def rule(
        self,
        payer: PracticePayer,
        mechanism: Mechanism,
        *,
        strength: float,
        codes: tuple[str, ...] = (),
        partners: tuple[str, ...] = (),
        modifiers: tuple[str, ...] = (),
        diagnoses: tuple[str, ...] = (),
        places: tuple[str, ...] = (),
        limit: int = 0,
        provider: int = -1,
        npi: str = "",
        start: int = OPEN_START,
        stop: int = OPEN_END,
    ) -> Rule:
        """A rule with an answer drawn from its mechanism's."""
        self._number += 1
        carc, rarc = self._rng.choice(mechanism.answers)
        return Rule(
            self._number, payer, mechanism, carc, rarc, draw_group(mechanism, self._rng),
            strength, codes, partners, diagnoses, modifiers, places, limit, provider, npi,
            start, stop,
        )  # fmt: skip

    def in_force(self, rule: Rule) -> float:
        """Share of the simulated time in which the rule is in force."""
        calendar = self._calendar
        first = max(rule.start, calendar.start)
        last = min(rule.stop, calendar.future_end)
        return (last - first + 1) / (calendar.future_end - calendar.start + 1)

    def while_new(self, rule: Rule) -> float:
        """Share of the time in which the rule is in force and new to the staff."""
        calendar = self._calendar
        if rule.start <= calendar.start:
            return 0.0
        last = min(rule.stop, calendar.future_end, rule.start + NEW_DAYS - 1)
        return max(0, last - rule.start + 1) / (calendar.future_end - calendar.start + 1)

    def pick(self, shares: dict[str, float], count: int) -> tuple[str, ...]:
        """Draw codes without replacement, by how common they are as the profile says."""
        pool = dict(shares)
        found = []
        for _ in range(min(count, len(pool))):
            codes = list(pool)
            weights = [pool[c] ** self._profile.common for c in codes]
            code = self._rng.choices(codes, weights)[0]
            del pool[code]
            found.append(code)
        return tuple(found)
