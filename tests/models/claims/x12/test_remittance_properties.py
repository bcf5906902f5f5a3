"""Round trips and damaged bytes for 835 and 277CA, over many made-up records."""

import datetime as dt
import io
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.claims.acknowledgement import AcknowledgedLine, Acknowledgement, ClaimStatus
from models.claims.balance import balance_problems
from models.claims.common import Address, Adjustment, Amount, DatedEvent, Reference, Source
from models.claims.remittance import (
    Contact,
    Payment,
    ProviderAdjustment,
    Quantity,
    Remittance,
    RemittanceLine,
)
from models.claims.tabular import (
    read_csv,
    read_jsonl,
    read_parquet,
    write_csv,
    write_jsonl,
    write_parquet,
)
from models.claims.x12 import read_x12, write_277ca, write_835
from models.claims.x12.writer import Envelope
from models.errors import Problem
from tests.models.claims.x12.remittances import (
    acknowledgement,
    bytes_277ca,
    bytes_835,
    full_payment,
    payment,
    rejection,
    without_source,
)

# Element text that X12 can carry: no separators, no spaces at the ends.
words = st.text("ABCXYZ0189 .,'-/Éß", min_size=1, max_size=12).map(str.strip).filter(bool)
maybe = st.one_of(st.just(""), words)
codes = st.text("ABCM0123456789", min_size=1, max_size=5)
days = st.dates(dt.date(1990, 1, 1), dt.date(2150, 12, 31))
amounts = st.decimals(-9999999, 9999999, places=2)
quantities = st.decimals(Decimal("0.01"), 9999, places=2)
optional = {"min_size": 0, "max_size": 3}


def tuples(element, **sizes):
    return st.lists(element, **(sizes or optional)).map(tuple)


adjustments = tuples(
    st.builds(
        Adjustment, st.sampled_from(["CO", "PR", "OA", "PI"]), codes, amounts,
        st.none() | quantities,
    ),
    max_size=14,
)  # fmt: skip
references = tuples(st.builds(Reference, st.sampled_from(["EA", "1L", "G1", "LU", "0K"]), words))
amount_lists = tuples(st.builds(Amount, st.sampled_from(["B6", "AU", "I"]), amounts))
quantity_lists = tuples(st.builds(Quantity, st.sampled_from(["CA", "ZK"]), quantities))
contacts = tuples(
    st.builds(
        Contact, st.just("CX"), maybe,
        tuples(st.tuples(st.sampled_from(["TE", "EM"]), words), max_size=3),
    )
)  # fmt: skip


@st.composite
def service_periods(draw):
    begin = draw(st.none() | days)
    end = draw(st.none() | days)
    return begin, end


@st.composite
def lines(draw):
    begin, end = draw(service_periods())
    rebundled = draw(st.booleans())
    return RemittanceLine(
        code=draw(codes),
        charge=draw(amounts),
        paid=draw(amounts),
        code_qualifier=draw(st.sampled_from(["HC", "AD", "N4"])),
        modifiers=draw(tuples(codes, max_size=4)),
        revenue_code=draw(st.sampled_from(["", "0450"])),
        units=draw(quantities),
        submitted_code=draw(codes) if rebundled else "",
        submitted_modifiers=draw(tuples(codes, max_size=4)) if rebundled else (),
        submitted_units=draw(st.none() | quantities),
        service_date=begin,
        service_date_end=end,
        control_number=draw(maybe),
        adjustments=draw(adjustments),
        remark_codes=draw(tuples(codes)),
        references=draw(references),
        amounts=draw(amount_lists),
        quantities=draw(quantity_lists),
    )


