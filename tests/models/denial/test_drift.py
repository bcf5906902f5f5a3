"""The monitor's report is handed from the console to the service as a file."""

import datetime as dt

import pytest

from models.denial.drift import (
    DriftFinding,
    MonitorReport,
    PayerDrift,
    monitor_file,
    read_monitor,
    write_monitor,
)
from models.errors import InputError


def report():
    day = dt.date(2026, 3, 1)
    finding = DriftFinding(
        "denials_started", "P", "P has begun to deny", 5.0, 0.4, 9, 1e-6, "authorization", "73721",
        day, ("A1",),
    )  # fmt: skip
    return MonitorReport(
        "denial", "3", dt.datetime(2026, 3, 30, tzinfo=dt.UTC), day, day, 99, 12,
        (finding,), (PayerDrift("P", 99, 5, 0.4, 0.1, 0.1),),
    )  # fmt: skip


def test_what_was_written_is_read(tmp_path):
    path = write_monitor(report(), tmp_path)
    assert path == monitor_file(tmp_path, "denial")
    assert read_monitor(tmp_path, "denial") == report()
    assert [p.name for p in path.parent.iterdir()] == ["denial.json"]


def test_nobody_has_looked_yet(tmp_path):
    assert read_monitor(tmp_path, "denial") is None


def test_a_damaged_file_says_what_to_do(tmp_path):
    write_monitor(report(), tmp_path).write_text("{")
    with pytest.raises(InputError, match="run 'firstpass monitor' again"):
        read_monitor(tmp_path, "denial")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "state").write_text("a file where a folder belongs")
    with pytest.raises(InputError, match="cannot be written"):
        write_monitor(report(), tmp_path)
