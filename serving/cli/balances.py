"""``firstpass balances``: what patients owe, letters, stops, payment plans."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import Json, actor, columns, note, opened_store, show
from serving.cli.ledger import PracticeOption, only
from serving.cli.ledger_decisions import Reason, decider, dollars

if TYPE_CHECKING:
    from serving.store.balances_reading import AccountView
    from serving.store.store import Store

app = typer.Typer(
    no_args_is_help=True,
    help="Patients' balances: what may be billed, letters, stops, payment plans. Nothing is sent.",
)

Which = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="As `balances list` shows it, or the number of one of its claims.",
        show_default=False,
    ),
]  # fmt: skip
Day = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Without: today."),
]


@app.command("list")
def list_(
    practice: PracticeOption = None,
    step: Annotated[
        str,
        typer.Option(help="Only what waits for this step: ready, statement, reminder, held, ..."),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 50,
    json: Json = False,
) -> None:
    """Accounts that owe something: what is ready for a step first, the largest first.

    Example: firstpass balances list --step ready
    """
    from models.revenue.patient_accounts import NextStep

    allowed = ["ready", *(str(x) for x in NextStep)]
    if step and step not in allowed:
        raise typer.BadParameter(f"allowed: {', '.join(allowed)}", param_hint="--step")
    with opened_store() as store:
        page = store.balance_reports.accounts(
            only(practice), today=_today(), step=step, limit=limit
        )
    if page.stale:
        note("something loaded is not worked in yet: run `firstpass post`")
    rows = [
        {
            "account": x.account,
            "claim": x.claim_id,
            "owed": f"{x.owed:,.2f}",
            "may bill": f"{x.billable:,.2f}",
            "since": x.oldest.isoformat() if x.oldest else "",
            "next": x.words,
            "from": x.due.isoformat() if x.due else "",
            "why": x.why,
        }
        for x in page.accounts
    ]
    words = columns(rows) or "no patient owes anything"
    if page.count > len(rows):
        words += f"\nand {page.count - len(rows):,} more (see --limit)"
    if rows:
        words += f"\n\n{page.owed:,.2f} owed, {page.billable:,.2f} may be billed"
    show(page, words, as_json=json)


@app.command("show")
def show_account(account: Which, practice: PracticeOption = None, json: Json = False) -> None:
    """One account: services with what holds them, stops, letters and plans.

    Example: firstpass balances show A00068539
    """
    with opened_store() as store:
        view = _view(store, practice, account)
    show(view, _words(view), as_json=json)


@app.command()
def letter(
    account: Which,
    kind: Annotated[
        str, typer.Option(help="statement, reminder, last_reminder or plan.")
    ] = "statement",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the text and the PDF; without: the text is shown.",
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Write a letter from the data, once nothing holds it; edit it, then mark it as sent.

    Example: firstpass balances letter A00068539 --out letters
    """  # fmt: skip
    from models.revenue.patient_accounts import LetterKind

    kinds = {str(x): x for x in LetterKind}
    if kind not in kinds:
        raise typer.BadParameter(f"allowed: {', '.join(kinds)}", param_hint="--kind")
    with opened_store() as store:
        token = _token(store, practice, account)
        made = store.balance_decisions.write_letter(token, kinds[kind], decider(), today=_today())
        _audit(store, "balance.letter_written", token)
    words = made.text
    if out is not None:
        words = f"written: {', '.join(_write(out, token, made.number, made.version, made.text))}"
    show(made, words, as_json=json)


@app.command()
def edit(
    account: Which,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the letter.")],
    text: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The letter as you edited it.", exists=True, dir_okay=False
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the PDF.", file_okay=False, show_default=False)
    ] = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Keep a letter's edited text as its next version; says how hard it is to read.

    Example: firstpass balances edit A00068539 1 letter.txt --out letters
    """
    from models.errors import InputError
    from models.revenue.reading_level import HIGHEST_GRADE, reading_level

    try:
        content = text.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{text.name} is no UTF-8 text") from error
    with opened_store() as store:
        token = _token(store, practice, account)
        made = store.balance_decisions.edit_letter(
            token, number, content, decider(), today=_today()
        )
        _audit(store, "balance.letter_edited", token)
    level = reading_level(made.text)
    words = f"letter {number}, version {made.version}; reading level: grade {level.grade}"
    if level.grade > HIGHEST_GRADE:
        words += f", above {HIGHEST_GRADE:.0f}: use shorter words and sentences"
    if out is not None:
        words += f"\nwritten: {', '.join(_write(out, token, number, made.version, made.text))}"
    show(made, words, as_json=json)


@app.command()
def sent(
    account: Which,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the letter.")],
    way: Annotated[str, typer.Option(help="mail, portal, handed or email.")] = "mail",
    on: Day = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Note that you sent a letter; holds and stops are asked once more.

    Example: firstpass balances sent A00068539 1 --way mail
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        day = on.date() if on else _today()
        made = store.balance_decisions.mark_sent(
            token, number, way, decider(), day=day, today=_today()
        )
        _audit(store, "balance.letter_sent", token)
    show(made, f"letter {number} was sent on {made.sent}", as_json=json)


@app.command()
def stop(
    account: Which,
    kind: Annotated[
        str,
        typer.Option(help="dispute, hardship, deceased, bankruptcy, do_not_contact or appeal."),
    ],
    reason: Reason,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Stop letters, reminders and plans of an account; kept with who and why.

    Example: firstpass balances stop A00068539 --kind dispute --reason "says he paid by card"
    """
    from models.revenue.stops import StopKind

    kinds = {str(x): x for x in StopKind}
    if kind not in kinds:
        raise typer.BadParameter(f"allowed: {', '.join(kinds)}", param_hint="--kind")
    with opened_store() as store:
        token = _token(store, practice, account)
        made = store.balance_decisions.stop(token, kinds[kind], reason, decider(), today=_today())
        _audit(store, f"balance.stopped.{kind}", token)
    show(made, f"stopped ({kind}): stop {made.id}", as_json=json)


