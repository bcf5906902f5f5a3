"""Nothing dated on or after a claim's submission moves one of its features."""

import datetime as dt
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from models.claims.claim import Claim
from models.claims.common import Adjustment
from models.claims.remittance import Payment, Remittance
from models.claims.x12.context import Item
from models.denial.attributes import ATTRIBUTES
from models.denial.features import FeatureEncoder, RowMaker
from models.denial.past import Past
from models.history import build_history
from tests.training.denial.practices import day_of, items, practice
from training.denial.dataset import build_dataset

SALT = b"0123456789abcdef"
CUT = dt.date(2026, 2, 10)

Rows = dict[tuple[str, dt.date, str, str, int], tuple[object, ...]]


def features(history_items: list[Item], until: dt.date = CUT) -> Rows:
    """Attribute values, in words, of every claim submitted up to a day."""
    history = build_history(history_items)
    encoded = build_dataset(history, past=Past(SALT), filing_limits={"": 365}, vocabulary=None)
    words = [encoded.vocabulary.values(a.name) for a in ATTRIBUTES]
    rows: Rows = {}
    batch = encoded.data.batch
    for number, claim in enumerate(encoded.data.claims):
        if claim.submitted > until:
            continue
        own = np.flatnonzero(batch.claim_of_line == number)
        key = (claim.claim_id, claim.submitted, claim.responsibility, str(claim.charge))
        for line in own.tolist():
            codes = batch.values[line].tolist()
            rows[(*key, line - int(own[0]))] = tuple(
                known[c - 1] for known, c in zip(words, codes, strict=True)
            )
    return rows


def deleted(item: Item) -> list[Item]:
    return []


def all_denied(item: Item) -> list[Item]:
    """Every later answer refuses everything for lost coverage."""
    if not isinstance(item, Payment):
        return [item]
    refused = tuple(_refused(r) for r in item.remittances)
    return [msgspec.structs.replace(item, amount=Decimal(0), remittances=refused)]


def _refused(remittance: Remittance) -> Remittance:
    lines = tuple(
        msgspec.structs.replace(
            line, paid=Decimal(0), adjustments=(Adjustment("CO", "27", line.charge),)
        )
        for line in remittance.lines
    )
    return msgspec.structs.replace(remittance, paid=Decimal(0), lines=lines)


def doubled(item: Item) -> list[Item]:
    """Later claims come twice, under other account numbers too."""
    if not isinstance(item, Claim):
        return [item]
    return [item, msgspec.structs.replace(item, claim_id=f"X{item.claim_id}")]


@pytest.mark.parametrize("change", [deleted, all_denied, doubled])
def test_what_is_dated_later_moves_no_feature(change) -> None:
    known = items(practice())
    before = features(known)
    changed = [new for item in known for new in ([item] if day_of(item) <= CUT else change(item))]
    after = features(changed)
    assert len(before) > 2_000
    assert before.keys() == after.keys()
    moved = {
        ATTRIBUTES[i].name
        for key in before
        for i, (a, b) in enumerate(zip(before[key], after[key], strict=True))
        if a != b
    }
    assert moved == set()


def test_a_claims_own_answer_moves_none_of_its_features() -> None:
    """Even one dated, by mistake, on the day of submission."""
    known = items(practice())
    before = features(known)
    own = [
        msgspec.structs.replace(p, production_date=CUT) if isinstance(p, Payment)
        and p.answered > CUT else p
        for p in known
    ]  # fmt: skip
    after = features(own)
    assert {k: v for k, v in before.items() if k[1] == CUT} == {
        k: v for k, v in after.items() if k[1] == CUT
    }


def test_scoring_takes_the_features_that_training_takes() -> None:
    """A snapshot of the day, and the whole history: equal numbers for the next day's claims."""
    known = items(practice())
    whole = build_dataset(build_history(known), past=Past(SALT), filing_limits={"": 365})
    days = sorted({c.submitted for c in whole.data.claims})
    day = next(d for d in days if d > CUT)
    cut = build_history([i for i in known if day_of(i) < day])
    snapshot = build_dataset(
        cut, vocabulary=whole.vocabulary, past=Past(SALT), filing_limits={"": 365}
    ).past
    rows = np.flatnonzero([c.submitted == day for c in whole.data.claims])
    assert len(rows) > 3
    encoder = FeatureEncoder(RowMaker(snapshot.overlay(), {"": 365}), whole.vocabulary)
    scored = encoder.encode([whole.data.claims[i] for i in rows])
    trained = whole.data.batch.take(rows)
    assert np.array_equal(scored.values, trained.values)
    assert np.array_equal(scored.lag_days, trained.lag_days)
    assert np.array_equal(scored.charged, trained.charged)
