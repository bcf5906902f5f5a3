"""Draws each payer's rules so that its denials come to the aimed rate and category mix.

Where the staff's omissions are the cause (an authorisation number left off), the rate is reached
through how often they happen; where the practice's case mix is the cause (a service that the plan
excludes), through which rules are drawn. What rules cannot explain is noise.
"""

from math import exp, log
from random import Random

from training.simulate.candidates import (
    case_mix_options,
    case_mix_terms,
    codes_of,
    omission_shares,
    share_of,
)
from training.simulate.churn import solve_scale
from training.simulate.exposure import Exposure
from training.simulate.profiles import Profile
from training.simulate.rule_maker import RuleMaker
from training.simulate.rules import (
    FORGOTTEN_WHEN_NEW,
    Noise,
    PayerRules,
)
from training.simulate.tables import Mechanism, families, mechanisms, procedures
from training.simulate.world import PracticePayer, World

OMISSIONS = (
    "authorization",
    "side_modifier",
    "separate_service",
    "procedure_pair",
    "telehealth",
    "new_patient",
    "referring_provider",
    "drug_number",
    "laboratory_number",
)
CASE_MIX = (
    "diagnosis_coverage",
    "unit_limit",
    "unspecified_diagnosis",
    "plan_exclusion",
    "frequency_limit",
)
MOST_FORGOTTEN = 0.45  # staff that forgets more often than this would have been told
SENSITIVITY = {"eligibility": 0.95, "coordination_of_benefits": 0.85}
NOISE_CATEGORIES = tuple(n.partition(":")[2] for n in mechanisms() if n.startswith("noise:"))


