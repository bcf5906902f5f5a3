"""What became of a submission: its adjudications and the outcome of each of its lines."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.common import ZERO
from models.claims.remittance import Payment, Remittance
from models.claims.set_acknowledgement import SetAcknowledgement
from models.codes.adjustments import AdjustmentClass
from models.codes.categories import DenialCategory


class LineOutcome(msgspec.Struct, frozen=True, gc=False):
    """One billed line at one adjudication.

    ``denied`` is BILLING.md's label: billed over 0.01, paid zero, at least one adjustment of
    class `AdjustmentClass.DENIAL`. ``reduced``: paid, yet part was cut for such a reason.
    ``adjustment_class`` says why a line was paid zero, ``None`` on a paid line. ``carcs`` are
    all of the line, those of class denial first and by falling amount. ``allowed`` is AMT*B6,
    else paid plus the patient's share; amounts are dollars. ``answered`` is false where the
    remittance says nothing of the line; ``shared`` where the remittance has no service lines
    and the claim's outcome stands for each line.
    """

    answered: bool = False
    denied: bool = False
    reduced: bool = False
    adjustment_class: AdjustmentClass | None = None
    category: DenialCategory | None = None
    carcs: tuple[str, ...] = ()
    denial_carcs: tuple[str, ...] = ()
    rarcs: tuple[str, ...] = ()
    paid: Decimal = ZERO
    allowed: Decimal = ZERO
    patient_share: Decimal = ZERO
    shared: bool = False


NOT_ANSWERED = LineOutcome()


class Adjudication(msgspec.Struct, gc=False):
    """One decision of one payer on one submission, complete when its last part came.

    ``lines`` is aligned with ``claim.lines``. ``remittances`` has more than one member where
    the payer split the claim. ``cancelled`` is the day of the reversal that took it back.
    """

    began: dt.date  # answered day of the first part
    answered: dt.date  # answered day of the last part: when the outcome was known
    payer_name: str  # 835 N1*PR
    payer_id: str
    remittances: tuple[Remittance, ...]
    lines: tuple[LineOutcome, ...]
    denied: bool
    category: DenialCategory | None = None  # of the largest denied charge
    paid: Decimal = ZERO
    cancelled: dt.date | None = None
    earlier: tuple["Adjudication", ...] = ()  # what was known while parts were outstanding

    @property
    def remittance(self) -> Remittance:
        """The first part."""
        return self.remittances[0]

    @property
    def status(self) -> str:
        """CLP02 of the first part: supporting evidence, never the label."""
        return self.remittances[0].status

    @property
    def reduced(self) -> bool:
        """Whether a paid line was cut for a denial reason."""
        return any(x.reduced for x in self.lines)

    @property
    def denial_carcs(self) -> tuple[str, ...]:
        """CARCs of class denial on denied lines, each once, in line order."""
        return tuple(dict.fromkeys(c for x in self.lines if x.denied for c in x.denial_carcs))

    @property
    def allowed(self) -> Decimal:
        """Sum of the lines' allowed amounts, in dollars."""
        return sum((x.allowed for x in self.lines), ZERO)


class Outcome(StrEnum):
    """Where a submission stands as of the history's last day."""

    REJECTED = "rejected"  # by a 999 or 277CA: never adjudicated
    VOID = "void"  # frequency 8: asks for no payment
    IMMATURE = "immature"  # too young: neither paid nor denied
    UNANSWERED = "unanswered"  # old enough, yet no adjudication
    DENIED = "denied"
    NOT_DENIED = "not_denied"


class Submission(msgspec.Struct):
    """One claim as filed once with one payer under one responsibility."""

    claim: Claim
    payer: str = ""  # key by the payer crosswalk
    practice: str = ""
    accepted: bool = True
    acknowledgements: tuple[Acknowledgement, ...] = ()
    set_acknowledgements: tuple[SetAcknowledgement, ...] = ()  # 999s of the set it was sent in
    adjudications: tuple[Adjudication, ...] = ()  # by answered day
    # Every remittance that speaks of it, reversals and 23/25 too, by the payment's answered day.
    answers: tuple[tuple[Payment, Remittance], ...] = ()
    chain: int = 0  # index of the chain's first submission in ClaimHistory.submissions
    position: int = 0  # in the chain, from 0
    first_accepted: bool = False  # the chain's first submission that was not rejected
    duplicate_of: int | None = None  # index of the submission that it seems to repeat
    mature: bool = False
    forwarded: dt.date | None = None  # CLP02 = 23
    predetermined: bool = False  # CLP02 = 25 came
    reversed: dt.date | None = None  # last reversal

    @property
    def first(self) -> Adjudication | None:
        """The first adjudication: the label's source, even when it was reversed later."""
        return self.adjudications[0] if self.adjudications else None

    @property
    def last(self) -> Adjudication | None:
        """The latest adjudication that still stands."""
        return next((a for a in reversed(self.adjudications) if a.cancelled is None), None)

    @property
    def outcome(self) -> Outcome:
        """Where the submission stands; denied or not only where it is mature and answered."""
        if not self.accepted:
            return Outcome.REJECTED
        if self.claim.frequency == "8":
            return Outcome.VOID
        if not self.mature:
            return Outcome.IMMATURE
        if self.first is None:
            return Outcome.UNANSWERED
        return Outcome.DENIED if self.first.denied else Outcome.NOT_DENIED

    @property
    def denied(self) -> bool | None:
        """The label, or ``None`` where there is none (see `outcome`)."""
        outcome = self.outcome
        if outcome is Outcome.DENIED:
            return True
        return False if outcome is Outcome.NOT_DENIED else None

    @property
    def overturned(self) -> bool:
        """Whether a line denied at first was paid by a later adjudication of this submission."""
        if self.first is None or not self.first.denied:
            return False
        lost = [i for i, x in enumerate(self.first.lines) if x.denied]
        return any(a.lines[i].paid > 0 for a in self.adjudications[1:] for i in lost)


class UnmatchedRemittance(msgspec.Struct, frozen=True, gc=False):
    """A remittance that belongs to no submission of the history; ``reason`` is a stable word."""

    remittance: Remittance
    payment: Payment
    payer: str
    reason: str
