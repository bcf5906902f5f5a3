"""``firstpass import``: official and licensed tables, in the form that their publisher ships."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.console import Json, progress, show, words

if TYPE_CHECKING:
    from models.edits.importing import ImportReport


class Kind(StrEnum):
    """Tables that can be imported; `models.edits.importing.TITLES` says more of each."""

    NCCI = "ncci"
    MUE = "mue"
    ADDON = "addon"
    MPFS = "mpfs"
    GPCI = "gpci"
    CONTRACT = "contract"
    LCD = "lcd"
    HCPCS = "hcpcs"
    CPT = "cpt"
    ICD10 = "icd10"
    ICD10_INDEX = "icd10-index"
    CARC = "carc"
    CODES = "codes"


class Program(StrEnum):
    """Whose edition of NCCI or MUE it is."""

    MEDICARE = "medicare"
    MEDICAID = "medicaid"


def import_tables(
    kind: Annotated[Kind, typer.Argument(help="What the files are.", show_default=False)],
    files: Annotated[
        list[Path],
        typer.Argument(help="zip, xlsx, txt, csv, xml(.gz), parquet.", dir_okay=False, exists=True),
    ],
    effective: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="First day it holds for; by default what its name tells."
        ),
    ] = None,
    program: Annotated[
        Program | None, typer.Option(help="NCCI and MUE: whose edition; by default Medicare's.")
    ] = None,
    system: Annotated[
        str, typer.Option(metavar="NAME", help="codes: the system that they are of.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Forget the rows held for the same day.")
    ] = False,
    json: Json = False,
) -> None:
    """Take an official or licensed table into FIRSTPASS_HOME/tables.

    Files of one table may be given together (NCCI comes in four). The same file again changes
    nothing. What is not imported keeps its edits silent. Codes of any other system are taken
    from CSV or text with their name: --system ICD-9-CM.

    Example: firstpass import ncci ccipra-v301r0-f1.zip ccipra-v301r0-f2.zip
    """
    import datetime as dt

    from models.edits.importing import import_table
    from models.errors import InputError

    day = None
    if effective is not None:
        try:
            day = dt.date.fromisoformat(effective)
        except ValueError as error:
            raise typer.BadParameter(
                "give a date as YYYY-MM-DD", param_hint="--effective"
            ) from error
    reports: list[ImportReport] = []
    failed = False
    with progress() as report:
        for number, path in enumerate(files):
            report(f"reading {path.name}", number, len(files))
            try:
                # Parts of one import add up; only the first of them may clear the table.
                clear = replace and not any(r.changed for r in reports)
                reports.append(
                    import_table(
                        kind.value,
                        path,
                        effective=day,
                        program=program.value if program else "",
                        system=system,
                        replace=clear,
                    )
                )
            except InputError as error:
                failed = True
                words().print(str(error), style="red", markup=False)
    show(reports, "\n".join(_lines(r) for r in reports), as_json=json)
    if failed:
        raise typer.Exit(1)


def _lines(report: "ImportReport") -> str:
    from models.edits.importing import TITLES

    name = " ".join(filter(None, (TITLES[report.kind], report.edition, report.program)))
    since = f", effective {report.effective}" if report.effective else ""
    if not report.changed:
        return f"{name}{since}: nothing to do, this file is in already ({report.total:,} rows held)"
    lines = [f"{name}{since}: took {report.rows:,} rows, {report.total:,} rows held"]
    lines += [f"  took {member}" for member in report.taken]
    lines += [f"  left out {what}: {why}" for what, why in report.left_out]
    return "\n".join(lines)
