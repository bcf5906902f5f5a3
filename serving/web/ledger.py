"""The ledger: accounts, a claim's postings with their undoing, deposits, the suspense queue."""

from decimal import Decimal
from typing import Literal
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from models.claims.common import ZERO
from models.errors import InputError
from serving.api.deciding import decider
from serving.problems import ServiceError
from serving.store.errors import ConflictError, NotFoundError
from serving.store.ledger_reading import (
    AccountBalance,
    ClaimLedger,
    Deposit,
    PostedEntry,
    ServiceRow,
    SuspenseItem,
)
from serving.web.door import Door, Visit
from serving.web.render import Key

TITLE = "Ledger"
KEYS = (
    Key("j / k", "next, previous row"),
    Key("Enter", "open the row"),
    Key("/", "to the search"),
)
PARTS = (
    ("Accounts", "/ledger"),
    ("Receivables", "/ledger/receivables"),
    ("Deposits", "/ledger/deposits"),
    ("Suspense", "/ledger/suspense"),
)
DEPOSIT_STATES = (
    ("", "all"), ("posted", "posted"), ("part_held", "held in part"), ("held", "held"),
    ("released", "released by a person"),
)  # fmt: skip
SUSPENSE_STATES = (("held", "held"), ("released", "released"), ("settled", "settled since"))
MOST_ROWS = 200

SuspenseStatus = Literal["held", "released", "settled"]


class Part(msgspec.Struct, frozen=True):
    """A part of the ledger in the bar above it."""

    words: str
    href: str
    current: bool


class LedgerPage(msgspec.Struct, frozen=True):
    """Every account; ``total`` is what they add up to: nothing."""

    parts: tuple[Part, ...]
    accounts: tuple[AccountBalance, ...]
    total: Decimal
    held: int
    stale: bool


class EntryRow(msgspec.Struct, frozen=True):
    """A posting; ``standing``: it can be undone."""

    entry: PostedEntry
    kind: str
    debit: str
    credit: str
    standing: bool


class ClaimLedgerPage(msgspec.Struct, frozen=True):
    """Everything posted to a claim's services."""

    parts: tuple[Part, ...]
    claim_id: str
    services: tuple[ServiceRow, ...]
    entries: tuple[EntryRow, ...]
    may_post: bool
    problem: str


class DepositsPage(msgspec.Struct, frozen=True):
    """Checks and transfers against their claims."""

    parts: tuple[Part, ...]
    rows: tuple[Deposit, ...]
    states: tuple[tuple[str, str], ...]
    status: str
    trace: str
    more: bool


class SuspensePage(msgspec.Struct, frozen=True):
    """What is, or was, held from posting."""

    parts: tuple[Part, ...]
    rows: tuple[SuspenseItem, ...]
    total: Decimal
    states: tuple[tuple[str, str], ...]
    status: str
    may_post: bool
    problem: str


