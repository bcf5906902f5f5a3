"""Rows of an Excel workbook, read as a stream with the standard library alone."""

import re
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.etree import ElementTree as ET

from models.errors import InputError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LETTERS = re.compile(r"[A-Z]+")


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether a zip archive is an Excel workbook."""
    return "xl/workbook.xml" in archive.namelist()


def workbook_rows(archive: zipfile.ZipFile) -> Iterator[list[str]]:
    """Rows of every sheet, in order; cells as text, whole numbers without a decimal point.

    Raises:
        InputError: a part of the workbook is damaged.
    """
    try:
        names = archive.namelist()
        strings: list[str] = []
        if "xl/sharedStrings.xml" in names:
            with archive.open("xl/sharedStrings.xml") as file:
                strings = list(_shared_strings(file))
        sheets = [n for n in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)]
        for name in sorted(sheets, key=lambda n: int(re.sub(r"\D", "", n))):
            with archive.open(name) as file:
                yield from _sheet_rows(file, strings)
    except (ET.ParseError, zipfile.BadZipFile, IndexError, ValueError, EOFError) as error:
        raise InputError(f"damaged Excel workbook: {error}") from error


def _shared_strings(file: IO[bytes]) -> Iterator[str]:
    for _, element in ET.iterparse(file):
        if element.tag == _MAIN + "si":
            # Phonetic hints (rPh) hold text too, which is not part of the cell.
            yield "".join(
                t.text or ""
                for part in element
                if part.tag in (_MAIN + "t", _MAIN + "r")
                for t in part.iter(_MAIN + "t")
            )
            element.clear()


def _sheet_rows(file: IO[bytes], strings: list[str]) -> Iterator[list[str]]:
    for _, element in ET.iterparse(file):
        if element.tag != _MAIN + "row":
            continue
        row: list[str] = []
        for cell in element.iterfind(_MAIN + "c"):
            place = _column(cell.get("r", "")) if cell.get("r") else len(row)
            row.extend([""] * (place - len(row)))
            row.append(_cell(cell, strings))
        element.clear()
        yield row


def _column(reference: str) -> int:
    match = _LETTERS.match(reference)
    number = 0
    for letter in match[0] if match else "":
        number = number * 26 + ord(letter) - 64
    if not 0 < number <= 16_384:
        raise ValueError("a cell has no column")
    return number - 1


def _cell(cell: ET.Element, strings: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(_MAIN + "t")).strip()
    value = cell.findtext(_MAIN + "v") or ""
    if kind == "s":
        return strings[int(value)].strip() if value else ""
    if kind == "n" and re.fullmatch(r"-?\d+\.0+", value):
        return value.partition(".")[0]
    return value.strip()
