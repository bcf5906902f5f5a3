"""Which denial category a CARC (with its RARC where that decides) belongs to.

The table is data (``denial_categories.csv``), with short wording of our own for each CARC:
X12's wording is X12's.
"""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from models.codes.tables import ANY, check_value, expand, read_rules


class DenialCategory(StrEnum):
    """Why a payer denied: what an office has to do about it differs by category."""

    ELIGIBILITY = "eligibility"
    AUTHORIZATION = "authorization"
    COORDINATION_OF_BENEFITS = "coordination_of_benefits"
    CODING_BUNDLING = "coding_bundling"
    MEDICAL_NECESSITY = "medical_necessity"
    MISSING_INFORMATION = "missing_information"
    DUPLICATE = "duplicate"
    TIMELY_FILING = "timely_filing"
    PROVIDER_ENROLLMENT = "provider_enrollment"
    NONCOVERED = "noncovered"
    OTHER = "other"


TABLE = "denial_categories.csv"


class CategoryTable:
    """Maps CARC and RARCs to a category; built by `load_categories`."""

    def __init__(
        self, categories: dict[tuple[str, str], DenialCategory], words: dict[str, str]
    ) -> None:
        """``categories``: (CARC, RARC or ``*``) -> category; ``words``: CARC -> own wording."""
        self._categories = categories
        self._words = words
        self._by_remark = {carc for carc, rarc in categories if rarc != ANY}

    def category(self, carc: str, rarcs: tuple[str, ...] = ()) -> DenialCategory:
        """Category of a denial by this CARC with these RARCs; `OTHER` for an unknown CARC.

        >>> load_categories().category("16", ("MA04",))
        <DenialCategory.COORDINATION_OF_BENEFITS: 'coordination_of_benefits'>
        """
        if carc in self._by_remark:
            for rarc in rarcs:
                found = self._categories.get((carc, rarc))
                if found is not None:
                    return found
        return self._categories.get((carc, ANY), DenialCategory.OTHER)

    def words(self, carc: str) -> str:
        """Our wording for a CARC, lower case, without a full stop; ``""`` for an unknown one."""
        return self._words.get(carc, "")


@lru_cache(maxsize=8)
def load_categories(overrides: Path | None = None) -> CategoryTable:
    """The category table, with the rows of the CSV file ``overrides`` merged over it.

    The file has the columns ``carc`` and ``category`` and may have ``rarc`` and ``words``.

    Raises:
        InputError: unknown column or category (the text lists those allowed).
    """
    categories: dict[tuple[str, str], DenialCategory] = {}
    words: dict[str, str] = {}
    for source in (TABLE, overrides):
        if source is None:
            continue
        columns = ("carc", "rarc", "words", "category")
        for line, cells in read_rules(source, columns, ("carc", "category")):
            value = DenialCategory(
                check_value(str(source), line, "category", cells["category"], list(DenialCategory))
            )
            for carc, rarc in expand(cells, ("carc", "rarc")):
                categories[(carc, rarc)] = value
                if cells["words"] != ANY:
                    words[carc] = cells["words"]
    return CategoryTable(categories, words)
