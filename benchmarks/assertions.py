"""Assertion of mentions on labelled sentences, beside keywords; speed of reading a note.

``--sentences FILE``: tab-separated phrase, sentence, negation, time, experiencer (by default
``../shared/data/lexicons/assertions_dev.tsv``; without it only speed is measured). That corpus
calls "Historical" whatever background tells: drinking, allergies and relatives' illnesses too,
which are coded as current or as family history. ``historical_by_corpus_convention`` counts such
mentions as it does. A sixth of its historical mentions are sentences of their own
("Hypertension.") beside 137 recent ones of the same look: only the lost heading could tell.
``..._in_context`` leaves sentences out that are nothing but the mention.
"""

import csv
import re
import statistics
import time
from collections.abc import Callable, Mapping
from itertools import compress
from pathlib import Path
from typing import Any

from benchmarks.harness import arguments, report
from models.coding.abbreviations import load_abbreviations
from models.coding.assertion import Assertion, assertions, modifiers
from models.coding.note import Note, SectionKind, Span, read_note

SENTENCES = Path(__file__).resolve().parents[2] / "shared/data/lexicons/assertions_dev.tsv"
Row = Mapping[str, str]
GOLD: dict[str, Callable[[Row], bool]] = {
    "negated": lambda row: row["negation"] == "Negated",
    "historical": lambda row: row["time"] == "Historical",
    "historical_by_corpus_convention": lambda row: row["time"] == "Historical",
    "hypothetical": lambda row: row["time"] == "Not particular",
    "not_the_patient": lambda row: row["experiencer"] != "Patient",
}
SUBSTANCES = re.compile(
    r"\b(?:alcohol|tobacco|smok\w+|drinks|drinking|drug use|drug abuse)\b", re.I
)
KEYWORDS = {
    "negated": r"\b(?:no|not|denies|denied|without|negative)\b[^.;]{0,80}$",
    "historical": r"\b(?:history|previous|prior|past|status post)\b",
    "historical_by_corpus_convention": r"\b(?:history|previous|prior|past|status post)\b",
    "hypothetical": r"\b(?:if|return|should)\b",
    "not_the_patient": r"\b(?:mother|father|sister|brother|family)\b",
}
NOTE = """CC: cough
HPI: 54 y/o man w/ HTN, T2DM and h/o asthma, here with cough x5 days. Denies fever, chest pain or
hemoptysis. No sick contacts. Wife reports that he wheezes at night. Possible exposure to mold.
PMH: HTN, T2DM, asthma, s/p appendectomy 1998
FAMILY HISTORY: Mother had breast cancer. Father died of MI at 60.
SOCIAL HISTORY: Never smoker, drinks occasionally.
ROS: Negative for weight loss, night sweats, edema. Positive for fatigue.
EXAM: BP 142/88, HR 82. Lungs: scattered wheezes, no crackles. Heart: RRR, no murmur. Abd: soft NT.
RESULTS: CXR without infiltrate. A1c 7.4.
A/P:
1. Asthma exacerbation, likely viral trigger. Start prednisone 40 mg daily x5 days, albuterol prn.
2. T2DM, above goal. Increase metformin to 1000 mg bid.
3. HTN, not at goal. Recheck in 4 weeks.
Return if fever, worsening shortness of breath or chest pain. r/o pneumonia if not improving.
"""


def background(note: Note, span: Span) -> bool:
    """Whether the corpus calls a mention historical wherever it stands: habits, allergies."""
    kinds = (SectionKind.SOCIAL_HISTORY, SectionKind.ALLERGIES)
    return SUBSTANCES.search(note.text, span.begin, span.end) is not None or any(
        s.kind in kinds and s.heading.begin <= span.begin <= s.body.end for s in note.sections
    )


def found(row: Row, span: Span) -> dict[str, bool]:
    """What the rules say of a labelled mention."""
    note = read_note(row["sentence"])
    said = modifiers(note, [span])[0]
    historical = Assertion.HISTORICAL in said
    return {
        "negated": Assertion.NEGATED in said,
        "historical": historical,
        "historical_by_corpus_convention": (
            historical or Assertion.FAMILY in said or background(note, span)
        ),
        "hypothetical": Assertion.HYPOTHETICAL in said,
        "not_the_patient": Assertion.FAMILY in said,
    }


def keywords(row: Row, span: Span) -> dict[str, bool]:
    """What a first version would do: a word somewhere before the mention or in the sentence."""
    text = row["sentence"]
    return {
        axis: re.search(words, text[: span.begin] if axis == "negated" else text, re.I) is not None
        for axis, words in KEYWORDS.items()
    }


def f1(said: list[bool], gold: list[bool]) -> float:
    """F1 of the class."""
    right = sum(a and b for a, b in zip(said, gold, strict=True))
    return 2 * right / max(sum(said) + sum(gold), 1)


def accuracy(said: list[bool], gold: list[bool]) -> float:
    """Share of equal answers."""
    return sum(a == b for a, b in zip(said, gold, strict=True)) / max(len(gold), 1)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def quality(path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Figures of the rules and of keywords on a labelled file."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    kept, spans = [], []
    for row in rows:
        mention = re.search(
            r"\s+".join(map(re.escape, row["phrase"].split())), row["sentence"], re.I
        )
        if mention is not None:  # a few phrases run over the sentence's end
            kept.append(row)
            spans.append(Span(*mention.span()))
    figures: dict[str, float] = {
        "mentions": len(kept),
        "mentions_not_in_sentence": len(rows) - len(kept),
    }
    baselines: dict[str, float] = {}
    told = [_words(row["sentence"]) != _words(row["phrase"]) for row in kept]
    for ways, into in ((found, figures), (keywords, baselines)):
        answers = [ways(row, span) for row, span in zip(kept, spans, strict=True)]
        for axis, of in GOLD.items():
            said, gold = [a[axis] for a in answers], [of(row) for row in kept]
            into[f"{axis}_f1"] = f1(said, gold)
            if axis == "historical_by_corpus_convention":
                into[f"{axis}_in_context_f1"] = f1(
                    list(compress(said, told)), list(compress(gold, told))
                )
            if axis == "not_the_patient":
                into["experiencer_accuracy"] = accuracy(said, gold)
    return figures, baselines


def timed(rounds: int) -> dict[str, float]:
    """Milliseconds of CPU for a note of about 500 words, every word asserted."""
    text = NOTE * 3
    words = len(text.split())
    steps: dict[str, list[float]] = {"read": [], "assert": [], "abbreviations": []}
    for _ in range(20 * rounds):
        begun = time.process_time()
        note = read_note(text)
        read = time.process_time()
        assertions(note, [Span(*m.span()) for m in re.finditer(r"\w+", text)])
        done = time.process_time()
        load_abbreviations().find(note)
        spelt = time.process_time()
        for name, taken in zip(steps, (read - begun, done - read, spelt - done), strict=True):
            steps[name].append(taken)
    return {
        f"{name}_milliseconds_500_words": 1e3 * statistics.median(taken) * 500 / words
        for name, taken in steps.items()
    }


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--sentences", type=Path, default=SENTENCES, metavar="FILE")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    baselines: dict[str, float] = {}
    if options.sentences.is_file():
        figures, baselines = quality(options.sentences)
    else:
        print(f"no labelled sentences at {options.sentences.name}: only speed is measured")
    figures |= timed(options.rounds)
    ratios = {name: figures[name] / max(value, 1e-9) for name, value in baselines.items()}
    report("assertions", options.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
