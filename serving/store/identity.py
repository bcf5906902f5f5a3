"""What makes two records the same record: keys over content, without where it was read."""

import datetime as dt
import hashlib
import hmac
from collections import Counter
from decimal import Decimal

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim, Person
from models.claims.common import Source
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement

_NOWHERE = Source()
_NO_DAY = dt.date.min
_LARGEST = Decimal(2**63 - 1).scaleb(-2)

encode = msgspec.json.Encoder().encode


def digest(*parts: bytes) -> bytes:
    """SHA-256 over parts, each with its length, so that no two lists of parts agree."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()


def body_key(claim: Claim) -> bytes:
    """Key of a claim's content: the same for a claim scored today and filed tomorrow.

    Left out: where it was read, the day of filing, submitter and receiver. Two submissions are
    the same if content and day agree; filed again on another day it is a resubmission.
    """
    content = msgspec.structs.replace(
        claim,
        source=_NOWHERE,
        submitted=_NO_DAY,
        submitter_id="",
        receiver_id="",
        receiver_name="",
    )
    return hashlib.sha256(encode(content)).digest()


def payment_key(payment: Payment) -> bytes:
    """Key of a payment: who paid whom, how much, by which check on which day.

    Addresses, contacts and the production date are left out: a clearinghouse that sends a
    payment again may change them.
    """
    return digest(
        encode(
            (
                payment.originator,
                payment.payer_id,
                payment.payer_name,
                payment.payee_npi,
                payment.payee_tax_id,
                payment.trace,
                payment.date,
                payment.amount,
                payment.credit,
                payment.handling,
                payment.method,
                payment.provider_adjustments,
            )
        )
    )


def remittance_keys(payment: Payment, key: bytes) -> list[bytes]:
    """Keys of a payment's remittances: the payment's, the claim's numbers and the content.

    A payment that names the very same remittance twice holds it twice: the key counts.
    """
    seen: Counter[bytes] = Counter()
    found = []
    for remittance in payment.remittances:
        content = encode(msgspec.structs.replace(remittance, source=_NOWHERE, extra=()))
        plain = digest(key, content)
        seen[plain] += 1
        found.append(digest(plain, str(seen[plain]).encode()) if seen[plain] > 1 else plain)
    return found


def acknowledgement_key(acknowledgement: Acknowledgement) -> bytes:
    """Key of an acknowledgement: all that it says."""
    return digest(encode(msgspec.structs.replace(acknowledgement, source=_NOWHERE)))


def set_acknowledgement_key(answer: SetAcknowledgement) -> bytes:
    """Key of a 999's response: all that it says, and the interchange that said it.

    Two weeks' files answer alike but for that: control numbers are used again.
    """
    source = Source(interchange=answer.source.interchange)
    return digest(encode(msgspec.structs.replace(answer, source=source)))


def patient_fingerprint(claim: Claim, key: bytes) -> bytes:
    """Sixteen bytes that agree for one patient of one practice, and say nothing without ``key``.

    From birth date, sex and name, and not from the member number, which changes with the
    payer. ``key`` is the database's own.
    """
    person: Person = claim.patient
    parts = (
        claim.practice,
        person.last_name.upper(),
        person.first_name.upper()[:3],
        person.birth_date.isoformat() if person.birth_date else "",
        person.sex,
    )
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(key, text, "sha256")[:16]


def column_text(value: str) -> str:
    """Text fit for a column: PostgreSQL takes no NUL, neither takes half a surrogate pair."""
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def column_dollars(value: Decimal) -> Decimal:
    """An amount fit for a column: finite and within 64 bits of cents; payloads keep the rest."""
    if not value.is_finite():
        return Decimal(0)
    return max(-_LARGEST, min(_LARGEST, value))


def without_remittances(payment: Payment) -> Payment:
    """The payment's own part, as it is kept."""
    return msgspec.structs.replace(payment, remittances=())
