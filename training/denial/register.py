"""Registering a denial model: signature, input example, headline figures."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pandas as pd

from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.denial.pyfunc import INPUT_COLUMN
from models.denial.score import COLUMNS
from models.registry import TableSignature, Version
from training.tracking.runs import TrainingRun

if TYPE_CHECKING:
    from training.denial.train import TrainingResult

_NUMBERS = ("denial_probability", "expected_loss", "category_probability")
SIGNATURE = TableSignature(
    {INPUT_COLUMN: "string"},
    {name: "double" if name in _NUMBERS else "string" for name in COLUMNS},
)


def example_claim() -> Claim:
    """A made-up claim: an office visit with an X-ray. Nobody's data."""
    day = dt.date(2026, 1, 15)
    patient = Person(
        "EXAMPLE", "PAT", member_id="EXAMPLE1", birth_date=dt.date(1970, 1, 1), sex="F"
    )
    return Claim(
        claim_id="EXAMPLE-1",
        charge=Decimal("245.00"),
        submitted=dt.date(2026, 1, 19),
        filing_indicator="CI",
        payer=Payer("EXAMPLE HEALTH PLAN", "PI", "00000"),
        subscriber=patient,
        patient=patient,
        billing=Provider("1234567893", name="EXAMPLE PRACTICE", tax_id="000000000"),
        rendering=Provider("1234567893", "1", "EXAMPLE", "DOC", taxonomy="207Q00000X"),
        place_of_service="11",
        diagnoses=(Diagnosis("ABK", "M25561"),),
        lines=(
            ServiceLine(1, "99213", Decimal("150.00"), pointers=(1,), service_date=day),
            ServiceLine(2, "73562", Decimal("95.00"), pointers=(1,), service_date=day),
        ),
    )


def input_example() -> pd.DataFrame:
    """What MLflow stores beside the model, and what checks it before it serves."""
    return pd.DataFrame({INPUT_COLUMN: [msgspec.json.encode(example_claim()).decode()]})


def register(
    run: TrainingRun, folder: Path, result: "TrainingResult", tags: Mapping[str, str]
) -> Version:
    """Register the artifact in ``folder`` with the test window's headline figures."""
    found = result.figures.get("Firstpass")
    headline = (
        {}
        if found is None
        else {
            "auc": found.auc,
            "calibration_error": found.calibration_error,
            "denied_caught": found.denied_caught,
            "test_claims": float(found.claims),
        }
    )
    return run.register(
        folder,
        loader_module="models.denial.pyfunc",
        signature=SIGNATURE,
        input_example=input_example(),
        headline=headline,
        tags=tags,
    )
