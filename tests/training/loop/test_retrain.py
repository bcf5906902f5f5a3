"""From a history to a challenger and back: the loop on a small simulated practice."""

import datetime as dt

import msgspec
import pytest

from models.errors import InputError, RegistryError
from models.history import HistoryOptions
from models.registry import CHALLENGER, CHAMPION, find, promote
from training.card import OWNER_FILE, owner_template
from training.loop.gate import GATE_FILE
from training.loop.retrain import only_one, retrain_denial
from training.monitor import monitor_denial
from training.simulate import simulate
from training.simulate.files import write_practice

LENIENT = (("least_claims = 300", "least_claims = 20"), ("least_denials = 30", "least_denials = 1"))


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop") / "practice"
    write_practice(simulate("typical", 2000, 12, seed=6), folder)
    return [folder / "history"]


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    """A store of its own: the loop counts versions of the model `denial`."""
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.mark.slow
def test_the_loop(history, own_home, tmp_path):
    early = HistoryOptions(as_of=dt.date(2026, 3, 31))
    first = retrain_denial(history, promote_it=True, options=early)
    assert first.training is not None and first.training.gate is not None
    # Nobody has filled in the owner's fields of the card, so even a first version must wait.
    assert first.training.gate.verdict == "failed"
    assert not first.training.promoted
    assert find("denial", CHALLENGER).version == 1
    with pytest.raises(RegistryError, match="failed the gate"):
        promote("denial", 1)
    promote("denial", 1, reason="to begin with", despite_gate=True)

    again = retrain_denial(history, options=early)
    assert again.training is None
    assert "version 1 was trained on the same answers" in again.words

    lines = owner_template().replace('= ""', '= "known"')
    (own_home / OWNER_FILE).write_text(lines)
    gate = GATE_FILE.read_text()
    for change in LENIENT:
        gate = gate.replace(change[0], change[1])
    path = tmp_path / "gate.toml"
    path.write_text(gate.replace("least_z = 1.64", "least_z = -1000").replace("0.03", "1.0"))
    second = retrain_denial(history, promote_it=True, gate_file=path)
    assert second.comparison is not None and second.comparison.claims > 20
    assert second.training is not None and second.training.gate is not None
    assert second.training.card is not None and second.training.card.missing == []
    verdicts = {c.name: c.verdict for c in second.training.gate.criteria}
    assert verdicts["period"] == verdicts["better"] == verdicts["card"] == "passed"
    assert find("denial", CHAMPION).version == (2 if second.training.promoted else 1)

    found = monitor_denial(history, which=1)
    assert found.answered > 50 and found.tests > 50
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_one_retraining_at_a_time(own_home):
    refused = pytest.raises(RegistryError, match="another retraining")
    with only_one("denial"), refused, only_one("denial"):
        pass


def test_a_wrong_gate_file_stops_before_anything_is_read(history, own_home, tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text("nonsense = 1")
    with pytest.raises(InputError, match="gate"):
        retrain_denial(history, gate_file=path)
