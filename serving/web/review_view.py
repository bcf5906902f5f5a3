"""The review of a note as its page shows it: queue, marked text, and the panel beside it."""

import datetime as dt
from collections.abc import Sequence

from models.coding.assertion import Assertion
from models.coding.note import read_note
from models.coding.suggestion import Evidence, Suggestion
from models.errors import InputError
from serving.store.columns import now
from serving.store.notes import (
    SUBMIT,
    SUBMITTED,
    WORTH_A_LOOK,
    Decision,
    QueueLine,
    Reading,
    StoredNote,
)
from serving.store.review_state import (
    ACCEPTED,
    PENDING,
    REJECTED,
    REPLACED,
    Code,
    ReviewState,
    last_undoable,
    review_state,
    standing,
)
from serving.web.codes import CodeDesk
from serving.web.door import Visit
from serving.web.note_view import Mark, NoteBlock, note_blocks
from serving.web.obstacles import obstacles
from serving.web.review_contexts import (
    ChosenItem,
    Conflict,
    FindingItem,
    Item,
    Panel,
    QueueItem,
    ReviewPage,
)
from serving.web.review_decisions import ORDERS, queue_filter, undone_words

REASONS = (
    "not documented",
    "denied or ruled out in the note",
    "past, not treated in this visit",
    "of a relative, not the patient",
    "another code says more",
    "not relevant to this visit",
    "other",
)


HATCHED = frozenset({Assertion.NEGATED, Assertion.FAMILY})


FINDING_WORDS = {
    "unsupported": "billed, no support in the note",
    "less_specific": "billed, the note says more",
    "unbilled": "in the note, not billed",
}


SEEN = "firstpass_seen_review"


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
        counts=notes.counts(visit.practices, visit.caller.actor, midnight()),
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
        state.chosen,
        suggestions,
        undecided,
        codes.icd10cm,
        note.date or dt.date.today(),
        state.denied,
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
        undoable=undone_words(last),
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


def _submitter(decisions: Sequence[Decision]) -> str:
    submits = [x for x in standing(decisions) if x.kind == SUBMIT]
    return f"{submits[-1].who}, {submits[-1].created:%Y-%m-%d %H:%M}" if submits else ""


def midnight() -> dt.datetime:
    """When today began."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0)
