"""An appeal packet: everything that goes to a payer about one claim, as files in a folder.

Each run that says something new makes a version of its own (``v001``, ``v002``, ...); none is
overwritten, and nothing is sent.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from models.claims.claim import Claim
from models.claims.x12 import write_837p
from models.claims.x12.writer import Envelope
from models.edits import EditContext, EditTables, check_claim
from models.edits.edit import Edit
from models.errors import InputError
from models.history.history import ClaimHistory
from models.history.outcomes import Submission
from models.revenue.actions import Action
from models.revenue.filing_proof import filing_proof
from models.revenue.letters import OPEN_PLACE, compose_letter, letter_facts, letter_pdf
from models.revenue.routes import Route
from models.revenue.second_claims import corrected_claim, next_claim, next_payer
from models.revenue.work import Option, WorkItem

MANIFEST = "packet.json"
_CLAIM_ROUTES = (Route.NEW_CLAIM, Route.REPLACEMENT, Route.VOID)


class PacketOptions(msgspec.Struct, frozen=True):
    """What a person decides.

    ``action``: instead of the next best one. ``claim``: the claim as somebody corrected it,
    instead of as it was sent; ``changes``: JSON pointers into it and the values that correct it.
    ``letter``: an edited text instead of the template's. ``enclosures``: names of documents to
    be enclosed besides.
    """

    today: dt.date
    action: Action | None = None
    claim: Claim | None = None
    changes: Mapping[str, Any] = {}
    letter: str | None = None
    enclosures: Sequence[str] = ()


class Packet(msgspec.Struct, frozen=True):
    """What was written. ``new``: whether it differs from the version before.

    ``unfinished`` counts places of the letter that a person still has to write; ``edits`` are
    what the corrected claim still breaks.
    """

    claim_id: str
    action: Action
    route: Route | None
    deadline: dt.date | None
    deadline_source: str
    folder: str
    version: int
    new: bool
    files: list[str]
    unfinished: int
    edits: list[Edit]
    notes: list[str]


class PacketDraft(msgspec.Struct):
    """What goes into a packet, before it is kept anywhere; ``files`` by name."""

    claim_id: str
    option: Option
    files: dict[str, bytes] = {}
    edits: list[Edit] = []
    notes: list[str] = []
    unfinished: int = 0

    def kept(self, folder: str, version: int, new: bool) -> Packet:
        """The packet that was kept as ``version``."""
        option = self.option
        return Packet(
            self.claim_id, option.action, option.route, option.deadline, option.deadline_source,
            folder, version, new, sorted(self.files), self.unfinished, self.edits, self.notes,
        )  # fmt: skip


def choose_option(items: Sequence[WorkItem], action: Action | None) -> Option:
    """The option that these items of one claim are worked by: the one worth most in all.

    Raises:
        InputError: the action is not open to the claim; the text says what is, and why not.
    """
    worth: dict[Action, float] = {}
    first: dict[Action, Option] = {}
    for item in items:
        for option in item.options:
            worth[option.action] = worth.get(option.action, 0.0) + option.worth
            first.setdefault(option.action, option)
    chosen = action or max(worth, key=lambda a: worth[a])
    if chosen not in first:
        reasons = [f"deadline passed: {', '.join(items[0].missed)}"] if items[0].missed else []
        if chosen is Action.BILL_PATIENT and items[0].hold:
            reasons.append(items[0].hold)
        why = f" ({'; '.join(reasons)})" if reasons else ""
        raise InputError(
            f"claim {items[0].claim_id}: {chosen.value} is not open to it{why};"
            f" open are: {', '.join(sorted(a.value for a in first))}"
        )
    return first[chosen]


def build_packet(
    history: ClaimHistory,
    items: Sequence[WorkItem],
    out: Path,
    options: PacketOptions,
    tables: EditTables,
) -> Packet:
    """Write the packet of one claim's open lines (``items``, of one submission) under ``out``.

    Raises:
        InputError: as `draft_packet`.
    """
    draft = draft_packet(history, items, options, tables)
    version, at, new = _keep(_folder(out, draft.claim_id), draft.files)
    return draft.kept(str(at), version, new)


def build_next_claim(
    submission: Submission, out: Path, today: dt.date, tables: EditTables
) -> Packet:
    """Write the claim to the next payer of a claim whose own payer has answered.

    Raises:
        InputError: there is no answer that stands, or the claim names no further payer.
    """
    claim_id = submission.claim.claim_id
    answer = submission.last
    if answer is None:
        raise InputError(f"claim {claim_id}: its payer has not answered, so no other comes next")
    option = Option(
        Action.BILL_OTHER_PAYER, Route.NEW_CLAIM, None, "", False, 0.0, "", 0.0, 0.0
    )  # fmt: skip
    made = PacketDraft(claim_id, option)
    claim = next_claim(submission, answer, today=today)
    _add_claim(made, "secondary.837", claim, tables, today)
    version, at, new = _keep(_folder(out, claim_id), made.files)
    return made.kept(str(at), version, new)


def _folder(out: Path, claim_id: str) -> Path:
    return out / (re.sub(r"[^A-Za-z0-9._-]+", "_", claim_id).strip("._") or "claim")


def draft_packet(
    history: ClaimHistory,
    items: Sequence[WorkItem],
    options: PacketOptions,
    tables: EditTables,
) -> PacketDraft:
    """The packet of one claim's open lines (``items``, of one submission), kept nowhere yet.

    Raises:
        InputError: the action is not open to the claim, a change does not fit it, or a claim is
            asked for that cannot be made.
    """
    option = choose_option(items, options.action)
    items = [x for x in items if any(o.action is option.action for o in x.options)]
    submission = history.submissions[items[0].submission]
    corrected = options.claim is not None and options.claim != submission.claim
    if options.claim is not None:
        submission = msgspec.structs.replace(submission, claim=options.claim)
    made = PacketDraft(items[0].claim_id, option)
    enclosures = ["a copy of the remittance notice with the lines above"]
    if option.route in _CLAIM_ROUTES and option.action is not Action.BILL_OTHER_PAYER:
        lines = [x.line - 1 for x in items] if _only_denied(option) else ()
        claim = corrected_claim(
            submission, option.route, today=options.today, lines=lines, changes=options.changes
        )
        _add_claim(made, "corrected.837", claim, tables, options.today)
        enclosures.append("the corrected claim")
        if not options.changes and not corrected:
            made.notes.append(
                "corrected.837 repeats what was sent: correct it first (--set, or in your system)"
            )
            made.notes += [f"line {x.line}: {x.cause.remedy}" for x in items if x.cause.remedy]
    if option.action is Action.BILL_OTHER_PAYER:
        answer = submission.last
        if answer is not None and next_payer(submission.claim) is not None:
            claim = next_claim(submission, answer, today=options.today)
            _add_claim(made, "secondary.837", claim, tables, options.today)
        else:
            made.notes.append(
                "the claim names no other payer: find the coverage, then bill it from your system"
            )
    chain = [s for s in history.submissions if s.chain == submission.chain]
    proof = filing_proof(chain)
    if proof.accepted:
        _add_text(made, "filing-proof", proof.text(), "Proof of timely filing")
        enclosures.append("proof of timely filing")
    elif any(c in ("29", "285", "286") for x in items for c in x.carcs):
        made.notes.append("no 277CA acceptance is on file: the claim's timely filing is unproven")
    enclosures += options.enclosures
    if option.action not in (Action.BILL_PATIENT, Action.WRITE_OFF, Action.BILL_OTHER_PAYER):
        facts = letter_facts(history, items, option, today=options.today, enclosures=enclosures)
        text = options.letter or compose_letter(facts, option)
        _add_text(made, "letter", text, facts.subject)
        made.unfinished = sum(line.startswith(OPEN_PLACE) for line in text.splitlines())
    if option.action is Action.BILL_PATIENT:
        made.notes.append("bill the patient by a statement; a packet goes to payers only")
    if option.action is Action.WRITE_OFF:
        made.notes.append(
            f"a write-off takes the role {items[0].needs}: 'firstpass ledger write-off --help'"
        )
    record = {
        "claim_id": items[0].claim_id, "action": option.action, "route": option.route,
        "deadline": option.deadline, "deadline_source": option.deadline_source,
        "control_number": items[0].control_number, "enclosures": enclosures,
        "lines": [
            {"line": x.line, "code": x.code, "carcs": x.carcs, "rarcs": x.rarcs,
             "at_stake": x.at_stake, "cause": x.cause}
            for x in items
        ],
        "sha256": {n: hashlib.sha256(c).hexdigest() for n, c in sorted(made.files.items())},
        "sources": [
            {"file": r.source.file, "segment": r.source.segment_number}
            for _, r in submission.answers
        ],
    }  # fmt: skip
    encoded = msgspec.json.encode(record, order="deterministic")
    made.files[MANIFEST] = msgspec.json.format(encoded, indent=2) + b"\n"
    return made


def _only_denied(option: Option) -> bool:
    return option.route is Route.NEW_CLAIM


def _add_text(made: PacketDraft, name: str, text: str, title: str) -> None:
    made.files[f"{name}.txt"] = text.encode()
    made.files[f"{name}.pdf"] = letter_pdf(text, title)


def _add_claim(
    made: PacketDraft, name: str, claim: Claim, tables: EditTables, today: dt.date
) -> None:
    out = BytesIO()
    envelope = Envelope(
        sender_id=claim.submitter_id[:15] or "FIRSTPASS",
        receiver_id=claim.receiver_id[:15] or "RECEIVER",
        submitter_name=claim.billing.name or "FIRSTPASS",
        contact_phone=claim.billing.contact_phone or "5550100000",
    )
    write_837p([claim], out, envelope=envelope)
    made.files[name] = out.getvalue()
    made.edits += check_claim(claim, tables, EditContext(today))


def _keep(folder: Path, files: Mapping[str, bytes]) -> tuple[int, Path, bool]:
    """Version number, its folder, and whether it is new."""
    latest = max(
        (int(p.name[1:]) for p in folder.glob("v*") if re.fullmatch(r"v\d{3,}", p.name)), default=0
    )
    if latest:
        at = folder / f"v{latest:03d}"
        kept = {p.name: p.read_bytes() for p in at.iterdir() if p.is_file()}
        if kept == dict(files):
            return latest, at, False
    at = folder / f"v{latest + 1:03d}"
    at.mkdir(parents=True)
    for name, content in files.items():
        (at / name).write_bytes(content)
    return latest + 1, at, True
