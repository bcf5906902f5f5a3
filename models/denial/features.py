"""From `Claim` to numbers: one row of attribute values a service line.

The only feature code of Firstpass: training, evaluation, the command line and the service all
call `FeatureEncoder`. Everything here is a function of the claim and of the `Past` on the day of
submission; nothing comes from a remittance of the claim itself.
"""

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.claims.claim import Claim, ServiceLine
from models.denial.attributes import ATTRIBUTES, INDEX
from models.denial.past import SERVICE_DENIED, UNITS_ONE, ClaimKeys, Past, rendering_npi

#: Number of the attribute list and of how values are derived; artifacts carry it.
FEATURE_SCHEMA = 3

Value = str | int

#: A line is billed when it asks for more than this (the label's definition).
CENT = Decimal("0.01")

_SEPARATE = frozenset({"24", "25", "27", "57", "58", "59", "76", "77", "78", "79", "91"}) | {
    "XE", "XS", "XP", "XU"
}  # fmt: skip
_TELEHEALTH = frozenset({"93", "95", "FQ", "FR", "G0", "GQ", "GT"})
_SIDE = frozenset({"26", "50", "E1", "E2", "E3", "E4", "LT", "RT", "TC"}) | {
    f"{hand}{finger}" for hand in ("F", "T") for finger in "A123456789"
}
_REMOTE = frozenset({"02", "10"})
_REPLACES = frozenset("678")  # adjusted, replaced or voided (NUBC claim frequency codes)
_LIABILITY = frozenset({"GA", "GX", "GY", "GZ", "KX"})

_LAG_EDGES = (
    3,
    7,
    14,
    21,
    30,
    45,
    60,
    75,
    90,
    95,
    105,
    120,
    135,
    150,
    180,
    210,
    240,
    270,
    330,
    365,
    400,
)
_AGE_EDGES = (1, 5, 12, 18, 21, 26, 40, 50, 65, 75)
_TENURE_EDGES = (14, 30, 45, 60, 90, 120, 180)
# Twice a week, weekly, and the 30, 60, 90, 180, 365 and 730 days that frequency limits are told in,
# as weeks (`Past.days_since`).
_SINCE_EDGES = (2, 6, 13, 28, 56, 84, 175, 364, 728)
_MONTH_EDGES = (0, 1, 2, 3, 5, 8, 11, 12, 17)

#: Up to so many rows are numbered row by row: for one claim that is several times faster.
_FEW_ROWS = 16

#: Days at the start of a history in which "first seen" says nothing of a provider's tenure.
TENURE_WARM_UP = 45


class FeatureBatch(msgspec.Struct, gc=False):
    """Claims as numbers.

    ``values`` is int32 ``[lines, attributes]``: positions in the vocabulary, 0 where the value
    was never seen in training; ``claim_of_line`` int32 ``[lines]``; ``first_line`` int32
    ``[claims]``: the row that stands for the claim; ``lag_days`` int32 ``[claims]``.
    """

    values: NDArray[np.int32]
    claim_of_line: NDArray[np.int32]
    first_line: NDArray[np.int32]
    lag_days: NDArray[np.int32]
    charged: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.first_line)

    def take(self, claims: NDArray[np.int64]) -> "FeatureBatch":
        """The batch of some claims, in the given order."""
        ends = np.append(self.first_line[1:], len(self.values))
        counts = ends[claims] - self.first_line[claims]
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        owner = np.repeat(np.arange(len(claims)), counts)
        rows = np.arange(int(counts.sum())) - first[owner] + self.first_line[claims][owner]
        return FeatureBatch(
            self.values[rows],
            owner.astype(np.int32),
            first.astype(np.int32),
            self.lag_days[claims],
            self.charged[rows],
        )


def procedure_kind(code: str) -> str:
    """Coarse kind of a HCPCS code by its number range (no AMA wording needed)."""
    if len(code) != 5:
        return "other"
    if code[0].isalpha():
        return f"level2_{code[0]}"
    if code[4].isalpha():
        return f"category_{code[4]}"
    if code.startswith("99"):
        if "99201" <= code <= "99205":
            return "office_new"
        if "99211" <= code <= "99215":
            return "office_established"
        return f"em_{code[:3]}"
    if code[0] == "9":
        return f"medicine_{code[:2]}"
    return {"0": "anesthesia", "7": "imaging", "8": "laboratory"}.get(code[0], "surgery")


def _diagnosis_detail(code: str) -> str:
    """Whether the code looks residual: ICD-10-CM ends unspecified sides in 0 or 9, .9 is NOS."""
    if len(code) < 4:
        return "category"
    last = code[-1]
    if last == "9":
        return "nine"
    return "zero" if last == "0" else "specific"


