import msgspec
import pytest

from models.errors import InputError
from models.history.rules import decode_rule, encode_rule, learn_rules, line_facts
from tests.models.history.rules.samples import AUTHORIZED, authorization_history, claim


@pytest.fixture(scope="module")
def rule():
    [found] = learn_rules(authorization_history())
    return found.rule


def test_a_rule_reads_back_as_it_was_written(rule):
    assert decode_rule(encode_rule(rule)) == rule


def test_a_rule_is_broken_by_lines_that_meet_its_condition(rule):
    [bare], [authorized] = line_facts(claim(1)), line_facts(claim(1, references=AUTHORIZED))
    [other] = line_facts(claim(1, code="73722"))
    assert rule.broken_by(bare)
    assert not rule.broken_by(authorized)
    assert not rule.broken_by(other)


def test_filler_is_no_number(rule):
    filler = tuple(msgspec.structs.replace(x, value="0000") for x in AUTHORIZED)
    [facts] = line_facts(claim(1, references=filler))
    assert rule.broken_by(facts)


def test_a_rule_concerns_its_payer_and_practice_only(rule):
    one = claim(1)
    assert rule.concerns(one)
    assert not rule.concerns(msgspec.structs.replace(one, responsibility="S"))
    payer = msgspec.structs.replace(one.payer, id="60054")
    assert not rule.concerns(msgspec.structs.replace(one, payer=payer))
    billing = msgspec.structs.replace(one.billing, tax_id="1")
    assert not rule.concerns(msgspec.structs.replace(one, billing=billing))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "weather"}, "kind is unknown; allowed: authorization"),
        ({"limit": 3}, "takes no limit"),
        ({"kind": "units"}, "needs a limit"),
        ({"codes": []}, "needs procedure codes"),
        ({"denied": "many"}, r"look at \$\.denied"),
        ({"surprise": 1}, "this is no payer rule"),
    ],
)
def test_what_is_no_rule_is_refused_by_its_field(rule, changes, words):
    content = msgspec.json.decode(encode_rule(rule)) | changes
    with pytest.raises(InputError, match=words):
        decode_rule(msgspec.json.encode(content))


def test_what_is_no_json_is_refused():
    with pytest.raises(InputError, match="no payer rule"):
        decode_rule(b"{")
