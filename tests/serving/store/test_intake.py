import datetime as dt
import threading
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import func, select

from models.claims.common import Source
from models.claims.x12.context import Item, SkippedTransaction
from models.errors import Place, Problem
from serving.store.history import read_acknowledgements, read_payments, read_submissions
from serving.store.intake import Intake
from serving.store.tables import (
    AcknowledgementRow,
    ClaimRow,
    PaymentRow,
    RemittanceRow,
    SubmissionRow,
    TransmissionRow,
)
from tests.serving.store.records import load, transmission
from tests.serving.store.samples import (
    FIRST_DAY,
    OTHER_BILLING,
    OTHER_PRACTICE,
    PRACTICE,
    acknowledgement,
    claim,
    payment,
    remittance,
)

CLAIMS = [claim(i) for i in range(5)]
PAYMENT = payment(tuple(remittance(c) for c in CLAIMS), trace="T1", day=FIRST_DAY)


def count(database, kind):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(kind)).scalar()


def moved(record, file="again.837"):
    """The same record, read elsewhere."""
    return msgspec.structs.replace(record, source=Source(file, 99, "9", "9", "9"))


def test_what_is_stored_comes_back_as_it_was(database):
    answers = [acknowledgement(c) for c in CLAIMS]
    report = load(database, [*CLAIMS, PAYMENT, *answers])
    assert {k: (v.read, v.new) for k, v in report.counts.items()} == {
        "claims": (5, 5),
        "payments": (1, 1),
        "remittances": (5, 5),
        "acknowledgements": (5, 5),
        "set_acknowledgements": (0, 0),
        "notes": (0, 0),
    }
    assert report.practices == [PRACTICE]
    assert report.kind == "mixed"
    with database.read() as connection:
        assert [x.claim for x in read_submissions(connection, PRACTICE)] == CLAIMS
        assert [x for x, _ in read_payments(connection, PRACTICE)] == [PAYMENT]
        assert list(read_acknowledgements(connection, PRACTICE)) == answers


def test_a_file_is_loaded_once(database):
    intake, file = Intake(database), transmission()
    assert not intake.seen(file.sha256)
    first = intake.load(CLAIMS, file)
    assert intake.seen(file.sha256)
    second = intake.load(CLAIMS, file)
    assert (first.already, second.already) == (False, True)
    assert second.practices == [PRACTICE]
    assert count(database, SubmissionRow) == 5


def test_records_are_stored_once_whatever_file_brings_them(database):
    load(database, [*CLAIMS, PAYMENT, acknowledgement(CLAIMS[0])])
    again = [moved(c) for c in CLAIMS]
    paid = msgspec.structs.replace(
        moved(PAYMENT), remittances=tuple(moved(r) for r in PAYMENT.remittances)
    )
    report = load(database, [*again, paid, moved(acknowledgement(CLAIMS[0]))])
    assert report.new == 0
    assert [count(database, x) for x in (ClaimRow, SubmissionRow, PaymentRow, RemittanceRow)] == [
        5,
        5,
        1,
        5,
    ]
    assert count(database, AcknowledgementRow) == 1


def test_a_claim_filed_again_on_another_day_is_another_submission_of_one_content(database):
    later = msgspec.structs.replace(CLAIMS[0], submitted=FIRST_DAY + dt.timedelta(30))
    report = load(database, [CLAIMS[0], later])
    assert report.claims.new == 2
    assert count(database, ClaimRow) == 1
    with database.read() as connection:
        days = [x.claim.submitted for x in read_submissions(connection, PRACTICE)]
    assert days == [FIRST_DAY, FIRST_DAY + dt.timedelta(30)]


def test_the_same_remittance_twice_in_one_payment_is_two(database):
    twice = payment((PAYMENT.remittances[0],) * 2, trace="T2", day=FIRST_DAY)
    assert load(database, [twice]).remittances.new == 2
    assert load(database, [moved(twice)]).remittances.new == 0


def test_a_payment_that_comes_in_two_parts_is_one(database):
    halves = [
        msgspec.structs.replace(PAYMENT, remittances=PAYMENT.remittances[:2]),
        msgspec.structs.replace(PAYMENT, remittances=PAYMENT.remittances[2:]),
    ]
    load(database, halves[:1])
    assert load(database, halves[1:]).remittances.new == 3
    with database.read() as connection:
        assert len(next(read_payments(connection, PRACTICE))[0].remittances) == 5


def test_payments_without_a_trace_number_are_told_apart(database):
    others = [payment((r,), trace="", day=FIRST_DAY) for r in PAYMENT.remittances]
    assert load(database, others).payments.new == len({x.amount for x in others})
    assert count(database, RemittanceRow) == 5


