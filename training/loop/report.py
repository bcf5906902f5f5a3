"""A retraining on one page, with its plots, for MLflow: what a person reads before promoting."""

import base64
import io

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from matplotlib.figure import Figure

from training import plots
from training.denial.train import Candidate
from training.loop.compare import Comparison
from training.loop.gate import GateResult
from training.tracking.runs import TrainingRun


def log_report(
    run: TrainingRun,
    candidate: Candidate,
    comparison: Comparison | None,
    gate: GateResult,
    champion: str,
) -> None:
    """Log ``gate.json``, ``comparison.json`` and ``report.html``; aggregates only.

    ``champion`` is its version, empty where there is none.
    """
    run.report(
        {"verdict": gate.verdict, "criteria": msgspec.to_builtins(gate.criteria)}, "gate.json"
    )
    if comparison is not None:
        run.report(comparison, "comparison.json")
    run.text(report_page(candidate, comparison, gate, champion), "report.html")


def report_page(
    candidate: Candidate, comparison: Comparison | None, gate: GateResult, champion: str
) -> str:
    """The page: verdict, questions and answers, figures side by side, groups, plots."""
    denied = candidate.encoded.data.denied[candidate.fitted.rows]
    named = {"challenger": candidate.fitted.prediction.probability}
    pictures = []
    if 0 < denied.sum() < len(denied):
        for words, figure in (
            ("Reliability on the test window", plots.reliability_diagram(denied, named)),
            ("Ranking on the test window", plots.ranking(denied, named)),
        ):
            pictures.append((words, embedded(figure)))
    return (
        environment()
        .get_template("report.html")
        .render(
            gate=gate,
            comparison=comparison,
            champion=champion,
            windows=candidate.windows,
            report=candidate.claims.report,
            pictures=pictures,
        )
    )


def environment() -> Environment:
    """The templates of this package."""
    return Environment(
        loader=PackageLoader("training.loop", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
    )


def embedded(figure: Figure) -> str:
    """A figure as base64 of its PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return base64.b64encode(buffer.getvalue()).decode()
