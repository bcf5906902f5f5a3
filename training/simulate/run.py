"""What the parts of one simulation share: the world, the agenda, and the records so far."""

from collections import defaultdict
from collections.abc import Callable
from random import Random

from models.claims.acknowledgement import Acknowledgement
from training.simulate.calendar import Calendar
from training.simulate.payments import Payments
from training.simulate.rules import PayerRules
from training.simulate.submission import Chain, Submission
from training.simulate.world import World

Job = Callable[[int], None]


class Run:
    """State of one simulation; jobs of a day: first what the office learns, then what it sends."""

    def __init__(self, world: World, rules: list[PayerRules], rng: Random) -> None:
        self.world = world
        self.calendar: Calendar = world.calendar
        self.rules = rules
        self.rng = rng
        self.payments = Payments(world, rng)
        self.acknowledgements: list[Acknowledgement] = []
        self.submissions: list[Submission] = []
        self.chains: list[Chain] = []
        self._learned: defaultdict[int, list[Job]] = defaultdict(list)
        self._sent: defaultdict[int, list[Job]] = defaultdict(list)

    def learn(self, day: int, job: Job) -> None:
        """On ``day``, before anything is sent, the office learns something."""
        if day <= self.calendar.end + 1:  # what is answered later is not known to anyone yet
            self._learned[day].append(job)

    def send(self, day: int, job: Job) -> None:
        """On ``day`` (or the Monday after), something is sent."""
        weekday = day % 7
        day += 2 if weekday == 6 else 1 if weekday == 0 else 0
        if day <= self.calendar.future_end:
            self._sent[day].append(job)

    def work(self, day: int) -> None:
        """Do the jobs of one day."""
        for job in self._learned.pop(day, ()):
            job(day)
        for job in self._sent.pop(day, ()):
            job(day)
