"""Imports: every publisher's form is read, what was left out is told, bad files are refused."""

import datetime as dt
import zipfile
from pathlib import Path

import pytest

from models.codes.icd10cm import CodeStatus
from models.codes.store import tables_folder, versions
from models.edits import EditTables, check_claim
from models.edits.importing import TITLES, import_table
from models.edits.importing.editions import edition_of
from models.edits.importing.forms import parse_day
from models.edits.importing.icd10 import release_days
from models.edits.tables import reason_codes
from models.errors import InputError
from tests.models.edits import publishers as made
from tests.models.edits.publishers import archive, put, workbook
from tests.models.edits.samples import claim, lines

REAL = Path(__file__).parents[4] / "shared" / "data" / "tables"
DAY = dt.date(2026, 3, 2)


def on(found, day=DAY):
    """What a table's versions answer for a day, which must be something."""
    answer = found.on(day)
    assert answer is not None
    return answer


def take(tmp_path, kind, name, content, **options):
    return import_table(kind, put(tmp_path, name, content), home=tmp_path, **options)


def test_ncci_zip_with_text_and_workbook(tmp_path):
    content = archive(
        {
            "ccipra-v310r0-f1.TXT": made.NCCI_TXT,
            "ccipra-v310r0-f1.xlsx": workbook(made.NCCI_SHEET),
            "license.pdf": b"%PDF",
        }
    )
    report = take(tmp_path, "ncci", "medicare-ncci-2025q1-practitioner.zip", content)
    assert (report.rows, report.total, report.changed) == (3, 3, True)
    assert (report.program, report.edition, report.effective) == ("medicare", "v31.0", None)
    assert report.taken == ("ccipra-v310r0-f1.TXT",)
    reasons = {what: why for what, why in report.left_out if "." in what}
    assert reasons["ccipra-v310r0-f1.xlsx"] == "the same table as its text file"
    assert "not a table" in reasons["license.pdf"]
    rows = {why: what for what, why in report.left_out}
    assert rows["a date or modifier indicator cannot be read"] == "1 rows"
    assert rows["not of the form of a procedure code"] == "1 rows"
    table, name = on(EditTables.load(tmp_path).ncci["medicare"])
    assert name == "NCCI PTP practitioner v31.0, Medicare"
    assert table.get("11042", "36000", DAY).indicator == 0
    assert table.get("20610", "11042", dt.date(2025, 12, 31)).rationale.startswith("Misuse")
    assert table.get("20610", "11042", DAY) is None
    assert table.get("20610", "99213", dt.date(2020, 1, 1)) is None


def test_ncci_parts_add_up_and_a_second_import_changes_nothing(tmp_path):
    take(tmp_path, "ncci", "f1.txt", made.NCCI_TXT)
    report = take(tmp_path, "ncci", "f2.xlsx", workbook(made.NCCI_SHEET))
    assert (report.rows, report.total) == (2, 4)
    before = {p: p.read_bytes() for p in tmp_path.rglob("tables/**/*") if p.is_file()}
    for name, content in (("again.txt", made.NCCI_TXT), ("f2.xlsx", workbook(made.NCCI_SHEET))):
        again = take(tmp_path, "ncci", name, content)
        assert not again.changed
        assert again.total == 4
    assert before == {p: p.read_bytes() for p in tmp_path.rglob("tables/**/*") if p.is_file()}
    report = take(tmp_path, "ncci", "f3.xlsx", workbook(made.NCCI_SHEET, inline=True), replace=True)
    assert report.total == 2


def test_the_medicaid_edition_is_kept_apart(tmp_path):
    take(tmp_path, "ncci", "medicaid_ncci_ptp.txt", made.NCCI_TXT)
    report = take(tmp_path, "mue", "mue.csv", made.MUE_CSV, program="medicaid")
    assert report.program == "medicaid"
    missing = EditTables.load(tmp_path).missing()
    assert "ncci-medicaid" not in missing
    assert {"ncci", "mue"} <= set(missing)


