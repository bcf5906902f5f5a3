"""Scores and loads for the tests of the store."""

import datetime as dt
import os
from collections.abc import Iterable

from models.claims.claim import Claim
from models.claims.x12.context import Item
from models.denial.risk import DenialRisk
from serving.store.database import Database
from serving.store.intake import Intake, Transmission
from serving.store.records import FoundEdit, LoadReport, ScoreRecord

NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)


def transmission(name: str = "example") -> Transmission:
    """A file that was never seen before."""
    return Transmission(name, os.urandom(32), 1000, "test")


def load(database: Database, items: Iterable[Item]) -> LoadReport:
    """Stores items as one new file."""
    return Intake(database).load(items, transmission())


def risk(claim: Claim, probability: float, category: str = "authorization") -> DenialRisk:
    """An answer of the model."""
    return DenialRisk(
        claim_id=claim.claim_id,
        denial_probability=probability,
        expected_loss=100 * probability,
        expected_allowed=100.0,
        base_rate=0.1,
        category=category,
        category_probability=probability / 2,
        categories={category: probability},
        carcs=[],
        factors=[],
        lines=[],
        flags=[],
        model_version="1",
        history_version="h1",
    )


def score(
    claim: Claim,
    probability: float = 0.2,
    *,
    created: dt.datetime = NOON,
    threshold: float = 0.5,
    category: str = "authorization",
    edits: tuple[FoundEdit, ...] = (),
    shadow: bool = False,
) -> ScoreRecord:
    """One claim as scored."""
    return ScoreRecord(
        claim=claim,
        risk=risk(claim, probability, category),
        threshold=threshold,
        risky=probability >= threshold,
        request_id="r1",
        actor="key:test",
        shadow=shadow,
        edits=edits,
        created=created,
    )
