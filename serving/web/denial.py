"""A denial's page: why, until when, what to do, the packet, and who did what."""

import datetime as dt
from collections.abc import Callable, Iterator

import msgspec
from starlette.responses import HTMLResponse, Response

from models.claims.claim import Claim
from models.codes.categories import load_categories
from models.errors import InputError
from models.revenue.actions import Action
from models.revenue.write_offs import WriteOff
from serving.api.deciding import decider
from serving.api.denials import file_answer
from serving.problems import ServiceError
from serving.store.chains import ChainEvent
from serving.store.claim_history import RemittancePart
from serving.store.errors import ConflictError, NotFoundError
from serving.store.ledger_decisions import Decider
from serving.store.ledger_reading import Service
from serving.store.packets import LETTER, PacketOrder, PacketVersion
from serving.store.work_decisions import WorkChange
from serving.store.work_items import DONE, IN_WORK, OPEN, OUTCOMES
from serving.store.worklist import KeptItem
from serving.web.claim_fields import ClaimFields, claim_fields, field_label, write_field
from serving.web.door import Door, Visit
from serving.web.render import Key, render
from serving.web.words import ACTIONS, CHANCES, GAPS, category_words
from serving.web.words import OUTCOMES as OUTCOME_WORDS

TITLE = "Denial"
KEYS = (
    Key("t", "take it"),
    Key("p", "make the packet"),
    Key("l", "to the letter"),
    Key("f", "to the claim's fields"),
    Key("n", "to the note"),
    Key("o", "to the outcome"),
    Key("Esc", "back to the denials"),
)
#: Actions that a packet is made for.
PACKETS = (Action.CORRECT, Action.APPEAL, Action.SEND_RECORDS, Action.BILL_OTHER_PAYER)


class OptionRow(msgspec.Struct, frozen=True):
    """One thing that could be done."""

    action: str
    words: str
    route: str
    deadline: dt.date | None
    days: int | None
    source: str
    binding: bool
    probability: float
    chance_from: str
    minutes: int
    worth: float


class PacketView(msgspec.Struct, frozen=True):
    """The versions of the packet; ``letter`` is the newest version's text."""

    versions: tuple[PacketVersion, ...]
    letter: str
    actions: tuple[tuple[str, str], ...]
    action: str


class DenialPage(msgspec.Struct, frozen=True):
    """One denied or cut line."""

    kept: KeptItem
    category: str
    gap: str
    reasons: tuple[tuple[str, str], ...]
    outcome: str
    options: tuple[OptionRow, ...]
    remittances: tuple[RemittancePart, ...]
    packet: PacketView
    fields: ClaimFields | None
    corrected: int
    outcomes: tuple[tuple[str, str], ...]
    events: tuple[ChainEvent, ...]
    me: str
    may_post: bool
    problem: str


def add_denial(door: Door) -> None:
    """Registers the pages of single denials."""

    @door.get("/denials/{key}", "denials")
    def show(visit: Visit) -> Response:
        return _page(visit, _item(visit))

    @door.post("/denials/{key}", "denials")
    def decide(visit: Visit) -> Response:
        form = visit.form
        note = form.get("note", "").strip()
        changes: dict[str, Callable[[], WorkChange]] = {
            "take": lambda: WorkChange(IN_WORK, assigned_to=visit.caller.name, note=note),
            "back": lambda: WorkChange(OPEN, assigned_to="", note=note),
            "note": lambda: WorkChange(note=note),
            "close": lambda: WorkChange(DONE, form.get("outcome", ""), note=note),
        }
        what = form.get("do", "")
        if what not in changes:
            raise ServiceError(422, "validation", "there is no such decision")

        def work(who: Decider, key: str) -> None:
            visit.store.work_decisions.change(key, who, changes[what]())

        return _done(visit, work, f"denial.{what}")

    @door.post("/denials/{key}/write-off", "posting")
    def write_off(visit: Visit) -> Response:
        def work(who: Decider, key: str) -> None:
            item = visit.store.worklist.get(key, visit.practices)
            service = Service(item.practice, item.encounter, item.service)
            reason = visit.form.get("reason", "")
            visit.store.ledger_decisions.write_off(service, WriteOff.DENIAL, who, reason)
            change = WorkChange(DONE, "written_off", note=reason)
            visit.store.work_decisions.change(key, who, change)

        return _done(visit, work, "ledger.written_off")

    @door.post("/denials/{key}/packet", "denials")
    def packet(visit: Visit) -> Response:
        form = visit.form
        action, letter = form.get("action", ""), form.get("letter", "").replace("\r\n", "\n")
        enclosures = tuple(
            x for line in form.get("enclosures", "").splitlines() if (x := line.strip())
        )

        def work(who: Decider, key: str) -> None:
            if action and action not in PACKETS:
                raise InputError("no packet is made for this")
            order = PacketOrder(
                Action(action) if action else None, letter if letter.strip() else None, enclosures
            )
            home, today = visit.service.settings.home, dt.date.today()
            visit.store.packets.make(key, who, order, today=today, home=home)

        return _done(visit, work, "denial.packet", "#packet")

    @door.get("/denials/{key}/packets/{version}/{name}", "denials")
    def file(visit: Visit) -> Response:
        item, asked = _item(visit), visit.request.path_params
        number, name = str(asked["version"]), str(asked["name"])[:80]
        if not number.isdecimal() or len(number) > 9:
            raise NotFoundError("the packet has no such version")
        packets, claim_id = visit.store.packets, item.item.claim_id
        visit.audit("denial.packet_read", f"denial:{item.key}", item.practice, file=name)
        return file_answer(name, packets.file(item.practice, claim_id, int(number), name))

    _corrections(door)


