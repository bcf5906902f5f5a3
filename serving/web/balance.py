"""One patient's account: what is owed and what holds it, letters, stops, the payment plan."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

import msgspec
from starlette.responses import Response

from models.errors import InputError
from models.revenue.collection_policy import current_policy
from models.revenue.letters import letter_pdf
from models.revenue.patient_accounts import LetterKind
from models.revenue.patient_letters import unfinished
from models.revenue.payment_plans import PlanState
from models.revenue.reading_level import HIGHEST_GRADE, reading_level
from models.revenue.stops import StopKind, load_stops
from serving.api.deciding import decider
from serving.problems import ServiceError
from serving.store.balances_accounts import KeptPlan
from serving.store.balances_decisions import WAYS, BalanceDecisions
from serving.store.balances_reading import AccountView, KeptLetter
from serving.store.errors import ConflictError
from serving.store.ledger_decisions import Decider
from serving.web.balances import day_of
from serving.web.door import Door, Visit
from serving.web.render import Key

TITLE = "Balance"
KEYS = (
    Key("w", "write the next letter"),
    Key("l", "to the letter's text"),
    Key("s", "to sending it"),
    Key("p", "to the payment plan"),
    Key("y", "to a payment"),
    Key("x", "to the stops"),
    Key("n", "to the notes"),
    Key("Esc", "back to the list"),
)
LETTERS = {
    LetterKind.STATEMENT: "statement",
    LetterKind.REMINDER: "reminder",
    LetterKind.LAST_REMINDER: "last reminder",
    LetterKind.PLAN: "letter that confirms the plan",
}
WAY_WORDS = {
    "mail": "by mail",
    "portal": "by the portal",
    "handed": "by hand",
    "email": "by e-mail",
}


class LetterChoice(msgspec.Struct, frozen=True):
    """A letter that could be written; ``against`` says why not."""

    kind: str
    words: str
    against: tuple[str, ...]


class BalancePage(msgspec.Struct, frozen=True):
    """One account. ``letter`` is the latest that was not sent, ``preview`` what would be written.

    ``grade`` is the letter's reading level, ``hard`` whether it is above what it should be.
    """

    view: AccountView
    today: dt.date
    choices: tuple[LetterChoice, ...]
    next_kind: str
    preview: str
    letter: KeptLetter | None
    letter_words: str
    open_places: bool
    grade: float
    hard: bool
    ways: tuple[tuple[str, str], ...]
    stops: tuple[tuple[str, str], ...]
    plan: KeptPlan | None
    usual_instalments: int
    may_post: bool
    problem: str


def add_balance(door: Door) -> None:
    """Registers the account's page and what its forms do."""

    @door.get("/balances/{account}", "ledger")
    def balance(visit: Visit) -> Response:
        page = balance_page(visit)
        visit.audit("balance.seen", f"account:{page.view.account}", page.view.practice)
        return visit.page("balance.html", page, TITLE, KEYS)

    @door.get("/balances/{account}/letters/{number}/pdf", "ledger")
    def pdf(visit: Visit) -> Response:
        number = _number(visit)
        letters = _view(visit).letters
        text = next((x.text for x in letters if x.number == number), None)
        if text is None:
            raise ServiceError(404, "not-found", "no letter has this number")
        headers = {"Content-Disposition": f'inline; filename="letter-{number}.pdf"'}
        return Response(letter_pdf(text, "Letter"), media_type="application/pdf", headers=headers)

    def act(
        path: str, action: str, notice: str,
        work: Callable[[BalanceDecisions, str, Mapping[str, str], Decider, Visit], object],
    ) -> None:  # fmt: skip
        @door.post(path, "posting")
        def decide(visit: Visit) -> Response:
            token, who = _token(visit), decider(visit.caller)
            decisions = visit.store.balance_decisions
            try:
                work(decisions, token, visit.form, who, visit)
            except (InputError, ConflictError) as error:
                return visit.page("balance.html", balance_page(visit, str(error)), TITLE, KEYS)
            visit.audit(f"balance.{action}", f"account:{token}", decisions.practice(token, who))
            return visit.redirect(f"/balances/{token}", notice)

    base = "/balances/{account}"
    act(f"{base}/letter", "letter_written", "the letter is written: look it over", _write)
    act(f"{base}/letters/{{number}}", "letter_edited", "kept as the next version", _edit)
    act(f"{base}/letters/{{number}}/sent", "letter_sent", "noted as sent", _sent)
    act(f"{base}/stop", "stopped", "letters and plans are stopped", _stop)
    act(f"{base}/stops/{{number}}/lift", "lifted", "the stop is lifted", _lift)
    act(f"{base}/plan", "plan_begun", "the payment plan begins", _plan)
    act(f"{base}/plan/end", "plan_ended", "the payment plan is ended", _end_plan)
    act(f"{base}/note", "noted", "noted", _note)
    act(f"{base}/pay", "paid", "the payment is posted", _pay)
    act(f"{base}/write-off", "written_off", "the small balance is written off", _write_off)


