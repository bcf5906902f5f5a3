"""NCCI pairs on disk: look-up, dates, parts, size."""

import datetime as dt
import random

import numpy as np
import pytest

from models.edits.pairs import Combination, open_pairs, write_pairs
from models.errors import InputError
from tests.models.edits.samples import pair_table

DAY = dt.date(2026, 3, 2)
ALWAYS = Combination(None, None, 1)


def test_lookup_is_ordered_and_dated(tmp_path):
    since = Combination(dt.date(2020, 1, 1), dt.date(2020, 12, 31), 0, "first time")
    again = Combination(dt.date(2024, 1, 1), None, 1, "again")
    never = Combination(dt.date(2022, 1, 1), dt.date(2022, 1, 1), 0, "withdrawn")
    rows = [
        ("B1000", "A1000", since),
        ("B1000", "A1000", again),
        ("B1000", "C1000", never),
        ("A1000", "C1000", ALWAYS),
    ]
    table = pair_table(tmp_path, rows)
    assert len(table) == 4
    assert table.get("B1000", "A1000", dt.date(2019, 1, 1)) is None
    assert table.get("B1000", "A1000", dt.date(2020, 12, 31)) == since
    assert table.get("B1000", "A1000", dt.date(2021, 1, 1)) is None
    assert table.get("B1000", "A1000", DAY) == again
    assert table.get("A1000", "B1000", DAY) is None
    assert table.get("B1000", "C1000", dt.date(2022, 1, 1)) is None
    assert table.get("B1000", "Z9999", DAY) is None
    assert table.get("A1000", "C1000", DAY) == ALWAYS


def test_the_later_of_equal_rows_counts(tmp_path):
    ended = Combination(None, dt.date(2025, 1, 1), 0)
    rows = [("A1000", "B1000", Combination(None, None, 0)), ("A1000", "B1000", ended)]
    table = pair_table(tmp_path, rows)
    assert len(table) == 1
    assert table.get("A1000", "B1000", DAY) is None


def test_against_a_dictionary(tmp_path):
    random.seed(4)
    codes = [f"{n:05}" for n in range(300)]
    pairs: dict[tuple[str, str], Combination] = {}
    while len(pairs) < 5000:
        first, second = random.sample(codes, 2)
        pairs[first, second] = Combination(None, None, random.choice((0, 1, 9)))
    table = pair_table(tmp_path, [(a, b, c) for (a, b), c in pairs.items()])
    for first in codes[:60]:
        for second in codes:
            assert table.get(first, second, DAY) == pairs.get((first, second))
    assert {(a, b): c for a, b, c in table.rows()} == pairs


def test_four_bytes_a_pair(tmp_path):
    pair_table(tmp_path, [("A1000", f"{n:05}", ALWAYS) for n in range(20_000)])
    size = sum((tmp_path / name).stat().st_size for name in ("seconds.npy", "kinds.npy"))
    assert size <= 4 * 20_000 + 300
    assert isinstance(np.load(tmp_path / "seconds.npy", mmap_mode="r"), np.memmap)


def test_an_empty_table(tmp_path):
    assert write_pairs(tmp_path, []) == 0
    with pytest.raises(InputError, match="damaged table"):
        (tmp_path / "codes.npy").unlink()
        open_pairs(tmp_path)


def test_a_damaged_table_is_named(tmp_path):
    folder = tmp_path / "ncci-medicare" / "undated"
    pair_table(folder)
    (folder / "kinds.npy").write_bytes(b"")
    with pytest.raises(InputError, match="ncci-medicare/undated: damaged table, import it again"):
        open_pairs(folder)
