"""The payer crosswalk, from hand-written X12 and edited by a user."""

import pytest

from models.errors import InputError
from models.history import HistoryOptions
from models.history.payers import read_crosswalk
from tests.models.history.x12_text import LATER, filed, history, remitted


def visits(first: int, count: int, payer: str, remitter: str, originator: str) -> list[str]:
    files = []
    for i in range(first, first + count):
        born = f"19{10 + i % 80}0101"
        files.append(filed(f"V{i}", "20260105", "99213*100", payer=payer, born=born))
        files.append(
            remitted(
                "20260119",
                f"CLP*V{i}*1*100*60**12*CN{i}~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*40~",
                payer=remitter,
                originator=originator,
                trace=f"T{i}",
                payer_segments="REF*2U*0000778~" if originator == "1" else "",
            )
        )
    return files


ACME = "NM1*PR*2*ACME HEALTH*****PI*60054~"
BLUE = "NM1*PR*2*BLUE PLAN*****PI*00710~"


def test_the_payer_of_a_remittance_is_learnt_under_all_its_names() -> None:
    h = history(
        *visits(0, 6, ACME, "ACME LIFE INSURANCE CO", "1"),
        remitted(
            "20260301",
            "CLP*NONE*1*100*60**12*CN99~SVC*HC:99213*100*60~CAS*CO*45*40~",
            payer="ACME LIFE INSURANCE",
            originator="5",
        ),
    )
    assert h.unmatched[0].payer == "60054"
    rows = {(kind, value): (key, n) for kind, value, key, n in h.crosswalk.rows()}
    assert rows[("remittance_2u", "778")] == ("60054", 6)
    assert rows[("remittance_name", "ACME LIFE INSURANCE")] == ("60054", 6)
    assert rows[("claim_id", "60054")] == ("60054", 6)


def test_a_denial_by_a_payer_known_as_another_is_not_this_payers() -> None:
    h = history(
        *visits(0, 6, ACME, "ACME LIFE", "1"),
        *visits(10, 6, BLUE, "BLUE OF OHIO", "2"),
        remitted(
            "20260201",
            "CLP*V1*4*100*0**12*X1~SVC*HC:99213*100*0~DTM*472*20260102~CAS*CO*22*100~",
            payer="BLUE OF OHIO",
            originator="2",
        ),
    )
    assert h.report.unmatched == {"other_responsibility": 1}
    assert all(len(s.adjudications) == 1 for s in h.submissions)


def test_a_claim_without_a_payer_number_takes_the_one_that_goes_with_the_name() -> None:
    h = history(
        filed("A1", "20260105", "99213*100", payer=ACME),
        filed("B2", "20260105", "99214*100", payer="NM1*PR*2*Acme Health, Inc.~"),
        filed("C3", "20260105", "99215*100", payer="NM1*PR*2*NOBODY KNOWN~"),
    )
    assert [s.payer for s in h.submissions] == ["60054", "60054", "NOBODY KNOWN"]


def test_an_exported_crosswalk_edited_and_given_back_sets_the_keys(tmp_path) -> None:
    path = tmp_path / "crosswalk.csv"
    files = visits(0, 3, ACME, "ACME LIFE", "1") + visits(10, 3, BLUE, "BLUE OF OHIO", "2")
    history(*files).crosswalk.write(path)
    text = path.read_text()
    assert text.splitlines()[0] == "kind,value,payer,claims"
    path.write_text(text.replace(",710,3", ",60054,3"))
    h = history(*files, options=HistoryOptions(crosswalk=path, as_of=LATER))
    assert {s.payer for s in h.submissions} == {"60054"}
    assert set(h.report.by_payer) == {"60054"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind,value,key\n", "unknown column 'key'; allowed: kind, value, payer"),
        ("kind,value\n", "column 'payer' is missing"),
        ("kind,value,payer\nname,A,1\n", "kind='name' is unknown; allowed: claim_id"),
    ],
)
def test_a_faulty_crosswalk_names_what_is_allowed(tmp_path, text: str, words: str) -> None:
    path = tmp_path / "crosswalk.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_crosswalk(path)