class RuleDraw:
    """Draws the rules of one practice; ``number`` runs through all payers."""

    def __init__(self, world: World, exposure: dict[str, Exposure], rng: Random) -> None:
        self._world = world
        self._exposure = exposure
        self._rng = rng
        self._profile: Profile = world.profile
        self._maker = RuleMaker(world, rng)

    def draw(self, payer: PracticePayer) -> PayerRules:
        """All rules, error rates and noise of one payer."""
        seen = self._exposure.get(payer.type.name) or Exposure(claims=1)
        drawn = PayerRules(payer)
        rate = -log(1.0 - payer.rate)  # mechanisms overlap: hazards add up, not shares
        shares = self._category_shares(payer)
        total = sum(s for c, s in shares.items() if c != "duplicate")
        aims = {}
        for category, share in shares.items():
            part = self._profile.hidden if category in SENSITIVITY else 1.0
            if category in NOISE_CATEGORIES:
                part = 1.0 - self._profile.noise
            aims[category] = part * rate * share / total
        reached = dict.fromkeys(shares, 0.0)
        self._hidden(payer, drawn, seen, aims, reached)
        self._claim_rules(payer, drawn, seen, aims, reached)
        drawn.claim_level_rate = 1.0 - exp(-_total(reached))
        for name in OMISSIONS + CASE_MIX:
            mechanism = mechanisms()[name]
            aim = aims[mechanism.category] * mechanism.share
            if name in OMISSIONS:
                got = self._omission(drawn, mechanism, aim, seen)
            else:
                got = self._case_mix(drawn, mechanism, aim, seen)
            reached[mechanism.category] += got
        self._noise(drawn, seen, rate, shares, reached)
        drawn.compile()
        return drawn

    def _category_shares(self, payer: PracticePayer) -> dict[str, float]:
        wanted = dict(self._profile.categories)
        return {c: wanted.get(c, share) for c, share in payer.type.shares.items()}

    # claim-level mechanisms

    def _hidden(
        self,
        payer: PracticePayer,
        drawn: PayerRules,
        seen: Exposure,
        aims: dict[str, float],
        reached: dict[str, float],
    ) -> None:
        drawn.false_alarm = 0.02 * payer.rate
        for name, category in (
            ("eligibility", "eligibility"),
            ("other_coverage", "coordination_of_benefits"),
        ):
            aim = aims[category]
            sense = SENSITIVITY[category]
            alarm = drawn.false_alarm * (1.0 if name == "eligibility" else 0.2)
            initial = min(0.1, 0.35 * aim / sense)
            hazard = (
                self._world.lapse_hazard[payer.type.name]
                if name == "eligibility"
                else self._world.primary_hazard
            )
            assert hazard is not None
            scale = solve_scale(seen, hazard, initial, max(0.0, aim - alarm) / sense)
            rule = self._maker.rule(payer, mechanisms()[name], strength=sense)
            if name == "eligibility":
                drawn.lapse_initial, drawn.lapse_scale = initial, scale
                drawn.eligibility = rule
            else:
                drawn.primary_initial, drawn.primary_scale = initial, scale
                drawn.other_coverage = rule
            reached[category] += aim

    def _claim_rules(
        self,
        payer: PracticePayer,
        drawn: PayerRules,
        seen: Exposure,
        aims: dict[str, float],
        reached: dict[str, float],
    ) -> None:
        table, rng = mechanisms(), self._rng
        drawn.timely_filing = self._maker.rule(
            payer, table["timely_filing"], strength=rng.uniform(0.93, 0.99), limit=payer.limit_days
        )
        drawn.late_share = aims["timely_filing"] / (0.7 * drawn.timely_filing.strength)
        reached["timely_filing"] += aims["timely_filing"]
        drawn.duplicate = self._maker.rule(
            payer, table["duplicate"], strength=rng.uniform(0.85, 0.98)
        )
        drawn.duplicate_share = min(0.05, aims["duplicate"] / drawn.duplicate.strength)
        self._enrollment(payer, drawn, aims["provider_enrollment"], reached)

    def _enrollment(
        self,
        payer: PracticePayer,
        drawn: PayerRules,
        aim: float,
        reached: dict[str, float],
    ) -> None:
        rng, calendar = self._rng, self._world.calendar
        span = calendar.future_end - calendar.start
        providers = self._world.providers
        weight = sum(p.weight for p in providers)
        chances = [4.0 if p.joined > calendar.start else 1.0 for p in providers]
        found = 0.0
        for provider, chance in zip(providers, chances, strict=True):
            strength = rng.uniform(*self._profile.strength) ** 0.5
            # a gap of a busy provider must not make up most of the payer's denials
            most = 0.25 * payer.rate * span * weight / (strength * provider.weight)
            days = int(min(rng.randint(50, 150), max(14.0, most), span / 2))
            joined = provider.joined > calendar.start
            start = provider.joined if joined else calendar.start + rng.randint(0, span - days)
            gain = strength * provider.weight / weight * days / span
            # gaps are few and each is large: right on average over payers, not for each
            if rng.random() * gain * sum(chances) > aim * chance:
                continue
            drawn.enrollment.append(
                self._maker.rule(
                    payer,
                    mechanisms()["enrollment"],
                    strength=strength,
                    provider=provider.index,
                    npi=provider.provider.npi,
                    start=start,
                    stop=start + days,
                )
            )
            found += gain
        reached["provider_enrollment"] += found

    # line mechanisms

    def _omission(
        self, drawn: PayerRules, mechanism: Mechanism, aim: float, seen: Exposure
    ) -> float:
        name = mechanism.name
        shares = omission_shares(mechanism, seen)
        if not shares:
            return 0.0
        if name == "telehealth":
            return self._telehealth(drawn, mechanism, aim, shares["*"])
        if name == "new_patient":
            codes = tuple(c for c in codes_of(mechanism) if "em" in procedures()[c].flags)
            rule = self._maker.line_rule(drawn, mechanism, codes)
            acting = shares["*"] * rule.strength
            return self._set_error(drawn, name, aim, acting * self._maker.in_force(rule), 0.0)
        rng = self._rng
        sets = rng.randint(*self._profile.rules)
        exposed = surprised = 0.0
        made = 0
        while shares and (made < sets or exposed * MOST_FORGOTTEN < aim) and made < sets + 5:
            codes = self._maker.pick(shares, rng.randint(*self._profile.codes_per_rule))
            share = sum(shares.pop(code) for code in codes)
            partners: tuple[str, ...] = ()
            modifiers: tuple[str, ...] = ()
            if name == "separate_service":
                modifiers = ("25",)
                partners = tuple(c for c, p in procedures().items() if "procedure" in p.flags)
            elif name == "procedure_pair":
                modifiers = ("59", "XS", "XE", "XP", "XU")
                groups: dict[str, list[str]] = {}
                for pair in codes:
                    column2, column1 = pair.split(" ")
                    groups.setdefault(column2, []).append(column1)
                for column2, column1s in groups.items():
                    rule = self._maker.line_rule(
                        drawn, mechanism, (column2,), tuple(column1s), modifiers
                    )
                    pairs = sum(share_of(seen.pairs[c, column2], seen) for c in column1s)
                    exposed += pairs * rule.strength * self._maker.in_force(rule)
                    surprised += pairs * rule.strength * self._maker.while_new(rule)
                made += 1
                continue
            elif name == "side_modifier":
                modifiers = ("RT", "LT", "50")
            rule = self._maker.line_rule(drawn, mechanism, codes, partners, modifiers)
            exposed += share * rule.strength * self._maker.in_force(rule)
            surprised += share * rule.strength * self._maker.while_new(rule)
            made += 1
        return self._set_error(drawn, name, aim, exposed, surprised)

    def _set_error(
        self, drawn: PayerRules, name: str, aim: float, exposed: float, surprised: float
    ) -> float:
        """Set how often the staff forgets, and return the expected share of claims denied.

        ``exposed``: share of claims on which a rule in force would act on forgetting;
        ``surprised``: the part of them in a new rule's first weeks.
        """
        known = exposed - surprised
        error = (aim - surprised * FORGOTTEN_WHEN_NEW) / known if known > 1e-9 else 0.0
        error = drawn.errors[name] = min(MOST_FORGOTTEN, max(0.002, error))
        return error * known + max(error, FORGOTTEN_WHEN_NEW) * surprised

    def _telehealth(
        self, drawn: PayerRules, mechanism: Mechanism, aim: float, share: float
    ) -> float:
        rng = self._rng
        if share * MOST_FORGOTTEN < 0.2 * aim:
            return 0.0
        places: tuple[str, ...]
        modifiers: tuple[str, ...]
        none: tuple[str, ...] = ()
        medicare = drawn.payer.type.name in {"medicare", "medicare_advantage"}
        if medicare:
            places, modifiers = ("02", "10"), none
        else:
            places, modifiers = rng.choice(((("02", "10"), ("95",)), (("11",), ("95",))))
        rule = self._maker.line_rule(drawn, mechanism, (), (), modifiers, places=places)
        acting = share * rule.strength
        return self._set_error(
            drawn,
            "telehealth",
            aim,
            acting * self._maker.in_force(rule),
            acting * self._maker.while_new(rule),
        )

    def _case_mix(
        self, drawn: PayerRules, mechanism: Mechanism, aim: float, seen: Exposure
    ) -> float:
        rng = self._rng
        reached = 0.0
        rules = rng.randint(*self._profile.rules) + 2
        options = case_mix_options(mechanism, seen, rng)
        while rules and reached < 0.9 * aim and options:
            size = rng.randint(*self._profile.codes_per_rule)
            if mechanism.name in {"diagnosis_coverage", "unit_limit", "frequency_limit"}:
                size = 1
            strength = rng.uniform(*self._profile.strength)
            picked: list[tuple[tuple[str, ...], tuple[str, ...], int, float]] = []
            while len(picked) < size and options:
                pick = self._maker.pick({o: max(1e-9, x) for o, x in options.items()}, 1)[0]
                share = options.pop(pick)
                codes, refused, limit, share = case_mix_terms(
                    mechanism, pick, share, seen, (aim - reached) / strength, rng
                )
                gain = strength * share
                if share <= 0.0 or reached + gain > 1.15 * aim:
                    continue
                reached += gain
                picked.append((codes, refused, limit, share))
            if not picked:
                break
            rules -= 1
            rule = self._maker.line_rule(
                drawn,
                mechanism,
                tuple(c for codes, _, _, _ in picked for c in codes),
                diagnoses_=tuple(d for _, refused, _, _ in picked for d in refused),
                limit=max(limit for _, _, limit, _ in picked),
                strength=strength,
            )
            lost = 1.0 - self._maker.in_force(rule)
            reached -= lost * strength * sum(share for _, _, _, share in picked)
        return reached

    def _noise(
        self,
        drawn: PayerRules,
        seen: Exposure,
        rate: float,
        shares: dict[str, float],
        reached: dict[str, float],
    ) -> None:
        wanted = {c: s for c, s in shares.items() if c != "duplicate"}
        total = sum(wanted.values())
        left = max(0.3 * self._profile.noise * rate, rate - _total(reached))
        lacking = {
            c: max(0.02 * rate, rate * wanted.get(c, 0.0) / total - reached.get(c, 0.0))
            for c in NOISE_CATEGORIES
        }
        sum_lacking = sum(lacking.values())
        lines = max(1.0, seen.lines / max(1, seen.claims))
        base = left / lines
        rng = self._rng
        factors = {f: rng.lognormvariate(0.0, self._profile.family_spread) for f in families()}
        count = sum(seen.families.values())
        mean = sum(factors[f] * n for f, n in seen.families.items()) / max(1, count) or 1.0
        for family, factor in factors.items():
            chance = min(0.6, base * factor / mean)
            members, cumulative, running = [], [], 0.0
            for category, lack in lacking.items():
                running += lack / sum_lacking * chance
                members.append(mechanisms()[f"noise:{category}"])
                cumulative.append(running)
            drawn.noise[family] = Noise(tuple(members), tuple(cumulative), running)


def _total(reached: dict[str, float]) -> float:
    return sum(x for c, x in reached.items() if c != "duplicate")
