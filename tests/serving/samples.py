"""Claims and files for the service's tests, all made up."""

import copy
import io
from typing import Any

import msgspec

from models.claims.claim import Claim
from models.claims.x12 import write_837p
from serving.api.examples import CLAIM


def claim_json(**changes: Any) -> dict[str, Any]:
    """The example claim with other fields."""
    return {**copy.deepcopy(CLAIM), **changes}


def claim(number: int) -> Claim:
    """One of many claims."""
    return msgspec.convert(claim_json(claim_id=f"CLM{number:06}"), Claim, strict=False)


def file_837p(count: int, begin: int = 0) -> bytes:
    """An 837P file of so many claims."""
    out = io.BytesIO()
    write_837p([claim(i) for i in range(begin, begin + count)], out)
    return out.getvalue()
