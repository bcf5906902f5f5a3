"""Payer rules: what was learnt, and what a person decided about it."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, select, update

from models.errors import InputError
from serving.store.columns import now
from serving.store.database import Database, insert_new
from serving.store.errors import ConflictError, NotFoundError
from serving.store.identity import column_text
from serving.store.tables import PayerRuleRow

PROPOSED, ACCEPTED, EDITED, DISMISSED = "proposed", "accepted", "edited", "dismissed"
DECISIONS = (ACCEPTED, EDITED, DISMISSED, PROPOSED)
"""What a person may decide; ``proposed`` takes a decision back."""


class LearntRule(msgspec.Struct, frozen=True):
    """A rule as learnt: ``key`` names its condition the same way at every run.

    ``content`` is the rule's own JSON (condition, words, support, confidence, first and last
    seen), as the learner defines it; it must hold no claim number. ``evidence`` is JSON of the
    claim lines behind it, which never leaves the practice.
    """

    key: str
    payer: str
    content: bytes
    evidence: bytes = b"[]"


class Learnt(msgspec.Struct, frozen=True):
    """What learning anew did to the kept rules; ``gone``: proposals that no longer show."""

    found: int
    new: int
    gone: int


class KeptRule(msgspec.Struct, frozen=True):
    """A rule with its decision; ``active`` ones act as edits, by ``content``.

    ``learnt`` is renewed by every learning, ``edited`` is the rule as it was accepted or as a
    person edited it.
    """

    id: int
    practice: str
    key: str
    payer: str
    status: str
    learnt: bytes
    edited: bytes | None
    decided_by: str
    decided: dt.datetime | None
    reason: str
    created: dt.datetime
    updated: dt.datetime
    revision: int

    @property
    def active(self) -> bool:
        """Whether a person let it act."""
        return self.status in (ACCEPTED, EDITED)

    @property
    def content(self) -> bytes:
        """The rule as it acts: as it was accepted or edited, else as learnt."""
        return self.edited if self.active and self.edited else self.learnt


# Not the evidence: it is long, and most who ask for rules do not ask for it.
_COLUMNS = [column for column in PayerRuleRow.__table__.columns if column.name != "evidence"]


class PayerRules:
    """Rules by practice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def learn(
        self, practice: str, rules: Sequence[LearntRule], *, complete: bool = False
    ) -> Learnt:
        """Adds new rules and renews the figures of known ones.

        Decisions stay: a dismissed rule is not proposed again, an accepted or edited one goes on
        as it was. ``complete``: these are all rules that show, so proposals that are not among
        them are dropped.
        """
        moment = now()

        def work(connection: Connection) -> Learnt:
            new = gone = 0
            if complete:
                keys = {column_text(rule.key) for rule in rules}
                mine = PayerRuleRow.practice == practice
                left = connection.execute(
                    select(PayerRuleRow.key).where(mine, PayerRuleRow.status == PROPOSED)
                ).scalars()
                for key in sorted(set(left) - keys):
                    connection.execute(
                        delete(PayerRuleRow).where(
                            mine, PayerRuleRow.key == key, PayerRuleRow.status == PROPOSED
                        )
                    )
                    gone += 1
            for rule in sorted(rules, key=lambda x: x.key):
                row = {
                    "practice": practice,
                    "key": column_text(rule.key),
                    "payer": column_text(rule.payer),
                    "status": PROPOSED,
                    "learnt": rule.content,
                    "evidence": rule.evidence,
                    "decided_by": "",
                    "reason": "",
                    "created": moment,
                    "updated": moment,
                    "revision": 0,
                }
                if insert_new(connection, PayerRuleRow, [row]):
                    new += 1
                    continue
                connection.execute(
                    update(PayerRuleRow)
                    .where(
                        PayerRuleRow.practice == practice,
                        PayerRuleRow.key == row["key"],
                        PayerRuleRow.learnt != rule.content,
                    )
                    .values(learnt=rule.content, evidence=rule.evidence, updated=moment)
                )
            return Learnt(len(rules), new, gone)

        return self._database.transact(work)

    def list(
        self,
        practices: Sequence[str] | None,
        *,
        status: str | None = None,
        payer: str | None = None,
    ) -> list[KeptRule]:
        """Rules of these practices (``None``: all), by practice, payer and key."""
        query = select(*_COLUMNS).order_by(
            PayerRuleRow.practice, PayerRuleRow.payer, PayerRuleRow.key
        )
        if practices is not None:
            query = query.where(PayerRuleRow.practice.in_(practices))
        if status is not None:
            query = query.where(PayerRuleRow.status == status)
        if payer is not None:
            query = query.where(PayerRuleRow.payer == payer)
        with self._database.read() as connection:
            return [_rule(row) for row in connection.execute(query)]

    def get(self, rule_id: int, practices: Sequence[str] | None = None) -> KeptRule:
        """One rule.

        Raises:
            NotFoundError: there is none, or not of these practices.
        """
        query = select(*_COLUMNS).where(PayerRuleRow.id == rule_id)
        if practices is not None:
            query = query.where(PayerRuleRow.practice.in_(practices))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError("no payer rule has this id")
            return _rule(row)

    def evidence(self, rule_id: int, practices: Sequence[str] | None = None) -> bytes:
        """JSON of the claim lines behind a rule as it was last learnt.

        Raises:
            NotFoundError: as `get`.
        """
        self.get(rule_id, practices)
        query = select(PayerRuleRow.evidence).where(PayerRuleRow.id == rule_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar() or b"[]"

    def decide(
        self,
        rule_id: int,
        status: str,
        actor: str,
        *,
        reason: str = "",
        edited: bytes | None = None,
        revision: int | None = None,
        practices: Sequence[str] | None = None,
    ) -> KeptRule:
        """Keeps a person's decision. ``revision``: the one that was looked at, where known.

        Raises:
            InputError: unknown status, or ``edited`` content missing or out of place.
            ConflictError: somebody else decided in between.
            NotFoundError: as `get`.
        """
        if status not in DECISIONS:
            raise InputError(f"status={status!r} is unknown; allowed: {', '.join(DECISIONS)}")
        if (status == EDITED) != (edited is not None):
            raise InputError("status 'edited' needs the edited rule, and no other status takes one")
        before = self.get(rule_id, practices)
        wanted = [PayerRuleRow.id == rule_id]
        if revision is not None:
            wanted.append(PayerRuleRow.revision == revision)
        if status == ACCEPTED:
            edited = before.learnt  # what was looked at: later learning must not change it
            wanted.append(PayerRuleRow.learnt == before.learnt)
        changed = self._database.transact(
            lambda c: (
                c.execute(
                    update(PayerRuleRow)
                    .where(*wanted)
                    .values(
                        status=status,
                        edited=edited,
                        decided_by=column_text(actor),
                        decided=now(),
                        reason=column_text(reason),
                        revision=PayerRuleRow.revision + 1,
                    )
                ).rowcount
            )
        )
        if changed != 1:
            raise ConflictError("somebody else decided on this rule in the meantime: look again")
        return self.get(rule_id, practices)


def _rule(row: object) -> KeptRule:
    return msgspec.convert(row, KeptRule, from_attributes=True)
