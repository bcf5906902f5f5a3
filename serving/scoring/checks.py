"""What a decoded claim must hold to be scored and stored: ranges that JSON types do not say."""

import re
from collections.abc import Iterator
from decimal import Decimal

from models.claims.claim import Claim
from serving.problems import FieldError

#: Dollars; far above any claim, far below what a column of cents can hold.
MAX_AMOUNT = Decimal(10**9)
MAX_LINES = 999
MAX_DIAGNOSES = 99
#: Finer than a hundred-thousandth is no amount and no unit count.
_MIN_EXPONENT = -8
_MAX_EXPONENT = 9
_KEY = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,80}")
_AMOUNT = "an amount must be finite, below 1000000000 and of at most 8 decimals"
_KEY_TEXT = "at most 80 characters and no control characters are allowed"


def claim_errors(claim: Claim, pointer: str) -> list[FieldError]:
    """Everything about ``claim`` that cannot be worked with; ``pointer`` leads to it."""
    errors: list[FieldError] = []
    if not claim.claim_id:
        errors.append(FieldError("must not be empty", f"{pointer}/claim_id"))
    if not _is_amount(claim.charge):
        errors.append(FieldError(_AMOUNT, f"{pointer}/charge"))
    if len(claim.lines) > MAX_LINES:
        errors.append(FieldError(f"at most {MAX_LINES} service lines", f"{pointer}/lines"))
        return errors
    if len(claim.diagnoses) > MAX_DIAGNOSES:
        errors.append(FieldError(f"at most {MAX_DIAGNOSES} diagnoses", f"{pointer}/diagnoses"))
    match = _KEY.fullmatch
    for path, text in _keys(claim):
        if not match(text):
            errors.append(FieldError(_KEY_TEXT, f"{pointer}/{path}"))
    for i, line in enumerate(claim.lines):
        at = f"{pointer}/lines/{i}"
        if not _is_amount(line.charge):
            errors.append(FieldError(_AMOUNT, f"{at}/charge"))
        if not _is_amount(line.units):
            errors.append(FieldError(_AMOUNT, f"{at}/units"))
        if not 0 <= line.number <= 999_999:
            errors.append(FieldError("must be within 0 to 999999", f"{at}/number"))
        if not match(line.code):
            errors.append(FieldError(_KEY_TEXT, f"{at}/code"))
        if line.amounts or line.adjudications or line.drugs:
            errors += [FieldError(_AMOUNT, f"{at}/{x}") for x in _bad_amounts(line)]
    if claim.amounts:
        errors += [FieldError(_AMOUNT, f"{pointer}/{x}") for x in _bad_amounts(claim)]
    for i, other in enumerate(claim.other_payers):
        errors += [
            FieldError(_AMOUNT, f"{pointer}/other_payers/{i}/{x}") for x in _bad_amounts(other)
        ]
    return errors


def _is_amount(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    # Comparing is exact; abs() would round in a context and fail on 1E+9999999.
    return (
        isinstance(exponent, int)
        and _MIN_EXPONENT <= exponent <= _MAX_EXPONENT
        and -MAX_AMOUNT < value < MAX_AMOUNT
    )


def _keys(claim: Claim) -> Iterator[tuple[str, str]]:
    """Texts that become keys of look-ups or of stored rows."""
    yield "claim_id", claim.claim_id
    yield "payer/id", claim.payer.id
    yield "payer/name", claim.payer.name
    yield "billing/npi", claim.billing.npi
    yield "billing/tax_id", claim.billing.tax_id
    yield "filing_indicator", claim.filing_indicator
    yield "responsibility", claim.responsibility
    yield "frequency", claim.frequency
    if claim.rendering is not None:
        yield "rendering/npi", claim.rendering.npi


def _bad_amounts(part: object) -> Iterator[str]:
    """Paths of amounts below ``part`` that are none; for the rare nested ones."""
    if isinstance(part, Decimal):
        if not _is_amount(part):
            yield ""
        return
    fields = getattr(part, "__struct_fields__", ())
    if isinstance(part, tuple):
        inner = [(str(i), x) for i, x in enumerate(part)]
    else:
        # Lines have checks of their own with their own paths.
        inner = [(name, getattr(part, name)) for name in fields if name not in _OWN_CHECKS]
    for name, value in inner:
        if isinstance(value, Decimal | tuple) or hasattr(value, "__struct_fields__"):
            for path in _bad_amounts(value):
                yield f"{name}/{path}".rstrip("/")


_OWN_CHECKS = frozenset({"lines", "charge", "units", "other_payers", "source"})
