"""What a reviewer asks for: the filter of the queue, decisions from forms, and both in words."""

import datetime as dt
from urllib.parse import parse_qs

from models.errors import InputError
from serving.store.notes import (
    ACCEPT,
    ADD,
    FLAG,
    REJECT,
    REOPEN,
    REPLACE,
    SUBMIT,
    UNDO,
    Decision,
    NewDecision,
    QueueFilter,
    StoredNote,
)
from serving.web.codes import CodeDesk
from serving.web.door import Visit
from serving.web.review_contexts import Conflict

ORDERS = (
    ("certainty", "least certain first"),
    ("newest", "newest first"),
    ("oldest", "oldest first"),
)


FILTER = "firstpass_queue"


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


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


DECIDED = {ACCEPT: "accepted", REJECT: "rejected", REPLACE: "replaced", ADD: "added"}


def new_decision(visit: Visit, note: StoredNote, codes: CodeDesk) -> NewDecision:
    """The decision that a form asks for.

    Raises:
        InputError: an unknown kind, code or reason, or words that are not in the note.
    """
    form = visit.form
    kind, system, code = form.get("kind", ""), form.get("system", ""), form.get("code", "").strip()
    if kind not in DECIDED:
        raise InputError(f"kind={kind!r} is unknown; allowed: {', '.join(DECIDED)}")
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


def since(visit: Visit, note: StoredNote, seen: str) -> list[str]:
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
    if x.kind == FLAG:
        return f"{x.who} denied {x.code} for coding ({x.reason})"
    if x.kind == UNDO:
        return f"{x.who} took back a decision about {x.code}"
    extra = f" for {x.replaces.partition(' ')[2]}" if x.replaces else ""
    why = f" ({x.reason})" if x.reason else ""
    words = "put in" if x.kind == REPLACE else DECIDED[x.kind]
    return f"{x.who} {words} {x.code}{extra}{why}"


def conflict_of(visit: Visit, note: StoredNote, decision: NewDecision, action: str) -> Conflict:
    """What is shown where somebody else decided first: their changes, and the form again."""
    kept = ("kind", "system", "code", "begin", "end", "replaces", "reason")
    fields = tuple((k, visit.form[k]) for k in kept if visit.form.get(k))
    seen = visit.form.get("revision", "")
    return Conflict(tuple(since(visit, note, seen)), done_words(decision), fields, action)


def done_words(decision: NewDecision) -> str:
    """What was done, in words."""
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


def undone_words(last: Decision | None) -> str:
    """What undo would take back; empty where there is nothing."""
    return "" if last is None else f"{last.code} {DECIDED[last.kind]}"
