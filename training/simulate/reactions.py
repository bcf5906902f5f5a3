"""What the office does once it knows an answer: learns, corrects, appeals, bills the next payer."""

from functools import partial
from random import Random
from typing import TYPE_CHECKING

import msgspec

from training.simulate.coordination import answered_primary, line_adjudications
from training.simulate.draft import Draft
from training.simulate.followup import APPEALS, CORRECTS, OVERTURNED, RESENDS, FollowUp
from training.simulate.intake import Intake
from training.simulate.patients import Coverage
from training.simulate.run import Run
from training.simulate.submission import Secondary, Submission
from training.simulate.writing import build_lines

if TYPE_CHECKING:
    from training.simulate.answers import Answers

ASKS_PATIENT = 0.75  # share of coverage denials after which the office finds the right coverage
MOST_ATTEMPTS = 3


class Reactions:
    """Follows up on answers."""

    def __init__(
        self, run: Run, intake: Intake, answers: "Answers", follow_up: FollowUp, rng: Random
    ) -> None:
        self._run = run
        self._intake = intake
        self._answers = answers
        self._follow_up = follow_up
        self._rng = rng

    def react(self, submission: Submission, day: int) -> None:
        """Everything that follows from the first answer to a submission, dated ``day``."""
        decision = submission.decision
        assert decision is not None
        self._observe(submission)
        if submission.claim.responsibility == "S":
            return
        if not decision.denied:
            self._bill_secondary(submission, day)
            return
        assert decision.first is not None
        name = decision.first.mechanism.name
        if name in {"eligibility", "other_coverage"}:
            self._find_coverage(submission, name, day)
        elif name not in {"duplicate", "timely_filing", "enrollment"}:
            self._correct_or_appeal(submission, day)
        elif self._rng.random() < APPEALS:
            self._appeal(submission, day, "rule")
        if decision.whole is None:
            self._bill_secondary(submission, day)

    def _observe(self, submission: Submission) -> None:
        """What the answer says about the hidden states of the coverage."""
        decision, coverage = submission.decision, submission.coverage
        assert decision is not None
        if not any(e.charge for e in submission.entries):
            return
        service_day = submission.draft.visit.day
        whole = decision.whole.mechanism.name if decision.whole else ""
        if submission.claim.responsibility == "S":
            if coverage.lapse is not None and decision.probability > 0.0:
                coverage.lapse.observe(service_day, whole == "eligibility")
            return
        if coverage.lapse is not None:
            coverage.lapse.observe(service_day, whole == "eligibility")
        if coverage.other_primary is not None and whole != "eligibility":
            coverage.other_primary.observe(service_day, whole == "other_coverage")

    def _find_coverage(self, submission: Submission, name: str, day: int) -> None:
        rng, run = self._rng, self._run
        if rng.random() >= ASKS_PATIENT:
            return
        found_on = day + rng.randint(4, 24)
        run.learn(found_on, partial(self._change_coverage, submission, name))

    def _change_coverage(self, submission: Submission, name: str, day: int) -> None:
        patient = submission.draft.visit.patient
        old = submission.coverage
        if patient.coverage is old:
            if name == "eligibility":
                patient.coverage = self._follow_up.new_coverage(patient, old, day)
            else:
                patient.coverage = self._follow_up.primary_coverage(patient, old, day)
                patient.secondary = old
        visit = submission.draft.visit
        coverage = patient.coverage
        rules = self._run.rules[coverage.payer.index]
        self._intake.watch(coverage, visit, rules)
        draft = submission.draft.copy()
        draft.coverage = coverage
        draft.authorization = ""
        self._run.send(
            day + self._rng.randint(0, 4),
            partial(self._send, submission, draft, "1", "", 1.0),
        )

    def _correct_or_appeal(self, submission: Submission, day: int) -> None:
        rng = self._rng
        decision, payer = submission.decision, submission.coverage.payer
        assert decision is not None
        if submission.attempt + 1 >= MOST_ATTEMPTS:
            return
        fixed = self._follow_up.corrected(submission.draft, decision)
        noise = 0.25
        if fixed is not None and rng.random() < CORRECTS:
            draft = fixed
        elif fixed is None and rng.random() < RESENDS:
            draft = submission.draft.copy()
        else:
            if rng.random() < APPEALS / (1 - CORRECTS):
                rule = any(d is not None and d.rule is not None for d in decision.lines)
                self._appeal(submission, day, "rule" if rule else "noise")
            return
        sent = day + rng.randint(3, 30)
        if payer.type.replacement:
            job = partial(self._send, submission, draft, "7", submission.control, noise)
        elif fixed is not None and rng.random() < 0.3:
            # a clerical-error reopening: no new claim, the payer reverses and corrects
            self._run.learn(sent + 21, partial(self._answers.overturn, submission))
            return
        else:
            # Medicare takes no replacements: the denied lines go out as a new claim
            keep = [i for i, d in enumerate(decision.lines) if d is not None]
            draft.lines = [draft.lines[i] for i in keep]
            job = partial(self._send, submission, draft, "1", "", noise)
        self._run.send(sent, job)

    def _send(
        self,
        earlier: Submission,
        draft: Draft,
        frequency: str,
        replaces: str,
        noise: float,
        day: int,
    ) -> None:
        number = earlier.claim.claim_id
        if frequency == "1" and draft.coverage is earlier.coverage and self._rng.random() < 0.4:
            number = self._intake.new_number(draft.visit)
        self._intake.submit(
            earlier.chain, draft, day, number, kind="correction", frequency=frequency,
            replaces=replaces, attempt=earlier.attempt + 1, noise=noise,
        )  # fmt: skip

    def _appeal(self, submission: Submission, day: int, cause: str) -> None:
        rng = self._rng
        if rng.random() < OVERTURNED[cause]:
            self._run.learn(day + rng.randint(35, 110), partial(self._answers.overturn, submission))

    def _bill_secondary(self, submission: Submission, day: int) -> None:
        run, rng = self._run, self._rng
        patient = submission.draft.visit.patient
        secondary = patient.secondary
        if (
            secondary is None
            or secondary is submission.coverage
            or submission.chain.secondary_due
            or not any(e.patient for e in submission.entries)
        ):
            return
        forwarded = self._answers.forwards(submission)
        submission.chain.secondary_due = True
        if forwarded:
            answered = self._intake.answer_day(secondary.payer, day)
            run.learn(answered + 1, partial(self._answers.crossover, submission, secondary))
            return
        run.send(day + rng.randint(2, 12), partial(self._send_secondary, submission, secondary))

    def _send_secondary(self, submission: Submission, secondary: Coverage, day: int) -> None:
        visit = submission.draft.visit
        rules = self._run.rules[secondary.payer.index]
        self._intake.watch(secondary, visit, rules)
        draft = submission.draft.copy()
        draft.coverage = secondary
        entries = submission.entries
        adjudicated = line_adjudications(
            submission.claim, submission.coverage, entries, submission.answered
        )
        lines = tuple(
            msgspec.structs.replace(line, adjudications=(found,))
            for line, found in zip(build_lines(draft), adjudicated, strict=True)
        )
        other = answered_primary(submission.coverage, entries)
        self._intake.submit(
            submission.chain, draft, day, submission.claim.claim_id, kind="secondary",
            secondary_of=Secondary(other, lines, entries),
        )  # fmt: skip
