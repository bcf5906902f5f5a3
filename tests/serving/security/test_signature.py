"""Derived key pairs and AWS Signature Version 4, against botocore as the independent signer."""

import datetime as dt
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from models.errors import InputError
from serving.security.installation import installation_key
from serving.security.signature import KeyPair, key_pair, read_authorization, verify

OWN = bytes(range(32))
BODY = '{"Text": "é"}'.encode()


def signed(pair: KeyPair, path: str = "/", body: bytes = BODY) -> dict[str, str]:
    request = AWSRequest(
        "POST", f"http://localhost:8000{path}", data=body,
        headers={"x-amz-target": "T", "content-type": "application/x-amz-json-1.1"},
    )  # fmt: skip
    credentials = Credentials(pair.access_key_id, pair.secret_access_key)
    SigV4Auth(credentials, "comprehendmedical", "us-east-1").add_auth(request)
    return {
        "host": "localhost:8000", **{k.lower(): str(v) for k, v in request.headers.items()},
    }  # fmt: skip


def outcome(
    headers: dict[str, str],
    secret: str,
    *,
    path: str = "/",
    query: str = "",
    body: bytes = BODY,
    later: dt.timedelta = dt.timedelta(),
) -> str:
    found = read_authorization(headers["authorization"])
    assert found is not None
    return verify(
        found, secret, method="POST", path=path, query=query, headers=headers, body=body,
        now=dt.datetime.now(dt.UTC) + later,
    )  # fmt: skip


def test_what_botocore_signs_is_verified() -> None:
    pair = key_pair(OWN, "0123456789ab")
    headers = signed(pair)
    found = read_authorization(headers["authorization"])
    assert found is not None and found.key_id == "0123456789ab"
    assert outcome(headers, pair.secret_access_key) == ""
    odd = signed(pair, "/a b/ü?x=1&b=c%20d")
    assert outcome(odd, pair.secret_access_key, path="/a b/ü", query="x=1&b=c%20d") == ""


def test_whatever_differs_is_refused() -> None:
    pair = key_pair(OWN, "0123456789ab")
    headers = signed(pair)
    secret = pair.secret_access_key
    assert "does not match" in outcome(headers, secret[:-1] + "x")
    assert outcome(headers, secret, body=BODY + b" ")
    assert outcome(headers, secret, path="/other")
    assert outcome(headers, secret, query="a=b")
    assert outcome({**headers, "x-amz-target": "U"}, secret)
    assert "expired" in outcome(headers, secret, later=dt.timedelta(minutes=16))
    assert "expired" in outcome(headers, secret, later=-dt.timedelta(minutes=16))
    assert "malformed" in outcome({**headers, "x-amz-date": "today"}, secret)
    assert "must be signed" in outcome(
        {**headers, "authorization": headers["authorization"].replace(";x-amz-target", "")}, secret
    )


@pytest.mark.parametrize("header", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=x", "AWS4" * 99])
def test_other_headers_are_not_taken_for_signatures(header: str) -> None:
    assert read_authorization(header) is None


def test_pairs_follow_the_installations_key(tmp_path: Path) -> None:
    one, two = (installation_key(tmp_path / name) for name in ("a", "b"))
    assert one != two
    path = tmp_path / "a" / "installation.key"
    assert installation_key(tmp_path / "a") == one == bytes.fromhex(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert installation_key(tmp_path / "c", one.hex()) == one
    assert key_pair(one, "a" * 12) == key_pair(one, "a" * 12) != key_pair(two, "a" * 12)
    with pytest.raises(InputError, match="64 hexadecimal"):
        installation_key(tmp_path, "abc")
