"""Which records a table's rows are made of, outermost first, and what tells them apart."""

from functools import cache
from typing import NamedTuple

import msgspec

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim, ServiceLine
from models.claims.remittance import Payment, Remittance, RemittanceLine
from models.claims.tabular_columns import COLUMNS, Column, TableName

Record = Claim | Payment | Acknowledgement


class Level(NamedTuple):
    """One kind of record in a table; ``identity`` columns tell two records apart."""

    name: str
    type: type[msgspec.Struct]
    children: str = ""
    identity: tuple[str, ...] = ()
    position: str = ""
    needs: tuple[str, ...] = ()  # columns that no record of the level can do without


LEVELS: dict[TableName, tuple[Level, ...]] = {
    "claims": (
        Level(
            "claim", Claim, "lines", ("claim_id", "submitted", "responsibility", "frequency"),
            needs=("claim_id", "submitted", "claim_charge"),
        ),
        Level("line", ServiceLine, position="line_number", needs=("line_charge",)),
    ),
    "remittances": (
        Level(
            "payment", Payment, "remittances",
            ("payment_date", "payment_amount", "trace", "payer_name", "payer_id", "payee_npi"),
            needs=("payment_date",),
        ),
        Level(
            "claim", Remittance, "lines",
            ("claim_id", "status", "payer_control_number", "claim_charge", "claim_paid"),
            "claim_position", ("claim_id", "status", "claim_charge", "claim_paid"),
        ),
        Level(
            "line", RemittanceLine, position="line_position", needs=("line_charge", "line_paid")
        ),
    ),
    "acknowledgements": (
        Level("claim", Acknowledgement, needs=("claim_id", "acknowledged", "accepted")),
    ),
}  # fmt: skip
RECORD_TYPES: dict[TableName, type[Record]] = {
    "claims": Claim,
    "remittances": Payment,
    "acknowledgements": Acknowledgement,
}


@cache
def level_columns(table: TableName, level: str) -> tuple[Column, ...]:
    """The table's columns of one level, in their order."""
    return tuple(c for c in COLUMNS[table] if c.level == level)
