"""``firstpass appeal``: the packet of one denied claim, as files in a folder."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli.console import Json, progress, show
from training.cli.denials import Actions, Notices, Routes, recovery_model
from training.cli.history import AsOf, Categories, Classes, Crosswalk, History, history_options

if TYPE_CHECKING:
    from models.revenue.packet import Packet


def appeal(
    claim_id: Annotated[str, typer.Argument(help="Claim number (CLM01).", show_default=False)],
    history: History,
    out: Annotated[
        Path, typer.Option(help="Folder for the packets.", file_okay=False, show_default=False)
    ],
    action: Annotated[
        str | None,
        typer.Option(
            help="Instead of the next best: correct, appeal, send_records, bill_other_payer."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="POINTER=VALUE",
            help="A correction, as '/lines/0/modifiers=[\"25\"]'; may be repeated.",
        ),
    ] = None,
    letter: Annotated[
        Path | None,
        typer.Option(
            help="The letter as you edited it, for a new version.", exists=True, dir_okay=False
        ),
    ] = None,
    enclose: Annotated[
        list[str] | None,
        typer.Option(help="A document that you enclose, in words; may be repeated."),
    ] = None,
    routes: Routes = None,
    notices: Notices = None,
    actions: Actions = None,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Write a letter (text and PDF), the claim by the payer's route, and proof of filing.

    Each version is kept; edit letter.txt and give it back with --letter. Nothing is sent.

    Example: firstpass appeal A1001 practice/history --out packets
    """
    from models.edits import EditTables
    from models.errors import InputError
    from models.history import read_history
    from models.revenue.actions import Action
    from models.revenue.expected import FeeTables
    from models.revenue.packet import PacketOptions, build_next_claim, build_packet
    from models.revenue.work import Worklist, WorkOptions

    if action is not None and action not in list(Action):
        raise InputError(f"--action {action!r} is unknown; allowed: {', '.join(Action)}")
    changes = _changes(set_ or ())
    text = _letter(letter)
    read = history_options(classes, categories, crosswalk, as_of)
    with progress() as report:
        report("reading the history")
        found = read_history(history, read)
        if not any(s.claim.claim_id == claim_id for s in found.submissions):
            raise InputError(f"no claim of this history has the number {claim_id!r} (CLM01)")
        report("finding what is open")
        model, _ = recovery_model(found)
        tables = EditTables.load()
        work = WorkOptions(routes=routes, notices=notices, actions=actions)
        worklist = Worklist(found, model, work, edits=tables, fees=FeeTables.load())
        items = [x for x in worklist.items() if x.claim_id == claim_id]
        if not items and action == Action.BILL_OTHER_PAYER:
            answered = next(s for s in reversed(found.submissions) if s.claim.claim_id == claim_id)
            packet = build_next_claim(answered, out, worklist.today, tables)
            show(packet, _words(packet), as_json=json)
            return
        if not items:
            raise InputError(
                f"claim {claim_id}: nothing is open: no line was denied or cut, or it was sent"
                " again or paid since"
            )
        report("writing the packet")
        latest = max(x.submission for x in items)
        options = PacketOptions(
            today=worklist.today,
            action=None if action is None else Action(action),
            changes=changes,
            letter=text,
            enclosures=tuple(enclose or ()),
        )
        own = [x for x in items if x.submission == latest]
        packet = build_packet(found, own, out, options, tables)
    show(packet, _words(packet), as_json=json)


def _changes(pairs: "list[str] | tuple[()]") -> dict[str, Any]:
    from models.errors import InputError

    found: dict[str, Any] = {}
    for pair in pairs:
        pointer, is_pair, value = pair.partition("=")
        if not is_pair or not pointer.startswith("/"):
            raise InputError("--set takes POINTER=VALUE, as '/lines/0/modifiers=[\"25\"]'")
        try:
            found[pointer] = json_.loads(value)
        except ValueError:
            found[pointer] = value  # plain words need no quotation marks
    return found


def _letter(path: Path | None) -> str | None:
    from models.errors import InputError

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text") from error


def _words(packet: "Packet") -> str:
    by = f", by {packet.route.value}" if packet.route else ""
    lines = [
        f"{packet.claim_id}: {packet.action.value}{by}",
        f"version {packet.version} in {packet.folder}"
        + ("" if packet.new else " (nothing new: the version that was there)"),
        *(f"  {name}" for name in packet.files),
    ]
    if packet.deadline is not None:
        lines.append(f"until {packet.deadline} ({packet.deadline_source})")
    if packet.unfinished:
        lines.append(f"the letter has {packet.unfinished} place in brackets that you must write")
    lines += packet.notes
    lines += [f"{e.severity.value}: {e.message} {e.remedy}" for e in packet.edits]
    lines.append("Nothing was sent.")
    return "\n".join(lines)
