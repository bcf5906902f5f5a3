"""Coverage policies: imported as CMS ships them or as one table, asked by date of service."""

import datetime as dt

import msgspec
import pytest

from models.edits import EditTables, check_claim
from models.edits.coverage import CoverageTable
from models.edits.importing import import_table
from models.edits.rows import PolicyRow
from models.errors import InputError
from tests.models.edits.publishers import archive, put
from tests.models.edits.samples import DAY, claim

PROCEDURES = "article_id,article_version,hcpc_code_id,hcpc_code_group\n52000,3,93000,1\n"
COVERED = "article_id,article_version,icd10_code_id,icd10_covered_group\n52000,3,I48.91,1\n"
REFUSED = "article_id,article_version,icd10_code_id,icd10_noncovered_group\n52001,1,Z00.00,1\n"


def found(tables, codes, procedure="93000"):
    sample = claim()
    line = msgspec.structs.replace(
        sample.lines[0], code=procedure, pointers=tuple(range(1, len(codes) + 1))
    )
    diagnoses = tuple(msgspec.structs.replace(sample.diagnoses[0], code=c) for c in codes)
    changed = msgspec.structs.replace(
        sample, lines=(line,), diagnoses=diagnoses, charge=line.charge, filing_indicator="MB"
    )
    return [e.id for e in check_claim(changed, tables) if e.id.startswith("coverage")]


def test_the_databases_own_files_are_read_from_their_zip(tmp_path):
    content = archive(
        {
            "article_x_hcpc_code.csv": PROCEDURES,
            "article_x_icd10_covered.csv": COVERED,
            "article_x_icd10_noncovered.csv": REFUSED,
        }
    )
    report = import_table("lcd", put(tmp_path, "current_article.zip", content), home=tmp_path)
    assert report.total == 3
    tables = EditTables.load(tmp_path)
    assert "lcd" not in tables.missing()
    assert found(tables, ["I4891"]) == []
    assert found(tables, ["M545", "I4891"]) == []  # one that supports it is enough
    assert found(tables, ["M545"]) == ["coverage.diagnosis"]
    assert found(tables, ["M545"], "99213") == []  # no policy speaks of it


def test_one_table_with_pairs_is_read_too(tmp_path):
    text = "policy,procedure,diagnosis,effective\nL1,93000,I48.91,2026-01-01\n"
    import_table("lcd", put(tmp_path, "policies.csv", text), home=tmp_path)
    tables = EditTables.load(tmp_path)
    assert found(tables, ["M545"]) == ["coverage.diagnosis"]


def test_a_policy_holds_between_its_days():
    rows = [
        PolicyRow("L1", "93000", "procedure", "", DAY, DAY),
        PolicyRow("L1", "I4891", "covered"),
    ]
    table = CoverageTable(rows)
    day = dt.timedelta(days=1)
    assert table.unsupported("93000", ["M545"], DAY) == "L1"
    assert table.unsupported("93000", ["M545"], DAY - day) == ""
    assert table.unsupported("93000", ["M545"], DAY + day) == ""


def test_a_list_of_refused_diagnoses_refuses_those_only():
    table = CoverageTable(
        [PolicyRow("N1", "93000", "procedure"), PolicyRow("N1", "Z0000", "not_covered")]
    )
    assert table.unsupported("93000", ["Z0000"], DAY) == "N1"
    assert table.unsupported("93000", ["Z0000", "I4891"], DAY) == ""


def test_another_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no row of coverage policies"):
        import_table("lcd", put(tmp_path, "x.csv", "name,age\nA,3\n"), home=tmp_path)
