"""Payers whose denials as a whole are not what was to be expected."""

import numpy as np
import pytest

from training.monitor.whole import Answered, whole_findings, whole_payers


def answered(denied, probability, payer="P"):
    count = len(denied)
    return Answered(
        np.array([payer] * count), np.array(denied, bool), np.full(count, probability),
        np.arange(count, dtype=np.uint64),
    )  # fmt: skip


def test_a_whole_payer_is_held_against_what_was_usual_for_it():
    now = answered([i < 40 for i in range(100)], 0.1)
    (fresh,) = whole_payers(now, answered([], 0.1))
    assert fresh.p_value < 1e-4 and fresh.denied == 40 and fresh.expected == pytest.approx(10)
    (known,) = whole_payers(now, answered([i < 200 for i in range(500)], 0.1))
    assert known.p_value > 0.1 and known.usual == pytest.approx(40, rel=0.1)


def test_only_what_is_far_and_beyond_chance_is_told():
    usual = answered([i < 50 for i in range(500)], 0.1)
    far = list(whole_payers(answered([i < 40 for i in range(100)], 0.1), usual))
    (told,) = whole_findings(far)
    assert (told.kind, told.payer, told.observed) == ("outcomes", "P", 40.0)
    near = list(whole_payers(answered([i < 13 for i in range(100)], 0.1), usual))
    assert whole_findings(near) == []
    assert whole_findings([]) == []
