"""Files of notes: bad places are named, the rest is read, no text of a note in a message."""

from pathlib import Path

import pytest

from models.coding.notes_file import read_notes
from models.errors import InputError


def test_bad_lines_duplicates_and_spans_are_problems_and_the_rest_is_read(tmp_path: Path):
    path = tmp_path / "notes.jsonl"
    path.write_text(
        '{"id": "1", "text": "SECRET fever", "codes": [{"code": "R50.9", "begin": 7, "end": 99}]}\n'
        '{"id": "1", "text": "again"}\n'
        "not json SECRET\n"
        '{"id": 5, "text": "SECRET"}\n'
        "\n"
        '{"id": "2", "text": "cough"}\n',
        encoding="utf-8",
    )
    read = read_notes([path])
    assert [n.id for n in read.notes] == ["1", "2"]
    assert read.notes[0].codes is not None
    assert read.notes[0].codes[0].begin is None
    assert [p.code for p in read.problems] == [
        "notes.span",
        "notes.duplicate_id",
        "notes.bad_line",
        "notes.bad_line",
    ]
    assert [p.place.row for p in read.problems] == [1, 2, 3, 4]
    assert "SECRET" not in " ".join(map(str, read.problems))


def test_each_bad_line_says_what_is_wrong_with_it(tmp_path: Path):
    path = tmp_path / "notes.jsonl"
    lines = {
        '{"text": "SECRET"}': "missing required field `id`",
        '{"id": "a", "text": "SECRET", "date": "03/01/2026"}': "date - at `$.date`",
        '{"id": "a", "text": "SECRET", "codes": "I10"}': "got `str` - at `$.codes`",
        '{"id": "a", "text": "SECRET': "JSON is malformed",
        '{"id": "a", "text": " "}': "the note is empty",
        '{"id": "b", "text": "SECRET\\u0000\\u0001"}': "not plain text",
        '{"id": "c", "text": "' + "cough " * 200_000 + '"}': "allowed: 1,000,000",
    }
    path.write_text("\n".join([*lines, '{"id": "a", "text": "cough"}']), encoding="utf-8")
    read = read_notes([path])
    assert [n.text for n in read.notes] == ["cough"]
    for row, (words, problem) in enumerate(zip(lines.values(), read.problems, strict=True), 1):
        assert problem.place.row == row
        assert words in str(problem)
        assert "SECRET" not in str(problem)


def test_a_folder_gives_text_files_by_name(tmp_path: Path):
    (tmp_path / "b.txt").write_text("fever", encoding="utf-8")
    (tmp_path / "a.txt").write_bytes("Ménière".encode("latin-1"))
    (tmp_path / "c.txt").write_bytes(b"%PDF-1.7")
    read = read_notes([tmp_path])
    assert [(n.id, n.text) for n in read.notes] == [("a", "Ménière"), ("b", "fever")]
    assert [p.place.file for p in read.problems] == ["c.txt"]


def test_nothing_readable_is_an_error(tmp_path: Path):
    (tmp_path / "x.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="no note could be read"):
        read_notes([tmp_path / "x.jsonl"])
    (tmp_path / "y.jsonl").touch()
    with pytest.raises(InputError, match="nothing stands in the files"):
        read_notes([tmp_path / "y.jsonl"])
    with pytest.raises(InputError, match=r"no \*.txt or \*.jsonl"):
        empty = tmp_path / "empty"
        empty.mkdir()
        read_notes([empty])
