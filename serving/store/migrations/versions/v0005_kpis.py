"""KPIs worked out beforehand: the cube, and what it was worked out from."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEYS = ("practice", "level", "kpi", "month", "payer", "provider", "location", "specialty")


def upgrade() -> None:
    """Creates the two tables."""
    op.create_table(
        "kpi_states",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("practice", name="pk_kpi_states"),
    )
    op.create_table(
        "kpi_facts",
        *(sa.Column(name, sa.String(), nullable=False) for name in KEYS),
        sa.Column("numerator", sa.Float(), nullable=False),
        sa.Column("denominator", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(*KEYS, name="pk_kpi_facts"),
    )
