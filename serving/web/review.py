"""Coding review: the queue, the note with its suggestions, and every decision as it is made."""

import datetime as dt
from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.responses import HTMLResponse, Response

from models.coding.assertion import Assertion
from models.coding.note import read_note
from models.coding.suggestion import Evidence, Suggestion
from models.errors import InputError
from serving.scoring.notes import NoteDesk
from serving.store.columns import now
from serving.store.errors import ConflictError
from serving.store.notes import (
    ACCEPT,
    ADD,
    REJECT,
    REOPEN,
    REPLACE,
    SUBMIT,
    SUBMITTED,
    UNDO,
    WORTH_A_LOOK,
    Decision,
    NewDecision,
    QueueCounts,
    QueueFilter,
    QueueLine,
    Reading,
    StoredNote,
)
from serving.web.codes import CodeDesk, FoundCode
from serving.web.door import Door, Visit
from serving.web.note_view import Mark, NoteBlock, note_blocks
from serving.web.render import Key, render
from serving.web.review_state import (
    ACCEPTED,
    PENDING,
    REJECTED,
    REPLACED,
    Code,
    Obstacle,
    ReviewState,
    last_undoable,
    obstacles,
    review_state,
    standing,
)

TITLE = "Coding review"
FILTER = "firstpass_queue"
SEEN = "firstpass_seen_review"
ORDERS = (
    ("certainty", "least certain first"),
    ("newest", "newest first"),
    ("oldest", "oldest first"),
)
REASONS = (
    "not documented",
    "denied or ruled out in the note",
    "past, not treated in this visit",
    "of a relative, not the patient",
    "another code says more",
    "not relevant to this visit",
    "other",
)
KEYS = (
    Key("j / k", "next, previous suggestion"),
    Key("a", "accept it"),
    Key("r", "reject it, then 1 to 7 for the reason"),
    Key("e", "replace it by another code"),
    Key("n", "add a code for the marked words"),
    Key("/", "search the whole code system"),
    Key("u", "take your last decision back"),
    Key("s", "submit, or go to the first error"),
    Key("g", "next note"),
    Key("Esc", "leave a field or the search"),
)
HATCHED = frozenset({Assertion.NEGATED, Assertion.FAMILY})
FINDING_WORDS = {
    "unsupported": "billed, no support in the note",
    "less_specific": "billed, the note says more",
    "unbilled": "in the note, not billed",
}
_UNDONE_KINDS = {ACCEPT: "accepted", REJECT: "rejected", REPLACE: "replaced", ADD: "added"}


class QueueItem(msgspec.Struct, frozen=True):
    """A note in the list at the left."""

    token: str
    date: dt.date | None
    specialty: str
    certainty: str
    decided: int
    current: bool


class Item(msgspec.Struct, frozen=True):
    """A suggestion; ``spans`` are its evidence as ``begin-end``, joined by spaces."""

    key: str
    system: str
    code: str
    words: str
    score: float
    spans: str
    evidence: int
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    assertion: str
    hatched: bool
    status: str
    reason: str
    replaced_by: str
    billed: bool


class ChosenItem(msgspec.Struct, frozen=True):
    """A code that will be submitted and that no suggestion proposed as it is."""

    system: str
    code: str
    words: str
    spans: str
    replaces: str


class FindingItem(msgspec.Struct, frozen=True):
    """A difference between the note and the claim."""

    kind: str
    billed: str
    documented: str
    why: str
    needed: str
    spans: str


class Conflict(msgspec.Struct, frozen=True):
    """A decision that was not stored: somebody else decided in between."""

    changes: tuple[str, ...]
    words: str
    fields: tuple[tuple[str, str], ...]
    action: str


