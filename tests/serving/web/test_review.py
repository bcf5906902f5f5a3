"""Coding review: queue, decisions, submission, two reviewers."""

import datetime as dt
import html
import re

import httpx
import pytest

from models.codes.icd10cm import load_icd10cm
from models.coding.note import read_note
from serving.store.columns import now
from serving.store.notes import Decision, QueueFilter, certainty
from serving.store.review_state import Chosen, Code, review_state
from serving.web.note_view import Mark, note_blocks
from serving.web.obstacles import obstacles
from tests.serving.web.site import (
    HTML,
    NOTE,
    add_user,
    csrf,
    note_record,
    signed_in,
    visiting,
    with_notes,
)

PART = {"hx-request": "true"}
EVERY = QueueFilter()
DIABETES, PRESSURE = "E11.21", "I10"


def first(store):
    return store.notes.queue(None, EVERY)[0].token


async def opened(client, token):
    """The page and the fields that its forms carry."""
    page = (await client.get(f"/review/{token}", headers=HTML)).text
    revision = re.search(r'data-revision="(\d+)"', page)
    assert revision
    return page, {"csrf": csrf(page), "revision": revision[1]}


def test_a_note_shows_its_sections_its_suggestions_and_their_evidence(settings):
    store = with_notes(settings)

    async def work(client: httpx.AsyncClient) -> None:
        start = await client.get("/review", headers=HTML)
        assert start.headers["location"] == f"/review/{first(store)}"
        page, _ = await opened(client, first(store))
        assert "ASSESSMENT AND PLAN" in page
        for code in (DIABETES, PRESSURE):
            assert f"<code>{code}</code>" in page
        # Evidence is marked at the characters that the model means.
        marked = re.findall(r'<mark [^>]*data-begin="(\d+)"[^>]*>([^<]*)</mark>', page)
        assert marked
        for begin, words in marked:
            words = html.unescape(words)
            assert NOTE[int(begin) : int(begin) + len(words)] == words
        # What is denied, or a relative's, is shown as such.
        assert re.search(r'class="ev hatched"[^>]*>chest pain<', page)
        assert re.search(r'class="ev hatched"[^>]*>breast cancer<', page)
        assert "negated" in page and "family" in page

    visiting(settings, work)
    store.close()


def test_decisions_are_stored_as_they_are_made_and_undone_without_end(settings):
    store = with_notes(settings)
    add_user(store, "ann", "coder", full_name="Ann Lee")
    token = first(store)

    async def work(client: httpx.AsyncClient) -> None:
        await signed_in(client, "ann")
        system = {"system": "ICD-10-CM"}

        async def act(path: str, **fields: str) -> str:
            _, base = await opened(client, token)
            answer = await client.post(
                f"/review/{token}/{path}", data={**base, **fields}, headers=PART
            )
            assert answer.status_code == 200, answer.text
            assert "<html" not in answer.text
            return answer.text

        await act("decide", kind="accept", code=DIABETES, **system)
        missing = await act("decide", kind="reject", code=PRESSURE, **system)
        assert "say why it is rejected" in missing
        await act("decide", kind="reject", code=PRESSURE, reason="not documented", **system)
        at = NOTE.index("A1c 8.2")
        added = await act(
            "decide", kind="add", code="R73.09", begin=str(at), end=str(at + 7), **system
        )
        assert "R73.09" in added and f'data-spans="{at}-{at + 7}"' in added
        await act(
            "decide", kind="replace", code="E11.29", replaces=f"ICD-10-CM {DIABETES}", **system
        )
        note = store.notes.get(token, None)
        kept = store.notes.decisions(note.id)
        assert [(x.kind, x.code, x.who) for x in kept] == [
            ("accept", DIABETES, "Ann Lee"),
            ("reject", PRESSURE, "Ann Lee"),
            ("add", "R73.09", "Ann Lee"),
            ("replace", "E11.29", "Ann Lee"),
        ]
        assert {x.model_version for x in kept} == {"1"}
        assert (kept[2].begin, kept[2].end) == (at, at + 7)
        for left in (3, 2, 1, 0):
            await act("undo")
            state = review_state(store.notes.decisions(note.id))
            assert len(state.status) - len(state.replaced_by) == min(left, 3)
        assert "no decision of yours" in await act("undo")
        assert store.audit.entries(action="note.add")[0].entry.record == f"note:{token}"

    visiting(settings, work)
    store.close()


