"""The denial verbs as a user runs them: train, score, evaluate; and what they say of bad input."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.claims.x12 import write_277ca, write_835, write_837p
from training.simulate import SimulatedPractice, simulate

ROOT = Path(__file__).resolve().parents[3]


def run(
    home: Path, *arguments: str, cwd: Path | None = None, code: str = ""
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "FIRSTPASS"))}
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "firstpass"]
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd or home,
        env={**inherited, "FIRSTPASS_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )


def write_history(made: SimulatedPractice, folder: Path) -> None:
    folder.mkdir()
    with (folder / "claims.837").open("wb") as out:
        write_837p(made.claims(), out)
    with (folder / "answers.835").open("wb") as out:
        write_835(made.payments, out)
    with (folder / "status.277").open("wb") as out:
        write_277ca(made.acknowledgements, out)


@pytest.fixture(scope="module")
def made() -> SimulatedPractice:
    return simulate("easy", claims=1_200, months=8, seed=2)


@pytest.fixture(scope="module")
def home(made: SimulatedPractice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a champion trained by the command, and tomorrow's claims."""
    folder = tmp_path_factory.mktemp("denial_home")
    write_history(made, folder / "history")
    with (folder / "tomorrow.837").open("wb") as out:
        write_837p(made.claims(future=True), out)
    done = run(folder, "train", "denial", "history", "--promote", "--json")
    assert done.returncode == 0, done.stderr
    (folder / "trained.json").write_text(done.stdout)
    return folder


def scored(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_training_tells_the_cohort_the_figures_and_the_version(home) -> None:
    result = json.loads((home / "trained.json").read_text())
    assert result["version"]["version"] == 1
    assert result["promoted"] is True
    assert {"Firstpass", "logistic regression", "plain LightGBM"} <= set(result["figures"])
    report = result["report"]
    assert report["claims"] > 1_000
    assert report["denied_by_category"] and report["by_payer"] and report["matched"]


def test_the_registered_version_scores_alike_from_an_empty_folder(home, tmp_path) -> None:
    done = run(home, "score", "tomorrow.837", "--out", "scores.csv")
    assert done.returncode == 0, done.stderr
    code = """
import json, sys
import mlflow, msgspec
import pandas as pd
from models.claims.claim import Claim
from models.claims.x12 import read_x12
from pathlib import Path
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/denial@champion")
claims = [c for c in read_x12(Path(sys.argv[2])) if isinstance(c, Claim)]
table = pd.DataFrame({"claim": [msgspec.json.encode(c).decode() for c in claims]})
print(json.dumps(model.predict(table)[["claim_id", "denial_probability"]].values.tolist()))
"""
    uri = f"sqlite:///{home}/mlruns/mlflow.db"
    answer = run(home, uri, str(home / "tomorrow.837"), cwd=tmp_path, code=code)
    assert answer.returncode == 0, answer.stderr
    rows = scored(home / "scores.csv")
    assert json.loads(answer.stdout.splitlines()[-1]) == [
        [row["claim_id"], float(row["denial_probability"])] for row in rows
    ]
    assert list(tmp_path.iterdir()) == []


def test_claims_that_the_model_has_learnt_from_are_refused(home) -> None:
    done = run(home, "evaluate", "denial", "history")
    assert done.returncode == 1
    assert "the model has learnt from all" in done.stderr
    assert "submitted after its training" in done.stderr


def test_damaged_files_are_named_and_the_rest_is_scored(home, tmp_path) -> None:
    sound = (home / "tomorrow.837").read_bytes()
    cases = tmp_path / "inbox"
    cases.mkdir()
    (cases / "a_truncated.837").write_bytes(sound[: len(sound) * 2 // 3])
    (cases / "b_long_line.837").write_bytes(sound[:106] + b"X" * 20_000_000)
    (cases / "c_words.txt").write_text("Dear colleagues, no claims here.")
    (cases / "d_copy.837").write_bytes(sound[: len(sound) * 2 // 3])
    (cases / "e_counts.837").write_bytes(re.sub(rb"\bSE\*(?=\d)", b"SE*9", sound, count=1))
    done = run(home, "score", str(cases), "--out", "damaged.csv", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    told = json.dumps(result["problems"])
    assert "a_truncated.837" in told
    assert "b_long_line.837" in told
    assert "e_counts.837" in told
    assert len(scored(home / "damaged.csv")) == result["claims"] > 0
    words = tmp_path / "words.837"
    words.write_text("Dear colleagues, no claims here.")
    done = run(home, "score", str(words), "--out", "nothing.csv")
    assert done.returncode == 1
    assert "no readable ISA segment" in done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty", "837P"),
        ("answers only", "no claims"),
        ("claims only", "0 claims with an answer"),
    ],
)
def test_a_history_that_teaches_nothing_says_what_is_missing(made, name, words, tmp_path) -> None:
    folder = tmp_path / "history"
    folder.mkdir()
    if name == "answers only":
        with (folder / "answers.835").open("wb") as out:
            write_835(made.payments[:20], out)
    if name == "claims only":
        with (folder / "claims.837").open("wb") as out:
            write_837p(made.claims()[:200], out)
    done = run(tmp_path, "train", "denial", "history")
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1], done.stderr
    assert not (tmp_path / "mlruns").exists()


def test_a_history_without_a_denial_is_not_learnt_from(made, tmp_path) -> None:
    denied = {
        s.claim.claim_id for s in made.submissions if s.decision is not None and s.decision.denied
    }
    folder = tmp_path / "history"
    folder.mkdir()
    with (folder / "claims.837").open("wb") as out:
        write_837p([c for c in made.claims() if c.claim_id not in denied], out)
    with (folder / "answers.835").open("wb") as out:
        write_835(made.payments, out)
    done = run(tmp_path, "train", "denial", "history")
    assert done.returncode == 1
    assert "0 denied claims (at least 40 are needed)" in done.stderr
    assert "Edits and payer rules work without a model" in done.stderr
