"""Vectors alone: the code of a marked string among its nearest terms, tuned encoder beside plain.

``--notes FILE``: labelled notes (by default the English CodiEsp training file under
``../shared/data/notes``), the first ``--count`` of them. Strings are encoded where they stand in
the note. The tuned encoder is made on the code system's synonyms if the cache has none (some
minutes; ``firstpass train coding --tune-encoder`` makes the same one).
"""

import datetime as dt
import time
from pathlib import Path

from benchmarks.coding_quality import NOTES, comparable, day_one, mention_recall
from benchmarks.harness import arguments, report
from models.codes.icd10cm import Icd10cm
from models.coding.dayone import THRESHOLD, day_one_model
from models.coding.model import ICD10CM
from models.coding.notes_file import read_notes
from models.coding.sources import Dense
from models.coding.specificity import in_force
from training.coding.dataset import LabelledNotes, label
from training.coding.score import coding_figures
from training.coding.vectors import dense_terms

EDITION = dt.date(2021, 1, 1)
DEPTHS = (1, 5, 10, 50)


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--notes", type=Path, default=NOTES / "codiesp_train_en.jsonl")
    parser.add_argument("--count", type=int, default=120, help="notes to measure on")
    options = parser.parse_args()
    if not options.notes.exists():
        print(f"coding_encoder: no notes at {options.notes}: nothing measured")
        return
    data = label(read_notes([options.notes]).notes, ICD10CM)
    data = data.take(range(min(options.count, len(data))))
    model = day_one_model()
    gold = [frozenset(comparable(c) for c in codes) for codes in data.gold]
    found: dict[bool, dict[str, float]] = {}
    for tuned in (False, True):
        begun = time.process_time()
        dense, missing = dense_terms(model.icd10cm, tuned=tuned)
        if dense is None:
            print(f"coding_encoder: {missing}")
            return
        into = found[tuned] = {"making CPU seconds": time.process_time() - begun}
        into |= string_recall(data, dense, model.icd10cm)
        model.parts[ICD10CM].sources.dense = dense
        into |= mention_recall(model, data, EDITION)
        for reading in data.readings:
            reading.states = None  # the other encoder's
        answers = day_one(model, data, EDITION)
        figures = coding_figures(gold, answers, THRESHOLD)
        into |= {"day one map": figures.map, "day one micro F1": figures.micro_f1}
        held = sum(len(g & {c for c, _ in a}) for g, a in zip(gold, answers, strict=True))
        into["day one candidate recall"] = held / max(sum(map(len, gold)), 1)
    plain, tuned_ = found[False], found[True]
    ratios = {k: tuned_[k] / max(plain[k], 1e-9) for k in plain if k != "making CPU seconds"}
    report("coding_encoder", options.json, tuned_, plain, ratios)


def string_recall(data: LabelledNotes, dense: Dense, icd: Icd10cm) -> dict[str, float]:
    """How often a marked string's code is among the codes of its nearest terms."""
    hits = dict.fromkeys(DEPTHS, 0)
    asked = 0
    for reading, spans in zip(data.readings, data.spans, strict=True):
        wanted = [(p, code) for code, places in spans.items() for p in places]
        if not wanted:
            continue
        states = dense.encoder.read(reading.note.text)
        queries = dense.projection.apply(states.spans([place for place, _ in wanted]))
        for (_, code), (terms, _) in zip(wanted, dense.terms.nearest(queries, 400), strict=True):
            codes = (dense.terms.codes[dense.terms.code_of(int(t))] for t in terms)
            near = list(dict.fromkeys(comparable(in_force(icd, c, EDITION)) for c in codes))
            asked += 1
            for depth in DEPTHS:
                hits[depth] += comparable(code) in near[:depth]
    return {f"string recall@{depth}": n / max(asked, 1) for depth, n in hits.items()}


if __name__ == "__main__":
    main()
