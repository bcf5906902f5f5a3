"""What a file holds, by its first bytes."""

import csv
import re
from typing import Literal

from models.claims.tabular_columns import table_of

Form = Literal["X12", "CSV", "JSONL", "Parquet"]

HEAD = 1 << 16
"""Bytes that `form_of` wants to see."""

_ISA = re.compile(r"ISA([^\w\s])\w{0,3}\s*\1")
_RECORD = re.compile(r'"type"\s*:\s*"(?:claim|payment|acknowledgement|set_acknowledgement)"')
_X12_SUFFIXES = (".837", ".837p", ".835", ".277", ".277ca", ".999", ".x12", ".edi")


def form_of(head: bytes, name: str, named: bool) -> tuple[Form | None, str]:
    r"""Form of a file that begins with ``head``, or ``None`` and what it is instead.

    X12 may have any text before its ISA. A file that only pretends to be X12, by its suffix,
    counts as X12 too: its reader says best what is wrong. So does any table that the user
    gave by name (``named``).

    >>> form_of(b"ISA*00*", "a.txt", True)[0], form_of(b"claim_id,denied\n", "a.csv", False)
    ('X12', (None, 'a table with other columns than those of claims'))
    """
    if head.startswith(b"PAR1"):
        return "Parquet", ""
    utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = head.decode("utf-16" if utf16 else "utf-8-sig", "replace")
    begin = text.lstrip()
    if begin.startswith("{"):
        if _RECORD.search(text):
            return "JSONL", ""
        return None, "JSON without the type of a claim, payment or acknowledgement"
    if _ISA.search(text[:4096]) or name.lower().endswith(_X12_SUFFIXES):
        return "X12", ""
    first = begin.splitlines()[0] if begin else ""
    delimiter = max(",;\t", key=first.count)
    columns = next(csv.reader([first], delimiter=delimiter), [])
    if table_of([x.strip().lower() for x in columns]):
        return "CSV", ""
    if len(columns) > 1 and name.lower().endswith((".csv", ".tsv")):
        return ("CSV" if named else None), "a table with other columns than those of claims"
    return None, "no claim data"
