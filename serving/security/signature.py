"""AWS-style key pairs for API keys, and AWS Signature Version 4 on requests.

The access key ID is the API key's id; the secret is derived: HMAC-SHA256 of the id under the
installation's key. So a signature can be verified although the server keeps no secret of any
API key, and a pair ends when its API key does. The algorithm is the public one of "Signature
Version 4" in AWS's documentation.
"""

import base64
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

import msgspec

ALGORITHM = "AWS4-HMAC-SHA256"
PREFIX = "FPAK"
MAX_SKEW = dt.timedelta(minutes=15)
_CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<id>\w{16,64})/(?P<date>\d{8})/(?P<region>[\w-]{1,40})/"
    r"(?P<service>[\w-]{1,40})/aws4_request,\s*SignedHeaders=(?P<headers>[a-z0-9;-]{4,500}),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_ID = re.compile(PREFIX + r"([0-9A-F]{12})")


class KeyPair(msgspec.Struct, frozen=True):
    """What an AWS client is configured with."""

    access_key_id: str
    secret_access_key: str


class Signed(msgspec.Struct, frozen=True):
    """What the Authorization header says; ``key_id`` is the API key's, ``""`` where not ours."""

    key_id: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


def key_pair(installation_key: bytes, key_id: str) -> KeyPair:
    """The pair of an API key."""
    digest = hmac.new(installation_key, f"aws4:{key_id}".encode(), hashlib.sha256).digest()
    secret = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return KeyPair(f"{PREFIX}{key_id.upper()}", secret)


def read_authorization(header: str) -> Signed | None:
    """The parts of a Version 4 Authorization header, or ``None`` where it is not one."""
    found = _CREDENTIAL.fullmatch(header.strip())
    if found is None:
        return None
    own = _ID.fullmatch(found["id"])
    return Signed(
        own[1].lower() if own else "",
        found["date"],
        found["region"],
        found["service"],
        tuple(found["headers"].split(";")),
        found["signature"],
    )


def verify(
    signed: Signed,
    secret: str,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    now: dt.datetime,
) -> str:
    """``""`` where the signature holds for this request and moment, else what is wrong with it.

    ``headers`` by lower-case name.
    """
    stamp = headers.get("x-amz-date", "")
    try:
        moment = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return "the header X-Amz-Date is absent or malformed"
    if abs(now - moment) > MAX_SKEW or not stamp.startswith(signed.date):
        return "the signature is expired, or the caller's clock is wrong"
    if "host" not in signed.headers or any(name not in headers for name in signed.headers):
        return "the signed headers are not those of the request"
    for name in ("x-amz-date", "x-amz-target"):
        if name in headers and name not in signed.headers:
            return f"the header {name} must be signed"
    payload = hashlib.sha256(body).hexdigest()
    stated = headers.get("x-amz-content-sha256", payload)
    if stated != payload:
        return "the body is not the one that was signed"
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in signed.headers]
    canonical = "\n".join(
        (
            method,
            quote(unquote(path) or "/", safe="/-_.~"),
            _canonical_query(query),
            *lines,
            "",
            ";".join(signed.headers),
            payload,
        )
    )
    scope = f"{signed.date}/{signed.region}/{signed.service}/aws4_request"
    text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (signed.date, signed.region, signed.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signed.signature):
        return "the signature does not match; check the secret and what was signed"
    return ""


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    coded = [
        (quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~"))
        for name, _, value in pairs
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(coded))