def test_problems_and_skipped_parts_are_counted_and_kept(database):
    problem = Problem(Place("x.837", 7), "x12.example", "is damaged", "one claim")
    skipped = SkippedTransaction(Place("x.837", 9), "270", "not read")
    report = load(database, [CLAIMS[0], problem, skipped, skipped])
    assert (report.problem_count, report.skipped) == (1, {"270": 2})
    with database.read() as connection:
        row = connection.execute(select(TransmissionRow)).one()
    assert msgspec.json.decode(row.problems, type=list[Problem]) == [problem]
    assert row.counts["skipped"] == {"270": 2}
    assert row.finished is not None


def test_a_sender_may_store_its_own_practices_only(database):
    foreign = claim(7, billing=OTHER_BILLING)
    stray = acknowledgement(foreign)
    intake = Intake(database)
    report = intake.load(
        [CLAIMS[0], foreign, PAYMENT, stray],
        transmission(),
        practices=frozenset({OTHER_PRACTICE}),
    )
    assert report.refused == 2
    assert report.claims.new == 1
    assert {x.code for x in report.problems} == {"store.other_practice"}
    assert "EXAMPLE" not in str(report.problems)
    assert count(database, RemittanceRow) == 0


@pytest.mark.parametrize("order", ["claims first", "payment first"])
def test_a_payment_finds_its_practice_by_the_payee_in_any_order(database, order):
    items: list[Item] = [CLAIMS[0], PAYMENT]
    if order == "payment first":
        items.reverse()
    for item in items:
        load(database, (item,))
    with database.read() as connection:
        assert len(list(read_payments(connection, PRACTICE))) == 1


def test_a_payee_named_by_tax_number_alone_is_found_by_its_claims(database):
    sister = msgspec.structs.replace(OTHER_BILLING, tax_id=CLAIMS[0].billing.tax_id)
    theirs = [claim(i, billing=sister) for i in range(20, 23)]
    load(database, [*CLAIMS, *theirs])
    paid = msgspec.structs.replace(
        payment(tuple(remittance(c) for c in theirs), trace="T9", day=FIRST_DAY), payee_npi=""
    )
    load(database, [paid])
    with database.read() as connection:
        assert len(list(read_payments(connection, theirs[0].practice))) == 1
        assert not list(read_payments(connection, PRACTICE))


def test_an_acknowledgement_without_a_provider_goes_with_its_claim(database):
    stray = msgspec.structs.replace(acknowledgement(CLAIMS[0]), provider_npi="")
    load(database, [stray])
    load(database, [CLAIMS[0]])
    with database.read() as connection:
        assert list(read_acknowledgements(connection, PRACTICE)) == [stray]
        assert not list(read_acknowledgements(connection, OTHER_PRACTICE))


def test_values_that_a_column_cannot_hold_are_kept_in_the_payload(database):
    odd = msgspec.structs.replace(
        CLAIMS[0],
        claim_id="A\0B",
        charge=Decimal("1e30"),
        payer=msgspec.structs.replace(CLAIMS[0].payer, name="\0", id=""),
    )
    load(database, [odd])
    with database.read() as connection:
        assert [x.claim for x in read_submissions(connection, PRACTICE)] == [odd]


def test_progress_tells_how_many_were_stored(database):
    told: list[int] = []
    claims = (claim(i, lines=1) for i in range(2500))
    Intake(database).load(claims, transmission(), progress=told.append)
    assert sum(told) == 2500
    assert len(told) == 3


def test_two_who_load_one_file_at_once_store_it_once(database):
    claims = [claim(i, lines=1) for i in range(3000)]
    paid = payment(tuple(map(remittance, claims)), trace="T1", day=FIRST_DAY)
    file = transmission()
    failures = []

    def work(items):
        try:
            Intake(database).load(items, file)
        except Exception as error:
            failures.append(error)

    orders = ([*claims, paid], [paid, *reversed(claims)], [*claims, paid])
    threads = [threading.Thread(target=work, args=(items,)) for items in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [count(database, x) for x in (SubmissionRow, RemittanceRow, TransmissionRow)] == [
        3000,
        3000,
        1,
    ]


def test_a_file_of_which_something_was_refused_can_still_be_loaded_by_others(database):
    intake, file = Intake(database), transmission()
    first = intake.load(CLAIMS, file, practices=frozenset({OTHER_PRACTICE}))
    assert first.refused == 5
    assert not intake.seen(file.sha256)
    second = intake.load(CLAIMS, file)
    assert (second.already, second.claims.new) == (False, 5)
    assert intake.seen(file.sha256)
