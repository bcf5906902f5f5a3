import datetime as dt
import threading

import pytest

from serving.security import KeyVerifier, UnknownKeyError, create_key
from serving.store.api_keys import ApiKeys
from serving.store.errors import NotFoundError, StoreUnavailableError

NEW = create_key("billing", "biller", practices=["1:2"])


class Keys:
    """Keys in memory, which count questions and can go away."""

    def __init__(self, *keys):
        self.keys = {key.id: key for key in keys}
        self.asked = 0
        self.uses = 0
        self.away = False

    def get(self, key_id):
        self.asked += 1
        if self.away:
            raise StoreUnavailableError("away")
        return self.keys.get(key_id)

    def used(self, key_id):
        if self.away:
            raise StoreUnavailableError("away")
        self.uses += 1


def wrong(text):
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def test_a_verified_key_is_believed_for_a_while():
    keys = Keys(NEW.key)
    verifier = KeyVerifier(keys)
    assert verifier.remembered(NEW.text) is None
    for _ in range(5):
        assert verifier.verify(NEW.text).practices == frozenset({"1:2"})
    assert verifier.remembered(NEW.text) is not None
    assert (keys.asked, keys.uses) == (1, 1)


def test_a_remembered_key_still_needs_its_secret():
    verifier = KeyVerifier(Keys(NEW.key))
    verifier.verify(NEW.text)
    with pytest.raises(UnknownKeyError):
        verifier.verify(wrong(NEW.text))
    assert verifier.verify(NEW.text).name == "billing"


def test_a_revocation_takes_effect_after_the_memory():
    keys = Keys(NEW.key)
    verifier = KeyVerifier(keys, fresh_s=0, unknown_s=0)
    verifier.verify(NEW.text)
    keys.keys.clear()
    with pytest.raises(UnknownKeyError):
        verifier.verify(NEW.text)
    keys.away = True
    with pytest.raises(StoreUnavailableError):
        verifier.verify(NEW.text)


def test_a_key_expires_also_in_memory():
    short = create_key("x", "coder", lifetime=dt.timedelta(milliseconds=1))
    verifier = KeyVerifier(Keys(short.key))
    with pytest.raises(UnknownKeyError, match="expired"):
        verifier.verify(short.text)
        threading.Event().wait(0.01)
        verifier.verify(short.text)


def test_while_the_store_is_away_lately_verified_keys_work_and_others_wait():
    keys = Keys(NEW.key)
    verifier = KeyVerifier(keys, fresh_s=0)
    verifier.verify(NEW.text)
    keys.away = True
    assert verifier.verify(NEW.text).name == "billing"
    with pytest.raises(UnknownKeyError):
        verifier.verify(wrong(NEW.text))
    other = create_key("y", "coder")
    with pytest.raises(StoreUnavailableError, match="not verified lately"):
        verifier.verify(other.text)


def test_the_memory_for_an_absent_store_is_bounded():
    keys = Keys(NEW.key)
    verifier = KeyVerifier(keys, fresh_s=0, stale_s=0)
    verifier.verify(NEW.text)
    keys.away = True
    with pytest.raises(StoreUnavailableError):
        verifier.verify(NEW.text)


def test_wrong_keys_do_not_flood_the_store_and_new_ones_work_soon():
    keys = Keys()
    verifier = KeyVerifier(keys, unknown_s=0.05)
    for _ in range(20):
        with pytest.raises(UnknownKeyError):
            verifier.verify(NEW.text)
    assert keys.asked == 1
    keys.keys[NEW.key.id] = NEW.key
    threading.Event().wait(0.06)
    assert verifier.verify(NEW.text).name == "billing"


def test_texts_that_are_no_keys_are_never_asked_for():
    keys = Keys()
    with pytest.raises(UnknownKeyError):
        KeyVerifier(keys).verify("nonsense")
    assert keys.asked == 0


def test_the_memory_is_bounded():
    many = [create_key(str(i), "coder") for i in range(30)]
    verifier = KeyVerifier(Keys(*(x.key for x in many)), size=10)
    for new in many:
        verifier.verify(new.text)
        with pytest.raises(UnknownKeyError):
            verifier.verify(wrong(new.text))
    assert len(verifier._verified) <= 10
    assert len(verifier._unknown) <= 10
    verifier.forget()
    assert verifier.remembered(many[-1].text) is None


def test_keys_in_the_database(database):
    keys = ApiKeys(database)
    assert not keys.exist()
    free = create_key("é\0", "coder", lifetime=dt.timedelta(days=1), requests_per_minute=60)
    for new in (NEW, free):
        keys.add(new.key)
    assert keys.exist()
    assert keys.get(NEW.key.id) == NEW.key
    kept = keys.get(free.key.id)
    assert kept is not None
    assert kept.practices is None
    assert [k.id for k in keys.all()] == [NEW.key.id, free.key.id]
    verifier = KeyVerifier(keys)
    assert verifier.verify(NEW.text).name == "billing"
    used = keys.get(NEW.key.id)
    assert used is not None
    assert used.last_used is not None
    revoked = keys.revoke(NEW.key.id)
    assert revoked.status() == "revoked"
    assert keys.revoke(NEW.key.id) == revoked
    verifier.forget()
    with pytest.raises(UnknownKeyError, match="revoked"):
        verifier.verify(NEW.text)
    with pytest.raises(NotFoundError, match="firstpass keys list"):
        keys.revoke("nobody")