def _units(line: ServiceLine) -> str:
    units = line.units
    if line.unit_basis == "MJ":
        return f"min{int(units) // 15 * 15}"
    if units != units.to_integral_value():
        return "fraction"
    count = int(units)
    if count <= 12:
        return str(count)
    return f"{count // 4 * 4}+" if count < 100 else "100+"


def _modifier_group(modifiers: Sequence[str], group: frozenset[str]) -> str:
    found = [m for m in modifiers if m in group]
    return found[0] if len(found) == 1 else "+".join(sorted(found))


def _identifier(text: str) -> str:
    """Presence and shape of a number: filler such as 0000 or N/A is not a number."""
    if not text:
        return "none"
    bare = text.strip("0 -").upper()
    return "filler" if len(bare) < 3 or bare in {"N/A", "NONE", "PENDING", "TBD"} else "given"


class RowMaker:
    """Attribute values of claims as text and small integers, before any vocabulary.

    ``filing_limits``: days within which a payer wants a claim, as learnt, by payer key, with the
    default under ``""``.
    """

    def __init__(self, past: Past, filing_limits: dict[str, int]) -> None:
        self.past = past
        self.filing_limits = filing_limits
        self._kinds: dict[str, str] = {}

    def kind(self, code: str) -> str:
        """`procedure_kind`, remembered."""
        kind = self._kinds.get(code)
        if kind is None:
            kind = self._kinds[code] = procedure_kind(code)
        return kind

    def rows(self, claim: Claim, keys: ClaimKeys) -> tuple[list[list[Value]], int]:
        """One list of values a line (a claim without lines has one), and the lag in days."""
        head, lag = self._claim_values(claim, keys)
        lines = claim.lines
        if not lines:
            blank: list[Value] = ["none"] * (len(ATTRIBUTES) - len(head))
            return [head + blank], lag
        codes = [x.code for x in lines]
        kinds = [self.kind(c) for c in codes]
        diagnoses = claim.diagnoses
        order = sorted(range(len(lines)), key=lambda i: -lines[i].charge)
        past = self.past
        limits = {i: past.units_state(procedure, units) for i, procedure, units in keys.units}
        result = []
        for i, line in enumerate(lines):
            modifiers = line.modifiers
            pointed = [diagnoses[p - 1].code for p in line.pointers if 0 < p <= len(diagnoses)]
            if not pointed and diagnoses:
                pointed = [diagnoses[0].code]
            first = pointed[0] if pointed else ""
            others = [j for j in order if j != i]
            companion = next((codes[j] for j in others if codes[j] != codes[i]), "none")
            code = codes[i]
            since = past.days_since(keys.codes[i], keys.days[i])
            place = line.place_of_service or claim.place_of_service
            remote = _modifier_group(modifiers, _TELEHEALTH) if modifiers else ""
            telehealth = f"{place if place in _REMOTE else 'office'} {remote}"
            if place not in _REMOTE and not remote:
                telehealth = "no"
            values: list[Value] = [
                code,
                code[:3],
                kinds[i],
                " ".join(modifiers),
                _modifier_group(modifiers, _SEPARATE) if modifiers else "",
                remote,
                _modifier_group(modifiers, _SIDE) if modifiers else "",
                _modifier_group(modifiers, _LIABILITY) if modifiers else "",
                _units(line),
                limits.get(i, UNITS_ONE),
                place,
                telehealth,
                first,
                first[:3],
                first[:1],
                _diagnosis_detail(first),
                pointed[1] if len(pointed) > 1 else "none",
                companion,
                " ".join(sorted({kinds[j] for j in others})) if others else "none",
                min(i, 6),
                min(codes.count(code), 4),
                past.service_state(keys.services[i]),
                bisect_left(_SINCE_EDGES, since) if since >= 0 else -1,
                "given" if line.drugs else "none",
                _charge_band(line.charge / line.units if line.units > 0 else line.charge),
            ]
            result.append(head + values)
        return result, lag

    def _claim_values(self, claim: Claim, keys: ClaimKeys) -> tuple[list[Value], int]:
        past = self.past
        patient = claim.patient
        service = claim.service_date or claim.submitted
        lag = (claim.submitted - service).days
        rendering = rendering_npi(claim)
        first_seen = past.first_billed(keys.enrolment)
        submitted = claim.submitted.toordinal()
        warm = past.start is None or (
            first_seen is not None and first_seen - past.start < TENURE_WARM_UP
        )
        if first_seen is None:
            tenure: Value = "first"
        elif warm:
            tenure = "old"
        else:
            tenure = bisect_right(_TENURE_EDGES, submitted - first_seen)
        paid_months = past.months_since_paid(keys.coverage, keys.month)
        paid_band = bisect_left(_MONTH_EDGES, paid_months) if paid_months >= 0 else -1
        limit = self.filing_limits.get(keys.payer, self.filing_limits.get("", 365))
        address = patient.address or claim.subscriber.address
        other = claim.other_payers
        if not other:
            coverage = "none"
        else:
            paid = any(a.qualifier == "D" and a.amount > 0 for a in other[0].amounts)
            coverage = f"{other[0].filing_indicator}{'+' if paid else ''}"
        taxonomy = claim.rendering.taxonomy if claim.rendering else ""
        references = {r.qualifier: r.value for r in claim.references}
        second = "" if claim.responsibility == "P" else f"/{claim.responsibility}"
        repeated = max((past.service_state(s) for s in keys.services), default=0)
        values: list[Value] = [
            # A payer that comes second looks at other things than one that comes first.
            f"{keys.payer}{second}",
            f"{claim.filing_indicator}{second}",
            claim.practice,
            rendering,
            taxonomy or claim.billing.taxonomy,
            (claim.facility.npi or "unnamed") if claim.facility else "none",
            claim.responsibility,
            claim.relationship,
            claim.frequency,
            _identifier(references.get("G1", "") or _line_reference(claim, "G1")),
            _identifier(references.get("9F", "") or _line_reference(claim, "9F")),
            _provider_given(claim.referring or claim.primary_care, claim, "referring"),
            "given" if claim.supervising else "none",
            "given" if references.get("F8") else "none",
            "given" if references.get("X4") or _line_reference(claim, "X4") else "none",
            f"{'P' if claim.attachments else ''}{'N' if claim.notes else ''}",
            "+".join(claim.related_causes),
            "+".join(sorted(d.qualifier for d in claim.dates)),
            coverage,
            "given" if claim.group_number else "none",
            claim.insurance_type,
            f"{claim.assignment}{claim.benefits_assigned}{claim.release_of_information}",
            address.state if address else "",
            _age_band(patient.birth_date, service),
            patient.sex,
            claim.place_of_service,
            claim.diagnoses[0].code if claim.diagnoses else "",
            min(len(claim.diagnoses), 8),
            min(len(claim.lines), 8),
            _charge_band(claim.charge),
            bisect_left(_LAG_EDGES, lag),
            0 if lag <= limit else 1,
            service.month,
            1 if past.knows_patient(keys.patient) else 0,
            1 if past.knows_specialty(keys) else 0,
            past.coverage_state(keys.coverage, keys.month),
            paid_band,
            -1 if paid_months < 0 else 1 if paid_months >= service.month else 0,
            past.enrolment_state(keys),
            tenure,
            repeated,
            _sending(claim, repeated),
        ]
        return values, lag


