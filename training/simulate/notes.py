"""Visit notes behind simulated claims, in the manner of real outpatient notes.

Each provider has two styles. A note has the sections that its visit calls for, shorthand, negated
findings, family history, differentials, problem lists carried forward and mistakes of dictation;
the words that support each code are remembered to the character. Nothing here touches the random
numbers of the claims: with or without notes, a practice is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from training.simulate.notes_level import LevelWords, level_words
from training.simulate.notes_plan import NotePlan, Topic, Work, plan_note
from training.simulate.notes_tables import (
    Condition,
    Style,
    conditions,
    frames,
    materials,
    statements,
    styles,
)
from training.simulate.notes_writer import NoteWriter
from training.simulate.practice import SimulatedPractice
from training.simulate.submission import Submission

DEFAULT_NOTES = 20_000
"""Most notes that a practice gets unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class SimulatedNote:
    """A note, where its codes are, and what was billed; codes as the claim writes them, no dots.

    ``marks``: (code, begin, end), begin inclusive and end exclusive, code points of ``text``.
    """

    id: str
    text: str
    submission: Submission
    plan: NotePlan
    marks: tuple[tuple[str, int, int], ...]
    future: bool


def simulate_notes(
    practice: SimulatedPractice, limit: int = DEFAULT_NOTES
) -> Iterator[SimulatedNote]:
    """Notes of at most ``limit`` visits, in order of first submission.

    Where there are more visits, the future ones come first (up to half of ``limit``), and the rest
    is spread evenly over the history.
    """
    end = practice.calendar.end
    firsts = [c.submissions[0] for c in practice.chains if not c.duplicate and c.submissions]
    history = [s for s in firsts if s.day <= end]
    future = [s for s in firsts if s.day > end]
    if len(firsts) > limit:
        future = _spread(future, max(limit // 2, limit - len(history)))
        history = _spread(history, limit - len(future))
    usual: dict[int, tuple[Style, ...]] = {}
    seed = practice.world.submitter
    for submission in (*history, *future):
        index = submission.chain.visit.provider.index
        if index not in usual:
            usual[index] = tuple(Random(f"{seed}/style/{index}").sample(styles(), 2))
        yield _note(submission, usual[index], seed, future=submission.day > end)


def _spread(items: list[Submission], count: int) -> list[Submission]:
    if len(items) <= count:
        return items
    return [items[i * len(items) // count] for i in range(count)]


def _note(
    submission: Submission, usual: tuple[Style, ...], seed: str, *, future: bool
) -> SimulatedNote:
    number = submission.chain.number
    rng = Random(f"{seed}/note/{number}")
    plan = plan_note(submission, rng)
    style = usual[0] if rng.random() < 0.75 else usual[1]
    composer = _Composer(submission, plan, NoteWriter(style, rng), rng)
    composer.write()
    writer = composer.out
    return SimulatedNote(
        f"N{number:07d}", writer.text, submission, plan, tuple(writer.marks), future
    )


class _Composer:
    """Writes one note, section by section."""

    def __init__(
        self, submission: Submission, plan: NotePlan, out: NoteWriter, rng: Random
    ) -> None:
        self.visit = submission.chain.visit
        self.plan = plan
        self.out = out
        self.rng = rng
        self.assessed = [t for t in plan.topics if t.how == "assessed"]
        self.words: LevelWords = level_words(plan, self.assessed, rng)
        # what the visit was about is told also where the diagnosis is not written down
        self.groups = list(dict.fromkeys(t.group for t in plan.topics))
        self.child = self.visit.patient.age(self.visit.day) < 18
        self.full = rng.random() < 0.4  # a template fills in what nobody asked

    def write(self) -> None:
        rng = self.rng
        self._story()
        carried = [t for t in self.plan.topics if t.how == "problem_list_only"]
        if carried or rng.random() < 0.45:
            self._problem_list(carried)
        past = [t for t in self.plan.topics if t.how == "historical"]
        if past or rng.random() < 0.5:
            self._past(past)
        if rng.random() < 0.4:
            self._family()
        table = frames()
        if rng.random() < 0.4:
            said = rng.sample(table["social"]["child" if self.child else "items"], 2)
            self._section("social", ", ".join(said) + ".")
        if rng.random() < 0.5:
            self._medications()
        if rng.random() < 0.4:
            self._section("allergies", rng.choice(table["allergies"]["items"]))
        if rng.random() < 0.7:
            self._review()
        if not self.visit.telehealth and rng.random() < 0.9:
            self._exam()
        self._works("results", "results")
        self._works("therapy", "therapy")
        self._works("procedure", "procedure")
        self._assessment()
        self._time()
        self.out.put("\n")

    def _section(self, kind: str, words: str) -> None:
        self.out.head(kind)
        self.out.say(words)

    def _story(self) -> None:
        rng, out = self.rng, self.out
        material = materials()[self.groups[0]]
        complaint = rng.choice(material.complaint)
        out.head("complaint")
        out.say(complaint)
        out.head("story")
        table = frames()["prose"]
        sex = "woman" if self.visit.patient.sex == "F" else "man"
        age = self.visit.patient.age(self.visit.day)
        if self.child:
            sex = "girl" if sex == "woman" else "boy"
        opening = rng.choice(table["opening" if out.style.prose else "short"])
        out.say(opening.format(age=age, sex=sex, s=self.visit.patient.sex, complaint=complaint))
        if self.plan.level:
            out.put(" ")
            out.put(rng.choice(table["new" if self.plan.new else "established"]))
        chronic = [t for t in self.assessed if materials()[t.group].nature == "chronic"]
        if chronic and rng.random() < 0.35:
            topic = rng.choice(chronic)
            out.put(" Here for f/u of ")
            out.mark(topic.condition.code, self._phrase(topic.condition))
            out.put(".")
        for group in self.groups[:3]:
            out.put(" ")
            out.say(rng.choice(materials()[group].story))
        out.put(" ")
        out.say(self._denial(self.groups[0], 2))

    def _denial(self, group: str, count: int) -> str:
        rng, table = self.rng, frames()["negation"]
        denied = materials()[group].denies
        words = rng.sample(denied, min(count, len(denied)))
        joined = (", " if not self.out.style.prose else " or ").join(words)
        frame = rng.choice(table["prose" if self.out.style.prose else "frames"])
        return str(frame.format(list=joined))

    def _problem_list(self, carried: list[Topic]) -> None:
        """Conditions carried forward: known ones of the patient that were not looked at today."""
        rng = self.rng
        here = set(self.groups)
        known = [d for g, d in self.visit.patient.diagnoses.items() if g not in here]
        known = [d for d in known if d.code[0] not in "RZS"]
        items = [self._phrase(t.condition) for t in carried]
        items += [self._phrase(conditions()[d.code]) for d in known[:4]]
        if not items:
            items = rng.sample(("HLD", "seasonal allergies", "GERD", "insomnia"), 2)
        rng.shuffle(items)
        self._section("problems", "\n".join(f"- {item}" for item in items))

    def _past(self, past: list[Topic]) -> None:
        rng = self.rng
        items = rng.sample(frames()["past"]["child" if self.child else "items"], 2)
        for topic in past:
            frame = rng.choice(frames()["historical"]["for_code"])
            items.append(frame.format(what=self._phrase(topic.condition)))
        self._section("past", "; ".join(items) + ".")

    def _family(self) -> None:
        rng, table = self.rng, frames()["family"]
        said = []
        for what in rng.sample(table["conditions"], rng.randint(1, 2)):
            who = rng.choice(table["relatives"])
            low = who if who.isupper() else who.lower()
            said.append(rng.choice(table["frames"]).format(who=who, what=what, low=low))
        self._section("family", "; ".join(said) + ".")

    def _medications(self) -> None:
        rng = self.rng
        groups = dict.fromkeys(t.group for t in self.assessed)
        drugs = [rng.choice(materials()[g].rx) for g in groups if materials()[g].rx]
        self._section("medications", ", ".join(drugs) + "." if drugs else "none")

    def _review(self) -> None:
        rng = self.rng
        self.out.head("review")
        self.out.say(self._denial(rng.choice(self.groups), 3))
        if self.full:
            for words in frames()["review"]["systems"]:
                self.out.put("\n")
                self.out.put(words)
        elif rng.random() < 0.3:
            self.out.put(" All other systems negative.")

    def _exam(self) -> None:
        rng = self.rng
        self.out.head("exam")
        if rng.random() < 0.7:
            pressure = f"{rng.randint(108, 148)}/{rng.randint(62, 92)}"
            self.out.put(f"BP {pressure} HR {rng.randint(56, 98)} T {rng.randint(970, 989) / 10}. ")
        for group in self.groups[:2]:
            found = materials()[group].exam
            self.out.say("; ".join(rng.sample(found, min(2, len(found)))) + ". ")
        if self.full:
            for words in frames()["exam"]["systems"]:
                self.out.put("\n")
                self.out.put(words)

    def _works(self, section: str, kind: str) -> None:
        works = self._documented(section)
        if not works:
            return
        self.out.head(kind)
        for position, work in enumerate(works):
            if position:
                self.out.put("\n")
            self._work(work)

    def _documented(self, section: str) -> list[Work]:
        return [
            w for w in self.plan.works
            if w.documented and statements()[w.procedure.code].section == section
        ]  # fmt: skip

    def _work(self, work: Work) -> None:
        before, evidence, after = self.rng.choice(statements()[work.procedure.code].sentences)
        self.out.put(self._filled(before, work))
        self.out.mark(work.procedure.code, self._filled(evidence, work).strip())
        self.out.put(self._filled(after, work) or ".")

    def _filled(self, words: str, work: Work) -> str:
        if "{" not in words:
            return words
        units = work.units
        filled = words.format(
            side=work.side, site=work.site, units=units, ten=10 * units, fifteen=15 * units,
            quarter=250 * units, minutes=15 * units - self.rng.randint(0, 5),
        )  # fmt: skip
        return filled if work.side else filled.replace("  ", " ")

    def _phrase(self, condition: Condition) -> str:
        phrase = self.rng.choice(condition.phrases)
        if "{s}" not in phrase:
            return phrase
        short = condition.side[:1].upper() if condition.side else ""
        side = short if short and self.rng.random() < 0.35 else condition.side
        return " ".join(phrase.format(s=side).split())

    def _assessment(self) -> None:
        rng, out = self.rng, self.out
        out.head("assessment")
        said = 0
        for work in (*self._documented("visit"), *self._documented("counseling")):
            out.put("\n" if said else "")
            self._work(work)
            said += 1
        level = "" if self.words.minutes else self.plan.visit_code
        for topic, status, plan in zip(
            self.assessed, self.words.statuses, self.words.plans, strict=True
        ):
            out.put("\n" if said else "")
            said += 1
            before, _, rest = out.style.item.format(n=said, what="\0", plan=plan).partition("\0")
            out.put(before)
            out.mark(topic.condition.code, self._phrase(topic.condition))
            if status:
                out.put(" - ")
                if level:  # the words from which decision making is read
                    out.mark(level, status)
                    level = ""
                else:
                    out.put(status)
            out.put(rest)
        for topic in self.plan.topics:
            if topic.how == "uncertain":
                out.put("\n" if said else "")
                said += 1
                frame = rng.choice(frames()["rule_out"]["for_code"])
                out.put(frame.format(what=self._phrase(topic.condition)) + ".")
        self._differential()
        orders = self._documented("order")
        if orders:
            out.put("\nLabs: ")
            for position, work in enumerate(orders):
                out.put(", " if position else "")
                out.mark(
                    work.procedure.code, rng.choice(statements()[work.procedure.code].sentences)[1]
                )
            out.put(".")
        if self.words.data:
            out.put(f"\n{self.words.data}")

    def _differential(self) -> None:
        """Something to rule out, which is not coded."""
        rng = self.rng
        options = materials()[self.groups[0]].rule_out
        if options and rng.random() < 0.25:
            frame = rng.choice(frames()["rule_out"]["frames"])
            self.out.put(f"\n{frame.format(what=rng.choice(options))}.")

    def _time(self) -> None:
        rng, table = self.rng, frames()["time"]
        code = self.plan.visit_code
        if self.words.minutes:
            self.out.head("time")
            self.out.mark(code, rng.choice(table["frames"]).format(n=self.words.minutes))
            if rng.random() < 0.2:
                self.out.put(f" {rng.choice(table['staff'])}")
