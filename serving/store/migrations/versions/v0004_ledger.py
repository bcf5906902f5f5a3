"""The ledger: entries that are only added, balances, payments, the suspense queue."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def moment() -> sa.DateTime:
    """A moment in UTC."""
    return sa.DateTime(timezone=True)


def row_id() -> sa.types.TypeEngine[int]:
    """An ascending row number."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def texts(*names: str) -> list[sa.Column[str]]:
    """Columns of text that is always there."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def dollars(*names: str) -> list[sa.Column[int]]:
    """Columns of whole cents."""
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def day(name: str, nullable: bool = False) -> sa.Column[object]:
    """A column of a date."""
    return sa.Column(name, sa.Date(), nullable=nullable)


def number(name: str) -> sa.Column[int]:
    """A column of a small whole number."""
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    """Creates the ledger's tables and the triggers that keep entries as they are."""
    op.create_table(
        "ledger_states",
        *texts("practice"),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("time", moment(), nullable=True),
        sa.PrimaryKeyConstraint("practice", name="pk_ledger_states"),
    )
    create_entries()
    op.create_table(
        "ledger_groups",
        *texts("practice", "subject", "kind", "claim_id"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "subject", name="pk_ledger_groups"),
    )
    op.create_index("ix_ledger_groups_practice_claim_id", "ledger_groups", ["practice", "claim_id"])
    create_balances()
    create_payments()
    guard_entries()


def create_entries() -> None:
    """The entries themselves."""
    op.create_table(
        "ledger_entries",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        *texts("practice", "encounter"),
        number("line"),
        day("date"),
        *texts("kind", "debit", "debit_owner", "credit", "credit_owner"),
        *dollars("amount"),
        *texts("payer", "responsibility", "submission", "payment", "control", "reason", "file"),
        number("segment_number"),
        *texts("origin", "actor"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reverses", row_id(), nullable=True),
        sa.Column("created", moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reverses"], ["ledger_entries.id"], name="fk_ledger_entries_reverses"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
    )
    for names in (["practice", "encounter"], ["practice", "payment"], ["reverses"]):
        op.create_index(f"ix_ledger_entries_{'_'.join(names)}", "ledger_entries", names)


def create_balances() -> None:
    """Services and their open parts."""
    op.create_table(
        "ledger_services",
        *texts("practice", "encounter"),
        number("line"),
        *texts("claim_id", "code", "modifiers", "place_of_service"),
        day("service_date", nullable=True),
        *texts("control_number", "provider", "payer"),
        *dollars(
            "charge", "contractual", "prior_payer", "written_off", "denial_written_off",
            "paid_primary", "paid_later", "patient_paid", "insurance", "denied", "patient",
            "taken_back",
        ),
        sa.PrimaryKeyConstraint("practice", "encounter", "line", name="pk_ledger_services"),
    )  # fmt: skip
    op.create_table(
        "ledger_open",
        *texts("practice", "encounter"),
        number("line"),
        *texts("account", "owner", "claim_id"),
        *dollars("amount"),
        day("since"),
        day("service_date", nullable=True),
        sa.PrimaryKeyConstraint(
            "practice", "encounter", "line", "account", "owner", name="pk_ledger_open"
        ),
    )


def create_payments() -> None:
    """Checks and transfers, and what is held of them."""
    op.create_table(
        "deposits",
        *texts("practice", "key", "trace", "payer", "payer_name"),
        day("date"),
        day("answered"),
        *dollars("amount", "claims", "adjustments", "difference", "suspended"),
        *texts("status", "file"),
        number("segment_number"),
        sa.PrimaryKeyConstraint("practice", "key", name="pk_deposits"),
    )
    op.create_index("ix_deposits_practice_trace", "deposits", ["practice", "trace"])
    op.create_table(
        "suspense",
        *texts("practice", "key", "deposit", "status", "reason"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("releasable", sa.Boolean(), nullable=False),
        *dollars("amount"),
        day("date"),
        *texts("payer", "payer_name", "trace", "claim_id", "control", "file"),
        number("segment_number"),
        *texts("decided_by"),
        sa.Column("decided", moment(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("created", moment(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "key", name="pk_suspense"),
    )
    op.create_index("ix_suspense_practice_status", "suspense", ["practice", "status"])


def guard_entries() -> None:
    """Entries are added and nothing else: what must go is countered."""
    words = "ledger entries are countered, never changed"
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_entries_no_{verb.lower()} BEFORE {verb} ON ledger_entries "
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION firstpass_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{words}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION firstpass_ledger_append_only()"
    )
