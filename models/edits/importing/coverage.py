"""Coverage policies: which diagnoses support which procedures (LCD billing articles, NCD).

Layouts: the CSV files of CMS's Medicare Coverage Database downloads (``article_x_hcpc_code``,
``article_x_icd10_covered``, ``article_x_icd10_noncovered``), or one table with the columns
policy, procedure, diagnosis and, if wanted, covered (yes or no), effective and ended.
"""

from collections.abc import Iterator

from models.codes.hcpcs import HcpcsLevel, hcpcs_level
from models.edits.importing.forms import Part, parse_day, plain
from models.edits.importing.headings import Skipped, cell, find_heading, procedure_code
from models.edits.rows import PolicyRow

_NO = frozenset(("n", "no", "0", "false", "f"))


def read_lcd(part: Part, skipped: Skipped) -> Iterator[PolicyRow]:
    """Rows of policies, from any of the layouts."""
    name = plain(part.name)
    role = "not_covered" if "noncovered" in name else "covered"
    columns, rows = find_heading(
        part,
        {
            "policy": lambda n: n in ("policy", "articleid", "lcdid", "ncdid"),
            "procedure": lambda n: n in ("procedure", "hcpccodeid", "hcpcscode", "cpt", "hcpcs"),
            "diagnosis": lambda n: n in ("diagnosis", "icd10codeid", "icd10code", "icd10"),
            "group": lambda n: n in ("group", "hcpccodegroup", "icd10coveredgroup",
                                     "icd10noncoveredgroup"),
            "covered": lambda n: n == "covered",
            "effective": lambda n: "effective" in n,
            "ended": lambda n: n in ("ended", "end", "enddate", "retired"),
        },
        ("policy",),
    )  # fmt: skip
    if not columns or not ({"procedure", "diagnosis"} & set(columns)):
        return
    for row in rows:
        policy = cell(row, columns, "policy")
        try:
            since, until = (parse_day(cell(row, columns, f)) for f in ("effective", "ended"))
        except ValueError:
            skipped["a date cannot be read"] += 1
            continue
        procedure = procedure_code(cell(row, columns, "procedure"))
        diagnosis = cell(row, columns, "diagnosis").upper().replace(".", "")
        group = cell(row, columns, "group")
        if not policy or not (procedure or diagnosis):
            if any(row):
                skipped["no policy, or neither procedure nor diagnosis"] += 1
            continue
        if procedure and hcpcs_level(procedure) is HcpcsLevel.NEITHER:
            skipped["not of the form of a procedure code"] += 1
            continue
        if procedure and diagnosis:
            # One table with both: its own pairs are the groups.
            group = group or procedure
        if procedure:
            yield PolicyRow(policy, procedure, "procedure", group, since, until)
        if diagnosis:
            no = cell(row, columns, "covered").lower() in _NO
            yield PolicyRow(policy, diagnosis, "not_covered" if no else role, group, since, until)
