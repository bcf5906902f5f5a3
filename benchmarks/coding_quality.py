"""Quality of suggested codes on labelled notes, learnt and on day one, beside plain baselines.

``--train FILE --test FILE``: notes JSONL (by default the English CodiEsp files under
``../shared/data/notes``). Everything is fitted on ``train``, thresholds too, and measured on
``test``: each run is a look at it, to be noted in ``docs/coding-measurements.md``.
``--without-vectors`` leaves the encoder out. Notes of the 2018 edition carry no date:
``--edition`` says by which release day-one answers are put.

Baselines: one-vs-rest logistic regression on TF-IDF; a dictionary of marked strings; titles of
the tabular list found word for word.
"""

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.harness import arguments, report
from models.codes.icd10cm import load_icd10cm
from models.coding.dayone import day_one_model
from models.coding.features import collect
from models.coding.history import StringHistory, fingerprint
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import ICD10CM, CodingModel, SystemPart, ranked
from models.coding.notes_file import read_notes
from models.coding.ranker import PriorRanker
from models.coding.sources import Sources
from models.coding.specificity import in_force
from models.coding.words import vocabulary
from training.coding.dataset import LabelledNotes, label
from training.coding.fit import fit_part
from training.coding.judge import judge
from training.coding.score import Ranked, best_threshold, coding_figures
from training.coding.vectors import StringVectors, dense_terms

NOTES = Path(__file__).resolve().parents[2] / "shared/data/notes"


def main() -> None:
    parser = arguments(__doc__.split("\n")[0])
    parser.add_argument("--train", type=Path, default=NOTES / "codiesp_train_en.jsonl")
    parser.add_argument("--test", type=Path, default=NOTES / "codiesp_dev_en.jsonl")
    parser.add_argument("--without-vectors", action="store_true")
    parser.add_argument("--day-one-only", action="store_true", help="fit nothing")
    parser.add_argument("--edition", type=dt.date.fromisoformat, default=dt.date(2021, 1, 1))
    options = parser.parse_args()
    if not options.train.exists() or not options.test.exists():
        print(f"coding_quality: no notes at {options.train} and {options.test}: nothing measured")
        return
    train = label(read_notes([options.train]).notes, ICD10CM)
    test = label(read_notes([options.test]).notes, ICD10CM)
    model = day_one_model()
    if not options.without_vectors:
        model.parts[ICD10CM].sources.dense = dense_terms(model.icd10cm)[0]
    figures: dict[str, Any] = {"test notes": len(test)}
    baselines: dict[str, Any] = {}
    figures |= _named("day one", _scored(test, day_one(model, test, options.edition), 0.25))
    figures |= mention_recall(model, test, options.edition)
    if not options.day_one_only:
        baselines |= _named("dictionary", _dictionary(train, test))
        baselines |= _named("titles", _scored(test, _titles(model, test), 0.9))
        baselines |= _named("one-vs-rest", _linear(train, test))
        begun = time.process_time()
        part = _fitted(model, train, vectors=not options.without_vectors)
        figures["training CPU seconds"] = time.process_time() - begun
        judged = judge(part, test, model.rules)
        figures |= _named("learnt", msgspec.structs.asdict(judged.figures))
        figures["learnt calibration error"] = judged.calibration_error
        figures["learnt unseen candidate recall"] = judged.unseen_recall
    ratios = {
        f"learnt micro F1 to {name}": figures["learnt micro_f1"] / baselines[f"{name} micro_f1"]
        for name in ("dictionary", "titles", "one-vs-rest")
        if "learnt micro_f1" in figures
    }
    report("coding_quality", options.json, figures, baselines, ratios)


def day_one(model: CodingModel, data: LabelledNotes, on: dt.date) -> list[Ranked]:
    """Answers without labels, put by the codes of a date and without 7th characters."""
    part = model.parts[ICD10CM]
    answers: list[Ranked] = []
    for reading in data.readings:
        best: dict[str, float] = {}
        for candidate, score in ranked(collect(reading, part.sources, model.rules), part.ranker):
            code = comparable(in_force(model.icd10cm, candidate.code, on))
            best.setdefault(code, score)
        answers.append(list(best.items()))
    return answers


def comparable(code: str) -> str:
    """Code without the placeholders that stand before a 7th character that is not there."""
    return code.rstrip("X").rstrip(".") if "X" in code[3:] and len(code) <= 7 else code


