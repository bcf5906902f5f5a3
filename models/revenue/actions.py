"""What may be done about a denial, how long it takes, and whom it must not reach.

The table (``actions.csv``) holds minutes and the share recovered that is assumed until the
practice's own history says otherwise; a practice may give its own.
"""

from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.codes.categories import DenialCategory
from models.codes.tables import ANY, check_value, read_rules
from models.errors import InputError
from models.revenue.denials import Attempt

TABLE = "actions.csv"


class Action(StrEnum):
    """Next best actions."""

    CORRECT = "correct"  # correct and resubmit
    APPEAL = "appeal"
    SEND_RECORDS = "send_records"
    BILL_OTHER_PAYER = "bill_other_payer"
    BILL_PATIENT = "bill_patient"
    WRITE_OFF = "write_off"

    @property
    def attempt(self) -> Attempt:
        """As what it shows in the files."""
        return _ATTEMPTS.get(self, Attempt.NONE)


_ATTEMPTS = {
    Action.CORRECT: Attempt.RESUBMITTED,
    Action.APPEAL: Attempt.APPEALED,
    Action.SEND_RECORDS: Attempt.APPEALED,
    Action.BILL_OTHER_PAYER: Attempt.OTHER_PAYER,
}
WRITE_OFF_MINUTES = 3


class Choice(msgspec.Struct, frozen=True):
    """One row: an action that a category allows."""

    action: Action
    minutes: int
    prior: float
    if_codes: frozenset[str]

    def fits(self, codes: Collection[str]) -> bool:
        """Whether the CARCs and RARCs of the line call for it."""
        return not self.if_codes or not self.if_codes.isdisjoint(codes)


@lru_cache(maxsize=8)
def load_actions(overrides: Path | None = None) -> dict[DenialCategory, tuple[Choice, ...]]:
    """Actions by category; a category that ``overrides`` names is replaced as a whole.

    Raises:
        InputError: unknown column, category or action, or a number out of range.
    """
    found: dict[DenialCategory, tuple[Choice, ...]] = {}
    for source in (TABLE, overrides):
        if source is None:
            continue
        own: dict[DenialCategory, list[Choice]] = {}
        columns = ("category", "prior", "if_codes", "source", "action", "minutes")
        for line, cells in read_rules(
            source, columns, ("category", "action", "minutes"), package="models.revenue"
        ):
            name = str(source)
            category = check_value(name, line, "category", cells["category"], list(DenialCategory))
            action = Action(check_value(name, line, "action", cells["action"], list(Action)))
            try:
                minutes = int(cells["minutes"])
                prior = 0.3 if cells["prior"] == ANY else float(cells["prior"])
            except ValueError:
                minutes, prior = 0, 0.0
            if not (0 < minutes <= 600 and 0 <= prior <= 1):
                raise InputError(f"{name}, line {line}: minutes must be 1 to 600 and prior 0 to 1")
            codes = frozenset(() if cells["if_codes"] == ANY else cells["if_codes"].split())
            own.setdefault(DenialCategory(category), []).append(
                Choice(action, minutes, prior, codes)
            )
        found.update({category: tuple(choices) for category, choices in own.items()})
    return found


_QMB_REMARKS = frozenset(("N781", "N782", "N783"))
_ABN = frozenset(("GA", "GX", "GY"))


def patient_hold(
    claim: Claim,
    payer_type: str,
    modifiers: Collection[str],
    groups: Collection[str],
    codes: Collection[str],
) -> str:
    """Why this line may not be billed to the patient, or ``""``.

    ``groups`` are the adjustment groups of the denial, ``codes`` its CARCs and RARCs. PR alone
    never bills a patient (BILLING.md, "Before a patient is billed").
    """
    if "PR" not in groups:
        return "the payer did not assign it to the patient (group PR)"
    if "209" in codes or not _QMB_REMARKS.isdisjoint(codes):
        return "the patient is a qualified Medicare beneficiary"
    if payer_type == "medicaid":
        return "Medicaid patients owe nothing beyond the stated share"
    if payer_type == "medicare_advantage":
        return "a Medicare Advantage plan needs an organization determination beforehand"
    if payer_type == "medicare" and "GZ" in modifiers:
        return "no advance notice was signed (GZ): the provider is liable"
    if payer_type == "medicare" and _ABN.isdisjoint(modifiers):
        return "no valid advance notice (GA) for Medicare"
    if payer_type in ("workers_compensation", "auto"):
        return "the injured person is not billed while the case is open"
    if claim.other_payers and claim.responsibility == "P":
        return "another payer is on the claim and comes first"
    return ""
