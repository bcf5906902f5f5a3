"""KPIs are kept as columns of numbers: the next look at a practice works them out anew."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Makes the table of states anew, with the cube in it."""
    op.drop_table("kpi_facts")
    op.drop_table("kpi_states")
    op.create_table(
        "kpi_states",
        sa.Column("practice", sa.String(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("cube", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("practice", name="pk_kpi_states"),
    )
