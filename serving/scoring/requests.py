"""The JSON body of a scoring request: decoded once, checked, and refused by field."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from models.claims.claim import Claim
from serving.problems import FieldError, ServiceError, field_error, malformed
from serving.scoring.checks import claim_errors

#: Errors named in one answer; a body of 10,000 bad claims is not told 10,000 times.
MAX_ERRORS = 100

OTHER_PRACTICE = "this key is bound to other practices than the claim's billing provider"

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class ScoreOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller may ask for.

    ``precision``: decide at the threshold that reached it on the calibration window.
    ``capacity``: decide so that this share of the claims is for review. At most one of the two.
    ``factors``, ``edits``: whether answers hold them; with ``factors`` lines have categories,
    CARCs and flags of their own too. ``lines``: whether lines have factors of their own (slower).
    ``fixes``: whether a claim for review has what may be changed; as ``factors`` where not said.
    """

    precision: Share | None = None
    capacity: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    factors: bool = True
    edits: bool = True
    lines: bool = False
    fixes: bool | None = None

    @property
    def with_fixes(self) -> bool:
        """Whether fixes are told."""
        return self.factors if self.fixes is None else self.fixes


class ScoreRequest(ScoreOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/claims/score`: one ``claim``, or ``claims``, and options."""

    claim: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    claims: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


_REQUEST = msgspec.json.Decoder(ScoreRequest)
_CLAIM = msgspec.json.Decoder(Claim)


class Work(msgspec.Struct, frozen=True):
    """A request that was taken apart: undecoded ``parts`` with their ``pointers``, and options."""

    parts: Sequence[msgspec.Raw]
    single: bool
    options: ScoreOptions


def read_request(body: bytes, max_claims: int) -> Work:
    """Take a body apart; claims stay undecoded.

    Raises:
        ServiceError: 400 for what is no JSON, 413 for too many claims, 422 for wrong fields.
    """
    try:
        request = _REQUEST.decode(body)
    except msgspec.ValidationError as error:
        raise invalid([field_error(error)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from None
    single = request.claims is msgspec.UNSET
    if single == (request.claim is msgspec.UNSET):
        raise invalid([FieldError("give either 'claim' or 'claims'", "")])
    if request.precision is not None and request.capacity is not None:
        raise invalid([FieldError("give either 'precision' or 'capacity'", "/capacity")])
    if isinstance(request.claim, msgspec.Raw):
        return Work((request.claim,), True, request)
    parts = request.claims if isinstance(request.claims, list) else []
    if not parts:
        raise invalid([FieldError("at least one claim is needed", "/claims")])
    if len(parts) > max_claims:
        raise ServiceError(
            413,
            "too-many-claims",
            f"a body may hold {max_claims} claims, this one has {len(parts)}:"
            " send several, or POST /v1/batches",
        )
    return Work(parts, False, request)


def decode_claims(
    work: Work, begin: int, end: int, practices: frozenset[str] | None = None
) -> list[Claim]:
    """Claims ``[begin, end)`` of a request; ``practices`` are those that may be asked about.

    Raises:
        ServiceError: 422, each field at fault is named; 403 for another practice's claim.
    """
    claims = []
    errors: list[FieldError] = []
    for number in range(begin, min(end, len(work.parts))):
        pointer = "/claim" if work.single else f"/claims/{number}"
        try:
            claim = _CLAIM.decode(work.parts[number])
        except msgspec.ValidationError as error:
            errors.append(field_error(error, pointer))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(error) from None
        else:
            errors += claim_errors(claim, pointer)
            if practices is not None and claim.practice not in practices:
                fault = FieldError(OTHER_PRACTICE, f"{pointer}/billing")
                raise ServiceError(403, "forbidden", OTHER_PRACTICE, errors=[fault])
            claims.append(claim)
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise invalid(errors[:MAX_ERRORS])
    return claims


def invalid(errors: Sequence[FieldError]) -> ServiceError:
    """422 with the fields at fault."""
    return ServiceError(422, "validation", "the body is not as described", errors=errors)


def chunks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """``[begin, end)`` of consecutive parts."""
    for begin in range(0, count, size):
        yield begin, min(begin + size, count)
