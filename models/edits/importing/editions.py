"""Editions and first days that publishers' file names tell."""

import datetime as dt
import re

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def edition_of(kind: str, name: str) -> tuple[str, dt.date | None]:
    """Edition and first day that a publisher's file name tells.

    >>> edition_of("ncci", "ccipra-v301r0-f1.txt")
    ('v30.1', datetime.date(2024, 4, 1))
    >>> edition_of("mue", "MCR_MUE_PractitionerServices_Eff_01-01-2026.csv")
    ('', datetime.date(2026, 1, 1))
    """
    words = name.lower()
    if match := re.search(r"eff\w*[-_ ]+(\d{1,2})[-_](\d{1,2})[-_](20\d\d)", words):
        return "", dt.date(int(match[3]), int(match[1]), int(match[2]))
    if match := re.search(r"v(20\d\d)q([1-4])", words):
        return f"{match[1]}Q{match[2]}", dt.date(int(match[1]), int(match[2]) * 3 - 2, 1)
    if kind == "ncci" and (match := re.search(r"v(\d\d)([0-3])r\d", words)):
        # Version 30 is 2024's; its digit counts the quarters from 0.
        day = dt.date(1994 + int(match[1]), int(match[2]) * 3 + 1, 1)
        return f"v{match[1]}.{match[2]}", day
    if kind == "mpfs" and (match := re.search(r"rvu(?:20)?(\d\d)([a-d])\b", words)):
        return "", dt.date(2000 + int(match[1]), "abcd".index(match[2]) * 3 + 1, 1)
    month = re.search(r"(?<![a-z])(" + "|".join(_MONTHS) + r")[a-z]*(?![a-z])", words)
    year = re.search(r"(?:^|[^0-9])(20\d\d)(?![0-9])", words)
    short = re.search(r"rvu(\d\d)(?!\d)", words)
    if month and (year or short):
        number = int(year[1]) if year else 2000 + int(short[1]) if short else 0
        return "", dt.date(number, _MONTHS.index(month[1]) + 1, 1)
    return "", None
