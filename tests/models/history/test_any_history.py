"""Whatever a history holds, it is put together, and the order of its items does not matter."""

import datetime as dt
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.claims.acknowledgement import Acknowledgement, ClaimStatus
from models.claims.claim import Claim, Payer, Person, ServiceLine
from models.claims.common import Adjustment, Reference, Source
from models.claims.remittance import Payment, Remittance, RemittanceLine
from models.claims.x12 import Item
from models.history import Outcome, build_history

DAYS = st.integers(0, 90).map(lambda n: dt.date(2026, 1, 1) + dt.timedelta(days=n))
AMOUNTS = st.sampled_from([Decimal(x) for x in ("0", "0.01", "50", "100", "150", "-100", "1e9")])
ACCOUNTS = st.sampled_from(["A1", "a1", "00A1", "B2345", "B234501", ""])
CODES = st.sampled_from(["99213", "99214", "85025", ""])
PAYERS = st.builds(Payer, name=st.sampled_from(["ACME", ""]), id=st.sampled_from(["1", "2", ""]))
NUMBERS = st.integers(1, 10**6)

service_lines = st.lists(
    st.builds(
        ServiceLine,
        number=st.integers(1, 3),
        code=CODES,
        charge=AMOUNTS,
        service_date=st.none() | DAYS,
        control_number=st.sampled_from(["", "1", "L2"]),
    ),
    max_size=3,
).map(tuple)
claims = st.builds(
    Claim,
    claim_id=ACCOUNTS,
    charge=AMOUNTS,
    submitted=DAYS,
    responsibility=st.sampled_from(["P", "S", "T", "U"]),
    frequency=st.sampled_from(["1", "7", "8"]),
    payer=PAYERS,
    subscriber=st.builds(Person, member_id=st.sampled_from(["M1", "M2"])),
    references=st.sampled_from([(), (Reference("F8", "C1"),), (Reference("D9", "D"),)]),
    lines=service_lines,
    source=st.builds(Source, segment_number=NUMBERS),
)
adjustments = st.lists(
    st.builds(
        Adjustment,
        group=st.sampled_from(["CO", "PR", "OA", "XX"]),
        carc=st.sampled_from(["45", "50", "97", "24", "23", "1", "999", ""]),
        amount=AMOUNTS,
    ),
    max_size=3,
).map(tuple)
remittances = st.builds(
    Remittance,
    claim_id=ACCOUNTS,
    status=st.sampled_from(["1", "2", "3", "4", "19", "22", "23", "25", "99", ""]),
    charge=AMOUNTS,
    paid=AMOUNTS,
    payer_control_number=st.sampled_from(["C1", "C2", ""]),
    frequency=st.sampled_from(["", "7", "8"]),
    adjustments=adjustments,
    references=st.sampled_from([(), (Reference("F8", "C1"),), (Reference("D9", "D"),)]),
    lines=st.lists(
        st.builds(
            RemittanceLine,
            code=CODES,
            charge=AMOUNTS,
            paid=AMOUNTS,
            submitted_code=CODES,
            service_date=st.none() | DAYS,
            control_number=st.sampled_from(["", "1", "L2"]),
            adjustments=adjustments,
        ),
        max_size=3,
    ).map(tuple),
)
payments = st.builds(
    Payment,
    amount=AMOUNTS,
    date=DAYS,
    trace=NUMBERS.map(str),
    payer_name=st.sampled_from(["ACME", "OTHER"]),
    remittances=st.lists(remittances, max_size=3).map(tuple),
)
acknowledgements = st.builds(
    Acknowledgement,
    claim_id=ACCOUNTS,
    statuses=st.just((ClaimStatus("A1", "20"),)),
    accepted=st.booleans(),
    date=DAYS,
    charge=st.none() | AMOUNTS,
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(claims, max_size=6, unique_by=lambda c: c.source.segment_number),
    st.lists(payments, max_size=5, unique_by=lambda p: p.trace),
    st.lists(acknowledgements, max_size=2),
    st.randoms(use_true_random=False),
)
def test_any_history_is_put_together(
    filed: list[Claim], paid: list[Payment], told: list[Acknowledgement], rng: Random
) -> None:
    items: list[Item] = [*filed, *paid]
    h = build_history([*items, *told])
    rng.shuffle(items)
    other = build_history([*items, *told])
    assert h.report.as_dict() == other.report.as_dict()

    total = sum(len(p.remittances) for p in h.payments)
    assert sum(h.report.matched.values()) + sum(h.report.unmatched.values()) == total
    assert sum(h.report.outcomes.values()) == len(h.submissions) == h.report.claims
    for i, s in enumerate(h.submissions):
        assert h.submissions[s.chain].chain == s.chain <= i
        assert s.duplicate_of is None or s.duplicate_of < i
        assert (s.denied is None) == (s.outcome not in (Outcome.DENIED, Outcome.NOT_DENIED))
        for a in s.adjudications:
            assert len(a.lines) == len(s.claim.lines)
            assert a.began >= s.claim.submitted
            assert a.denied == any(x.denied for x in a.lines)
            for line, billed in zip(a.lines, s.claim.lines, strict=True):
                assert not line.denied or (line.category is not None and line.denial_carcs)
                assert not line.denied or billed.charge > Decimal("0.01")
