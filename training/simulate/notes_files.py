"""Simulated notes as files: ``notes.jsonl``, ``future_notes.jsonl``, ``notes_truth.csv``.

Notes of the history come with their codes, as coders would have labelled them. Notes of future
claims wait to be coded and come without. The truth of both is in ``notes_truth.csv``.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from training.simulate.calendar import day_date
from training.simulate.notes import SimulatedNote, simulate_notes
from training.simulate.practice import SimulatedPractice
from training.simulate.tables import procedures

NOTE_TRUTH_COLUMNS = (
    "note_id",
    "claim_id",
    "window",
    "system",
    "code",
    "billed",
    "documented",
    "reason",
    "instead",
    "begin",
    "end",
)


def hcpcs_level(code: str) -> str:
    """The system of a code as claims write it, without a dot."""
    # J0190 could be either (a sinusitis, a drug): what the practice bills decides
    if code not in procedures():
        return "ICD-10-CM"
    return "CPT" if code[0].isdigit() else "HCPCS"


def dotted(code: str) -> str:
    """A code as notes write it: diagnoses with their dot."""
    if code in procedures() or len(code) <= 3:
        return code
    return f"{code[:3]}.{code[3:]}"


def note_record(note: SimulatedNote) -> dict[str, Any]:
    """A line of the notes JSONL; without ``codes`` for the notes of future claims."""
    visit = note.submission.chain.visit
    record: dict[str, Any] = {
        "id": note.id,
        "text": note.text,
        "date": day_date(visit.day).isoformat(),
        "specialty": visit.provider.specialty.name,
        "patient_id": f"P{visit.patient.index:06d}",
        "claim_id": note.submission.claim.claim_id,
    }
    if not note.future:
        record["codes"] = [
            {"system": hcpcs_level(code), "code": dotted(code), "begin": begin, "end": end}
            for code, begin, end in sorted(note.marks, key=lambda m: (m[1], m[2]))
        ]
    return record


def truth_rows(note: SimulatedNote) -> Iterator[list[str]]:
    """One row per code that was billed or is documented; `NOTE_TRUTH_COLUMNS`."""
    plan = note.plan
    spans: dict[str, tuple[int, int]] = {}
    for code, begin, end in note.marks:
        spans[code] = (begin, end)  # the assessment comes last
    found: dict[str, tuple[bool, bool, str, str]] = {}
    for topic in plan.topics:
        code = topic.condition.code
        if topic.billed and topic.billed != code:
            found[topic.billed] = (True, False, "less_specific", code)
            found.setdefault(code, (False, True, "", ""))
        else:
            reason = "" if topic.documented else topic.how
            found[code] = (bool(topic.billed), topic.documented, reason, "")
    for work in plan.works:
        found[work.procedure.code] = (
            True,
            work.documented,
            "" if work.documented else "absent",
            "",
        )
    if plan.billed_visit:
        supported = plan.visit_code
        if supported == plan.billed_visit:
            found[supported] = (True, True, "", "")
        else:
            found[plan.billed_visit] = (True, False, _visit_reason(note), supported)
            found[supported] = (False, True, "", "")
    claim_id = note.submission.claim.claim_id
    window = "future" if note.future else "history"
    for code, (billed, documented, reason, instead) in found.items():
        span = [str(x) for x in spans.get(code, ("", ""))]
        yield [
            note.id, claim_id, window, hcpcs_level(code), dotted(code), str(int(billed)),
            str(int(documented)), reason, dotted(instead), *span,
        ]  # fmt: skip


def _visit_reason(note: SimulatedNote) -> str:
    billed = note.plan.billed_visit
    if (billed[3] == "0") is not note.plan.new:
        return "patient_status"
    return "level_higher" if note.plan.level > int(billed[-1]) else "level_lower"


def write_notes(practice: SimulatedPractice, folder: Path, limit: int) -> int:
    """Write the three files into ``folder`` and return how many notes there are."""
    count = 0
    encode = msgspec.json.encode
    with (
        (folder / "notes.jsonl").open("wb") as history,
        (folder / "future_notes.jsonl").open("wb") as future,
        (folder / "notes_truth.csv").open("w", newline="", encoding="utf-8") as truth,
    ):
        writer = csv.writer(truth, lineterminator="\n")
        writer.writerow(NOTE_TRUTH_COLUMNS)
        for note in simulate_notes(practice, limit):
            (future if note.future else history).write(encode(note_record(note)) + b"\n")
            writer.writerows(truth_rows(note))
            count += 1
    return count
