"""`firstpass train coding`: from labelled notes and claims, or none, to a registered model."""

import datetime as dt
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Protocol

import msgspec
import pandas as pd

from models.codes.icd10cm import CodeStatus, Icd10cm, load_icd10cm
from models.codes.system import code_systems
from models.coding.artifact import MODEL_NAME, load_artifact, save_artifact
from models.coding.dayone import day_one_model
from models.coding.features import FEATURE_SCHEMA
from models.coding.history import StringHistory
from models.coding.learnt import note_mark, write_learnt
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import ICD10CM, CodingModel, SystemPart
from models.coding.notes_file import NoteRecord, read_notes
from models.coding.pyfunc import COLUMNS, INPUT_COLUMN
from models.coding.ranker import PriorRanker
from models.coding.sources import Sources
from models.coding.terms import index_terms
from models.coding.words import vocabulary
from models.errors import NotEnoughDataError, Problem
from models.registry import TableSignature, Version, home, promote, store_folder
from training.card.card import OWNER_FILE, ModelCard, owner_answers, write_card
from training.card.coding import coding_card
from training.card.page import card_page
from training.coding.dataset import LabelledNotes, apart, label, split, systems_of
from training.coding.fit import fit_part
from training.coding.judge import Judged, judge
from training.coding.people import Who, people_of
from training.coding.vectors import StringVectors, dense_terms
from training.coding.visits import NO_VISITS, Billed, Visits, read_billed
from training.loop.gate import GateResult
from training.progress import Progress, silent
from training.tracking import combined_fingerprint, file_digest, training_run
from training.tracking.runs import TrainingRun

#: Fewer labelled notes of a system than these teach a ranker nothing that holds.
LEAST_NOTES = 30
SIGNATURE = TableSignature(
    {INPUT_COLUMN: "string"},
    {name: {"note": "long", "score": "double"}.get(name, "string") for name in COLUMNS},
)
EXAMPLE = """\
CC: right knee pain
HPI: Right knee pain after a fall. Denies fever.
A/P: 1. Sprain of right knee. 2. Essential hypertension, controlled.
"""


class CodingTraining(msgspec.Struct):
    """What a training did; ``judged`` by system on notes that the tested model had not seen.

    ``visits``: of the history; ``silver``: by system, notes whose labels are their claim's.
    """

    notes: int
    judged: dict[str, Judged]
    learnt: list[str]
    missing: list[str]
    problems: list[Problem]
    version: Version | None = None
    promoted: bool = False
    visits: int = 0
    silver: dict[str, int] = {}
    card: ModelCard | None = None
    gate: GateResult | None = None


class CodingCandidate(msgspec.Struct):
    """A version on its way to the registry, as a gatekeeper sees it.

    ``tested`` by system: the part that has not seen the ``held`` notes, which it is judged on.
    """

    billed: Billed
    people: dict[str, Who]
    tested: dict[str, SystemPart] = {}
    held: dict[str, LabelledNotes] = {}
    card: ModelCard | None = None


class CodingGatekeeper(Protocol):
    """Who decides whether a training is worth its while, and whether its result may suggest."""

    def begin(self, fingerprint: str) -> None:
        """Told which labelled notes will be learnt from; may raise to stop the work."""

    def choose(self, notes: Sequence[NoteRecord]) -> Set[str]:
        """Ids of the notes that the tested model must not learn from."""

    def judge(
        self, candidate: CodingCandidate, result: CodingTraining, run: TrainingRun
    ) -> GateResult:
        """Answer the gate's questions; may log to ``run``."""


