"""The model card of a recovery model: figures of attempts at denied lines."""

import datetime as dt
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from models.revenue.attempts import Tried
from training.card.card import STATEMENTS_FILE, ModelCard, attribute_table

if TYPE_CHECKING:
    from training.recovery.train import RecoveryTraining


def recovery_card(
    found: Sequence[Tried], result: "RecoveryTraining", owner: Mapping[str, str]
) -> ModelCard:
    """The card of a model that learnt from these attempts and was tested on the latest of them."""
    statements = tomllib.loads(STATEMENTS_FILE.read_text(encoding="utf-8"))["recovery"]
    answers = {**statements, **_measured(found, result), **owner}
    return ModelCard(
        "recovery",
        dt.datetime.now(dt.UTC).replace(microsecond=0),
        tuple(
            msgspec.structs.replace(a, value=str(answers.get(a.id, "")).strip())
            for a in attribute_table()
        ),
        (),
    )


def _measured(found: Sequence[Tried], result: "RecoveryTraining") -> dict[str, str]:
    kinds = Counter(t.facts.payer_type.replace("_", " ") for t in found)
    spread = ", ".join(f"{name} {n / len(found):.0%}" for name, n in kinds.most_common())
    figures, rates = result.figures.get(result.kind), result.figures.get("rates")
    if figures is None or rates is None:
        valid = "Not measured: " + "; ".join(result.missing) + ". It gives rates by attempt."
    else:
        valid = (
            f"On {figures.rows:,} attempts from {result.tested_from} on, which the tested model had"
            f" not seen: ROC AUC {figures.auc:.3f}, calibration error"
            f" {figures.calibration_error:.3f}; rates by attempt and category alone:"
            f" {rates.auc:.3f} and {rates.calibration_error:.3f}."
        )
    days = f"{found[0].day} to {found[-1].day}"
    return {
        "inclusion": f"Denied service lines of {days} that were sent again or appealed and then"
        f" answered: {result.attempts:,}, of which {result.recovered:,} were paid. Left out: lines"
        " that nobody tried again, and attempts without an answer yet.",
        "representativeness": f"By kind of payer: {spread}. Age and sex are not looked at.",
        "validity_internal": valid,
        "validity_local": f"The data are the practice's own. {valid}",
    }
