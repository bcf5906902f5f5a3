"""A reviewer simulated from labelled notes: what the suggestions save, and what decisions teach.

The reviewer knows the codes and words that a human coder gave each note (``--notes``, by default
the English CodiEsp training notes under ``../shared/data/notes``) and works as on the page: from
the top, a right suggestion is accepted, one of the same category is replaced by the wanted code,
a wrong one from 0.5 on is rejected with a reason, a less likely one is passed over; every code
that is still missing is added for its words. Every decision goes into a real store. Then
``firstpass retrain coding`` learns from them, and both versions are held against notes that
nobody has reviewed: as suggestions, and by the same reviewer's work on them. The version before
is the day-one version (no labelled note).

Keystroke model (Card, Moran and Newell 1980; seconds): a key 0.28, a pointing 1.10, a button
press or release 0.10, a hand to mouse or keys 0.40, a decision 1.35. Accept: decide, ``a``.
Pass over: decide, ``j``. Reject: decide, ``r``, a digit. Replace: decide, ``e``, typing until the
code is the first found, Enter. Add: decide, hand to mouse, point, press, point, release, hand
back, ``n`` (the marked words are searched for at once), then arrows to the code or typing it,
Enter. Submit and next: decide, ``s``, ``g``. Reading the note comes on top, at 238 words a
minute (Brysbaert 2019), and is the same with and without suggestions. The baseline is the same
reviewer without suggestions: every code is added by hand.

Codes of the 2018 edition that today's table does not have can be neither suggested nor added;
they are counted and left out. What else would block submission on the page (codes that are not
billable today, exclusions) is not looked at here.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.harness import arguments, report
from models.codes.icd10cm import load_icd10cm
from models.coding.answer import answer_note
from models.coding.artifact import load_artifact
from models.coding.model import ICD10CM, CodingModel
from models.coding.notes_file import NoteCode, NoteRecord, read_notes
from models.coding.suggestion import Suggestion
from models.registry import load
from serving.store.notes import (
    ACCEPT,
    ADD,
    REJECT,
    REPLACE,
    SUBMIT,
    NewDecision,
    Reading,
    StoredNote,
)
from serving.store.review_state import review_state
from serving.store.store import Store, open_store
from serving.web.codes import CodeDesk
from serving.web.review_view import HATCHED, shown
from training.coding.dataset import label
from training.coding.score import coding_figures
from training.coding.train import icd10cm_known
from training.loop.compare_coding import HeldNote, as_shown

NOTES = Path(__file__).resolve().parents[2] / "shared/data/notes/codiesp_train_en.jsonl"
PRACTICE = "1234567893:123456789"
KEY, POINT, BUTTON, HAND, DECIDE = 0.28, 1.10, 0.10, 0.40, 1.35
MARK = 2 * POINT + 2 * BUTTON + 2 * HAND
WORDS_A_MINUTE = 238
MOST = 20
REJECT_FROM = 0.5


class Work(msgspec.Struct):
    """What a reviewer did: decisions by kind, keys, seconds without reading."""

    notes: int = 0
    codes: int = 0
    shown: int = 0
    keys: int = 0
    seconds: float = 0.0
    reading: float = 0.0
    by_hand_keys: int = 0
    by_hand_seconds: float = 0.0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)

    def figures(self, name: str) -> dict[str, float]:
        """Figures a note, and of all suggestions that were decided on."""
        decided = sum(self.kinds[k] for k in (ACCEPT, REJECT, REPLACE))
        return {
            f"{name}: notes": self.notes,
            f"{name}: codes a note": self.codes / self.notes,
            f"{name}: suggestions shown a note": self.shown / self.notes,
            f"{name}: suggestions accepted a note": self.kinds[ACCEPT] / self.notes,
            f"{name}: of those decided, accepted": self.kinds[ACCEPT] / max(decided, 1),
            f"{name}: rejected a note": self.kinds[REJECT] / self.notes,
            f"{name}: replaced a note": self.kinds[REPLACE] / self.notes,
            f"{name}: codes added by hand a note": self.kinds[ADD] / self.notes,
            f"{name}: share of codes by suggestion": (self.kinds[ACCEPT] + self.kinds[REPLACE])
            / self.codes,
            f"{name}: keystrokes a note": self.keys / self.notes,
            f"{name}: seconds a note": self.seconds / self.notes,
            f"{name}: seconds of reading a note": self.reading / self.notes,
        }


class Reviewer:
    """Knows each note's codes; decides, and counts what it costs."""

    def __init__(self, home: Path) -> None:
        self.codes = CodeDesk(home)
        self.work = Work()

    def decisions(self, record: NoteRecord, suggestions: Sequence[Suggestion]) -> list[NewDecision]:
        """Decisions on one note, in the order of the page."""
        gold = {x.code: x for x in record.codes or ()}
        work, made = self.work, list[NewDecision]()
        work.notes += 1
        work.codes += len(gold)
        work.reading += 60 * len(record.text.split()) / WORDS_A_MINUTE
        for code in gold.values():
            keys = self._search(record, code, marked=True)
            work.by_hand_keys += keys
            work.by_hand_seconds += DECIDE + MARK + keys * KEY
        work.by_hand_keys += 2
        work.by_hand_seconds += DECIDE + 2 * KEY
        page = [x for x in shown(suggestions, review_state([])) if x.assertion not in HATCHED]
        work.shown += len(page)
        suggested = {x.code for x in page}
        left = {code: x for code, x in gold.items() if code not in suggested}
        for x in page:
            near = next((c for c in left if c[:3] == x.code[:3]), None)
            if x.code in gold:
                made.append(self._about(ACCEPT, x))
                self._spend(1)
            elif near is not None:
                wanted = left.pop(near)
                begin, end = _span(wanted, x)
                made.append(
                    NewDecision(
                        kind=REPLACE, system=ICD10CM, code=near, begin=begin, end=end,
                        replaces=f"{x.system} {x.code}", suggestion=x,
                    )
                )  # fmt: skip
                self._spend(1 + self._search(record, wanted, marked=False))
            elif x.score >= REJECT_FROM:
                made.append(self._about(REJECT, x, reason="not documented"))
                self._spend(2)
            else:
                self._spend(1)
        for wanted in left.values():
            made.append(
                NewDecision(
                    kind=ADD, system=ICD10CM, code=wanted.code, begin=wanted.begin, end=wanted.end
                )
            )
            self._spend(self._search(record, wanted, marked=True))
            work.seconds += MARK
        self._spend(2)
        work.kinds.update(x.kind for x in made)
        return made

    def _about(self, kind: str, x: Suggestion, reason: str = "") -> NewDecision:
        return NewDecision(
            kind=kind, system=x.system, code=x.code, words=x.words, reason=reason, suggestion=x
        )

    def _spend(self, keys: int) -> None:
        self.work.keys += keys
        self.work.seconds += DECIDE + keys * KEY

    def _search(self, record: NoteRecord, wanted: NoteCode, *, marked: bool) -> int:
        """Keys from ``n`` (or after ``e``) to Enter: by the marked words, or by the code."""
        typed = len(wanted.code)
        for length in range(3, len(wanted.code) + 1):
            found = self.codes.search(wanted.code[:length], ICD10CM, None)
            if found and found[0].code == wanted.code:
                typed = length
                break
        if marked and wanted.begin is not None:
            words = record.text[wanted.begin : wanted.end][:60]
            codes = [x.code for x in self.codes.search(words, ICD10CM, None)]
            if wanted.code in codes:
                typed = min(typed, codes.index(wanted.code))
        return (2 if marked else 1) + typed


