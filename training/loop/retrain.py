"""`firstpass retrain denial`: a challenger from newer answers, judged beside the champion.

Made for a scheduler: it is safe to run twice (a lock; the same answers are not learnt twice),
never touches the champion unless told to and the gate is passed, and leaves everything as it was
when anything fails.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import filelock
import msgspec

from models.denial.artifact import MODEL_NAME, load_artifact
from models.denial.model import DenialModel
from models.denial.past import Past
from models.errors import FirstpassError, RegistryError
from models.history import HistoryOptions
from models.registry import CHAMPION, Version, home, load, model_names, versions
from training.denial.dataset import build_dataset
from training.denial.evaluate import seen_by
from training.denial.train import Candidate, TrainingResult, train_denial
from training.loop.compare import Comparison, compare, criteria
from training.loop.gate import Gate, GateResult, card_criterion, read_gate
from training.loop.report import log_report
from training.loop.scored import ScoredClaims
from training.progress import Progress, silent
from training.tracking.runs import TrainingRun


class NothingNewError(FirstpassError):
    """A version has been trained on exactly these answers already."""


class RetrainResult(msgspec.Struct):
    """``training`` is ``None`` where there was nothing new; ``words`` say what happened."""

    words: str
    training: TrainingResult | None = None
    comparison: Comparison | None = None


class ChampionGate:
    """Judges a candidate beside the champion, by written criteria."""

    def __init__(self, gate: Gate, scored: ScoredClaims) -> None:
        self.gate = gate
        self.scored = scored
        self.comparison: Comparison | None = None
        self.champion = _champion()

    def begin(self, fingerprint: str) -> None:
        """Stop where the newest version has learnt from the very same answers.

        Raises:
            NothingNewError: It has.
        """
        known = {v.tags.get("data_fingerprint"): v.version for v in registered(MODEL_NAME)}
        if fingerprint in known:
            raise NothingNewError(
                f"version {known[fingerprint]} was trained on the same answers: nothing to do"
            )

    def judge(self, candidate: Candidate, run: TrainingRun) -> GateResult:
        """Compare on the test window's claims that the champion has not learnt from."""
        if self.champion is not None:
            self.comparison = self._compare(candidate, self.champion)
        answers = list(criteria(self.comparison, self.gate))
        if self.gate.card.every_field:
            answers.append(card_criterion(candidate.card.missing))
        result = GateResult(tuple(answers))
        number = self.champion.model_version if self.champion is not None else ""
        log_report(run, candidate, self.comparison, result, number)
        return result

    def _compare(self, candidate: Candidate, champion: DenialModel) -> Comparison:
        ours = candidate.encoded.data
        theirs = build_dataset(
            candidate.claims,
            vocabulary=champion.vocabulary,
            past=Past(champion.past.salt),
            filing_limits=champion.filing_limits,
        ).data
        rows = candidate.fitted.rows
        fresh = ~seen_by(
            champion.past,
            msgspec.structs.replace(theirs, claims=[theirs.claims[i] for i in rows.tolist()]),
        )
        kept = rows[fresh]
        warned, heeded = self.scored.masks(ours.claims, kept)
        return compare(
            ours,
            kept,
            champion.predict(theirs.batch.take(kept)).probability,
            candidate.fitted.prediction.probability[fresh],
            self.gate,
            warned=warned,
            heeded=heeded,
        )


def retrain_denial(
    history: Sequence[Path],
    *,
    promote_it: bool = False,
    gate_file: Path | None = None,
    scored: ScoredClaims | None = None,
    options: HistoryOptions | None = None,
    progress: Progress = silent,
) -> RetrainResult:
    """Train a challenger on ``history``, judge it, register it; promote only if told to.

    Raises:
        InputError: The history or the gate file is not usable.
        NotEnoughDataError: Too little to learn from.
        RegistryError: Another retraining runs, or the store refuses.
    """
    gate = read_gate(gate_file)
    with only_one(MODEL_NAME):
        keeper = ChampionGate(gate, scored or ScoredClaims())
        try:
            result = train_denial(
                history,
                promote_it=promote_it,
                options=options,
                gatekeeper=keeper,
                progress=progress,
            )
        except NothingNewError as error:
            return RetrainResult(str(error))
    assert result.version is not None and result.gate is not None
    place = "the champion" if result.promoted else "the challenger"
    words = f"denial version {result.version.version} is {place}; gate {result.gate.verdict}"
    return RetrainResult(words, result, keeper.comparison)


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold the lock of a model's retraining.

    Raises:
        RegistryError: Another process holds it.
    """
    folder = home() / "state"
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / f"retrain-{name}.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise RegistryError(
            f"another retraining of '{name}' is running here: wait for it to end"
        ) from None
    try:
        yield
    finally:
        lock.release()


def registered(name: str) -> list[Version]:
    """Every version of a model; none where there is no store yet."""
    try:
        return list(versions(name)) if name in model_names() else []
    except RegistryError:
        return []  # no store yet: the first training makes it


def _champion() -> DenialModel | None:
    if not any(CHAMPION in v.aliases for v in registered(MODEL_NAME)):
        return None
    loaded = load(MODEL_NAME, CHAMPION)

    return load_artifact(loaded.path, model_version=str(loaded.version.version))
