import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.audit import AuditEntry
from serving.store.errors import SpoolFullError, StoreUnavailableError
from serving.store.records import FoundEdit, IntakeRecord
from serving.store.spool import Spool, SpoolRecord
from tests.serving.store.disks import small_disk
from tests.serving.store.records import score
from tests.serving.store.samples import FIRST_DAY, acknowledgement, claim, payment, remittance


def entries(count):
    return [AuditEntry(actor="key:a", action="score", detail={"n": i}) for i in range(count)]


def replayed(spool):
    found: list[SpoolRecord] = []
    spool.replay(found.extend)
    return found


def test_records_come_back_as_they_were_and_in_order(tmp_path):
    records = [
        score(claim(1), edits=(FoundEdit("ncci.pair", "error", 1),)),
        *entries(3),
        IntakeRecord(
            name="n",
            sha256=b"x" * 32,
            size=1,
            origin="api",
            claims=(claim(2),),
            payments=(payment((remittance(claim(2)),), trace="T", day=FIRST_DAY),),
            acknowledgements=(acknowledgement(claim(2)),),
            practices=("1:2",),
        ),
    ]
    spool = Spool(tmp_path / "spool")
    assert not spool.waiting()
    spool.append(records[:2])
    spool.append(records[2:])
    assert spool.waiting()
    assert replayed(spool) == records
    assert not spool.waiting()
    assert replayed(spool) == []
    assert list((tmp_path / "spool").iterdir()) == []


def test_the_spool_is_closed_to_others(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.append(entries(1))
    (path,) = (tmp_path / "spool").iterdir()
    assert (path.parent.stat().st_mode | path.stat().st_mode) & 0o077 == 0


def test_what_could_not_be_stored_stays(tmp_path):
    spool = Spool(tmp_path)
    spool.append(entries(500))

    def away(records):
        raise StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        spool.replay(away)
    assert len(replayed(spool)) == 500


def test_files_of_living_processes_are_left_alone_and_of_dead_ones_taken(tmp_path):
    code = (
        "import sys, pathlib; from serving.audit import AuditEntry;"
        "from serving.store.spool import Spool; s = Spool(pathlib.Path(sys.argv[1]));"
        "s.append([AuditEntry(actor='key:other', action='score')]);"
        "print('ready', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == b"ready\n"
    mine = Spool(tmp_path)
    mine.append(entries(1))
    assert [x.actor for x in replayed(mine)] == ["key:a"]
    other.kill()
    other.wait()
    assert [x.actor for x in replayed(mine)] == ["key:other"]
    other.stdout.close()
    other.stdin.close()


def test_a_torn_last_line_is_dropped_and_a_damaged_one_set_aside(tmp_path):
    spool = Spool(tmp_path)
    records = entries(3)
    spool.append(records)
    spool.close()
    (path,) = tmp_path.iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"score", b"other") + lines[2] + lines[0][:20])
    assert replayed(spool) == [records[0], records[2]]
    (damaged,) = spool.damaged()
    assert damaged.read_bytes().startswith(lines[1].replace(b"score", b"other"))
    assert not spool.waiting()


def test_the_limit_is_said(tmp_path):
    spool = Spool(tmp_path, limit_bytes=2000)
    spool.append(entries(2))
    with pytest.raises(SpoolFullError, match="holds its limit of 2000 bytes"):
        spool.append(entries(100))
    assert len(replayed(spool)) == 2


def test_a_disk_that_fills_in_the_middle_keeps_all_or_none(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    kept = entries(2)
    spool.append(kept)
    write = os.write

    def nearly_full(file, data):
        if len(data) > 100:
            return write(file, data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", nearly_full)
    with pytest.raises(SpoolFullError, match=r"No space left on device.*nothing was kept"):
        spool.append(entries(3))
    monkeypatch.undo()
    more = entries(1)
    spool.append(more)
    assert replayed(spool) == kept + more


def test_a_really_full_disk(tmp_path):
    with small_disk(tmp_path, "64k") as disk:
        spool = Spool(disk / "spool")
        kept = []
        with pytest.raises(SpoolFullError, match="free some space"):
            while True:
                portion = entries(10)
                spool.append(portion)
                kept += portion
        assert kept
        assert replayed(spool) == kept
