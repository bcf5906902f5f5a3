"""What a simulated office visit documents for its level: statuses, plans, data, minutes.

The level of a note follows from what its words say, as any reader could find out: two of the
three elements of medical decision making, or the physician's minutes, whichever is higher.
"""

from dataclasses import dataclass
from random import Random

from training.simulate.notes_plan import NotePlan, Topic
from training.simulate.notes_tables import frames, materials, statements

STRAIGHTFORWARD, LOW, MODERATE, HIGH = 2, 3, 4, 5

MINUTES = {
    (True, 2): (15, 29), (True, 3): (30, 44), (True, 4): (45, 59), (True, 5): (60, 74),
    (False, 2): (10, 19), (False, 3): (20, 29), (False, 4): (30, 39), (False, 5): (40, 54),
}  # fmt: skip
"""Total minutes that a provider of these practices writes, by (new patient, level)."""


@dataclass(slots=True)
class LevelWords:
    """Words for the three elements and for time; ``statuses`` and ``plans`` go with the topics."""

    statuses: list[str]
    plans: list[str]
    data: str = ""
    minutes: int = 0


def level_words(plan: NotePlan, topics: list[Topic], rng: Random) -> LevelWords:
    """Choose words that document ``plan.level``, and correct it to what they document."""
    natures = [materials()[t.group].nature for t in topics]
    if not plan.level:
        statuses = [_status("stable", nature, rng) for nature in natures]
        return LevelWords(statuses, [_drug_or_advice(t, rng, MODERATE) for t in topics])
    aimed = plan.level
    by_time = rng.random() < 0.4
    # what decision making may reach: with time written down, it is at most the aimed level
    target = max(STRAIGHTFORWARD, aimed - rng.randint(0, 1)) if by_time else aimed
    tests = sum(
        1 for w in plan.works if w.documented and statements()[w.procedure.code].section == "order"
    )
    data = LOW if tests == 2 else MODERATE if tests > 2 else STRAIGHTFORWARD
    degrees = ["stable"] * len(topics)
    lead = next((i for i, nature in enumerate(natures) if nature != "screening"), None)
    chronic = natures.count("chronic")
    if lead is not None:
        if target == HIGH:
            degrees[lead] = "severe"
        elif target == MODERATE:
            if chronic < 2 or rng.random() < 0.4:
                degrees[lead] = "worse"
        elif target == LOW and natures[lead] == "minor" and len(topics) == 1:
            degrees[lead] = "worse"
    problems = _problem_level(natures, degrees)
    risk = target
    if target == LOW and problems == LOW and data <= LOW and rng.random() < 0.5:
        risk = MODERATE
    words = LevelWords([_status(d, n, rng) for d, n in zip(degrees, natures, strict=True)], [])
    if lead is None:
        risk = STRAIGHTFORWARD
    for number, topic in enumerate(topics):
        own = risk if number == lead else min(risk, LOW)
        words.plans.append(_drug_or_advice(topic, rng, own))
    if target >= MODERATE and tests == 0 and rng.random() < 0.3:
        words.data = rng.choice(frames()["data"]["low"])
        data = LOW
    reached = sorted((problems, risk, data))[1]
    if by_time or reached < aimed:
        low, high = MINUTES[plan.new, aimed]
        words.minutes = rng.randint(low, high)
        reached = max(reached, aimed)
    plan.level = reached
    return words


def _problem_level(natures: list[str], degrees: list[str]) -> int:
    pairs = [(n, d) for n, d in zip(natures, degrees, strict=True) if n != "screening"]
    if any(d == "severe" for _, d in pairs):
        return HIGH
    if any(d == "worse" for _, d in pairs):
        return MODERATE
    chronic = sum(n == "chronic" for n, _ in pairs)
    if chronic >= 2:
        return MODERATE
    if chronic or any(n == "acute" for n, _ in pairs) or len(pairs) >= 2:
        return LOW
    return STRAIGHTFORWARD


def _status(degree: str, nature: str, rng: Random) -> str:
    if nature == "screening":
        return ""
    return str(rng.choice(frames()["status"][degree][nature]))


def _drug_or_advice(topic: Topic, rng: Random, risk: int) -> str:
    """A plan sentence of the given risk."""
    material, table = materials()[topic.group], frames()["plan"]
    advice = rng.choice(material.advice)
    if material.nature == "screening":
        return f"{advice}."
    if risk == STRAIGHTFORWARD:
        return f"{rng.choice(table['minimal'])}."
    if risk == LOW or not material.rx:
        drug = rng.choice(material.otc or ("acetaminophen OTC prn",))
        return f"{rng.choice(table['otc']).format(drug=drug)}; {advice}."
    drug = rng.choice(material.rx)
    words = f"{rng.choice(table['rx']).format(drug=drug)}; {advice}."
    if risk == HIGH:
        words += f" {rng.choice(table['high'])}."
    return words
