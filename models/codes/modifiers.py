"""Modifiers that rules ask about: what they fit, whether NCCI takes them, which side they name.

Sources: CMS, NCCI policy manual chapter I (NCCI PTP-associated modifiers) and Medicare claims
processing manual chapters 12 and 30; the wording is our own. Other Level II modifiers are
known from an imported HCPCS table only.
"""

from functools import lru_cache

import msgspec

from models.codes.tables import ANY, read_rules


class Modifier(msgspec.Struct, frozen=True, gc=False):
    """One modifier.

    ``fits``: ``visit`` (evaluation and management only), ``procedure`` (anything but), ``any``;
    ``ncci``: lifts a pair of modifier indicator 1; ``side``: left, right, both or ``""``.
    """

    code: str
    fits: str
    ncci: bool
    side: str
    words: str


@lru_cache(maxsize=1)
def load_modifiers() -> dict[str, Modifier]:
    """Modifiers by their two characters; every numeric CPT modifier is among them.

    >>> load_modifiers()["25"].fits
    'visit'
    """
    columns = ("modifier", "fits", "ncci", "side", "words")
    return {
        row["modifier"]: Modifier(
            row["modifier"],
            row["fits"],
            row["ncci"] == "1",
            "" if row["side"] == ANY else row["side"],
            row["words"],
        )
        for _, row in read_rules("modifiers.csv", columns, columns)
    }
