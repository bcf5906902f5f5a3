"""The demo's decisions: what is done again and what is used again. Verbs are stood in for."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
import typer

from models import registry
from models.errors import RegistryError
from training.cli import demo, demo_service

BESIDE = ("simulate", "beside: coding")
FIRST = (*BESIDE, "train", "load", "ledger", "monitor", "train")
SHOWN = ("score", "coding is there", "load")


class Verbs:
    """Does for each verb what it leaves behind, and remembers what was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.champion: int | None = None
        self.newest = 0
        self.scored: list[str] = []
        self.coding = False

    def __call__(self, *arguments: str) -> None:
        self.asked.append(arguments[0])
        if arguments[0] == "simulate":
            out = Path(arguments[1])
            out.mkdir()
            (out / "history").mkdir()
            for week in ("20250106", "20250707", "20250714", "20260105"):
                (out / "history" / f"claims-{week}.837").touch()
            (out / "patient_payments.csv").touch()
            truth = {
                "claim_id": [f"0{i}" for i in range(40)],
                "denied": [i % 2 for i in range(40)],
                "probability": [0.2 + 0.6 * (i % 2) for i in range(40)],
            }
            pd.DataFrame(truth).to_csv(out / "truth.csv", index=False)
        elif arguments[:2] == ("train", "denial"):
            self.newest = self.champion = self.newest + 1
        elif arguments[0] == "score":
            known = pd.read_csv(self.folder / "truth.csv", dtype={"claim_id": str})
            scores = known.rename(columns={"probability": "denial_probability"})
            scores = scores[["claim_id", "denial_probability"]].assign(model_version=self.champion)
            scores.to_csv(self.folder / "scores.csv", index=False)

    def aside(self, log: Path, *arguments: str) -> "Verbs":
        self.asked.append(f"beside: {arguments[1]}")
        self.coding = True
        return self

    def finish(self) -> None:
        self.asked.append("coding is there")

    def score_files(self, files: list[Path]) -> int:
        self.scored += [path.name for path in files]
        return len(files)

    def find(self, name: str, which: str = "champion") -> registry.Version:
        if self.champion is None or (name == "coding" and not self.coding):
            raise RegistryError("none yet")
        return registry.Version(
            name,
            self.champion if which == "champion" else self.newest,
            ("champion",),
            pd.Timestamp(0, tz="UTC").to_pydatetime(),
            "",
            "",
            {},
        )


@pytest.fixture
def verbs(tmp_path, monkeypatch) -> Verbs:
    made = Verbs(tmp_path / "practice")
    monkeypatch.setattr(demo, "_firstpass", made)
    monkeypatch.setattr(registry, "find", made.find)
    monkeypatch.setattr(demo, "Aside", made.aside)
    monkeypatch.setattr(demo_service, "score_files", made.score_files)
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))
    return made


def test_the_first_run_does_everything_and_says_how_good_it_is(verbs, capsys):
    demo.demo(verbs.folder, serve=False)
    assert verbs.asked == [*FIRST, *SHOWN]
    out = capsys.readouterr().out
    assert "share of attainable lift 1.000" in out
    assert "40 claims of the month to come" in out
    assert "Where to look" in out and "mlflow ui" in out


def test_the_second_run_uses_again_what_is_there(verbs):
    demo.demo(verbs.folder, serve=False)
    verbs.asked.clear()
    demo.demo(verbs.folder, serve=False)
    # Loading again passes over what the store has.
    assert verbs.asked == ["load", "load"]


def test_a_new_champion_scores_anew(verbs):
    demo.demo(verbs.folder, serve=False)
    verbs.champion = 7
    verbs.asked.clear()
    demo.demo(verbs.folder, serve=False)
    assert verbs.asked == ["load", "score", "load"]


def test_a_new_practice_is_trained_on_even_if_there_is_a_model(verbs):
    verbs.champion = verbs.newest = 3
    demo.demo(verbs.folder, serve=False)
    assert verbs.asked == [*FIRST, *SHOWN]
    assert verbs.champion == 5


def test_the_first_version_scores_half_a_year_that_it_has_not_seen(verbs):
    demo.demo(verbs.folder, serve=False)
    history = verbs.folder / "history"
    assert demo.turning_day(history) == dt.date(2025, 7, 7)
    assert verbs.scored == ["claims-20250714.837", "claims-20260105.837"]
    # Said before the answers are in the store, or it would be no forecast.
    assert verbs.asked.index("load") > verbs.asked.index("train")


def test_a_half_year_that_was_interrupted_is_lived_again(verbs):
    demo.demo(verbs.folder, serve=False)
    (verbs.folder / demo.LIVED).unlink()
    verbs.asked.clear()
    demo.demo(verbs.folder, serve=False)
    assert verbs.asked[0] == "train"


def test_it_ends_with_the_service_on_the_loaded_history(verbs, monkeypatch):
    served = []
    monkeypatch.setattr(demo_service, "serve", lambda *given: served.append(given))
    demo.demo(verbs.folder, port=8123)
    # The practice has no notes file.
    assert verbs.asked == [*FIRST, *SHOWN]
    [(folder, scores, port)] = served
    assert (folder, len(scores), port) == (verbs.folder, 40, 8123)


def test_a_verb_beside_the_others_shows_its_output_if_it_fails(tmp_path, capfd):
    beside = demo.Aside(tmp_path / "log", "score", str(tmp_path / "absent"), "--out", "x.csv")
    with pytest.raises(typer.Exit) as raised:
        beside.finish()
    assert raised.value.exit_code == 2
    assert "Usage: firstpass score" in capfd.readouterr().err


def test_a_verb_that_fails_ends_the_demo_with_its_code(tmp_path, capfd):
    with pytest.raises(typer.Exit) as raised:
        demo._firstpass("score", str(tmp_path / "absent"), "--out", "x.csv")
    assert raised.value.exit_code == 2
    assert "$ firstpass score" in capfd.readouterr().out
