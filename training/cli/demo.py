"""``firstpass demo``: the main job from end to end on a simulated practice; `make run`."""

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli import demo_service

if TYPE_CHECKING:
    import pandas as pd

SEED = 1
HALF_YEAR = dt.timedelta(weeks=26)
#: Beside the practice: its half-year with a first version has been lived through.
LIVED = "half-year-is-stored"


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the practice goes.")] = Path("practice"),
    claims: Annotated[int, typer.Option(help="How many claims to simulate.", min=500)] = 16_000,
    months: Annotated[int, typer.Option(help="Over how many months.", min=6)] = 18,
    serve: Annotated[
        bool, typer.Option(help="Whether to end with the service up, on the practice.")
    ] = True,
    port: Annotated[int, typer.Option(help="The service's port.", min=1, max=65535)] = 8000,
) -> None:
    """Simulate a practice, train its denial model, score tomorrow's claims, serve it.

    A first version, trained half a year before the practice's last day, scores every claim of
    that half-year before its answer comes; the weekly watch looks, and a second version learns
    from all. The workbench then has claims in its worklist, notes to be reviewed, payer rules,
    and half a year of what was said beside what came true.

    What is there already is used again: a second run takes seconds. Ctrl-C ends the service.

    Example: firstpass demo --no-serve
    """
    begun = time.monotonic()
    fresh = _simulated(folder, claims, months)
    coding = _coding(folder)
    version = _practised(folder, anew=fresh)
    scores = _scored(folder, version)
    if coding is not None:
        coding.finish()
    _firstpass("load", "--drafts", str(folder / "future"))
    if (folder / "future_notes.jsonl").exists():
        _firstpass("load", str(folder / "future_notes.jsonl"))
    print(_findings(folder, scores))
    print(_where_to_look(folder, version, time.monotonic() - begun))
    if serve:
        demo_service.serve(folder, scores, port)


def _simulated(folder: Path, claims: int, months: int) -> bool:
    if (folder / "truth.csv").exists():
        print(f"{folder}/: there already (delete it to begin anew)")
        return False
    # An interrupted simulation must not be mistaken for a practice.
    partial = folder.with_name(f"{folder.name}.partial")
    _firstpass(
        "simulate", str(partial), "--claims", str(claims), "--months", str(months),
        "--seed", str(SEED), "--profile", "typical",
    )  # fmt: skip
    partial.rename(folder)
    print(f"{partial} is complete: it is {folder}/ now")
    return True


def _practised(folder: Path, *, anew: bool) -> int:
    """Half a year with a first version, then a second one; the champion after that."""
    from models import registry
    from models.errors import RegistryError

    done = folder / LIVED
    if not anew and done.exists():
        try:
            version = registry.find("denial").version
        except RegistryError:
            pass
        else:
            print(f"denial model: version {version} is the champion already")
            # Files that the store has are passed over by their hash.
            _firstpass("load", str(folder / "history"))
            return version
    history = folder / "history"
    turn = turning_day(history)
    _firstpass("train", "denial", str(history), "--as-of", turn.isoformat(), "--promote")
    first = registry.find("denial").version
    later = claims_after(history, turn)
    print(f"\nscoring the claims of {turn} onwards, before their answers come")
    scored = demo_service.score_files(later)
    print(f"{scored:,} claims scored by version {first}")
    _firstpass("load", str(history))
    paid = folder / "patient_payments.csv"
    if paid.exists():  # a practice of an earlier version has none
        _firstpass("ledger", "patient-payments", str(paid))
    _firstpass("monitor", str(history))
    # Not 'retrain': its gate asks for a model card, of which a simulated practice has no owner.
    _firstpass("train", "denial", str(history), "--promote")
    done.touch()
    return registry.find("denial").version


def turning_day(history: Path) -> dt.date:
    """Half a year before the last week of claims."""
    return max(_week(path) for path in history.glob("claims-*.837")) - HALF_YEAR


def claims_after(history: Path, day: dt.date) -> list[Path]:
    """Files of claims of the weeks after a day, in order."""
    return sorted(p for p in history.glob("claims-*.837") if _week(p) > day)


