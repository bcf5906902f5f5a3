"""``firstpass rules``: payer rules learnt from remittances, and what a person decides on them."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.cli.console import Json, actor, note, opened_store, show

if TYPE_CHECKING:
    from models.history import HistoryOptions
    from models.history.rules import ClaimLine, PayerRule
    from serving.store.rules import KeptRule
    from serving.store.store import Store

# More claims would push the rule itself off the screen; --json has them all.
MOST_CLAIMS = 10

_STORE = "Rules of the store"
_OVERRIDES = "Override files"
Override = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, rich_help_panel=_OVERRIDES, show_default=False),
]


def rules(
    history: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[HISTORY]...",
            help="Files or folders: 837P, 277CA and 835 in any mix, or CSV, Parquet, JSONL."
            " Without: what was loaded into the store.",
            exists=True,
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="CSV file for the rules, without claim numbers.", show_default=False),
    ] = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="Show the claims behind each rule too.")
    ] = False,
    payer: Annotated[
        str | None, typer.Option(help="Only of payers with this in name or number.")
    ] = None,
    accept: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="It acts as an edit.", rich_help_panel=_STORE),
    ] = None,
    edit: Annotated[
        tuple[int, Path] | None,
        typer.Option(
            metavar="NUMBER FILE",
            help="It acts as the JSON in FILE says; what was learnt is kept.",
            rich_help_panel=_STORE,
        ),
    ] = None,
    dismiss: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Not proposed again.", rich_help_panel=_STORE),
    ] = None,
    undo: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Take a decision back.", rich_help_panel=_STORE),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it was decided.", rich_help_panel=_STORE)] = "",
    classes: Override = None,
    categories: Override = None,
    crosswalk: Override = None,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(
            help="Last day of the history; later records are not looked at.",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Print what payers deny as a rule, with counts, intervals and since when.

    From HISTORY nothing is kept. Without it the rules of the store are learnt anew where
    something was loaded since, and listed with their numbers; a rule that you accept is from
    then on among the edits of a claim that breaks it.

    Example: firstpass rules practice/history --out rules.csv

    Example: firstpass load practice/history && firstpass rules && firstpass rules --accept 3
    """
    from models.history import HistoryOptions

    options = HistoryOptions(classes, categories, crosswalk, as_of.date() if as_of else None)
    decisions = [x for x in (accept, edit, dismiss, undo) if x is not None]
    if history:
        if decisions:
            raise typer.BadParameter("decisions are on the rules of the store: leave HISTORY away")
        entries = _from_files(history, options)
    else:
        if len(decisions) > 1:
            raise typer.BadParameter("one decision at a time")
        with opened_store() as store:
            if decisions:
                entries = [_decided(store, accept, edit, dismiss, undo, reason)]
            else:
                entries = _from_store(store, options, claims)
    if payer:
        wanted = payer.casefold()
        entries = [
            e
            for e in entries
            if wanted in e.rule.payer_name.casefold() or wanted in e.rule.payer.casefold()
        ]
    if out is not None:
        _write(out, entries)
    show([e.as_json(claims) for e in entries], _words(entries, claims), as_json=json)


class _Entry:
    """One rule as it is printed; ``kept`` where it is the store's."""

    def __init__(
        self, rule: "PayerRule", lines: "Sequence[ClaimLine]", kept: "KeptRule | None" = None
    ) -> None:
        self.rule = rule
        self.lines = lines
        self.kept = kept

    def as_json(self, claims: bool) -> dict[str, Any]:
        import msgspec

        kept = self.kept
        own: dict[str, Any] = {}
        if kept is not None:
            own = {"id": kept.id, "status": kept.status, "reason": kept.reason}
        own |= {"key": self.rule.key, "words": self.rule.words, "remedy": self.rule.remedy}
        if claims:
            own["claims"] = self.lines
        return own | msgspec.structs.asdict(self.rule)

    def words(self, claims: bool) -> list[str]:
        rule, kept = self.rule, self.kept
        number = "" if kept is None else f"{kept.id:>4} {kept.status:<9} "
        lines = [
            f"{number}{rule.words}",
            f"{' ' * len(number)}  {rule.confidence:.0%} ({rule.low:.0%} to {rule.high:.0%});"
            f" without it {rule.control_denied} of {rule.control_answered};"
            f" last seen {rule.last_seen}" + ("" if rule.holds else "; no longer"),
        ]
        if claims:
            lines += [
                f"{' ' * len(number)}    {x.claim_id} line {x.number},"
                f" submitted {x.submitted}: {'denied' if x.denied else 'not denied so'}"
                for x in self.lines[:MOST_CLAIMS]
            ]
        return lines