def train_coding(
    notes: Sequence[Path],
    *,
    history: Sequence[Path] = (),
    promote_it: bool = False,
    attention: bool = False,
    tune_encoder: bool = False,
    gatekeeper: CodingGatekeeper | None = None,
    people: Mapping[str, Who] | None = None,
    progress: Progress = silent,
) -> CodingTraining:
    """Train, test, register. Without notes: the day-one version.

    With a ``gatekeeper``, it chooses the notes to test on, and ``promote_it`` holds only if the
    gate is passed. ``people`` by note id: what is known of patients beside the claims.

    ``history``: the practice's claims. They say what each specialty bills, and give notes that
    name their claim labels of every code system that coders did not label (HCPCS, CPT).
    ``attention``: with the label-wise attention, where the encoder can be exported.
    ``tune_encoder``: with an encoder that was first tuned on the code system's synonyms. An
    interrupted training of the same notes goes on where it was.

    Raises:
        InputError: no note, or no claim, could be read.
        NotEnoughDataError: too few labelled notes of any code system.
        RegistryError: the MLflow store refuses.
    """
    progress("building the index of terms")
    systems = code_systems()
    icd = getattr(systems[ICD10CM], "table", None)
    model = day_one_model(icd, systems=systems)
    result = CodingTraining(0, {}, [], [], [])
    own = systems[ICD10CM]
    indexes = index_terms(own, model.icd10cm) if tune_encoder else ()
    dense, absent = dense_terms(model.icd10cm, progress, indexes, tune_encoder)
    if absent:
        result.missing.append(absent)
    model.parts[ICD10CM].sources.dense = dense
    fingerprint = _fingerprint([*notes, *history])
    work: Path | None = None
    records: list[NoteRecord] = []
    if notes:
        progress("reading the notes")
        read = read_notes(notes)
        records = read.notes
        result.notes, result.problems = len(records), read.problems
    billed = Billed(NO_VISITS, records, {}, [])
    if history:
        progress("reading the claims")
        billed = read_billed(history, records)
        result.visits = len(billed.visits.visits)
        result.problems += billed.problems
        for system, part in model.parts.items():
            part.sources.habits = billed.visits.habits(system)
    whose = {**people_of(billed.visits, billed.notes), **(people or {})}
    candidate = CodingCandidate(billed, whose)
    labelled = _labels_mark(billed.notes)
    if gatekeeper is not None:
        gatekeeper.begin(labelled)
    if notes:
        how = "words" if dense is None else "attention" if attention else "vectors"
        how += f"{'-tuned' if tune_encoder and dense else ''}-{_terms_mark(model)}"
        chosen = None if gatekeeper is None else gatekeeper.choose(billed.notes)
        if chosen:
            how += f"-{hashlib.sha256(' '.join(sorted(chosen)).encode()).hexdigest()[:8]}"
        work = store_folder() / "work" / f"coding-{fingerprint}-{FEATURE_SCHEMA}-{how}"
        _learn(model, candidate, chosen, result, work, attention, progress)
    progress("registering")
    parameters: dict[str, str | int | float | bool | None] = {
        "notes": result.notes,
        "visits": result.visits,
        "systems": ",".join(model.systems),
        "learnt": ",".join(result.learnt),
        "encoder_tuned": tune_encoder and dense is not None,
        "attention": any(
            p.sources.dense is not None and p.sources.dense.attention is not None
            for p in model.parts.values()
        ),
        **{f"threshold {s}": p.threshold for s, p in model.parts.items()},
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        training_run(MODEL_NAME, parameters, fingerprint=fingerprint) as run,
    ):
        for system, found in result.judged.items():
            _log(run, system, found)
        save_artifact(model, Path(folder))
        learnt_from = [n for n in billed.notes if n.codes is not None] if result.learnt else []
        write_learnt(Path(folder), (note_mark(n.text) for n in learnt_from))
        load_artifact(Path(folder))
        owner = owner_answers(home() / OWNER_FILE, MODEL_NAME)
        result.card = candidate.card = coding_card(candidate, result.judged, owner)
        write_card(result.card, Path(folder))
        run.report(result.card, "card.json")
        tags = {"systems": ",".join(model.systems), "labelled_notes": labelled}
        if gatekeeper is not None:
            result.gate = gatekeeper.judge(candidate, result, run)
            tags["gate"] = result.gate.verdict
        result.version = run.register(
            Path(folder),
            loader_module="models.coding.pyfunc",
            signature=SIGNATURE,
            input_example=pd.DataFrame({INPUT_COLUMN: [EXAMPLE]}),
            headline=_headline(result),
            tags=tags,
        )
        run.text(card_page(result.card, str(result.version.version)), "card.html")
    if work is not None:
        shutil.rmtree(work, ignore_errors=True)
    if promote_it and (result.gate is None or result.gate.verdict == "passed"):
        words = "firstpass train coding --promote" if gatekeeper is None else "passed the gate"
        promote(MODEL_NAME, result.version.version, reason=words)
        result.promoted = True
    return result


def _learn(
    model: CodingModel,
    candidate: CodingCandidate,
    chosen: Set[str] | None,
    result: CodingTraining,
    work: Path,
    attention: bool,
    progress: Progress,
) -> None:
    """Fit, test and refit every system that the notes are labelled with.

    The tested part knows no visit of a test patient and, where the test is later, none of its
    days. It is held against coders' labels where there are enough, else against claims.
    """
    billed = candidate.billed
    notes = billed.notes
    counts = systems_of(notes)
    if not counts:
        raise NotEnoughDataError(
            "the notes have no codes to learn from: give each note its 'codes' (docs/notes.md) or,"
            " with --history, its 'claim_id'; or train without notes for the day-one version"
        )
    first = model.parts[ICD10CM].sources.dense
    vectors = StringVectors(first) if first is not None else None
    for system, count in counts.most_common():
        if count < LEAST_NOTES:
            result.missing.append(
                f"{system}: {count} labelled notes, {LEAST_NOTES} are the least to learn from"
            )
            continue
        data = label(notes, system, known=_known(system, model.icd10cm), problems=result.problems)
        part = model.parts.get(system) or _without_terms()
        learn, test = split(data) if chosen is None else apart(data, chosen)
        if len(learn) < LEAST_NOTES or not len(test):
            result.missing.append(
                f"{system}: {len(learn)} notes to learn from beside {len(test)} to test on;"
                f" {LEAST_NOTES} and one are the least"
            )
            continue
        if not (part.sources.terms.lexicon.codes or _has_words(data.take(learn))):
            result.missing.append(
                f"{system}: no words go with its codes in these notes; mark words, give more"
                " notes, or import the system's terms"
            )
            continue
        silver = billed.silver.get(system, set())
        if number := sum(r.id in silver for r in data.records):
            result.silver[system] = number
        visits = billed.visits.without(data.records[r] for r in test)
        if data.day[learn].max() < data.day[test].min():
            visits = visits.before(dt.date.fromordinal(int(data.day[test].min())))
        tested = _fit(
            data.take(learn), part, model, vectors, visits, work / "test", attention, progress
        )
        coded = [r for r in test if data.records[r].id not in silver]
        judged = data.take(coded if len(coded) >= LEAST_NOTES else test)
        result.judged[system] = judge(tested, judged, model.rules, progress)
        candidate.tested[system], candidate.held[system] = tested, judged
        model.parts[system] = _fit(
            data, part, model, vectors, billed.visits, work / "all", attention, progress
        )
        result.learnt.append(system)
        learnt = model.parts[system].sources.dense
        if attention and learnt is not None and learnt.attention is None:
            result.missing.append(f"{system}: too few notes of any code for the attention")
    if not result.learnt:
        why = "; ".join(result.missing)
        if result.problems:
            why += (
                f". {len(result.problems)} problems in the files, the first: {result.problems[0]}"
            )
        raise NotEnoughDataError(f"nothing could be learnt: {why}")


