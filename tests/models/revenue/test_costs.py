"""Costs of collecting, as a practice lists them."""

from decimal import Decimal
from pathlib import Path

import pytest

from models.errors import InputError
from models.revenue.costs import kept_costs, read_costs


def test_rows_of_a_month_add_up_and_other_practices_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(
        "month,dollars,practice\n2026-03,250.50,a:1\n2026-03,50,\n2026-04,9,b:2\n", encoding="utf-8"
    )
    assert kept_costs("a:1", tmp_path).by_month == {"2026-03": Decimal("300.50")}
    assert kept_costs("b:2", tmp_path).by_month == {"2026-03": 50, "2026-04": 9}
    assert read_costs(tmp_path / "costs.csv").by_month["2026-04"] == 9
    assert kept_costs("a:1", tmp_path / "nowhere").by_month == {}


@pytest.mark.parametrize(
    ("row", "words"),
    [("March,5", "line 2: month='March'"), ("2026-03,much", "line 2: dollars is no amount"),
     ("2026-03,NaN", "dollars is no amount")],
)  # fmt: skip
def test_faults_name_their_line(tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "costs.csv").write_text(f"month,dollars\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=words):
        kept_costs("a:1", tmp_path)
