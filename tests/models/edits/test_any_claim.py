"""Whatever a claim holds, checking it raises nothing and gives sound findings."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.claims.claim import (
    Claim,
    Diagnosis,
    Drug,
    OtherPayer,
    Payer,
    Person,
    Provider,
    ServiceLine,
)
from models.claims.common import Amount, DatedEvent, Reference
from models.edits import EarlierService, EditContext, check_claim, check_file, load_rules
from tests.models.edits.samples import ADDONS, FEES, HCPCS, LIMITS, PAIRS, tables

TEXT = st.text(max_size=12) | st.sampled_from(["", "E119", "S52501Z", "99213", "J1100", "21", "X4"])
CODES = TEXT | st.sampled_from(
    [*FEES, *HCPCS, *LIMITS, *(p[0] for p in PAIRS), *(a.code for a in ADDONS), "00400", "80053"]
)
DIAGNOSES = TEXT | st.sampled_from(
    ["E11", "E11.9", "I10", "C61", "O80", "P220", "W19XXXA", "S52501", "QA00101", "B80", "A", "AA0"]
)
MODIFIERS = TEXT | st.sampled_from(
    ["25", "59", "LT", "RT", "50", "95", "93", "GA", "GY", "26", "P3"]
)
DATES = st.dates(dt.date.min, dt.date.max) | st.dates(dt.date(2024, 1, 1), dt.date(2027, 1, 1))
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)
PROVIDERS = st.builds(Provider, npi=TEXT, entity=st.sampled_from(["1", "2", ""]), taxonomy=TEXT)
MAYBE = st.none() | PROVIDERS
REFERENCES = st.lists(
    st.builds(Reference, st.sampled_from(["X4", "F4", "F8", "G1"]), TEXT), max_size=2
).map(tuple)


def tuples(strategy, size=5):
    return st.lists(strategy, max_size=size).map(tuple)


LINES = st.builds(
    ServiceLine,
    number=st.integers(0, 99),
    code=CODES,
    charge=MONEY,
    units=MONEY,
    unit_basis=st.sampled_from(["UN", "MJ", ""]),
    code_qualifier=st.sampled_from(["HC", "HC", "ER", ""]),
    modifiers=tuples(MODIFIERS),
    place_of_service=TEXT,
    pointers=tuples(st.integers(-3, 14)),
    service_date=st.none() | DATES,
    service_date_end=st.none() | DATES,
    references=REFERENCES,
    drugs=tuples(st.builds(Drug, ndc=TEXT, quantity=st.none() | MONEY, unit=TEXT), 2),
    rendering=MAYBE,
    ordering=MAYBE,
)
PERSONS = st.builds(
    Person, last_name=TEXT, sex=TEXT, member_id=TEXT, birth_date=st.none() | DATES,
    death_date=st.none() | DATES,
)  # fmt: skip
CLAIMS = st.builds(
    Claim,
    claim_id=TEXT,
    charge=MONEY,
    submitted=DATES,
    responsibility=st.sampled_from(["P", "S", "T", ""]),
    filing_indicator=st.sampled_from(["MB", "MC", "16", "CI", "", "??"]),
    payer=st.builds(Payer, id=TEXT),
    subscriber=PERSONS,
    patient=PERSONS,
    billing=PROVIDERS,
    rendering=MAYBE,
    referring=MAYBE,
    facility=MAYBE,
    place_of_service=TEXT,
    frequency=st.sampled_from(["1", "7", "8", "", "99"]),
    related_causes=tuples(st.sampled_from(["AA", "EM", "OA"]), 2),
    diagnoses=tuples(
        st.builds(Diagnosis, st.sampled_from(["ABK", "ABF", "BK", "BF", ""]), DIAGNOSES), 14
    ),
    dates=tuples(st.builds(DatedEvent, st.sampled_from(["431", "439", "435"]), DATES), 2),
    references=REFERENCES,
    other_payers=tuples(
        st.builds(OtherPayer, amounts=tuples(st.builds(Amount, TEXT, MONEY), 1)), 1
    ),
    lines=tuples(LINES, 6),
)
EARLIER = st.builds(
    EarlierService,
    claim_id=TEXT,
    date=DATES,
    code=CODES,
    modifiers=tuples(MODIFIERS, 2),
    units=MONEY,
    provider=TEXT,
    group=TEXT,
    outcome=st.sampled_from(["", "paid", "denied", "rejected"]),
)


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return tables(tmp_path_factory.mktemp("tables"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(claim=CLAIMS, earlier=tuples(EARLIER, 4), today=st.none() | DATES)
def test_no_claim_raises(every, claim, earlier, today):
    context = EditContext(today=today, earlier=earlier, filing_limits={claim.payer.id: 90})
    edits = check_claim(claim, every, context)
    assert edits == check_claim(claim, every, context)
    for edit in edits:
        assert edit.id in load_rules()
        for path in (edit.path, *edit.related):
            at = claim
            for step in path.split("/")[1:]:
                at = at[int(step)] if step.isdigit() else getattr(at, step)
    msgspec.json.encode(edits)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(claims=st.lists(CLAIMS, max_size=4))
def test_no_file_of_claims_raises(every, claims):
    assert [each for each, _ in check_file(claims, every)] == claims


def test_a_claim_that_says_nothing(every):
    empty = Claim(claim_id="", charge=Decimal(0), submitted=dt.date(2026, 1, 1))
    ids = {e.id for e in check_claim(empty, every)}
    assert {"missing.lines", "missing.diagnosis", "npi.missing", "missing.payer"} <= ids
