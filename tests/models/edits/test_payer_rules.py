import datetime as dt

import msgspec
import pytest

from models.edits import AcceptedRule, EditTables, PayerRuleBook, Severity, check_claim
from models.edits.rule_book import FILE, load_rule_book, save_rule_book
from models.errors import InputError
from models.history.rules import PayerRule, Support
from tests.models.edits.samples import DAY, claim, line, lines
from tests.models.history.rules.samples import AUTHORIZED

RULE = PayerRule(
    practice="1234567893:123456789",
    payer="MCR1",
    payer_name="MEDICARE",
    payers=("MCR1",),
    kind="authorization",
    codes=("73721",),
    carc="197",
    category="authorization",
    denied=41,
    answered=44,
    confidence=0.93,
    low=0.82,
    high=0.98,
    control_denied=0,
    control_answered=44,
    first_seen="2025-11",
    last_seen="2026-03",
    support=(Support("73721", "", 41, 44),),
)


def found(one, rule=RULE):
    tables = EditTables(payer_rules=PayerRuleBook([AcceptedRule(7, rule)]))
    return [x for x in check_claim(one, tables) if x.id.startswith("payer_rule.")]


def test_an_accepted_rule_is_among_the_edits_of_a_claim_that_breaks_it():
    [edit] = found(claim(lines=lines("99213", "73721")))
    assert edit.id == "payer_rule.7"
    assert edit.severity is Severity.WARNING
    assert edit.path == "/references"
    assert edit.message == "MEDICARE denies 73721 without an authorization number (CARC 197)"
    assert edit.source == ("payer rule 7, learnt from remittances: 41 of 44 since 2025-11")
    assert edit.remedy.startswith("Enter the payer's authorization number")


def test_a_claim_that_keeps_the_rule_has_no_such_edit():
    assert found(claim(lines=lines("73721"), references=AUTHORIZED)) == []
    assert found(claim(lines=lines("99213"))) == []


def test_another_practices_rule_does_not_act():
    assert found(claim(lines=lines("73721")), msgspec.structs.replace(RULE, practice="1:2")) == []


def test_lines_at_fault_are_named():
    rule = msgspec.structs.replace(RULE, kind="units", codes=("97110",), limit=3)
    three = claim(lines=(line("97110", 1, units=4), line("97110", 2), line("97110", 3, units=5)))
    [edit] = found(three, rule)
    assert (edit.path, edit.related) == ("/lines/0/units", ("/lines/2/units",))


def test_severity_and_advice_are_a_persons_to_set():
    rule = msgspec.structs.replace(RULE, severity="error", advice="Call the desk first")
    [edit] = found(claim(lines=lines("73721")), rule)
    assert (edit.severity, edit.remedy) == (Severity.ERROR, "Call the desk first")


def test_frequency_looks_at_earlier_services():
    from models.edits import EditContext, services_of

    rule = msgspec.structs.replace(RULE, kind="frequency", codes=("83036",), limit=85)
    one = claim(lines=lines("83036"))
    before = claim(
        claim_id="C0",
        lines=(line("83036", service_date=DAY - dt.timedelta(60)),),
    )
    tables = EditTables(payer_rules=PayerRuleBook([AcceptedRule(7, rule)]))
    near = check_claim(one, tables, EditContext(earlier=services_of(before)))
    assert "payer_rule.7" in [x.id for x in near]
    assert "payer_rule.7" not in [x.id for x in check_claim(one, tables)]


def test_the_book_is_written_once_and_read_back(tmp_path):
    assert not save_rule_book(tmp_path, [])
    accepted = [AcceptedRule(9, RULE), AcceptedRule(7, RULE)]
    assert save_rule_book(tmp_path, accepted)
    assert not save_rule_book(tmp_path, reversed(accepted))
    assert [x.id for x in load_rule_book(tmp_path).rules] == [7, 9]
    assert save_rule_book(tmp_path, [])
    assert not load_rule_book(tmp_path)


def test_a_damaged_book_silences_its_rules_and_is_told(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / FILE).write_text("[{]")
    with pytest.raises(InputError, match="is damaged"):
        load_rule_book(tmp_path / "tables")
    tables = EditTables.load(tmp_path)
    assert [x.place.file for x in tables.problems] == ["payer_rules"]
    assert check_claim(claim(), tables) == []
