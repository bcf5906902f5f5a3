"""Coding review: the queue, the note with its suggestions, and every decision as it is made."""

from urllib.parse import urlencode

import msgspec
from starlette.responses import HTMLResponse, Response

from models.errors import InputError
from serving.scoring.notes import NoteDesk
from serving.store.errors import ConflictError
from serving.store.notes import (
    REOPEN,
    SUBMIT,
    SUBMITTED,
    UNDO,
    NewDecision,
    QueueFilter,
    StoredNote,
)
from serving.store.review_state import last_undoable
from serving.web.codes import CodeDesk
from serving.web.door import Door, Visit
from serving.web.render import Key, render
from serving.web.review_contexts import (
    Conflict,
    EmptyReviewPage,
    Presence,
    ReviewPage,
    Searched,
)
from serving.web.review_decisions import (
    FILTER,
    conflict_of,
    done_words,
    new_decision,
    queue_filter,
    since,
)
from serving.web.review_view import SEEN, midnight, panel_of, review_page

TITLE = "Coding review"


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
                visit.store.notes.counts(visit.practices, visit.caller.actor, midnight()),
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
        page = Presence(note.token, others, tuple(since(visit, note, seen)) if changed else ())
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
        between = since(visit, note, seen)
        if revision != note.revision and between and not visit.form.get("anyway"):
            return answer(visit, note, codes, conflict=conflict_of(visit, note, decision, action))
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
            return answer(visit, fresh, codes, conflict=conflict_of(visit, fresh, decision, action))
        visit.audit(f"note.{decision.kind}", f"note:{note.token}", note.practice)
        return answer(visit, note_of(visit), codes, done=done_words(decision))


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


def _reading(visit: Visit, note: StoredNote) -> tuple[str, ...]:
    reader = f"{visit.caller.actor}"
    return tuple(visit.store.notes.reading(note.id, reader, visit.caller.name))


def _footer(note: StoredNote) -> str:
    return f"coding model version {note.model_version}" if note.model_version else ""


TEMPLATES_OF = {"review.html": ReviewPage, "review_empty.html": EmptyReviewPage}
