"""Terms of the ICD-10-CM indexes."""

import zipfile
from pathlib import Path

import pytest

from models.codes.icd10cm_index import parse_index
from models.codes.system import code_systems
from models.edits.importing import import_table
from models.errors import InputError

ALPHABETIC = b"""<?xml version="1.0"?><ICD10CM.index><version>2027</version><letter><title>A</title>
<mainTerm><title>Ache<nemod>(dull)</nemod></title><code>R52</code>
<term level="1"><title>of the zwockel<nemod>(any)</nemod></title><code>R51.9</code>
<term level="2"><title>see also</title><see>Elsewhere</see></term></term>
<term level="1"><title>arm</title><code>M79.60-</code></term></mainTerm></letter></ICD10CM.index>"""

DRUGS = b"""<ICD10CM.index><indexHeading><head col="1">Substance</head>
<head col="2">Poisoning Accidental (unintentional)</head><head col="3">Adverse effect</head>
</indexHeading><letter><mainTerm><title>Moonshine</title><cell col="2">T51.0X1</cell>
<cell col="3">--</cell></mainTerm></letter></ICD10CM.index>"""

NEOPLASMS = b"""<ICD10CM.index><indexHeading><head col="1">Neoplasm</head>
<head col="2">Malignant Primary</head><head col="3">Benign</head></indexHeading><letter>
<mainTerm><title>Neoplasm, neoplastic</title><cell col="2">C80.1</cell>
<term level="1"><title>zwockel</title><cell col="2">C76.0</cell><cell col="3">-</cell></term>
</mainTerm></letter></ICD10CM.index>"""


def test_a_term_carries_the_words_above_it():
    assert [(r.code, r.term) for r in parse_index(ALPHABETIC)] == [
        ("R52", "Ache"),
        ("R519", "Ache, of the zwockel"),
        ("M7960", "Ache, arm"),
    ]


def test_cells_of_a_table_become_terms():
    assert [(r.code, r.term, r.kind) for r in parse_index(DRUGS)] == [
        ("T510X1", "accidental poisoning by Moonshine", "drug")
    ]
    assert [(r.code, r.term) for r in parse_index(NEOPLASMS)] == [
        ("C801", "malignant neoplasm of unspecified site"),
        ("C760", "malignant neoplasm of zwockel"),
    ]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (b"<ICD10CM.tabular/>", "its root is ICD10CM.tabular"),
        (b"<ICD10CM.index/>", "no term with a code"),
        (b"nonsense", "not an XML file"),
        (
            b'<ICD10CM.index><indexHeading><head col="1">a</head><head col="2">b</head>'
            b"</indexHeading></ICD10CM.index>",
            "unknown columns: a, b",
        ),
    ],
)
def test_what_is_no_index_is_refused(xml: bytes, message: str):
    with pytest.raises(InputError, match=message):
        parse_index(xml)


def test_imported_terms_are_searched(tmp_path: Path):
    path = tmp_path / "icd10cm-index-April-1-2026.xml"
    path.write_bytes(ALPHABETIC)
    report = import_table("icd10-index", path, home=tmp_path)
    assert (report.rows, str(report.effective), report.changed) == (3, "2026-04-01", True)
    assert not import_table("icd10-index", path, home=tmp_path).changed
    entries = code_systems(tmp_path)["ICD-10-CM"].search("zwockel", 5)
    assert [(e.code, e.matched) for e in entries] == [("R51.9", "Ache, of the zwockel")]


def test_indexes_of_one_day_add_up_and_a_newer_edition_replaces(tmp_path: Path):
    for name, content in (
        ("index-April-2026.xml", ALPHABETIC),
        ("drug-April-2026.xml", DRUGS),
        ("index-April-2027.xml", ALPHABETIC.replace(b"zwockel", b"brimzel")),
    ):
        (tmp_path / name).write_bytes(content)
        import_table("icd10-index", tmp_path / name, home=tmp_path)
    system = code_systems(tmp_path)["ICD-10-CM"]
    assert [e.code for e in system.search("moonshine", 5)] == ["T51.0X1"]
    assert system.search("zwockel", 5) == []
    assert system.search("brimzel", 5)


def test_icd10_knows_an_index_when_it_sees_one(tmp_path: Path):
    path = tmp_path / "drug-April-2026.xml"
    path.write_bytes(DRUGS)
    assert import_table("icd10", path, home=tmp_path).kind == "icd10-index"


def test_an_archive_of_release_and_indexes_brings_both(tmp_path: Path):
    path = tmp_path / "icd10cm-April-1-2027-XML.zip"
    tabular = (
        b"<ICD10CM.tabular><chapter><name>1</name><desc>Some (A00-B99)</desc>"
        b'<section id="A00-A09"><desc>Some (A00-A09)</desc><diag><name>A00</name>'
        b"<desc>Cholera</desc></diag></section></chapter></ICD10CM.tabular>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("icd10cm-tabular-April-1-2027.xml", tabular)
        archive.writestr("icd10cm-index-April-1-2027.xml", ALPHABETIC)
    report = import_table("icd10", path, home=tmp_path)
    assert report.kind == "icd10"
    assert set(report.taken) == {path.name, "icd10cm-index-April-1-2027.xml"}
    assert report.left_out == ()


REAL = Path(__file__).resolve().parents[4] / "shared/data/icd10cm"


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data/icd10cm")
def test_the_publishers_files_are_read(tmp_path: Path):
    kinds = set()
    for path in sorted(REAL.glob("*.xml.gz")):
        report = import_table("icd10-index", path, home=tmp_path)
        assert report.rows > 5000
        kinds.add(report.kind)
    system = code_systems(tmp_path)["ICD-10-CM"]
    assert {"drug", "neoplasm", "external_cause"} <= {term.kind for term in system.terms()}
    assert system.search("adverse effect ibuprofen", 5)[0].code.startswith("T39.3")