def test_errors_block_submission_and_warnings_do_not(settings):
    store = with_notes(settings)
    token = first(store)

    async def work(client: httpx.AsyncClient) -> None:
        system = {"system": "ICD-10-CM", "begin": "0", "end": "2"}
        _, form = await opened(client, token)
        bad = {**form, **system, "kind": "add", "code": "E11"}
        await client.post(f"/review/{token}/decide", data=bad, headers=PART)
        page, form = await opened(client, token)
        assert "E11 is a heading" in page and 'aria-disabled="true"' in page
        refused = await client.post(f"/review/{token}/submit", data=form, headers=PART)
        assert "errors stand in the way" in refused.text
        assert store.notes.get(token, None).state == "open"
        await client.post(f"/review/{token}/undo", data=form, headers=PART)
        page, form = await opened(client, token)
        assert "not decided" in page
        done = await client.post(f"/review/{token}/submit", data=form, headers=PART)
        assert "submitted" in done.text and "Next note" in done.text
        assert store.notes.get(token, None).state == "submitted"
        assert token not in [x.token for x in store.notes.queue(None, EVERY)]
        _, form = await opened(client, token)
        closed = {**form, "kind": "accept", "system": "ICD-10-CM", "code": PRESSURE}
        answer = await client.post(f"/review/{token}/decide", data=closed, headers=PART)
        assert "take that back first" in answer.text
        await client.post(f"/review/{token}/reopen", data=form, headers=PART)
        assert store.notes.get(token, None).state == "open"

    visiting(settings, work)
    store.close()


def test_the_second_reviewer_is_told_and_overwrites_nothing_unseen(settings):
    store = with_notes(settings)
    add_user(store, "ann", "coder", full_name="Ann Lee")
    add_user(store, "bea", "coder", full_name="Bea Ray")
    token = first(store)

    async def work(client: httpx.AsyncClient) -> None:
        transport = client._transport
        other = httpx.AsyncClient(transport=transport, base_url=client.base_url)
        await signed_in(client, "ann")
        await signed_in(other, "bea")
        _, ann = await opened(client, token)
        page, bea = await opened(other, token)
        assert "Ann Lee has this note open too" in page
        told = await client.get(f"/review/{token}/presence?revision=0", headers=PART)
        assert "Bea Ray has this note open too" in told.text
        about = {"system": "ICD-10-CM", "code": PRESSURE}
        path = f"/review/{token}/decide"
        await client.post(path, data={**ann, **about, "kind": "accept"}, headers=PART)
        late = {**bea, **about, "kind": "reject", "reason": "not documented"}
        answer = await other.post(path, data=late, headers=PART)
        assert "Not stored: I10 rejected" in answer.text
        assert "Ann Lee accepted I10" in answer.text
        note = store.notes.get(token, None)
        assert [x.kind for x in store.notes.decisions(note.id)] == ["accept"]
        seen = await other.get(f"/review/{token}/presence?revision=0", headers=PART)
        assert "Ann Lee accepted I10" in seen.text
        await other.post(path, data={**late, "anyway": "1"}, headers=PART)
        assert [x.who for x in store.notes.decisions(note.id)] == ["Ann Lee", "Bea Ray"]
        # One's own second window is nobody else.
        _, bea = await opened(other, token)
        for code in (DIABETES, PRESSURE):
            again = {**bea, "system": "ICD-10-CM", "code": code, "kind": "accept"}
            fine = await other.post(path, data=again, headers=PART)
            assert "Not stored" not in fine.text
        await other.aclose()

    visiting(settings, work)
    store.close()


def test_the_claim_is_compared_in_both_directions(settings):
    store = with_notes(settings, notes=1)

    async def work(client: httpx.AsyncClient) -> None:
        page, _ = await opened(client, first(store))
        assert "on the claim" in page  # E11.21 is billed and supported
        assert "in the note, not billed" in page  # I10

    visiting(settings, work)
    store.close()


def test_search_finds_by_words_and_by_the_beginning_of_a_code(settings):
    store = with_notes(settings, notes=1)
    token = first(store)

    async def work(client: httpx.AsyncClient) -> None:
        for query, code in (("hypertension essential", "I10"), ("e11.2", "E11.21")):
            answer = await client.get(
                f"/review/{token}/search", params={"q": query, "system": "ICD-10-CM"}, headers=PART
            )
            assert f'data-code="{code}"' in answer.text, query
        nothing = await client.get(f"/review/{token}/search?q=zzzzqqq", headers=PART)
        assert "no code" in nothing.text

    visiting(settings, work)
    store.close()


