"""``firstpass suggest``: ranked codes for notes, each with the words that support it."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli.console import Json, columns, progress, show

if TYPE_CHECKING:
    from models.coding.compare import Comparison
    from models.coding.draft import DraftClaim
    from models.coding.em import VisitLevel
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
    claim: Annotated[
        Path | None,
        typer.Option(
            help="Draft claims to hold against the notes: 837P, CSV, Parquet or JSONL. Notes find "
            "theirs by claim_id; a single note takes a single claim.",
            exists=True,
            show_default=False,
        ),
    ] = None,
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
    specialty: Annotated[
        str,
        typer.Option(
            help="Specialty of notes that name none: taxonomy code or the practice's word for it.",
            show_default=False,
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Suggest codes for notes, likeliest first, with evidence, gaps and warnings.

    With draft claims, also what they bill that the notes do not support, and the other way round.

    Example: firstpass suggest visit.txt --claim draft.837
    """
    import msgspec

    from models import registry
    from models.coding.answer import answer_note
    from models.coding.artifact import MODEL_NAME, load_artifact
    from models.coding.notes_file import read_notes
    from models.errors import InputError

    loaded = registry.load(MODEL_NAME, model)
    coding = load_artifact(loaded.path, model_version=str(loaded.version.version))
    coding.require_systems(system or ())
    read = read_notes(notes)
    drafts = _drafts(claim, [(n.id, n.claim_id) for n in read.notes]) if claim else {}
    answers: list[dict[str, Any]] = []
    problems = [str(p) for p in read.problems]
    with progress() as report:
        for number, note in enumerate(read.notes, 1):
            try:
                found = answer_note(
                    coding,
                    note.text,
                    draft=drafts.get(note.id),
                    systems=system,
                    limit=limit,
                    date=note.date or (date.date() if date else None),
                    specialty=note.specialty or specialty,
                )
            except InputError as error:
                problems.append(f"note {note.id}: {error}")
                continue
            answer: dict[str, Any] = {"id": note.id, "suggestions": found.suggestions}
            if found.comparison is not None:
                answer |= {"visit": found.visit, "comparison": found.comparison}
            elif claim is not None:
                problems.append(f"note {note.id}: no claim of {claim} has its claim_id")
            answers.append(answer)
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


def _drafts(path: Path, notes: list[tuple[str, str]]) -> dict[str, "DraftClaim"]:
    """Draft claims by the id of the note that they belong to.

    Raises:
        InputError: the file holds no claim.
    """
    from models.claims.claim import Claim
    from models.claims.files import read_files
    from models.coding.draft import draft_of
    from models.errors import InputError

    claims = [item for item in read_files([path]) if isinstance(item, Claim)]
    if not claims:
        raise InputError(f"{path}: holds no claim")
    if len(claims) == len(notes) == 1:
        return {notes[0][0]: draft_of(claims[0])}
    by_id = {c.claim_id: c for c in reversed(claims)}  # the first submission of each
    return {note: draft_of(by_id[own]) for note, own in notes if own in by_id}


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
        if "comparison" in answer:
            lines += [*_compared(answer["comparison"], answer["visit"]), ""]
    lines.append(f"coding version {coding.model_version}; a person decides what is sent")
    return "\n".join(lines)


def _compared(found: "Comparison", visit: "VisitLevel | None") -> list[str]:
    """The note against the claim, for a person."""
    rows = [
        {
            "finding": f.kind.replace("_", " "),
            "billed": f.billed or "-",
            "documented": f.documented or "-",
            "why": f.why,
            "would support it": f.needed,
        }
        for f in found.findings
    ]
    lines = [columns(rows) or "the note supports what is billed"]
    if visit is not None:
        told = ", ".join(f"{e.element} {e.degree.words}" for e in visit.elements)
        lines.append(f"visit level: {visit.code} by {visit.basis} ({told})")
        lines += [f"  {words}" for words in visit.needed]
        lines += [f"  {note.words}" for note in visit.notes]
    lines += [
        f"line {p.line} {p.code}: point at {', '.join(map(str, p.proposed))} ({'; '.join(p.why)})"
        for p in found.pointers
    ]
    if found.unchecked:
        lines.append(f"not checked (the model does not know them): {', '.join(found.unchecked)}")
    return lines


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
