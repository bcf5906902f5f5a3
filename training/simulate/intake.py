"""Claims on their way to the payer: account numbers, acknowledgements, and the decision drawn."""

from collections.abc import Callable
from functools import partial
from random import Random

from models.claims.acknowledgement import Acknowledgement, ClaimStatus
from models.claims.claim import Claim, OtherPayer, ServiceLine
from training.simulate.adjudicate import Adjudicator
from training.simulate.calendar import day_date
from training.simulate.coordination import known_secondary
from training.simulate.draft import Draft
from training.simulate.hidden import HiddenChange
from training.simulate.patients import Coverage, Patient
from training.simulate.rules import PayerRules
from training.simulate.run import Run
from training.simulate.staff import Staff
from training.simulate.submission import Chain, Secondary, Submission
from training.simulate.visits import Visit
from training.simulate.world import PracticePayer
from training.simulate.writing import build_claim

REJECTED = 0.015  # share of submissions that the clearinghouse or payer's front end refuses
REUSED_NUMBERS = 0.0008  # share of visits under a patient account number that was used before
LATE_ANSWERS = 0.03
SECOND_LOOK = 0.1  # share of its usual slips that the staff makes when warned to look again

Review = Callable[[Claim, int], bool]
"""Told an original claim and its day before it goes out; true: the staff is to look again."""
REJECTIONS = (
    ("A3", "21"),
    ("A7", "562"),
    ("A7", "500"),
    ("A3", "33"),
    ("A6", "153"),
    ("A8", "480"),
)


