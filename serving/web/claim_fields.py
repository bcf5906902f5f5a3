"""The fields of a claim as the payer sees them: what they say, and how a person may change them.

A field is named by the JSON pointer that edits and factors use. Charges and the number of
services are not among those that can be changed: a correction hides no service and adds none.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from models.claims.claim import Claim, Diagnosis, Provider, ServiceLine
from models.claims.common import Reference
from models.edits import Edit
from models.errors import InputError
from serving.web.render import dotted


class FieldEdit(msgspec.Struct, frozen=True):
    """An edit beside the field that it concerns."""

    id: str
    severity: str
    message: str
    remedy: str
    source: str


class Field(msgspec.Struct, frozen=True):
    """A field on the page; one that a person may change has ``hint``, which says its form."""

    pointer: str
    label: str
    value: str
    hint: str
    edits: tuple[FieldEdit, ...]
    changed: bool


class LineFields(msgspec.Struct, frozen=True):
    """A service line."""

    number: int
    charge: Decimal
    date: str
    fields: tuple[Field, ...]
    edits: tuple[FieldEdit, ...]
    probability: float | None


class ClaimFields(msgspec.Struct, frozen=True):
    """A whole claim; ``other`` are edits of no field that is shown."""

    header: tuple[Field, ...]
    diagnoses: tuple[Field, ...]
    lines: tuple[LineFields, ...]
    other: tuple[FieldEdit, ...]


Setter = Callable[[Claim, str], Claim]


def claim_fields(claim: Claim, loaded: Claim, edits: Sequence[Edit]) -> ClaimFields:
    """The claim with its edits at the fields they concern; ``loaded`` is how it came."""
    left = list(edits)

    def take(*prefixes: str) -> tuple[FieldEdit, ...]:
        found = [
            e for e in left if any(e.path == p or e.path.startswith(p + "/") for p in prefixes)
        ]
        for edit in found:
            left.remove(edit)
        return tuple(FieldEdit(e.id, str(e.severity), e.message, e.remedy, e.source) for e in found)

    def field(pointer: str, label: str, hint: str = "", *also: str) -> Field:
        value = read_field(claim, pointer)
        changed = value != read_field(loaded, pointer)
        return Field(pointer, label, value, hint, take(pointer, *also), changed)

    lines = []
    for i, line in enumerate(claim.lines):
        at = f"/lines/{i}"
        lines.append(
            LineFields(
                line.number,
                line.charge,
                line.service_date.isoformat() if line.service_date else "",
                (
                    field(f"{at}/code", "procedure", "5 letters or digits"),
                    field(f"{at}/modifiers", "modifiers", "up to 4, two characters each"),
                    field(f"{at}/units", "units", "a number"),
                    field(f"{at}/pointers", "diagnosis pointers", "numbers, most relevant first"),
                    field(f"{at}/place_of_service", "place", "two digits; empty: the claim's"),
                    field(f"{at}/references/G1", "line authorization", "as the payer gave it"),
                ),
                take(at),
                None,
            )
        )
    diagnoses = tuple(
        field(f"/diagnoses/{i}", str(i + 1), "an ICD-10-CM code")
        for i in range(len(claim.diagnoses))
    )
    header = (
        field("/payer/name", "payer"),
        field("/payer/id", "payer number", "as the clearinghouse lists it"),
        field("/filing_indicator", "kind of coverage", "two letters or digits"),
        field("/subscriber/member_id", "member number", "as on the card"),
        field("/group_number", "group number", "as on the card"),
        field("/subscriber", "subscriber"),
        field("/patient", "patient"),
        field("/references/G1", "authorization number", "as the payer gave it"),
        field("/references/9F", "referral number", "as the payer gave it"),
        field("/references/X4", "CLIA number", "of the laboratory"),
        field("/frequency", "frequency", "1 original, 7 replacement, 8 void"),
        field("/references/F8", "payer's claim number", "for a replacement"),
        field("/place_of_service", "place of service", "two digits"),
        field("/rendering/npi", "rendering provider", "NPI, ten digits", "/rendering"),
        field("/referring/npi", "referring provider", "NPI, ten digits", "/referring"),
        field("/billing", "billing provider"),
    )
    return ClaimFields(header, diagnoses, tuple(lines), take(""))


def read_field(claim: Claim, pointer: str) -> str:
    """A field's content as text."""
    parts = pointer.split("/")[1:]
    if parts[0] == "lines":
        if int(parts[1]) >= len(claim.lines):
            return ""
        line = claim.lines[int(parts[1])]
        return _LINE_READERS["/".join(parts[2:])](line)
    if parts[0] == "diagnoses":
        number = int(parts[1])
        return dotted(claim.diagnoses[number].code) if number < len(claim.diagnoses) else ""
    if parts[0] == "references":
        return claim.reference(parts[1])
    return _READERS[pointer](claim)