class Panel(msgspec.Struct, frozen=True):
    """Everything at the right of the note; it changes with each decision."""

    token: str
    revision: int
    read: bool
    items: tuple[Item, ...]
    chosen: tuple[ChosenItem, ...]
    findings: tuple[FindingItem, ...]
    visit: str
    visit_spans: str
    obstacles: tuple[Obstacle, ...]
    errors: int
    warnings: int
    decided: int
    total: int
    undoable: str
    submitted: bool
    submitted_by: str
    next: str
    reasons: tuple[str, ...]
    systems: tuple[str, ...]
    problem: str
    done: str
    conflict: Conflict | None
    others: tuple[str, ...]
    model_version: str


class ReviewPage(msgspec.Struct, frozen=True):
    """The review of one note."""

    queue: tuple[QueueItem, ...]
    counts: QueueCounts
    chosen: QueueFilter
    orders: tuple[tuple[str, str], ...]
    specialties: tuple[tuple[str, int], ...]
    token: str
    note_id: str
    date: dt.date | None
    specialty: str
    patient: str
    account: str
    blocks: tuple[NoteBlock, ...]
    panel: Panel
    first_use: bool


class EmptyReviewPage(msgspec.Struct, frozen=True):
    """The queue has no note: what was done today, and how notes come in."""

    counts: QueueCounts
    chosen: QueueFilter
    filtered: bool
    reason: str


class Searched(msgspec.Struct, frozen=True):
    """Codes that a search found, and what choosing one will do."""

    token: str
    query: str
    found: tuple[FoundCode, ...]
    system: str


def add_review(door: Door, desk: NoteDesk, codes: CodeDesk) -> None:
    """Registers the review."""

    def note_of(visit: Visit) -> StoredNote:
        return visit.store.notes.get(str(visit.request.path_params["token"]), visit.practices)

    @door.get("/review", "coding")
    def start(visit: Visit) -> Response:
        wanted = queue_filter(visit)
        lines = visit.store.notes.queue(visit.practices, wanted, limit=1)
        if lines:
            answer = visit.redirect(f"/review/{lines[0].token}")
        else:
            served = desk.served
            page = EmptyReviewPage(
                visit.store.notes.counts(visit.practices, visit.caller.actor, _midnight()),
                wanted,
                wanted != QueueFilter(),
                "" if served else "no coding model serves yet: 'firstpass train coding' makes one",
            )
            answer = visit.page("review_empty.html", page, TITLE, KEYS)
        if visit.request.query_params:
            kept = urlencode(
                {
                    "order": wanted.order,
                    "specialty": wanted.specialty,
                    "since": wanted.since or "",
                    "until": wanted.until or "",
                }
            )
            answer.set_cookie(FILTER, kept, httponly=True, samesite="lax")
        return answer

    @door.get("/review/{token}", "coding")
    def show(visit: Visit) -> Response:
        note = note_of(visit)
        desk.read_now(note)
        note = note_of(visit)
        others = _reading(visit, note)
        page = review_page(visit, note, codes, others=others)
        answer = visit.page("review.html", page, TITLE, KEYS, footer=_footer(note))
        answer.set_cookie(SEEN, "1", max_age=31_536_000, httponly=True, samesite="lax")
        return answer

    @door.get("/review/{token}/presence", "coding")
    def presence(visit: Visit) -> Response:
        note = note_of(visit)
        others = _reading(visit, note)
        seen = visit.query("revision")
        changed = seen.isdecimal() and int(seen) < note.revision
        page = Presence(note.token, others, tuple(_since(visit, note, seen)) if changed else ())
        return HTMLResponse(render("review_presence.html", page, visit.shell(TITLE, KEYS)))

    @door.get("/review/{token}/search", "coding")
    def search(visit: Visit) -> Response:
        note = note_of(visit)
        query = visit.query("q").strip()[:100]
        system = visit.query("system")
        found = codes.search(query, system, note.date) if query else []
        page = Searched(note.token, query, tuple(found), system)
        return HTMLResponse(render("review_search.html", page, visit.shell(TITLE, KEYS)))

    @door.post("/review/{token}/decide", "coding")
    def decide(visit: Visit) -> Response:
        note = note_of(visit)
        try:
            decision = new_decision(visit, note, codes)
        except InputError as error:
            return answer(visit, note, codes, problem=str(error))
        return keep(visit, note, decision, "decide")

    @door.post("/review/{token}/undo", "coding")
    def undo(visit: Visit) -> Response:
        note = note_of(visit)
        last = last_undoable(visit.store.notes.decisions(note.id), visit.caller.actor)
        if last is None:
            return answer(visit, note, codes, problem="there is no decision of yours to take back")
        taken = NewDecision(kind=UNDO, undoes=last.id, system=last.system, code=last.code)
        return keep(visit, note, taken, "undo")

    @door.post("/review/{token}/submit", "coding")
    def submit(visit: Visit) -> Response:
        note = note_of(visit)
        panel = panel_of(visit, note, codes)
        if panel.errors:
            return answer(
                visit, note, codes, problem="errors stand in the way: see the first one below"
            )
        return keep(visit, note, NewDecision(kind=SUBMIT), "submit")

    @door.post("/review/{token}/reopen", "coding")
    def reopen(visit: Visit) -> Response:
        return keep(visit, note_of(visit), NewDecision(kind=REOPEN), "reopen")

    def keep(visit: Visit, note: StoredNote, decision: NewDecision, action: str) -> Response:
        decision = msgspec.structs.replace(decision, model_version=note.model_version)
        seen = visit.form.get("revision", "")
        revision = int(seen) if seen.isdecimal() else note.revision
        if note.state == SUBMITTED and decision.kind != REOPEN:
            return answer(
                visit, note, codes, problem="this note is submitted: take that back first"
            )
        between = _since(visit, note, seen)
        if revision != note.revision and between and not visit.form.get("anyway"):
            return answer(visit, note, codes, conflict=_conflict(visit, note, decision, action))
        try:
            visit.store.notes.decide(
                note,
                decision,
                actor=visit.caller.actor,
                who=visit.caller.name,
                revision=note.revision,
            )
        except ConflictError:
            fresh = note_of(visit)
            return answer(visit, fresh, codes, conflict=_conflict(visit, fresh, decision, action))
        visit.audit(f"note.{decision.kind}", f"note:{note.token}", note.practice)
        return answer(visit, note_of(visit), codes, done=_done(decision))


