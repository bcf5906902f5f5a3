"""How good ranked codes are: the definitions of CodiEsp (CLEF eHealth 2020), per note and code.

The published evaluation compares sets of codes per document, case-insensitively, each code
once: mean average precision over documents that have gold codes (as trec_eval computes it), and
micro-averaged precision, recall and F1 over all (document, code) pairs. Macro F1 is the mean
over codes that are gold or predicted anywhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

Ranked = Sequence[tuple[str, float]]
Spans = Mapping[str, Sequence[tuple[int, int]]]


class CodingFigures(msgspec.Struct, frozen=True):
    """Figures of one set of notes; ``notes`` counts those that have gold codes.

    ``evidence_overlap``: of the right suggestions whose gold code has marked words, the share
    whose evidence shares a character with them (NaN where no gold code has marked words).
    """

    notes: int
    codes: int
    map: float
    precision: float
    recall: float
    micro_f1: float
    macro_f1: float
    recall_at_5: float
    recall_at_10: float
    recall_at_15: float
    evidence_overlap: float = float("nan")


def average_precision(ranked: Sequence[str], gold: frozenset[str]) -> float:
    """Sum of the precision at each right code, over the number of gold codes.

    >>> average_precision(["I10", "R05", "E11.9"], frozenset({"I10", "E11.9"}))
    0.8333333333333333
    """
    found, total = 0, 0.0
    for rank, code in enumerate(dict.fromkeys(ranked), 1):
        if code in gold:
            found += 1
            total += found / rank
    return total / len(gold)


def coding_figures(
    gold: Sequence[frozenset[str]],
    ranked: Sequence[Ranked],
    threshold: float | Mapping[str, float],
    *,
    gold_spans: Sequence[Spans] | None = None,
    spans: Sequence[Spans] | None = None,
) -> CodingFigures:
    """Figures of ranked codes (best first), one entry of each argument a note.

    A code is predicted where its score is at least ``threshold`` (one number, or one by code).
    Precision and recall count notes without gold codes; ranking figures leave them out.

    Raises:
        ValueError: The arguments are not of one length.
    """
    if len(gold) != len(ranked):
        raise ValueError(f"{len(gold)} notes with gold codes, {len(ranked)} with ranked ones")
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    sums = {"map": 0.0, "5": 0.0, "10": 0.0, "15": 0.0}
    judged = overlapping = marked = 0
    for number, (codes, answers) in enumerate(zip(gold, ranked, strict=True)):
        expected = frozenset(code.upper() for code in codes)
        order = list(dict.fromkeys(code.upper() for code, _ in answers))
        predicted = {code.upper() for code, score in answers if score >= _least(threshold, code)}
        right.update(predicted & expected)
        wrong.update(predicted - expected)
        missed.update(expected - predicted)
        if expected:
            judged += 1
            sums["map"] += average_precision(order, expected)
            for depth in (5, 10, 15):
                sums[str(depth)] += len(expected.intersection(order[:depth])) / len(expected)
        if gold_spans is not None and spans is not None:
            for code in predicted & expected:
                wanted = gold_spans[number].get(code, ())
                if wanted:
                    marked += 1
                    overlapping += any(
                        b < end and begin < e
                        for b, e in wanted
                        for begin, end in spans[number].get(code, ())
                    )
    tp, fp, fn = right.total(), wrong.total(), missed.total()
    each = [
        2 * right[code] / (2 * right[code] + wrong[code] + missed[code])
        for code in {*right, *wrong, *missed}
    ]
    mean = {name: value / judged if judged else float("nan") for name, value in sums.items()}
    return CodingFigures(
        notes=judged,
        codes=tp + fn,
        map=mean["map"],
        precision=tp / (tp + fp) if tp + fp else 0.0,
        recall=tp / (tp + fn) if tp + fn else 0.0,
        micro_f1=2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0,
        macro_f1=sum(each) / len(each) if each else 0.0,
        recall_at_5=mean["5"],
        recall_at_10=mean["10"],
        recall_at_15=mean["15"],
        evidence_overlap=overlapping / marked if marked else float("nan"),
    )


def best_threshold(gold: Sequence[frozenset[str]], ranked: Sequence[Ranked]) -> float:
    """The score from which on predicting gives the highest micro F1 on these (validation) notes."""
    pairs = [
        (score, code.upper() in {c.upper() for c in codes})
        for codes, answers in zip(gold, ranked, strict=True)
        for code, score in answers
    ]
    pairs.sort(reverse=True)
    total = sum(len(codes) for codes in gold)
    best, threshold, found = -1.0, 0.5, 0
    for number, (score, correct) in enumerate(pairs, 1):
        found += correct
        # Equal scores stand or fall together.
        if number == len(pairs) or pairs[number][0] < score:
            f1 = 2 * found / (number + total)
            if f1 > best:
                best, threshold = f1, score
    return threshold


def _least(threshold: float | Mapping[str, float], code: str) -> float:
    return threshold if isinstance(threshold, float) else threshold.get(code, 1.0)
