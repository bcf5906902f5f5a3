"""A retraining of the coding model on one page, with its plots, for MLflow."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from training import plots
from training.coding.score import Ranked
from training.loop.compare_coding import CodingComparison, shown_pairs
from training.loop.gate import GateResult
from training.loop.report import embedded, environment
from training.tracking.runs import TrainingRun


def log_coding_report(
    run: TrainingRun,
    gate: GateResult,
    comparison: CodingComparison | None,
    about: Mapping[str, Any],
    gold: Sequence[frozenset[str]],
    answers: Mapping[str, Sequence[Ranked]],
) -> None:
    """Log ``gate.json``, ``comparison.json`` and ``report.html``; aggregates only.

    ``about``: what the page says beside (champion, notes, reviewed, forgotten, decided);
    ``answers`` of each version for the notes whose codes are ``gold``, for the plots.
    """
    run.report(
        {"verdict": gate.verdict, "criteria": msgspec.to_builtins(gate.criteria)}, "gate.json"
    )
    run.report(about["decided"], "decisions.json")
    if comparison is not None:
        run.report(comparison, "comparison.json")
    pictures = []
    for name, ranked in answers.items():
        hits, scores = shown_pairs(gold, ranked)
        if 0 < sum(hits) < len(hits):
            figure = plots.reliability_diagram(
                hits, {name: scores}, event="assignment", happened="assigned by the coder",
                things="suggestions",
            )  # fmt: skip
            pictures.append((f"Reliability on the held notes: {name}", embedded(figure)))
    page = environment().get_template("report_coding.html")
    run.text(
        page.render(gate=gate, comparison=comparison, pictures=pictures, **about), "report.html"
    )
