"""The first schema: transmissions, claims, remittances, scores, outcomes, keys, audit."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def moment() -> sa.DateTime:
    """A moment in UTC."""
    return sa.DateTime(timezone=True)


def row_id() -> sa.types.TypeEngine[int]:
    """An ascending row number."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates every table, the audit log's triggers and the rows that must be there."""
    create_tables()
    guard_audit()
    op.bulk_insert(
        sa.table("installation", sa.column("name", sa.String), sa.column("value", sa.LargeBinary)),
        [{"name": "fingerprint_key", "value": secrets.token_bytes(32)}],
    )
    op.bulk_insert(
        sa.table(
            "audit_head",
            sa.column("id", sa.Integer),
            sa.column("sequence", sa.BigInteger),
            sa.column("hash", sa.LargeBinary),
        ),
        [{"id": 1, "sequence": 0, "hash": bytes(32)}],
    )


def guard_audit() -> None:
    """The audit log takes new rows and nothing else."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit BEGIN "
                "SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            )
        op.execute(
            "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN "
            "SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION firstpass_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    for table, verbs in (
        ("audit", "UPDATE OR DELETE OR TRUNCATE"),
        ("audit_head", "DELETE OR TRUNCATE"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {verbs} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION firstpass_append_only()"
        )


def create_tables() -> None:
    """Every table with its keys and indexes."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("practices", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("max_body_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created", moment(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires", moment(), nullable=True),
        sa.Column("revoked", moment(), nullable=True),
        sa.Column("last_used", moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", row_id(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("time", moment(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
        sa.UniqueConstraint("uid", name="uq_audit_uid"),
    )
    op.create_index("ix_audit_actor", "audit", ["actor"])
    op.create_index("ix_audit_record", "audit", ["record"])
    op.create_index("ix_audit_time", "audit", ["time"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("input", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("claims_done", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("checkpoint", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("lease_until", moment(), nullable=True),
        sa.Column("created", moment(), nullable=False),
        sa.Column("started", moment(), nullable=True),
        sa.Column("finished", moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.UniqueConstraint("owner", "idempotency_key", name="uq_batches_owner_idempotency_key"),
    )
    op.create_index("ix_batches_status", "batches", ["status"])
    op.create_table(
        "claims",
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("body", name="pk_claims"),
    )
    op.create_table(
        "found_edits",
        sa.Column("score", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edit", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("score", "position", name="pk_found_edits"),
    )
    op.create_index("ix_found_edits_edit", "found_edits", ["edit"])
    op.create_table(
        "installation",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation"),
    )
    op.create_table(
        "payer_rules",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("learnt", sa.LargeBinary(), nullable=False),
        sa.Column("edited", sa.LargeBinary(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided", moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("updated", moment(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payer_rules"),
        sa.UniqueConstraint("practice", "key", name="uq_payer_rules_practice_key"),
    )
    op.create_table(
        "practices",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("npi", sa.String(), nullable=False),
        sa.Column("tax_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("outcomes_at", sa.BigInteger(), nullable=False),
        sa.Column("outcomes_time", moment(), nullable=True),
        sa.PrimaryKeyConstraint("practice", name="pk_practices"),
    )
    op.create_index("ix_practices_npi", "practices", ["npi"])
    op.create_index("ix_practices_tax_id", "practices", ["tax_id"])
    op.create_table(
        "transmissions",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("started", moment(), nullable=False),
        sa.Column("finished", moment(), nullable=True),
        sa.Column("practices", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("problems", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transmissions"),
        sa.UniqueConstraint("sha256", name="uq_transmissions_sha256"),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("transmission", row_id(), nullable=False),
        sa.Column("segment_number", sa.Integer(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transmission"], ["transmissions.id"], name="fk_acknowledgements_transmission"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_acknowledgements"),
        sa.UniqueConstraint("key", name="uq_acknowledgements_key"),
    )
    op.create_index("ix_acknowledgements_claim_id", "acknowledgements", ["claim_id"])
    op.create_index("ix_acknowledgements_practice", "acknowledgements", ["practice"])
    op.create_table(
        "payments",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("payee_npi", sa.String(), nullable=False),
        sa.Column("payee_tax_id", sa.String(), nullable=False),
        sa.Column("trace", sa.String(), nullable=False),
        sa.Column("originator", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("answered", sa.Date(), nullable=False),
        sa.Column("transmission", row_id(), nullable=False),
        sa.Column("segment_number", sa.Integer(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transmission"], ["transmissions.id"], name="fk_payments_transmission"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_payments"),
    )
    op.create_index("ix_payments_practice", "payments", ["practice"])
    op.create_index("ix_payments_trace", "payments", ["trace"])
    op.create_table(
        "scores",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("uid", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("responsibility", sa.String(), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("charge", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("expected_loss", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("risky", sa.Boolean(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("history_version", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["body"], ["claims.body"], name="fk_scores_body"),
        sa.PrimaryKeyConstraint("id", name="pk_scores"),
        sa.UniqueConstraint("uid", name="uq_scores_uid"),
    )
    op.create_index("ix_scores_practice_claim_id", "scores", ["practice", "claim_id"])
    op.create_index("ix_scores_practice_created", "scores", ["practice", "created"])
    op.create_index("ix_scores_request_id", "scores", ["request_id"])
    op.create_table(
        "submissions",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("submitted", sa.Date(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("responsibility", sa.String(), nullable=False),
        sa.Column("filing_indicator", sa.String(), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("charge", sa.BigInteger(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        sa.Column("transmission", row_id(), nullable=False),
        sa.Column("segment_number", sa.Integer(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.ForeignKeyConstraint(["body"], ["claims.body"], name="fk_submissions_body"),
        sa.ForeignKeyConstraint(
            ["transmission"], ["transmissions.id"], name="fk_submissions_transmission"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("body", "submitted", name="uq_submissions_body_submitted"),
    )
    op.create_index("ix_submissions_practice_claim_id", "submissions", ["practice", "claim_id"])
    op.create_index("ix_submissions_practice_patient", "submissions", ["practice", "patient"])
    op.create_index("ix_submissions_practice_submitted", "submissions", ["practice", "submitted"])
    op.create_table(
        "outcomes",
        sa.Column("submission", row_id(), autoincrement=False, nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mature", sa.Boolean(), nullable=False),
        sa.Column("denied", sa.Boolean(), nullable=True),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("carcs", sa.JSON(), nullable=False),
        sa.Column("answered", sa.Date(), nullable=True),
        sa.Column("received", moment(), nullable=True),
        sa.Column("charge", sa.BigInteger(), nullable=False),
        sa.Column("denied_charge", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("allowed", sa.BigInteger(), nullable=False),
        sa.Column("overturned", sa.Boolean(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name="fk_outcomes_submission"),
        sa.PrimaryKeyConstraint("submission", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_practice", "outcomes", ["practice"])
    op.create_table(
        "remittances",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("payment", sa.LargeBinary(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("payer_control_number", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("charge", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("transmission", row_id(), nullable=False),
        sa.Column("segment_number", sa.Integer(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["payment"], ["payments.key"], name="fk_remittances_payment"),
        sa.ForeignKeyConstraint(
            ["transmission"], ["transmissions.id"], name="fk_remittances_transmission"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_remittances"),
        sa.UniqueConstraint("key", name="uq_remittances_key"),
    )
    op.create_index("ix_remittances_claim_id", "remittances", ["claim_id"])
    op.create_index("ix_remittances_payer_control_number", "remittances", ["payer_control_number"])
    op.create_index("ix_remittances_payment", "remittances", ["payment"])
    op.create_table(
        "scored_outcomes",
        sa.Column("submission", row_id(), autoincrement=False, nullable=False),
        sa.Column("score", sa.LargeBinary(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("risky", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("expected_loss", sa.Float(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission"], ["submissions.id"], name="fk_scored_outcomes_submission"
        ),
        sa.PrimaryKeyConstraint("submission", "score", name="pk_scored_outcomes"),
    )
    op.create_index(
        "ix_scored_outcomes_practice_model_version",
        "scored_outcomes",
        ["practice", "model_version"],
    )
