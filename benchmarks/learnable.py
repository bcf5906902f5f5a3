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
from training.simulate.tables import CATEGORIES

Floats = NDArray[np.float64]
Shown = Counter[tuple[int, object]]
#: Shares of a payer's noise that a claim may meet: first sent, sent again, to a second payer.
NOISES = (1.0, 0.25, 0.5)


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
        found: Floats = self.seen_categories(future, least).sum(axis=1)
        return found

    def seen_categories(self, future: Sequence[Submission], least: int) -> Floats:
        """The same by category, ``[claims, categories]``.

        A rule that was not shown leaves its claims to what would have denied them without it.
        """
        return np.array([self._by_category(submission, least) for submission in future])

    def _by_category(self, submission: Submission, least: int) -> list[float]:
        decision = submission.decision
        assert decision is not None
        unknown = set(self._unknown(submission, least))
        if not unknown:
            return list(decision.by_category)
        # The simulator does not keep how much of the payer's noise a resubmission met.
        paid = 1.0 - decision.probability
        noise = min(NOISES, key=lambda n: abs(1.0 - sum(self.replay(submission, n, set())) - paid))
        return self.replay(submission, noise, unknown)

    def replay(self, submission: Submission, noise: float, without: set[Rule]) -> list[float]:
        """The decision's probabilities by category, as if some rules did not exist.

        ``noise`` is one of `NOISES`. Hazards strike in the order of `Adjudicator`: those of the
        claim, then those of each line, dearest first.
        """
        decision, row = submission.decision, [0.0] * len(CATEGORIES)
        assert decision is not None
        left = before = 1.0  # with and without the rules that are left out
        for name in ("eligibility", "coordination_of_benefits"):
            row[INDEX[name]] = decision.by_category[INDEX[name]]
            left = before = left - row[INDEX[name]]
        for rule in self._enrollment(submission):
            before -= before * rule.strength
            if rule not in without:
                row[INDEX["provider_enrollment"]] += left * rule.strength
                left -= left * rule.strength
        for name in ("timely_filing", "duplicate"):
            chance = decision.by_category[INDEX[name]] / before
            row[INDEX[name]] = left * chance
            before, left = before * (1.0 - chance), left * (1.0 - chance)
        broken = self._broken(submission)
        for line, rules in sorted(broken, key=lambda entry: -entry[0].charge):
            if not line.charge or not self._asked(submission, line):
                continue
            for rule in rules:
                if rule not in without:
                    row[INDEX[rule.mechanism.category]] += left * rule.strength
                    left -= left * rule.strength
            entry = submission.rules.noise[line.procedure.family]
            at = 0.0
            for mechanism, chance in zip(entry.mechanisms, entry.chances, strict=True):
                row[INDEX[mechanism.category]] += left * noise * (chance - at)
                at = chance
            left *= 1.0 - noise * entry.total
        return row

    @staticmethod
    def _asked(submission: Submission, line: DraftLine) -> bool:
        """Whether a payer is asked for a line: a secondary one only where something is left."""
        if submission.secondary is None:
            return True
        asked = zip(submission.draft.lines, submission.secondary.asked, strict=True)
        return any(wanted and other is line for other, wanted in asked)

    def _enrollment(self, submission: Submission) -> list[Rule]:
        """Enrolment gaps that a submission falls into."""
        if submission.secondary is not None or not any(x.charge for x in submission.draft.lines):
            return []
        visit = submission.draft.visit
        return [
            rule
            for rule in submission.rules.enrollment
            if rule.provider == visit.provider.index and rule.active(visit.day)
        ]

    def _unknown(self, submission: Submission, least: int) -> Iterator[Rule]:
        """Rules that the submission breaks and that were not shown."""
        for line, rules in self._broken(submission):
            for rule in rules:
                if not self._knows(rule, _things(rule, submission.draft, line), least):
                    yield rule
        for rule in self._enrollment(submission):
            if not self._knows(rule, [None], least):
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
