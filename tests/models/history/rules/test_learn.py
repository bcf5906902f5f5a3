import random

import msgspec
import pytest

from models.claims.claim import Diagnosis
from models.history import build_history
from models.history.rules import encode_rule, learn_rules
from tests.models.history.rules.samples import (
    AUTHORIZED,
    authorization_history,
    claim,
    history,
    line,
)


def kinds(found):
    return [f.rule.kind for f in found]


def test_a_missing_authorization_is_told_in_words_with_its_counts():
    [found] = learn_rules(authorization_history())
    rule = found.rule
    assert rule.words == (
        "UNITED CHOICE denies 73721 without an authorization number (CARC 197):"
        " 41 of 44 since 2025-09"
    )
    assert (rule.practice, rule.payer, rule.category) == (
        "1234567893:123456789",
        "87726",
        "authorization",
    )
    assert (rule.control_denied, rule.control_answered) == (0, 44)
    assert rule.low < rule.confidence < rule.high
    assert (rule.low, rule.high) == (0.8177, 0.9765)
    assert (rule.first_seen, rule.last_seen, rule.holds) == ("2025-09", "2026-04", True)
    assert "authorization number (REF*G1)" in rule.remedy


def test_the_claims_behind_a_rule_are_told_apart_from_it():
    [found] = learn_rules(authorization_history())
    assert len(found.lines) == 44
    assert sum(x.denied for x in found.lines) == 41
    assert b"CLAIM0" not in encode_rule(found.rule)


def test_without_a_control_group_nothing_is_told():
    answered = [(claim(n, n * 5), "197", "") for n in range(30)]
    answered += [(claim(1000 + n, n, code="99213"), "", "") for n in range(200)]
    assert learn_rules(history(answered)) == []


def test_denials_that_have_nothing_to_do_with_the_condition_are_no_rule():
    answered = []
    for n in range(60):
        references = AUTHORIZED if n % 2 else ()
        answered.append((claim(n, n * 3, references=references), "197" if n % 3 else "", ""))
    assert "authorization" not in kinds(learn_rules(history(answered)))


def test_a_reason_that_cannot_mean_it_is_no_rule():
    answered = [(claim(n, n * 5), "29", "") for n in range(20)]
    answered += [(claim(100 + n, n * 5, references=AUTHORIZED), "", "") for n in range(20)]
    assert "authorization" not in kinds(learn_rules(history(answered)))


@pytest.mark.parametrize("seed", range(3))
def test_denials_by_chance_make_no_rules(seed):
    rng = random.Random(seed)
    answered = []
    for n in range(1500):
        carc = rng.choice(("197", "50", "16", "204", "97")) if rng.random() < 0.06 else ""
        code = rng.choice(("99213", "73721", "80053", "20610", "93000"))
        diagnosis = Diagnosis("ABK", rng.choice(("I10", "E119", "M25561", "R079")))
        references = AUTHORIZED if rng.random() < 0.3 else ()
        one = claim(n, n // 5, code=code, references=references, diagnoses=(diagnosis,))
        answered.append((one, carc, ""))
    assert learn_rules(history(answered)) == []


def test_a_rule_that_began_says_since_when_and_one_that_ended_no_longer_holds():
    begun, ended = [], []
    for n in range(60):
        late = n >= 40
        begun.append((claim(n, n * 5), "197" if late else "", ""))
        begun.append((claim(100 + n, n * 5, references=AUTHORIZED), "", ""))
        ended.append((claim(n, n * 5), "" if late else "197", ""))
        ended.append((claim(100 + n, n * 5, references=AUTHORIZED), "", ""))
    [found] = learn_rules(history(begun))
    assert (found.rule.began, found.rule.ended, found.rule.holds) == ("2026-03", "", True)
    assert (found.rule.denied, found.rule.answered) == (20, 20)
    [found] = learn_rules(history(ended))
    assert (found.rule.began, found.rule.holds) == ("", False)
    assert found.rule.ended == "2026-03"
    assert found.rule.words.endswith("40 of 40 since 2025-09 until 2026-03")


def test_units_above_a_limit():
    answered = []
    for n in range(40):
        units = n % 4 + 1
        lines = (line("97110", units=units),)
        answered.append((claim(n, 0, lines=lines), "151" if units > 3 else "", ""))
    [found] = learn_rules(history(answered))
    assert (found.rule.kind, found.rule.limit, found.rule.codes) == ("units", 3, ("97110",))
    assert "97110 with more than 3 units (CARC 151): 10 of 10" in found.rule.words


def test_a_diagnosis_that_does_not_support_a_procedure():
    answered = []
    for n in range(60):
        code = ("I10", "E119", "E785")[n % 3]
        one = claim(n, n, code="83036", diagnoses=(Diagnosis("ABK", code),))
        answered.append((one, "50" if code != "E119" else "", ""))
    [found] = learn_rules(history(answered))
    assert found.rule.kind == "diagnosis"
    assert set(found.rule.values) == {"I10", "E785"}


def test_the_same_rule_keeps_its_key_when_more_is_known():
    [few], [more] = learn_rules(authorization_history(20, 22)), learn_rules(authorization_history())
    assert few.rule.key == more.rule.key
    assert few.rule != more.rule


def test_practices_are_told_apart():
    answered = []
    for n in range(20):
        answered.append((claim(n, n * 5), "197", ""))
        answered.append((claim(100 + n, n * 5, references=AUTHORIZED), "", ""))
    other = [
        (
            msgspec.structs.replace(
                one,
                claim_id=f"B{one.claim_id}",
                billing=msgspec.structs.replace(one.billing, npi="1003000126"),
            ),
            "",
            "",
        )
        for one, _, _ in answered
    ]
    [found] = learn_rules(history([*answered, *other]))
    assert found.rule.practice == "1234567893:123456789"
    assert found.rule.answered == 20


def test_an_empty_history_has_no_rules():
    assert learn_rules(build_history([])) == []