def _fit(
    data: LabelledNotes,
    part: SystemPart,
    model: CodingModel,
    vectors: StringVectors | None,
    visits: Visits,
    work: Path,
    attention: bool,
    progress: Progress,
) -> SystemPart:
    return fit_part(
        data,
        part.sources.terms,
        model.rules,
        part.titles,
        vectors=vectors if data.system == ICD10CM else None,
        visits=visits,
        with_attention=attention,
        work=work,
        progress=progress,
    )


def _terms_mark(model: CodingModel) -> str:
    """Names the imported terms: candidates of other terms are no use to a training that goes on."""
    digest = hashlib.sha256()
    for name, part in model.parts.items():
        lexicon = part.sources.terms.lexicon
        digest.update(name.encode() + lexicon.sizes.tobytes() + lexicon.code_of.tobytes())
    return digest.hexdigest()[:8]


def _has_words(data: LabelledNotes) -> bool:
    """Whether labels alone lead to candidates: marked words, or words that go with codes."""
    history = StringHistory.build(data.marked)
    return bool(history.strings or history.associations.runs)


def _fingerprint(paths: Sequence[Path]) -> str:
    """Names the files that were learnt from; ``""`` for none."""
    files = [p for path in paths for p in ([path] if path.is_file() else path.rglob("*"))]
    return combined_fingerprint(file_digest(p) for p in files if p.is_file()) if files else ""


def _labels_mark(notes: Sequence[NoteRecord]) -> str:
    """Names the labelled notes whichever files they came from, in whatever order."""
    marks = sorted(
        f"{note_mark(n.text)}".encode() + msgspec.json.encode(sorted(n.codes, key=lambda c: c.code))
        for n in notes
        if n.codes is not None
    )
    digest = hashlib.sha256()
    for mark in marks:
        digest.update(mark)
    return digest.hexdigest()[:16] if marks else ""


def _known(system: str, icd: Icd10cm) -> Callable[[str, dt.date | None], bool] | None:
    """Whether a code exists; codes that lack only their 7th character and headings do."""
    if system != ICD10CM:
        return None

    def known(code: str, on: dt.date | None) -> bool:
        bare = code.replace(".", "")
        if bare in icd:
            return on is None or icd.status(bare, on) is not CodeStatus.UNKNOWN
        return len(bare) <= 6 and bool(icd.seventh_characters(bare))

    return known


def _without_terms() -> SystemPart:
    """A system of which there are no words: only labelled notes say what its codes mean."""
    nothing = TermFinder(Lexicon.build([]), vocabulary())
    return SystemPart(
        Sources(nothing, StringHistory({}, (), (), (), 0), nothing), PriorRanker(), 0.5
    )


def _headline(result: CodingTraining) -> dict[str, float]:
    if not result.judged:
        return {}
    first = result.judged.get(ICD10CM) or next(iter(result.judged.values()))
    return {
        "map": first.figures.map,
        "micro_f1": first.figures.micro_f1,
        "calibration_error": first.calibration_error,
        "test_notes": float(first.figures.notes),
    }


def _log(run: TrainingRun, system: str, found: Judged) -> None:
    name = system.lower().replace(" ", "_")
    run.metrics({k: v for k, v in found.metrics(name).items() if v == v})
    run.table(found.chapters, f"{name}/chapters.csv")
    if any(found.labels):
        run.figure(found.plot(), f"plots/reliability_{name}.png")


def icd10cm_known() -> Callable[[str, dt.date | None], bool]:
    """The test for ICD-10-CM codes that training uses."""
    found = _known(ICD10CM, load_icd10cm())
    assert found is not None
    return found
