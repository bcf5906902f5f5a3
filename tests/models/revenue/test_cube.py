"""The packed cube gives the sums of the plain one, whatever the view."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.revenue.cube import decode_cube, encode_cube, pack
from models.revenue.kpis import DIMENSIONS, by_dimensions

KPIS = st.sampled_from(["initial_denial_rate", "days_in_ar", "ar_over_90_share", "overturn_rate"])
MONTHS = st.sampled_from(["2025-11", "2025-12", "2026-01", "2026-02"])
NAMES = st.sampled_from(["a", "b", "c"])
AMOUNTS = st.integers(-300, 100_000).map(lambda x: Decimal(x) / 4)
CUBES = st.dictionaries(
    st.tuples(KPIS, MONTHS, NAMES, NAMES, NAMES, NAMES), st.tuples(AMOUNTS, AMOUNTS), max_size=40
)
VIEWS = st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3)
EDGES = st.sampled_from(["", "2025-12", "2026-01", "2026-02"])


@given(CUBES, VIEWS, EDGES, EDGES, st.sampled_from([{}, {"payer": "a"}, {"provider": "z"}]))
def test_every_view_has_the_sums_of_the_plain_cube(cube, by, since, until, where):
    packed = decode_cube(encode_cube(pack(cube)))
    found = packed.sums(by, where=where, since=since, until=until)
    wanted = by_dimensions(cube, by, where=where, since=since, until=until)
    assert set(found) == set(wanted)
    for key, (numerator, denominator) in found.items():
        assert numerator == pytest.approx(wanted[key].numerator)
        assert denominator == pytest.approx(wanted[key].denominator)
    assert packed.cells == len(cube)


def test_one_kpi_alone_and_unknown_names():
    key = ("overturn_rate", "2026-01", "a", "b", "c", "d")
    packed = pack(
        {key: (Decimal(1), Decimal(300)), ("clean_claim_rate", *key[1:]): (Decimal(1),) * 2}
    )
    assert packed.sums(kpis=["overturn_rate"]) == {("overturn_rate",): (1.0, 300.0)}
    with pytest.raises(InputError, match="kpi 'joy' is unknown"):
        packed.sums(kpis=["joy"])
    with pytest.raises(InputError, match="dimension 'moon' is unknown"):
        packed.sums(["moon"])
