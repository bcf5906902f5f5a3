import datetime as dt
import time

import pytest

from models.claims.x12.context import Item
from models.errors import InputError
from models.history import build_history, read_history
from serving.store.history import export_history
from serving.store.outcomes import Outcomes
from tests.serving.store.records import load
from tests.serving.store.samples import (
    FIRST_DAY,
    OTHER_BILLING,
    PRACTICE,
    acknowledgement,
    claim,
    payment,
    remittance,
)

CLAIMS = [claim(i, days=i) for i in range(30)]
ITEMS: list[Item] = [
    *CLAIMS,
    *(acknowledgement(c, accepted=i != 3) for i, c in enumerate(CLAIMS)),
    payment(
        tuple(remittance(c, denied=i % 4 == 0) for i, c in enumerate(CLAIMS)),
        trace="T1",
        day=FIRST_DAY + dt.timedelta(40),
    ),
]


def labels(history):
    return [(s.claim.claim_id, s.denied, s.accepted, s.outcome) for s in history.submissions]


def test_the_stored_history_is_the_history_of_the_files(database):
    load(database, [*ITEMS, claim(99, billing=OTHER_BILLING)])
    assert labels(Outcomes(database).history(PRACTICE)) == labels(build_history(ITEMS))


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_an_export_is_read_as_the_same_history(database, tmp_path, form):
    load(database, [*ITEMS, claim(99, billing=OTHER_BILLING)])
    done = export_history(database, PRACTICE, tmp_path / "out", form=form)
    assert (done.submissions, done.payments, done.acknowledgements) == (30, 1, 30)
    assert done.files == [f"{x}.{form}" for x in ("claims", "remittances", "acknowledgements")]
    assert labels(read_history([tmp_path / "out"])) == labels(build_history(ITEMS))
    again = export_history(database, PRACTICE, tmp_path / "out", form=form)
    assert again == done
    assert sorted(x.name for x in (tmp_path / "out").iterdir()) == sorted(done.files)


def test_an_export_of_nothing_writes_no_files(database, tmp_path):
    assert export_history(database, "1:2", tmp_path / "out").files == []


def test_an_export_says_what_it_cannot_do(database, tmp_path):
    with pytest.raises(InputError, match="form='xml' is unknown; allowed: parquet, jsonl"):
        export_history(database, PRACTICE, tmp_path, form="xml")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        export_history(database, PRACTICE, tmp_path / "file")


def test_reading_does_not_hold_up_writers(database):
    load(database, ITEMS)
    with database.read(snapshot=True) as connection:
        connection.exec_driver_sql("SELECT count(*) FROM claims").scalar()
        begun = time.monotonic()
        load(database, [claim(500)])
        assert time.monotonic() - begun < 5
        found = connection.exec_driver_sql("SELECT count(*) FROM claims").scalar()
    assert found == len(CLAIMS)
