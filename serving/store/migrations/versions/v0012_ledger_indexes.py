"""Indexes of ledger entries hold only those that are looked up by them: posting writes less."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Makes two of them anew, with a condition."""
    op.drop_index("ix_ledger_entries_reverses", "ledger_entries")
    op.drop_index("ix_ledger_entries_practice_payment", "ledger_entries")
    for name, columns, condition in (
        ("ix_ledger_entries_reverses", ["reverses"], "reverses IS NOT NULL"),
        ("ix_ledger_entries_practice_payment", ["practice", "payment"], "encounter = ''"),
    ):
        where = sa.text(condition)
        op.create_index(name, "ledger_entries", columns, sqlite_where=where, postgresql_where=where)
