"""Answers as they come: remittances in one part or two, forwarded, reversed, corrected."""

from functools import partial
from random import Random

from training.simulate.patients import Coverage
from training.simulate.payments import with_interest
from training.simulate.reactions import Reactions
from training.simulate.remit import Cashier, LineMoney
from training.simulate.run import Run
from training.simulate.submission import Submission
from training.simulate.world import PracticePayer

SPLIT = 0.012  # share of claims with several lines that are paid in two payments
SISTER = 0.025  # share of answers under another legal name of the payer
FORWARDED = 0.002  # first a 23 (not ours, forwarded), then the answer
PREDETERMINED = 0.001  # an estimate (25) beforehand
TAKEN_BACK = 0.004  # paid claims that the payer later takes back
REBUNDLED = 0.01  # claims with two laboratory lines that are paid as one panel


class Answers:
    """Writes the payers' answers."""

    def __init__(self, run: Run, cashier: Cashier, rng: Random) -> None:
        self._run = run
        self._cashier = cashier
        self._rng = rng
        self.reactions: Reactions

    def answer(self, submission: Submission, day: int) -> None:
        """The first answer to a submission, dated ``day``; the office knows it from now on."""
        rng, run, cashier = self._rng, self._run, self._cashier
        decision, claim, draft = submission.decision, submission.claim, submission.draft
        assert decision is not None
        payer = submission.coverage.payer
        if submission.secondary is not None:
            entries = cashier.secondary(draft, payer, submission.secondary.entries, decision.lines)
        else:
            entries = cashier.primary(draft, payer, decision.lines)
            if rng.random() < REBUNDLED:
                cashier.rebundle(entries)
        submission.entries = entries
        submission.control = cashier.control_number(payer)
        submission.known = True
        self._replace_earlier(submission, day)
        sister = rng.random() < SISTER
        if rng.random() < FORWARDED:
            self._nothing_yet(submission, day, "23", ("OA", "109"))
            sister = True
        elif rng.random() < PREDETERMINED:
            self._nothing_yet(submission, day, "25", ("OA", "101"))
        interest = 0
        paid = sum(e.paid for e in entries)
        if day - submission.day > 45 and paid > 5000 and payer.type.name == "commercial":
            interest = round(paid * 0.01)
        whole = decision.whole is not None or any(e.panel for e in entries)
        parts = [entries] if whole else self._parts(entries)
        crossed = "19" if self.forwards(submission) else ""
        for number, part in enumerate(parts):
            control = submission.control if not number else cashier.control_number(payer)
            dated = day if not number else day + rng.randint(3, 12)
            remittance = cashier.remittance(
                claim, draft, payer, part, decision, dated, control=control, status=crossed
            )
            if interest and not number:
                remittance = with_interest(remittance, interest)
            if dated <= run.calendar.end:  # a part on its way at the end is nobody's money yet
                run.payments.add(
                    payer, dated, remittance, sister=sister, interest=0 if number else interest
                )
                for entry in part:
                    submission.chain.post(
                        submission.position, entry, 1, secondary=claim.responsibility == "S"
                    )
        if paid > 4000 and rng.random() < TAKEN_BACK and claim.responsibility == "P":
            run.learn(day + rng.randint(50, 150), partial(self._take_back, submission))
        self.reactions.react(submission, day)

    def _parts(self, entries: list[LineMoney]) -> list[list[LineMoney]]:
        """Usually one; for split payments two, the denied lines all in the first."""
        charged = [e for e in entries if e.charge]
        if len(charged) < 2 or self._rng.random() >= SPLIT:
            return [entries]
        later = [e for e in charged if not e.denied][1:]
        if not later:
            return [entries]
        return [[e for e in entries if e not in later], later]

    def forwards(self, submission: Submission) -> bool:
        """Whether Medicare sends the claim on to the secondary payer itself."""
        patient = submission.draft.visit.patient
        return (
            submission.claim.responsibility == "P"
            and submission.coverage.payer.filing_indicator == "MB"
            and patient.secondary is not None
            and patient.secondary.payer.crossover
            and not submission.chain.secondary_due
            and any(e.patient for e in submission.entries)
        )

    def _nothing_yet(
        self, submission: Submission, day: int, status: str, adjustment: tuple[str, str]
    ) -> None:
        payer = submission.coverage.payer
        entries = []
        for line in submission.draft.lines:
            entry = LineMoney(line)
            entry.take(*adjustment, line.charge, "contractual")
            entries.append(entry)
        before = max(submission.day + 1, day - self._rng.randint(2, 6))
        remittance = self._cashier.remittance(
            submission.claim, submission.draft, payer, entries, None, before,
            control=self._cashier.control_number(payer), status=status,
        )  # fmt: skip
        self._run.payments.add(payer, before, remittance)

    def _replace_earlier(self, submission: Submission, day: int) -> None:
        """A replacement (frequency 7) reverses what was paid on the claim that it replaces."""
        claim = submission.claim
        if claim.frequency != "7":
            return
        for earlier in submission.chain.submissions[: submission.position]:
            if earlier.known and earlier.control == claim.payer_control_number:
                if any(e.paid for e in earlier.entries):
                    self.reverse(earlier, day)
                return

    def reverse(self, submission: Submission, day: int) -> None:
        """Cancel the answer to a submission (CLP02 = 22)."""
        payer = submission.coverage.payer
        remittance = self._cashier.remittance(
            submission.claim, submission.draft, payer, submission.entries, None, day,
            control=submission.control, reversal=True,
        )  # fmt: skip
        self._run.payments.add(payer, day, remittance)
        for entry in submission.entries:
            submission.chain.post(submission.position, entry, -1, secondary=False)

    def correct(self, submission: Submission, entries: list[LineMoney], day: int) -> None:
        """Reverse the last answer to a submission and answer it anew with ``entries``."""
        payer = submission.coverage.payer
        self.reverse(submission, day)
        earlier, submission.control = submission.control, self._cashier.control_number(payer)
        submission.entries = entries
        for entry in entries:
            submission.chain.post(submission.position, entry, 1, secondary=False)
        remittance = self._cashier.remittance(
            submission.claim, submission.draft, payer, entries, None, day,
            control=submission.control, original_reference=earlier,
        )  # fmt: skip
        self._run.payments.add(payer, day, remittance)

    def overturn(self, submission: Submission, learned: int) -> None:
        """An appeal is won: what was denied is paid (reversal and correction)."""
        decision = submission.decision
        assert decision is not None
        if not submission.entries or submission is not submission.chain.submissions[-1]:
            return
        paid = self._cashier.primary(
            submission.draft, submission.coverage.payer, [None] * len(decision.lines)
        )
        fresh = [
            new if old.denied else old for new, old in zip(paid, submission.entries, strict=True)
        ]
        self.correct(submission, fresh, learned - 1)

    def _take_back(self, submission: Submission, learned: int) -> None:
        chain = submission.chain
        if submission is not chain.submissions[-1] or chain.secondary_due:
            return
        entries = []
        for line in submission.draft.lines:
            entry = LineMoney(line)
            entry.take("CO", "26" if self._rng.random() < 0.5 else "97", line.charge, "denied")
            entries.append(entry)
        self.correct(submission, entries, learned - 1)

    def crossover(self, submission: Submission, secondary: Coverage, learned: int) -> None:
        """The secondary payer's answer to a claim that Medicare forwarded."""
        payer: PracticePayer = secondary.payer
        day = learned - 1
        entries = self._cashier.secondary(
            submission.draft, payer, submission.entries, [None] * len(submission.entries)
        )
        remittance = self._cashier.remittance(
            submission.claim, submission.draft, payer, entries, None, day,
            control=self._cashier.control_number(payer), status="2",
        )  # fmt: skip
        self._run.payments.add(payer, day, remittance)
        for entry in entries:
            submission.chain.post(submission.position, entry, 1, secondary=True)