class Presence(msgspec.Struct, frozen=True):
    """Who else has the note open, and what others decided since it was shown here."""

    token: str
    others: tuple[str, ...]
    changes: tuple[str, ...]


def answer(
    visit: Visit,
    note: StoredNote,
    codes: CodeDesk,
    *,
    problem: str = "",
    done: str = "",
    conflict: Conflict | None = None,
) -> Response:
    """The review after something was done: for htmx its changed parts, else the page."""
    others = _reading(visit, note)
    page = review_page(
        visit, note, codes, others=others, problem=problem, done=done, conflict=conflict
    )
    shell = visit.shell(TITLE, KEYS)
    if visit.partial:
        return HTMLResponse(render("review_swap.html", page, shell))
    if problem or conflict:
        return visit.page("review.html", page, TITLE, KEYS, footer=_footer(note))
    return visit.redirect(f"/review/{note.token}")


def queue_filter(visit: Visit) -> QueueFilter:
    """The filter of the query, else the one that was used last."""
    given = dict(visit.request.query_params)
    if not given:
        kept = parse_qs(visit.request.cookies.get(FILTER, ""))
        given = {k: v[0] for k, v in kept.items()}
    order = given.get("order", "certainty")
    return QueueFilter(
        specialty=given.get("specialty", "")[:60],
        since=_date(given.get("since", "")),
        until=_date(given.get("until", "")),
        order=order if order in dict(ORDERS) else "certainty",
    )


