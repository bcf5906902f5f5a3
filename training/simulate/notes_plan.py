"""What a simulated note will document: which of the billed codes, how, and at which visit level.

Most notes document what was billed. Some do not: a diagnosis stands only in a problem list carried
forward, only as a rule-out, only as history, or nowhere; a procedure is not described; the visit
level is higher or lower than billed; the note says more than the code; or more was done than
billed. Whoever reads `notes_truth.csv` knows which.
"""

from dataclasses import dataclass, field
from random import Random

from training.simulate.notes_tables import Condition, conditions, materials, statements
from training.simulate.submission import Submission
from training.simulate.tables import Diagnosis, Procedure

MISSING_DIAGNOSIS = 0.07  # per note
MISSING_PROCEDURE = 0.05
OTHER_LEVEL = 0.12
LESS_SPECIFIC = 0.35  # per diagnosis that could be more specific
UNBILLED = 0.15  # per office visit of a patient with another chronic condition
REASONS = ("absent", "problem_list_only", "uncertain", "historical")


@dataclass(slots=True)
class Topic:
    """One diagnosis of the visit as the note puts it; ``how``: assessed, or one of `REASONS`."""

    condition: Condition
    group: str
    how: str
    billed: str  # the code on the claim, "" where nobody billed it

    @property
    def documented(self) -> bool:
        """The note supports the code of ``condition``."""
        return self.how == "assessed"


@dataclass(slots=True)
class Work:
    """One procedure as the note puts it."""

    procedure: Procedure
    units: int
    side: str  # "right", "left" or ""
    site: str
    documented: bool = True


@dataclass(slots=True)
class NotePlan:
    """What the note of one visit documents; ``level`` 2 to 5 where it is an office visit."""

    topics: list[Topic] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    billed_visit: str = ""  # 99202 to 99215
    level: int = 0
    new: bool = False

    @property
    def visit_code(self) -> str:
        """The office visit code that the note supports."""
        return f"992{0 if self.new else 1}{self.level}" if self.level else ""


_SITES = {"spine": "back", "hand": "wrist", "fracture": "wrist"}
_SIDES = {"RT": "right", "LT": "left", "": ""}


def plan_note(submission: Submission, rng: Random) -> NotePlan:
    """Decide what the note behind a claim documents."""
    draft, visit = submission.draft, submission.chain.visit
    plan = NotePlan(new=visit.new)
    side = next((_SIDES[s.side] for s in visit.services if s.side), "")
    for diagnosis in draft.diagnoses:
        plan.topics.append(_topic(diagnosis, side, rng))
    site = next((g for g in (d.group for d in draft.diagnoses) if g in _JOINTS), "joint")
    for line, service in zip(draft.lines, visit.services, strict=False):
        code = line.procedure.code
        if code in statements():
            work = Work(line.procedure, line.units, _SIDES[service.side], _SITES.get(site, site))
            plan.works.append(work)
        else:
            plan.billed_visit = code
            plan.level = int(code[-1])
    _spoil(plan, rng)
    _add_unbilled(plan, visit.patient.diagnoses, rng)
    return plan


_JOINTS = frozenset(["knee", "shoulder", "hip", "spine", "hand", "ankle", "fracture"])


def _topic(diagnosis: Diagnosis, side: str, rng: Random) -> Topic:
    own = conditions()[diagnosis.code]
    options = [conditions()[code] for code in own.specific]
    if side and any(o.side for o in options):
        # the procedure names the side: then the note does, whatever was billed
        options = [o for o in options if o.side == side]
        return Topic(options[0], diagnosis.group, "assessed", diagnosis.code)
    if options and rng.random() < LESS_SPECIFIC:
        return Topic(rng.choice(options), diagnosis.group, "assessed", diagnosis.code)
    return Topic(own, diagnosis.group, "assessed", diagnosis.code)


def _spoil(plan: NotePlan, rng: Random) -> None:
    """Let some notes fail to document what was billed."""
    real = [t for t in plan.topics if materials()[t.group].nature != "screening"]
    if real and rng.random() < MISSING_DIAGNOSIS:
        topic = rng.choice(real)
        if topic.condition.code == topic.billed and topic.billed[0] != "Z":
            topic.how = rng.choice(REASONS)
    works = [w for w in plan.works if statements()[w.procedure.code].section != "visit"]
    if works and rng.random() < MISSING_PROCEDURE:
        rng.choice(works).documented = False
    if plan.level and rng.random() < OTHER_LEVEL:
        plan.level = min(5, max(2, plan.level + rng.choice((-1, -1, 1))))


def _add_unbilled(plan: NotePlan, known: dict[str, Diagnosis], rng: Random) -> None:
    """Now and then a condition that was treated is not on the claim."""
    groups = {t.group for t in plan.topics}
    others = [d for g, d in known.items() if g not in groups and materials()[g].nature == "chronic"]
    if plan.level and others and rng.random() < UNBILLED:
        diagnosis = rng.choice(others)
        plan.topics.append(Topic(conditions()[diagnosis.code], diagnosis.group, "assessed", ""))