def _corrections(door: Door) -> None:
    @door.post("/denials/{key}/field", "denials")
    def field(visit: Visit) -> Response:
        item = _item(visit)
        pointer, value = visit.form.get("pointer", ""), visit.form.get("value", "")
        try:
            claim = item.draft or visit.store.packets.filed(item)
            changed = write_field(claim, pointer, value)
            if changed != claim:
                words = f"claim: {field_label(pointer)} changed"
                item = visit.store.work_decisions.correct(
                    item.key, decider(visit.caller), changed, words, _revision(visit)
                )
                visit.audit("denial.claim", f"denial:{item.key}", item.practice, field=pointer)
        except (InputError, ConflictError) as error:
            return _claim_part(visit, _item(visit), str(error))
        return _claim_part(visit, item)

    @door.post("/denials/{key}/as-sent", "denials")
    def as_sent(visit: Visit) -> Response:
        def work(who: Decider, key: str) -> None:
            words = "claim: corrections taken back"
            visit.store.work_decisions.correct(key, who, None, words, _revision(visit))

        return _done(visit, work, "denial.claim", "#claim")


def denial_page(visit: Visit, item: KeptItem, problem: str = "") -> DenialPage:
    """The page's context."""
    store = visit.store
    words = load_categories()
    versions = tuple(store.packets.versions(item.practice, item.item.claim_id))
    newest = next(iter(versions), None)
    letter = ""
    if newest is not None and LETTER in newest.packet.files:
        letter = store.packets.file(
            item.practice, item.item.claim_id, newest.version, LETTER
        ).decode()
    open_actions = [o.action for o in item.item.options if o.action in PACKETS]
    fields, corrected = _fields(visit, item)
    return DenialPage(
        kept=item,
        category=category_words(str(item.item.category)),
        gap=GAPS.get(str(item.item.cause.gap), ""),
        reasons=tuple((x, words.words(x)) for x in item.item.carcs),
        outcome=OUTCOME_WORDS.get(item.outcome, item.outcome),
        options=tuple(_options(item, store.worklist.state([item.practice]).as_of)),
        remittances=tuple(_remittances(visit, item)),
        packet=PacketView(
            versions,
            letter,
            tuple((str(x), ACTIONS[x]) for x in dict.fromkeys(open_actions)),
            str(newest.packet.action) if newest else str(next(iter(open_actions), "")),
        ),
        fields=fields,
        corrected=corrected,
        outcomes=tuple((x, OUTCOME_WORDS[x]) for x in OUTCOMES),
        events=tuple(store.chains.events(item.practice, item.item.claim_id)),
        me=visit.caller.name,
        may_post=visit.may("posting"),
        problem=problem,
    )


def _options(item: KeptItem, as_of: dt.date | None) -> Iterator[OptionRow]:
    today = as_of or dt.date.today()
    for o in item.item.options:
        yield OptionRow(
            str(o.action),
            ACTIONS.get(o.action, str(o.action)),
            "" if o.route is None else str(o.route).replace("_", " "),
            o.deadline,
            (o.deadline - today).days if o.deadline else None,
            o.deadline_source,
            o.binding,
            o.probability,
            CHANCES.get(o.probability_from, ""),
            max(1, round(60 * o.hours)),
            o.worth,
        )


def _remittances(visit: Visit, item: KeptItem) -> list[RemittancePart]:
    try:
        return visit.store.packets.remittances(item)
    except NotFoundError:
        return []


def _fields(visit: Visit, item: KeptItem) -> tuple[ClaimFields | None, int]:
    """The claim as it would go out again, and how many of its fields were corrected."""
    try:
        filed: Claim = visit.store.packets.filed(item)
    except NotFoundError:
        return None, 0
    fields = claim_fields(item.draft or filed, filed, [])
    every = (*fields.header, *fields.diagnoses, *(f for x in fields.lines for f in x.fields))
    return fields, sum(f.changed for f in every)


def _item(visit: Visit) -> KeptItem:
    return visit.store.worklist.get(str(visit.request.path_params["key"])[:64], visit.practices)


def _revision(visit: Visit) -> int | None:
    given = visit.form.get("revision", "")
    return int(given) if given.isdecimal() and len(given) < 10 else None


def _done(
    visit: Visit, work: Callable[[Decider, str], None], action: str, place: str = ""
) -> Response:
    """Does it, audits it, and shows the item anew; what is refused is said on the page."""
    item = _item(visit)
    try:
        work(decider(visit.caller), item.key)
    except (InputError, ConflictError, NotFoundError) as error:
        return _page(visit, _item(visit), str(error))
    visit.audit(action, f"denial:{item.key}", item.practice)
    return visit.redirect(f"/denials/{item.key}{place}")


def _page(visit: Visit, item: KeptItem, problem: str = "") -> Response:
    page = denial_page(visit, item, problem)
    return visit.page("denial.html", page, TITLE, KEYS)


def _claim_part(visit: Visit, item: KeptItem, problem: str = "") -> Response:
    page = denial_page(visit, item, problem)
    if visit.partial:
        return HTMLResponse(render("denial_claim.html", page, visit.shell(TITLE, KEYS)))
    if problem:
        return visit.page("denial.html", page, TITLE, KEYS)
    return visit.redirect(f"/denials/{item.key}#claim")


TEMPLATES_OF = {"denial.html": DenialPage}
