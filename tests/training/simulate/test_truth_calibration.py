"""The stated probabilities are those of the outcomes, also where hidden states are integrated out.

Residuals of one patient go together (a lapsed coverage denies several claims), so that standard
errors are taken over patients.
"""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pytest

from training.simulate import simulate
from training.simulate.tables import CATEGORIES

Array = npt.NDArray[np.float64]
PRACTICES = [(p, seed) for seed in (1, 2, 3) for p in ("easy", "typical", "hard")]


class Outcomes:
    """Columns over all submissions of several practices."""

    def __init__(self) -> None:
        denied, probability, by_category, category, patient = [], [], [], [], []
        prior, kind = [], []
        for number, (profile, seed) in enumerate(PRACTICES):
            made = simulate(profile, claims=22_000, months=18, seed=1000 + seed)
            known: defaultdict[int, list[int]] = defaultdict(list)
            for s in made.submissions:
                decision = s.decision
                if decision is None:
                    continue
                who = s.draft.visit.patient.index
                prior.append(any(day < s.day for day in known[who]))
                whole = decision.whole
                if (
                    whole is not None
                    and whole.mechanism.name in ("eligibility", "other_coverage")
                    and s.answered <= made.calendar.end
                ):
                    known[who].append(s.answered)
                denied.append(decision.denied)
                probability.append(decision.probability)
                by_category.append(decision.by_category)
                category.append(decision.first.category if decision.first else -1)
                patient.append(number * 10**6 + who)
                kind.append(s.kind)
        self.denied = np.array(denied, float)
        self.probability = np.array(probability)
        self.by_category = np.array(by_category)
        self.category = np.array(category)
        self.patient = np.unique(np.array(patient), return_inverse=True)[1]
        self.prior = np.array(prior)
        self.kind = np.array(kind)

    def z(self, residual: Array, where: npt.NDArray[np.bool_]) -> float:
        """Sum of residuals over its standard error, clustered by patient."""
        if not where.any():
            return 0.0
        sums = np.bincount(self.patient[where], residual[where])
        spread = np.sqrt((sums**2).sum())
        return float(residual[where].sum() / spread) if spread else 0.0


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    found = Outcomes()
    assert len(found.denied) >= 200_000
    return found


pytestmark = pytest.mark.slow


def test_twenty_probability_bins(outcomes: Outcomes) -> None:
    residual = outcomes.denied - outcomes.probability
    everything = np.ones(len(residual), bool)
    assert abs(outcomes.z(residual, everything)) < 3.5
    bins = np.minimum((outcomes.probability * 20).astype(int), 19)
    for number in range(20):
        where = bins == number
        assert abs(outcomes.z(residual, where)) < 4.0, number
        assert residual[where].mean() == pytest.approx(0.0, abs=0.05), number


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category(outcomes: Outcomes, category: str) -> None:
    index = CATEGORIES.index(category)
    stated = outcomes.by_category[:, index]
    residual = (outcomes.category == index) - stated
    for where in (stated >= 0.0, outcomes.prior, stated > 0.05, stated > 0.5):
        assert abs(outcomes.z(residual, where)) < 4.0


def test_patients_with_known_coverage_denials(outcomes: Outcomes) -> None:
    prior = outcomes.prior
    assert prior.sum() > 5_000
    residual = outcomes.denied - outcomes.probability
    assert abs(outcomes.z(residual, prior)) < 3.5
    hidden = [CATEGORIES.index(c) for c in ("eligibility", "coordination_of_benefits")]
    stated = outcomes.by_category[:, hidden].sum(axis=1)
    shown = np.isin(outcomes.category, hidden) - stated
    for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.5), (0.5, 0.8), (0.8, 1.01)):
        where = prior & (stated >= low) & (stated < high)
        assert abs(outcomes.z(shown, where)) < 4.0, low


@pytest.mark.parametrize("kind", ["original", "correction", "secondary", "duplicate"])
def test_each_kind_of_submission(outcomes: Outcomes, kind: str) -> None:
    where = outcomes.kind == kind
    assert where.sum() > 500
    assert abs(outcomes.z(outcomes.denied - outcomes.probability, where)) < 4.0


def test_category_probabilities_add_up(outcomes: Outcomes) -> None:
    np.testing.assert_allclose(
        outcomes.by_category.sum(axis=1), outcomes.probability, rtol=0, atol=1e-9
    )
    assert set(np.unique(outcomes.category[outcomes.denied == 1])) >= set(range(len(CATEGORIES)))
