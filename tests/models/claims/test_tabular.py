import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.remittance import Payment
from models.claims.tabular import (
    Record,
    read_csv,
    read_jsonl,
    read_parquet,
    write_csv,
    write_jsonl,
    write_parquet,
)
from models.claims.tabular_columns import COLUMNS, TABLES, TableName, describe_columns
from models.errors import InputError, Problem
from tests.models.claims.x12.examples import claim, full_claim
from tests.models.claims.x12.examples import line as service_line
from tests.models.claims.x12.remittances import (
    acknowledgement,
    full_payment,
    payment,
    rejection,
    remittance,
    without_source,
)


def as_csv(table: TableName, *records: Record) -> bytes:
    out = io.BytesIO()
    assert write_csv(records, out, table) == len(records)
    return out.getvalue()


def as_parquet(table: TableName, *records: Record) -> bytes:
    out = io.BytesIO()
    assert write_parquet(records, out, table) == len(records)
    return out.getvalue()


def both_ways(table: TableName, *records: Record) -> list[Record]:
    """What comes back, the same from CSV as from Parquet."""
    from_csv = list(read_csv(as_csv(table, *records)))
    assert from_csv == list(read_parquet(as_parquet(table, *records)))
    good = [x for x in from_csv if not isinstance(x, Problem)]
    assert good == from_csv
    return good


def payments_of(items: list[Record]) -> list[Payment]:
    return [without_source(x) for x in items if isinstance(x, Payment)]


def claims_csv(
    *rows: str, header: str = "claim_id,submitted,claim_charge,code,line_charge"
) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


# -- JSONL


def test_jsonl_keeps_everything():
    records: list[Record] = [
        claim(),
        full_claim(),
        full_payment(),
        payment(),
        acknowledgement(),
        rejection(),
    ]
    out = io.BytesIO()
    assert write_jsonl(records, out) == 6
    read = list(read_jsonl(out.getvalue(), name="all.jsonl"))
    assert [type(x) for x in read] == [
        Claim,
        Claim,
        Payment,
        Payment,
        Acknowledgement,
        Acknowledgement,
    ]
    assert read[4].source == Source("all.jsonl", 5)  # type: ignore[union-attr]
    assert [msgspec.structs.replace(x, source=Source()) for x in read] == records


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        (b'{"type":"claim","claim_id":7}', "$.claim_id", "expected `str`, got `int`"),
        (b'{"type":"SECRET"}', "$.type", "not one of the allowed values"),
        (b'{"claim_id":"1"}', "$", "required field `type`"),
        (b'{"type":"claim","SECRET":1}', "$", "unknown field"),
        (b'{"type":"claim","colour":1}', "$", "unknown field colour"),
        (b'{"type":"claim","claim_id":"1","charge":"NaN","submitted":"2026-01-01"}',
         "$.charge", "not a finite number"),
        (b'{"type":"claim","claim_id":"1","charge":"1","submitted":"2026-01-01",'
         b'"lines":[{"number":1,"code":"1","charge":"SECRET"}]}',
         "$.lines[0].charge", "invalid decimal"),
        (b'{"type":"claim","claim_id":"1","charge":1,"submitted":"2026-02-30"}',
         "$.submitted", "date"),
        (b'{"type":"claim"', "", "not valid JSON"),
        (b'["SECRET"]', "$", "expected `object`"),
        (b"\xff\xfe", "", "not valid JSON"),
    ],
)  # fmt: skip
def test_damaged_jsonl_lines_name_line_and_path_but_no_content(line, field, words):
    good = io.BytesIO()
    write_jsonl([claim()], good)
    items = list(read_jsonl(line + b"\n\n" + good.getvalue(), name="x.jsonl"))
    problem, record = items
    assert isinstance(record, Claim), "the rest is read"
    assert isinstance(problem, Problem)
    assert (problem.place.row, problem.place.field) == (1, field)
    assert words in problem.message
    assert "SECRET" not in str(problem)


def test_jsonl_amounts_may_be_numbers():
    (read,) = read_jsonl(b'{"type":"claim","claim_id":"1","charge":1.10,"submitted":"2026-01-01"}')
    assert isinstance(read, Claim)
    assert read.charge == Decimal("1.10")


# -- flat forms


