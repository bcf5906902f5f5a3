"""The model card of a registered version, as data and as a page."""

from training.card.card import (
    OWNER_FILE,
    Attribute,
    ModelCard,
    Subgroup,
    denial_card,
    owner_answers,
    owner_template,
    read_card,
    with_owner,
    write_card,
)
from training.card.page import card_page

__all__ = [
    "OWNER_FILE",
    "Attribute",
    "ModelCard",
    "Subgroup",
    "card_page",
    "denial_card",
    "owner_answers",
    "owner_template",
    "read_card",
    "with_owner",
    "write_card",
]
