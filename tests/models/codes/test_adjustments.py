import csv
from pathlib import Path

import pytest

from models.codes.adjustments import TABLE, AdjustmentClass, load_classes
from models.errors import InputError


def overrides(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "classes.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("group", "carcs", "expected"),
    [
        ("CO", "45 253 131 44 104 144 237 P12 94", "contractual"),
        ("PI", "45 253 131 44 104 144 237 P12", "contractual"),
        ("PR", "1 2 3 66 122 142 187 241 247 45", "patient_share"),
        ("OA", "209", "share_not_billable"),
        ("CO", "23", "prior_payer"),
        ("OA", "23", "prior_payer"),
        ("CO", "246", "informational"),
        (
            "CO",
            "4 11 15 16 18 22 26 27 29 31 49 50 96 97 109 119 151 177 178 197 204 222 226 227 "
            "231 234 236 242 252 B7 B15",
            "denial",
        ),
        ("PR", "16 18 27 29 31 49 50 96 119 177 197 204 227 242", "denial"),
    ],
)
def test_default_rows_are_those_of_the_billing_page(group: str, carcs: str, expected: str) -> None:
    table = load_classes()
    assert {c: table.classify(group, c).value for c in carcs.split()} == dict.fromkeys(
        carcs.split(), expected
    )


def test_a_multiple_procedure_cut_is_contractual_on_a_paid_line_only() -> None:
    assert load_classes().classify("CO", "59", paid=True) is AdjustmentClass.CONTRACTUAL
    assert load_classes().classify("CO", "59", paid=False) is AdjustmentClass.DENIAL


@pytest.mark.parametrize(
    ("filing", "expected"),
    [("HM", "prepaid"), ("16", "prepaid"), ("MB", "denial"), ("MC", "denial"), ("MA", "denial")],
)
def test_carc_24_depends_on_the_kind_of_payer(filing: str, expected: str) -> None:
    assert load_classes().classify("CO", "24", filing_indicator=filing) == expected


def test_a_qualified_medicare_beneficiary_owes_no_share() -> None:
    table = load_classes()
    assert table.classify("PR", "2", ("N782",)) is AdjustmentClass.SHARE_NOT_BILLABLE
    assert table.classify("PR", "2", ("N130",)) is AdjustmentClass.PATIENT_SHARE


def test_an_unknown_carc_counts_as_a_denial_and_is_known_to_be_unknown() -> None:
    table = load_classes()
    assert not table.knows("999")
    assert table.knows("45")
    assert table.classify("CO", "999") is AdjustmentClass.DENIAL


def test_a_users_row_wins_over_ours_where_it_names_as_much(tmp_path: Path) -> None:
    table = load_classes(
        overrides(tmp_path, "carc,payer,class\n24,Big Plan HMO,denial\n96,,informational\n")
    )
    assert table.classify("CO", "24", payer="BIG PLAN HMO") is AdjustmentClass.DENIAL
    assert table.classify("CO", "24", payer="OTHER") is AdjustmentClass.PREPAID
    assert table.classify("CO", "96") is AdjustmentClass.INFORMATIONAL
    assert load_classes().classify("CO", "96") is AdjustmentClass.DENIAL


def test_the_row_that_names_most_wins_whatever_the_order(tmp_path: Path) -> None:
    table = load_classes(
        overrides(
            tmp_path,
            "carc,rarc,payer,group,class\n"
            "97,M15,ACME,CO,contractual\n97,*,ACME,*,informational\n999,,,,informational\n",
        )
    )
    assert table.classify("CO", "97", ("M15",), payer="acme") is AdjustmentClass.CONTRACTUAL
    assert table.classify("PR", "97", ("M15",), payer="acme") is AdjustmentClass.INFORMATIONAL
    assert table.classify("CO", "97", ("M15",)) is AdjustmentClass.DENIAL
    assert table.knows("999")


def test_a_row_may_hold_for_every_carc_with_a_remark(tmp_path: Path) -> None:
    table = load_classes(
        overrides(tmp_path, "carc,rarc,payer,class\n*,N781,ACME,share_not_billable\n")
    )
    assert table.classify("CO", "45", ("N781",), payer="acme") == "share_not_billable"
    assert table.classify("CO", "888", ("N781",), payer="acme") == "share_not_billable"
    assert not table.knows("888")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("carc,kind,class\n1,x,denial\n", "unknown column 'kind'; allowed: group, carc"),
        ("carc,class\n1,denied\n", "class='denied' is unknown; allowed: contractual"),
        ("carc,group,class\n1,XX,denial\n", "group='XX' is unknown; allowed: "),
        ("carc,line,class\n1,half,denial\n", "line='half' is unknown; allowed: "),
        ("carc,group\n1,CO\n", "column 'class' is missing"),
        ("carc,class\n1,denial,3\n", "more cells than columns"),
        ("carc,class\n1,\n", "line 2: class is empty"),
    ],
)
def test_a_faulty_override_names_what_is_allowed(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        load_classes(overrides(tmp_path, text))


def test_an_absent_override_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_classes(tmp_path / "none.csv")


def test_every_code_of_the_list_has_a_class() -> None:
    path = Path(__file__).resolve().parents[4] / "shared/data/tables/carc_rarc_codes.csv"
    if not path.exists():
        pytest.skip("the CARC list is not on this machine")
    with path.open(encoding="utf-8") as file:
        codes = [r["adj_code"] for r in csv.DictReader(file) if r["adj_type"] == "CARC"]
    assert [c for c in codes if not load_classes().knows(c)] == []


def test_the_table_has_a_row_per_key() -> None:
    import models.codes

    path = Path(models.codes.__file__).with_name(TABLE)
    rows = path.read_text(encoding="utf-8").splitlines()
    keys = [x.rsplit(",", 1)[0] for x in rows]
    assert len(keys) == len(set(keys))