class Intake:
    """Sends claims; ``on_answer`` is called the day after a payer's answer is dated."""

    def __init__(self, run: Run, staff: Staff, rng: Random) -> None:
        self._run = run
        self._staff = staff
        self._rng = rng
        self._adjudicator = Adjudicator(rng)
        self._number = rng.randrange(10_000, 90_000)
        self._used: list[tuple[int, str]] = []
        self.on_answer: Callable[[Submission, int], None] = lambda _submission, _day: None
        self.review: Review | None = None

    def new_number(self, visit: Visit) -> str:
        """A new patient account number (CLM01) in the practice's style."""
        self._number += 1
        style = self._run.world.id_style
        if style == "zeros":
            return f"{self._number:09d}"
        if style == "mixed":
            return f"Fp{self._number:07d}x"
        return f"A{self._number:08d}-{visit.provider.index:02d}-{day_date(visit.day):%Y%m%d}-01"

    def first(self, visit: Visit, day: int) -> None:
        """Bill a visit for the first time."""
        rng, run = self._rng, self._run
        coverage = visit.patient.coverage
        rules = run.rules[coverage.payer.index]
        self.watch(coverage, visit, rules)
        draft = self._staff.draft(visit, coverage, rules, day)
        chain = Chain(visit)
        run.chains.append(chain)
        claim_id = self.new_number(visit)
        if len(self._used) > 500 and rng.random() < REUSED_NUMBERS:
            before, number = self._used[rng.randrange(len(self._used) // 3)]
            if day - before > 150:
                claim_id = number
        if len(self._used) < 20_000:
            self._used.append((day, claim_id))
        if self.review is not None and self.review(self._preview(draft, claim_id, day), day):
            draft = self._staff.draft(visit, coverage, rules, day, care=SECOND_LOOK)
        self.submit(chain, draft, day, claim_id, kind="original")
        if rng.random() < rules.duplicate_share:
            run.send(day + rng.randint(3, 35), partial(self._again, draft))

    def _preview(self, draft: Draft, claim_id: str, day: int) -> Claim:
        """The claim as it would go out."""
        secondary = draft.visit.patient.secondary
        others = (known_secondary(secondary),) if secondary is not None else ()
        return build_claim(
            self._run.world, draft, claim_id, day, responsibility="P", frequency="1",
            replaces="", other_payers=others, lines=None, delay_reason="",
        )  # fmt: skip

    def _again(self, draft: Draft, day: int) -> None:
        """The same visit entered twice by mistake: a new claim, its services numbered anew."""
        chain = Chain(draft.visit, duplicate=True)
        self._run.chains.append(chain)
        twin = draft.copy()
        twin.series = "D"
        self.submit(chain, twin, day, self.new_number(draft.visit), kind="duplicate")

    def watch(self, coverage: Coverage, visit: Visit, rules: PayerRules) -> None:
        """Start the hidden states of a coverage when it is first billed."""
        if coverage.lapse is not None:
            return
        rng, world = self._rng, self._run.world
        start = max(visit.day, coverage.since)
        fresh = 0.4 if coverage.since > self._run.calendar.start else 1.0

        def draws() -> tuple[float, float]:
            return rng.random(), rng.expovariate(1.0)

        coverage.lapse = HiddenChange(
            world.lapse_hazard[coverage.payer.type.name],
            start,
            rules.lapse_initial * fresh,
            rules.lapse_scale,
            rules.eligibility.strength,
            rules.false_alarm,
            draws(),
        )
        assert world.primary_hazard is not None
        likely = other_coverage_factor(visit.patient, coverage)
        coverage.other_primary = HiddenChange(
            world.primary_hazard,
            start,
            min(0.5, rules.primary_initial * fresh * likely),
            rules.primary_scale * likely,
            rules.other_coverage.strength,
            rules.false_alarm * 0.2,
            draws(),
        )

    def submit(
        self,
        chain: Chain,
        draft: Draft,
        day: int,
        claim_id: str,
        *,
        kind: str,
        frequency: str = "1",
        replaces: str = "",
        attempt: int = 0,
        noise: float = 1.0,
        secondary_of: Secondary | None = None,
    ) -> Submission:
        """Send one claim, draw its acceptance and the payer's decision, and await the answer."""
        run, rng = self._run, self._rng
        coverage = draft.coverage
        payer = coverage.payer
        rules = run.rules[payer.index]
        patient = draft.visit.patient
        lines: tuple[ServiceLine, ...] | None = None
        others: tuple[OtherPayer, ...] = ()
        responsibility = "P"
        if secondary_of is not None:
            others, lines, responsibility = (secondary_of.other,), secondary_of.lines, "S"
        elif patient.secondary is not None and patient.coverage is coverage:
            others = (known_secondary(patient.secondary),)
        late = day - draft.visit.day > payer.limit_days
        claim = build_claim(
            run.world, draft, claim_id, day, responsibility=responsibility, frequency=frequency,
            replaces=replaces, other_payers=others, lines=lines,
            delay_reason="11" if late and rng.random() < 0.15 else "",
        )  # fmt: skip
        submission = Submission(chain, draft, claim, day, rules, kind)
        submission.attempt = attempt
        submission.secondary = secondary_of
        run.submissions.append(submission)
        if day <= run.calendar.end:
            submission.accepted = self._acknowledge(claim, payer, day)
            if not submission.accepted:
                run.send(day + rng.randint(2, 7), partial(self._resend, submission, noise))
                return submission
        if secondary_of is not None:
            submission.decision = self._adjudicator.decide_secondary(
                draft, rules, secondary_of.asked
            )
        else:
            duplicate = 0.0 if frequency == "7" else self._duplicate(patient, draft, payer)
            submission.decision = self._adjudicator.decide(
                draft, rules, day, duplicate=duplicate, noise=noise
            )
            self._remember(patient, submission)
        submission.answered = self.answer_day(payer, day)
        run.learn(submission.answered + 1, partial(self._answered, submission))
        return submission

    def _answered(self, submission: Submission, _day: int) -> None:
        self.on_answer(submission, submission.answered)

    def _resend(self, rejected: Submission, noise: float, day: int) -> None:
        claim = rejected.claim
        secondary_of = rejected.secondary
        same = self._rng.random() < 0.7 or secondary_of is not None
        number = claim.claim_id if same else self.new_number(rejected.draft.visit)
        self.submit(
            rejected.chain, rejected.draft, day, number, kind=rejected.kind,
            frequency=claim.frequency, replaces=claim.payer_control_number,
            attempt=rejected.attempt, noise=noise, secondary_of=secondary_of,
        )  # fmt: skip

    def _duplicate(self, patient: Patient, draft: Draft, payer: PracticePayer) -> float:
        """How much a claim looks like one that the payer has: by what the practice can see."""
        earlier = patient.submissions.get(draft.visit.day)
        if not earlier:
            return 0.0
        codes = {x.procedure.code for x in draft.lines if x.charge}
        most = 0.0
        for submission in earlier:
            if submission.coverage.payer is not payer:
                continue
            decision = submission.decision
            assert decision is not None
            for line, denial in zip(submission.draft.lines, decision.lines, strict=True):
                if line.procedure.code in codes:
                    corrected = submission.known and denial is not None
                    most = max(most, 0.04 if corrected else 1.0)
        return most

    def _remember(self, patient: Patient, submission: Submission) -> None:
        visit = submission.draft.visit
        if submission.claim.frequency == "7":
            return
        patient.submissions.setdefault(visit.day, []).append(submission)
        if submission.kind != "original":
            return
        for line in submission.draft.lines:
            patient.services.setdefault(line.procedure.code, []).append(visit.day)
        name = patient.specialty.name
        patient.specialties_seen[name] = min(
            visit.day, patient.specialties_seen.get(name, visit.day)
        )

    def answer_day(self, payer: PracticePayer, day: int) -> int:
        """Day on which the payer's answer to a claim of ``day`` is dated."""
        rng = self._rng
        lag = payer.lag_median * rng.lognormvariate(0.0, payer.lag_sigma)
        if rng.random() < LATE_ANSWERS:
            lag *= rng.uniform(2.0, 6.0)
        answered = day + max(3, round(lag))
        while (answered - 1) % 7 not in payer.pay_weekdays:
            answered += 1
        return answered

    def _acknowledge(self, claim: Claim, payer: PracticePayer, day: int) -> bool:
        rng, run = self._rng, self._run
        accepted = rng.random() >= REJECTED
        if accepted:
            status = ClaimStatus("A2", "20", "PR")
        else:
            category, code = rng.choice(REJECTIONS)
            status = ClaimStatus(category, code, "85" if code == "562" else "IL")
        dated = day + (1 if rng.random() < 0.8 else 2)
        if dated <= run.calendar.end:
            run.acknowledgements.append(
                Acknowledgement(
                    claim_id=claim.claim_id,
                    statuses=(status,),
                    accepted=accepted,
                    date=day_date(dated),
                    charge=claim.charge,
                    payer_control_number=f"C{rng.randrange(10**9, 10**10)}" if accepted else "",
                    service_date=claim.service_date,
                    patient_last_name=claim.patient.last_name,
                    patient_first_name=claim.patient.first_name,
                    member_id=claim.subscriber.member_id,
                    provider_name=claim.billing.name,
                    provider_npi=claim.billing.npi,
                    receiver_name=claim.billing.name,
                    receiver_id=claim.submitter_id,
                    sender_name=payer.name.upper(),
                    sender_id=payer.claim_payer.id,
                )
            )
        return accepted


def other_coverage_factor(patient: Patient, coverage: Coverage) -> float:
    """How much likelier than usual another payer is primary, by what everybody can see."""
    age = patient.age(coverage.since)
    if coverage.payer.type.name == "commercial" and age >= 65:
        return 3.0
    if coverage.relationship in ("01", "19"):
        return 1.5
    return 0.75
