import datetime as dt

import msgspec
import pytest

from models.errors import InputError
from serving.security import PermissionRefusedError, UnknownKeyError, create_key, load_roles
from serving.security.keys import check_key, hash_secret, split_key
from serving.security.roles import every_scope


def test_a_new_key_is_shown_once_and_kept_as_a_hash():
    new = create_key("billing", "biller", practices=["1:2"], created_by="cli:ann")
    parts = split_key(new.text)
    assert parts is not None
    assert parts[0] == new.key.id
    assert new.key.hash == hash_secret(parts[1])
    assert parts[1] not in repr(new.key)
    assert len({create_key("x", "coder").text for _ in range(50)}) == 50


def secret_hash(text: str) -> bytes:
    parts = split_key(text)
    assert parts is not None
    return hash_secret(parts[1])


def test_a_right_secret_gives_the_holder():
    new = create_key("x", "biller", scopes=["score"], practices=["1:2"], max_body_bytes=9)
    holder = check_key(new.key, secret_hash(new.text))
    assert (holder.actor, holder.role) == (f"key:{new.key.id}", "biller")
    assert holder.max_body_bytes == 9
    holder.require("score")
    with pytest.raises(PermissionRefusedError, match="lacks the scope 'load'"):
        holder.require("load")
    assert holder.may_see("1:2")
    assert not holder.may_see("3:4")


def test_a_wrong_secret_an_expired_and_a_revoked_key():
    new = create_key("x", "coder", lifetime=dt.timedelta(days=1))
    right = secret_hash(new.text)
    with pytest.raises(UnknownKeyError, match="is not known"):
        check_key(new.key, hash_secret("wrong"))
    past = new.key.created - dt.timedelta(days=2)
    with pytest.raises(UnknownKeyError, match="is expired"):
        check_key(msgspec.structs.replace(new.key, expires=past), right)
    revoked = msgspec.structs.replace(new.key, revoked=past, expires=past)
    with pytest.raises(UnknownKeyError, match="is revoked"):
        check_key(revoked, right)
    with pytest.raises(UnknownKeyError, match="is not known"):
        check_key(revoked, hash_secret("wrong"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fp_",
        "fp_abc_def",
        "fp_" + "0" * 12 + "_" + "a" * 42,
        "fp_" + "0" * 12 + "_" + "a" * 43 + "\n",
    ],
)
def test_texts_that_are_no_keys(text):
    assert split_key(text) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "boss"}, "role='boss' is unknown; allowed: administrator, biller"),
        ({"scopes": ["fly"]}, "scope='fly' is unknown"),
        ({"scopes": ["keys"]}, "role='coder' does not hold scope='keys'"),
        ({"scopes": []}, "without any scope"),
        ({"requests_per_minute": 0}, "requests_per_minute=0 must be positive"),
        ({"max_body_bytes": -1}, "max_body_bytes=-1 must be positive"),
        ({"lifetime": dt.timedelta(0)}, "lifetime must be positive"),
        ({"practices": ["1234567893"]}, "the form is NPI:TAXNUMBER"),
    ],
)
def test_keys_that_make_no_sense(fields, words):
    with pytest.raises(InputError, match=words):
        create_key("x", **{"role": "coder", **fields})


def test_the_administrator_holds_every_scope_and_others_do_not():
    roles = load_roles()
    assert roles["administrator"] == every_scope()
    for role, scopes in roles.items():
        if role != "administrator":
            assert not scopes & {"keys", "users", "audit"}
