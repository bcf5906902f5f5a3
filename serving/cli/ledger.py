"""``firstpass post`` and ``firstpass ledger``: postings, balances, and what is held."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import Json, columns, note, opened_store, show

if TYPE_CHECKING:
    from models.revenue.ageing import Basis
    from serving.store.ledger import Posted

app = typer.Typer(
    no_args_is_help=True,
    help="Look at the ledger: balances, receivables by age, a claim's postings, what is held.",
)

# More would push the result off the screen; --json has them all.
MOST_ROWS = 50
MOST_LISTED = 100_000

PracticeOption = Annotated[
    str | None,
    typer.Option(
        metavar="NPI:TAXNUMBER", help="Only this practice; without: all.", show_default=False
    ),
]


def post(
    practice: PracticeOption = None,
    force: Annotated[bool, typer.Option("--force", help="Look through everything again.")] = False,
    json: Json = False,
) -> None:
    """Post what is loaded and not yet posted: `load` and the running service do it by themselves.

    Posting twice changes nothing; a posting that was interrupted goes on.

    Example: firstpass post --force
    """
    from serving.store.working import work_in

    done: list[Posted] = []
    with opened_store() as store:
        for name in [practice] if practice else store.outcomes.practices():
            posted = None
            if force:
                posted = store.ledgers.post(name, force=True)
            elif (worked := work_in(store, name)) is not None:
                posted = worked.posted
            if posted is not None:
                done.append(posted)
    words = "\n".join(posted_words(x) for x in done) or "everything is posted"
    show(done, words, as_json=json)


def posted_words(posted: "Posted") -> str:
    """What a posting did, in a line."""
    words = (
        f"practice {posted.practice}: {posted.encounters:,} encounters and {posted.deposits:,} "
        f"payments, {posted.entries:,} entries added"
    )
    if posted.countered:
        words += f", of these {posted.countered:,} counter-entries"
    return f"{words}; {posted.held:,} held in suspense"


@app.command()
def balances(
    practice: PracticeOption = None,
    owners: Annotated[
        bool, typer.Option("--owners", help="By payer, payment or item as well.")
    ] = False,
    json: Json = False,
) -> None:
    """Balances of every account, in dollars; they add up to zero.

    Example: firstpass ledger balances
    """
    with opened_store() as store:
        _tell_stale(store.ledger_reports.stale(only(practice)))
        found = store.ledger_reports.balances(only(practice), owners=owners)
    rows = [{"account": x.account, "owner": x.owner, "balance": f"{x.balance:,.2f}"} for x in found]
    if not owners:
        rows = [{k: v for k, v in row.items() if k != "owner"} for row in rows]
    show(found, columns(rows) or "nothing is posted", as_json=json)


@app.command()
def receivable(
    practice: PracticeOption = None,
    basis: Annotated[
        str, typer.Option(help="Age from the `service`, or from the day of `responsibility`.")
    ] = "responsibility",
    as_of: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")
    ] = None,
    json: Json = False,
) -> None:
    """Who owes what, by payer and patient and by age; credits apart.

    Example: firstpass ledger receivable --basis service
    """
    from models.revenue.ageing import Basis

    chosen = _basis(basis, list(Basis))
    day = as_of.date() if as_of else dt.datetime.now(dt.UTC).date()
    with opened_store() as store:
        _tell_stale(store.ledger_reports.stale(only(practice)))
        found = store.ledger_reports.receivables(only(practice), as_of=day, basis=chosen)
    rows = [
        {
            "with": x.account.removesuffix("_receivable"),
            "payer": x.name or x.owner,
            "total": f"{x.total:,.2f}",
            **{name: f"{amount:,.2f}" for name, amount in x.buckets.items()},
            "credits": f"{x.credits:,.2f}",
        }
        for x in found
    ]
    show(found, columns(rows) or "nothing is open", as_json=json)


@app.command()
def claim(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM", help="CLM01, the account number.")],
    practice: PracticeOption = None,
    json: Json = False,
) -> None:
    """Every posting of a claim, with the file and segment that it rests on.

    Example: firstpass ledger claim A00068539
    """
    with opened_store() as store:
        found = store.ledger_reports.claim(only(practice), claim_id)
    services = [
        {
            "line": str(x.line),
            "code": x.code,
            "charge": f"{x.charge:,.2f}",
            "contractual": f"{x.contractual:,.2f}",
            "paid": f"{x.paid_primary + x.paid_later + x.patient_paid:,.2f}",
            "insurance": f"{x.insurance:,.2f}",
            "denied": f"{x.denied:,.2f}",
            "patient": f"{x.patient:,.2f}",
        }
        for x in found.services
    ]
    entries = [
        {
            "id": str(x.id),
            "date": x.date.isoformat(),
            "line": str(x.line),
            "what": x.kind,
            "debit": x.debit,
            "credit": x.credit,
            "amount": f"{x.amount:,.2f}",
            "reason": x.reason,
            "from": f"{x.file}, segment {x.segment_number}" if x.file else x.actor,
        }
        for x in found.entries
    ]
    words = f"{columns(services)}\n\n{columns(entries)}" if entries else "no such claim is posted"
    show(found, words, as_json=json)
    if not entries:
        raise typer.Exit(1)


@app.command()
def deposits(
    practice: PracticeOption = None,
    status: Annotated[str, typer.Option(help="posted, part_held, held or released.")] = "",
    trace: Annotated[str, typer.Option(help="Check or transfer number (TRN02).")] = "",
    json: Json = False,
) -> None:
    """Checks and transfers, and whether each reconciles with its claims.

    Example: firstpass ledger deposits --status held
    """
    with opened_store() as store:
        found = store.ledger_reports.deposits(only(practice), status=status, trace=trace)
    rows = [
        {
            "date": x.date.isoformat(),
            "trace": x.trace,
            "payer": x.payer_name,
            "amount": f"{x.amount:,.2f}",
            "claims": f"{x.claims:,.2f}",
            "PLB": f"{x.adjustments:,.2f}",
            "difference": f"{x.difference:,.2f}",
            "status": x.status,
        }
        for x in found
    ]
    show(found, columns(rows) or "no such payment is posted", as_json=json)


@app.command("follow-up")
def follow_up(
    practice: PracticeOption = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also what is accepted or pending, and needs nobody yet."),
    ] = False,
    json: Json = False,
) -> None:
    """Submissions to ask after: rejected (999, 277CA), lost, or silent for too long.

    Example: firstpass ledger follow-up

    Example: firstpass ledger follow-up --all --json
    """
    with opened_store() as store:
        page = store.follow_ups.unanswered(
            only(practice),
            today=dt.datetime.now(dt.UTC).date(),
            stage="all" if everything else "",
            limit=MOST_LISTED,
        )
    _tell_stale(page.stale)
    rows = [
        {
            "claim": x.claim_id,
            "payer": x.payer_name or x.payer,
            "state": x.words,
            "charge": f"{x.charge:,.2f}",
            "sent": x.submitted.isoformat(),
            "days": str(x.age),
            "usual": str(x.usual_days),
            "why": "; ".join(x.notes),
            "heard": x.heard + (f" (again {x.again})" if x.again else ""),
        }
        for x in page.claims[:MOST_ROWS]
    ]
    words = columns(rows) or "no submission needs asking after"
    if page.count > len(rows):
        words += f"\nand {page.count - len(rows):,} more (see --json)"
    show(page.claims, words, as_json=json)


@app.command("credits")
def credit_balances(practice: PracticeOption = None, json: Json = False) -> None:
    """Services paid more than is owed; of a federal programme with the day it is due back.

    Example: firstpass ledger credits
    """
    found = []
    with opened_store() as store:
        from models.revenue.holds import credits_of
        from serving.store.snapshot import read_snapshot

        for name in [practice] if practice else store.outcomes.practices():
            snapshot = read_snapshot(store.database, name)
            if snapshot is not None:
                ledger = store.ledgers.compute(snapshot)
                claims = {x.encounter.key: x.encounter.claim_id for x in ledger.encounters}
                found += [(claims[x.encounter], x) for x in credits_of(snapshot.history, ledger)]
    rows = [
        {
            "claim": claim,
            "line": str(x.line),
            "of": x.owner or "patient",
            "amount": f"{x.amount:,.2f}",
            "since": x.since.isoformat(),
            "due back": x.due.isoformat() if x.federal else "",
        }
        for claim, x in found
    ]
    show([{"claim_id": c, "credit": x, "due": x.due if x.federal else None} for c, x in found],
         columns(rows) or "no credits", as_json=json)  # fmt: skip


@app.command()
def underpayments(practice: PracticeOption = None, json: Json = False) -> None:
    """Services paid below the contract, Medicare's schedule, or what the payer usually allows.

    Example: firstpass ledger underpayments
    """
    from models.revenue.expected import ExpectedAmounts, FeeTables
    from models.revenue.underpayment import compare_allowed
    from models.revenue.underpayment import underpayments as short
    from serving.store.snapshot import read_snapshot

    found = []
    with opened_store() as store:
        for name in [practice] if practice else store.outcomes.practices():
            snapshot = read_snapshot(store.database, name)
            if snapshot is not None:
                ledger = store.ledgers.compute(snapshot)
                expected = ExpectedAmounts(FeeTables.load())
                found += short(compare_allowed(snapshot.history, ledger, expected))
    rows = [
        {
            "claim": x.claim_id,
            "line": str(x.line),
            "payer": x.payer,
            "code": " ".join((x.code, *x.modifiers)),
            "expected": f"{x.expected:,.2f}",
            "by": str(x.basis),
            "allowed": f"{x.allowed:,.2f}",
            "missing": f"{x.open:,.2f}",
        }
        for x in found[:MOST_ROWS]
    ]
    words = columns(rows) or "nothing was paid below expectation"
    if len(found) > MOST_ROWS:
        words += f"\nand {len(found) - MOST_ROWS:,} more (see --json)"
    show(found, words, as_json=json)


@app.command()
def suspense(practice: PracticeOption = None, json: Json = False) -> None:
    """What is held from posting, and why.

    Example: firstpass ledger suspense
    """
    with opened_store() as store:
        found = store.ledger_reports.suspense(only(practice))
    rows = [
        {
            "key": x.key,
            "date": x.date.isoformat(),
            "payer": x.payer_name,
            "trace": x.trace,
            "claim": x.claim_id,
            "amount": f"{x.amount:,.2f}",
            "may release": "yes" if x.releasable else "no",
            "why": x.words,
        }
        for x in found
    ]
    show(found, columns(rows) or "nothing is held", as_json=json)


def only(practice: str | None) -> Sequence[str] | None:
    """The practices that a command is about; ``None``: all."""
    return None if practice is None else [practice]


def _basis(text: str, allowed: "Sequence[Basis]") -> "Basis":
    for x in allowed:
        if x == text:
            return x
    words = " or ".join(allowed)
    raise typer.BadParameter(f"allowed: {words}", param_hint="--basis")


def _tell_stale(stale: bool) -> None:
    if stale:
        note("something loaded is not posted yet: run `firstpass post`")