def test_a_new_quarter_closes_pairs_of_the_old_one(tmp_path):
    take(tmp_path, "ncci", "q1.txt", made.NCCI_TXT)
    closed = made.NCCI_TXT.replace("20200101\t*\t0", "20200101\t20251231\t0")
    take(tmp_path, "ncci", "q2.txt", closed)
    table, _ = on(EditTables.load(tmp_path).ncci["medicare"])
    assert table.get("11042", "36000", DAY) is None
    assert table.get("11042", "36000", dt.date(2025, 1, 1)) is not None


def test_mue(tmp_path):
    name = "MCR_MUE_PractitionerServices_Eff_01-01-2026.csv"
    report = take(tmp_path, "mue", "mue.zip", archive({name: made.MUE_CSV}))
    assert (report.rows, report.effective) == (3, dt.date(2026, 1, 1))
    assert ("1 rows", "no whole number of units, or no adjudication indicator") in report.left_out
    mue = EditTables.load(tmp_path).mue["medicare"]
    assert mue.on(dt.date(2025, 12, 31)) is None
    table, source = on(mue)
    assert (table["93000"].units, table["93000"].indicator) == (3, 3)
    assert source == "MUE practitioner, Medicare, effective 2026-01-01"


def test_two_editions_answer_for_their_own_days(tmp_path):
    later = made.MUE_CSV.replace("93000,3", "93000,5")
    take(tmp_path, "mue", "mue_Eff_01-01-2026.csv", made.MUE_CSV)
    take(tmp_path, "mue", "mue_Eff_04-01-2026.csv", later)
    mue = EditTables.load(tmp_path).mue["medicare"]
    assert on(mue, dt.date(2026, 3, 31))[0]["93000"].units == 3
    assert on(mue, dt.date(2026, 4, 1))[0]["93000"].units == 5


def test_addon(tmp_path):
    report = take(tmp_path, "addon", "AOC_V2026Q1-MCR.xlsx", workbook(made.ADDON_SHEET))
    assert (report.rows, report.edition) == (3, "2026Q1")
    table, _ = on(EditTables.load(tmp_path).addon)
    assert table.primaries("11045", DAY) == (1, frozenset({"11042"}))
    assert table.primaries("22899", DAY) == (2, frozenset())
    assert table.primaries("99292", DAY) is None
    assert table.primaries("99292", dt.date(2023, 1, 1)) == (3, frozenset({"99291"}))


def test_mpfs(tmp_path):
    members: dict[str, str | bytes] = {
        "PPRRVU2026_Jan_nonQPP.csv": made.PPRRVU_CSV,
        "PPRRVU2026_Jan_QPP.csv": made.PPRRVU_CSV,
        "RVU26A.pdf": b"%PDF",
    }
    report = take(tmp_path, "mpfs", "rvu26a.zip", archive(members))
    assert (report.rows, report.effective) == (6, dt.date(2026, 1, 1))
    assert dict(report.left_out)["PPRRVU2026_Jan_QPP.csv"].startswith("the schedule of qualifying")
    table, _ = on(EditTables.load(tmp_path).mpfs)
    knee = table["27447"]
    assert (knee.status, knee.global_days, knee.bilateral, knee.assistant) == ("A", "090", "1", "2")
    assert (knee.work, knee.total_facility, knee.conversion_factor) == (20.72, 38.9, 33.4009)
    assert table["71045"].modifier == ""
    assert table["99000"].status == "B"


def test_hcpcs_workbook_and_fixed_records(tmp_path):
    take(tmp_path, "hcpcs", "HCPC2026_JAN_ANWEB.xlsx", workbook(made.HCPCS_SHEET))
    table, _ = on(EditTables.load(tmp_path).hcpcs)
    assert table["J1100"].long == "A drug of long wording"
    assert table["J0110"].ended == dt.date(2020, 12, 31)
    assert "Q9" in table
    records = "\r\n".join(
        [
            made.hcpcs_record("J1100", "3", "A drug, of", "Drug", "19900101", ""),
            made.hcpcs_record("J1100", "4", "long wording", "", "", ""),
            made.hcpcs_record("LT", "7", "Left side", "Left", "19900101", ""),
            made.hcpcs_record("J0110", "3", "Ended", "Ended", "19900101", "20201231"),
        ]
    )
    report = take(tmp_path / ".", "hcpcs", "HCPC2026_APR_ANWEB.txt", records)
    assert (report.rows, report.effective) == (3, dt.date(2026, 4, 1))
    table, _ = on(EditTables.load(tmp_path).hcpcs, dt.date(2026, 4, 1))
    assert table["J1100"].long == "A drug, of long wording"
    assert table["LT"].short == "Left"
    assert table["J0110"].ended == dt.date(2020, 12, 31)


