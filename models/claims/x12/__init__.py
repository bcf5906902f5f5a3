"""X12: 837P claims, 835 remittances, 277CA and 999 answers, read and written as streams."""

from models.claims.x12.context import Item, SkippedTransaction
from models.claims.x12.reader import read_x12
from models.claims.x12.write_277ca import write_277ca
from models.claims.x12.write_835 import write_835
from models.claims.x12.write_837p import write_837p
from models.claims.x12.write_999 import write_999
from models.claims.x12.writer import Envelope

__all__ = [
    "Envelope",
    "Item",
    "SkippedTransaction",
    "read_x12",
    "write_277ca",
    "write_835",
    "write_837p",
    "write_999",
]
