"""The model card: 31 attributes, filled by the software or asked of the owner."""

import datetime as dt
import tomllib
from collections import Counter

import pytest

from models.errors import InputError
from training.card import ModelCard, card_page, owner_answers, owner_template, read_card, with_owner
from training.card.card import STATEMENTS_FILE, attribute_table, write_card


def card(**values):
    table = attribute_table()
    return ModelCard(
        "denial",
        dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        tuple(type(a)(a.id, a.group, a.source, a.question, values.get(a.id, "")) for a in table),
        (),
    )


def test_there_are_the_31_source_attributes_in_nine_groups():
    table = attribute_table()
    assert len(table) == len({a.id for a in table}) == 31
    sizes = Counter(attribute.group for attribute in table)
    assert list(sizes.values()) == [4, 4, 2, 4, 2, 4, 5, 4, 2]


def test_standing_statements_are_about_what_the_software_knows():
    software = {a.id for a in attribute_table() if a.source == "software"}
    assert set(tomllib.loads(STATEMENTS_FILE.read_text())["denial"]) <= software


def test_the_owners_template_asks_what_only_the_owner_knows(tmp_path):
    path = tmp_path / "model-card.toml"
    path.write_text(owner_template())
    assert set(owner_answers(path)) == {a.id for a in attribute_table() if a.source == "owner"}
    assert set(owner_answers(path).values()) == {""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('output = "mine"', "'output' is no field; allowed: developer, funding"),
        ("developer = 3", "developer must be text"),
        ("developer = ", "cannot be read as TOML"),
    ],
)
def test_a_wrong_owner_file_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "model-card.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        owner_answers(path)


def test_what_nobody_has_answered_is_missing_and_shown_so(tmp_path):
    found = card(output="A probability")
    assert "output" not in found.missing
    assert len(found.missing) == 30
    page = card_page(found, "7")
    assert "version 7" in page
    assert page.count("missing; only the owner can say") == 30
    path = tmp_path / "model-card.toml"
    path.write_text('developer = "The <practice> itself"')
    answered = with_owner(found, path)
    assert "developer" not in answered.missing
    assert "The &lt;practice&gt; itself" in card_page(answered)


def test_a_card_travels_with_its_version(tmp_path):
    write_card(card(output="x"), tmp_path)
    assert read_card(tmp_path) == card(output="x")
    (tmp_path / "card.json").unlink()
    with pytest.raises(InputError, match="no model card"):
        read_card(tmp_path)
