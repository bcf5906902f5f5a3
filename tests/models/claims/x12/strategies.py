"""Hypothesis strategies for claims that an 837P can carry without loss."""

import datetime as dt
from decimal import Decimal
from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from models.claims.claim import (
    Attachment,
    Claim,
    Diagnosis,
    Drug,
    LineAdjudication,
    Note,
    OtherPayer,
    Payer,
    Person,
    Provider,
    ServiceLine,
)
from models.claims.common import Address, Adjustment, Amount, DatedEvent, Reference

T = TypeVar("T")

_LETTERS = st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="*:^~")
texts = st.text(_LETTERS, min_size=1, max_size=8)
maybe = st.one_of(st.just(""), texts)
codes = st.text(st.sampled_from("ABCDEFGHKLMNPQRTUVWXYZ0123456789"), min_size=1, max_size=6)
maybe_code = st.one_of(st.just(""), codes)
days = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
money = st.decimals(Decimal(0), Decimal(10_000_000), places=2)
quantities = st.decimals(Decimal(0), Decimal(9999), places=1)


def several(values: st.SearchStrategy[T], size: int = 2) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(values, max_size=size).map(tuple)


def optional(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.one_of(st.none(), values)


def references(*qualifiers: str) -> st.SearchStrategy[tuple[Reference, ...]]:
    return several(st.builds(Reference, st.sampled_from(qualifiers), texts))


def events(*qualifiers: str) -> st.SearchStrategy[tuple[DatedEvent, ...]]:
    return several(st.builds(DatedEvent, st.sampled_from(qualifiers), days, optional(days)))


def amounts(*qualifiers: str) -> st.SearchStrategy[tuple[Amount, ...]]:
    return several(st.builds(Amount, st.sampled_from(qualifiers), money))


modifiers = several(codes, 4)
notes = several(st.builds(Note, st.sampled_from(["ADD", "DCP"]), texts))
attachments = several(st.builds(Attachment, codes, codes, maybe))
addresses = st.builds(Address, texts, maybe, texts, codes, maybe_code, maybe_code)
adjustments = several(
    st.builds(Adjustment, st.sampled_from(["CO", "PR", "OA"]), codes, money, optional(quantities)),
    8,
)
providers = st.builds(
    Provider,
    npi=maybe_code,
    entity=st.sampled_from(["1", "2"]),
    name=maybe,
    first_name=maybe,
    middle_name=maybe,
    suffix=maybe,
    tax_id=codes,
    tax_id_qualifier=st.sampled_from(["EI", "SY"]),
    address=optional(addresses),
    references=references("0B", "1G", "G2", "LU"),
    contact_name=maybe,
    contact_phone=maybe,
)
with_taxonomy = st.builds(
    Provider, npi=codes, name=texts, taxonomy=maybe_code, references=references("G2", "0B")
)
persons = st.builds(
    Person,
    last_name=maybe,
    first_name=maybe,
    middle_name=maybe,
    suffix=maybe,
    entity=st.sampled_from(["1", "2"]),
    member_id=maybe,
    member_id_qualifier=st.sampled_from(["MI", "II"]),
    birth_date=optional(days),
    sex=st.sampled_from(["", "F", "M", "U"]),
    address=optional(addresses),
    references=references("SY", "Y4"),
)
patients = st.builds(
    lambda person, died, pregnant: msgspec.structs.replace(
        person, death_date=died, pregnant=pregnant
    ),
    persons,
    optional(days),
    st.booleans(),
)
payers = st.builds(
    Payer,
    name=maybe,
    id_qualifier=st.sampled_from(["PI", "XV"]),
    id=maybe,
    address=optional(addresses),
    references=references("2U", "EI", "FY", "NF", "G2", "LU"),
)
line_adjudications = st.builds(
    LineAdjudication,
    payer_id=codes,
    paid=money,
    code_qualifier=st.just("HC"),
    code=codes,
    modifiers=modifiers,
    units=optional(quantities),
    bundled_into=maybe_code,
    adjustments=adjustments,
    date=optional(days),
    remaining=optional(money),
)
other_payers = st.builds(
    OtherPayer,
    responsibility=maybe_code,
    relationship=maybe_code,
    group_number=maybe,
    group_name=maybe,
    insurance_type=maybe_code,
    filing_indicator=maybe_code,
    payer=payers,
    subscriber=optional(persons),
    adjustments=adjustments,
    amounts=amounts("D", "EAF", "A8"),
    benefits_assigned=maybe_code,
    release_of_information=maybe_code,
    remark_codes=several(codes, 7),
    date=optional(days),
    references=references("F8", "G1", "9F", "T4"),
)


@st.composite
def lines(draw: st.DrawFn, number: int = 1) -> ServiceLine:
    begin = draw(optional(days))
    return draw(
        st.builds(
            ServiceLine,
            number=st.just(number),
            code=codes,
            charge=money,
            units=quantities,
            unit_basis=st.sampled_from(["UN", "MJ"]),
            code_qualifier=st.sampled_from(["HC", "ER"]),
            modifiers=modifiers,
            description=maybe,
            place_of_service=maybe_code,
            pointers=several(st.integers(1, 12), 4),
            emergency=st.booleans(),
            epsdt=st.booleans(),
            family_planning=st.booleans(),
            copay_exempt=st.booleans(),
            service_date=st.just(begin),
            service_date_end=optional(days) if begin else st.none(),
            control_number=maybe,
            dates=events("304", "463"),
            references=references("G1", "9F", "X4", "F4"),
            amounts=amounts("T", "F4"),
            notes=notes,
            attachments=attachments,
            drugs=several(st.builds(Drug, codes, optional(quantities), maybe_code, maybe), 1),
            rendering=optional(with_taxonomy),
            purchased=optional(providers),
            facility=optional(providers),
            supervising=optional(providers),
            ordering=optional(providers),
            referring=optional(providers),
            adjudications=several(line_adjudications),
            extra=st.sampled_from([(), ("QTY*PT*2", "K3*X"), ("NM1*P3*1*A", "LQ*UT*1", "FRM*1")]),
        )
    )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    subscriber = draw(patients)
    dependent = draw(st.booleans())
    count = draw(st.integers(0, 3))
    return draw(
        st.builds(
            Claim,
            claim_id=texts,
            charge=money,
            submitted=days,
            responsibility=maybe_code,
            relationship=st.just("19") if dependent else st.sampled_from(["18", ""]),
            group_number=maybe,
            group_name=maybe,
            insurance_type=maybe_code,
            filing_indicator=maybe_code,
            payer=payers,
            subscriber=st.just(subscriber),
            patient=patients if dependent else st.just(subscriber),
            billing=providers,
            pay_to=optional(providers),
            rendering=optional(with_taxonomy),
            referring=optional(providers),
            primary_care=optional(providers),
            supervising=optional(providers),
            facility=optional(providers),
            place_of_service=maybe_code,
            frequency=maybe_code,
            signature_on_file=maybe_code,
            assignment=maybe_code,
            benefits_assigned=maybe_code,
            release_of_information=maybe_code,
            related_causes=several(codes, 3),
            accident_state=maybe_code,
            special_program=maybe_code,
            delay_reason=maybe_code,
            diagnoses=several(st.builds(Diagnosis, st.sampled_from(["ABK", "ABF"]), codes), 14),
            procedures=several(st.builds(Diagnosis, st.sampled_from(["BP", "BO"]), codes)),
            conditions=several(codes),
            dates=events("431", "439", "314"),
            references=references("G1", "9F", "F8", "EA", "D9"),
            amounts=amounts("F5"),
            notes=notes,
            attachments=attachments,
            other_payers=several(other_payers),
            lines=st.tuples(*[lines(i + 1) for i in range(count)]),
            submitter_id=texts,
            receiver_id=texts,
            receiver_name=texts,
            extra=st.sampled_from([(), ("CN1*01*5", "K3*X Y"), ("NM1*PW*2", "N3*A", "N4*B*OH")]),
        )
    )