def _span(wanted: NoteCode, x: Suggestion) -> tuple[int | None, int | None]:
    if wanted.begin is not None or not x.evidence:
        return wanted.begin, wanted.end
    return x.evidence[0].begin, x.evidence[0].end


def known_codes(records: Sequence[NoteRecord]) -> tuple[list[NoteRecord], int]:
    """Notes with the codes that today's table has, each once; and how many it has not."""
    icd, gone, found = load_icd10cm(), 0, []
    for record in records:
        codes: dict[str, NoteCode] = {}
        for x in record.codes or ():
            code = x.code.strip().upper()
            if code.replace(".", "") in icd:
                codes.setdefault(code, msgspec.structs.replace(x, code=code, system=ICD10CM))
            else:
                gone += 1
        found.append(msgspec.structs.replace(record, codes=tuple(codes.values())))
    return found, gone


def suggest(model: CodingModel, record: NoteRecord) -> list[Suggestion]:
    """As the service reads a note."""
    return answer_note(
        model, record.text, limit=MOST, date=record.date, specialty=record.specialty
    ).suggestions


def review_all(
    store: Store, reviewer: Reviewer, model: CodingModel, records: Sequence[NoteRecord]
) -> None:
    """Every note through the store: loaded, read, decided on, submitted."""
    unlabelled = [msgspec.structs.replace(x, codes=None) for x in records]
    store.notes.load(unlabelled, PRACTICE)
    by_id = {x.id: x for x in records}
    for note in store.notes.to_suggest(model.model_version, len(records)):
        record = by_id[note.note_id]
        found = suggest(model, record)
        store.notes.keep_readings([(note, Reading(found))], model.model_version)
        for decision in [*reviewer.decisions(record, found), NewDecision(kind=SUBMIT)]:
            _decide(store, note, decision, model.model_version)


