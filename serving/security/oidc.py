"""Sign-in through an OpenID Connect provider: authorization code flow with PKCE."""

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from models.errors import FirstpassError
from serving.security.users import SignInRefusedError

#: How long a person may take at the provider.
FLOW_SECONDS = 600
_METADATA_SECONDS = 3600.0
_ALGORITHMS = ["RS256", "PS256", "ES256"]


class OidcError(FirstpassError):
    """The provider cannot be used: not reachable, or it answers what it must not."""


class Flow(msgspec.Struct, frozen=True):
    """What must be remembered while the person is at the provider."""

    state: str
    nonce: str
    verifier: str
    next: str
    began: float


class Identity(msgspec.Struct, frozen=True):
    """Whom the provider vouches for; ``names`` are those that may be a user's name here."""

    subject: str
    names: tuple[str, ...]


class OidcProvider:
    """One provider, by its issuer address. Thread-safe: it keeps nothing but its metadata."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.redirect_uri = redirect_uri
        self._client_id = client_id
        self._client_secret = client_secret
        self._metadata: dict[str, Any] = {}
        self._read = 0.0

    def begin(self, following: str) -> tuple[str, Flow]:
        """Where to send the person, and what to remember."""
        flow = Flow(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            following,
            time.time(),
        )
        address: str = prepare_grant_uri(
            self.metadata()["authorization_endpoint"],
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self.redirect_uri,
            scope="openid email profile",
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return address, flow

    def finish(self, flow: Flow, state: str, code: str) -> Identity:
        """Who came back.

        Raises:
            SignInRefusedError: it is not the answer to this flow, or the token is not valid.
            OidcError: the provider cannot be reached.
        """
        if not code or not hmac.compare_digest(state.encode(), flow.state.encode()):
            raise SignInRefusedError("the answer is not to this sign-in: begin again")
        if time.time() - flow.began > FLOW_SECONDS:
            raise SignInRefusedError("this sign-in took too long: begin again")
        try:
            return self._identity(self._exchange(code, flow.verifier), flow.nonce)
        except (JoseError, KeyError, ValueError):
            raise SignInRefusedError("the sign-in provider's answer is not valid") from None

    def metadata(self) -> dict[str, Any]:
        """The provider's description of itself.

        Raises:
            OidcError: there is none, or it is another issuer's.
        """
        if not self._metadata or time.monotonic() - self._read > _METADATA_SECONDS:
            found = self._fetch(f"{self.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self.issuer:
                raise OidcError("the sign-in provider names another issuer than is configured")
            self._metadata, self._read = found, time.monotonic()
        return self._metadata

    def _identity(self, id_token: str, nonce: str) -> Identity:
        found: Any = self._fetch(self.metadata()["jwks_uri"])
        keys = KeySet.import_key_set(found)
        decoded = jwt.decode(id_token, keys, algorithms=_ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": self.metadata()["issuer"]},
                "aud": {"essential": True, "value": self._client_id},
                "nonce": {"essential": True, "value": nonce},
            },
            {"nonce": nonce, "client_id": self._client_id},
        )
        claims.validate(leeway=60)
        names = []
        if claims.get("email") and claims.get("email_verified") is True:
            names.append(str(claims["email"]).lower())
        if claims.get("preferred_username"):
            names.append(str(claims["preferred_username"]).lower())
        return Identity(f"{self.issuer}|{claims['sub']}", tuple(names))

    def _exchange(self, code: str, verifier: str) -> str:
        """The identity token for a code (RFC 6749, 4.1.3; RFC 7636, 4.5)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        try:
            with httpx.Client(timeout=10.0) as client:
                answer = client.post(
                    self.metadata()["token_endpoint"],
                    data=form,
                    auth=(self._client_id, self._client_secret),
                )
        except httpx.HTTPError:
            raise OidcError("the sign-in provider cannot be reached: try again later") from None
        if answer.status_code >= 500:
            raise OidcError("the sign-in provider failed: try again later")
        return str(answer.json()["id_token"])

    def _fetch(self, address: str) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=10.0) as client:
                answer = client.get(address)
                answer.raise_for_status()
                found: dict[str, Any] = answer.json()
                return found
        except (httpx.HTTPError, ValueError):
            raise OidcError("the sign-in provider cannot be reached: try again later") from None


def seal_flow(flow: Flow, key: bytes) -> str:
    """A flow as a cookie that only this installation can have written."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(flow)).decode()
    return f"{body}.{_mac(body, key)}"


def open_flow(cookie: str, key: bytes) -> Flow | None:
    """The flow in a cookie, or ``None`` where it is not ours."""
    body, _, mac = cookie.rpartition(".")
    if not body or not hmac.compare_digest(mac.encode(), _mac(body, key).encode()):
        return None
    return msgspec.json.decode(base64.urlsafe_b64decode(body), type=Flow)


def _mac(body: str, key: bytes) -> str:
    return hmac.new(key, b"oidc:" + body.encode(), hashlib.sha256).hexdigest()
