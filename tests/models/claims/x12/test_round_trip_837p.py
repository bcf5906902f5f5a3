import io
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.x12 import Envelope, Item, SkippedTransaction, read_x12, write_837p
from models.errors import Problem
from tests.models.claims.x12.examples import claim, full_claim
from tests.models.claims.x12.strategies import claims
from tests.models.claims.x12.text import CLAIM, HEADER, SUBSCRIBER, interchange

PLAIN = Envelope()
STRANGE = Envelope(element="|", component=">", repetition="!", terminator="'", line_end="")


def written(source: Sequence[Claim], envelope: Envelope = PLAIN) -> bytes:
    out = io.BytesIO()
    write_837p(source, out, envelope=envelope)
    return out.getvalue()


def without_source(items: Sequence[Item]) -> list[Item]:
    return [
        msgspec.structs.replace(x, source=Source()) if isinstance(x, Claim) else x for x in items
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(claims(), min_size=1, max_size=3))
def test_written_claims_are_read_equal(source: list[Claim]) -> None:
    assert without_source(list(read_x12(written(source)))) == source


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(claims())
def test_what_was_read_from_any_separators_is_written_and_read_equal(source: Claim) -> None:
    first = without_source(list(read_x12(written([source], STRANGE))))
    kept = [x for x in first if isinstance(x, Claim)]
    assert without_source(list(read_x12(written(kept)))) == kept


BASE = written([claim(), full_claim(), claim(claim_id="A3")]) + interchange(
    HEADER, SUBSCRIBER, CLAIM
)


def sound(data: bytes) -> None:
    """Damage is reported, never raised; nothing comes out that is not one of the items."""
    for item in read_x12(data):
        assert isinstance(item, Claim | Problem | SkippedTransaction)
        if isinstance(item, Problem):
            assert item.code != "x12.transaction_failed"
            assert item.message
            for secret in ("JANE", "DOE", "W123456789", "A1001", "19700203"):
                assert secret not in str(item)
        if isinstance(item, Claim):
            assert item.claim_id
            assert item.charge.is_finite()
            assert without_source(list(read_x12(written([item])))) is not None


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_files_with_changed_bytes_are_read_without_an_error(data: st.DataObject) -> None:
    damaged = bytearray(BASE)
    for _ in range(data.draw(st.integers(1, 12))):
        start = data.draw(st.integers(0, len(damaged)))
        end = start + data.draw(st.sampled_from([0, 1, 1, 2, 40, 400]))
        damaged[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from([b"*", b"~", b":", b"ISA", b"~ST*837*1~"])
            )
        )
    sound(bytes(damaged))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_files_with_moved_and_dropped_segments_are_read_without_an_error(
    data: st.DataObject,
) -> None:
    parts = BASE.split(b"~")
    for _ in range(data.draw(st.integers(1, 10))):
        at = data.draw(st.integers(0, len(parts) - 1))
        to = data.draw(st.integers(0, len(parts) - 1))
        what = data.draw(st.sampled_from(["drop", "move", "double", "shorten", "empty"]))
        if what == "drop":
            del parts[at]
        elif what == "move":
            parts.insert(to, parts.pop(at))
        elif what == "double":
            parts.insert(to, parts[at])
        elif what == "shorten":
            parts[at] = b"*".join(parts[at].split(b"*")[: data.draw(st.integers(0, 4))])
        else:
            fields = parts[at].split(b"*")
            fields[data.draw(st.integers(0, len(fields) - 1))] = b""
            parts[at] = b"*".join(fields)
    sound(b"~".join(parts))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(noise: bytes) -> None:
    sound(noise)
    sound(BASE[:400] + noise + BASE[400:])


@pytest.mark.parametrize("cut", range(1, len(BASE), 97))
def test_every_prefix_is_read_without_an_error(cut: int) -> None:
    sound(BASE[:cut])
