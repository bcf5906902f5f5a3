"""Code systems as plugs: ICD-10-CM, imported lists, labels, search as you type."""

import datetime as dt
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes.icd10cm_system import dotted, with_seventh
from models.codes.listed import ListedSystem
from models.codes.rows import CodeRow, LabelRow
from models.codes.system import CodeSystem, code_systems
from models.codes.word_index import slip_distance
from models.edits.importing import import_table
from models.errors import InputError

DAY = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return code_systems(Path("/nowhere"))["ICD-10-CM"]


def found(system: CodeSystem, query: str, limit: int = 10) -> list[str]:
    return [entry.code for entry in system.search(query, limit, DAY)]


def test_a_code_is_found_with_or_without_dot_in_any_case(icd: CodeSystem):
    for code in ("E11.9", "e119", " E119 "):
        entry = icd.lookup(code, DAY)
        assert entry is not None
        assert (entry.code, entry.billable) == ("E11.9", True)
    assert icd.lookup("E11.X", DAY) is None


def test_hierarchy(icd: CodeSystem):
    assert icd.parent("E11.65") == "E11.6"
    assert icd.parent("E11") == ""
    assert "E11.65" in icd.children("E11.6")


def test_what_may_be_sent_depends_on_the_date(icd: CodeSystem):
    assert icd.billable("E11.9", DAY)
    assert not icd.billable("E11", DAY)
    assert icd.billable("E11.A", DAY)  # in force since October 2025 or before
    assert not icd.billable("E11.A", dt.date(2021, 3, 1))


def test_notes_come_from_the_headings_above(icd: CodeSystem):
    details = icd.details("E11.9", DAY)
    assert details is not None
    assert any(i.owner == "E11" and "insulin (Z79.4)" in i.words for i in details.use_additional)
    assert any(i.owner == "E11" for i in details.excludes1)
    assert (details.block, details.chapter, details.parent) == ("E08-E13", "4", "E11")
    dementia = icd.details("F02.80", DAY)
    assert dementia is not None
    assert dementia.code_first


def test_a_stem_needs_its_7th_character(icd: CodeSystem):
    stem, whole, other = (icd.details(code, DAY) for code in ("W19", "W19.XXXA", "I10"))
    assert stem is not None and whole is not None and other is not None
    assert stem.needs_seventh and not whole.needs_seventh and not other.needs_seventh
    assert stem.seventh_characters["A"] == "initial encounter"
    assert whole.entry.title == "Unspecified fall, initial encounter"
    assert any("W19" in i.owner for i in whole.includes) or whole.block == "W00-W19"


def test_placeholders_are_put_before_a_7th_character():
    assert dotted(with_seventh("W19", "A")) == "W19.XXXA"
    assert dotted(with_seventh("T43.64", "S")) == "T43.64XS"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("E11.9", "E11.9"),
        ("e119", "E11.9"),
        ("w19xxxa", "W19.XXXA"),
        ("high blood pressure", "I10"),
        ("hypertension", "I10"),
        ("pneumonia", "J18.9"),
        ("urinary tract infection", "N39.0"),
        ("infection tract urin", "N39.0"),
        ("diabetes type 2", "E11.9"),
        ("hypretension", "I10"),
        ("pneumonai", "J18.9"),
        ("left knee pain", "M25.562"),
        ("acute on chronic systolic heart failure", "I50.23"),
        ("unspecified fall", "W19.XXXA"),
        ("Ménière right", "H81.01"),
    ],
)
def test_search_finds_what_a_coder_types(icd: CodeSystem, query: str, first: str):
    assert first in found(icd, query, 3)


def test_search_narrows_while_typing(icd: CodeSystem):
    assert all(code.startswith("J45") for code in found(icd, "J45", 20))
    assert "J45.30" in found(icd, "asthma mild pers")


def test_search_of_nothing_finds_nothing(icd: CodeSystem):
    assert found(icd, "") == found(icd, " .,") == found(icd, "xyzzyx") == []
    assert icd.search("asthma", 0) == []


def test_search_leaves_out_what_does_not_hold_on_the_date(icd: CodeSystem):
    assert "E11.A" in found(icd, "type 2 diabetes without complications in remission")
    past = icd.search("type 2 diabetes without complications in remission", 5, dt.date(2021, 3, 1))
    assert "E11.A" not in [entry.code for entry in past]


@given(st.text(max_size=80))
def test_any_query_has_an_answer(icd: CodeSystem, query: str):
    assert len(icd.search(query, 5)) <= 5


