"""The decisions of ``firstpass ledger``: releases, counter-entries, write-offs, payments."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli import ledger
from serving.cli.console import Json, actor, note, opened_store, show

if TYPE_CHECKING:
    from decimal import Decimal

    from serving.audit import AuditEntry
    from serving.store.ledger_decisions import Decider

app = ledger.app
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.", show_default=False)]
# More would push the result off the screen; --json has them all.
MOST_PROBLEMS = 20


@app.command()
def release(
    key: Annotated[str, typer.Argument(help="As `firstpass ledger suspense` shows it.")],
    reason: Reason,
    json: Json = False,
) -> None:
    """Post a held item as it stands.

    Example: firstpass ledger release 5f0c... --reason "payer confirmed the amount"
    """
    from serving.store.working import work_in

    with opened_store() as store:
        item = store.ledger_decisions.release(key, decider(), reason)
        store.audit.append(_audit("suspense.released", f"suspense:{key}", item.practice))
        work_in(store, item.practice)
    show(item, f"{key} is released and posted", as_json=json)


@app.command()
def hold(
    key: Annotated[str, typer.Argument(help="Key of a released item.")],
    reason: Reason,
    json: Json = False,
) -> None:
    """Take a release back: what was posted for it is undone by counter-entries.

    Example: firstpass ledger hold 5f0c... --reason "released by mistake"
    """
    from serving.store.working import work_in

    with opened_store() as store:
        item = store.ledger_decisions.hold(key, decider(), reason)
        store.audit.append(_audit("suspense.held", f"suspense:{key}", item.practice))
        work_in(store, item.practice)
    show(item, f"{key} is held again", as_json=json)


@app.command()
def heard(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM", help="CLM01, the account number.")],
    words: Annotated[str, typer.Option("--note", help="What the payer said.")],
    again: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="When to ask again."),
    ] = None,
    practice: ledger.PracticeOption = None,
    json: Json = False,
) -> None:
    """Note what you heard about a claim without an answer; it leaves the list until --again.

    Example: firstpass ledger heard A00068539 --note "in process, call 4711" --again 2026-12-10
    """
    from serving.store.errors import NotFoundError

    today = dt.datetime.now(dt.UTC).date()
    with opened_store() as store:
        page = store.follow_ups.unanswered(
            ledger.only(practice), today=today, stage="all", limit=ledger.MOST_LISTED
        )
        found = [x for x in page.claims if x.claim_id == claim_id]
        if len(found) != 1:
            what = "several claims" if found else "no claim"
            raise NotFoundError(f"{what} without an answer: this number")
        made = store.follow_ups.heard(
            found[0].number, words, decider(), again=again.date() if again else None, today=today
        )
        store.audit.append(_audit("followup.heard", f"submission:{made.number}", made.practice))
    show(made, f"noted; {f'ask again on {made.again}' if made.again else 'it stays in the list'}",
         as_json=json)  # fmt: skip


@app.command()
def counter(
    entry_id: Annotated[int, typer.Argument(metavar="ID", help="Of an entry.")],
    reason: Reason,
    json: Json = False,
) -> None:
    """Undo one entry by a counter-entry; nothing is ever deleted.

    Example: firstpass ledger counter 4711 --reason "posted to the wrong patient"
    """
    with opened_store() as store:
        entry = store.ledger_decisions.counter(entry_id, decider(), reason)
        store.audit.append(_audit("ledger.countered", f"entry:{entry_id}", ""))
    show(entry, f"entry {entry_id} is undone by entry {entry.id}", as_json=json)


@app.command("write-off")
def write_off(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM", help="CLM01, the account number.")],
    line: Annotated[int, typer.Argument(metavar="LINE", help="Number of the service.")],
    kind: Annotated[str, typer.Option(help="denial, small_balance or other.")],
    reason: Reason,
    amount: Annotated[
        str | None, typer.Option(help="Dollars; without: all of it.", show_default=False)
    ] = None,
    practice: ledger.PracticeOption = None,
    json: Json = False,
) -> None:
    """Write off what is open on a service; a denial is never written off as contractual.

    Example: firstpass ledger write-off A00068539 2 --kind denial --reason "filed too late"
    """
    from models.revenue.write_offs import WriteOff

    kinds = {str(x): x for x in WriteOff}
    if kind not in kinds:
        raise typer.BadParameter(f"allowed: {', '.join(kinds)}", param_hint="--kind")
    with opened_store() as store:
        service = store.ledger_reports.service(ledger.only(practice), claim_id, line)
        wanted = None if amount is None else dollars(amount)
        entry = store.ledger_decisions.write_off(service, kinds[kind], decider(), reason, wanted)
        store.audit.append(_audit("ledger.written_off", f"entry:{entry.id}", service.practice))
    show(entry, f"{entry.amount:,.2f} written off: entry {entry.id}", as_json=json)


@app.command("patient-payment")
def patient_payment(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM", help="CLM01, the account number.")],
    line: Annotated[int, typer.Argument(metavar="LINE", help="Number of the service.")],
    amount: Annotated[str, typer.Argument(metavar="DOLLARS", help="Below zero: paid back.")],
    reference: Annotated[str, typer.Option(help="How it was paid, for instance a receipt.")],
    day: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")
    ] = None,
    practice: ledger.PracticeOption = None,
    json: Json = False,
) -> None:
    """Post what a patient paid for a service.

    Example: firstpass ledger patient-payment A00068539 1 28.09 --reference "receipt 114"
    """
    date = day.date() if day else dt.datetime.now(dt.UTC).date()
    with opened_store() as store:
        service = store.ledger_reports.service(ledger.only(practice), claim_id, line)
        entry = store.ledger_decisions.patient_payment(
            service, decider(), dollars(amount), date, reference
        )
        store.audit.append(_audit("ledger.patient_payment", f"entry:{entry.id}", service.practice))
    show(entry, f"{amount} posted: entry {entry.id}", as_json=json)


@app.command("patient-payments")
def patient_payments(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV: claim_id, line, dollars, day, reference.",
            exists=True, dir_okay=False,
        ),
    ],
    practice: ledger.PracticeOption = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Post what patients paid, from a list of the practice's own system.

    The same list, or a longer one with the same rows, posts nothing twice. Rows that are faulty
    or whose service is not in the ledger are named, and the others are posted.

    Example: firstpass ledger patient-payments practice/patient_payments.csv
    """
    from msgspec.structs import asdict

    from models.revenue.patient_payments import read_patient_payments
    from serving.store.ledger_decisions import Decider
    from serving.store.patient_payments import post_patient_payments
    from serving.store.working import work_in

    rows, problems = read_patient_payments(file)
    who = Decider(actor(), ("administrator",), None if practice is None else (practice,))
    with opened_store() as store:
        done = post_patient_payments(
            store.database, rows, who,
            report=lambda n: note(f"posting what patients paid: {n:,} of {len(rows):,} rows"),
        )  # fmt: skip
        for own in done.practices:
            store.audit.append(_audit("ledger.patient_payments", f"entries:{done.posted}", own))
            note(f"working out the figures of practice {own}")
            work_in(store, own)
    wrong = [*problems, *(f"{file.name}, {x}" for x in done.problems)]
    for text in wrong[:MOST_PROBLEMS]:
        note(text)
    if len(wrong) > MOST_PROBLEMS:
        note(f"and {len(wrong) - MOST_PROBLEMS:,} more rows (see --json)")
    words = (
        f"{done.posted:,} payments of {done.dollars:,.2f} posted, {done.known:,} known already,"
        f" {len(wrong):,} rows left out"
    )
    show({**asdict(done), "problems": wrong}, words, as_json=json)
    if wrong and not done.posted and not done.known:
        raise typer.Exit(1)


def dollars(text: str) -> "Decimal":
    """An amount as it is typed.

    Raises:
        InputError: it is none.
    """
    from decimal import Decimal, InvalidOperation

    from models.errors import InputError

    try:
        found = Decimal(text)
        if found.is_finite() and found == round(found, 2):
            return found
    except InvalidOperation:
        pass
    raise InputError(f"{text!r} is no amount in dollars and cents")


def decider() -> "Decider":
    """Whoever uses the console, with an administrator's authority."""
    from serving.store.ledger_decisions import Decider

    return Decider(actor(), ("administrator",))


def _audit(action: str, record: str, practice: str) -> "AuditEntry":
    from serving.audit import AuditEntry

    # The reason is free text: it stays with the decision.
    return AuditEntry(actor=actor(), action=action, record=record, practice=practice)
