"""Which edits bind whom: payer types and a user's rows."""

import pytest

from models.edits import Severity, check_claim, load_rules, load_scopes
from models.edits.scope import load_payer_types
from models.errors import InputError
from tests.models.edits.samples import claim, lines, tables


def ids(tmp_path, text, **changes):
    file = tmp_path / "edit_scopes.csv"
    file.write_text(text)
    own = tables(tmp_path, scopes=load_scopes(file))
    return {e.id: e.severity for e in check_claim(claim(**changes), own)}


PAIR = {"lines": lines("11042", "36000")}


def test_defaults():
    types = load_payer_types()
    assert (types["MB"], types["16"], types["MC"], types["BL"]) == (
        "medicare", "medicare_advantage", "medicaid", "commercial",
    )  # fmt: skip
    scopes = load_scopes()
    assert "ncci.never" in scopes.of(claim()).severities
    assert "ncci.never" not in scopes.of(claim(filing_indicator="CI")).severities
    assert scopes.of(claim(filing_indicator="??")).payer_type == "other"
    assert scopes.of(claim(filing_indicator="MC")).program == "medicaid"


def test_a_row_binds_an_edit_to_one_payer(tmp_path):
    text = "edit,payer,binds\nncci.*,MCR1,yes\n"
    assert ids(tmp_path, text, filing_indicator="CI", **PAIR) == {"ncci.never": Severity.ERROR}


def test_the_more_specific_row_wins_whatever_the_order(tmp_path):
    text = (
        "edit,payer_type,payer,binds\n"
        "ncci.never,commercial,MCR1,warning\n"
        "ncci.*,commercial,*,no\n"
        "ncci.*,*,*,yes\n"
    )
    assert ids(tmp_path, text, filing_indicator="CI", **PAIR) == {"ncci.never": Severity.WARNING}


def test_an_edit_can_be_silenced(tmp_path):
    assert ids(tmp_path, "edit,binds\nncci.never,no\n", **PAIR) == {}


def test_a_payer_may_follow_the_other_programs_tables(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text("edit,payer_type,binds,program\nncci.*,commercial,yes,medicaid\n")
    scope = load_scopes(file).of(claim(filing_indicator="CI"))
    assert scope.program == "medicaid"
    assert "ncci.modifier" in scope.severities


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("edit,binds\nnothing.*,yes\n", "edit='nothing.*' names no edit"),
        ("edit,binds\nncci.*,maybe\n", "binds='maybe' is unknown; allowed: no, yes"),
        ("edit,binds,payer_type\nncci.*,yes,mars\n", "payer_type='mars' is unknown"),
        ("edit,binds,program\nncci.*,yes,mars\n", "program='mars' is unknown"),
        ("edit,wrong\nncci.*,yes\n", "unknown column 'wrong'"),
    ],
)
def test_mistakes_are_named(tmp_path, text, words):
    file = tmp_path / "s.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=words.replace("*", r"\*")):
        load_scopes(file)


def test_registry_is_well_formed():
    types = {*load_payer_types().values(), "other"}
    for rule in load_rules().values():
        assert set(rule.payers) <= types
        assert rule.table in ("", "ncci", "mue", "addon", "mpfs", "hcpcs", "lcd")
        assert rule.message[-1] != "."
        assert rule.checks
