"""Files and folders into the store, each file once."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.claims.files import read_files
from models.coding.notes_file import LINE_LIMIT, read_notes
from models.errors import InputError, Place, Problem
from serving.audit import AuditEntry
from serving.store.intake import Transmission
from serving.store.records import LoadReport
from serving.store.store import Store


class Progress(msgspec.Struct):
    """How far a load came; bytes are those of files done."""

    files: int
    bytes: int
    file: int = 0
    bytes_done: int = 0
    records: int = 0


class LoadSummary(msgspec.Struct):
    """What became of every file; ``passed_over`` are those of a folder without claim data."""

    files: list[LoadReport] = []
    passed_over: list[str] = []
    failed: list[Problem] = []

    @property
    def practices(self) -> list[str]:
        """Practices that any of the files spoke of."""
        return sorted({p for report in self.files for p in report.practices})


def load_paths(
    store: Store,
    paths: Iterable[Path],
    *,
    actor: str,
    origin: str = "cli",
    practices: frozenset[str] | None = None,
    report: Callable[[Progress], None] | None = None,
) -> LoadSummary:
    """Loads every file below ``paths``: 837P, 999, 277CA, 835 and the documented tables.

    A file whose bytes were loaded before is not read again. One that cannot be read is
    reported, and the others are loaded. Each load that could change something is audited.

    Raises:
        InputError: no file was found.
        StoreUnavailableError: what was stored until then stays; load again to go on.
    """
    given = list(paths)
    files = sorted({file for path in given for file in _files(path)})
    if not files:
        raise InputError("no files were found")
    sizes = [_size(file) for file in files]
    done = Progress(len(files), sum(sizes))
    summary = LoadSummary()
    for file, size in zip(files, sizes, strict=True):
        found = _load_file(store, file, actor, origin, practices, summary, _counter(done, report))
        if found is not None:
            empty = found.kind == "nothing" and not found.already and not found.skipped
            if empty and file not in given:
                summary.passed_over.append(file.name)
            else:
                summary.files.append(found)
        done.file += 1
        done.bytes_done += size
        if report is not None:
            report(done)
    return summary


class DraftSummary(msgspec.Struct):
    """What loading drafts did; ``passed_over`` came before with the same content."""

    read: int
    new: int
    replaced: int
    passed_over: int
    problems: list[Problem] = []

    def __str__(self) -> str:
        lines = [
            f"{self.new:,} new drafts of {self.read:,} claims, {self.replaced:,} replaced,"
            f" {self.passed_over:,} known already"
        ]
        return "\n".join([*lines, *(f"problem: {p}" for p in self.problems[:20])])


def load_drafts(store: Store, paths: Iterable[Path], *, actor: str) -> DraftSummary:
    """Loads claims that were not submitted yet; see `serving.store.drafts`.

    Raises:
        InputError: no file was found, or one cannot be read.
        StoreUnavailableError: what was stored until then stays; load again to go on.
    """
    files = sorted({file for path in paths for file in _files(path)})
    if not files:
        raise InputError("no files were found")
    problems: list[Problem] = []
    read = 0

    def claims() -> Iterable[Claim]:
        nonlocal read
        for item in read_files(files):
            if isinstance(item, Claim):
                read += 1
                yield item
            elif isinstance(item, Problem):
                problems.append(item)

    new, replaced, same = store.drafts.load(claims(), actor, actor)
    done = DraftSummary(read, new, replaced, same, problems)
    store.audit.append(
        AuditEntry(
            actor=actor,
            action="drafts.loaded",
            record="drafts",
            detail={"new": new, "replaced": replaced, "problems": len(problems)},
        )
    )
    return done


def _counter(done: Progress, report: Callable[[Progress], None] | None) -> Callable[[int], None]:
    def count(records: int) -> None:
        done.records += records
        if report is not None:
            report(done)

    return count


def _load_file(
    store: Store,
    file: Path,
    actor: str,
    origin: str,
    practices: frozenset[str] | None,
    summary: LoadSummary,
    count: Callable[[int], None],
) -> LoadReport | None:
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        problem = f"could not be read ({error.strerror})"
        summary.failed.append(
            Problem(Place(file.name), "file.unreadable", problem, "the whole file")
        )
        return None
    if holds_notes(file):
        return _load_notes(store, file, digest, actor, practices, summary)
    try:
        transmission = Transmission(file.name, digest, _size(file), origin)
        found = store.intake.load(
            read_files([file]), transmission, practices=practices, progress=count
        )
    except InputError as error:
        # Not one record: what became of it depends on whether it was asked for by name.
        report = LoadReport(file.name, digest.hex(), problem_count=1)
        report.problems.append(Problem(Place(file.name), "file.unusable", str(error)))
        return report
    if found.already:
        return found
    store.audit.append(
        AuditEntry(
            actor=actor,
            action="file.loaded",
            record=f"file:{digest.hex()[:16]}",
            detail={
                "new": found.new,
                "problems": found.problem_count,
                **{kind: counts.read for kind, counts in found.counts.items()},
            },
        )
    )
    return found


def holds_notes(file: Path) -> bool:
    """Whether a file is notes JSONL: its first line has ``id`` and ``text``."""
    if file.suffix.lower() != ".jsonl":
        return False
    try:
        with file.open("rb") as stream:
            line = stream.readline(LINE_LIMIT)
        first = msgspec.json.decode(line)
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and "id" in first and "text" in first


def _load_notes(
    store: Store,
    file: Path,
    digest: bytes,
    actor: str,
    practices: frozenset[str] | None,
    summary: LoadSummary,
) -> LoadReport:
    """Notes to be reviewed; a note that came before and was not begun is replaced."""
    report = LoadReport(file.name, digest.hex())
    try:
        read = read_notes([file])
    except InputError as error:
        report.problem_count = 1
        report.problems.append(Problem(Place(file.name), "file.unusable", str(error)))
        return report
    owner = next(iter(practices)) if practices is not None and len(practices) == 1 else ""
    new, replaced, _ = store.notes.load(read.notes, owner)
    report.notes.read, report.notes.new = len(read.notes), new + replaced
    report.problems, report.problem_count = read.problems[:1000], len(read.problems)
    store.audit.append(
        AuditEntry(
            actor=actor,
            action="notes.loaded",
            record=f"file:{digest.hex()[:16]}",
            detail={"new": new, "replaced": replaced, "problems": report.problem_count},
        )
    )
    return report


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [
        x
        for x in path.rglob("*")
        if x.is_file() and not any(p.startswith(".") for p in x.relative_to(path).parts)
    ]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