remittances = st.builds(
    Remittance,
    claim_id=words,
    status=st.sampled_from(["1", "2", "3", "4", "19", "22", "23", "25"]),
    charge=amounts,
    paid=amounts,
    patient_responsibility=amounts,
    filing_indicator=st.sampled_from(["", "12", "MB"]),
    payer_control_number=maybe,
    place_of_service=st.sampled_from(["", "11"]),
    frequency=st.sampled_from(["", "1", "7"]),
    patient_last_name=maybe,
    patient_first_name=maybe,
    member_id=maybe,
    subscriber_last_name=maybe,
    subscriber_first_name=maybe,
    subscriber_member_id=maybe,
    corrected_member_id=maybe,
    corrected_last_name=maybe,
    corrected_first_name=maybe,
    rendering_npi=maybe,
    crossover_payer=maybe,
    crossover_payer_id=maybe,
    corrected_payer=maybe,
    corrected_payer_id=maybe,
    other_subscriber_last_name=maybe,
    other_subscriber_first_name=maybe,
    other_subscriber_id=maybe,
    adjustments=adjustments,
    remark_codes=tuples(codes, max_size=5),
    dates=tuples(st.builds(DatedEvent, st.sampled_from(["232", "233", "036", "050"]), days)),
    references=references,
    amounts=amount_lists,
    quantities=quantity_lists,
    contacts=contacts,
    lines=tuples(lines()),
)
addresses = st.none() | st.builds(Address, words, maybe, words, maybe, maybe, maybe)
payments = st.builds(
    Payment,
    amount=amounts,
    date=days,
    handling=st.sampled_from("IH"),
    credit=st.booleans(),
    method=st.sampled_from(["ACH", "CHK", "NON"]),
    trace=maybe,
    originator=maybe,
    originator_supplement=maybe,
    production_date=st.none() | days,
    currency=st.sampled_from(["", "CAD"]),
    receiver_id=maybe,
    payer_name=maybe,
    payer_id=maybe,
    payer_references=references,
    payer_address=addresses,
    payer_contacts=contacts,
    payee_name=maybe,
    payee_npi=maybe,
    payee_tax_id=maybe,
    payee_references=references,
    payee_address=addresses,
    remittances=tuples(remittances),
    provider_adjustments=tuples(
        st.builds(ProviderAdjustment, words, days, st.sampled_from(["WO", "L6"]), maybe, amounts),
        max_size=14,
    ),
)
statuses = tuples(
    st.builds(ClaimStatus, st.sampled_from(["A0", "A1", "A2", "A5"]), codes, maybe),
    min_size=1, max_size=7,
)  # fmt: skip
acknowledgements = st.builds(
    Acknowledgement,
    claim_id=words,
    statuses=statuses,
    accepted=st.booleans(),
    date=days,
    charge=st.none() | amounts,
    payer_control_number=maybe,
    clearinghouse_number=maybe,
    service_date=st.none() | days,
    message=maybe,
    lines=tuples(
        st.builds(
            AcknowledgedLine, codes, st.none() | amounts, modifiers=tuples(codes, max_size=4),
            units=st.none() | quantities, control_number=maybe, statuses=statuses,
            service_date=st.none() | days,
        )
    ),
    patient_last_name=maybe,
    patient_first_name=maybe,
    member_id=maybe,
    provider_name=maybe,
    provider_npi=maybe,
    provider_tax_id=maybe,
    batch=words,
    receiver_name=maybe,
    receiver_id=maybe,
    sender_name=maybe,
    sender_id=maybe,
)  # fmt: skip
envelopes = st.sampled_from(
    [
        Envelope(),
        Envelope(line_end=""),
        Envelope(element="|", component=">", repetition="!", terminator="\\", line_end="\r\n"),
    ]
)
quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def plain(record):
    if isinstance(record, Payment):
        return without_source(record)
    return msgspec.structs.replace(record, source=Source())


@quick
@given(st.lists(payments, max_size=3), envelopes)
def test_payments_come_back_from_835(records, envelope):
    out = io.BytesIO()
    write_835(records, out, envelope=envelope)
    items = list(read_x12(out.getvalue())) if records else []
    assert [plain(x) for x in items] == records


@quick
@given(st.lists(acknowledgements, max_size=4), envelopes)
def test_acknowledgements_come_back_from_277ca(records, envelope):
    out = io.BytesIO()
    write_277ca(records, out, envelope=envelope)
    items = list(read_x12(out.getvalue())) if records else []
    assert [plain(x) for x in items] == records


@quick
@given(st.lists(payments | acknowledgements, max_size=4))
def test_records_come_back_from_jsonl(records):
    out = io.BytesIO()
    write_jsonl(records, out)
    assert [plain(x) for x in read_jsonl(out.getvalue())] == records


@quick
@given(st.lists(payments, max_size=3, unique_by=lambda p: (p.trace, p.date, p.amount)))
def test_payments_come_back_from_tables(records):
    records = [msgspec.structs.replace(p, payer_address=None, payee_address=None) for p in records]
    csv, parquet = io.BytesIO(), io.BytesIO()
    write_csv(records, csv, "remittances")
    write_parquet(records, parquet, "remittances")
    assert [plain(x) for x in read_csv(csv.getvalue())] == records
    assert [plain(x) for x in read_parquet(parquet.getvalue())] == records


@quick
@given(payments)
def test_balance_is_told_for_every_payment(record):
    for problem in balance_problems(record):
        assert problem.code.startswith("balance.")
    expected = record.balances and all(
        r.balances and all(x.balances for x in r.lines) for r in record.remittances
    )
    found = {p.code for p in balance_problems(record)} - {"balance.services"}
    assert (not found) == expected


FILES = {
    "835": bytes_835(full_payment(), payment()),
    "277CA": bytes_277ca(acknowledgement(), rejection()),
}


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_damaged_bytes_never_raise_and_are_always_told(kind, data):
    good = FILES[kind]
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["flip", "delete", "insert", "cut"])):
            case "flip":
                damaged[at] ^= data.draw(st.integers(1, 255))
            case "delete":
                del damaged[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                damaged[at:at] = data.draw(st.binary(min_size=1, max_size=20))
            case "cut":
                del damaged[max(at, 1) :]
        if not damaged:
            break
    items = list(read_x12(bytes(damaged)))
    for item in items:
        if isinstance(item, Problem):
            assert str(item)
            for secret in ("DOE", "JANE", "W123456789", "A1001"):
                assert secret not in str(item)


@pytest.mark.parametrize("kind", FILES)
def test_every_truncation_is_told(kind):
    good = FILES[kind]
    step = 7
    for end in range(1, good.rindex(b"~"), step):
        problems = [x for x in read_x12(good[:end]) if isinstance(x, Problem)]
        assert problems, end


def test_deleting_any_segment_is_told():
    segments = FILES["835"].split(b"~\n")
    for position, segment in enumerate(segments[:-1]):
        rest = b"~\n".join(segments[:position] + segments[position + 1 :])
        problems = [x for x in read_x12(rest) if isinstance(x, Problem)]
        assert problems, segment[:3]
