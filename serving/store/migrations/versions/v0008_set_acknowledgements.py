"""Responses to transaction sets (999), and the control numbers by which they know claims."""

import sqlalchemy as sa
from alembic import op

from serving.store.columns import RowId, UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Creates the table; claims loaded before keep no control numbers."""
    for name in ("interchange", "group_number", "transaction_number"):
        op.add_column(
            "submissions", sa.Column(name, sa.String(), nullable=False, server_default="")
        )
    op.create_index(
        "ix_submissions_submitted_group_number", "submissions", ["submitted", "group_number"]
    )
    op.create_table(
        "set_acknowledgements",
        sa.Column("id", RowId, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("group_number", sa.String(), nullable=False),
        sa.Column("transaction_number", sa.String(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("transmission", sa.Integer(), nullable=False),
        sa.Column("segment_number", sa.Integer(), nullable=False),
        sa.Column("created", UtcTime(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transmission"],
            ["transmissions.id"],
            name="fk_set_acknowledgements_transmission_transmissions",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_set_acknowledgements"),
        sa.UniqueConstraint("key", name="uq_set_acknowledgements_key"),
    )
    op.create_index("ix_set_acknowledgements_practice", "set_acknowledgements", ["practice"])