def test_claims_keep_what_a_decision_rests_on():
    original = full_claim()
    first, second = both_ways("claims", claim(), original)
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    for name in (
        "claim_id", "charge", "submitted", "responsibility", "relationship", "group_number",
        "filing_indicator", "place_of_service", "frequency", "related_causes", "accident_state",
        "special_program", "delay_reason", "diagnoses", "procedures", "conditions", "dates",
        "amounts", "notes", "attachments", "signature_on_file", "assignment", "submitter_id",
        "receiver_id", "prior_authorization", "referral_number", "payer_control_number",
        "practice", "service_date",
    ):  # fmt: skip
        assert getattr(second, name) == getattr(original, name), name
    assert set(second.references) == set(original.references)
    for name in ("npi", "taxonomy", "name", "entity", "tax_id", "tax_id_qualifier"):
        assert getattr(second.billing, name) == getattr(original.billing, name), name
        assert getattr(first.rendering, name) == getattr(claim().rendering, name), name
    for name in ("member_id", "last_name", "first_name", "birth_date", "sex"):
        assert getattr(second.subscriber, name) == getattr(original.subscriber, name), name
        assert getattr(second.patient, name) == getattr(original.patient, name), name
    assert (second.payer.name, second.payer.id) == (original.payer.name, original.payer.id)
    (other,), (sent,) = second.other_payers, original.other_payers
    assert (other.responsibility, other.filing_indicator) == ("P", "MB")
    assert other.adjustments == sent.adjustments
    assert other.amounts == sent.amounts[:1]


def test_lines_keep_what_a_decision_rests_on():
    original = full_claim()
    (read,) = both_ways("claims", original)
    assert isinstance(read, Claim)
    for line, sent in zip(read.lines, original.lines, strict=True):
        for name in (
            "number", "code", "charge", "units", "unit_basis", "code_qualifier", "modifiers",
            "description", "place_of_service", "pointers", "emergency", "epsdt",
            "family_planning", "copay_exempt", "service_date", "service_date_end",
            "control_number", "dates", "amounts", "notes", "attachments", "drugs",
        ):  # fmt: skip
            assert getattr(line, name) == getattr(sent, name), name
        assert set(line.references) == set(sent.references)
    adjudication = read.lines[0].adjudications[0]
    assert adjudication.paid == 80
    assert adjudication.adjustments == original.lines[0].adjudications[0].adjustments
    assert read.lines[0].referring is not None
    assert read.lines[0].referring.npi == "1003000175"


def test_payments_keep_everything_but_addresses_and_extra():
    full = full_payment()
    flat = msgspec.structs.replace(full, payer_address=None, payee_address=None)
    other = msgspec.structs.replace(payment(), payer_address=None)
    none = msgspec.structs.replace(other, remittances=(), trace="T2", amount=Decimal(0))
    bare = msgspec.structs.replace(
        other, remittances=(remittance(lines=()), remittance(lines=())), trace="T3"
    )
    assert payments_of(both_ways("remittances", flat, other, none, bare)) == [
        flat,
        other,
        none,
        bare,
    ]


def test_acknowledgements_keep_everything_but_lines():
    records = [acknowledgement(), rejection(), acknowledgement()]
    read = both_ways("acknowledgements", *records)
    expected = [msgspec.structs.replace(x, lines=()) for x in records]
    assert [msgspec.structs.replace(x, source=Source()) for x in read] == expected


def test_adjustments_read_as_documented():
    text = as_csv("remittances", payment()).decode()
    assert "CO:45:40;PR:3:25" in text


def test_equal_claims_one_after_the_other_stay_two():
    assert len(both_ways("claims", claim(), claim(), full_claim(), full_claim())) == 4


def test_claim_without_lines():
    (read,) = both_ways("claims", claim(lines=()))
    assert isinstance(read, Claim)
    assert read.lines == ()


def test_empty_tables():
    for table in TABLES:
        assert both_ways(table) == []


def test_many_rows_come_in_row_groups(monkeypatch):
    monkeypatch.setattr("models.claims.tabular.ROWS_AT_ONCE", 4)
    claims = [claim(claim_id=str(n)) for n in range(7)]
    data = as_parquet("claims", *claims)
    assert pq.ParquetFile(io.BytesIO(data)).num_row_groups == 4
    assert [x.claim_id for x in read_parquet(data) if isinstance(x, Claim)] == list("0123456")


def test_few_columns_are_enough():
    items = list(read_csv(claims_csv("A1,2026-03-01,150,99213,125", "A1,2026-03-01,150,36415,25")))
    (read,) = items
    assert isinstance(read, Claim)
    assert [(x.number, x.code, x.charge) for x in read.lines] == [
        (1, "99213", Decimal(125)), (2, "36415", Decimal(25)),
    ]  # fmt: skip
    assert read.patient == read.subscriber
    assert read.source.segment_number == 1


def test_semicolons_bom_and_other_date_forms():
    data = b"\xef\xbb\xbf" + claims_csv("A1;20260301;150;99213;125").replace(
        b"claim_id,submitted,claim_charge,code,line_charge",
        b"Claim_ID;submitted;claim_charge;code;line_charge",
    )
    (read,) = read_csv(data)
    assert isinstance(read, Claim)
    assert read.submitted == dt.date(2026, 3, 1)


def test_payment_amount_may_be_left_out():
    header = (
        "payment_date,claim_id,status,claim_charge,claim_paid,adjustments,line_charge,line_paid"
    )
    (read,) = read_csv(
        claims_csv("2026-03-01,A1,1,100,60,CO:45:40,100,60", "2026-03-01,A2,4,10,0,CO:197:10,10,0",
                   header=header)
    )  # fmt: skip
    assert isinstance(read, Payment)
    assert read.amount == 60
    assert [r.lines[0].adjustments[0].carc for r in read.remittances] == ["45", "197"]


