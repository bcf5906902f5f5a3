"""Rows of the small imported tables, as they are stored and looked up."""

import datetime as dt

import msgspec


class UnitLimit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """MUE of one code; ``indicator``: 1 a line, 2 a day (absolute), 3 a day (clinical)."""

    code: str
    units: int
    indicator: int
    rationale: str = ""


class AddOn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One add-on code with one primary.

    ``kind``: 1 the list of primaries is complete, 2 the contractor knows them, 3 both.
    ``primary`` is ``""`` where the table names none.
    """

    code: str
    primary: str
    kind: int
    effective: dt.date | None = None
    deleted: dt.date | None = None


class FeeRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One row of the Medicare fee schedule's relative value file: indicators and values.

    ``modifier``: ``""``, 26, TC or 53. Relative value units are ``None`` where the file has
    none. No descriptors: they are the AMA's.
    """

    code: str
    modifier: str
    status: str
    pctc: str = ""
    global_days: str = ""
    multiple: str = ""
    bilateral: str = ""
    assistant: str = ""
    co_surgeons: str = ""
    team: str = ""
    work: float | None = None
    total_office: float | None = None
    total_facility: float | None = None
    conversion_factor: float | None = None
    expense_office: float | None = None
    expense_facility: float | None = None
    malpractice: float | None = None


class PolicyRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One code that a coverage policy (LCD with its billing article, NCD) is about.

    ``role``: ``procedure``, or for a diagnosis ``covered`` or ``not_covered``; ``group`` ties
    procedures to the diagnoses of the same group, ``""`` to all of the policy's.
    """

    policy: str
    code: str
    role: str
    group: str = ""
    effective: dt.date | None = None
    ended: dt.date | None = None  # last day in force

    @property
    def merge_key(self) -> tuple[str, ...]:
        """Equal for the same code in the same place of the same policy."""
        return (self.policy, self.code, self.role, self.group)


class GpciRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Geographic practice cost indices of a Medicare locality.

    ``code``: contractor and locality number (``10112-00``).
    """

    code: str
    state: str
    name: str
    work: float
    expense: float
    malpractice: float


class ContractRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a payer's contract allows: an amount, or a share of Medicare's or of the charge.

    ``payer`` is the payer's number on the claim, ``code``, ``modifier`` and ``place`` are empty
    where the row holds for all; ``locality`` goes with a share of Medicare's amount (`GpciRow`).
    """

    payer: str
    code: str
    modifier: str
    place: str
    amount: float | None
    percent_of_medicare: float | None
    percent_of_charge: float | None
    locality: str = ""
    effective: dt.date | None = None
    ended: dt.date | None = None

    @property
    def merge_key(self) -> tuple[str, ...]:
        """What a newer row of the same contract replaces."""
        return (self.payer, self.code, self.modifier, self.place, str(self.effective))


class ReasonRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A CARC or RARC (``kind``) with its first and last day."""

    code: str
    kind: str
    effective: dt.date | None = None
    ended: dt.date | None = None
