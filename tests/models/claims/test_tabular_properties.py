"""Claims through the flat forms and JSONL, over many made-up claims, whole and damaged."""

import io

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.tabular import (
    read_csv,
    read_jsonl,
    read_parquet,
    write_csv,
    write_jsonl,
    write_parquet,
)
from models.errors import Problem
from tests.models.claims.x12.examples import claim, full_claim
from tests.models.claims.x12.remittances import acknowledgement, payment
from tests.models.claims.x12.strategies import claims

quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def csv_of(*records, table="claims"):
    out = io.BytesIO()
    write_csv(records, out, table)
    return out.getvalue()


def parquet_of(*records, table="claims"):
    out = io.BytesIO()
    write_parquet(records, out, table)
    return out.getvalue()


def jsonl_of(*records):
    out = io.BytesIO()
    write_jsonl(records, out)
    return out.getvalue()


@quick
@given(st.lists(claims(), max_size=3))
def test_jsonl_loses_nothing(records):
    read = list(read_jsonl(jsonl_of(*records)))
    assert [msgspec.structs.replace(x, source=Source()) for x in read] == [
        msgspec.structs.replace(x, source=Source()) for x in records
    ]


@quick
@given(st.lists(claims(), max_size=3))
def test_what_the_flat_form_holds_comes_back_again_and_again(records):
    first = list(read_csv(csv_of(*records)))
    claims_read = [x for x in first if isinstance(x, Claim)]
    assert claims_read == first, "no problems"
    assert list(read_csv(csv_of(*claims_read))) == first
    assert list(read_parquet(parquet_of(*records))) == first
    for read, sent in zip(claims_read, records, strict=True):
        assert read.practice == sent.practice
        assert [x.charge for x in read.lines] == [x.charge for x in sent.lines]
        assert [x.modifiers for x in read.lines] == [x.modifiers for x in sent.lines]
        assert read.diagnoses == sent.diagnoses


FILES = {
    "claims.csv": csv_of(claim(), full_claim()),
    "remittances.csv": csv_of(payment(), table="remittances"),
    "claims.parquet": parquet_of(claim(), full_claim()),
    "all.jsonl": jsonl_of(claim(), full_claim(), payment(), acknowledgement()),
}
READERS = {"csv": read_csv, "parquet": read_parquet, "jsonl": read_jsonl}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_bytes_never_raise_and_problems_show_no_content(name, data):
    damaged = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["flip", "delete", "insert"])):
            case "flip":
                damaged[at] ^= data.draw(st.integers(1, 255))
            case "delete":
                del damaged[at : at + data.draw(st.integers(1, 30))]
            case "insert":
                damaged[at:at] = data.draw(st.binary(min_size=1, max_size=10))
    for item in READERS[name.rpartition(".")[2]](bytes(damaged), name=name):
        if isinstance(item, Problem):
            for secret in ("DOE", "JANE", "W123456789", "A1001"):
                assert secret not in str(item)
        else:
            assert isinstance(item, Claim) or item.source.file == name
