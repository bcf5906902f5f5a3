"""The audit chain: who did what to which record, each entry sealed with the one before.

Pure: entries, their seals and the check of a chain. `serving.store.audit_log` keeps it.
Entries name records by opaque references (``claim:1f3a...``, ``key:ab12``), never by patient
content: no names, numbers, dates of birth or claim numbers.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable

import msgspec

from serving.store.columns import now
from serving.store.records import new_uid

GENESIS = bytes(32)
"""What the first entry is chained to."""


class AuditEntry(msgspec.Struct, frozen=True, tag="audit", kw_only=True):
    """One thing that was done or refused.

    ``actor`` is ``key:<id>``, ``user:<name>`` or ``cli:<login>``; ``action`` a verb such as
    ``score`` or ``key.create``; ``record`` an opaque reference; ``outcome`` ``done``, ``refused``
    or ``failed``; ``detail`` small facts without patient content (counts, model version).
    """

    actor: str
    action: str
    record: str = ""
    practice: str = ""
    outcome: str = "done"
    request_id: str = ""
    detail: dict[str, str | int | float | bool | None] = msgspec.field(default_factory=dict)
    time: dt.datetime = msgspec.field(default_factory=now)
    uid: bytes = msgspec.field(default_factory=new_uid)


class SealedEntry(msgspec.Struct, frozen=True):
    """An entry in its place: ``sequence`` from 1, the hash before it and its own."""

    sequence: int
    entry: AuditEntry
    previous: bytes
    hash: bytes


class Verdict(msgspec.Struct, frozen=True):
    """What a check of the chain found.

    ``broken`` is the sequence number of the first entry that is not as it was written (changed,
    missing, out of place), ``None`` where all hold; ``reason`` says in what way. ``head`` is the
    last hash: kept elsewhere, it proves later that nothing was cut off or rewritten.
    """

    entries: int
    broken: int | None
    reason: str
    head: str


_encoder = msgspec.json.Encoder(order="sorted")


def seal(sequence: int, previous: bytes, entry: AuditEntry) -> bytes:
    """SHA-256 over the previous hash and the entry's canonical JSON (sorted keys, no spaces)."""
    content = _encoder.encode([sequence, entry])
    return hashlib.sha256(previous + content).digest()


def verify_chain(
    entries: Iterable[SealedEntry],
    *,
    head: tuple[int, bytes] | None = None,
    expected: str | None = None,
) -> Verdict:
    """Checks entries in their order, in one pass.

    ``head`` is where the store says that the chain ends. ``expected`` is a head hash noted
    earlier: it must be one of the chain's.
    """
    previous, sequence = GENESIS, 0
    met = expected is None or expected == GENESIS.hex()
    for sealed in entries:
        sequence += 1
        reason = _fault(sealed, sequence, previous)
        if reason:
            return Verdict(sequence - 1, sequence, reason, previous.hex())
        previous = sealed.hash
        met = met or previous.hex() == expected
    if head is not None and head != (sequence, previous):
        missing = head[0] > sequence
        reason = "entries at the end are missing" if missing else "the chain's end was rewritten"
        return Verdict(sequence, min(sequence, head[0]) + 1, reason, previous.hex())
    if not met:
        reason = "the expected head is not in the chain: it was rewritten or cut off"
        return Verdict(sequence, sequence + 1, reason, previous.hex())
    return Verdict(sequence, None, "", previous.hex())


def _fault(sealed: SealedEntry, sequence: int, previous: bytes) -> str:
    if sealed.sequence != sequence:
        return f"entry {sequence} is missing"
    if sealed.previous != previous:
        return f"entry {sequence} is not chained to the one before it"
    if seal(sequence, previous, sealed.entry) != sealed.hash:
        return f"entry {sequence} was changed"
    return ""
