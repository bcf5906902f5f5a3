"""``firstpass load``: what was sent and what came back, into the store."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import Json, actor, columns, note, opened_store, show

if TYPE_CHECKING:
    from serving.store.loading import LoadSummary, Progress
    from serving.store.records import LoadReport

# More would push the result off the screen; --json has them all.
MOST_PROBLEMS = 20
MOST_FILES = 20
COUNTED = {
    "claims": "claims",
    "remittances": "remittances",
    "acknowledgements": "277CA",
    "set_acknowledgements": "999",
    "notes": "notes",
}


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            help="837P, 999, 277CA and 835 files, tables of them, notes JSONL, or folders.",
            exists=True,
            show_default=False,
        ),
    ],
    drafts: Annotated[
        bool,
        typer.Option(
            "--drafts", help="The claims were not submitted yet: they go to the worklist."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Load claims, acknowledgements and remittances into the store, each file once.

    Then works out which claims were denied, joins that to earlier scores, posts to the ledger
    (`firstpass ledger` shows it), and learns the payers' rules anew (`firstpass rules`). With
    --drafts claims become drafts, which the running service scores and shows in its worklist; a
    claim that came before is replaced where its content differs.

    Example: firstpass load practice/history

    Example: firstpass load --drafts practice/future

    Example: firstpass load notes.jsonl
    """
    from serving.cli.ledger import posted_words
    from serving.scoring.recovery import look_up_recovery
    from serving.store.loading import load_drafts, load_paths
    from serving.store.working import is_stale, work_in

    if drafts:
        with opened_store() as store:
            drafted = load_drafts(store, paths, actor=actor())
        show(drafted, str(drafted), as_json=json)
        if not drafted.read:
            raise typer.Exit(1)
        return
    with opened_store() as store:
        with _progress() as report:
            summary = load_paths(store, paths, actor=actor(), report=report)
        if any(is_stale(store, practice) for practice in summary.practices):
            look_up_recovery(store.state)
        for practice in summary.practices:
            if is_stale(store, practice):
                note(f"working out the outcomes of practice {practice}, its ledger and its denials")
                done = work_in(store, practice)
                if done is not None and done.posted is not None:
                    note(posted_words(done.posted))
            if store.rule_learning.due(practice):
                note(f"learning the payer rules of practice {practice}")
                store.rule_learning.learn(practice)
    show(summary, _words(summary), as_json=json)
    if not any(file.already or file.kind != "nothing" for file in summary.files):
        raise typer.Exit(1)


def _words(summary: "LoadSummary") -> str:
    rows = [_row(file.name, [file]) for file in summary.files]
    if len(rows) > MOST_FILES:
        kinds = sorted({_kind(file) for file in summary.files})
        groups = {kind: [x for x in summary.files if _kind(x) == kind] for kind in kinds}
        rows = [
            _row(f"{len(group):,} file{'s' * (len(group) > 1)}", group) for group in groups.values()
        ]
    lines = [columns(rows)] if rows else ["nothing was loaded"]
    if summary.passed_over:
        lines.append(f"{len(summary.passed_over)} files hold no claim data and were passed over")
    problems = [p for file in summary.files for p in file.problems] + summary.failed
    lines += [f"problem: {p}" for p in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"and {len(problems) - MOST_PROBLEMS:,} problems more (see --json)")
    return "\n".join(lines)


def _kind(file: "LoadReport") -> str:
    return "loaded before" if file.already else file.kind


def _row(name: str, files: "list[LoadReport]") -> dict[str, str]:
    row = {"file": name, "what": _kind(files[0])}
    for kind in COUNTED:
        read = sum(file.counts[kind].read for file in files)
        new = sum(file.counts[kind].new for file in files)
        row[COUNTED[kind]] = f"{new:,} new of {read:,}" if read else ""
    return {**row, "problems": str(sum(file.problem_count for file in files))}


@contextmanager
def _progress() -> Iterator[Callable[["Progress"], None] | None]:
    """A bar on a terminal; in a log nothing, the report at the end says it all."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    shown = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[records]:,} records"),
        TimeElapsedColumn(),
    )
    with Bar(*shown, console=Console(stderr=True)) as bar:
        task = bar.add_task("loading", total=None, records=0)

        def report(done: "Progress") -> None:
            bar.update(
                task,
                description=f"loading file {min(done.file + 1, done.files)} of {done.files}",
                total=done.bytes,
                completed=done.bytes_done,
                records=done.records,
            )

        yield report
