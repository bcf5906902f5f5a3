"""The collector's two worklists: patients' balances, and claims that no payer has answered."""

import datetime as dt
from decimal import Decimal
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from models.errors import InputError
from models.revenue.followup import WORDS as STAGE_WORDS
from models.revenue.followup import Stage
from models.revenue.patient_accounts import STEP_WORDS, NextStep
from serving.api.deciding import decider
from serving.problems import ServiceError
from serving.store.balances_reading import AccountRow
from serving.store.errors import NotFoundError
from serving.store.follow_ups import UnansweredClaim
from serving.web.door import Door, Visit
from serving.web.render import Key

PAGE_ROWS = 100
KEYS = (
    Key("j / k", "next, previous account"),
    Key("Enter", "open the account"),
    Key("/", "to the filters"),
    Key("u", "to the claims without an answer"),
)
UNANSWERED_KEYS = (
    Key("j / k", "next, previous claim"),
    Key("Enter", "note what you heard"),
    Key("/", "to the filters"),
    Key("b", "to the patients' balances"),
)


class Choice(msgspec.Struct, frozen=True):
    """A filter's value in words, and how many there are."""

    value: str
    words: str
    count: int


class BalancesPage(msgspec.Struct, frozen=True):
    """Accounts; ``query`` keeps the filter while paging."""

    rows: tuple[AccountRow, ...]
    today: dt.date
    count: int
    owed: Decimal
    billable: Decimal
    ready: int
    steps: tuple[Choice, ...]
    step: str
    page: int
    pages: int
    query: str
    as_of: dt.date | None
    stale: bool
    problem: str


class UnansweredPage(msgspec.Struct, frozen=True):
    """Claims without an answer; ``query`` keeps the filter while paging."""

    rows: tuple[UnansweredClaim, ...]
    count: int
    charge: Decimal
    stages: tuple[Choice, ...]
    stage: str
    page: int
    pages: int
    query: str
    as_of: dt.date | None
    stale: bool
    today: dt.date
    may_post: bool
    problem: str


def add_balances(door: Door) -> None:
    """Registers both lists, and the search."""

    @door.get("/balances", "ledger")
    def balances(visit: Visit) -> Response:
        return visit.page("balances.html", balances_page(visit), "Balances", KEYS)

    @door.get("/balances/unanswered", "ledger")
    def unanswered(visit: Visit) -> Response:
        page = unanswered_page(visit)
        return visit.page("unanswered.html", page, "Claims without an answer", UNANSWERED_KEYS)

    @door.post("/balances/unanswered/{number}", "posting")
    def heard(visit: Visit) -> Response:
        """What somebody heard about a claim, and when to ask again."""
        number = str(visit.request.path_params["number"])
        if not (number.isascii() and number.isdecimal() and len(number) <= 9):
            raise ServiceError(404, "not-found", "no claim has this number")
        try:
            found = visit.store.follow_ups.heard(
                int(number), visit.form.get("note", ""), decider(visit.caller),
                again=day_of(visit.form.get("again", "")), today=dt.date.today(),
            )  # fmt: skip
        except InputError as error:
            page = unanswered_page(visit, f"{error}")
            return visit.page("unanswered.html", page, "Claims without an answer", UNANSWERED_KEYS)
        visit.audit("followup.heard", f"submission:{number}", found.practice)
        return visit.redirect("/balances/unanswered", "noted")

    @door.post("/balances/find", "ledger")
    def find(visit: Visit) -> Response:
        """By claim number; it comes in a form, since addresses are logged."""
        number = visit.form.get("claim", "").strip()[:80]
        try:
            token = visit.store.balance_reports.find(visit.practices, number)
        except NotFoundError as error:
            page = balances_page(visit, problem=f"{error}")
            return visit.page("balances.html", page, "Balances", KEYS)
        return visit.redirect(f"/balances/{token}")


def balances_page(visit: Visit, problem: str = "") -> BalancesPage:
    """The context of the patients' list."""
    today = dt.date.today()
    wanted = visit.query("step")
    step = wanted if wanted in ("all", *NextStep) else "ready"
    number = _page(visit)
    found = visit.store.balance_reports.accounts(
        visit.practices, today=today, step="" if step == "all" else step, limit=PAGE_ROWS,
        offset=(number - 1) * PAGE_ROWS,
    )  # fmt: skip
    every = sum(found.steps.values())
    steps = [Choice("all", "everything", every)]
    steps += [Choice(x, STEP_WORDS[NextStep(x)], n) for x, n in sorted(found.steps.items())]
    return BalancesPage(
        rows=tuple(found.accounts),
        today=today,
        count=found.count,
        owed=found.owed,
        billable=found.billable,
        ready=found.ready,
        steps=tuple(steps),
        step=step,
        page=number,
        pages=max(1, -(-found.count // PAGE_ROWS)),
        query=urlencode({"step": step}),
        as_of=found.as_of,
        stale=found.stale,
        problem=problem,
    )


def unanswered_page(visit: Visit, problem: str = "") -> UnansweredPage:
    """The context of the claims' list."""
    wanted = visit.query("stage")
    stage = wanted if wanted in ("all", *Stage) else ""
    number = _page(visit)
    found = visit.store.follow_ups.unanswered(
        visit.practices,
        today=dt.date.today(),
        stage=stage,
        limit=PAGE_ROWS,
        offset=(number - 1) * PAGE_ROWS,
    )
    stages = [Choice("all", "every claim without an answer", sum(found.stages.values()))]
    stages += [Choice(x, STAGE_WORDS[Stage(x)], n) for x, n in sorted(found.stages.items())]
    return UnansweredPage(
        rows=tuple(found.claims),
        count=found.count,
        charge=found.charge,
        stages=tuple(stages),
        stage=stage,
        page=number,
        pages=max(1, -(-found.count // PAGE_ROWS)),
        query=urlencode({"stage": stage}),
        as_of=found.as_of,
        stale=found.stale,
        today=dt.date.today(),
        may_post=visit.may("posting"),
        problem=problem,
    )


def day_of(text: str) -> dt.date | None:
    """A day as a form sends it; ``None`` where it is empty.

    Raises:
        InputError: it is no day.
    """
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InputError("a day is written as 2026-03-01") from None


def _page(visit: Visit) -> int:
    number = visit.query("page")
    return max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1


TEMPLATES_OF = {"balances.html": BalancesPage, "unanswered.html": UnansweredPage}
