"""Imports an ICD-10-CM release: CMS's order file, the tabular XML, or the zip that has either."""

import datetime as dt
import re
from pathlib import Path

from models.codes.icd10cm import SHIPPED, load_icd10cm
from models.codes.icd10cm_file import Release, build, read_core, read_texts, tabular_of, write
from models.codes.icd10cm_source import Tabular, parse_order, parse_tabular
from models.codes.store import ICD10_FILE
from models.edits.importing.forms import parts_of
from models.errors import InputError


def release_days(name: str) -> tuple[dt.date, dt.date] | None:
    """First and last day of the release that a file name tells: a fiscal year, or from a month.

    >>> release_days("icd10cm_order_2027.txt")[0].isoformat()
    '2026-10-01'
    >>> release_days("icd10cm-tabular-April-1-2026.xml")[0].isoformat()
    '2026-04-01'
    """
    year = re.search(r"(?<!\d)(20\d\d)(?!\d)", name)
    if year is None:
        return None
    number = int(year[1])
    month = re.search(r"(?i)(?<![a-z])(jan|apr|oct)", name)
    if month is None:
        begin = dt.date(number - 1, 10, 1)
    else:
        begin = dt.date(number, {"jan": 1, "apr": 4, "oct": 10}[month[1].lower()], 1)
    return begin, dt.date(begin.year + (begin.month >= 10), 9, 30)


def read_release(path: Path, left_out: list[tuple[str, str]]) -> tuple[Tabular, str]:
    """The release of a file, and the name of the part that tells its year.

    An order file decides which codes exist; the tabular list brings notes and hierarchy.

    Raises:
        InputError: neither is in the file.
    """
    order = tabular = None
    name = ""
    for part in parts_of(path, left_out):
        if part.xml:
            try:
                tabular = parse_tabular(part.xml)
                name = name or part.name
            except InputError as error:
                left_out.append((part.name, str(error)))
            continue
        if order is not None or "addenda" in part.name.lower():
            left_out.append((part.name, "not the order file"))
            continue
        try:
            order = parse_order("\n".join(row[0] if len(row) == 1 else "" for row in part.rows))
            name = part.name
        except InputError as error:
            left_out.append((part.name, str(error)))
    if tabular is None and order is None:
        raise InputError(
            f"{path.name}: holds neither the ICD-10-CM order file nor the tabular list (XML)"
        )
    if tabular is None or order is None:
        return order or tabular or Tabular(), name
    tabular.titles = order.titles | tabular.titles
    tabular.codes, tabular.billable = order.codes, order.billable
    return tabular, name


def import_icd10(
    path: Path,
    folder: Path,
    digest: str,
    effective: dt.date | None,
    left_out: list[tuple[str, str]],
) -> tuple[Release, int, bool]:
    """Merge a release into the table under ``folder``: the release, its billable codes, changed.

    Raises:
        InputError: not a release, or it does not tell from when it holds.
    """
    target = folder / ICD10_FILE
    source = target if target.exists() else SHIPPED
    core = read_core(source)
    for number, held in enumerate(core.releases):
        if held.sha256 == digest and effective in (None, held.effective):
            bit = 1 << (16 + number)
            count = sum(f & bit != 0 for f in memoryview(core.flags).cast("Q"))
            return held, count, False
    tabular, name = read_release(path, left_out)
    days = release_days(name) or release_days(path.name)
    if effective is not None:
        end = dt.date(effective.year + (effective.month >= 10), 9, 30)
        days = (effective, days[1] if days and days[1] >= effective else end)
    if days is None:
        raise InputError(f"{path.name}: its name tells no year; give --effective YYYY-MM-DD")
    release = Release(days[0], days[1], f"release of {days[0]:%B %Y}", f"imported {name}", digest)
    others = [p for p in tabular_of(core, read_texts(source)) if p[0].effective != days[0]]
    folder.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".new")
    write(aside, *build([*others, (release, tabular)]))
    aside.replace(target)
    load_icd10cm.cache_clear()
    return release, len(tabular.billable), True