def test_cpt_files_of_the_ama(tmp_path):
    report = take(tmp_path, "cpt", "Consolidated_Code_List.txt", made.CPT_CONSOLIDATED)
    assert report.rows == 2
    take(tmp_path, "cpt", "SHORTU.txt", made.CPT_SHORT)
    table, _ = on(EditTables.load(tmp_path).cpt)
    assert set(table) == {"00100", "0042T", "99213"}
    assert table["99213"].long == "Made-up long wording"
    assert table["99213"].short == "ANOTHER SHORT ONE"


def test_carc(tmp_path):
    report = take(tmp_path, "carc", "carc.csv", made.CARC_CSV)
    assert (report.rows, report.left_out) == (3, (("1 rows", "no reason code"),))
    table, _ = on(reason_codes(tmp_path))
    assert table["CARC", "17"].ended == dt.date(2009, 7, 1)
    assert ("RARC", "N130") in table
    assert b"wording of X12" not in b"".join(
        p.read_bytes() for p in tables_folder(tmp_path).rglob("*") if p.is_file()
    )


def test_icd10_order_file(tmp_path):
    order = "00001 E11     0 Type 2" + " " * 55 + "Type 2\n00002 E1177   1 New" + " " * 58 + "New\n"
    content = archive({"icd10cm_order_2027.txt": order, "readme.pdf": b"%PDF"})
    report = take(tmp_path, "icd10", "2027-code-descriptions.zip", content)
    assert (report.effective, report.rows) == (dt.date(2026, 10, 1), 1)
    icd = EditTables.load(tmp_path).icd10
    assert icd.status("E1177", dt.date(2026, 10, 1)) is CodeStatus.BILLABLE
    assert icd.status("E1177", dt.date(2026, 9, 30)) is CodeStatus.NOT_YET
    assert icd.status("E119", dt.date(2026, 9, 30)) is CodeStatus.BILLABLE
    assert icd.status("E119", dt.date(2026, 10, 1)) is CodeStatus.ENDED
    assert icd.excludes1("E109", "E119") is not None  # the notes of the newest tabular list
    assert not take(tmp_path, "icd10", "2027-code-descriptions.zip", content).changed
    again = take(tmp_path, "icd10", "x.zip", content + b"", effective=dt.date(2027, 4, 1))
    assert again.effective == dt.date(2027, 4, 1)


@pytest.mark.parametrize("kind", list(TITLES))
def test_files_of_another_kind_are_refused(tmp_path, kind):
    own = {"system": "ours"} if kind == "codes" else {}
    for name, content in (("x.txt", "hello\nworld\n"), ("x.zip", archive({"a.txt": "hello"})),
                          ("empty.csv", "")):  # fmt: skip
        with pytest.raises(InputError, match="no row of|holds neither"):
            take(tmp_path, kind, name, content, **own)
    with pytest.raises(InputError, match="neither text nor|holds neither|cannot be read|no row of"):
        take(tmp_path, kind, "x.bin", b"\0\1\2" * 100, **own)
    assert not list(tables_folder(tmp_path).rglob("meta.json"))


