"""`firstpass retrain coding`: a challenger from what reviewers decided, judged beside the champion.

As `training.loop.retrain` for the denial model: safe to run twice, leaves the champion alone
unless told to and the gate is passed, and everything as it was when anything fails.
"""

import tempfile
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import msgspec

from models.coding.artifact import MODEL_NAME, load_artifact
from models.coding.learnt import note_mark, read_learnt
from models.coding.model import CodingModel
from models.coding.notes_file import NoteRecord, read_notes
from models.coding.reviewed import ReviewedNote
from models.errors import NotEnoughDataError
from models.registry import CHAMPION, load
from training.coding.dataset import systems_of
from training.coding.people import Who
from training.coding.train import LEAST_NOTES, CodingCandidate, CodingTraining, train_coding
from training.loop.compare_coding import (
    CodingComparison,
    HeldNote,
    as_shown,
    coding_criteria,
    compare_coding,
)
from training.loop.gate import CodingGate, GateResult, card_criterion, read_coding_gate
from training.loop.report_coding import log_coding_report
from training.loop.retrain import NothingNewError, only_one, registered
from training.loop.reviewed import (
    Decided,
    decided,
    training_records,
    without_reviewed,
    write_records,
)
from training.progress import Progress, silent
from training.tracking.runs import TrainingRun

#: Share of the labelled notes that a challenger is judged on, and of those new to the champion.
TEST_SHARE = 0.2
MOST_OF_NEW = 0.5


class CodingRetrainResult(msgspec.Struct):
    """``training`` is ``None`` where there was nothing new; ``words`` say what happened.

    ``forgotten``: notes that the champion had learnt from and the challenger was not given.
    """

    words: str
    training: CodingTraining | None = None
    comparison: CodingComparison | None = None
    decided: list[Decided] = []
    forgotten: int = 0


class ChampionCodingGate:
    """Judges a candidate beside the champion, by written criteria."""

    def __init__(
        self, gate: CodingGate, reviewed: Sequence[ReviewedNote], progress: Progress
    ) -> None:
        self.gate = gate
        self.reviewed = len(reviewed)
        self.decided = decided(reviewed)
        self.comparison: CodingComparison | None = None
        self.forgotten = 0
        self._progress = progress
        self._champion: CodingModel | None = None
        self._known: frozenset[int] = frozenset()
        if any(CHAMPION in v.aliases for v in registered(MODEL_NAME)):
            loaded = load(MODEL_NAME, CHAMPION)
            self._champion = load_artifact(loaded.path, model_version=str(loaded.version.version))
            self._known = read_learnt(loaded.path)

    def begin(self, fingerprint: str) -> None:
        """Stop where a version has learnt from the very same labels.

        Raises:
            NothingNewError: One has.
        """
        for version in registered(MODEL_NAME):
            if fingerprint and version.tags.get("labelled_notes") == fingerprint:
                raise NothingNewError(
                    f"version {version.version} was trained on the same labelled notes: nothing"
                    " to do"
                )

    def choose(self, notes: Sequence[NoteRecord]) -> Set[str]:
        """The latest notes that the champion has not learnt from; without dates any of them."""
        labelled = [note for note in notes if note.codes is not None]
        marks = {note.id: note_mark(note.text) for note in labelled}
        self.forgotten = len(self._known - set(marks.values()))
        new = [note for note in labelled if marks[note.id] not in self._known]
        wanted = max(round(TEST_SHARE * len(labelled)), self.gate.period.least_notes)
        count = min(wanted, round(MOST_OF_NEW * len(new)))
        new.sort(key=lambda n: (n.date.toordinal() if n.date else 0, marks[n.id]), reverse=True)
        return {note.id for note in new[:count]}

    def judge(
        self, candidate: CodingCandidate, result: CodingTraining, run: TrainingRun
    ) -> GateResult:
        """Compare on the notes that were held back."""
        notes = held_notes(candidate)
        ours = CodingModel(candidate.tested)
        systems = list(candidate.tested)
        challenger = as_shown(ours, notes, systems, self._progress, "challenger")
        champion = None
        if self._champion is not None:
            champion = as_shown(self._champion, notes, systems, self._progress, "champion")
            self.comparison = compare_coding(
                notes,
                champion,
                challenger,
                (_thresholds(self._champion), _thresholds(ours)),
                candidate.people,
                self.gate,
            )
        answers = list(coding_criteria(self.comparison, self.gate))
        if self.gate.card.every_field:
            assert candidate.card is not None
            answers.append(card_criterion(candidate.card.missing))
        verdict = GateResult(tuple(answers))
        log_coding_report(
            run,
            verdict,
            self.comparison,
            {
                "champion": self._champion.model_version if self._champion is not None else "",
                "notes": result.notes,
                "reviewed": self.reviewed,
                "forgotten": self.forgotten,
                "decided": self.decided,
            },
            [note.gold for note in notes],
            {"challenger": challenger} | ({"champion": champion} if champion is not None else {}),
        )
        return verdict


