from collections import Counter

import pytest

from models.errors import InputError
from training.simulate import SimulatedPractice, load_profile, simulate
from training.simulate.tables import payer_types
from training.simulate.truth import ledger_rows, rule_rows, truth_rows


def test_equal_seeds_make_equal_practices() -> None:
    one, two = (simulate("hard", claims=300, months=6, seed=4) for _ in range(2))
    assert one.claims() == two.claims()
    assert one.payments == two.payments
    assert one.acknowledgements == two.acknowledgements
    assert list(truth_rows(one)) == list(truth_rows(two))
    assert list(rule_rows(one)) == list(rule_rows(two))
    assert list(ledger_rows(one)) == list(ledger_rows(two))
    other = simulate("hard", claims=300, months=6, seed=5)
    assert {p.name for p in other.world.payers} != {p.name for p in one.world.payers}


def test_claims_counts_originals(practice: SimulatedPractice) -> None:
    kinds = Counter(s.kind for s in practice.submissions if s.accepted)
    assert 3800 < kinds["original"] <= 4000  # a rejected one may be rejected until the end
    assert kinds["correction"] > 50
    assert kinds["secondary"] > 20
    assert kinds["duplicate"] > 5


def test_the_future_is_small_and_unanswered(practice: SimulatedPractice) -> None:
    end = practice.calendar.end
    future = practice.claims(future=True)
    assert 0.045 < len(future) / len(practice.submissions) < 0.085
    assert all(c.submitted.toordinal() > end for c in future)
    assert max(p.answered for p in practice.payments).toordinal() <= end
    assert max(a.date for a in practice.acknowledgements).toordinal() <= end


def test_everything_balances(practice: SimulatedPractice) -> None:
    for payment in practice.payments:
        assert payment.balances
        assert payment.amount >= 0
        for remittance in payment.remittances:
            assert remittance.balances
            assert all(line.balances for line in remittance.lines)


@pytest.mark.slow
def test_base_rates_are_the_published_ones() -> None:
    stated: Counter[str] = Counter()
    claims: Counter[str] = Counter()
    for seed in range(4):
        made = simulate("typical", claims=6000, months=18, seed=70 + seed)
        for s in made.submissions:
            if s.decision is not None and s.kind == "original":
                claims[s.coverage.payer.type.name] += 1
                stated[s.coverage.payer.type.name] += s.decision.probability  # type: ignore[assignment]
    for name, kind in payer_types().items():
        assert stated[name] / claims[name] == pytest.approx(kind.rate, rel=0.12), name


def test_base_rates_can_be_set() -> None:
    profile = load_profile("typical").with_rates(medicaid=0.08, commercial=0.15)
    made = simulate(profile, claims=6000, months=12, seed=2)
    found = {}
    for kind in ("medicaid", "commercial"):
        mine = [
            s.decision.probability
            for s in made.submissions
            if s.decision and s.kind == "original" and s.coverage.payer.type.name == kind
        ]
        found[kind] = sum(mine) / len(mine)
    assert found == pytest.approx({"medicaid": 0.08, "commercial": 0.15}, rel=0.25)


def test_category_shares_can_be_set() -> None:
    profile = load_profile("typical").with_categories(authorization=0.6)
    made = simulate(profile, claims=3000, months=12, seed=2)
    plain = simulate("typical", claims=3000, months=12, seed=2)

    def share(of: SimulatedPractice) -> float:
        rows = [s.decision for s in of.submissions if s.decision]
        return sum(d.by_category[1] for d in rows) / sum(d.probability for d in rows)

    assert share(made) > 2 * share(plain)


def test_remittance_lag_has_the_published_median(practice: SimulatedPractice) -> None:
    lags = sorted(s.answered - s.day for s in practice.submissions if s.decision is not None)
    assert 10 <= lags[len(lags) // 2] <= 15
    assert lags[int(len(lags) * 0.99)] > 35


def test_payments_show_what_real_ones_show(practice: SimulatedPractice) -> None:
    remittances = [r for p in practice.payments for r in p.remittances]
    statuses = Counter(r.status for r in remittances)
    assert {"1", "2", "4", "19", "22"} <= set(statuses)
    carcs = {a.carc for r in remittances for x in r.lines for a in x.adjustments}
    assert {"1", "2", "3", "23", "45", "246", "253"} <= carcs
    denied = {s.claim.claim_id for s in practice.submissions if s.decision and s.decision.denied}
    assert any(r.status == "1" and r.claim_id in denied and r.paid == 0 for r in remittances)
    assert any(not r.lines and r.adjustments for r in remittances)  # claim level only
    assert any(p.method == "NON" and p.amount == 0 for p in practice.payments)
    assert {"L6", "FB"} & {a.reason for p in practice.payments for a in p.provider_adjustments}
    names = {p.payer_name for p in practice.payments}
    assert names - {s.claim.payer.name for s in practice.submissions}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"claims": 10}, "claims=10; allowed: 50 to 5000000"),
        ({"months": 0}, "months=0; allowed: 1 to 60"),
        ({"profile": "brutal"}, "profile='brutal'; allowed: easy, typical, hard"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        simulate(**arguments)  # type: ignore[arg-type]
