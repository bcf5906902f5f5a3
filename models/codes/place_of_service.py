"""CMS place of service codes: what each is, facility or office rate, telehealth.

Source: CMS, Place of Service Code Set and the Medicare claims manual, chapter 26, section 10.5
(facility or non-facility rate). The wording is our own.
"""

from functools import lru_cache

import msgspec

from models.codes.tables import read_rules


class PlaceOfService(msgspec.Struct, frozen=True, gc=False):
    """One place of service; ``facility``: Medicare pays the facility rate there."""

    code: str
    facility: bool
    telehealth: bool
    words: str


@lru_cache(maxsize=1)
def load_places() -> dict[str, PlaceOfService]:
    """Places of service by their two-digit code.

    >>> load_places()["11"].words
    'office'
    """
    columns = ("code", "facility", "telehealth", "words")
    return {
        row["code"]: PlaceOfService(
            row["code"], row["facility"] == "1", row["telehealth"] == "1", row["words"]
        )
        for _, row in read_rules("place_of_service.csv", columns, columns)
    }
