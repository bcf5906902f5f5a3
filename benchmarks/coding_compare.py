"""Note against claim on simulated notes, whose truth is known: what is confirmed, what is found.

Of each note its billed diagnoses are held against it by the day-one version (or ``--version``, a
registered one). **Confirmed**: billed and documented codes that no finding names. **Found**:
billed codes that the note does not document and a finding names; less specific ones count where
the finding says what the note has. The baseline confirms a code whose title stands in the note
word for word, and questions every other.
"""

import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.harness import arguments, report
from models.codes.icd10cm import load_icd10cm
from models.coding.answer import answer_note
from models.coding.artifact import MODEL_NAME, load_artifact
from models.coding.dayone import day_one_model
from models.coding.draft import DraftClaim, DraftLine
from models.coding.model import CodingModel
from models.coding.notes_file import NoteRecord, read_notes
from models.registry import load

SYSTEM = "ICD-10-CM"


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--practice", type=Path, help="simulated practice (default: make one)")
    parser.add_argument("--notes", type=int, default=500, help="notes to compare")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--version", default="", help="registered version or alias")
    parser.add_argument("--show", action="store_true", help="print what is wrongly questioned")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.practice or _simulated(Path(temporary), options.seed)
        notes = read_notes([folder / "notes.jsonl"]).notes[: options.notes]
        truth = _truth(folder)
    model = _model(options.version)
    begun = time.process_time()
    figures = _compared(model, notes, truth, options.show)
    figures["CPU milliseconds a note"] = 1e3 * (time.process_time() - begun) / len(notes)
    baselines = _titles(notes, truth)
    ratios = {k: figures[k] / max(v, 1e-9) for k, v in baselines.items()}
    report("coding_compare", options.json, figures, baselines, ratios)


def _simulated(folder: Path, seed: int) -> Path:
    subprocess.run(
        [sys.executable, "-m", "firstpass", "simulate", str(folder), "--claims", "3000",
         "--notes", "1200", "--seed", str(seed)],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def _truth(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Billed diagnoses by note, each once."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    with (folder / "notes_truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["system"] == SYSTEM and row["billed"] == "1":
                found.setdefault(row["note_id"], {}).setdefault(row["code"], row)
    return {note: list(rows.values()) for note, rows in found.items()}


def _model(version: str) -> CodingModel:
    if not version:
        return day_one_model()
    return load_artifact(load(MODEL_NAME, version).path)


def _compared(
    model: CodingModel,
    notes: list[NoteRecord],
    truth: dict[str, list[dict[str, str]]],
    show: bool,
) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for note in notes:
        rows = truth.get(note.id, [])
        codes = [row["code"] for row in rows]
        draft = DraftClaim(tuple(codes), (DraftLine(1, "99213", (), (1,)),))
        answer = answer_note(model, note.text, draft=draft, date=note.date)
        assert answer.comparison is not None
        named = {f.billed: f for f in answer.comparison.findings if f.system == SYSTEM}
        counts["unbilled"] += sum(
            f.kind == "unbilled" and f.system == SYSTEM for f in answer.comparison.findings
        )
        for row in rows:
            finding = named.get(row["code"])
            if row["documented"] == "1":
                counts["sound"] += 1
                counts["questioned"] += finding is not None
                if show and finding is not None:
                    print(note.id, row["code"], note.text[int(row["begin"]) : int(row["end"])],
                          "|", finding.why)  # fmt: skip
                continue
            counts[f"faulty {row['reason']}"] += 1
            right = finding is not None and (
                row["reason"] != "less_specific" or finding.documented == row["instead"]
            )
            counts[f"found {row['reason']}"] += right
            if show and not right:
                print(note.id, row["code"], "NOT FOUND", row["reason"], row["instead"],
                      finding.documented if finding else "")  # fmt: skip
    return _figures(counts, len(notes))


def _figures(counts: Counter[str], notes: int) -> dict[str, Any]:
    reasons = [k.removeprefix("faulty ") for k in counts if k.startswith("faulty ")]
    hard = [r for r in reasons if r != "less_specific"]
    faulty = sum(counts[f"faulty {r}"] for r in hard)
    return {
        "notes": notes,
        "sound": counts["sound"],
        "sound confirmed": 1 - counts["questioned"] / max(counts["sound"], 1),
        "faulty": faulty,
        "faulty found": sum(counts[f"found {r}"] for r in hard) / max(faulty, 1),
        "less specific": counts["faulty less_specific"],
        "less specific found": counts["found less_specific"]
        / max(counts["faulty less_specific"], 1),
        "unbilled a note": counts["unbilled"] / max(notes, 1),
    }


def _titles(notes: list[NoteRecord], truth: dict[str, list[dict[str, str]]]) -> dict[str, float]:
    icd = load_icd10cm()
    sound = confirmed = faulty = found = 0
    for note in notes:
        text = note.text.casefold()
        for row in truth.get(note.id, []):
            title = icd.title(row["code"]).casefold().removesuffix(", unspecified")
            stands = title in text
            if row["documented"] == "1":
                sound += 1
                confirmed += stands
            elif row["reason"] != "less_specific":
                faulty += 1
                found += not stands
    return {
        "sound confirmed": confirmed / max(sound, 1),
        "faulty found": found / max(faulty, 1),
    }


if __name__ == "__main__":
    main()