def test_parquet_of_others_with_floats_and_timestamps():
    table = pa.table(
        {
            "claim_id": ["A1"], "submitted": [dt.datetime(2026, 3, 1)], "claim_charge": [125.1],
            "code": [99213.0], "line_charge": [125.1], "pointers": ["1;2"], "emergency": ["Y"],
        }
    )  # fmt: skip
    out = io.BytesIO()
    pq.write_table(table, out)
    (read,) = read_parquet(out.getvalue())
    assert isinstance(read, Claim)
    assert (read.charge, read.lines[0].code) == (Decimal("125.1"), "99213")
    assert read.lines[0].pointers == (1, 2)
    assert read.lines[0].emergency


def test_damaged_cells_cost_the_cell_the_line_or_the_claim():
    header = "claim_id,submitted,claim_charge,code,line_charge,service_date,line_number"
    items = list(
        read_csv(
            claims_csv(
                "A1,2026-03-01,150,99213,SECRET,2026-03-01,1",
                "A1,2026-03-01,150,36415,25,SECRET,2",
                "A2,SECRET,150,99213,125,2026-03-01,1",
                "A2,SECRET,150,99213,125,2026-03-01,2",
                "A3,2026-03-01,150,99213,125,2026-03-01,1,9",
                "A4,2026-03-01,,99213,125,2026-03-01,1",
                "A5,2026-03-01,1,99213,1,2026-03-01,1",
                header=header,
            ),
            name="c.csv",
        )
    )
    claims = [x for x in items if isinstance(x, Claim)]
    problems = [x for x in items if isinstance(x, Problem)]
    assert [(c.claim_id, [x.code for x in c.lines]) for c in claims] == [
        ("A1", ["36415"]), ("A5", ["99213"]),
    ]  # fmt: skip
    assert [(p.place.row, p.place.field, p.lost) for p in problems] == [
        (1, "line_charge", "this line"),
        (2, "service_date", "this cell"),
        (3, "submitted", "this claim"),
        (5, "", "this row"),
        (6, "claim_charge", "this claim"),
    ]
    assert not any("SECRET" in str(p) for p in problems)


def test_claim_cells_that_change_within_a_claim_are_reported_once():
    header = "claim_id,submitted,claim_charge,code,line_charge,payer_name"
    items = list(
        read_csv(
            claims_csv(
                "A1,2026-03-01,150,1,1,X", "A1,2026-03-01,150,2,1,Y", "A1,2026-03-01,150,3,1,Y",
                header=header,
            )
        )
    )  # fmt: skip
    problem, read = items
    assert isinstance(problem, Problem)
    assert problem.place.field == "payer_name"
    assert isinstance(read, Claim)
    assert (read.payer.name, len(read.lines)) == ("X", 3)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "tabular.empty"),
        (b"a,b\n1,2\n", "tabular.columns"),
        (b"\x00\x01", "tabular.columns"),
    ],
)
def test_other_tables_are_named(data, code):
    (problem,) = read_csv(data)
    assert isinstance(problem, Problem)
    assert problem.code == code


def test_unknown_columns_are_passed_over_and_counted():
    items = list(
        read_csv(claims_csv("A1,2026-03-01,1,2", header="claim_id,submitted,claim_charge,colour"))
    )
    assert [x.code for x in items if isinstance(x, Problem)] == ["tabular.unknown_columns"]
    assert len([x for x in items if isinstance(x, Claim)]) == 1


def test_damaged_parquet():
    data = as_parquet("claims", claim())
    for damaged in (data[:-10], data[: len(data) // 2], b"PAR1" + b"x" * 100 + b"PAR1"):
        problem = list(read_parquet(damaged))[-1]
        assert isinstance(problem, Problem)
        assert problem.code == "parquet.damaged"


def test_records_of_another_table_are_refused():
    with pytest.raises(InputError, match="a Claim has no place in a table of remittances"):
        as_csv("remittances", claim())


def test_text_with_separators_survives():
    line = service_line(description='5" x 3", a;b:c\\d\nnext', notes=())
    (read,) = both_ways("claims", claim(lines=(line,)))
    assert isinstance(read, Claim)
    assert read.lines[0].description == line.description


def test_column_names_are_unique():
    for table in TABLES:
        names = [c.name for c in COLUMNS[table]]
        assert len(set(names)) == len(names), table


@pytest.mark.parametrize("table", TABLES)
def test_documentation_names_every_column_as_it_is(table):
    documentation = Path(__file__).parents[3] / "docs" / "tabular.md"
    assert describe_columns(table) in documentation.read_text(), (
        f"put the text of describe_columns({table!r}) into docs/tabular.md"
    )
