"""Sign-in through a small OpenID Connect provider in this process."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

import serving.security.oidc as oidc
from serving.security.users import create_user
from tests.serving.web.site import HTML, filled, site

ISSUER = "https://login.example.org"


class Provider:
    """Discovery, keys and tokens; who signs in is decided by the test."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1"})
        self.claims: dict[str, Any] = {"sub": "s-1", "preferred_username": "ann"}
        self.nonce = ""
        self.challenge = ""
        self.issuer = ISSUER
        self.signing = self.key

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/.well-known/openid-configuration":
            found = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
            return httpx.Response(200, json=found)
        if path == "/keys":
            return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
        form = parse_qs(request.content.decode())
        assert form["code"] == ["the-code"] and form["code_verifier"][0]
        body = {
            "iss": ISSUER,
            "aud": "firstpass",
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            "nonce": self.nonce,
            **self.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, body, self.signing)
        answer = {"access_token": "a", "token_type": "Bearer", "id_token": token}
        return httpx.Response(200, json=answer)


@pytest.fixture
def provider(monkeypatch):
    made = Provider()
    transport = httpx.MockTransport(made)
    client = httpx.Client

    def reaching(**more):
        return client(**{**more, "transport": transport})

    monkeypatch.setattr("serving.security.oidc.httpx.Client", reaching)
    return made


def flow(settings, provider, *, tamper=None, after=None):
    """Goes the whole way; the answer to the callback."""
    settings = settings.model_copy(
        update={
            "oidc_issuer": ISSUER,
            "oidc_client_id": "firstpass",
            "oidc_client_secret": "secret",
            "public_url": "https://firstpass.example.org",
        }
    )

    async def whole():
        async with site(settings) as client:
            form = await client.get("/sign-in", headers=HTML)
            assert "Sign in with your organisation" in form.text
            away = await client.get("/sign-in/provider?next=/worklist", headers=HTML)
            query = parse_qs(urlsplit(away.headers["location"]).query)
            assert query["code_challenge_method"] == ["S256"]
            assert query["redirect_uri"] == ["https://firstpass.example.org/sign-in/callback"]
            provider.nonce = provider.nonce or query["nonce"][0]
            state = query["state"][0]
            if tamper:
                state = tamper(state)
            cookie = away.cookies.get("firstpass_flow") or _cookie(away)
            answer = await client.get(
                f"/sign-in/callback?code=the-code&state={state}",
                headers={**HTML, "cookie": f"firstpass_flow={cookie}"},
            )
            if after:
                await after(client, answer)
            return answer

    return asyncio.run(whole())


def _cookie(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].split("=", 1)[1].split(";")[0]


@pytest.fixture
def store(settings):
    made = filled(settings, 1)
    yield made
    made.close()


def test_a_known_person_is_signed_in_and_bound_to_the_providers_subject(settings, provider, store):
    store.users.add(create_user("ann", "biller"))

    async def after(client, answer):
        assert (answer.status_code, answer.headers["location"]) == (303, "/worklist")
        secret = next(x for x in answer.headers.get_list("set-cookie") if "_session=" in x)
        assert "HttpOnly" in secret and "Secure" in secret and "samesite=lax" in secret.lower()
        headers = {**HTML, "cookie": secret.split(";")[0]}
        assert (await client.get("/worklist", headers=headers)).status_code == 200

    flow(settings, provider, after=after)
    assert store.users.find("ann").subject == f"{ISSUER}|s-1"
    # The name alone opens nothing any more: another subject is another person.
    provider.claims["sub"] = "s-2"
    provider.nonce = ""
    assert flow(settings, provider).status_code == 401


def test_a_verified_e_mail_address_is_a_name_and_an_unverified_one_is_not(
    settings, provider, store
):
    store.users.add(create_user("ann@example.org", "coder"))
    provider.claims = {"sub": "s-9", "email": "Ann@example.org"}
    assert flow(settings, provider).status_code == 401
    provider.nonce = ""
    provider.claims["email_verified"] = True
    assert flow(settings, provider).status_code == 303


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"claims": {"sub": "s-1", "preferred_username": "stranger"}}, "no user for you here"),
        ({"nonce": "another"}, "not valid"),
        ({"claims": {"sub": "s-1", "preferred_username": "ann", "aud": "x"}}, "not valid"),
        ({"claims": {"sub": "s-1", "preferred_username": "ann", "exp": 1}}, "not valid"),
        ({"signing": RSAKey.generate_key(2048, {"kid": "k1"})}, "not valid"),
    ],
)
def test_what_the_provider_must_not_say_signs_nobody_in(settings, provider, store, change, words):
    store.users.add(create_user("ann", "biller"))
    for name, value in change.items():
        setattr(provider, name, value)
    answer = flow(settings, provider)
    assert answer.status_code == 401
    assert words in answer.text


def test_an_answer_to_another_flow_is_refused(settings, provider, store):
    store.users.add(create_user("ann", "biller"))
    answer = flow(settings, provider, tamper=lambda state: state[:-1] + "x")
    assert "not to this sign-in" in answer.text


def test_a_flow_that_others_wrote_is_none():
    key = b"k" * 32
    made = oidc.Flow("s", "n", "v", "/", 1.0)
    sealed = oidc.seal_flow(made, key)
    assert oidc.open_flow(sealed, key) == made
    assert oidc.open_flow(sealed, b"other" * 8) is None
    assert oidc.open_flow("nonsense", key) is None
