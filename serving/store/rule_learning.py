"""Payer rules from the store's own history, and the accepted ones to where edits read them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from sqlalchemy import select, update

from models.edits.rule_book import AcceptedRule, save_rule_book
from models.errors import InputError
from models.history import HistoryOptions
from models.history.rules import PayerRule, decode_rule, encode_rule, learn_rules
from serving.store.columns import now
from serving.store.database import Database
from serving.store.outcomes import Outcomes
from serving.store.rules import ACCEPTED, KeptRule, Learnt, LearntRule, PayerRules
from serving.store.tables import PracticeRow

#: Claim lines that are kept behind a rule, denied ones first.
MOST_LINES = 1000
#: What is printed beside a rule and is no field of it.
TOLD = ("id", "status", "reason", "key", "words", "remedy", "claims")


class RuleLearning:
    """Learns each practice's payer rules; decisions on them stay."""

    def __init__(self, database: Database, outcomes: Outcomes, rules: PayerRules) -> None:
        self._database = database
        self._outcomes = outcomes
        self._rules = rules

    def due(self, practice: str) -> bool:
        """Whether something was stored for the practice since its rules were learnt."""
        query = select(PracticeRow.changes, PracticeRow.rules_at).where(
            PracticeRow.practice == practice
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return row is not None and row.changes != row.rules_at

    def learn(
        self,
        practice: str,
        options: HistoryOptions | None = None,
        advance: Callable[[int], None] | None = None,
    ) -> Learnt:
        """Learns one practice's rules anew from everything that is stored of it.

        Takes about 0.4 ms a claim, in memory. ``advance`` is told how many submissions were read.

        Raises:
            StoreUnavailableError: the store went away.
        """
        query = select(PracticeRow.changes).where(PracticeRow.practice == practice)
        with self._database.read() as connection:
            changes = connection.execute(query).scalar()
        history = self._outcomes.history(practice, options)
        learnt = []
        for found in learn_rules(history, advance):
            lines = sorted(found.lines, key=lambda x: (not x.denied, -x.submitted.toordinal()))
            evidence = msgspec.json.encode(lines[:MOST_LINES])
            rule = found.rule
            learnt.append(LearntRule(rule.key, rule.payer, encode_rule(rule), evidence))
        done = self._rules.learn(practice, learnt, complete=True)
        self._database.transact(
            lambda c: c.execute(
                update(PracticeRow)
                .where(PracticeRow.practice == practice)
                .values(rules_at=changes, rules_time=now())
            )
        )
        return done

    def publish(self, tables: Path) -> bool:
        """Writes the rules that act as edits into the tables' folder; whether they changed."""
        return save_rule_book(tables, acting(self._rules.list(None)))


def acting(kept: Iterable[KeptRule]) -> list[AcceptedRule]:
    """Rules that act as edits.

    An accepted rule acts as it was accepted until learning says that the payer has ended it; an
    edited one acts as its editor wrote it.
    """
    found = []
    for rule in kept:
        if not rule.active:
            continue
        try:
            content = decode_rule(rule.content)
            if rule.status == ACCEPTED and not decode_rule(rule.learnt).holds:
                continue
        except InputError:
            continue  # written by a version that knew other kinds
        found.append(AcceptedRule(rule.id, content))
    return found


def _bare(content: bytes) -> bytes:
    """Without what is only told of a rule, so that what was printed can be edited and sent."""
    try:
        fields = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return content
    return msgspec.json.encode({k: v for k, v in fields.items() if k not in TOLD})


def checked_edit(kept: KeptRule, content: bytes) -> bytes:
    """A person's version of a rule, fit to be kept.

    Figures are those of the learnt rule: a person changes what a rule says, not what was seen.

    Raises:
        InputError: it is no rule, or speaks of another practice, payer or kind.
    """
    edited, learnt = decode_rule(_bare(content)), decode_rule(kept.learnt)
    for field in ("practice", "payer", "kind"):
        if getattr(edited, field) != getattr(learnt, field):
            raise InputError(f"{field} cannot be edited: dismiss the rule instead")
    figures = {
        name: getattr(learnt, name)
        for name in PayerRule.__struct_fields__
        if name not in ("codes", "values", "limit", "severity", "advice", "holds")
    }
    return encode_rule(msgspec.structs.replace(edited, **figures))
