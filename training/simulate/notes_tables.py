"""Phrase material of simulated notes, read once; written for these tables, not from code titles."""

import csv
import functools
import tomllib
from dataclasses import dataclass
from typing import Any

from training.simulate.tables import TABLES


@dataclass(frozen=True, slots=True)
class Condition:
    """How notes put a diagnosis; ``specific``: codes that say more, where the note does."""

    code: str
    phrases: tuple[str, ...]
    specific: tuple[str, ...]
    side: str  # "right", "left" or ""


@dataclass(frozen=True, slots=True)
class Statement:
    """How notes put a procedure; the words between brackets are those that support the code."""

    code: str
    section: str  # visit, results, procedure, order, therapy, counseling
    sentences: tuple[tuple[str, str, str], ...]  # before, evidence, after


@dataclass(frozen=True, slots=True)
class Material:
    """What the visit of one diagnosis group is told with."""

    nature: str  # chronic, acute, minor, screening
    complaint: tuple[str, ...]
    story: tuple[str, ...]
    denies: tuple[str, ...]
    exam: tuple[str, ...]
    rx: tuple[str, ...]
    otc: tuple[str, ...]
    advice: tuple[str, ...]
    rule_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """The form of a note: headings by section kind, line ends, mistakes per sentence."""

    name: str
    line_end: str
    gap: str
    item: str
    errors: float
    prose: bool
    headings: dict[str, str]


def _side(code: str) -> str:
    """The side that the last digit of a sided ICD-10-CM code says."""
    if code == "C44619":
        return "left"
    return {"1": "right", "2": "left"}.get(code.rstrip("A")[-1], "")


@functools.cache
def conditions() -> dict[str, Condition]:
    """Phrases by diagnosis code without its dot."""
    found = {}
    with (TABLES / "note_conditions.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            phrases = tuple(row["phrases"].split("|"))
            sided = any("{s}" in phrase for phrase in phrases)
            found[row["code"]] = Condition(
                row["code"],
                phrases,
                tuple(row["specific"].split()),
                _side(row["code"]) if sided else "",
            )
    return found


@functools.cache
def statements() -> dict[str, Statement]:
    """Sentences by procedure code; office visits by level (99202-99215) have none."""
    found = {}
    with (TABLES / "note_procedures.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sentences = []
            for sentence in row["sentences"].split("|"):
                before, _, rest = sentence.partition("[")
                evidence, _, after = rest.partition("]")
                sentences.append((before, evidence, after))
            found[row["code"]] = Statement(row["code"], row["section"], tuple(sentences))
    return found


@functools.cache
def materials() -> dict[str, Material]:
    """Phrase material by diagnosis group."""
    with (TABLES / "note_groups.toml").open("rb") as file:
        data = tomllib.load(file)
    lists = ("complaint", "story", "denies", "exam", "rx", "otc", "advice", "rule_out")
    return {
        group: Material(entry["nature"], *(tuple(entry.get(name, ())) for name in lists))
        for group, entry in data.items()
    }


@functools.cache
def frames() -> dict[str, Any]:
    """Sentence frames, family and past history, statuses, plans, time statements."""
    with (TABLES / "note_frames.toml").open("rb") as file:
        return tomllib.load(file)


@functools.cache
def styles() -> tuple[Style, ...]:
    """The styles in which providers write."""
    return tuple(
        Style(
            name,
            entry["line_end"],
            entry["gap"],
            entry["item"],
            entry["errors"],
            entry["prose"],
            entry["headings"],
        )
        for name, entry in frames()["styles"].items()
    )
