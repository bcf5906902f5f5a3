"""What README and docs tell a reader to type works: every command, option and Python block."""

import datetime as dt
import os
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

import firstpass
from models import registry
from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.x12 import write_837p
from tests.models.registry import fake_model
from training.tracking import training_run

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAKE_TARGETS = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
MAKE_VARIABLES = set(re.findall(r"(?m)^([A-Z]+) \?=", (ROOT / "Makefile").read_text()))
# Other programs that a page may name.
OTHERS = {"mlflow", "export"}

CLAIM = Claim(
    claim_id="EXAMPLE-1",
    charge=Decimal("120.00"),
    submitted=dt.date(2026, 3, 2),
    filing_indicator="CI",
    payer=Payer(name="EXAMPLE PAYER", id_qualifier="PI", id="99999"),
    subscriber=Person(last_name="EXAMPLE", member_id="0001", member_id_qualifier="MI"),
    patient=Person(last_name="EXAMPLE", member_id="0001", member_id_qualifier="MI"),
    billing=Provider(npi="1234567893", name="EXAMPLE CLINIC", tax_id="000000000"),
    place_of_service="11",
    diagnoses=(Diagnosis("ABK", "E119"),),
    lines=(
        ServiceLine(1, "99213", Decimal("120.00"), pointers=(1,), service_date=dt.date(2026, 3, 1)),
    ),
)


def blocks(page: Path, language: str) -> list[str]:
    return [code for name, code in BLOCK.findall(page.read_text()) if name == language]


def commands(page: Path) -> list[str]:
    text = "\n".join(blocks(page, "bash"))
    typed = [line.removeprefix("$ ").partition(" #")[0].strip() for line in text.splitlines()]
    mentioned = re.findall(r"`((?:make|firstpass|[A-Z_]+=\S+ make) [^`]+)`", page.read_text())
    return [line for line in (*typed, *mentioned) if line and not line.startswith("#")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_exists_with_its_options(page):
    for command in commands(page):
        words = [word for word in shlex.split(command) if word != "..."]
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        program, arguments = Path(words[0]).name, words[1:]
        if program == "make":
            check_make(command, arguments)
        elif program == "firstpass":
            check_firstpass(command, arguments)
        else:
            assert program in OTHERS, command


def check_make(command: str, arguments: list[str]) -> None:
    for argument in arguments:
        variable, is_variable, _ = argument.partition("=")
        assert variable in (MAKE_VARIABLES if is_variable else MAKE_TARGETS), command


def check_firstpass(command: str, arguments: list[str]) -> None:
    found: Any = typer.main.get_command(firstpass.app)
    positional = 0
    while arguments:
        word = arguments.pop(0)
        options = {
            name: option
            for option in found.params
            for name in (*option.opts, *option.secondary_opts)
            if name.startswith("-")
        }
        if word == "--help":
            return
        if word.startswith("-"):
            assert word in options, f"{command}: no option {word}"
            if not options[word].is_flag:
                assert arguments, f"{command}: {word} wants a value"
                arguments.pop(0)
        elif hasattr(found, "commands"):
            assert word in found.commands, f"{command}: no verb {word}"
            found = found.commands[word]
        else:
            positional += 1
    wanted = [p for p in found.params if p.param_type_name == "argument"]
    assert not hasattr(found, "commands"), f"{command}: incomplete"
    assert sum(p.required for p in wanted) <= positional <= len(wanted), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_map_of_the_house_names_what_is_there():
    house = (ROOT / "README.md").read_text().partition("## The house")[2].partition("## ")[0]
    paths = re.findall(r"`([\w./]+)`", house)
    assert len(paths) > 15
    for path in (p for p in paths if "/" in p):
        assert (ROOT / path).exists(), path


def test_python_blocks_run_where_make_run_was_run(tmp_path, monkeypatch):
    """In a folder as `make run` leaves it, with a model small enough for a test.

    Each 837P file that a block names is there too.
    """
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with training_run("denial", {}) as run:
        run.register(
            fake_model.write_artifact(tmp_path / "artifact", 0.0),
            loader_module="tests.models.registry.fake_denial",
            signature=fake_model.SIGNATURE,
            input_example=pd.DataFrame({"claim": ["{}"]}),
            headline={},
        )
    registry.promote("denial", 1)
    code = [(page.name, block) for page in PAGES for block in blocks(page, "python")]
    named = {file for _, block in code for file in re.findall(r'"([\w./]+\.837)"', block)}
    for file in {*named, "practice/future/one.837", "history/one.837"}:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            write_837p([CLAIM], out)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("FIRSTPASS_HOME")
    printed = ""
    for page, block in code:
        done = subprocess.run(
            [sys.executable, "-c", block],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{page}:\n{done.stderr}"
        printed += done.stdout
    assert CLAIM.claim_id in printed