def test_other_mistakes_are_named(tmp_path):
    with pytest.raises(InputError, match="kind='x' is unknown; allowed: ncci, mue"):
        take(tmp_path, "x", "a.txt", "")
    with pytest.raises(InputError, match=r"gone\.txt: no such file"):
        import_table("mue", tmp_path / "gone.txt", home=tmp_path)
    with pytest.raises(InputError, match="program='medicaid' is not for cpt"):
        take(tmp_path, "cpt", "a.txt", made.CPT_SHORT, program="medicaid")
    with pytest.raises(InputError, match="the outpatient hospital edition"):
        take(tmp_path, "ncci", "ccioph-v310r0-f1.txt", made.NCCI_TXT)
    hospital = made.MUE_CSV.replace("Practitioner Services", "Outpatient Hospital Services")
    with pytest.raises(InputError, match="not the practitioner edition"):
        take(tmp_path, "mue", "mue.csv", hospital)
    with pytest.raises(InputError, match="damaged Excel workbook"):
        broken = archive({"xl/workbook.xml": "<a/>", "xl/worksheets/sheet1.xml": "<broken"})
        take(tmp_path, "mue", "mue.xlsx", broken)
    with pytest.raises(InputError, match="its name tells no year; give --effective"):
        take(tmp_path, "icd10", "order.txt", "00001 E11     0 Type 2" + " " * 55 + "Type 2\n")
    with pytest.raises(InputError, match="not a Parquet file"):
        take(tmp_path, "ncci", "x.parquet", b"PAR1")
    cut = archive({"mue.csv": made.MUE_CSV})[:-40]
    with pytest.raises(InputError):
        take(tmp_path, "mue", "cut.zip", cut)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(put(tmp_path, "cut.zip", cut))


def test_a_damaged_stored_table_keeps_its_edits_silent_and_is_reported(tmp_path):
    take(tmp_path, "mue", "mue.csv", made.MUE_CSV)
    take(tmp_path, "ncci", "f1.txt", made.NCCI_TXT)
    ((_, folder),) = versions(tables_folder(tmp_path), "mue", "medicare")
    (folder / "rows.msgpack").write_bytes(b"broken")
    loaded = EditTables.load(tmp_path)
    assert [p.code for p in loaded.problems] == ["tables.damaged"]
    assert "mue-medicare/undated: damaged table, import it again" in loaded.problems[0].message
    assert "mue" in loaded.missing()
    found = check_claim(claim(lines=lines("11042", "36000")), loaded)
    assert [e.id for e in found] == ["ncci.never"]
    assert found[0].source == "NCCI PTP practitioner, Medicare"


def test_days_and_editions():
    assert parse_day("2024092") == dt.date(2024, 4, 1)
    assert parse_day("45383") == dt.date(2024, 4, 1)
    assert parse_day("2024-04-01 00:00:00") == dt.date(2024, 4, 1)
    assert parse_day("99991231") is None
    assert parse_day("") is None
    assert edition_of("mpfs", "rvu25c.zip") == ("", dt.date(2025, 7, 1))
    assert edition_of("mpfs", "PPRRVU24_JAN.csv") == ("", dt.date(2024, 1, 1))
    assert edition_of("hcpcs", "january-2026-alpha-numeric-hcpcs-file.zip")[1] == dt.date(
        2026, 1, 1
    )
    assert edition_of("mue", "mue.csv") == ("", None)
    assert release_days("icd10cm-order-Jan-2021.txt") == (dt.date(2021, 1, 1), dt.date(2021, 9, 30))
    assert release_days("order.txt") is None


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/data/tables")
def test_the_real_tables(tmp_path):
    expected = {
        "ncci": ("ncci_ptp_active.parquet", 1_669_820),
        "mue": ("mue_practitioner.csv", 14_677),
        "addon": ("addon_codes.csv", 7_465),
        "mpfs": ("mpfs_indicators.csv", 18_664),
        "carc": ("carc_rarc_codes.csv", 1_576),
    }
    for kind, (name, rows) in expected.items():
        report = import_table(kind, REAL / name, home=tmp_path)
        assert (report.rows, report.changed) == (rows, True), kind
    for name in ("hcpcs_level2_desc.csv", "modifiers_hcpcs.csv"):
        assert import_table("hcpcs", REAL / name, home=tmp_path).changed
    loaded = EditTables.load(tmp_path)
    assert set(loaded.missing()) == {"ncci-medicaid", "mue-medicaid", "cpt", "lcd"}
    assert [m.kind for m in loaded.held()] == ["ncci", "mue", "addon", "mpfs", "hcpcs"]
    table, _ = on(loaded.ncci["medicare"])
    assert len(table) == 1_669_820
    size = sum(p.stat().st_size for p in tables_folder(tmp_path).glob("ncci-*/*/*"))
    assert size < 64_000_000
    assert not import_table("ncci", REAL / "ncci_ptp_active.parquet", home=tmp_path).changed
