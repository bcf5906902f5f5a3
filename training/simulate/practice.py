"""A simulated practice, day by day: claims go out, answers come back, the office reacts.

Day by day is what makes the truth exact: whatever a claim's probability rests on has happened,
and was known to the practice, before the day of its submission.
"""

import gc
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.errors import InputError
from training.simulate.answers import Answers
from training.simulate.calendar import Calendar
from training.simulate.calibrate import RuleDraw
from training.simulate.exposure import count_exposure
from training.simulate.followup import FollowUp
from training.simulate.intake import Intake, Review
from training.simulate.profiles import Profile, load_profile
from training.simulate.reactions import Reactions
from training.simulate.remit import Cashier
from training.simulate.rules import PayerRules, Rule
from training.simulate.run import Run
from training.simulate.settle import settle_noise
from training.simulate.staff import Staff
from training.simulate.submission import Chain, Submission
from training.simulate.visits import Visit, VisitDraw
from training.simulate.world import World, draw_world

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class SimulatedPractice:
    """A practice's files in memory, and the truth behind them.

    ``submissions`` holds every claim that went out, in order of submission day, rejected ones
    too; ``payments`` and ``acknowledgements`` reach up to the history's end.
    """

    world: World
    rules: list[PayerRules]
    submissions: list[Submission]
    chains: list[Chain]
    payments: list[Payment]
    acknowledgements: list[Acknowledgement]

    @property
    def calendar(self) -> Calendar:
        """First and last day of the history, last day of future submissions."""
        return self.world.calendar

    def claims(self, *, future: bool = False) -> list[Claim]:
        """Claims of the history, or those submitted after its end."""
        end = self.calendar.end
        return [s.claim for s in self.submissions if (s.day > end) is future]

    def every_rule(self) -> list[Rule]:
        """The rules of all payers."""
        return [rule for rules in self.rules for rule in rules.every_rule()]


def simulate(
    profile: str | Profile = "typical",
    claims: int = 20_000,
    months: int = 18,
    seed: int = 0,
    *,
    review: Review | None = None,
    progress: Progress | None = None,
) -> SimulatedPractice:
    """Make a practice with ``claims`` original claims over ``months`` months and a little more.

    About 6 % of the claims are submitted after the history's end and have no answer yet.
    Equal arguments give equal practices. ``review`` is shown each original claim and its day
    before it goes out; where it answers true, the staff looks again and makes a tenth of its
    usual slips. Up to the first such day the practice is the one without a review. ``progress``
    is told (days done, days).

    Raises:
        InputError: an argument out of range, or no such profile.
    """
    if not 50 <= claims <= 5_000_000:
        raise InputError(f"claims={claims}; allowed: 50 to 5000000")
    if not 1 <= months <= 60:
        raise InputError(f"months={months}; allowed: 1 to 60")
    chosen = load_profile(profile) if isinstance(profile, str) else profile
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects that all live on: collecting finds nothing
    try:
        return _simulate(chosen, claims, months, seed, review, progress)
    finally:
        if collecting:
            gc.enable()


def _simulate(
    profile: Profile,
    claims: int,
    months: int,
    seed: int,
    review: Review | None,
    progress: Progress | None,
) -> SimulatedPractice:
    calendar = Calendar.of(months)
    rng = Random(f"{profile.name}/{claims}/{months}/{seed}")
    world = draw_world(profile, calendar, rng)
    draw = VisitDraw(world, rng)
    visits = draw.visits(claims)
    rule_draw = RuleDraw(world, count_exposure(visits), rng)
    rules = [rule_draw.draw(payer) for payer in world.payers]
    staff = Staff(world, rng)
    settle_noise(rules, visits, staff, rng)
    _delay_some(visits, rules, rng)
    run = Run(world, rules, rng)
    intake = Intake(run, staff, rng)
    intake.review = review
    answers = Answers(run, Cashier(rng), rng)
    answers.reactions = Reactions(
        run, intake, answers, FollowUp(world, staff, draw.patients, rng), rng
    )
    intake.on_answer = answers.answer
    by_day: defaultdict[int, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_day[visit.submitted].append(visit)
    days = calendar.future_end - calendar.start + 1
    for day in range(calendar.start, calendar.future_end + 1):
        for visit in by_day.pop(day, ()):
            run.send(day, partial(intake.first, visit))
        run.work(day)
        if progress is not None:
            progress(day - calendar.start + 1, days)
    return SimulatedPractice(
        world, rules, run.submissions, run.chains, run.payments.payments(), run.acknowledgements
    )


def _delay_some(visits: list[Visit], rules: list[PayerRules], rng: Random) -> None:
    """Some visits are billed months late: most of those past the payer's filing limit."""
    for visit in visits:
        payer = visit.patient.coverage.payer
        if not visit.new and rng.random() < rules[payer.index].late_share:
            visit.day = visit.submitted - int(payer.limit_days * rng.uniform(0.75, 1.6))
