"""The gate's criteria are a file that people read and change."""

import pytest

from models.errors import InputError
from training.loop.gate import GATE_FILE, Criterion, GateResult, read_gate


def test_the_gate_that_comes_with_firstpass_is_complete():
    gate = read_gate()
    assert gate.groups.by == ("payer", "specialty", "age", "sex")
    assert gate.card.every_field


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("least_z", "least_zz"), "least_z"),
        (("[card]", "[cards]"), "card"),
        (("least_z = 1.64", 'least_z = "high"'), "float"),
        (('"payer"', '"postcode"'), "postcode"),
        (("[period]", "[period"), "gate"),
    ],
)
def test_an_unknown_or_wrong_name_is_refused_by_name(tmp_path, change, words):
    path = tmp_path / "gate.toml"
    path.write_text(GATE_FILE.read_text().replace(change[0], change[1], 1))
    with pytest.raises(InputError, match=words):
        read_gate(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.toml cannot be read"):
        read_gate(tmp_path / "absent.toml")


def test_one_no_is_no_and_one_open_question_is_not_yet():
    yes, no = Criterion("a", "passed", ""), Criterion("b", "failed", "")
    open_ = Criterion("c", "undecided", "")
    assert GateResult((yes, yes)).verdict == "passed"
    assert GateResult((yes, open_)).verdict == "undecided"
    assert GateResult((open_, no)).verdict == "failed"
    assert GateResult(()).verdict == "undecided"