def _decide(store: Store, note: StoredNote, decision: NewDecision, version: str) -> None:
    fresh = store.notes.get(note.token, None)
    store.notes.decide(
        fresh,
        msgspec.structs.replace(decision, model_version=version),
        actor="user:simulated",
        who="A simulated reviewer",
        revision=fresh.revision,
    )


def firstpass(*words: str) -> str:
    """A verb as a user runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "firstpass", *words], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"firstpass {' '.join(words)} failed")
    return done.stdout


def quality(name: str, model: CodingModel, records: Sequence[NoteRecord]) -> dict[str, float]:
    """How good the suggestions for notes are that nobody has reviewed."""
    data = label(records, ICD10CM, known=icd10cm_known())
    held = [
        HeldNote(record, frozenset(f"{ICD10CM} {code}" for code in codes))
        for record, codes in zip(data.records, data.gold, strict=True)
    ]
    answers = as_shown(model, held, [ICD10CM])
    found = coding_figures([x.gold for x in held], answers, model.parts[ICD10CM].threshold)
    return {
        f"{name}: MAP": found.map,
        f"{name}: micro F1": found.micro_f1,
        f"{name}: recall of the first 10": found.recall_at_10,
    }


def main() -> None:
    """Review, retrain, measure again."""
    parser = arguments(__doc__.split("\n")[0])
    parser.add_argument("--notes", type=Path, default=NOTES)
    parser.add_argument("--reviewed", type=int, default=200, help="notes that are reviewed")
    parser.add_argument("--held", type=int, default=150, help="notes that nobody reviews")
    options = parser.parse_args()
    if not options.notes.exists():
        print(f"reviewer: no notes at {options.notes}: nothing measured")
        return
    records, gone = known_codes(read_notes([options.notes]).notes)
    reviewed = records[: options.reviewed]
    held = records[options.reviewed : options.reviewed + options.held]
    figures: dict[str, float] = {"codes that today's table does not have": gone}
    with tempfile.TemporaryDirectory(prefix="firstpass-reviewer-") as name:
        home = Path(name)
        os.environ["FIRSTPASS_HOME"] = name
        for other in ("FIRSTPASS_DATABASE_URL", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            os.environ.pop(other, None)
        firstpass("train", "coding", "--promote")
        before = load_artifact(load("coding", "champion").path, model_version="1")
        store = open_store(home / "state")
        first = Reviewer(home)
        review_all(store, first, before, reviewed)
        store.close()
        figures |= first.work.figures("reviewed, day one")
        begun = time.monotonic()
        result = json.loads(firstpass("retrain", "coding", "--json"))
        figures["seconds of retraining"] = time.monotonic() - begun
        for criterion in result["criteria"]:
            print(f"gate, {criterion['name']}: {criterion['verdict']}: {criterion['words']}")
        after = load_artifact(load("coding", str(result["version"])).path, model_version="2")
        for title, model in (("before", before), ("after", after)):
            figures |= quality(f"not reviewed, {title}", model, held)
            again = Reviewer(home)
            for record in held:
                again.decisions(record, suggest(model, record))
            figures |= again.work.figures(f"not reviewed, {title}")
    baselines = {
        "by hand: keystrokes a note": again.work.by_hand_keys / again.work.notes,
        "by hand: seconds a note": again.work.by_hand_seconds / again.work.notes,
    }
    ratios = {
        f"{title}: {what} to by hand": figures[f"not reviewed, {title}: {what} a note"]
        / baselines[f"by hand: {what} a note"]
        for title in ("before", "after")
        for what in ("keystrokes", "seconds")
    }
    report("reviewer", options.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