def mention_recall(model: CodingModel, data: LabelledNotes, on: dt.date) -> dict[str, float]:
    """Of marked strings, how often the code is among the first 1, 5, 10 that day one looks up."""
    from models.coding.note import read_note
    from models.coding.reading import read_words

    part = model.parts[ICD10CM]
    found = {1: 0, 5: 0, 10: 0}
    asked = 0
    known: dict[str, list[str]] = {}
    for reading, spans in zip(data.readings, data.spans, strict=True):
        for code, places in spans.items():
            for begin, end in places:
                words = reading.note.text[begin:end]
                if words not in known:
                    mention = read_words(read_note(words), vocabulary())
                    answers = ranked(collect(mention, part.sources, model.rules), part.ranker)
                    codes = (comparable(in_force(model.icd10cm, c.code, on)) for c, _ in answers)
                    known[words] = list(dict.fromkeys(codes))[:10]
                asked += 1
                for depth in found:
                    found[depth] += comparable(code) in known[words][:depth]
    return {f"mention recall@{depth}": n / max(asked, 1) for depth, n in found.items()}


def _fitted(model: CodingModel, train: LabelledNotes, *, vectors: bool) -> SystemPart:
    dense, missing = dense_terms(model.icd10cm) if vectors else (None, "left out")
    if missing:
        print(f"coding_quality: {missing}")
    strings = StringVectors(dense) if dense is not None else None
    terms = model.parts[ICD10CM].sources.terms
    return fit_part(train, terms, model.rules, {}, vectors=strings)


def _scored(data: LabelledNotes, answers: Sequence[Ranked], threshold: float) -> dict[str, Any]:
    gold = [frozenset(comparable(c) for c in codes) for codes in data.gold]
    return msgspec.structs.asdict(coding_figures(gold, answers, threshold))


def _named(name: str, found: dict[str, Any]) -> dict[str, Any]:
    kept = ("map", "micro_f1", "precision", "recall", "recall_at_10", "evidence_overlap")
    return {f"{name} {key}": found[key] for key in kept if found[key] == found[key]}


def _dictionary(train: LabelledNotes, test: LabelledNotes) -> dict[str, Any]:
    """Strings that coders marked, each with the codes it was marked for; threshold from train."""
    half = len(train) // 2
    first, second = train.take(range(half)), train.take(range(half, len(train)))
    threshold = best_threshold(second.gold, _look_up(first, second))
    found = coding_figures(test.gold, _look_up(train, test), threshold)
    return msgspec.structs.asdict(found)


def _look_up(train: LabelledNotes, data: LabelledNotes) -> list[Ranked]:
    history = StringHistory.build(train.marked)
    answers: list[Ranked] = []
    for note in data.marked:
        best: dict[str, float] = {}
        for words in note.words:
            for i in range(len(words)):
                for j in range(i + 1, min(i + 8, len(words)) + 1):
                    known = history.strings.get(fingerprint(" ".join(words[i:j])))
                    for code, marked, _ in known.codes if known else ():
                        name = history.codes[code]
                        best[name] = max(best.get(name, 0.0), marked / (known.seen if known else 1))
        answers.append(sorted(best.items(), key=lambda pair: -pair[1]))
    return answers


def _titles(model: CodingModel, test: LabelledNotes) -> list[Ranked]:
    """Titles of the tabular list, found word for word."""
    icd = load_icd10cm()
    words = vocabulary()
    from models.coding.terms import Kind, Term, dotted, entries

    titles = (Term(icd.title(c), dotted(c), Kind.TITLE) for c in icd.codes() if len(c) < 7)
    nothing = TermFinder(Lexicon.build([]), words)
    history = StringHistory({}, (), (), (), 0)
    finder = TermFinder(Lexicon.build(entries(titles, words)), words)
    sources = Sources(finder, history, nothing)
    answers: list[Ranked] = []
    for reading in test.readings:
        found = ranked(collect(reading, sources, model.rules), PriorRanker())
        exact = [
            (c.code, max(s.strength for s in c.supports))
            for c, _ in found
            if max(s.strength for s in c.supports) >= 0.94
        ]
        answers.append(exact)
    return answers


def _linear(train: LabelledNotes, test: LabelledNotes) -> dict[str, Any]:
    """One-vs-rest on TF-IDF of words and pairs; threshold from the second half of train."""
    half = len(train) // 2
    _, tuning = _one_vs_rest(train.take(range(half)), train.take(range(half, len(train))))
    threshold = best_threshold(train.take(range(half, len(train))).gold, tuning)
    _, answers = _one_vs_rest(train, test)
    return msgspec.structs.asdict(coding_figures(test.gold, answers, threshold))


def _one_vs_rest(train: LabelledNotes, test: LabelledNotes) -> tuple[list[str], list[Ranked]]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import RidgeClassifier

    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    X = vectors.fit_transform([r.note.text for r in train.readings])
    codes = sorted({c for gold in train.gold for c in gold})
    Y = np.array([[c in gold for c in codes] for gold in train.gold], float)
    fitted = RidgeClassifier(alpha=1.0, solver="lsqr").fit(X, Y)
    scores = fitted.decision_function(vectors.transform([r.note.text for r in test.readings]))
    ranks: list[Ranked] = []
    for row in scores:
        order = np.argsort(-row)[:100]
        ranks.append([(codes[i], float(row[i])) for i in order])
    return codes, ranks


if __name__ == "__main__":
    main()