def _from_files(paths: Sequence[Path], options: "HistoryOptions") -> list[_Entry]:
    from models.history import read_history
    from models.history.rules import learn_rules

    with _progress("reading the history") as say:
        history = read_history(paths, options)
        say("learning payer rules", 0, len(history.submissions))
        size = len(history.submissions)
        found = learn_rules(history, lambda done: say("learning payer rules", done, size))
    return [_Entry(f.rule, f.lines) for f in found]


def _from_store(store: "Store", options: "HistoryOptions", claims: bool) -> list[_Entry]:
    import msgspec

    from models.history.rules import ClaimLine, decode_rule

    for practice in store.outcomes.practices():
        if store.rule_learning.due(practice):
            with _progress(f"learning the payer rules of practice {practice}") as say:
                store.rule_learning.learn(
                    practice, options, lambda done: say("learning payer rules", done, None)
                )
    _publish(store)
    entries = []
    for kept in store.rules.list(None):
        lines: list[ClaimLine] = []
        if claims:
            lines = msgspec.json.decode(store.rules.evidence(kept.id), type=list[ClaimLine])
        entries.append(_Entry(decode_rule(kept.content), lines, kept))
    entries.sort(key=lambda e: (e.rule.practice, e.rule.payer_name, -e.rule.denied))
    return entries


def _decided(
    store: "Store",
    accept: int | None,
    edit: tuple[int, Path] | None,
    dismiss: int | None,
    undo: int | None,
    reason: str,
) -> _Entry:
    from models.errors import InputError
    from models.history.rules import decode_rule
    from serving.audit import AuditEntry
    from serving.store.rule_learning import checked_edit

    edited = None
    if edit is not None:
        number, path = edit
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror})") from error
        edited = checked_edit(store.rules.get(number), content)
        status = "edited"
    elif accept is not None:
        number, status = accept, "accepted"
    elif dismiss is not None:
        number, status = dismiss, "dismissed"
    else:
        assert undo is not None
        number, status = undo, "proposed"
    kept = store.rules.decide(number, status, actor(), reason=reason, edited=edited)
    store.audit.append(
        AuditEntry(
            actor=actor(),
            action=f"rule.{status}",
            record=f"rule:{number}",
            practice=kept.practice,
        )
    )
    _publish(store)
    return _Entry(decode_rule(kept.content), (), kept)


def _publish(store: "Store") -> None:
    from models.codes.store import tables_folder
    from serving.settings import read_settings

    store.rule_learning.publish(tables_folder(read_settings().home))


def _words(entries: Sequence[_Entry], claims: bool) -> str:
    if not entries:
        return (
            "no payer rule shows: it takes at least three denials with one reason code, and"
            " services without the condition to compare with"
        )
    lines: list[str] = []
    practices = {e.rule.practice for e in entries}
    before = ""
    for entry in entries:
        if len(practices) > 1 and entry.rule.practice != before:
            before = entry.rule.practice
            lines.append(f"practice {before}")
        lines += entry.words(claims)
    return "\n".join(lines)


def _write(out: Path, entries: Sequence[_Entry]) -> None:
    import csv

    from models.errors import InputError

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", newline="", encoding="utf-8") as file:
            rows = [_row(e.as_json(False)) for e in entries]
            writer = csv.DictWriter(file, list(rows[0]) if rows else ["words"])
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror})") from error


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """A rule as a row of a table: lists with spaces between, counts by procedure left out."""
    return {
        key: " ".join(value) if isinstance(value, tuple) else value
        for key, value in entry.items()
        if key not in ("support", "payers")
    }


@contextmanager
def _progress(begin: str) -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar on a terminal, one line a step in a log."""
    if not sys.stderr.isatty():
        note(begin)
        yield lambda _step, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    shown = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} claims"),
        TimeElapsedColumn(),
    )
    with Progress(*shown, console=Console(stderr=True)) as bar:
        task = bar.add_task(begin, total=None)

        def say(step: str, done: int, total: int | None) -> None:
            bar.update(task, description=step, completed=done, total=total)

        yield say