def review_page(
    visit: Visit,
    note: StoredNote,
    codes: CodeDesk,
    *,
    others: tuple[str, ...] = (),
    problem: str = "",
    done: str = "",
    conflict: Conflict | None = None,
) -> ReviewPage:
    """The page's context."""
    wanted = queue_filter(visit)
    notes = visit.store.notes
    panel = panel_of(
        visit, note, codes, others=others, problem=problem, done=done, conflict=conflict
    )
    claim = notes.claim_of(note)
    patient = ""
    if claim is not None:
        person = claim.patient
        parts = [person.first_name[:1] + person.last_name[:1], person.sex]
        if person.birth_date and note.date:
            years = (note.date - person.birth_date).days // 365.2425
            parts.append(f"{years:.0f} years")
        patient = " · ".join(x for x in parts if x)
    return ReviewPage(
        queue=tuple(_queue_item(x, note.token) for x in notes.queue(visit.practices, wanted)),
        counts=notes.counts(visit.practices, visit.caller.actor, _midnight()),
        chosen=wanted,
        orders=ORDERS,
        specialties=tuple(notes.specialties(visit.practices)),
        token=note.token,
        note_id=note.note_id,
        date=note.date,
        specialty=note.specialty.replace("_", " "),
        patient=patient,
        account=note.claim_id,
        blocks=_blocks(note, panel),
        panel=panel,
        first_use=SEEN not in visit.request.cookies,
    )


def panel_of(
    visit: Visit,
    note: StoredNote,
    codes: CodeDesk,
    *,
    others: tuple[str, ...] = (),
    problem: str = "",
    done: str = "",
    conflict: Conflict | None = None,
) -> Panel:
    """What stands beside the note."""
    reading = note.reading or Reading([])
    decisions = visit.store.notes.decisions(note.id)
    state = review_state(decisions)
    suggestions = shown(reading.suggestions, state)
    claim = visit.store.notes.claim_of(note)
    billed = {x.code for x in claim.diagnoses} if claim else set()
    billed |= {x.code for x in claim.lines} if claim else set()
    items = tuple(
        _item(i, suggestion, state, suggestion.code.replace(".", "") in billed)
        for i, suggestion in enumerate(suggestions)
    )
    proposed = {Code(x.system, x.code) for x in suggestions}
    undecided = sum(x.status == PENDING and not x.hatched and x.score >= 0.5 for x in items)
    found = obstacles(
        state.chosen, suggestions, undecided, codes.icd10cm, note.date or dt.date.today()
    )
    last = last_undoable(decisions, visit.caller.actor)
    comparison = reading.comparison
    visit_words = ""
    if reading.visit is not None:
        basis = "time" if reading.visit.basis == "time" else "medical decision making"
        visit_words = f"{reading.visit.code} by {basis}"
    following = visit.store.notes.following(visit.practices, queue_filter(visit), note)
    return Panel(
        token=note.token,
        revision=note.revision,
        read=note.reading is not None,
        items=items,
        chosen=tuple(
            ChosenItem(
                x.system,
                x.code,
                x.words,
                f"{x.begin}-{x.end}" if x.begin is not None else "",
                x.replaces.partition(" ")[2],
            )
            for x in state.chosen
            if Code(x.system, x.code) not in proposed
        ),
        findings=tuple(
            FindingItem(
                FINDING_WORDS.get(x.kind, x.kind),
                x.billed,
                x.documented,
                x.why,
                x.needed,
                _spans(x.evidence),
            )
            for x in (comparison.findings if comparison else ())
        ),
        visit=visit_words,
        visit_spans=_spans(reading.visit.evidence) if reading.visit else "",
        obstacles=tuple(found),
        errors=sum(x.severity == "error" for x in found),
        warnings=sum(x.severity != "error" for x in found),
        decided=sum(x.status != PENDING for x in items),
        total=len(items),
        undoable=_undone_words(last),
        submitted=note.state == SUBMITTED,
        submitted_by=_submitter(decisions) if note.state == SUBMITTED else "",
        next=following,
        reasons=REASONS,
        systems=tuple(codes.names),
        problem=problem,
        done=done,
        conflict=conflict,
        others=others,
        model_version=note.model_version,
    )


