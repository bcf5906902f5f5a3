"""Other names for payers, providers and patients: a model must not care how anyone is called."""

import hashlib
from typing import Any

import msgspec

from models.claims.claim import Payer, Person, Provider
from models.claims.remittance import Payment, Remittance

#: Fields that identify someone, by type. Equal values get equal new ones of the same length and
#: kind, whatever the field, so that every match between submissions and answers survives.
_FIELDS: dict[type, tuple[str, ...]] = {
    Provider: ("npi", "name", "first_name", "tax_id"),
    Person: ("last_name", "first_name", "member_id"),
    Payer: ("name", "id"),
    Payment: ("payer_name", "payer_id", "originator", "payee_npi", "payee_tax_id", "payee_name"),
    Remittance: (
        "patient_last_name", "patient_first_name", "member_id", "subscriber_last_name",
        "subscriber_first_name", "subscriber_member_id", "corrected_member_id",
        "corrected_last_name", "corrected_first_name", "rendering_npi", "crossover_payer",
        "crossover_payer_id", "corrected_payer", "corrected_payer_id",
    ),
}  # fmt: skip
_KEPT_QUALIFIERS = frozenset({"2U"})


class Renaming:
    """Renames records consistently; ``key`` decides what the new names are."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def __call__(self, record: Any) -> Any:
        """The record with other names, in every record inside it too."""
        if isinstance(record, tuple):
            return tuple(self(item) for item in record)
        if not isinstance(record, msgspec.Struct):
            return record
        changed = {}
        own = _FIELDS.get(type(record), ())
        for field in record.__struct_fields__:
            value = getattr(record, field)
            if field in own and value:
                changed[field] = self.word(value)
            elif isinstance(value, (tuple, msgspec.Struct)) and value:
                new = self(value)
                if new is not value:
                    changed[field] = new
        if getattr(record, "qualifier", "") in _KEPT_QUALIFIERS:
            changed["value"] = self.word(record.value)  # type: ignore[attr-defined]
        return msgspec.structs.replace(record, **changed) if changed else record

    def word(self, text: str) -> str:
        """Another word of the same length: letters for letters, digits for digits."""
        found = self._known.get(text)
        if found is None:
            digest = hashlib.shake_128(self._key + text.encode()).digest(len(text))
            found = "".join(
                chr(65 + b % 26) if c.isalpha() else chr(48 + b % 10) if c.isdigit() else c
                for c, b in zip(text, digest, strict=True)
            )
            self._known[text] = found
        return found
