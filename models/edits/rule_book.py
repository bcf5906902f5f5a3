"""Payer rules that a person accepted, acting as edits beside the deterministic ones.

They lie in ``FIRSTPASS_HOME/tables/payer_rules.json``: the store writes the file when somebody
decides, the service and the command line read it. It holds no claim number.
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.errors import InputError
from models.history.rules import PayerRule
from models.history.rules.rule import payer_tokens

FILE = "payer_rules.json"
"""In the tables' folder."""


class AcceptedRule(msgspec.Struct, frozen=True):
    """A rule under the number that the store gave it."""

    id: int
    rule: PayerRule


class PayerRuleBook:
    """Accepted rules, found by the claim's payer.

    >>> bool(PayerRuleBook())
    False
    """

    def __init__(self, rules: Sequence[AcceptedRule] = ()) -> None:
        """``rules`` in any order."""
        self.rules = tuple(sorted(rules, key=lambda r: r.id))
        self._by_payer: dict[str, list[AcceptedRule]] = {}
        for accepted in self.rules:
            for token in accepted.rule.payers:
                self._by_payer.setdefault(token, []).append(accepted)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def of(self, claim: Claim) -> list[AcceptedRule]:
        """Rules that concern the claim's payer and practice."""
        (token,) = payer_tokens(claim)
        return [a for a in self._by_payer.get(token, ()) if a.rule.concerns(claim)]


def save_rule_book(folder: Path, rules: Iterable[AcceptedRule]) -> bool:
    """Write the file anew where it differs; whether it did. ``folder``: that of the tables."""
    content = msgspec.json.encode(sorted(rules, key=lambda r: r.id))
    path = folder / FILE
    try:
        if path.read_bytes() == content:
            return False
    except OSError:
        if content == b"[]":
            return False
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=".payer_rules-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise
    return True


def load_rule_book(folder: Path) -> PayerRuleBook:
    """The accepted rules; an empty book where nothing was accepted.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return PayerRuleBook()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror})") from error
    try:
        return PayerRuleBook(msgspec.json.decode(content, type=list[AcceptedRule]))
    except (msgspec.MsgspecError, KeyError) as error:
        raise InputError(
            f"{path.name} is damaged: delete it, and 'firstpass rules' writes it anew"
        ) from error