def write_field(claim: Claim, pointer: str, value: str) -> Claim:
    """The claim with another content of one field.

    Raises:
        InputError: a field that cannot be changed here, or a content that it cannot have; the
            text says what is allowed.
    """
    value = value.strip()
    if len(value) > 80 or not value.isprintable():
        raise InputError("at most 80 characters, and no control characters, are allowed")
    parts = pointer.split("/")[1:]
    if len(parts) >= 3 and parts[0] == "lines" and parts[1].isdecimal():
        return _write_line(claim, int(parts[1]), "/".join(parts[2:]), value)
    if len(parts) == 2 and parts[0] == "diagnoses" and parts[1].isdecimal():
        return _write_diagnosis(claim, int(parts[1]), value)
    if len(parts) == 2 and parts[0] == "references" and parts[1] in ("G1", "9F", "F8", "X4"):
        return msgspec.structs.replace(
            claim, references=_with_reference(claim.references, parts[1], value)
        )
    setter = _SETTERS.get(pointer)
    if setter is None:
        raise InputError("this field cannot be changed here")
    return setter(claim, value)


def field_label(pointer: str) -> str:
    """A field's name in words, for the list of changes.

    >>> field_label("/lines/0/modifiers"), field_label("/references/G1")
    ('modifiers of line 1', 'authorization number')
    >>> field_label("lines[].code"), field_label("payer.id")
    ('procedure', 'payer')
    """
    if not pointer.startswith("/"):  # a factor's: dotted, with [] for each of several
        name = pointer.replace("[]", "").split(".")[-1]
        return _FACTOR_WORDS.get(name, name.replace("_", " "))
    parts = pointer.split("/")[1:]
    if parts[0] == "lines" and len(parts) > 2:
        words = {"references/G1": "authorization", "place_of_service": "place of service"}
        name = "/".join(parts[2:])
        return f"{words.get(name, name)} of line {int(parts[1]) + 1}"
    if parts[0] == "diagnoses" and len(parts) > 1:
        return f"diagnosis {int(parts[1]) + 1}"
    return _LABELS.get(pointer, pointer.strip("/").replace("/", " "))


def _write_line(claim: Claim, number: int, name: str, value: str) -> Claim:
    if number >= len(claim.lines):
        raise InputError("the claim has no such line")
    line = claim.lines[number]
    changed: ServiceLine
    if name == "code":
        changed = msgspec.structs.replace(
            line, code=_match(value.upper(), r"[A-Z0-9]{5}", "a procedure has 5 letters or digits")
        )
    elif name == "modifiers":
        found = tuple(x for x in re.split(r"[\s,;:]+", value.upper()) if x)
        if len(found) > 4 or not all(re.fullmatch(r"[A-Z0-9]{2}", x) for x in found):
            raise InputError("up to 4 modifiers of two letters or digits, for instance: 25 59")
        changed = msgspec.structs.replace(line, modifiers=found)
    elif name == "units":
        changed = msgspec.structs.replace(line, units=_units(value))
    elif name == "pointers":
        found_numbers = tuple(int(x) for x in re.split(r"[\s,;:]+", value) if x.isdecimal())
        most = len(claim.diagnoses)
        if not 1 <= len(found_numbers) <= 4 or not all(1 <= x <= most for x in found_numbers):
            raise InputError(f"1 to 4 numbers of diagnoses, 1 to {most}, for instance: 1 2")
        changed = msgspec.structs.replace(line, pointers=found_numbers)
    elif name == "place_of_service":
        changed = msgspec.structs.replace(
            line, place_of_service=_match(value, r"\d{2}|", "a place of service has two digits")
        )
    elif name == "references/G1":
        changed = msgspec.structs.replace(
            line, references=_with_reference(line.references, "G1", value)
        )
    else:
        raise InputError("this field cannot be changed here")
    lines = (*claim.lines[:number], changed, *claim.lines[number + 1 :])
    return msgspec.structs.replace(claim, lines=lines)


def _write_diagnosis(claim: Claim, number: int, value: str) -> Claim:
    if number >= len(claim.diagnoses):
        raise InputError("the claim has no such diagnosis")
    code = _match(
        value.upper().replace(".", ""),
        r"[A-Z]\d[A-Z0-9]{1,5}",
        "an ICD-10-CM code has 3 to 7 characters, for instance E11.21",
    )
    old = claim.diagnoses[number]
    new = Diagnosis(old.qualifier, code)
    return msgspec.structs.replace(
        claim, diagnoses=(*claim.diagnoses[:number], new, *claim.diagnoses[number + 1 :])
    )


def _with_reference(
    references: tuple[Reference, ...], qualifier: str, value: str
) -> tuple[Reference, ...]:
    rest = tuple(x for x in references if x.qualifier != qualifier)
    return (Reference(qualifier, value), *rest) if value else rest