def shown(suggestions: Sequence[Suggestion], state: ReviewState) -> list[Suggestion]:
    """Suggestions worth a look, likeliest first; those that are not the patient's come last.

    One that was decided on stays, however unlikely.
    """
    kept = [
        x
        for x in suggestions
        if x.score >= WORTH_A_LOOK / 2
        or x.assertion in HATCHED
        or Code(x.system, x.code) in state.status
    ]
    return sorted(kept, key=lambda x: (x.assertion in HATCHED, -x.score))[:40]


def new_decision(visit: Visit, note: StoredNote, codes: CodeDesk) -> NewDecision:
    """The decision that a form asks for.

    Raises:
        InputError: an unknown kind, code or reason, or words that are not in the note.
    """
    form = visit.form
    kind, system, code = form.get("kind", ""), form.get("system", ""), form.get("code", "").strip()
    if kind not in _UNDONE_KINDS:
        raise InputError(f"kind={kind!r} is unknown; allowed: {', '.join(_UNDONE_KINDS)}")
    suggestions = note.reading.suggestions if note.reading else []
    about = next((x for x in suggestions if (x.system, x.code) == (system, code)), None)
    reason = form.get("reason", "").strip()[:300]
    if kind in (ACCEPT, REJECT):
        if about is None:
            raise InputError("this code is not among the suggestions any more")
        if kind == REJECT and not reason:
            raise InputError("say why it is rejected: 1 to 7, or in words")
        return NewDecision(
            kind=kind, system=system, code=code, words=about.words, reason=reason, suggestion=about
        )
    entry = codes.lookup(system, code, note.date)
    if entry is None:
        raise InputError(f"{code!r} is no code of {system}")
    begin, end = form.get("begin", ""), form.get("end", "")
    span: tuple[int | None, int | None] = (None, None)
    if begin.isdecimal() and end.isdecimal():
        if not 0 <= int(begin) < int(end) <= len(note.text):
            raise InputError("the marked words are not in the note")
        span = (int(begin), int(end))
    replaces = form.get("replaces", "")
    if kind == REPLACE:
        old_system, _, old_code = replaces.partition(" ")
        about = next((x for x in suggestions if (x.system, x.code) == (old_system, old_code)), None)
        if about is None:
            raise InputError("the suggestion to be replaced is not there any more")
        if about.evidence and span[0] is None:
            span = (about.evidence[0].begin, about.evidence[0].end)
    elif span[0] is None:
        raise InputError("mark the words of the note that support the code first")
    return NewDecision(
        kind=kind,
        system=entry.system,
        code=entry.code,
        words=entry.words,
        begin=span[0],
        end=span[1],
        replaces=replaces if kind == REPLACE else "",
        reason=reason,
        suggestion=about,
    )


def _blocks(note: StoredNote, panel: Panel) -> tuple[NoteBlock, ...]:
    marks = []
    for item in panel.items:
        style = {
            ACCEPTED: "accepted",
            REPLACED: "rejected",
            REJECTED: "rejected",
        }.get(item.status, "hatched" if item.hatched else "present")
        marks += [Mark(b, e, item.key, style) for b, e in _ends(item.spans)]
    for i, own in enumerate(panel.chosen):
        marks += [Mark(b, e, f"c{i}", "accepted") for b, e in _ends(own.spans)]
    try:
        return note_blocks(read_note(note.text), marks)
    except InputError:
        return ()


def _ends(spans: str) -> list[tuple[int, int]]:
    pairs = [x.split("-") for x in spans.split()]
    return [(int(b), int(e)) for b, e in pairs]