def add_ledger(door: Door) -> None:
    """Registers the pages."""

    @door.get("/ledger", "ledger")
    def ledger(visit: Visit) -> Response:
        asked = visit.query("claim").strip()[:80]
        if asked:
            return visit.redirect(f"/ledger/claims/{quote(asked, safe='')}")
        return visit.page("ledger.html", _accounts(visit), TITLE, KEYS)

    @door.get("/ledger/claims/{claim_id}", "ledger")
    def claim(visit: Visit) -> Response:
        return _claim(visit, str(visit.request.path_params["claim_id"])[:80])

    @door.post("/ledger/entries/{entry_id}/counter", "posting")
    def counter(visit: Visit) -> Response:
        text, claim_id = (
            str(visit.request.path_params["entry_id"]),
            visit.form.get("claim", "")[:80],
        )
        if not (text.isascii() and text.isdecimal() and len(text) <= 16):
            raise ServiceError(404, "not-found", "there is no such entry")
        try:
            undone = visit.store.ledger_decisions.counter(
                int(text), decider(visit.caller), visit.form.get("reason", "")
            )
        except (InputError, ConflictError) as error:
            return _claim(visit, claim_id, str(error))
        visit.audit("ledger.countered", f"entry:{text}")
        words = f"entry {text} is undone by entry {undone.id}"
        return visit.redirect(f"/ledger/claims/{quote(claim_id, safe='')}", words)

    @door.get("/ledger/deposits", "ledger")
    def deposits(visit: Visit) -> Response:
        status, trace = visit.query("status"), visit.query("trace").strip()[:80]
        status = status if status in dict(DEPOSIT_STATES) else ""
        rows = visit.store.ledger_reports.deposits(
            visit.practices, status=status, trace=trace, limit=MOST_ROWS + 1
        )
        page = DepositsPage(
            parts(visit), tuple(rows[:MOST_ROWS]), DEPOSIT_STATES, status, trace,
            len(rows) > MOST_ROWS,
        )  # fmt: skip
        return visit.page("deposits.html", page, TITLE, KEYS)

    @door.get("/ledger/suspense", "ledger")
    def suspense(visit: Visit) -> Response:
        return _suspense(visit)

    @door.post("/ledger/suspense/{key}/{verb}", "posting")
    def decide(visit: Visit) -> Response:
        asked = visit.request.path_params
        key, verb = str(asked["key"])[:64], str(asked["verb"])
        decisions = visit.store.ledger_decisions
        verbs = {"release": decisions.release, "hold": decisions.hold}
        if verb not in verbs:
            raise ServiceError(404, "not-found", "there is no such decision")
        try:
            item = verbs[verb](key, decider(visit.caller), visit.form.get("reason", ""))
        except (InputError, ConflictError, NotFoundError) as error:
            return _suspense(visit, str(error))
        visit.audit(f"suspense.{verb}", f"suspense:{key}", item.practice)
        words = {
            "release": "released: it is posted as it stands within seconds",
            "hold": "held again: what was posted for it is undone within seconds",
        }
        return visit.redirect("/ledger/suspense", words[verb])


def _accounts(visit: Visit) -> LedgerPage:
    reports = visit.store.ledger_reports
    accounts = reports.balances(visit.practices)
    return LedgerPage(
        parts(visit),
        tuple(accounts),
        sum((x.balance for x in accounts), ZERO),
        len(reports.suspense(visit.practices)),
        reports.stale(visit.practices),
    )


def _claim(visit: Visit, claim_id: str, problem: str = "") -> Response:
    found: ClaimLedger = visit.store.ledger_reports.claim(visit.practices, claim_id)
    page = ClaimLedgerPage(
        parts(visit),
        claim_id,
        tuple(found.services),
        tuple(
            EntryRow(x, _words(x.kind), _words(x.debit), _words(x.credit), not x.countered)
            for x in found.entries
        ),
        visit.may("posting"),
        problem,
    )
    return visit.page("ledger_claim.html", page, TITLE, KEYS)


def _suspense(visit: Visit, problem: str = "") -> Response:
    status = visit.query("status")
    chosen: SuspenseStatus = "held"
    if status in ("released", "settled"):
        chosen = "released" if status == "released" else "settled"
    rows = visit.store.ledger_reports.suspense(visit.practices, status=chosen)
    page = SuspensePage(
        parts(visit), tuple(rows), sum((x.amount for x in rows), ZERO), SUSPENSE_STATES, chosen,
        visit.may("posting"), problem,
    )  # fmt: skip
    return visit.page("suspense.html", page, TITLE, KEYS)


def parts(visit: Visit) -> tuple[Part, ...]:
    """The bar above the page."""
    path = visit.request.url.path
    return tuple(Part(words, href, path == href) for words, href in PARTS)


def _words(name: str) -> str:
    return name.replace("_", " ")


TEMPLATES_OF = {
    "ledger.html": LedgerPage,
    "ledger_claim.html": ClaimLedgerPage,
    "deposits.html": DepositsPage,
    "suspense.html": SuspensePage,
}