def _sending(claim: Claim, repeated: int) -> str:
    """Whether the payer sees a claim first, again after a denial, or after another payer."""
    if claim.responsibility != "P":
        return "second"
    return "again" if claim.frequency in _REPLACES or repeated == SERVICE_DENIED else "first"


def _line_reference(claim: Claim, qualifier: str) -> str:
    for line in claim.lines:
        if line.references:
            value = line.reference(qualifier)
            if value:
                return value
    return ""


def _provider_given(provider: object, claim: Claim, role: str) -> str:
    if provider is not None:
        return "given" if getattr(provider, "npi", "") else "without_npi"
    for line in claim.lines:
        if line.referring is not None or line.ordering is not None:
            return "line"
    return "none"


def _age_band(birth: dt.date | None, service: dt.date) -> int:
    if birth is None:
        return -1
    years = service.year - birth.year - ((service.month, service.day) < (birth.month, birth.day))
    return bisect_right(_AGE_EDGES, years)


def _charge_band(charge: Decimal) -> int:
    """Quarter octaves of dollars: fine enough to tell price lists apart, coarse enough to count."""
    return round(math.log2(max(float(charge), 0.01)) * 2)


#: Attributes whose values are in order, as the boosters take them.
ORDINALS = (
    "age", "diagnosis_count", "line_count", "charge_band", "lag", "over_limit", "known_patient",
    "coverage_state", "paid_months", "year_turned", "enrolment_state", "claim_duplicate",
    "duplicate", "days_since",
    "line_number", "same_code_lines", "month", "unit_charge",
)  # fmt: skip


