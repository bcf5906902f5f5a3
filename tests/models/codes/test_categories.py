import csv
from pathlib import Path

import pytest

from models.codes.adjustments import load_classes
from models.codes.categories import load_categories
from models.errors import InputError


@pytest.mark.parametrize(
    ("carc", "rarcs", "expected"),
    [
        ("27", (), "eligibility"),
        ("197", (), "authorization"),
        ("22", (), "coordination_of_benefits"),
        ("97", ("M15",), "coding_bundling"),
        ("50", ("N115",), "medical_necessity"),
        ("16", (), "missing_information"),
        ("16", ("M76", "MA130"), "missing_information"),
        ("16", ("N382",), "eligibility"),
        ("16", ("MA04",), "coordination_of_benefits"),
        ("16", ("M62",), "authorization"),
        ("96", ("N115",), "medical_necessity"),
        ("18", (), "duplicate"),
        ("29", (), "timely_filing"),
        ("B7", (), "provider_enrollment"),
        ("204", (), "noncovered"),
        ("999", (), "other"),
    ],
)
def test_carc_and_where_needed_rarc_decide(
    carc: str, rarcs: tuple[str, ...], expected: str
) -> None:
    assert load_categories().category(carc, rarcs) == expected


def test_every_active_denial_code_has_words_and_few_are_other() -> None:
    path = Path(__file__).resolve().parents[4] / "shared/data/tables/carc_rarc_codes.csv"
    if not path.exists():
        pytest.skip("the CARC list is not on this machine")
    with path.open(encoding="utf-8") as file:
        codes = [
            r["adj_code"]
            for r in csv.DictReader(file)
            if r["adj_type"] == "CARC" and not r["adj_end_date"]
        ]
    table = load_categories()
    assert [c for c in codes if not table.words(c)] == []
    denials = [c for c in codes if load_classes().classify("CO", c) == "denial"]
    assert sum(table.category(c) == "other" for c in denials) <= len(denials) * 0.08


def test_overrides_are_merged_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "categories.csv"
    path.write_text("carc,rarc,category,words\n11,*,coding_bundling,does not fit\n")
    table = load_categories(path)
    assert table.category("11") == "coding_bundling"
    assert table.words("11") == "does not fit"
    assert load_categories().category("11") == "medical_necessity"
    path = tmp_path / "bad.csv"
    path.write_text("carc,category\n11,bundling\n")
    with pytest.raises(InputError, match="category='bundling' is unknown; allowed: eligibility"):
        load_categories(path)
