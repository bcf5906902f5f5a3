"""Payers under their two names: NM1*PR of the claim, N1*PR / REF*2U / TRN03 of the remittance.

The crosswalk is learnt from remittances that match a claim beyond doubt; a user may export it,
edit it and give it back.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

from models.claims.claim import Claim, Payer
from models.claims.remittance import Payment
from models.errors import InputError

Token = tuple[str, str]
"""(kind, value): one name by which a payer goes."""

CLAIM_KINDS = ("claim_id", "claim_name")
REMITTANCE_KINDS = ("remittance_2u", "remittance_id", "remittance_name", "remittance_trn03")
COLUMNS = ("kind", "value", "payer", "claims")

# One stray match must not tie two payers together, nor few sightings keep them apart.
_ENOUGH = 5
_SHARE = 0.02

_FILLERS = frozenset(("INC", "LLC", "CO", "CORP", "CORPORATION", "COMPANY", "THE", "OF"))


class PayerFit(IntEnum):
    """How well a remittance's payer agrees with a claim's."""

    OTHER = -1
    UNKNOWN = 0
    SAME = 1


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """A payer name for comparison: upper case, letters and digits, without legal forms.

    >>> plain_name("The Acme Health Plan, Inc.")
    'ACME HEALTH PLAN'
    """
    words = re.findall(r"[A-Z0-9]+", name.upper())
    return " ".join(x for x in words if x not in _FILLERS) or " ".join(words)


@lru_cache(maxsize=1 << 14)
def plain_id(value: str) -> str:
    """A payer number for comparison: upper case, no leading zeros.

    >>> plain_id("0060054")
    '60054'
    """
    return value.strip().upper().lstrip("0")


def payment_tokens(payment: Payment) -> tuple[Token, ...]:
    """Names of the remitting payer, the most telling first."""
    found = [
        ("remittance_2u", plain_id(r.value))
        for r in payment.payer_references
        if r.qualifier == "2U"
    ]
    found += [
        ("remittance_id", plain_id(payment.payer_id)),
        ("remittance_name", plain_name(payment.payer_name)),
        ("remittance_trn03", plain_id(payment.originator)),
    ]
    return tuple(x for x in found if x[1])


class PayerCrosswalk:
    """Which claim payer a remittance payer is.

    A payer's key is its number on the claim (NM109 of NM1*PR), else its plain name; a user's
    rows may set any key.
    """

    def __init__(self, overrides: Iterable[tuple[Token, str]] = ()) -> None:
        """``overrides``: (token, payer key) as `read_crosswalk` gives them."""
        self._fixed = dict(overrides)
        self._claims: dict[Token, Counter[str]] = {}
        self._seen: dict[Token, Counter[str]] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._ids_of_name: dict[str, set[str]] = {}
        self._fits: dict[tuple[tuple[Token, ...], str], PayerFit] = {}

    def note_claim_payers(self, payers: Iterable[Payer]) -> None:
        """Learns which names go with which numbers, before any `key` is asked."""
        pairs = {(plain_name(p.name), plain_id(p.id)) for p in payers if p.id and p.name}
        for name, number in pairs:
            self._ids_of_name.setdefault(name, set()).add(number)

    def key(self, payer: Payer) -> str:
        """Key of a claim's payer."""
        wanted = (payer.id, payer.name)
        found = self._keys.get(wanted)
        if found is None:
            found = self._keys[wanted] = self._find_key(plain_id(payer.id), plain_name(payer.name))
        return found

    def _find_key(self, number: str, name: str) -> str:
        for token in (("claim_id", number), ("claim_name", name)):
            if token[1] and token in self._fixed:
                return self._fixed[token]
        if number:
            return number
        numbers = self._ids_of_name.get(name, set())
        return next(iter(numbers)) if len(numbers) == 1 else name

    def learn(self, payment: Payment, claim: Claim) -> None:
        """Counts one claim that this payment's payer surely answered."""
        key = self.key(claim.payer)
        for token in payment_tokens(payment):
            self._seen.setdefault(token, Counter())[key] += 1
        for kind, value in (
            ("claim_id", plain_id(claim.payer.id)),
            ("claim_name", plain_name(claim.payer.name)),
        ):
            if value:
                self._claims.setdefault((kind, value), Counter())[key] += 1
        self._fits.clear()

    def fit(self, tokens: tuple[Token, ...], claim: Claim) -> PayerFit:
        """Whether the remittance payer with these names is the one that the claim asks."""
        key = self.key(claim.payer)
        wanted = (tokens, key)
        found = self._fits.get(wanted)
        if found is None:
            found = self._fits[wanted] = self._learnt_fit(tokens, key)
        if found is PayerFit.SAME or self._named(tokens, claim.payer):
            return PayerFit.SAME
        if any(p.payer is not None and self._named(tokens, p.payer) for p in claim.other_payers):
            return PayerFit.OTHER
        return found

    def _learnt_fit(self, tokens: tuple[Token, ...], key: str) -> PayerFit:
        fixed = [self._fixed[t] for t in tokens if t in self._fixed]
        if fixed:
            return PayerFit.SAME if key in fixed else PayerFit.OTHER
        known = False
        for token in tokens:
            counts = self._seen.get(token)
            if counts is None or (total := counts.total()) < _ENOUGH:
                continue
            known = True
            if counts[key] > max(1, total * _SHARE):
                return PayerFit.SAME
        return PayerFit.OTHER if known else PayerFit.UNKNOWN

    @staticmethod
    def _named(tokens: tuple[Token, ...], payer: Payer) -> bool:
        number, name = plain_id(payer.id), plain_name(payer.name)
        return any(
            (number and value == number) if kind != "remittance_name" else (name and value == name)
            for kind, value in tokens
        )

    def remittance_key(self, payment: Payment) -> str:
        """Key of a payment's payer: as learnt, else its own number or name."""
        tokens = payment_tokens(payment)
        for token in tokens:
            if token in self._fixed:
                return self._fixed[token]
        for token in tokens:
            counts = self._seen.get(token)
            if counts:
                return counts.most_common(1)[0][0]
        return tokens[0][1] if tokens else ""

    def rows(self) -> Iterator[tuple[str, str, str, int]]:
        """Rows of `COLUMNS`: what was learnt and what the user fixed, ordered."""
        learnt = {**self._claims, **self._seen}
        for token in sorted({*learnt, *self._fixed}):
            if token in self._fixed:
                total = learnt[token].total() if token in learnt else 0
                yield (*token, self._fixed[token], total)
                continue
            for key, count in sorted(learnt[token].items()):
                yield (*token, key, count)

    def write(self, path: Path) -> None:
        """Writes the crosswalk as CSV, fit for editing and for `read_crosswalk`."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(self.rows())


def read_crosswalk(path: Path) -> list[tuple[Token, str]]:
    """A user's crosswalk rows: columns kind, value, payer (claims is ignored).

    Where a learnt export lists one token with several payers, those rows fix nothing: only
    tokens with a single payer do.

    Raises:
        InputError: unreadable file, unknown column or kind (the text lists those allowed).
    """
    kinds = (*CLAIM_KINDS, *REMITTANCE_KINDS)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a UTF-8 CSV file ({error})") from error
    reader = csv.DictReader(text.splitlines())
    header = reader.fieldnames or []
    wrong = [x for x in header if x not in COLUMNS]
    missing = [x for x in COLUMNS[:3] if x not in header]
    if wrong or missing:
        what = f"unknown column {wrong[0]!r}" if wrong else f"column {missing[0]!r} is missing"
        raise InputError(f"{path}: {what}; allowed: {', '.join(COLUMNS)}")
    found: dict[Token, set[str]] = {}
    for row in reader:
        kind, value = (row["kind"] or "").strip(), row["value"] or ""
        if kind not in kinds:
            raise InputError(
                f"{path}, line {reader.line_num}: kind={kind!r} is unknown; "
                f"allowed: {', '.join(kinds)}"
            )
        plain = plain_name(value) if kind.endswith("_name") else plain_id(value)
        found.setdefault((kind, plain), set()).add((row["payer"] or "").strip())
    return [(token, next(iter(keys))) for token, keys in found.items() if len(keys) == 1]
