"""Drafts: claims that were not submitted yet, what was said about them, and who changed what."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, insert, select, update

from models.claims.claim import Claim
from models.errors import InputError
from serving.store.columns import now
from serving.store.database import Database, insert_new
from serving.store.draft_types import EXPORTED, OPEN, Assessment, Draft, DraftChange, version_key
from serving.store.errors import ConflictError, NotFoundError
from serving.store.filing import claim_columns
from serving.store.identity import body_key, column_text, encode, patient_fingerprint
from serving.store.practices import Practices
from serving.store.tables import (
    ClaimRow,
    DraftChangeRow,
    DraftRow,
    InstallationRow,
    SubmissionRow,
)

_MANY = 500
_claim: msgspec.json.Decoder[Claim] = msgspec.json.Decoder(Claim)
_assessment: msgspec.json.Decoder[Assessment] = msgspec.json.Decoder(Assessment)


class Drafts:
    """Drafts by practice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, claims: Iterable[Claim], actor: str, who: str) -> tuple[int, int, int]:
        """Keeps claims as drafts; (new, replaced, passed over).

        A claim that came before is replaced where its content differs, and passed over where it
        does not, so that a person's changes stay. One that was submitted as it is, is no draft.
        """
        new = replaced = same = 0
        chunk: list[Claim] = []

        def store(portion: Sequence[Claim]) -> None:
            nonlocal new, replaced, same
            found = self._database.transact(lambda c: self._load(c, portion, actor, who))
            new, replaced, same = new + found[0], replaced + found[1], same + found[2]

        for claim in claims:
            chunk.append(claim)
            if len(chunk) >= _MANY:
                store(chunk)
                chunk = []
        if chunk:
            store(chunk)
        return new, replaced, same

    def _load(
        self, connection: Connection, claims: Sequence[Claim], actor: str, who: str
    ) -> tuple[int, int, int]:
        Practices(connection).note(claims)
        key = bytes(
            connection.execute(
                select(InstallationRow.value).where(InstallationRow.name == "fingerprint_key")
            ).scalar_one()
        )
        moment = now()
        new = replaced = same = 0
        for claim in claims:
            if _was_submitted(connection, claim):
                same += 1
                continue
            content = encode(claim)
            row = {
                **draft_columns(claim),
                "token": secrets.token_urlsafe(12),
                "state": OPEN,
                "payload": content,
                "loaded": content,
                "patient": patient_fingerprint(claim, key),
                "created": moment,
                "updated": moment,
                "updated_by": actor,
                "revision": 0,
                **_UNSCORED,
            }
            if insert_new(connection, DraftRow, [row]):
                new += 1
                continue
            known = connection.execute(
                select(DraftRow).where(
                    DraftRow.practice == row["practice"], DraftRow.claim_id == row["claim_id"]
                )
            ).one()
            if body_key(_claim.decode(known.loaded)) == body_key(claim):
                same += 1
                continue
            replaced += 1
            connection.execute(
                update(DraftRow)
                .where(DraftRow.id == known.id)
                .values(
                    **draft_columns(claim),
                    state=OPEN,
                    payload=content,
                    loaded=content,
                    updated=moment,
                    updated_by=actor,
                    revision=DraftRow.revision + 1,
                )
            )
            _note(connection, known, actor, who, "loaded", "", "came again with other content")
        return new, replaced, same

    def get(self, token: str, practices: Sequence[str] | None) -> Draft:
        """One draft.

        Raises:
            NotFoundError: there is none, or not of these practices.
        """
        query = select(DraftRow).where(DraftRow.token == token)
        if practices is not None:
            query = query.where(DraftRow.practice.in_(practices))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("there is no such draft: the worklist shows those that there are")
        return _draft(row)

    def changes(self, draft: int) -> list[DraftChange]:
        """What was done to a draft, oldest first."""
        columns = [getattr(DraftChangeRow, x) for x in DraftChange.__struct_fields__]
        query = select(*columns).where(DraftChangeRow.draft == draft).order_by(DraftChangeRow.id)
        with self._database.read() as connection:
            return [DraftChange(*row) for row in connection.execute(query)]

    def before(self, draft: int, change: int) -> Claim:
        """The claim as it was before a change.

        Raises:
            NotFoundError: the draft has no such change.
        """
        query = select(DraftChangeRow.before).where(
            DraftChangeRow.draft == draft, DraftChangeRow.id == change
        )
        with self._database.read() as connection:
            payload = connection.execute(query).scalar()
        if payload is None:
            raise NotFoundError("this draft has no such change")
        return _claim.decode(payload)

    def change(
        self,
        draft: Draft,
        claim: Claim,
        assessment: Assessment | None,
        *,
        actor: str,
        who: str,
        kind: str,
        field: str,
        words: str,
    ) -> None:
        """Puts ``claim`` in the draft's place, with its new assessment, and writes who did it.

        Raises:
            ConflictError: somebody else changed the draft since it was looked at.
            InputError: the claim's number or practice would change.
        """
        if (claim.claim_id, claim.practice) != (draft.claim.claim_id, draft.claim.practice):
            raise InputError("a draft keeps its claim number and its billing provider")
        before = draft.assessment.risk.denial_probability if draft.assessment else None
        after = assessment.risk.denial_probability if assessment else None
        values: dict[str, Any] = {
            **draft_columns(claim),
            "payload": encode(claim),
            "updated": now(),
            "updated_by": actor,
            "revision": draft.revision + 1,
            "state": OPEN,
        }
        if assessment is not None:
            values |= assessment_columns(assessment, draft.revision + 1)

        def work(connection: Connection) -> int:
            done = connection.execute(
                update(DraftRow)
                .where(DraftRow.id == draft.id, DraftRow.revision == draft.revision)
                .values(**values)
            ).rowcount
            if done:
                connection.execute(
                    insert(DraftChangeRow).values(
                        draft=draft.id,
                        actor=actor,
                        who=column_text(who),
                        kind=kind,
                        field=field,
                        words=column_text(words),
                        before=encode(draft.claim),
                        probability_before=before,
                        probability_after=after,
                        scored_by=_version(assessment) if assessment else "",
                        created=now(),
                    )
                )
            return done

        if self._database.transact(work) != 1:
            raise ConflictError("somebody else changed this claim in the meantime: look again")

    def to_score(self, version: str, limit: int) -> list[Draft]:
        """Open drafts that this version did not score as they stand."""
        fresh = and_(DraftRow.scored_by == version, DraftRow.scored_revision == DraftRow.revision)
        query = (
            select(DraftRow).where(DraftRow.state == OPEN, ~fresh).order_by(DraftRow.id)
        ).limit(limit)
        with self._database.read() as connection:
            return [_draft(row) for row in connection.execute(query)]

    def past(self, practice: str, patient: bytes, limit: int = 50) -> list[Claim]:
        """The patient's latest submitted claims, for edits that look across claims."""
        query = (
            select(ClaimRow.payload)
            .join(SubmissionRow, SubmissionRow.body == ClaimRow.body)
            .where(SubmissionRow.practice == practice, SubmissionRow.patient == patient)
            .order_by(SubmissionRow.submitted.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_claim.decode(x) for x in connection.execute(query).scalars()]

    def keep(self, scored: Sequence[tuple[Draft, Assessment]]) -> None:
        """Keeps assessments of drafts that did not change since they were read."""

        def work(connection: Connection) -> None:
            for draft, assessment in scored:
                connection.execute(
                    update(DraftRow)
                    .where(DraftRow.id == draft.id, DraftRow.revision == draft.revision)
                    .values(**assessment_columns(assessment, draft.revision))
                )

        self._database.transact(work)

    def export(
        self, tokens: Sequence[str], practices: Sequence[str] | None, actor: str, who: str
    ) -> list[Claim]:
        """Open drafts by token, marked as exported; submission is seen when the 837 is loaded.

        Raises:
            NotFoundError: one of them is not there.
        """
        drafts = [self.get(token, practices) for token in tokens]

        def work(connection: Connection) -> None:
            for draft in drafts:
                row = connection.execute(select(DraftRow).where(DraftRow.id == draft.id)).one()
                connection.execute(
                    update(DraftRow).where(DraftRow.id == draft.id).values(state=EXPORTED)
                )
                _note(connection, row, actor, who, "exported", "", "written to an 837P file")

        self._database.transact(work)
        return [draft.claim for draft in drafts]

    def changed(self, practices: Sequence[str] | None) -> list[str]:
        """Tokens of the open drafts that a person changed, oldest first."""
        query = (
            select(DraftRow.token)
            .join(DraftChangeRow, DraftChangeRow.draft == DraftRow.id)
            .where(DraftRow.state == OPEN, DraftChangeRow.kind.in_(("field", "fix")))
            .where(DraftRow.payload != DraftRow.loaded)
            .group_by(DraftRow.token, DraftRow.id)
            .order_by(DraftRow.id)
        )
        if practices is not None:
            query = query.where(DraftRow.practice.in_(practices))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


def draft_columns(claim: Claim) -> dict[str, Any]:
    """What is searched and listed of a draft's claim."""
    columns = claim_columns(claim)
    rendering = claim.rendering or claim.billing
    names = [rendering.first_name, rendering.name]
    return {
        **{k: columns[k] for k in ("practice", "claim_id", "payer", "charge", "service_date")},
        "payer_name": column_text(claim.payer.name or claim.payer.id),
        "provider": column_text(rendering.npi),
        "provider_name": column_text(" ".join(x for x in names if x) or rendering.npi),
        "initials": column_text(claim.patient.first_name[:1] + claim.patient.last_name[:1]),
    }


def assessment_columns(assessment: Assessment, revision: int) -> dict[str, Any]:
    """What is searched and listed of an assessment."""
    risk = assessment.risk
    best = max(assessment.fixes, key=lambda x: x.protects, default=None)
    return {
        "scored_revision": revision,
        "scored_by": _version(assessment),
        "probability": risk.denial_probability,
        "expected_loss": risk.expected_loss,
        "preventable": assessment.preventable,
        "category": risk.category,
        "reason": column_text(assessment.reason),
        "fix": column_text(best.words) if best else "",
        "protects": best.protects if best else 0.0,
        "deadline": assessment.deadline,
        "errors": sum(x.severity == "error" for x in assessment.edits),
        "warnings": sum(x.severity == "warning" for x in assessment.edits),
        "assessment": encode(assessment),
    }


def _version(assessment: Assessment) -> str:
    risk = assessment.risk
    return version_key(risk.model_version, risk.history_version, assessment.edition)


_UNSCORED: dict[str, Any] = {
    "scored_revision": -1,
    "scored_by": "",
    "probability": 0.0,
    "expected_loss": 0.0,
    "preventable": 0.0,
    "category": "",
    "reason": "",
    "fix": "",
    "protects": 0.0,
    "deadline": None,
    "errors": 0,
    "warnings": 0,
    "assessment": None,
}


def _was_submitted(connection: Connection, claim: Claim) -> bool:
    query = select(SubmissionRow.id).where(
        SubmissionRow.practice == column_text(claim.practice),
        SubmissionRow.claim_id == column_text(claim.claim_id),
        SubmissionRow.body == body_key(claim),
    )
    return connection.execute(query.limit(1)).scalar() is not None


def _note(
    connection: Connection, row: Any, actor: str, who: str, kind: str, field: str, words: str
) -> None:
    probability = row.probability if row.scored_revision >= 0 else None
    connection.execute(
        insert(DraftChangeRow).values(
            draft=row.id,
            actor=actor,
            who=column_text(who),
            kind=kind,
            field=field,
            words=words,
            before=row.payload,
            probability_before=probability,
            probability_after=None,
            scored_by=row.scored_by,
            created=now(),
        )
    )


def _draft(row: Any) -> Draft:
    return Draft(
        row.id,
        row.token,
        row.practice,
        row.state,
        _claim.decode(row.payload),
        _claim.decode(row.loaded),
        row.revision,
        row.scored_revision,
        row.updated,
        row.updated_by,
        row.created,
        bytes(row.patient),
        _decoded(row.assessment),
    )


def _decoded(payload: bytes | None) -> Assessment | None:
    """What was said; nothing where an earlier version of this program said it in another form."""
    try:
        return None if payload is None else _assessment.decode(payload)
    except msgspec.MsgspecError:
        return None