def _enough(notes: Sequence[NoteRecord], history: Sequence[Path]) -> None:
    """Stop at once where there is too little, before anything is built; claims may add labels."""
    most = max(systems_of(notes).values(), default=0)
    if most < LEAST_NOTES and not history:
        raise NotEnoughDataError(
            f"{most} labelled notes, {LEAST_NOTES} are the least to learn from: review more notes,"
            " or name labelled ones (JSONL)"
        )


def held_notes(candidate: CodingCandidate) -> list[HeldNote]:
    """The notes held back, each once, with its codes of all code systems that were learnt."""
    records: dict[str, NoteRecord] = {}
    gold: dict[str, set[str]] = {}
    for system, data in candidate.held.items():
        for record, codes in zip(data.records, data.gold, strict=True):
            records[record.id] = record
            gold.setdefault(record.id, set()).update(f"{system} {code}".upper() for code in codes)
    return [HeldNote(record, frozenset(gold[key])) for key, record in records.items()]


def _thresholds(model: CodingModel) -> Mapping[str, float]:
    return {system.upper(): part.threshold for system, part in model.parts.items()}


def retrain_coding(
    reviewed: Sequence[ReviewedNote],
    notes: Sequence[Path] = (),
    *,
    history: Sequence[Path] = (),
    promote_it: bool = False,
    gate_file: Path | None = None,
    attention: bool = False,
    progress: Progress = silent,
) -> CodingRetrainResult:
    """Train a challenger on reviewed notes and labelled files, judge it, register it.

    ``history``: the practice's claims, as for `train_coding`. The champion changes only with
    ``promote_it``, and only if the gate is passed.

    Raises:
        InputError: a file of notes or claims, or the gate file, is not usable.
        NotEnoughDataError: too few labelled notes to learn from.
        RegistryError: another retraining runs, or the store refuses.
    """
    gate = read_coding_gate(gate_file)
    own = training_records(reviewed)
    people = {
        record.id: Who(note.age, note.sex)
        for record, note in zip(own, reviewed, strict=True)
        if note.age is not None or note.sex
    }
    if not own and not notes:
        raise NotEnoughDataError(
            "nobody has reviewed a note to its end yet: there is nothing to learn from. Submit"
            " notes in the coding review, or name labelled notes (JSONL)"
        )
    with only_one(MODEL_NAME), tempfile.TemporaryDirectory(prefix="firstpass-notes-") as folder:
        read = read_notes(notes) if notes else None
        others = without_reviewed(read.notes, own) if read is not None else []
        taken = {record.id for record in own}
        others = [
            msgspec.structs.replace(x, id=f"file {x.id}") if x.id in taken else x for x in others
        ]
        _enough([*own, *others], history)
        path = write_records(Path(folder) / "notes.jsonl", [*own, *others])
        keeper = ChampionCodingGate(gate, reviewed, progress)
        try:
            result = train_coding(
                [path],
                history=history,
                promote_it=promote_it,
                attention=attention,
                gatekeeper=keeper,
                people=people,
                progress=progress,
            )
        except NothingNewError as error:
            return CodingRetrainResult(str(error), decided=keeper.decided)
    if read is not None:
        result.problems = [*read.problems, *result.problems]
    assert result.version is not None and result.gate is not None
    place = "the champion" if result.promoted else "the challenger"
    words = f"coding version {result.version.version} is {place}; gate {result.gate.verdict}"
    return CodingRetrainResult(words, result, keeper.comparison, keeper.decided, keeper.forgotten)
