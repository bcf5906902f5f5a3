"""Payer rules learnt from simulated practices: how many true ones are found, how many are false.

A true rule counts as shown where at least ``--shown`` answered lines broke it. Beside the learner,
what one would write first: a condition counts as a rule where at least three lines that meet it
were denied with one CARC, and half of them were.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

import msgspec

from benchmarks.harness import arguments, report
from models.history import ClaimHistory, build_history
from models.history.payers import plain_id
from models.history.rules import FoundRule, PayerRule, Support, learn_rules, load_kinds
from models.history.rules.kinds import Condition, conditions
from models.history.rules.observe import observe
from training.simulate.adjudicate import Adjudicator
from training.simulate.practice import SimulatedPractice, simulate
from training.simulate.rules import Rule

#: Kinds of rules by the simulator's mechanism.
KINDS: Mapping[str, tuple[str, ...]] = {
    "authorization": ("authorization",),
    "diagnosis_coverage": ("diagnosis",),
    "unit_limit": ("units",),
    "separate_service": ("separate_service",),
    "procedure_pair": ("procedure_pair",),
    "side_modifier": ("side_modifier",),
    "telehealth": ("telehealth",),
    "new_patient": ("new_patient",),
    "referring_provider": ("referring_provider",),
    "drug_number": ("drug_number",),
    "laboratory_number": ("laboratory_number",),
    "unspecified_diagnosis": ("refused_diagnosis",),
    "plan_exclusion": ("exclusion",),
    "frequency_limit": ("frequency",),
    "timely_filing": ("filing_limit",),
    "enrollment": ("enrollment",),
    "duplicate": ("duplicate",),
}


class Tally(msgspec.Struct):
    """Counts by kind."""

    shown: Counter[str]
    found: Counter[str]
    told: Counter[str]
    true: Counter[str]
    conditions: Counter[bool]


def broken(practice: SimulatedPractice) -> Counter[Rule]:
    """Answered lines (claims, where a rule is about claims) that broke each true rule."""
    adjudicator = Adjudicator(Random(0))
    counts: Counter[Rule] = Counter()
    for s in practice.submissions:
        if not s.known or s.claim.responsibility != "P":
            continue
        rules = practice.rules[s.coverage.payer.index]
        for _, found, _ in adjudicator.line_hazards(s.draft, rules, s.day):
            counts.update(found)
        visit = s.draft.visit
        if s.day - visit.day > rules.timely_filing.limit:
            counts[rules.timely_filing] += 1
        for rule in rules.enrollment:
            if rule.provider == visit.provider.index and rule.active(visit.day):
                counts[rule] += 1
        if s.kind == "duplicate":
            counts[rules.duplicate] += 1
    return counts


def matches(found: FoundRule, rule: Rule) -> bool:
    """Whether a found rule tells of a true one: kind, payer, and a procedure or value of it."""
    told = found.rule
    if told.kind not in KINDS.get(rule.mechanism.name, ()):
        return False
    if plain_id(rule.payer.claim_payer.id) != told.payer:
        return False
    name = rule.mechanism.name
    if name == "enrollment":
        return rule.npi in told.values
    if name == "unspecified_diagnosis":
        return not set(rule.diagnoses).isdisjoint(told.values)
    if name in ("telehealth", "timely_filing", "duplicate"):
        return True
    if set(rule.codes).isdisjoint(told.codes):
        return False
    if name == "diagnosis_coverage":
        return not set(rule.diagnoses).isdisjoint(told.values)
    if name == "procedure_pair":
        return not set(rule.partners).isdisjoint(told.values)
    return True


def judge(
    practice: SimulatedPractice, found: Iterable[FoundRule], shown: int, tally: Tally
) -> list[FoundRule]:
    """Adds one practice to the tally; the false finds."""
    found = list(found)
    counts = broken(practice)
    true = [r for r in practice.every_rule() if r.mechanism.name in KINDS]
    for rule in true:
        if counts[rule] >= shown:
            kind = KINDS[rule.mechanism.name][0]
            tally.shown[kind] += 1
            tally.found[kind] += any(matches(f, rule) for f in found)
    false = []
    for f in found:
        right = any(matches(f, rule) for rule in true)
        for support in f.rule.support:
            one = msgspec.structs.replace(
                f.rule,
                codes=(support.code,) if support.code else (),
                values=(support.value,) if support.value else (),
            )
            alone = FoundRule(one, ())
            tally.conditions[any(matches(alone, rule) for rule in true)] += 1
        tally.told[f.rule.kind] += 1
        tally.true[f.rule.kind] += right
        if not right:
            false.append(f)
    return false


def first_version(history: ClaimHistory) -> list[FoundRule]:
    """The baseline: a condition with three denials of one CARC that are half of its lines."""
    found = []
    for payer in observe(history):
        sizes: Counter[tuple[str, Condition]] = Counter()
        hits: Counter[tuple[str, Condition, str, str]] = Counter()
        for line in payer.lines:
            for kind in load_kinds().values():
                if "threshold" in kind.scope:
                    continue
                for condition in conditions(kind, line.facts):
                    sizes[kind.name, condition] += 1
                    for (carc, rarc), category in line.answers:
                        if not rarc:
                            hits[kind.name, condition, carc, category] += 1
        for (kind_name, condition, carc, category), denied in hits.items():
            answered = sizes[kind_name, condition]
            if denied < 3 or 2 * denied < answered:
                continue
            code, value = condition
            rule = PayerRule(
                practice=payer.practice, payer=payer.key, payer_name=payer.key, payers=(),
                kind=kind_name, codes=(code,) if code else (), values=(value,) if value else (),
                carc=carc, category=category, denied=denied, answered=answered,
                confidence=denied / answered, low=0.0, high=1.0, control_denied=0,
                control_answered=0, first_seen="", last_seen="",
                support=(Support(code, value, denied, answered),),
            )  # fmt: skip
            found.append(FoundRule(rule, ()))
    return found


def history_of(practice: SimulatedPractice) -> ClaimHistory:
    """What the practice knows."""
    return build_history([*practice.claims(), *practice.payments, *practice.acknowledgements])


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=18)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--profiles", nargs="+", default=["easy", "typical", "hard"])
    parser.add_argument("--shown", type=int, default=10)
    parser.add_argument("--words", action="store_true", help="print the false finds")
    given = parser.parse_args()
    figures: dict[str, float | str] = {}
    baselines: dict[str, float | str] = {}
    ratios: dict[str, float] = {}
    for profile in given.profiles:
        tally, plain = new_tally(), new_tally()
        seconds = 0.0
        for seed in given.seeds:
            practice = simulate(profile, given.claims, given.months, seed)
            history = history_of(practice)
            begun = time.process_time()
            found = learn_rules(history)
            seconds += time.process_time() - begun
            judge(practice, first_version(history), given.shown, plain)
            for false in judge(practice, found, given.shown, tally):
                if given.words:
                    print(f"false: {false.rule.kind}: {false.rule.words}")
        told, true = tally.told.total(), tally.true.total()
        figures[f"{profile}: precision"] = true / max(1, told)
        figures[f"{profile}: recall of rules shown {given.shown} times"] = (
            tally.found.total() / max(1, tally.shown.total())
        )
        figures[f"{profile}: conditions (procedure, value) that are right"] = tally.conditions[
            True
        ] / max(1, tally.conditions.total())
        figures[f"{profile}: rules told"] = told
        figures[f"{profile}: true rules shown"] = tally.shown.total()
        figures[f"{profile}: s to learn, a practice"] = seconds / len(given.seeds)
        for kind in sorted({*tally.told, *tally.shown}):
            right, seen = tally.true[kind], tally.found[kind]
            figures[f"{profile}, {kind}: right of told; found of shown"] = (
                f"{right} of {tally.told[kind]}; {seen} of {tally.shown[kind]}"
            )
        baselines[f"{profile}: precision"] = _share(plain.true, plain.told)
        baselines[f"{profile}: recall of rules shown {given.shown} times"] = _share(
            plain.found, plain.shown
        )
        baselines[f"{profile}: rules told"] = plain.told.total()
        ratios[f"{profile}: false rules, first version's / ours"] = (
            plain.told.total() - plain.true.total()
        ) / max(1, told - true)
    report("payer_rules", given.json, figures, baselines, ratios)


def new_tally() -> Tally:
    """Nothing counted yet."""
    return Tally(Counter(), Counter(), Counter(), Counter(), Counter())


def _share(part: Counter[str], whole: Counter[str]) -> float:
    return part.total() / max(1, whole.total())


if __name__ == "__main__":
    main()
