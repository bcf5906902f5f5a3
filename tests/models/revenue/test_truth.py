"""The ledger of a simulated practice's files against the simulator's own books, to the cent.

``python -m benchmarks.ledger`` does the same for 100,000 claims.
"""

import pytest

from benchmarks.ledger import compare, read_truth
from models.history import read_history
from models.revenue.ledger import post_history
from training.simulate import simulate
from training.simulate.files import write_practice


@pytest.mark.parametrize(("profile", "seed"), [("typical", 7), ("hard", 8)])
def test_every_service_agrees_to_the_cent(tmp_path, profile: str, seed: int) -> None:
    folder = tmp_path / "practice"
    write_practice(simulate(profile, claims=4000, months=14, seed=seed), folder)
    history = read_history([folder / "history"])
    ledger = post_history(history)
    found = compare(history, ledger, read_truth(folder / "ledger.csv"))
    assert found.services > 5000
    assert found.agrees, found.examples[:3]
    assert not ledger.held  # every payment balances and fits a claim
