import msgspec
import pytest

from models.edits.rule_book import load_rule_book
from models.errors import InputError
from models.history.rules import ClaimLine, decode_rule, encode_rule
from serving.store.intake import Transmission
from serving.store.rule_learning import checked_edit
from serving.store.store import open_store
from tests.models.history.rules.samples import AUTHORIZED, answer, claim

PRACTICE = "1234567893:123456789"


def load(store, begin, count):
    items = []
    for n in range(begin, begin + count):
        filed, authorized = claim(n, n * 5), claim(1000 + n, n * 5, references=AUTHORIZED)
        items += [filed, answer(filed, "197"), authorized, answer(authorized)]
    store.intake.load(items, Transmission(f"{begin}", bytes([begin]) * 32, 1))


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path)
    load(found, 0, 12)
    yield found
    found.close()


def only(store):
    [kept] = store.rules.list(None)
    return kept


def test_rules_are_learnt_from_what_was_stored_and_once(store):
    assert store.rule_learning.due(PRACTICE)
    done = store.rule_learning.learn(PRACTICE)
    assert (done.found, done.new, done.gone) == (1, 1, 0)
    assert not store.rule_learning.due(PRACTICE)
    assert not store.rule_learning.due("unknown:practice")
    kept = only(store)
    assert kept.status == "proposed"
    assert decode_rule(kept.content).denied == 12
    lines = msgspec.json.decode(store.rules.evidence(kept.id), type=list[ClaimLine])
    assert len(lines) == 12 and all(x.denied for x in lines)
    assert b"CLAIM" not in kept.content


def test_an_accepted_rule_acts_as_it_was_accepted(store, tmp_path):
    store.rule_learning.learn(PRACTICE)
    tables = tmp_path / "tables"
    assert not store.rule_learning.publish(tables)
    store.rules.decide(only(store).id, "accepted", "user:ann")
    assert store.rule_learning.publish(tables)
    load(store, 100, 3)
    assert store.rule_learning.due(PRACTICE)
    assert store.rule_learning.learn(PRACTICE).new == 0
    assert decode_rule(only(store).learnt).denied == 15
    store.rule_learning.publish(tables)
    [accepted] = load_rule_book(tables).rules
    assert (accepted.id, accepted.rule.denied) == (only(store).id, 12)
    store.rules.decide(only(store).id, "proposed", "user:ann")
    assert store.rule_learning.publish(tables)
    assert not load_rule_book(tables)


def test_an_edit_changes_what_a_rule_says_and_not_what_was_seen(store, tmp_path):
    store.rule_learning.learn(PRACTICE)
    kept = only(store)
    rule = decode_rule(kept.learnt)
    mine = msgspec.structs.replace(rule, codes=("73721", "73722"), denied=999, severity="error")
    edited = checked_edit(kept, encode_rule(mine))
    store.rules.decide(kept.id, "edited", "user:ann", edited=edited)
    store.rule_learning.publish(tmp_path / "tables")
    [accepted] = load_rule_book(tmp_path / "tables").rules
    assert accepted.rule.codes == ("73721", "73722")
    assert (accepted.rule.denied, accepted.rule.severity) == (12, "error")
    assert only(store).learnt == kept.learnt
    other = msgspec.structs.replace(rule, practice="1:2")
    with pytest.raises(InputError, match="practice cannot be edited"):
        checked_edit(kept, encode_rule(other))


def test_proposals_that_no_longer_show_are_dropped_and_decided_ones_stay(store):
    store.rule_learning.learn(PRACTICE)
    kept = only(store)
    assert store.rules.learn(PRACTICE, [], complete=True).gone == 1
    assert store.rules.list(None) == []
    store.rule_learning.learn(PRACTICE)
    store.rules.decide(only(store).id, "dismissed", "user:ann")
    assert store.rules.learn(PRACTICE, [], complete=True).gone == 0
    assert only(store).key == kept.key
