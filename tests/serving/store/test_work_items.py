"""Denials as work: made with each load, closed by the files, decided by persons, with packets."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from models.errors import InputError
from models.history import build_history
from models.revenue.actions import Action
from models.revenue.attempts import tried
from models.revenue.recovery import RecoveryModel, count_rates
from models.revenue.underpayment import compare_allowed
from models.revenue.work import Worklist, ordered, within_capacity
from serving.store.errors import ConflictError, NotFoundError
from serving.store.ledger import Ledgers
from serving.store.ledger_decisions import Decider
from serving.store.packets import PacketOrder, Packets
from serving.store.snapshot import read_snapshot
from serving.store.work_decisions import WorkChange, WorkDecisions
from serving.store.work_items import WorkItems
from serving.store.work_tables import WorkItemRow
from serving.store.worklist import DenialWorklist, WorkFilter
from tests.models.history.x12_text import filed, remitted
from tests.serving.store.ledgers import load, load_text, practice, practice_items

DENIED = "CLP*A1*1*140*60**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*40~SVC*HC:85025*40*0~CAS*CO*197*40~"
ANN = Decider("user:ann", ("biller",), name="Ann")
TODAY = dt.date(2026, 2, 10)


def refresh(database, home):
    """What a load does to the only practice's items."""
    key = practice(database)
    snapshot = read_snapshot(database, key)
    assert snapshot is not None
    ledger = Ledgers(database).compute(snapshot)
    Ledgers(database).post(key, snapshot=snapshot, ledger=ledger, force=True)
    return WorkItems(database).refresh(snapshot, ledger, home=home)


def one_denial(database, home):
    """The key of the item of one denied line."""
    load_text(
        database, filed("A1", "20260105", "99213*100", "85025*40"),
        remitted("20260119", DENIED, amount="60"),
    )  # fmt: skip
    done = refresh(database, home)
    assert (done.open, done.new) == (1, 1)
    (line,) = DenialWorklist(database).page(None, WorkFilter()).lines
    return line.key


def stored(database):
    with database.read() as connection:
        return sorted(tuple(x) for x in connection.execute(select(WorkItemRow)))


def test_items_are_those_of_the_rules_and_loading_again_changes_nothing(database, tmp_path):
    load(database, practice_items())
    items = WorkItems(database)
    assert items.stale(None)
    done = refresh(database, tmp_path)
    assert not items.stale(None) and items.stale(None, "3")
    history = build_history(practice_items())
    rates = count_rates((t.facts, t.recovered) for t in tried(history))
    wanted = ordered(Worklist(history, RecoveryModel(rates)).items())
    assert done.new == done.open == len(wanted) > 5
    worklist = DenialWorklist(database)
    page = worklist.page(None, WorkFilter(), hours=2.0, limit=1000)
    fits = within_capacity(wanted, 2.0)
    assert [(x.claim_id, x.line) for x in page.lines[: len(fits)]] == [
        (x.claim_id, x.line) for x in fits
    ]
    assert page.totals.within == len(fits) < page.totals.count == len(wanted)
    assert page.totals.within_hours <= 2.0
    assert all(x.within for x in page.lines[: len(fits)])
    before = stored(database)
    again = refresh(database, tmp_path)
    assert (again.new, again.changed, again.closed, again.reopened) == (0, 0, 0, 0)
    assert stored(database) == before
    assert worklist.page(["other:1"], WorkFilter()).lines == []
    found = worklist.facets(None)["payer"]
    assert sum(x.count for x in found) == len(wanted)
    causes = worklist.causes(None)
    assert sum(x.to_do for x in causes) == len(wanted)
    assert sum(x.at_stake for x in causes) == page.totals.at_stake
    assert [x.at_stake for x in causes] == sorted((x.at_stake for x in causes), reverse=True)


def test_what_persons_did_stays_and_the_files_close_what_they_settle(database, tmp_path):
    key = one_denial(database, tmp_path)
    worklist, decisions = DenialWorklist(database), WorkDecisions(database)
    taken = decisions.change(
        key, ANN, WorkChange("in_work", assigned_to="Ann", note="called them", revision=0)
    )
    assert (taken.state, taken.assigned_to, taken.revision) == ("in_work", "Ann", 1)
    assert [x.kind for x in taken.notes] == ["state", "assigned", "note"]
    with pytest.raises(ConflictError, match="somebody else changed this item"):
        decisions.change(key, ANN, WorkChange("open", revision=0))
    assert refresh(database, tmp_path).changed == 0
    assert worklist.get(key, None).state == "in_work"
    load_text(
        database,
        remitted(
            "20260201",
            "CLP*A1*1*140*100**12*CN1~SVC*HC:99213*100*60~CAS*CO*45*40~SVC*HC:85025*40*40~",
            amount="100",
        ),
    )
    assert refresh(database, tmp_path).closed == 1
    closed = worklist.get(key, None)
    assert (closed.state, closed.outcome, closed.closed_by) == ("done", "recovered", "files")
    assert (closed.recovered, closed.settled) == (Decimal(40), dt.date(2026, 2, 1))
    assert closed.notes[-1].words == "40.00 dollars more were paid on 2026-02-01"
    with pytest.raises(ConflictError, match="the files have settled"):
        decisions.change(key, ANN, WorkChange("open"))
    assert worklist.page(None, WorkFilter()).lines == []
    assert worklist.counts(None) == {"done": 1}


