"""Users and their sessions, drafts of claims, notes and the decisions of their reviewers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def moment() -> sa.DateTime:
    """A moment in UTC."""
    return sa.DateTime(timezone=True)


def row_id() -> sa.types.TypeEngine[int]:
    """An ascending row number."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables of the pages."""
    op.create_table(
        "users",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("practices", sa.JSON(), nullable=True),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("disabled", moment(), nullable=True),
        sa.Column("last_seen", moment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_index("ix_users_subject", "users", ["subject"])
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("seen", moment(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_sessions_user"),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_table(
        "drafts",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("loaded", sa.LargeBinary(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_name", sa.String(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("charge", sa.BigInteger(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("updated", moment(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("scored_revision", sa.Integer(), nullable=False),
        sa.Column("scored_by", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("expected_loss", sa.Float(), nullable=False),
        sa.Column("preventable", sa.Float(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("protects", sa.Float(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("assessment", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sa.UniqueConstraint("token", name="uq_drafts_token"),
        sa.UniqueConstraint("practice", "claim_id", name="uq_drafts_practice_claim_id"),
    )
    op.create_index(
        "ix_drafts_practice_state_preventable", "drafts", ["practice", "state", "preventable"]
    )
    op.create_index("ix_drafts_state_scored_by", "drafts", ["state", "scored_by"])
    op.create_table(
        "draft_changes",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("draft", row_id(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("probability_before", sa.Float(), nullable=True),
        sa.Column("probability_after", sa.Float(), nullable=True),
        sa.Column("scored_by", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["drafts.id"], name="fk_draft_changes_draft"),
        sa.PrimaryKeyConstraint("id", name="pk_draft_changes"),
    )
    op.create_index("ix_draft_changes_draft", "draft_changes", ["draft"])
    op.create_table(
        "notes",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("note_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("specialty", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("codes", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("suggestions", sa.LargeBinary(), nullable=True),
        sa.Column("certainty", sa.Float(), nullable=False),
        sa.Column("submitted", moment(), nullable=True),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("practice", "note_id", name="uq_notes_practice_note_id"),
        sa.UniqueConstraint("token", name="uq_notes_token"),
    )
    op.create_index("ix_notes_practice_claim_id", "notes", ["practice", "claim_id"])
    op.create_index(
        "ix_notes_practice_state_certainty", "notes", ["practice", "state", "certainty"]
    )
    op.create_index("ix_notes_state_model_version", "notes", ["state", "model_version"])
    op.create_table(
        "decisions",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("note", row_id(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("begin", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("replaces", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("suggestion", sa.LargeBinary(), nullable=True),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("undoes", row_id(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.ForeignKeyConstraint(["note"], ["notes.id"], name="fk_decisions_note"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_created", "decisions", ["created"])
    op.create_index("ix_decisions_note", "decisions", ["note"])
    op.create_table(
        "note_readers",
        sa.Column("note", row_id(), autoincrement=False, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("seen", moment(), nullable=False),
        sa.ForeignKeyConstraint(["note"], ["notes.id"], name="fk_note_readers_note"),
        sa.PrimaryKeyConstraint("note", "reader", name="pk_note_readers"),
    )
