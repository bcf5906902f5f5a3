import asyncio
import csv
import json
from pathlib import Path

import pytest

from serving.cli.watching import watch_folders
from serving.settings import Settings
from serving.store.store import open_store
from tests.serving.fakes import load_fake, register
from tests.serving.samples import file_837p


@pytest.fixture
def folders(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    register(settings, 1)
    monkeypatch.setenv("FIRSTPASS_HELPERS", "shared")
    monkeypatch.setenv("FIRSTPASS_LOG_LEVEL", "error")
    inbox, outbox = settings.home / "in", settings.home / "out"
    (inbox / "submitted").mkdir(parents=True)
    outbox.mkdir()
    return inbox, outbox


def watch_once(inbox: Path, outbox: Path) -> int:
    return asyncio.run(watch_folders(inbox, outbox, None, 0.1, True, load_fake))


def test_an_837p_comes_out_scored(folders: tuple[Path, Path]) -> None:
    inbox, outbox = folders
    (inbox / "monday.837").write_bytes(file_837p(5))
    (inbox / "tuesday.837.part").write_bytes(b"still being written")
    assert watch_once(inbox, outbox) == 0
    lines = (outbox / "monday.837.scored.jsonl").read_text().splitlines()
    kinds = [json.loads(x)["kind"] for x in lines]
    assert kinds == ["score"] * 5 + ["end"]
    with (outbox / "monday.837.scored.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [x["claim_id"] for x in rows] == [f"CLM{i:06}" for i in range(5)]
    assert (outbox / "done" / "monday.837").exists()
    assert [x.name for x in inbox.iterdir() if x.is_file()] == ["tuesday.837.part"]


def test_a_filed_837p_is_loaded(folders: tuple[Path, Path], settings: Settings) -> None:
    inbox, outbox = folders
    (inbox / "submitted" / "monday.837").write_bytes(file_837p(5))
    assert watch_once(inbox, outbox) == 0
    store = open_store(settings.state)
    with store.database.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM submissions").scalar()
    store.database.close()
    assert count == 5
    assert not list(outbox.glob("*.scored.*"))


def test_what_fails_is_set_aside_with_its_reason(folders: tuple[Path, Path]) -> None:
    inbox, outbox = folders
    (inbox / "scan.pdf").write_bytes(b"%PDF-1.7 not a claim")
    assert watch_once(inbox, outbox) == 1
    assert "PDF" in (outbox / "failed" / "scan.pdf.reason.txt").read_text()
    assert (outbox / "failed" / "scan.pdf").exists()


def test_a_half_done_file_is_done_again_and_an_old_result_of_the_name_is_not_lost(
    folders: tuple[Path, Path],
) -> None:
    inbox, outbox = folders
    (outbox / "working").mkdir()
    (outbox / "working" / "monday.837").write_bytes(file_837p(3))
    assert watch_once(inbox, outbox) == 0
    assert (outbox / "monday.837.scored.jsonl").exists()
    (inbox / "monday.837").write_bytes(file_837p(4))
    assert watch_once(inbox, outbox) == 0
    assert sorted(x.name for x in (outbox / "done").iterdir()) == ["monday.837", "monday~2.837"]