def test_an_item_that_a_person_closed_stays_closed(database, tmp_path):
    key = one_denial(database, tmp_path)
    decisions = WorkDecisions(database)
    done = decisions.change(key, ANN, WorkChange("done", "not_worth_it"))
    assert (done.outcome, done.closed_by) == ("not_worth_it", "user:ann")
    refresh(database, tmp_path)
    assert DenialWorklist(database).get(key, None).state == "done"
    back = decisions.change(key, ANN, WorkChange("open"))
    assert (back.state, back.outcome) == ("open", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (WorkChange(), "nothing is changed"),
        (WorkChange("lost"), "state='lost' is unknown"),
        (WorkChange("done"), "what is done has an outcome"),
        (WorkChange("done", "luck"), "outcome='luck' is unknown"),
        (WorkChange("open", "recovered"), "goes with the state 'done'"),
    ],
)
def test_changes_that_make_no_sense_are_refused(database, change, words):
    with pytest.raises(InputError, match=words):
        WorkDecisions(database).change("0", ANN, change)


def test_others_practices_are_not_seen(database, tmp_path):
    key = one_denial(database, tmp_path)
    stranger = Decider("user:eve", ("biller",), ("1:2",))
    with pytest.raises(NotFoundError):
        WorkDecisions(database).change(key, stranger, WorkChange(note="mine"))
    with pytest.raises(NotFoundError):
        DenialWorklist(database).get(key, ["1:2"])
    with pytest.raises(NotFoundError):
        Packets(database).make(key, stranger, PacketOrder(), today=TODAY, home=tmp_path)


def test_a_packet_is_kept_with_its_versions(database, tmp_path):
    key = one_denial(database, tmp_path)
    packets, item = Packets(database), DenialWorklist(database).get(key, None)
    draft = packets.draft(key, None, PacketOrder(Action.APPEAL), today=TODAY, home=tmp_path)
    letter = draft.files["letter.txt"].decode()
    assert "85025" in letter and draft.unfinished
    first = packets.make(key, ANN, PacketOrder(Action.APPEAL), today=TODAY, home=tmp_path)
    assert (first.version, first.packet.action) == (1, Action.APPEAL)
    same = packets.make(key, ANN, PacketOrder(Action.APPEAL), today=TODAY, home=tmp_path)
    assert same.version == 1
    edited = PacketOrder(Action.APPEAL, letter + "\nIt was authorized by telephone.\n")
    second = packets.make(key, ANN, edited, today=TODAY, home=tmp_path)
    claim = packets.filed(item)
    changed = msgspec.structs.replace(claim, group_number="G77")
    WorkDecisions(database).correct(key, ANN, changed, "group number changed", None)
    third = packets.make(key, ANN, PacketOrder(Action.CORRECT), today=TODAY, home=tmp_path)
    assert [second.version, third.version] == [2, 3]
    versions = packets.versions(item.practice, "A1")
    assert [(x.version, x.who) for x in versions] == [(3, "Ann"), (2, "Ann"), (1, "Ann")]
    assert b"by telephone" in packets.file(item.practice, "A1", 2, "letter.txt")
    assert packets.file(item.practice, "A1", 1, "letter.pdf").startswith(b"%PDF")
    claim_file = packets.file(item.practice, "A1", 3, "corrected.837")
    assert b"G77" in claim_file and b"REF*F8*CN1" in claim_file
    with pytest.raises(NotFoundError, match="no such file"):
        packets.file(item.practice, "A1", 9, "letter.txt")
    notes = DenialWorklist(database).get(key, None).notes
    assert [x.kind for x in notes] == ["packet", "packet", "claim", "packet"]


def test_what_was_paid_below_expectation_is_work_until_it_is_paid(database, tmp_path):
    claims = [filed(f"B{i}", "20260105", "99213*1000") for i in range(6)]
    usual = "".join(
        f"CLP*B{i}*1*1000*800**12*CN{i}~SVC*HC:99213*1000*800~CAS*CO*45*200~" for i in range(5)
    )
    short = "CLP*B5*1*1000*500**12*CN5~SVC*HC:99213*1000*500~CAS*CO*45*500~"
    load_text(database, *claims, remitted("20260119", usual + short, amount="4500"))
    done = refresh_with_amounts(database, tmp_path)
    assert done.new == 1
    (line,) = DenialWorklist(database).page(None, WorkFilter()).lines
    assert (line.kind, line.claim_id, line.gap) == ("underpaid", "B5", "pricing")
    assert (line.at_stake, line.action) == (Decimal(300), "appeal")
    made = Packets(database).make(
        line.key, ANN, PacketOrder(Action.APPEAL), today=TODAY, home=tmp_path
    )
    letter = Packets(database).file(line.practice, "B5", made.version, "letter.txt").decode()
    assert "allowed 500.00 where 800.00 was to be expected" in letter
    again = refresh_with_amounts(database, tmp_path)
    assert (again.new, again.changed, again.closed) == (0, 0, 0)
    back = "CLP*B5*22*-1000*-500**12*CN5~SVC*HC:99213*-1000*-500~CAS*CO*45*-500~"
    full = "CLP*B5*1*1000*800**12*CN5~SVC*HC:99213*1000*800~CAS*CO*45*200~"
    load_text(database, remitted("20260209", back + full, amount="300"))
    assert refresh_with_amounts(database, tmp_path).closed == 1
    closed = DenialWorklist(database).get(line.key, None)
    assert (closed.outcome, closed.recovered) == ("recovered", Decimal(300))


def refresh_with_amounts(database, home):
    """As `refresh`, with services compared to what was expected."""
    key = practice(database)
    snapshot = read_snapshot(database, key)
    assert snapshot is not None
    ledger = Ledgers(database).compute(snapshot)
    Ledgers(database).post(key, snapshot=snapshot, ledger=ledger, force=True)
    compared = compare_allowed(snapshot.history, ledger)
    return WorkItems(database).refresh(snapshot, ledger, home=home, compared=compared)
