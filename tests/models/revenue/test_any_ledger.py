"""Whatever the files hold, in whatever order: debits equal credits, and all stays the same."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.common import ZERO
from models.claims.remittance import Payment
from models.claims.x12 import Item
from models.history import build_history
from models.revenue.entries import Balances, add_entry, entry_keys
from models.revenue.ledger import Ledger, PostingOptions, post_history
from models.revenue.services import service_balances
from tests.models.history.test_any_history import acknowledgements, claims, payments
from training.simulate import simulate


def keys(ledger: Ledger) -> set[bytes]:
    return set(entry_keys(list(ledger.entries())))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(claims, max_size=6, unique_by=lambda c: c.source.segment_number),
    st.lists(payments, max_size=5, unique_by=lambda p: p.trace),
    st.lists(acknowledgements, max_size=2),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_any_ledger_balances_and_knows_no_order(
    filed: list[Claim],
    paid: list[Payment],
    told: list[Acknowledgement],
    rng: Random,
    release: bool,
) -> None:
    items: list[Item] = [*filed, *paid, *told]
    ledger = post_history(build_history(items))
    released = frozenset(h.key for h in ledger.held if h.releasable) if release else frozenset()
    options = PostingOptions(released=released)
    ledger = post_history(build_history(items), options)
    shuffled = [*items, *paid]  # every payment twice
    rng.shuffle(shuffled)
    other = post_history(build_history(shuffled), options)
    assert keys(ledger) == keys(other)
    assert ledger.balances() == other.balances()

    assert sum(ledger.balances().values(), ZERO) == 0
    for posted in ledger.encounters:
        own: Balances = {}
        for x in posted.entries:
            assert x.amount > 0
            add_entry(own, x)
        assert sum(own.values(), ZERO) == 0
        for b in service_balances(posted.entries):
            taken = b.contractual + b.prior_payer + b.paid_primary + b.paid_later
            assert b.charge == taken + b.balance
            assert b.balance == sum((x.amount for x in b.open), ZERO)
    for deposit in ledger.deposits:
        key = ("remittance_clearing", deposit.deposit.key)
        assert not {k: v for k, v in ledger.balances().items() if (str(k[0]), k[1]) == key}


def test_a_whole_practice_is_the_same_in_any_order_and_when_read_twice() -> None:
    practice = simulate("typical", claims=400, months=6, seed=5)
    items: list[Item] = [*practice.claims(), *practice.acknowledgements, *practice.payments]
    ledger = post_history(build_history(items))
    twice = [*items, *items]
    Random(3).shuffle(twice)
    other = post_history(build_history(twice))
    assert keys(ledger) == keys(other)
    assert len(keys(ledger)) == sum(1 for _ in ledger.entries())
