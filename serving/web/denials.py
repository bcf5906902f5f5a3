"""The denials worklist: what an hour of work is worth, within the hours at hand."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from serving.store.worklist import TO_DO, WorkFacet, WorkFilter, WorkLine, WorkTotals
from serving.web.door import Door, Visit
from serving.web.render import Key
from serving.web.words import ACTIONS, GAPS, category_words
from serving.web.words import OUTCOMES as OUTCOME_WORDS

PAGE_ROWS = 100
HOURS = "firstpass_hours"
USUAL_HOURS = 8.0
SOON_DAYS = 14
STATES = (
    (TO_DO, "to do"), ("open", "nobody has it"), ("in_work", "in work"), ("done", "done"),
    ("all", "all"),
)  # fmt: skip
KEYS = (
    Key("j / k", "next, previous denial"),
    Key("Enter", "open the denial"),
    Key("/", "to the filters"),
    Key("c", "to the hours"),
)


class DenialRow(msgspec.Struct, frozen=True):
    """One denial; ``last_today`` is set on the row after which the hours end."""

    rank: int
    line: WorkLine
    why: str
    gap: str
    action: str
    minutes: int
    late: bool
    soon: bool
    outcome: str
    last_today: bool


class DenialsPage(msgspec.Struct, frozen=True):
    """The worklist; ``query`` keeps filters while paging."""

    rows: tuple[DenialRow, ...]
    totals: WorkTotals
    hours: float
    states: tuple[tuple[str, str], ...]
    payers: tuple[WorkFacet, ...]
    categories: tuple[WorkFacet, ...]
    actions: tuple[WorkFacet, ...]
    causes: tuple[WorkFacet, ...]
    people: tuple[WorkFacet, ...]
    chosen: WorkFilter
    filtered: bool
    page: int
    pages: int
    query: str
    done: int
    as_of: dt.date | None
    chances: str
    stale: bool


def add_denials(door: Door) -> None:
    """Registers the list."""

    @door.get("/denials", "denials")
    def denials(visit: Visit) -> Response:
        hours = _hours(visit)
        answer = visit.page("denials.html", denials_page(visit, hours), "Denials", KEYS)
        if visit.query("hours"):
            answer.set_cookie(
                HOURS, f"{hours:g}", max_age=31_536_000, httponly=True, samesite="lax"
            )
        return answer


def denials_page(visit: Visit, hours: float) -> DenialsPage:
    """The page's context."""
    state = visit.query("state")
    chosen = WorkFilter(
        state if state in dict(STATES) else TO_DO,
        visit.query("payer")[:100],
        visit.query("category")[:40],
        visit.query("action")[:40],
        visit.query("person")[:80],
        visit.query("claim")[:80].strip(),
        visit.query("carc")[:10],
        visit.query("gap")[:40],
    )
    worklist, practices = visit.store.worklist, visit.practices
    number = visit.query("page")
    page = max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1
    begin = (page - 1) * PAGE_ROWS
    stated = None if chosen.state in ("done", "all") else hours
    found = worklist.page(practices, chosen, hours=stated, limit=PAGE_ROWS, offset=begin)
    pages = max(1, -(-found.totals.count // PAGE_ROWS))
    facets = worklist.facets(practices)
    kept = worklist.state(practices)
    asked = {
        "state": "" if chosen.state == TO_DO else chosen.state, "payer": chosen.payer,
        "category": chosen.category, "action": chosen.action, "person": chosen.assigned_to,
        "claim": chosen.claim_id, "carc": chosen.carc, "gap": chosen.gap,
    }  # fmt: skip
    today = kept.as_of or dt.date.today()
    return DenialsPage(
        rows=tuple(_row(begin + i, x, found.totals, today) for i, x in enumerate(found.lines, 1)),
        totals=found.totals,
        hours=hours,
        states=STATES,
        payers=tuple(facets["payer"]),
        categories=tuple(_named(facets["category"], category_words)),
        actions=tuple(_named(facets["action"], lambda x: ACTIONS.get(x, x))),
        causes=tuple(_named(facets["gap"], lambda x: GAPS.get(x, x))),
        people=tuple(facets["assigned_to"]),
        chosen=chosen,
        filtered=chosen != WorkFilter(),
        page=min(page, pages),
        pages=pages,
        query=urlencode({k: v for k, v in asked.items() if v}),
        done=worklist.counts(practices).get("done", 0),
        as_of=kept.as_of,
        chances=f"recovery version {kept.model}" if kept.model else "rates of your own attempts",
        stale=visit.store.work_items.stale(practices),
    )


def _row(rank: int, line: WorkLine, totals: WorkTotals, today: dt.date) -> DenialRow:
    left = (line.deadline - today).days if line.deadline else None
    return DenialRow(
        rank,
        line,
        category_words(line.category),
        GAPS.get(line.gap, line.gap),
        ACTIONS.get(line.action, line.action),
        max(1, round(60 * line.hours)),
        left is not None and left < 0,
        left is not None and 0 <= left <= SOON_DAYS,
        OUTCOME_WORDS.get(line.outcome, line.outcome),
        rank == totals.within and totals.count > totals.within,
    )


def _named(facets: list[WorkFacet], words: Callable[[str], str]) -> list[WorkFacet]:
    return [msgspec.structs.replace(x, words=words(x.value)) for x in facets]


def _hours(visit: Visit) -> float:
    given = visit.query("hours") or visit.request.cookies.get(HOURS, "")
    try:
        hours = float(given)
    except ValueError:
        return USUAL_HOURS
    return hours if 0 < hours <= 10_000 else USUAL_HOURS


TEMPLATES_OF = {"denials.html": DenialsPage}