class Vocabulary:
    """Values of each attribute and their numbers from 1; 0 is a value never seen.

    ``grow`` is on while a training set is encoded and off for ever after.
    """

    def __init__(self, values: Sequence[Sequence[Value]] | None = None) -> None:
        known = values if values is not None else [[] for _ in ATTRIBUTES]
        self._codes: list[dict[Value, int]] = [
            {value: i + 1 for i, value in enumerate(column)} for column in known
        ]
        self._lists: list[list[Value]] = [[] for _ in self._codes]

    def seed(self, attribute: str, values: Iterable[Value]) -> None:
        """Give values their numbers before any row does."""
        codes = self._codes[INDEX[attribute]]
        for value in values:
            codes.setdefault(value, len(codes) + 1)

    def encode(self, rows: Sequence[Sequence[Value]], *, grow: bool) -> NDArray[np.int32]:
        """int32 ``[rows, attributes]``."""
        if not grow and len(rows) <= _FEW_ROWS:
            gets = [codes.get for codes in self._codes]
            numbers = [
                [get(value, 0) for get, value in zip(gets, row, strict=True)] for row in rows
            ]
            return np.array(numbers, np.int32)
        encoded = np.zeros((len(rows), len(self._codes)), np.int32)
        for column, (codes, values) in enumerate(
            zip(self._codes, zip(*rows, strict=True), strict=True)
        ):
            if grow:
                for value in values:
                    if value not in codes:
                        codes[value] = len(codes) + 1
            get = codes.get
            encoded[:, column] = [get(value, 0) for value in values]
        return encoded

    def number(self, attribute: str, value: Value) -> int:
        """Number of a value, 0 where it was never seen."""
        return self._codes[INDEX[attribute]].get(value, 0)

    def values(self, attribute: str) -> list[Value]:
        """Known values in the order of their numbers."""
        return list(self._codes[INDEX[attribute]])

    def value(self, column: int, number: int) -> Value:
        """The value behind a number of an attribute's column."""
        known = self._lists[column]
        if len(known) < number:
            known = self._lists[column] = list(self._codes[column])
        return known[number - 1]

    def numbers(self, attribute: str) -> NDArray[np.float64]:
        """Values of an ordinal attribute by their vocabulary number; NaN for what is no number."""
        values = self._codes[INDEX[attribute]]
        return np.array([np.nan, *(v if isinstance(v, int) else np.nan for v in values)])

    def to_lists(self) -> list[list[Value]]:
        """All values, by attribute, for storing."""
        return [list(codes) for codes in self._codes]


class FeatureEncoder:
    """Claims in the order of their submission -> `FeatureBatch`, remembering as it goes."""

    def __init__(self, rows: RowMaker, vocabulary: Vocabulary) -> None:
        self.rows = rows
        self.vocabulary = vocabulary

    def encode(
        self,
        claims: Iterable[Claim],
        *,
        grow: bool = False,
        remember: bool = True,
        before: Callable[[int, Claim, ClaimKeys], None] | None = None,
    ) -> FeatureBatch:
        """Encode claims; each sees the ones before it, in this call and in earlier ones.

        Without ``remember`` they leave no trace, and do not see each other.
        ``grow`` adds unseen values to the vocabulary (training only). ``before`` is called with
        a claim's position and keys before its values are taken: training hands the memory the
        answers that had arrived by then.
        """
        past = self.rows.past
        table: list[list[Value]] = []
        owner: list[int] = []
        first: list[int] = []
        lags: list[int] = []
        charged: list[bool] = []
        for number, claim in enumerate(claims):
            keys = past.keys(claim)
            if before is not None:
                before(number, claim, keys)
            rows, lag = self.rows.rows(claim, keys)
            first.append(len(table))
            table.extend(rows)
            owner.extend([number] * len(rows))
            charged.extend([x.charge > CENT for x in claim.lines] or [claim.charge > CENT])
            lags.append(lag)
            if remember:
                past.observe_submission(keys, claim.submitted)
        values = (
            self.vocabulary.encode(table, grow=grow)
            if table
            else np.zeros((0, len(ATTRIBUTES)), np.int32)
        )
        return FeatureBatch(
            values,
            np.array(owner, np.int32),
            np.array(first, np.int32),
            np.array(lags, np.int32),
            np.array(charged, bool),
        )


def ordinal_table(values: NDArray[np.int32], vocabulary: Vocabulary) -> NDArray[np.float64]:
    """`ORDINALS` as numbers ``[rows, ordinals]``; NaN where a value was never seen."""
    columns = []
    for name in ORDINALS:
        known = vocabulary.numbers(name)
        columns.append(known[values[:, INDEX[name]]])
    return np.stack(columns, axis=1)
