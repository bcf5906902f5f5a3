"""What the coding model's verbs share: an option, and words for what they found."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.console import columns

if TYPE_CHECKING:
    from models.errors import Problem
    from training.coding.evaluate import CodingEvaluation
    from training.coding.judge import Judged
    from training.coding.train import CodingTraining

MOST_PROBLEMS = 20

Attention = Annotated[
    bool,
    typer.Option(
        "--attention/--no-attention",
        help="Also learn which words speak for codes that were seen often (needs torch).",
    ),
]


def training_summary(result: "CodingTraining") -> dict[str, object]:
    """Plain data for ``--json``."""
    return {
        "notes": result.notes,
        "visits": result.visits,
        "labels_from_claims": result.silver,
        "learnt": result.learnt,
        "missing": result.missing,
        "figures": {system: found.summary() for system, found in result.judged.items()},
        "problems": [str(p) for p in result.problems],
        "version": result.version.version if result.version else None,
        "promoted": result.promoted,
    }


def training_words(result: "CodingTraining") -> str:
    """The same for a person."""
    lines = _problems(result.problems)
    if result.visits:
        lines.append(f"{result.visits:,} visits in the claims: what each specialty bills is known")
    for system, count in result.silver.items():
        lines.append(f"{system}: {count:,} notes labelled by their claim, not by a coder")
    if result.judged:
        lines += [
            "Tested on notes of other patients, later ones where dates are known",
            figures_table(result.judged),
            "",
        ]
    else:
        lines += ["No labelled notes: the day-one version, which looks ICD-10-CM codes up.", ""]
    lines += [f"not learnt: {words}" for words in result.missing]
    if result.version is not None:
        number = result.version.version
        lines.append(f"Registered as coding version {number}.")
        lines.append(
            "It is the champion."
            if result.promoted
            else f"It is the challenger; 'firstpass promote coding {number}' lets it suggest."
        )
    return "\n".join(lines)


def evaluation_summary(result: "CodingEvaluation") -> dict[str, object]:
    """Plain data for ``--json``."""
    return {
        "version": result.version.version,
        "notes": result.notes,
        "figures": {system: found.summary() for system, found in result.judged.items()},
        "problems": [str(p) for p in result.problems],
        "plots": [str(p) for p in result.plots],
    }


def evaluation_words(result: "CodingEvaluation") -> str:
    """The same for a person."""
    lines = [
        *_problems(result.problems),
        f"coding version {result.version.version} on {result.notes:,} notes",
        "",
        figures_table(result.judged),
    ]
    for system, found in result.judged.items():
        rows = [
            {
                "chapter": str(row["chapter"]),
                "gold": f"{row['gold']:,}",
                "predicted": f"{row['predicted']:,}",
                "precision": f"{row['precision']:.3f}",
                "recall": f"{row['recall']:.3f}",
                "F1": f"{row['f1']:.3f}",
            }
            for row in found.chapters.to_dict("records")
        ]
        lines += ["", f"{system} by chapter", columns(rows)]
    lines += [f"plot: {path}" for path in result.plots]
    return "\n".join(lines)


def figures_table(judged: Mapping[str, "Judged"]) -> str:
    """One row a code system."""
    rows = []
    for system, found in judged.items():
        f = found.figures
        rows.append(
            {
                "system": system,
                "notes": f"{f.notes:,}",
                "codes": f"{f.codes:,}",
                "MAP": f"{f.map:.3f}",
                "micro F1": f"{f.micro_f1:.3f}",
                "precision": f"{f.precision:.3f}",
                "recall": f"{f.recall:.3f}",
                "macro F1": f"{f.macro_f1:.3f}",
                "recall@5/10/15": f"{f.recall_at_5:.3f}/{f.recall_at_10:.3f}/{f.recall_at_15:.3f}",
                "evidence": f"{f.evidence_overlap:.3f}",
                "calibration error": f"{found.calibration_error:.3f}",
                "unseen": f"{found.unseen_recall:.3f}",
            }
        )
    return columns(rows)


def _problems(problems: "list[Problem]") -> list[str]:
    lines = [f"problem: {problem}" for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"and {len(problems) - MOST_PROBLEMS:,} problems more (see --json)")
    return lines
