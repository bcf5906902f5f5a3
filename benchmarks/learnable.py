"""How much of the truth a history shows at all: the ceiling for whatever learns from it.

`seen` is one who knows everything about how the simulated payers decide (what each rule looks at,
how strictly it is kept, when it began and ended, every other chance to the last digit) and
lacks one thing only: a rule of which the history holds fewer than ``least`` denials *of the very
thing* is not known. The very thing is what a denial can show of a rule: for a procedure's rule
the procedure, for diagnosis coverage procedure and diagnosis, for bundling procedure and
companion, for unspecified diagnoses the diagnosis. Rules on hidden states (eligibility, other
coverage), filing limits and duplicates are all known.

No model can know its strengths and dates to the last digit, so none reaches this.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from training.simulate.adjudicate import INDEX, Adjudicator, Denial
from training.simulate.draft import Draft, DraftLine
from training.simulate.practice import SimulatedPractice
from training.simulate.rules import Rule
from training.simulate.submission import Submission

Floats = NDArray[np.float64]
Shown = Counter[tuple[int, object]]


class Learnable:
    """What the denials of a practice's history show of its payers' rules."""

    def __init__(self, practice: SimulatedPractice) -> None:
        """Count the denials that were answered by the history's end."""
        self._adjudicator = Adjudicator(Random(0))
        self._shown: Shown = Counter()
        end = practice.calendar.end
        for submission in practice.submissions:
            if submission.decision is None or max(submission.day, submission.answered) > end:
                continue
            self._count(submission)

    def _count(self, submission: Submission) -> None:
        decision = submission.decision
        assert decision is not None
        for (line, rules), denial in zip(self._broken(submission), decision.lines, strict=True):
            self._shown.update(
                (rule.number, thing)
                for rule in rules
                if _is_by(denial, rule)
                for thing in _things(rule, submission.draft, line)
            )
        if decision.whole is not None and decision.whole.rule is not None:
            self._shown[decision.whole.rule.number, None] += 1

    def _broken(self, submission: Submission) -> list[tuple[DraftLine, list[Rule]]]:
        found = self._adjudicator.line_hazards(submission.draft, submission.rules, submission.day)
        if submission.secondary is not None:
            return [(line, []) for line, _, _ in found]
        return [(line, rules) for line, rules, _ in found]

    def seen(self, future: Sequence[Submission], least: int) -> Floats:
        """Probability of denial of each submission to one who knows what was shown."""
        return np.array([self._probability(submission, least) for submission in future])

    def seen_categories(self, future: Sequence[Submission], least: int) -> Floats:
        """The same by category, ``[claims, categories]``: what is unknown is taken away."""
        rows = []
        for submission in future:
            assert submission.decision is not None
            row = list(submission.decision.by_category)
            paid = 1.0 - submission.decision.probability
            for rule in self._unknown(submission, least):
                row[INDEX[rule.mechanism.category]] -= paid / (1.0 - rule.strength) - paid
                paid /= 1.0 - rule.strength
            rows.append(row)
        found: Floats = np.array(rows)
        return found.clip(0.0)

    def _probability(self, submission: Submission, least: int) -> float:
        assert submission.decision is not None
        paid = 1.0 - submission.decision.probability
        for rule in self._unknown(submission, least):
            paid /= 1.0 - rule.strength
        return 1.0 - min(1.0, paid)

    def _unknown(self, submission: Submission, least: int) -> Iterator[Rule]:
        """Rules that the submission breaks and that were not shown."""
        for line, rules in self._broken(submission):
            for rule in rules:
                if not self._knows(rule, _things(rule, submission.draft, line), least):
                    yield rule
        if submission.secondary is None:
            visit = submission.draft.visit
            for rule in submission.rules.enrollment:
                applies = rule.provider == visit.provider.index and rule.active(visit.day)
                if applies and not self._knows(rule, [None], least):
                    yield rule

    def _knows(self, rule: Rule, things: list[object], least: int) -> bool:
        counts = [self._shown[rule.number, thing] for thing in things]
        # every diagnosis must be one that is refused, but one companion is enough
        enough = min if rule.mechanism.name == "diagnosis_coverage" else max
        return enough(counts) >= least


def _is_by(denial: Denial | None, rule: Rule) -> bool:
    return denial is not None and denial.rule is rule


def _things(rule: Rule, draft: Draft, line: DraftLine) -> list[object]:
    """What a denial of this line by this rule shows of the rule."""
    name, code = rule.mechanism.name, line.procedure.code
    if name == "diagnosis_coverage":
        return [(code, draft.diagnoses[i - 1].code) for i in line.pointers]
    if name in {"separate_service", "procedure_pair"}:
        others = [x.procedure.code for x in draft.lines if x is not line]
        return [(code, other) for other in others if other in rule.partners]
    if name == "unspecified_diagnosis":
        return [draft.diagnoses[line.pointers[0] - 1].code]
    return [name if name == "telehealth" else code]
