"""Payer rules keep the claims behind them; practices remember how far rules were learnt."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the columns; rules are learnt again at the next occasion."""
    with op.batch_alter_table("payer_rules") as table:
        table.add_column(sa.Column("evidence", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("practices") as table:
        table.add_column(
            sa.Column("rules_at", sa.BigInteger(), nullable=False, server_default=sa.text("-1"))
        )
        table.add_column(sa.Column("rules_time", sa.DateTime(timezone=True), nullable=True))
