import numpy as np
import pytest

from benchmarks.denial_quality import category_share
from benchmarks.learnable import NOISES, Learnable
from training.simulate import simulate
from training.simulate.practice import SimulatedPractice
from training.simulate.submission import Submission
from training.simulate.tables import CATEGORIES


@pytest.fixture(scope="module")
def practice() -> SimulatedPractice:
    return simulate("typical", claims=1500, months=9, seed=3)


@pytest.fixture(scope="module")
def decided(practice: SimulatedPractice) -> list[Submission]:
    return [s for s in practice.submissions if s.decision is not None]


def by_category(submission: Submission) -> list[float]:
    assert submission.decision is not None
    return submission.decision.by_category


def test_with_every_rule_the_replay_is_the_truth(
    practice: SimulatedPractice, decided: list[Submission]
) -> None:
    learnable = Learnable(practice)
    off = [
        submission
        for submission in decided
        if not any(
            np.allclose(learnable.replay(submission, noise, set()), by_category(submission))
            for noise in NOISES
        )
    ]
    # A visit that was entered late can have changed what counts as an earlier service.
    assert len(off) <= 0.005 * len(decided)


def test_a_rule_that_was_never_shown_is_not_named(
    practice: SimulatedPractice, decided: list[Submission]
) -> None:
    learnable = Learnable(practice)
    truth = np.array([by_category(s) for s in decided])
    shown = [learnable.seen_categories(decided, least) for least in (0, 1, 10**6)]
    np.testing.assert_allclose(shown[0], truth)
    shares = [category_share(truth, rows) for rows in shown]
    assert shares[0] == pytest.approx(1.0)
    assert shares[0] > shares[1] > shares[2]
    # Without any rule nothing is left of them in the categories that only rules of lines have.
    strong = (truth.max(axis=1) > 0.5) & (truth.argmax(axis=1) == CATEGORIES.index("noncovered"))
    assert strong.any()
    assert shown[2][strong, CATEGORIES.index("noncovered")].max() < 0.2
