from models.codes.categories import DenialCategory
from training.denial.reasons import load_reasons


def name(category: DenialCategory, carc: str, *rarcs: str) -> str:
    table = load_reasons()
    return table.reasons[table.number(category, carc, rarcs) - 1].name


def test_a_remark_tells_one_missing_number_from_another() -> None:
    missing = DenialCategory.MISSING_INFORMATION
    assert name(missing, "16", "N265") == "referring_provider"
    assert name(missing, "16", "MA120") == "laboratory_number"
    assert name(missing, "16", "N999", "M119") == "drug_number"


def test_what_no_row_names_is_the_categorys_own_reason() -> None:
    assert name(DenialCategory.MISSING_INFORMATION, "16") == "missing_information"
    assert name(DenialCategory.ELIGIBILITY, "27", "N30") == "eligibility"
    assert name(DenialCategory.OTHER, "ZZZ") == "other"


def test_every_category_has_a_reason_for_what_is_left() -> None:
    table = load_reasons()
    for category in DenialCategory:
        assert table.rest[category] in table.numbers(category)
