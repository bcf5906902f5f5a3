"""Denials as work: items, what was done about them, and the packets that were made."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def texts(*names: str) -> list[sa.Column[str]]:
    """Columns of text that is always there."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def numbers(*names: str) -> list[sa.Column[int]]:
    """Columns of small whole numbers."""
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def moments(*names: str) -> list[sa.Column[object]]:
    """Columns of moments in UTC."""
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in names]


def data(name: str, nullable: bool = False) -> sa.Column[bytes]:
    """A column of bytes."""
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "work_states",
        *texts("practice"),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        *texts("model"),
        *moments("time"),
        sa.PrimaryKeyConstraint("practice", name="pk_work_states"),
    )
    create_items()
    op.create_table(
        "work_notes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *texts("practice", "item", "kind"),
        sa.Column("words", sa.Text(), nullable=False),
        *texts("actor", "who"),
        *moments("created"),
        sa.PrimaryKeyConstraint("id", name="pk_work_notes"),
    )
    op.create_index("ix_work_notes_practice_item", "work_notes", ["practice", "item"])
    create_packets()


def create_items() -> None:
    """The items themselves."""
    op.create_table(
        "work_items",
        *texts("practice", "key", "claim_id"),
        *numbers("line"),
        sa.Column("submission", sa.BigInteger(), nullable=False),
        *texts("encounter"),
        *numbers("service"),
        *texts("kind", "payer", "payer_name", "code", "category", "gap", "carc"),
        sa.Column("warned", sa.Boolean(), nullable=True),
        sa.Column("denied_on", sa.Date(), nullable=False),
        *texts("action", "route"),
        sa.Column("deadline", sa.Date(), nullable=True),
        *(sa.Column(x, sa.BigInteger(), nullable=False) for x in ("charge", "at_stake")),
        *(
            sa.Column(x, sa.Float(), nullable=False)
            for x in ("probability", "hours", "worth", "rate")
        ),
        data("payload"),
        data("digest"),
        *texts("state", "outcome", "closed_by"),
        sa.Column("settled", sa.Date(), nullable=True),
        sa.Column("recovered", sa.BigInteger(), nullable=False),
        *texts("assigned_to"),
        data("draft", nullable=True),
        *numbers("revision"),
        *moments("created", "updated"),
        sa.PrimaryKeyConstraint("practice", "key", name="pk_work_items"),
    )
    op.create_index("ix_work_items_practice_claim_id", "work_items", ["practice", "claim_id"])
    op.create_index("ix_work_items_state_rate", "work_items", ["state", "rate"])


def create_packets() -> None:
    """Packets and their files."""
    op.create_table(
        "packets",
        *texts("practice", "claim_id"),
        *numbers("version"),
        *texts("action"),
        data("digest"),
        data("payload"),
        *texts("actor", "who"),
        *moments("created"),
        sa.PrimaryKeyConstraint("practice", "claim_id", "version", name="pk_packets"),
    )
    op.create_table(
        "packet_files",
        *texts("practice", "claim_id"),
        *numbers("version"),
        *texts("name"),
        data("content"),
        sa.PrimaryKeyConstraint("practice", "claim_id", "version", "name", name="pk_packet_files"),
    )