def _week(path: Path) -> dt.date:
    return dt.datetime.strptime(path.stem.partition("-")[2], "%Y%m%d").date()


class Aside:
    """A verb that runs beside the others; its output goes into a file, shown if it fails."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.words = f"firstpass {' '.join(arguments)}"
        print(f"\n$ {self.words}   (beside what follows; its output: {log})", flush=True)
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "firstpass", *arguments], stdout=out, stderr=out
            )

    def finish(self) -> None:
        """Wait for its end.

        Raises:
            typer.Exit: it failed; its output is shown.
        """
        code = self._process.wait()
        if code != 0:
            print(self.log.read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
            raise typer.Exit(code)
        print(f"{self.words}: done")


def _coding(folder: Path) -> Aside | None:
    """The day-one coding model, which needs no labelled notes, unless there is one already."""
    from models import registry
    from models.errors import RegistryError

    try:
        version = registry.find("coding").version
    except RegistryError:
        return Aside(folder / "coding.log", "train", "coding", "--promote")
    print(f"coding model: version {version} is the champion already")
    return None


def _scored(folder: Path, version: int) -> "pd.DataFrame":
    import pandas as pd

    path = folder / "scores.csv"
    if path.exists():
        found = pd.read_csv(path, dtype={"claim_id": str})
        if len(found) and (found["model_version"].astype(str) == str(version)).all():
            print(f"{path}: there already")
            return found
    _firstpass("score", str(folder / "future"), "--out", str(path))
    return pd.read_csv(path, dtype={"claim_id": str})


def _findings(folder: Path, scores: "pd.DataFrame") -> str:
    """How good the scores are, in the light of the truth that only a simulation knows."""
    import pandas as pd

    from models import measure

    truth = pd.read_csv(folder / "truth.csv", dtype={"claim_id": str})
    both = scores.merge(truth, on="claim_id", how="inner")
    lines = ["", f"{len(scores):,} claims of the month to come were scored."]
    if both["denied"].nunique() == 2:
        denied, ours = both["denied"].astype(float), both["denial_probability"]
        perfect = both["probability"]
        attained, attainable = (measure.soft_roc_auc(perfect, x) - 0.5 for x in (ours, perfect))
        lift = attained / attainable
        caught, possible = (
            measure.capture_at_capacity(perfect, scores, 0.1) for scores in (ours, perfect)
        )
        lines += [
            f"  {denied.mean():.1%} of them will be denied; predicted {ours.mean():.1%}",
            f"  ROC AUC {measure.roc_auc(denied, ours):.3f}; a perfect model would reach"
            f" {measure.roc_auc(denied, perfect):.3f}",
            # A hundred denials say little: which of them happen is averaged over.
            f"  share of attainable lift {lift:.3f} (in expectation over what may happen)",
            f"  calibration error {measure.calibration_error(perfect, ours):.3f}",
            f"  reviewing the riskiest 10 % catches {caught:.0%} of the denials"
            f" (a perfect model: {possible:.0%})",
        ]
    return "\n".join(lines)


def _where_to_look(folder: Path, version: int, seconds: float) -> str:
    from models import registry

    programs = Path(sys.executable).parent
    if programs.is_relative_to(Path.cwd()):
        programs = programs.relative_to(Path.cwd())
    return f"""
Where to look
  {folder}/history      what a practice has: 837P, 277CA and 835 files
  {folder}/scores.csv   tomorrow's claims with probability, likely reason and factors
  {folder}/truth.csv    what really happens to them
  {programs}/firstpass models
                        version {version}, the one before it, and their figures
  {programs}/firstpass serve
                        the pages of this practice, on http://127.0.0.1:8000
  {programs}/mlflow ui --backend-store-uri {registry.tracking_uri()}
                        plots, cohort report and parameters of every training
Done in {seconds:.0f} s."""


def _firstpass(*arguments: str) -> None:
    """Run a verb just as a user would, after saying so."""
    print(f"\n$ firstpass {' '.join(arguments)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "firstpass", *arguments])
    if done.returncode != 0:
        raise typer.Exit(done.returncode)  # the verb has said what went wrong