def balance_page(visit: Visit, problem: str = "") -> BalancePage:
    """The page's context."""
    today = dt.date.today()
    view = _view(visit)
    choices = tuple(
        LetterChoice(str(kind), words, tuple(view.refused[str(kind)]))
        for kind, words in LETTERS.items()
    )
    allowed = [x.kind for x in choices if not x.against]
    next_kind = view.step if view.step in allowed else (allowed[0] if allowed else "")
    latest = view.letters[0] if view.letters else None
    letter = latest if latest is not None and latest.sent is None else None
    preview = ""
    if next_kind and letter is None:
        preview = visit.store.balance_reports.preview(
            visit.practices, view.account, LetterKind(next_kind), today=today
        )
    grade = reading_level(letter.text).grade if letter else 0.0
    running = [p for p in view.plans if p.ended is None and p.standing.state is not PlanState.PAID]
    return BalancePage(
        view=view,
        today=today,
        choices=choices,
        next_kind=next_kind,
        preview=preview,
        letter=letter,
        letter_words=LETTERS[LetterKind(letter.kind)] if letter else "",
        open_places=letter is not None and unfinished(letter.text),
        grade=grade,
        hard=grade > HIGHEST_GRADE,
        ways=tuple((x, WAY_WORDS[x]) for x in WAYS),
        stops=tuple((str(k), r.words) for k, r in load_stops().items()),
        plan=running[0] if running else None,
        usual_instalments=_usual_instalments(view.billable),
        may_post=visit.may("posting"),
        problem=problem,
    )


def _usual_instalments(total: Decimal) -> int:
    """A number of instalments that the policy allows: six, or fewer of a small amount."""
    smallest = current_policy().smallest_instalment
    return max(1, min(6, int(total // smallest) if smallest else 6))


def _write(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit) -> None:
    kinds = {str(x): x for x in LetterKind}
    if form.get("kind", "") not in kinds:
        raise InputError(f"choose one of: {', '.join(kinds)}")
    d.write_letter(t, kinds[form["kind"]], who, today=dt.date.today())


def _edit(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, v: Visit) -> None:
    d.edit_letter(t, _number(v), form.get("text", ""), who, today=dt.date.today())


def _sent(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, v: Visit) -> None:
    day = day_of(form.get("day", "")) or dt.date.today()
    d.mark_sent(t, _number(v), form.get("way", ""), who, day=day, today=dt.date.today())


def _stop(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit) -> None:
    kinds = {str(x): x for x in StopKind}
    if form.get("kind", "") not in kinds:
        raise InputError(f"choose one of: {', '.join(kinds)}")
    d.stop(t, kinds[form["kind"]], _why(form), who, today=dt.date.today())


def _lift(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, v: Visit) -> None:
    d.lift(t, _number(v), _why(form), who, today=dt.date.today())


def _plan(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit) -> None:
    count = form.get("instalments", "")
    if not (count.isdecimal() and 0 < len(count) < 4):
        raise InputError("instalments are a number from 1")
    first = day_of(form.get("first", "")) or dt.date.today()
    d.plan(t, int(count), first, _why(form), who, today=dt.date.today())


def _end_plan(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit) -> None:
    d.end_plan(t, _why(form), who, today=dt.date.today())


def _note(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit) -> None:
    again = day_of(form.get("again", ""))
    d.note(t, form.get("note", ""), who, again=again, today=dt.date.today())


def _pay(d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit) -> None:
    day = day_of(form.get("day", "")) or dt.date.today()
    amount = _dollars(form.get("amount", ""))
    d.pay(t, amount, form.get("reference", "")[:1000], who, day=day, today=dt.date.today())


def _write_off(
    d: BalanceDecisions, t: str, form: Mapping[str, str], who: Decider, _: Visit
) -> None:
    d.write_off_small(t, _why(form), who, today=dt.date.today())


def _view(visit: Visit) -> AccountView:
    return visit.store.balance_reports.account(
        visit.practices, _token(visit), today=dt.date.today()
    )


def _token(visit: Visit) -> str:
    return str(visit.request.path_params["account"])[:40]


def _number(visit: Visit) -> int:
    text = str(visit.request.path_params["number"])
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ServiceError(404, "not-found", "nothing has this number")
    return int(text)


def _why(form: Mapping[str, str]) -> str:
    return form.get("reason", "").strip()[:1000]


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", "").removeprefix("$"))
    except InvalidOperation:
        raise InputError("an amount is written as 25.00") from None


TEMPLATES_OF = {"balance.html": BalancePage}
