"""``firstpass suggest``: ranked codes for notes, each with the words that support it."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli.console import Json, columns, progress, show

if TYPE_CHECKING:
    from models.coding.model import CodingModel
    from models.coding.suggestion import Suggestion

MOST_PROBLEMS = 20


def suggest(
    notes: Annotated[
        list[Path],
        typer.Argument(
            metavar="NOTE",
            help="A note as text, notes as JSONL, or a folder of both.",
            exists=True,
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="JSONL file: one line a note.", dir_okay=False)
    ] = None,
    model: Annotated[str, typer.Option(help="Alias or version number.")] = "champion",
    system: Annotated[
        list[str] | None,
        typer.Option(help="Only codes of this system; may be given again.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(help="Most codes a note and system.", min=1)] = 20,
    date: Annotated[
        dt.datetime | None,
        typer.Option(
            help="Date of service, for notes that have none.",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Suggest codes for notes, likeliest first, with evidence, gaps and warnings.

    Example: firstpass suggest visit.txt
    """
    import msgspec

    from models import registry
    from models.coding.artifact import MODEL_NAME, load_artifact
    from models.coding.notes_file import read_notes
    from models.errors import InputError

    loaded = registry.load(MODEL_NAME, model)
    coding = load_artifact(loaded.path, model_version=str(loaded.version.version))
    coding.require_systems(system or ())
    read = read_notes(notes)
    answers: list[dict[str, Any]] = []
    problems = [str(p) for p in read.problems]
    with progress() as report:
        for number, note in enumerate(read.notes, 1):
            try:
                found = coding.suggest(
                    note.text,
                    systems=system,
                    limit=limit,
                    date=note.date or (date.date() if date else None),
                    specialty=note.specialty,
                )
            except InputError as error:
                problems.append(f"note {note.id}: {error}")
                continue
            answers.append({"id": note.id, "suggestions": found})
            report("suggesting codes", number, len(read.notes))
    if out is not None:
        lines = [msgspec.json.encode(answer) for answer in answers]
        out.write_bytes(b"".join(line + b"\n" for line in lines))
    result = {
        "model_version": coding.model_version,
        "notes": answers if out is None else len(answers),
        "problems": problems,
    }
    show(result, _described(answers, problems, out, coding), as_json=json)
    if not answers:
        raise typer.Exit(1)


def _described(
    answers: list[dict[str, Any]], problems: list[str], out: Path | None, coding: "CodingModel"
) -> str:
    lines = [f"problem: {problem}" for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"and {len(problems) - MOST_PROBLEMS:,} problems more (see --json)")
    if out is not None:
        lines.append(f"{len(answers):,} notes coded by version {coding.model_version}: {out}")
        return "\n".join(lines)
    for answer in answers:
        rows = [_row(s) for s in answer["suggestions"]]
        lines += [f"{answer['id']}", columns(rows) or "nothing found that a code stands for", ""]
    lines.append(f"coding version {coding.model_version}; a person decides what is sent")
    return "\n".join(lines)


def _row(s: "Suggestion") -> dict[str, str]:
    said = "" if s.assertion == "present" else f" [{s.assertion}]"
    quoted = "; ".join(f'"{" ".join(e.text.split())}"' for e in s.evidence[:2])
    notes = "; ".join([*s.missing, *(w.words for w in s.warnings[:2])])
    return {
        "score": f"{s.score:.2f}",
        "system": s.system,
        "code": s.code,
        "words": s.words[:60],
        "evidence": f"{quoted}{said}",
        "look at": notes,
    }
