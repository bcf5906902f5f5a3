"""Labels read back from a simulated practice's files are those that its payers decided."""

from pathlib import Path

import pytest

from models.claims.tabular_jsonl import write_jsonl
from models.claims.x12 import write_277ca, write_835, write_837p
from models.codes.categories import DenialCategory
from models.history import Outcome, read_history
from training.simulate import SimulatedPractice, simulate


def write_practice(practice: SimulatedPractice, folder: Path) -> None:
    with (folder / "claims.837").open("wb") as out:
        write_837p(practice.claims(), out)
    with (folder / "answers.835").open("wb") as out:
        write_835(practice.payments, out)
    with (folder / "acknowledgements.277").open("wb") as out:
        write_277ca(practice.acknowledgements, out)


@pytest.mark.parametrize("seed", [1, 2])
def test_labels_from_files_are_the_payers_decisions(tmp_path, seed: int) -> None:
    practice = simulate("typical", claims=1200, months=9, seed=seed)
    write_practice(practice, tmp_path)
    history = read_history([tmp_path])

    acknowledged = {(a.claim_id, a.charge) for a in practice.acknowledgements if not a.accepted}
    truth = {
        (s.claim.claim_id, s.claim.submitted, s.claim.responsibility, s.claim.charge): s
        for s in practice.submissions
        if s.day <= practice.calendar.end
    }
    assert len(history.submissions) == len(truth)
    known = denied = 0
    for s in history.submissions:
        claim = s.claim
        told = truth[claim.claim_id, claim.submitted, claim.responsibility, claim.charge]
        if not told.accepted:
            # A rejection that came after the history's end cannot be known from it.
            seen = (claim.claim_id, claim.charge) in acknowledged
            assert s.outcome is (Outcome.REJECTED if seen else Outcome.IMMATURE)
        elif not told.known:
            assert s.first is None
        else:
            assert told.decision is not None
            assert s.first is not None
            assert s.first.denied == told.decision.denied
            known += 1
            if s.first.denied:
                denied += 1
                assert s.first.category in set(DenialCategory)
    assert known > 900
    assert denied > 50
    assert set(history.report.unmatched) <= {"other_responsibility"}
    assert history.report.unbalanced == {}
    assert history.report.unknown_carcs == {}


def test_tables_give_the_same_labels_as_files(tmp_path) -> None:
    practice = simulate("easy", claims=200, months=6, seed=3)
    x12, rows = tmp_path / "x12", tmp_path / "rows"
    x12.mkdir()
    rows.mkdir()
    write_practice(practice, x12)
    with (rows / "all.jsonl").open("wb") as out:
        write_jsonl([*practice.claims(), *practice.payments, *practice.acknowledgements], out)
    one, other = read_history([x12]), read_history([rows])
    assert [s.outcome for s in one.submissions] == [s.outcome for s in other.submissions]
    assert one.report.denied_by_category == other.report.denied_by_category
