"""kill -9 under writes, again and again: nothing that was promised is lost, nothing is doubled."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from serving.audit import AuditEntry
from serving.store.store import open_store
from serving.store.tables import (
    AcknowledgementRow,
    AuditRow,
    ClaimRow,
    PaymentRow,
    RemittanceRow,
    ScoreRow,
    SubmissionRow,
    TransmissionRow,
)
from tests.serving.store.killed import COUNT

ROOT = Path(__file__).parents[3]
KILLS = 6


def run(folder: Path, url: str, seconds: float | None) -> list[str]:
    """Output of one run, killed after so many seconds of work."""
    command = [sys.executable, "-m", "tests.serving.store.killed", str(folder), url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    lines += process.stdout.readlines()
    process.wait(120)
    process.stdout.close()
    return lines


@pytest.mark.slow
def test_kill_in_the_middle_loses_and_doubles_nothing(database_url, tmp_path):
    url = "" if database_url.startswith("sqlite") else database_url
    chance = random.Random(7)
    promised: set[str] = set()
    finished = 0
    for _ in range(KILLS):
        output = run(tmp_path, url, chance.uniform(0.0, 0.8))
        promised |= {line.split()[1] for line in output if line.startswith("kept ")}
        finished += "done\n" in output
        store = open_store(tmp_path, url)
        with store.database.read() as connection:
            # Whole payments only, whatever moment it was.
            parts = select(func.count(RemittanceRow.id)).group_by(RemittanceRow.payment)
            assert set(connection.execute(parts).scalars()) <= {100}
            orphans = select(func.count(ClaimRow.body)).where(
                ClaimRow.body.not_in(select(SubmissionRow.body)),
                ClaimRow.body.not_in(select(ScoreRow.body)),
            )
            assert connection.execute(orphans).scalar() == 0
            assert promised <= {x.hex() for x in connection.execute(select(AuditRow.uid)).scalars()}
        assert store.audit.verify().broken is None
        store.close()
    assert finished < KILLS, "no run was killed in its middle"
    output = run(tmp_path, url, None)
    assert output[-1] == "done\n"
    store = open_store(tmp_path, url)
    with store.database.read() as connection:
        counts = {
            kind: connection.execute(select(func.count()).select_from(kind)).scalar()
            for kind in (SubmissionRow, PaymentRow, RemittanceRow, AcknowledgementRow)
        }
        assert counts == {
            SubmissionRow: COUNT,
            PaymentRow: COUNT // 100,
            RemittanceRow: COUNT,
            AcknowledgementRow: COUNT,
        }
        assert connection.execute(select(TransmissionRow.finished)).scalars().all() != [None]
        scores = connection.execute(select(func.count()).select_from(ScoreRow)).scalar()
        audit = connection.execute(select(func.count()).select_from(AuditRow)).scalar()
        assert scores == audit
    assert store.audit.verify().broken is None
    store.close()


def test_kill_while_spooled_records_are_replayed(tmp_path):
    store = open_store(tmp_path)
    records = [AuditEntry(actor="key:a", action="score", detail={"n": i}) for i in range(3000)]
    store.spool.append(records)
    store.close()
    code = (
        "import sys, pathlib; from serving.store.store import open_store;"
        "s = open_store(pathlib.Path(sys.argv[1])); print('go', flush=True); s.recorder.replay()"
    )
    for i in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 * i)
        process.kill()
        process.wait()
        process.stdout.close()
    store = open_store(tmp_path)
    store.recorder.replay()
    assert not store.spool.waiting()
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(AuditRow)).scalar() == 3000
    assert store.audit.verify().broken is None
    store.close()