@app.command()
def lift(
    account: Which,
    stop_id: Annotated[int, typer.Argument(metavar="STOP", help="Number of the stop.")],
    reason: Reason,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Lift a stop; it stays on record.

    Example: firstpass balances lift A00068539 3 --reason "receipt found, balance corrected"
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        made = store.balance_decisions.lift(token, stop_id, reason, decider(), today=_today())
        _audit(store, f"balance.lifted.{made.kind}", token)
    show(made, f"stop {made.id} ({made.kind}) is lifted", as_json=json)


@app.command()
def plan(
    account: Which,
    instalments: Annotated[int, typer.Argument(metavar="INSTALMENTS", min=1, max=120)],
    reason: Reason,
    first: Day = None,
    total: Annotated[
        str | None,
        typer.Option(help="Dollars; without: all that may be billed.", show_default=False),
    ] = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Begin a payment plan: equal monthly instalments, the last takes the cents.

    Example: firstpass balances plan A00068539 6 --first 2026-12-15 --reason "agreed by phone"
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        store.balance_decisions.plan(
            token, instalments, first.date() if first else _today(), reason, decider(),
            today=_today(), total=None if total is None else dollars(total),
        )  # fmt: skip
        _audit(store, "balance.plan_begun", token)
        view = _view(store, practice, token)
    made = view.plans[0]
    rows = [
        {"number": str(x.number), "due": x.due.isoformat(), "amount": f"{x.amount:,.2f}"}
        for x in made.instalments
    ]
    show(made, columns(rows), as_json=json)


@app.command("end-plan")
def end_plan(
    account: Which, reason: Reason, practice: PracticeOption = None, json: Json = False
) -> None:
    """End the payment plan that runs.

    Example: firstpass balances end-plan A00068539 --reason "two instalments missed"
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        number = store.balance_decisions.end_plan(token, reason, decider(), today=_today())
        _audit(store, "balance.plan_ended", token)
    show({"plan": number}, f"plan {number} is ended", as_json=json)


@app.command("note")
def note_(
    account: Which,
    words: Annotated[str, typer.Option("--note", help="What was said.")],
    again: Day = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Note what was said with a patient; until --again the account waits.

    Example: firstpass balances note A00068539 --note "pays next week" --again 2026-12-10
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        made = store.balance_decisions.note(
            token, words, decider(), again=again.date() if again else None, today=_today()
        )
        _audit(store, "balance.noted", token)
    show(made, f"noted{f'; look again on {made.again}' if made.again else ''}", as_json=json)


@app.command()
def pay(
    account: Which,
    amount: Annotated[str, typer.Argument(metavar="DOLLARS")],
    reference: Annotated[str, typer.Option(help="Receipt or check number; kept with the posting.")],
    on: Day = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Post a patient's payment to the oldest services that may be billed.

    Example: firstpass balances pay A00068539 25.00 --reference "receipt 114"
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        posted = store.balance_decisions.pay(
            token, dollars(amount), reference, decider(), day=on.date() if on else _today(),
            today=_today(),
        )  # fmt: skip
        _audit(store, "balance.paid", token)
    show(posted, f"{amount} posted in {len(posted)} entries", as_json=json)


@app.command("write-off")
def write_off(
    account: Which, reason: Reason, practice: PracticeOption = None, json: Json = False
) -> None:
    """Write off a small balance: all that may be billed, within your authority.

    Example: firstpass balances write-off A00068539 --reason "below the cost of a letter"
    """
    with opened_store() as store:
        token = _token(store, practice, account)
        posted = store.balance_decisions.write_off_small(token, reason, decider(), today=_today())
        _audit(store, "balance.written_off", token)
    total = sum(x.amount for x in posted)
    show(posted, f"{total:,.2f} written off in {len(posted)} entries", as_json=json)


@app.command("next-payer")
def next_payer(
    out: Annotated[
        Path | None,
        typer.Option(
            help="837P file for the claims; without: they are listed.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Claims to bill to the next payer, with the first one's decision; nothing is sent.

    Until then the patient's share is on hold.

    Example: firstpass balances next-payer --out secondary.837
    """  # fmt: skip
    from models.claims.x12 import write_837p
    from models.errors import InputError
    from models.revenue.next_payers import next_payer_claims
    from serving.audit import AuditEntry

    with opened_store() as store:
        names = [practice] if practice else store.outcomes.practices()
        found = [
            x
            for name in names
            for x in next_payer_claims(store.outcomes.history(name), today=_today())
        ]
        if out is not None and found:
            try:
                with out.open("wb") as file:
                    write_837p([x.claim for x in found], file)
            except OSError as error:
                raise InputError(f"{out} cannot be written ({error.strerror})") from error
            store.audit.append(
                AuditEntry(
                    actor=actor(), action="balance.next_payer_written", record="claims",
                    practice=practice or "", detail={"claims": len(found)},
                )
            )  # fmt: skip
    rows = [
        {
            "claim": x.claim.claim_id,
            "next payer": x.payer_name,
            "answered": x.answered.isoformat(),
            "left": f"{x.left:,.2f}",
        }
        for x in found
    ]
    words = columns(rows) or "no claim waits for its next payer to be billed"
    if out is not None and found:
        words += f"\n\n{len(found)} claim{'s' * (len(found) != 1)} written to {out}"
    listed = [{"claim_id": x.claim.claim_id, "payer": x.payer_name, "left": x.left} for x in found]
    show(listed, words, as_json=json)


def _words(view: "AccountView") -> str:
    lines = [
        {
            "service": x.service_date.isoformat() if x.service_date else "",
            "claim": x.claim_id,
            "code": x.code,
            "charge": f"{x.charge:,.2f}",
            "plan paid": f"{x.plan_paid:,.2f}",
            "taken off": f"{x.taken_off:,.2f}",
            "paid": f"{x.patient_paid:,.2f}",
            "owed": f"{x.owed:,.2f}",
            "not to be billed": "; ".join(x.hold_words),
        }
        for x in view.lines
    ]
    parts = [
        f"account {view.account}: {view.owed:,.2f} owed, {view.billable:,.2f} may be billed; "
        f"{view.words}{f' from {view.due}' if view.due else ''}"
        f"{f' ({view.why})' if view.why else ''}",
        columns(lines),
    ]
    parts += [
        f"stop {x.id} ({x.kind}), set by {x.set_by}: {x.reason}" for x in view.stops if not x.lifted
    ]
    parts += [
        f"letter {x.number}, version {x.version} ({x.kind}), {x.amount:,.2f}: "
        + (f"sent {x.sent} by {x.way}" if x.sent else "not sent")
        for x in view.letters
    ]
    parts += [f"note of {x.created:%Y-%m-%d}, {x.actor}: {x.words}" for x in view.notes]
    parts += [
        f"plan {p.id}: {p.total:,.2f} in {len(p.instalments)} instalments, "
        + (f"ended {p.ended}: {p.end_reason}" if p.ended else str(p.standing.state))
        + f", {p.standing.paid:,.2f} paid"
        for p in view.plans
    ]
    return "\n".join(x for x in parts if x)


def _view(store: "Store", practice: str | None, account: str) -> "AccountView":
    token = _token(store, practice, account)
    return store.balance_reports.account(only(practice), token, today=_today())


def _token(store: "Store", practice: str | None, account: str) -> str:
    return store.balance_reports.find(only(practice), account)


def _write(out: Path, token: str, number: int, version: int, text: str) -> Sequence[str]:
    from models.errors import InputError
    from models.revenue.letters import letter_pdf

    name = f"{token}-letter{number:02d}-v{version:03d}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.txt").write_text(text, encoding="utf-8")
        (out / f"{name}.pdf").write_bytes(letter_pdf(text, "Letter"))
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror})") from error
    return [str(out / f"{name}.txt"), str(out / f"{name}.pdf")]


def _audit(store: "Store", action: str, token: str) -> None:
    from serving.audit import AuditEntry

    practice = store.balance_decisions.practice(token, decider())
    # Reasons and letters are free text: they stay with the decision.
    store.audit.append(
        AuditEntry(actor=actor(), action=action, record=f"account:{token}", practice=practice)
    )


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