def test_the_queue_is_narrowed_and_ordered_and_an_empty_one_says_what_was_done(settings):
    store = with_notes(settings, notes=4)
    newest = store.notes.queue(None, QueueFilter(order="newest"))
    days = [str(x.date) for x in newest]
    assert days == sorted(days, reverse=True)
    some = store.notes.queue(None, QueueFilter(specialty="cardiology"))
    assert len(some) == 2
    late = store.notes.queue(None, QueueFilter(since=dt.date(2026, 3, 3)))
    assert len(late) == 2

    async def work(client: httpx.AsyncClient) -> None:
        await client.get("/review?order=newest&specialty=cardiology", headers=HTML)
        page, _ = await opened(client, newest[0].token)
        assert page.count("<span>2026-") >= 2
        none = await client.get("/review?specialty=nothing", headers=HTML)
        assert "No note fits this filter" in none.text

    visiting(settings, work)
    store.close()


def test_a_note_that_comes_again_is_replaced_until_somebody_has_begun(settings):
    store = with_notes(settings, notes=1)
    assert store.notes.load([note_record(0)]) == (0, 0, 1)
    assert store.notes.load([note_record(0, text="Other text.")]) == (0, 1, 0)
    note = store.notes.get(first(store), None)
    from serving.store.notes import NewDecision

    store.notes.decide(note, NewDecision(kind="submit"), actor="a", who="a", revision=0)
    assert store.notes.load([note_record(0)]) == (0, 0, 1)
    assert store.notes.get(note.token, None).text == "Other text."
    store.close()


def decision(number, kind, code="A00.0", **more):
    given = {
        "system": "ICD-10-CM",
        "words": "",
        "begin": None,
        "end": None,
        "replaces": "",
        "reason": "",
        "model_version": "1",
        "undoes": None,
        "actor": "a",
        "who": "a",
        "created": now(),
    }
    return Decision(id=number, kind=kind, code=code, **{**given, **more})


def test_of_several_decisions_about_a_code_the_last_that_stands_counts():
    made = [decision(1, "accept"), decision(2, "reject", reason="other")]
    code = Code("ICD-10-CM", "A00.0")
    assert review_state(made).status == {code: "rejected"}
    assert review_state([*made, decision(3, "undo", undoes=2)]).status == {code: "accepted"}


@pytest.mark.parametrize(
    ("codes", "severities"),
    [
        (("E11.21",), []),
        (("E11",), ["error"]),
        (("S52.501",), ["error"]),  # no 7th character
        (("E10.9", "E11.9"), ["error", "error"]),  # Excludes1
    ],
)
def test_what_must_not_be_sent_is_an_error(codes, severities):
    chosen = [Chosen("ICD-10-CM", x, "", i) for i, x in enumerate(codes)]
    found = obstacles(chosen, [], 0, load_icd10cm(), dt.date(2026, 3, 1), {})
    assert [x.severity for x in found if x.severity == "error"] == severities


def test_a_code_that_was_denied_since_is_a_warning_and_blocks_nothing():
    denied = {Code("ICD-10-CM", "I10"): "CARC 11; answered 2026-03-01"}
    (found,) = obstacles([], [], 0, load_icd10cm(), dt.date(2026, 3, 1), denied)
    assert (found.severity, found.code) == ("warning", "I10")
    assert "denied for coding (CARC 11" in found.words


def test_every_piece_of_a_note_says_where_it_begins():
    text = "CC: a\U0001f600b\r\nPLAN: one\rtwo\n\n  three"
    marks = [Mark(5, 6, "s0", "present"), Mark(4, 7, "s1", "hatched")]
    pieces = [
        piece
        for block in note_blocks(read_note(text), marks)
        for line in (block.heading, *block.lines)
        for piece in line
    ]
    assert all(text[p.begin : p.begin + len(p.text)] == p.text for p in pieces)
    assert [p.keys for p in pieces if p.begin == 5] == ["s0 s1"]
    assert [p.style for p in pieces if p.begin == 5] == ["present"]
    shown = "".join(p.text for p in pieces)
    assert "three" in shown and "\U0001f600" in shown


def test_a_note_with_nothing_worth_a_look_is_the_least_certain():
    assert certainty([]) == 0.0
