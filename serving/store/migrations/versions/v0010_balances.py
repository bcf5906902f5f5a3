"""Accounts of patients with their stops, letters and plans, and claims without an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def row_id(name: str = "id") -> sa.Column[int]:
    """A column of ascending row numbers."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False)


def reference(name: str) -> sa.Column[int]:
    """A column that names a row by its number."""
    return sa.Column(name, sa.Integer(), nullable=False)


def texts(*names: str) -> list[sa.Column[str]]:
    """Columns of text that is always there."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def long_text(name: str) -> sa.Column[str]:
    """A column of free text."""
    return sa.Column(name, sa.Text(), nullable=False)


def numbers(*names: str) -> list[sa.Column[int]]:
    """Columns of small whole numbers."""
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def dollars(*names: str) -> list[sa.Column[int]]:
    """Columns of whole cents."""
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def day(name: str, nullable: bool = True) -> sa.Column[object]:
    """A column of a date."""
    return sa.Column(name, sa.Date(), nullable=nullable)


def moment(name: str, nullable: bool = False) -> sa.Column[object]:
    """A column of a moment in UTC."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def listing(name: str) -> sa.Column[object]:
    """A column of a list."""
    return sa.Column(name, sa.JSON(), nullable=False)


def to_account(table: str) -> sa.ForeignKeyConstraint:
    """The constraint that a row belongs to an account."""
    return sa.ForeignKeyConstraint(
        ["account"], ["patient_accounts.id"], name=f"fk_{table}_account_patient_accounts"
    )


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "balance_states",
        *texts("practice"),
        sa.Column("done", sa.BigInteger(), nullable=False),
        day("as_of"),
        moment("time"),
        sa.PrimaryKeyConstraint("practice", name="pk_balance_states"),
    )
    create_accounts()
    create_decisions()
    create_unanswered()


def create_accounts() -> None:
    """Accounts and their services."""
    op.create_table(
        "patient_accounts",
        row_id(),
        *texts("token", "practice"),
        sa.Column("patient", sa.LargeBinary(), nullable=False),
        *texts("initials"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *texts("claim_id"),
        day("died"),
        *dollars("owed", "billable", "credit"),
        *numbers("services"),
        day("oldest"),
        *texts("step"),
        day("due"),
        long_text("why"),
        sa.ForeignKeyConstraint(["body"], ["claims.body"], name="fk_patient_accounts_body_claims"),
        sa.PrimaryKeyConstraint("id", name="pk_patient_accounts"),
        sa.UniqueConstraint("token", name="uq_patient_accounts_token"),
        sa.UniqueConstraint("practice", "patient", name="uq_patient_accounts_practice_patient"),
    )
    op.create_index(
        "ix_patient_accounts_practice_step_owed", "patient_accounts", ["practice", "step", "owed"]
    )
    op.create_index("ix_patient_accounts_step_owed", "patient_accounts", ["step", "owed"])
    op.create_table(
        "patient_services",
        *texts("practice", "encounter"),
        *numbers("line"),
        reference("account"),
        listing("holds"),
        *dollars("paid_at_visit"),
        to_account("patient_services"),
        sa.PrimaryKeyConstraint("practice", "encounter", "line", name="pk_patient_services"),
    )
    op.create_index("ix_patient_services_account", "patient_services", ["account"])


def create_decisions() -> None:
    """What persons decide."""
    op.create_table(
        "collection_stops",
        row_id(),
        reference("account"),
        *texts("kind"),
        long_text("reason"),
        *texts("set_by"),
        moment("created"),
        moment("lifted", nullable=True),
        *texts("lifted_by"),
        long_text("lift_reason"),
        to_account("collection_stops"),
        sa.PrimaryKeyConstraint("id", name="pk_collection_stops"),
    )
    op.create_index("ix_collection_stops_account", "collection_stops", ["account"])
    op.create_table(
        "patient_letters",
        row_id(),
        reference("account"),
        *numbers("number", "version"),
        *texts("kind"),
        long_text("text"),
        *dollars("amount"),
        listing("services"),
        *texts("written_by"),
        moment("created"),
        day("sent"),
        *texts("sent_by", "way"),
        to_account("patient_letters"),
        sa.PrimaryKeyConstraint("id", name="pk_patient_letters"),
        sa.UniqueConstraint(
            "account", "number", "version", name="uq_patient_letters_account_number_version"
        ),
    )
    op.create_table(
        "payment_plans",
        row_id(),
        reference("account"),
        *dollars("total"),
        listing("instalments"),
        listing("services"),
        *dollars("paid_before"),
        day("begun", nullable=False),
        long_text("reason"),
        *texts("made_by"),
        moment("created"),
        day("ended"),
        *texts("ended_by"),
        long_text("end_reason"),
        to_account("payment_plans"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_plans"),
    )
    op.create_index("ix_payment_plans_account", "payment_plans", ["account"])


def create_unanswered() -> None:
    """Claims without an answer."""
    op.create_table(
        "unanswered_claims",
        reference("submission"),
        *texts("practice", "claim_id", "payer", "payer_name", "stage"),
        *dollars("charge"),
        day("submitted", nullable=False),
        *numbers("age", "usual_days", "overdue"),
        day("syntax_accepted"),
        day("accepted"),
        *texts("control"),
        listing("notes"),
        sa.ForeignKeyConstraint(
            ["submission"], ["submissions.id"], name="fk_unanswered_claims_submission_submissions"
        ),
        sa.PrimaryKeyConstraint("submission", name="pk_unanswered_claims"),
    )
    op.create_index(
        "ix_unanswered_claims_practice_stage_charge",
        "unanswered_claims",
        ["practice", "stage", "charge"],
    )