def test_search_takes_less_than_a_keystroke(icd: CodeSystem):
    found(icd, "warm up")
    for query in ("d", "dia", "fracture of the right radi", "hypertenshion", "unspecified"):
        begun = time.process_time()
        found(icd, query, 20)
        assert time.process_time() - begun < 0.02, query


def test_terms_have_titles_and_inclusion_terms(icd: CodeSystem):
    terms = set(icd.terms())
    assert ("I10", "high blood pressure", "includes") in terms
    assert ("I10", "Essential (primary) hypertension", "title") in terms


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("abcd", "abxd", 1),
        ("abc", "xyz", 3),
    ],
)
def test_slips_are_counted(one: str, other: str, distance: int):
    assert slip_distance(one, other, 2) == distance


# Imported systems


def test_hcpcs_is_there_once_imported(tmp_path: Path):
    assert set(code_systems(tmp_path)) == {"ICD-10-CM"}
    path = tmp_path / "hcpcs.csv"
    path.write_text(
        "HCPC,LONG DESCRIPTION,SHORT DESCRIPTION,ADD DT,TERM DT\n"
        "J1100,Made-up injection of a steroid,Steroid inj,20200101,\n"
        "J9999,Gone,Gone,20100101,20201231\nA1,Modifier,Mod,20100101,\n"
    )
    import_table("hcpcs", path, home=tmp_path)
    hcpcs = code_systems(tmp_path)["HCPCS"]
    assert len(hcpcs) == 2
    assert [e.code for e in hcpcs.search("steroid", 5, DAY)] == ["J1100"]
    assert hcpcs.search("gone", 5, DAY) == []
    assert not hcpcs.billable("J1100", dt.date(2019, 1, 1))
    gone = hcpcs.lookup("j9999", DAY)
    assert gone is not None and gone.status == "ended"


def test_a_system_of_ones_own(tmp_path: Path):
    path = tmp_path / "icd9.csv"
    path.write_text(
        "code,title,billable,terms\n250,Diabetes mellitus,no,\n250.0,Diabetes without mention,no,\n"
        "250.00,Type II diabetes,yes,adult diabetes; sugar sickness\n"
    )
    import_table("codes", path, home=tmp_path, system="ICD-9-CM")
    icd9 = code_systems(tmp_path)["ICD-9-CM"]
    assert icd9.name == "ICD-9-CM"
    assert (icd9.parent("250.00"), icd9.children("250")) == ("250.0", ("250.0",))
    assert [e.code for e in icd9.search("sugar", 5)] == ["250.00"]
    assert icd9.search("25000", 5)[0].code == "250.00"
    assert not icd9.billable("250")
    details = icd9.details("250.00")
    assert details is not None and details.parent == "250.0"


def test_a_list_of_codes_and_titles_without_columns(tmp_path: Path):
    path = tmp_path / "pcs.txt"
    order = (
        "00001 001     0 Made-up heading                                             A heading\n"
    )
    order += (
        "00002 0016070 1 Made-up bypass                                              A bypass\n"
    )
    path.write_text(order)
    import_table("codes", path, home=tmp_path, system="ICD-10-PCS")
    pcs = code_systems(tmp_path)["ICD-10-PCS"]
    assert pcs.billable("0016070") and not pcs.billable("001")
    assert pcs.parent("0016070") == "001"


@pytest.mark.parametrize(
    ("kind", "system", "message"),
    [
        ("codes", "", "need the name of their system"),
        ("codes", "ICD-10-CM", "firstpass import icd10 FILE"),
        ("codes", "!", "is no name"),
        ("hcpcs", "X", "is not for hcpcs"),
    ],
)
def test_a_wrong_system_is_refused(tmp_path: Path, kind: str, system: str, message: str):
    path = tmp_path / "a.csv"
    path.write_text("code,title\nA,b\n")
    with pytest.raises(InputError, match=message):
        import_table(kind, path, home=tmp_path, system=system)


def test_labels_alone_are_a_system():
    own = ListedSystem.of_codes("ours", ["SORE-THROAT", "COUGH"])
    assert own.lookup("cough") is not None
    assert list(own.terms()) == []
    assert [e.code for e in own.search("co", 5)] == ["COUGH"]


def test_procedures_have_both_of_their_wordings():
    rows = [CodeRow("G0001", None, None, "Short", "A long wording")]
    system = ListedSystem.of_procedures("HCPCS", rows, "2026")
    assert [term.words for term in system.terms()] == ["A long wording", "Short"]


def test_a_named_parent_counts_before_the_beginning_of_the_code():
    system = ListedSystem("x", [LabelRow("A1"), LabelRow("A12", parent="B"), LabelRow("B")])
    assert system.parent("A12") == "B"