def _units(value: str) -> Decimal:
    try:
        units = Decimal(value)
    except InvalidOperation:
        raise InputError("units are a number, for instance 1") from None
    if not units.is_finite() or not 0 < units <= 9999:
        raise InputError("units are above 0 and at most 9999")
    return units


def _match(value: str, pattern: str, words: str) -> str:
    if not re.fullmatch(pattern, value):
        raise InputError(words)
    return value


def _set_member(claim: Claim, value: str) -> Claim:
    if not value:
        raise InputError("a member number cannot be empty")
    subscriber = msgspec.structs.replace(claim.subscriber, member_id=value)
    same = claim.patient == claim.subscriber
    return msgspec.structs.replace(
        claim, subscriber=subscriber, patient=subscriber if same else claim.patient
    )


def _set_payer(claim: Claim, value: str) -> Claim:
    if not value:
        raise InputError("a payer number cannot be empty")
    return msgspec.structs.replace(claim, payer=msgspec.structs.replace(claim.payer, id=value))


def _set_provider(claim: Claim, name: str, value: str) -> Claim:
    npi = _match(value, r"\d{10}|", "an NPI has ten digits")
    old: Provider | None = getattr(claim, name)
    if not npi:
        return msgspec.structs.replace(claim, **{name: None})
    new = msgspec.structs.replace(old, npi=npi) if old else Provider(npi=npi, entity="1")
    return msgspec.structs.replace(claim, **{name: new})


_FACTOR_WORDS = {
    "code": "procedure",
    "id": "payer",
    "npi": "provider",
    "member_id": "member and patient",
    "submitted": "day of submission",
}

_LABELS = {
    "/payer/id": "payer number",
    "/filing_indicator": "kind of coverage",
    "/subscriber/member_id": "member number",
    "/group_number": "group number",
    "/references/G1": "authorization number",
    "/references/9F": "referral number",
    "/references/F8": "payer's claim number",
    "/references/X4": "CLIA number",
    "/frequency": "frequency",
    "/place_of_service": "place of service",
    "/rendering/npi": "rendering provider",
    "/referring/npi": "referring provider",
}

_SETTERS: dict[str, Setter] = {
    "/payer/id": _set_payer,
    "/subscriber/member_id": _set_member,
    "/filing_indicator": lambda c, v: msgspec.structs.replace(
        c,
        filing_indicator=_match(
            v.upper(), r"[A-Z0-9]{2}", "kind of coverage: two letters or digits, for instance CI"
        ),
    ),
    "/group_number": lambda c, v: msgspec.structs.replace(c, group_number=v),
    "/frequency": lambda c, v: msgspec.structs.replace(
        c, frequency=_match(v, r"[178]", "frequency is 1, 7 or 8")
    ),
    "/place_of_service": lambda c, v: msgspec.structs.replace(
        c, place_of_service=_match(v, r"\d{2}", "a place of service has two digits")
    ),
    "/rendering/npi": lambda c, v: _set_provider(c, "rendering", v),
    "/referring/npi": lambda c, v: _set_provider(c, "referring", v),
}

_LINE_READERS: dict[str, Callable[[ServiceLine], str]] = {
    "code": lambda x: x.code,
    "modifiers": lambda x: " ".join(x.modifiers),
    "units": lambda x: f"{x.units.normalize():f}",
    "pointers": lambda x: " ".join(map(str, x.pointers)),
    "place_of_service": lambda x: x.place_of_service,
    "references/G1": lambda x: x.reference("G1"),
}


def _person(claim: Claim, name: str) -> str:
    person = getattr(claim, name)
    words = " ".join(x for x in (person.first_name, person.last_name) if x)
    born = f", born {person.birth_date.isoformat()}" if person.birth_date else ""
    sex = f", {person.sex}" if person.sex else ""
    return f"{words}{born}{sex}"


_READERS: dict[str, Callable[[Claim], str]] = {
    "/payer/name": lambda c: c.payer.name,
    "/payer/id": lambda c: c.payer.id,
    "/filing_indicator": lambda c: c.filing_indicator,
    "/subscriber/member_id": lambda c: c.subscriber.member_id,
    "/group_number": lambda c: c.group_number,
    "/subscriber": lambda c: _person(c, "subscriber"),
    "/patient": lambda c: _person(c, "patient"),
    "/frequency": lambda c: c.frequency,
    "/place_of_service": lambda c: c.place_of_service,
    "/rendering/npi": lambda c: c.rendering.npi if c.rendering else "",
    "/referring/npi": lambda c: c.referring.npi if c.referring else "",
    "/billing": lambda c: f"{c.billing.name} {c.billing.npi}".strip(),
}
