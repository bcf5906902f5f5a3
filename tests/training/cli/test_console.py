import io
import json

import msgspec
import pytest

from training.cli import console


class Result(msgspec.Struct):
    claims: int


def test_a_result_is_words_or_json(capsys):
    console.show(Result(3), "3 claims", as_json=False)
    console.show(Result(3), "3 claims", as_json=True)
    words, _, data = capsys.readouterr().out.partition("\n")
    assert words == "3 claims"
    assert json.loads(data) == {"claims": 3}


def test_in_a_log_each_step_is_one_line(capsys):
    with console.progress() as report:
        for done in range(1000):
            report("reading the history", done, 1000)
        report("fitting")
    out = capsys.readouterr()
    assert out.err == "reading the history\nfitting\n"
    assert out.out == ""


def test_on_a_terminal_steps_are_bars_that_end_ticked(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with console.progress() as report:
        for done in range(5001):
            report("reading the history", done, 5000)
        report("scoring claims", 10)
        report("scoring claims", 1234)
    drawn = terminal.getvalue()
    assert "reading the history" in drawn and "5,000" in drawn
    assert "scoring claims" in drawn and "1,234" in drawn
    assert drawn.count("✓") >= 2


def test_a_step_that_fails_lets_the_error_through():
    with pytest.raises(ValueError, match="boom"), console.progress() as report:
        report("fitting")
        raise ValueError("boom")


def test_no_rows_are_no_table():
    assert console.columns([]) == ""
