"""`firstpass train recovery`: from a practice's own attempts to a registered model."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from models.errors import NotEnoughDataError
from models.history import HistoryOptions, read_history
from models.measure import log_loss
from models.registry import TableSignature, Version, home, promote
from models.revenue.attempts import Tried, tried
from models.revenue.recovery import (
    CATEGORICAL,
    MODEL_NAME,
    NUMERIC,
    RecoveryFacts,
    RecoveryModel,
    count_rates,
    load_artifact,
    save_artifact,
)
from models.revenue.recovery_pyfunc import INPUT_COLUMN, OUTPUT_COLUMN
from training.card.card import OWNER_FILE, owner_answers, write_card
from training.card.page import card_page
from training.card.recovery import recovery_card
from training.progress import Progress, silent
from training.recovery.fit import (
    Floats,
    OutcomeFigures,
    choosing_from,
    describe,
    fit_and_test,
    measure,
)
from training.tracking import combined_fingerprint, file_digest, training_run

#: Fewer attempts, or fewer of either result, teach less than rates by category tell.
LEAST_ATTEMPTS, LEAST_OF_EACH = 60, 15
#: Share of the attempts, the latest, on which the model is tested.
_TEST = 0.3
#: A kind of attempt seen less often is left to the rates.
_LEAST_OF_KIND = 20
SIGNATURE = TableSignature({INPUT_COLUMN: "string"}, {OUTPUT_COLUMN: "double"})


class RecoveryTraining(msgspec.Struct):
    """What a training did.

    ``figures`` on the latest attempts, which the tested models had not seen (``rates`` are those
    by attempt and category); ``missing`` says why nothing but rates was learnt.
    """

    attempts: int
    recovered: int
    tested_from: str
    figures: dict[str, OutcomeFigures]
    kind: str
    missing: list[str]
    version: Version | None = None
    promoted: bool = False


def learn(found: Sequence[Tried]) -> tuple[RecoveryModel, RecoveryTraining]:
    """The model of these attempts (by day), and how it did on the latest of them."""
    outcomes = np.array([float(t.recovered) for t in found])
    model = RecoveryModel(count_rates((t.facts, t.recovered) for t in found))
    won = int(outcomes.sum())
    result = RecoveryTraining(len(found), won, "", {}, "rates", _missing(len(found), won))
    if result.missing:
        return model, result
    rows = [t.facts.row() for t in found]
    test = _first_test(found)
    early, truth = found[:test], outcomes[test:]
    chosen, result.figures = fit_and_test(rows, outcomes, test, CATEGORICAL, NUMERIC)
    rates = RecoveryModel(count_rates((t.facts, t.recovered) for t in early))
    result.figures["rates"] = measure(
        truth, np.array(rates.estimate([t.facts for t in found[test:]]))
    )
    result.tested_from = found[test].day.isoformat()
    if chosen.loss < _rates_loss(early, outcomes):
        result.kind = chosen.kind
        counts = {t.facts.attempt for t in found}
        model.learnt = sorted(
            a for a in counts if sum(t.facts.attempt == a for t in found) >= _LEAST_OF_KIND
        )
        columns = describe(rows, CATEGORICAL, NUMERIC)
        model.model = chosen.fit(chosen.kind, rows, outcomes, columns)
    return model, result


def _rates_loss(early: Sequence[Tried], outcomes: Floats) -> float:
    """Log loss of rates where the models' settings were chosen: before the test begins."""
    cut = choosing_from(len(early))
    rates = RecoveryModel(count_rates((t.facts, t.recovered) for t in early[:cut]))
    late = [t.facts for t in early[cut:]]
    return log_loss(outcomes[cut : len(early)], np.array(rates.estimate(late)))


def _missing(attempts: int, won: int) -> list[str]:
    found = []
    if attempts < LEAST_ATTEMPTS:
        found.append(
            f"{attempts} denied lines were tried again and answered; {LEAST_ATTEMPTS} are the least"
        )
    if attempts and min(won, attempts - won) < LEAST_OF_EACH:
        found.append(
            f"{won} were paid and {attempts - won} were not; {LEAST_OF_EACH} of each are the least"
        )
    return found


def _first_test(found: Sequence[Tried]) -> int:
    """The first attempt of the test rows; those of one day stay together."""
    cut = int(len(found) * (1 - _TEST))
    while cut > 1 and found[cut - 1].day == found[cut].day:
        cut -= 1
    return cut


def train_recovery(
    paths: Sequence[Path],
    *,
    appeals: Path | None = None,
    promote_it: bool = False,
    options: HistoryOptions | None = None,
    progress: Progress = silent,
) -> RecoveryTraining:
    """Learn, test on later attempts, register.

    Raises:
        InputError: nothing is there to read, or a file named is faulty.
        NotEnoughDataError: no denied line was ever tried again.
        RegistryError: the MLflow store refuses.
    """
    progress("reading the history")
    history = read_history(paths, options)
    found = tried(history, appeals)
    if not found:
        raise NotEnoughDataError(
            "no denied line of this history was sent again and answered: there is nothing to learn"
            " recovery from; 'firstpass denials' goes by its table of assumptions until there is"
        )
    progress("fitting")
    model, result = learn(found)
    progress("registering")
    files = [p for path in paths for p in ([path] if path.is_file() else path.rglob("*"))]
    fingerprint = combined_fingerprint(file_digest(p) for p in files if p.is_file())
    parameters: dict[str, str | int | float | bool | None] = {
        "attempts": result.attempts, "kind": result.kind, "learnt": ",".join(model.learnt),
    }  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        training_run(MODEL_NAME, parameters, fingerprint=fingerprint) as run,
    ):
        for name, figures in result.figures.items():
            run.metrics({
                f"{name}.{k}": v for k, v in msgspec.structs.asdict(figures).items() if v == v
            })  # fmt: skip
        save_artifact(model, Path(folder))
        load_artifact(Path(folder))
        card = recovery_card(found, result, owner_answers(home() / OWNER_FILE, MODEL_NAME))
        write_card(card, Path(folder))
        run.report(card, "card.json")
        result.version = run.register(
            Path(folder),
            loader_module="models.revenue.recovery_pyfunc",
            signature=SIGNATURE,
            input_example=pd.DataFrame({INPUT_COLUMN: [_example()]}),
            headline=_headline(result),
        )
        run.text(card_page(card, str(result.version.version)), "card.html")
    if promote_it:
        promote(MODEL_NAME, result.version.version, reason="firstpass train recovery --promote")
        result.promoted = True
    return result


def _headline(result: RecoveryTraining) -> dict[str, float]:
    figures = result.figures.get(result.kind)
    if figures is None:
        return {"attempts": float(result.attempts)}
    return {"auc": figures.auc, "log_loss": figures.log_loss, "test_attempts": float(figures.rows)}


def _example() -> str:
    """A made-up denied line."""
    return msgspec.json.encode(
        RecoveryFacts("resubmitted", "missing_information", "16", "N265", charge=120.0)
    ).decode()
