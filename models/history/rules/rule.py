"""A payer rule as learnt: what it says, what it rests on, and which lines it concerns."""

import hashlib
from collections.abc import Collection
from typing import Literal

import msgspec

from models.claims.claim import Claim
from models.errors import InputError
from models.history.payers import plain_id, plain_name
from models.history.rules.facts import LineFacts
from models.history.rules.kinds import beyond, conditions, load_kinds, measure


class Support(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Counts for one procedure (``""``: any) and value: lines answered, and denied so."""

    code: str
    value: str
    denied: int
    answered: int


class PayerRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A readable rule of one payer towards one practice; holds no claim number and no day.

    ``codes`` are the procedures that it concerns (none: all), ``values`` what makes it apply
    (diagnoses, partners, places, ... by ``kind``), ``limit`` its threshold. ``denied`` of
    ``answered`` lines that meet the condition were denied with ``carc`` (and ``rarc``);
    ``confidence`` is that share, ``low`` and ``high`` its 95 % Wilson interval;
    ``control_denied`` of ``control_answered`` comparable lines without the condition were.
    Months are ``YYYY-MM``: ``first_seen`` and ``last_seen`` of the denials; ``began`` and
    ``ended`` where the payer changed its mind within the history, else ``""``. ``holds``: it
    has not ended. ``payers`` are the plain ids and names by which claims name the payer.
    ``severity`` and ``advice`` (which goes before the kind's remedy) are a person's to set.
    """

    practice: str
    payer: str
    payer_name: str
    payers: tuple[str, ...]
    kind: str
    codes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    limit: int | None = None
    carc: str
    rarc: str = ""
    category: str
    denied: int
    answered: int
    confidence: float
    low: float
    high: float
    control_denied: int
    control_answered: int
    first_seen: str
    last_seen: str
    began: str = ""
    ended: str = ""
    holds: bool = True
    support: tuple[Support, ...] = ()
    severity: Literal["warning", "error"] = "warning"
    advice: str = ""

    @property
    def key(self) -> str:
        """Names the rule the same way at every run, whatever its figures."""
        kind = load_kinds()[self.kind]
        own = self.codes if kind.scope in ("pair", "threshold") else ()
        values = self.values if kind.scope in ("value", "each") else ()
        text = "|".join((self.payer, self.kind, *own, *values, self.carc, self.rarc))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def words(self) -> str:
        """The rule in one sentence, with what it rests on."""
        return f"{self.condition}: {self.denied} of {self.answered}{self.period}"

    @property
    def condition(self) -> str:
        """What the payer denies, and how it says so.

        Read with its figures by `words`: "UNITED CHOICE denies 73721 without an authorization
        number (CARC 197): 41 of 44 since 2025-11".
        """
        what = ", ".join(self.codes) or "any service"
        remark = f", RARC {self.rarc}" if self.rarc else ""
        name = self.payer_name or self.payer
        return f"{name} denies {what} {self._told('words')} (CARC {self.carc}{remark})"

    @property
    def remedy(self) -> str:
        """What a person may truthfully do, in one sentence."""
        return self.advice or self._told("remedy")

    def _told(self, field: str) -> str:
        template: str = getattr(load_kinds()[self.kind], field)
        limit = self.limit
        values = ", ".join(self.values)
        return template.format(values=values, limit="" if limit is None else limit)

    @property
    def period(self) -> str:
        """Since when, and until when, in words."""
        since = f" since {self.began or self.first_seen}"
        return f"{since} until {self.ended}" if self.ended else since

    def concerns(self, claim: Claim) -> bool:
        """Whether the claim goes to this payer, first in line, from this practice."""
        return (
            claim.practice == self.practice
            and claim.responsibility == "P"
            and not payer_tokens(claim).isdisjoint(self.payers)
        )

    def broken_by(self, line: LineFacts) -> bool:
        """Whether a line meets the condition under which the payer denies."""
        kind = load_kinds()[self.kind]
        if self.codes and line.code not in self.codes:
            return False
        if self.limit is not None:
            return beyond(kind, measure(kind, line), self.limit)
        found: Collection[tuple[str, str]] = tuple(conditions(kind, line))
        if not self.values:
            return bool(found)
        return any(value in self.values for _, value in found)


def payer_tokens(claim: Claim) -> frozenset[str]:
    """By what a claim names its payer: the number, or the name where there is none."""
    number = plain_id(claim.payer.id)
    return frozenset((number or plain_name(claim.payer.name),))


_DECODER = msgspec.json.Decoder(PayerRule)
_ENCODER = msgspec.json.Encoder()


def encode_rule(rule: PayerRule) -> bytes:
    """A rule as JSON."""
    return _ENCODER.encode(rule)


def decode_rule(content: bytes) -> PayerRule:
    """A rule from JSON, for instance as a person edited it.

    Raises:
        InputError: it is no rule; the text names the field and never repeats a value.
    """
    try:
        rule = _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        where = str(error).rpartition(" - at ")[2].strip("`")
        place = where if where.startswith("$") else "its beginning"
        raise InputError(f"this is no payer rule: look at {place} of its JSON") from error
    kind = load_kinds().get(rule.kind)
    if kind is None:
        raise InputError(f"kind is unknown; allowed: {', '.join(load_kinds())}")
    if ("threshold" in kind.scope) != (rule.limit is not None):
        need = "needs a limit" if rule.limit is None else "takes no limit"
        raise InputError(f"a rule of kind {kind.name} {need}")
    if kind.scope in ("code", "value", "pair", "exclusion", "threshold") and not rule.codes:
        raise InputError(f"a rule of kind {kind.name} needs procedure codes")
    return rule
