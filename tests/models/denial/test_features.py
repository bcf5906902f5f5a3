import datetime as dt
from decimal import Decimal

import numpy as np

from models.claims.claim import Claim, Diagnosis
from models.claims.common import Reference
from models.denial.attributes import ATTRIBUTES, INDEX
from models.denial.features import (
    ORDINALS,
    FeatureEncoder,
    RowMaker,
    Vocabulary,
    ordinal_table,
    procedure_kind,
)
from models.denial.past import Past
from tests.models.denial.claims import DAY, a_claim, a_line, authorized

SALT = b"0123456789abcdef"


def values(claim: Claim, past: Past | None = None) -> dict[str, object]:
    past = past or Past(SALT)
    rows, _ = RowMaker(past, {}).rows(claim, past.keys(claim))
    return dict(zip([a.name for a in ATTRIBUTES], rows[0], strict=True))


def test_every_attribute_has_a_value() -> None:
    assert len(values(a_claim())) == len(ATTRIBUTES)
    assert len(values(a_claim(lines=()))) == len(ATTRIBUTES)


def test_authorization_on_claim_or_line_and_filler() -> None:
    on_line = a_claim(lines=(a_line(references=(Reference("G1", "AUTH1"),)),))
    assert values(a_claim())["authorization"] == "none"
    assert values(authorized())["authorization"] == "given"
    assert values(on_line)["authorization"] == "given"
    assert values(authorized(number="0000"))["authorization"] == "filler"


def test_the_diagnosis_is_the_one_pointed_at() -> None:
    claim = a_claim(
        diagnoses=(Diagnosis("ABK", "I10"), Diagnosis("ABF", "E119")),
        lines=(a_line(pointers=(2, 1)),),
    )
    found = values(claim)
    assert (found["diagnosis"], found["second_diagnosis"]) == ("E119", "I10")


def test_a_claim_is_sent_first_again_or_to_a_second_payer() -> None:
    past = Past(SALT)
    assert values(a_claim(), past)["sending"] == "first"
    keys = past.keys(a_claim())
    past.observe_submission(keys, a_claim().submitted)
    assert values(a_claim("B2"), past)["sending"] == "first"  # a duplicate, not yet answered
    past.observe_answer(keys, ["authorization"])
    assert values(a_claim("B2"), past)["sending"] == "again"
    assert values(a_claim(frequency="7"))["sending"] == "again"
    assert values(a_claim(responsibility="S", frequency="7"))["sending"] == "second"


def test_a_pointer_past_the_list_is_survived() -> None:
    assert values(a_claim(lines=(a_line(pointers=(9,)),)))["diagnosis"] == "M25561"


def test_companion_is_the_dearest_other_code() -> None:
    lines = (a_line(), a_line("20610", charge=Decimal(300)), a_line("J1030", charge=Decimal(9)))
    found = values(a_claim(lines=lines))
    assert found["companion"] == "20610"


def test_kinds_of_procedures() -> None:
    kinds = [procedure_kind(c) for c in ("99203", "99213", "73562", "80053", "J1030", "20610", "")]
    assert kinds == [
        "office_new",
        "office_established",
        "imaging",
        "laboratory",
        "level2_J",
        "surgery",
        "other",
    ]


def test_zero_units_and_negative_charges_are_survived() -> None:
    line = a_line(units=Decimal(0), charge=Decimal("-5"))
    assert values(a_claim(lines=(line,), charge=Decimal("-5")))["units"] == "0"


def test_service_after_submission_gives_a_negative_lag() -> None:
    claim = a_claim(submitted=DAY - dt.timedelta(days=3))
    past = Past(SALT)
    assert RowMaker(past, {}).rows(claim, past.keys(claim))[1] == -3


def test_values_never_seen_become_zero_and_the_rest_stays() -> None:
    vocabulary = Vocabulary()
    FeatureEncoder(RowMaker(Past(SALT), {}), vocabulary).encode([a_claim()], grow=True)
    batch = FeatureEncoder(RowMaker(Past(SALT), {}), vocabulary).encode(
        [a_claim(lines=(a_line("0042T"),))]
    )
    assert batch.values[0, INDEX["code"]] == 0
    assert batch.values[0, INDEX["payer"]] == 1


def test_claims_of_one_stream_see_the_ones_before() -> None:
    encoder = FeatureEncoder(RowMaker(Past(SALT), {}), Vocabulary())
    batch = encoder.encode([a_claim("A1"), a_claim("A2")], grow=True)
    column = encoder.vocabulary.values("duplicate")
    states = [column[v - 1] for v in batch.values[:, INDEX["duplicate"]]]
    assert states == [0, 1]


def test_take_keeps_lines_with_their_claims() -> None:
    claims = [
        a_claim("A", lines=(a_line("11111"),)),
        a_claim("B", lines=(a_line("22222"), a_line("33333"))),
        a_claim("C", lines=(a_line("44444"),)),
    ]
    batch = FeatureEncoder(RowMaker(Past(SALT), {}), Vocabulary()).encode(claims, grow=True)
    part = batch.take(np.array([2, 1]))
    assert part.claim_of_line.tolist() == [0, 1, 1]
    assert part.first_line.tolist() == [0, 1]
    assert part.values[:, INDEX["code"]].tolist() == [4, 2, 3]


def test_ordinals_are_numbers() -> None:
    vocabulary = Vocabulary()
    batch = FeatureEncoder(RowMaker(Past(SALT), {}), vocabulary).encode([a_claim()], grow=True)
    table = ordinal_table(batch.values, vocabulary)
    assert table.shape == (1, len(ORDINALS))
    assert np.isfinite(table).all()