def _spans(evidence: Sequence[Evidence]) -> str:
    return " ".join(f"{x.begin}-{x.end}" for x in evidence)


def _item(number: int, x: Suggestion, state: ReviewState, billed: bool) -> Item:
    code = Code(x.system, x.code)
    other = state.replaced_by.get(code)
    return Item(
        key=f"s{number}",
        system=x.system,
        code=x.code,
        words=x.words,
        score=x.score,
        spans=_spans(x.evidence),
        evidence=len(x.evidence),
        missing=x.missing,
        warnings=tuple(w.words for w in x.warnings),
        assertion=str(x.assertion),
        hatched=x.assertion in HATCHED,
        status=state.status.get(code, PENDING),
        reason=state.reasons.get(code, ""),
        replaced_by=other.code if other else "",
        billed=billed,
    )


def _queue_item(line: QueueLine, current: str) -> QueueItem:
    unread = line.certainty > 1
    return QueueItem(
        line.token,
        line.date,
        line.specialty.replace("_", " "),
        "–" if unread else f"{line.certainty:.2f}",
        line.decided,
        line.token == current,
    )


def _since(visit: Visit, note: StoredNote, seen: str) -> list[str]:
    """What others decided since a revision, in words."""
    if not seen.isdecimal():
        return []
    decisions = visit.store.notes.decisions(note.id)
    later = decisions[len(decisions) - (note.revision - int(seen)) :]
    if int(seen) >= note.revision:
        return []
    return [_decision_words(x) for x in later if x.actor != visit.caller.actor]


def _decision_words(x: Decision) -> str:
    if x.kind in (SUBMIT, REOPEN):
        return f"{x.who} {'submitted the note' if x.kind == SUBMIT else 'opened it again'}"
    if x.kind == UNDO:
        return f"{x.who} took back a decision about {x.code}"
    extra = f" for {x.replaces.partition(' ')[2]}" if x.replaces else ""
    why = f" ({x.reason})" if x.reason else ""
    words = "put in" if x.kind == REPLACE else _UNDONE_KINDS[x.kind]
    return f"{x.who} {words} {x.code}{extra}{why}"


def _conflict(visit: Visit, note: StoredNote, decision: NewDecision, action: str) -> Conflict:
    kept = ("kind", "system", "code", "begin", "end", "replaces", "reason")
    fields = tuple((k, visit.form[k]) for k in kept if visit.form.get(k))
    seen = visit.form.get("revision", "")
    return Conflict(tuple(_since(visit, note, seen)), _done(decision), fields, action)


def _done(decision: NewDecision) -> str:
    words = {
        ACCEPT: "accepted",
        REJECT: "rejected",
        REPLACE: "put in its place",
        ADD: "added",
        UNDO: "decision taken back",
    }
    if decision.kind in (SUBMIT, REOPEN):
        return "submitted" if decision.kind == SUBMIT else "open again"
    return f"{decision.code} {words[decision.kind]}"


def _undone_words(last: Decision | None) -> str:
    return "" if last is None else f"{last.code} {_UNDONE_KINDS[last.kind]}"


def _submitter(decisions: Sequence[Decision]) -> str:
    submits = [x for x in standing(decisions) if x.kind == SUBMIT]
    return f"{submits[-1].who}, {submits[-1].created:%Y-%m-%d %H:%M}" if submits else ""


def _reading(visit: Visit, note: StoredNote) -> tuple[str, ...]:
    reader = f"{visit.caller.actor}"
    return tuple(visit.store.notes.reading(note.id, reader, visit.caller.name))


def _midnight() -> dt.datetime:
    return now().replace(hour=0, minute=0, second=0, microsecond=0)


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _footer(note: StoredNote) -> str:
    return f"coding model version {note.model_version}" if note.model_version else ""


TEMPLATES_OF = {"review.html": ReviewPage, "review_empty.html": EmptyReviewPage}
