"""The claims worklist: drafts by dollars that can still be protected, within a day's capacity."""

import datetime as dt
import io
from decimal import Decimal
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from models.claims.x12 import write_837p
from models.errors import InputError
from serving.scoring.drafts import load_actions
from serving.store.draft_list import DraftFilter, DraftLine, Facet, Totals
from serving.web.door import Door, Visit
from serving.web.render import Key
from serving.web.words import category_words, level, likelihood

PAGE_ROWS = 100
CAPACITY = "firstpass_capacity"
USUAL_CAPACITY = 40
MOST_EXPORTED = 5000
AGES = ((7, "older than a week"), (30, "older than 30 days"), (90, "older than 90 days"))
KEYS = (
    Key("j / k", "next, previous claim"),
    Key("Enter", "open the claim"),
    Key("/", "to the filters"),
    Key("c", "to the capacity"),
)


class WorklistRow(msgspec.Struct, frozen=True):
    """One claim; ``last_today`` is set on the row after which the capacity ends."""

    rank: int
    token: str
    account: str
    initials: str
    payer: str
    provider: str
    visit: dt.date | None
    charge: Decimal
    scored: bool
    probability: float
    likelihood: str
    level: str
    reason: str
    fix: str
    protects: float
    preventable: float
    deadline: dt.date | None
    urgent: bool
    errors: int
    warnings: int
    last_today: bool


class WorklistPage(msgspec.Struct, frozen=True):
    """The worklist. ``changed`` drafts can be exported; ``query`` keeps filters while paging."""

    rows: tuple[WorklistRow, ...]
    totals: Totals
    capacity: int
    payers: tuple[Facet, ...]
    categories: tuple[Facet, ...]
    providers: tuple[Facet, ...]
    ages: tuple[Facet, ...]
    chosen: DraftFilter
    filtered: bool
    page: int
    pages: int
    query: str
    changed: int
    exported: int
    submitted: int
    may_change: bool


def add_worklist(door: Door) -> None:
    """Registers the worklist."""

    @door.get("/worklist", "read")
    def worklist(visit: Visit) -> Response:
        """The list."""
        capacity = _capacity(visit)
        page = worklist_page(visit, capacity, dt.date.today())
        answer = visit.page("worklist.html", page, "Claims worklist", KEYS)
        if visit.query("capacity"):
            answer.set_cookie(
                CAPACITY, str(capacity), max_age=31_536_000, httponly=True, samesite="lax"
            )
        return answer

    @door.post("/worklist/export", "load")
    def export(visit: Visit) -> Response:
        """The corrected claims as one 837P file."""
        tokens = visit.store.drafts.changed(visit.practices)[:MOST_EXPORTED]
        return export_answer(visit, tokens)


def export_answer(visit: Visit, tokens: list[str]) -> Response:
    """An 837P file of drafts, which count as exported from then on.

    Raises:
        InputError: there is nothing to export.
    """
    if not tokens:
        raise InputError("no claim was corrected since the last export")
    claims = visit.store.drafts.export(
        tokens, visit.practices, visit.caller.actor, visit.caller.name
    )
    today = dt.date.today()
    out = io.BytesIO()
    write_837p([msgspec.structs.replace(x, submitted=today) for x in claims], out)
    visit.audit("drafts.exported", "drafts", claims=len(claims))
    name = f"corrected-{today:%Y%m%d}.837"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="application/edi-x12", headers=headers)


def worklist_page(visit: Visit, capacity: int, today: dt.date) -> WorklistPage:
    """The page's context."""
    older = visit.query("age")
    chosen = DraftFilter(
        visit.query("payer")[:100],
        visit.query("category")[:40],
        visit.query("provider")[:40],
        int(older) if older.isdecimal() and len(older) < 5 else 0,
    )
    number = visit.query("page")
    page = max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1
    drafts, practices = visit.store.draft_list, visit.practices
    totals = drafts.totals(practices, chosen, today=today, capacity=capacity)
    pages = max(1, -(-totals.count // PAGE_ROWS))
    page = min(page, pages)
    begin = (page - 1) * PAGE_ROWS
    lines = drafts.page(practices, chosen, today=today, limit=PAGE_ROWS, offset=begin)
    facets = drafts.facets(practices)
    counts = drafts.counts(practices)
    kept = {
        "payer": chosen.payer,
        "category": chosen.category,
        "provider": chosen.provider,
        "age": str(chosen.older_than or ""),
    }
    return WorklistPage(
        rows=tuple(
            _row(begin + i, line, capacity, totals.count, today)
            for i, line in enumerate(lines, start=1)
        ),
        totals=totals,
        capacity=capacity,
        payers=tuple(facets["payer"]),
        categories=tuple(
            msgspec.structs.replace(x, words=category_words(x.value)) for x in facets["category"]
        ),
        providers=tuple(facets["provider"]),
        ages=tuple(Facet(str(days), words, 0) for days, words in AGES),
        chosen=chosen,
        filtered=chosen != DraftFilter(),
        page=page,
        pages=pages,
        query=urlencode({k: v for k, v in kept.items() if v}),
        changed=len(visit.store.drafts.changed(practices)),
        exported=counts.get("exported", 0),
        submitted=counts.get("submitted", 0),
        may_change=visit.may("load"),
    )


def _row(rank: int, line: DraftLine, capacity: int, count: int, today: dt.date) -> WorklistRow:
    action = load_actions().get(line.category)
    return WorklistRow(
        rank=rank,
        token=line.token,
        account=line.claim_id,
        initials=line.initials,
        payer=line.payer_name,
        provider=line.provider_name,
        visit=line.service_date,
        charge=line.charge,
        scored=line.scored_revision >= 0,
        probability=line.probability,
        likelihood=likelihood(line.probability),
        level=level(line.probability),
        reason=line.reason,
        fix=line.fix or (action.words if action else ""),
        protects=line.protects,
        preventable=line.preventable,
        deadline=line.deadline,
        urgent=line.deadline is not None and (line.deadline - today).days <= 14,
        errors=line.errors,
        warnings=line.warnings,
        last_today=rank == capacity and count > capacity,
    )


def _capacity(visit: Visit) -> int:
    given = visit.query("capacity") or visit.request.cookies.get(CAPACITY, "")
    if given.isdecimal() and 1 <= len(given) <= 5:
        return max(1, min(int(given), 10_000))
    return USUAL_CAPACITY


TEMPLATES_OF = {"worklist.html": WorklistPage}
