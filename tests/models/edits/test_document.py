"""docs/edits.md lists the registry as it is, and every import."""

from pathlib import Path

from models.edits.document import edits_table
from models.edits.importing import TITLES

DOCS = (Path(__file__).parents[3] / "docs" / "edits.md").read_text(encoding="utf-8")


def test_the_table_of_edits_is_in_step():
    assert edits_table() in DOCS, "run python -m models.edits.document and put its table there"


def test_every_import_is_described():
    assert all(f"`firstpass import {kind} FILE" in DOCS for kind in TITLES)
