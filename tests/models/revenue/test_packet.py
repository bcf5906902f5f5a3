"""Letters, second claims and proofs of hand-written denials."""

import datetime as dt
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest

from models.claims.claim import Claim
from models.claims.x12 import read_x12
from models.edits import EditTables
from models.errors import InputError
from models.history import ClaimHistory
from models.revenue.actions import Action
from models.revenue.causes import RuleLines
from models.revenue.filing_proof import filing_proof
from models.revenue.letters import letter_pdf
from models.revenue.packet import Packet, PacketOptions, build_packet
from models.revenue.recovery import RecoveryModel
from models.revenue.routes import Route
from models.revenue.second_claims import changed, corrected_claim, next_claim
from models.revenue.work import WorkItem, Worklist, WorkOptions
from tests.models.history.x12_text import acknowledged, filed, history, remitted

TODAY = dt.date(2026, 2, 10)
TABLES = EditTables()
OTHER = "SBR*S*18*******CI~OI***Y***Y~NM1*IL*1*DOE*JAN****MI*S9~NM1*PR*2*SECOND PLAN*****PI*70002~"


def denied(carc: str, rarc: str = "") -> str:
    remark = f"LQ*HE*{rarc}~" if rarc else ""
    return f"CLP*A1*4*100*0**12*C1~SVC*HC:99213*100*0~DTM*472*20260102~CAS*CO*{carc}*100~{remark}"


def of(carc: str, rarc: str = "", *more: str, **how: Any) -> ClaimHistory:
    return history(
        filed("A1", "20260105", "99213*100", **how), remitted("20260120", denied(carc, rarc)), *more
    )


def work(found: ClaimHistory) -> list[WorkItem]:
    options = WorkOptions(today=TODAY)
    return Worklist(found, RecoveryModel({}), options, edits=TABLES, rules=RuleLines({})).items()


def packet(found: ClaimHistory, out: Path, **options: object) -> Packet:
    chosen = PacketOptions(TODAY, **options)  # type: ignore[arg-type]
    return build_packet(found, work(found), out, chosen, TABLES)


def claims_in(path: Path) -> list[Claim]:
    return [x for x in read_x12(BytesIO(path.read_bytes())) if isinstance(x, Claim)]


def test_a_packet_is_a_letter_a_claim_and_a_record(tmp_path):
    found = packet(of("16", "N265"), tmp_path)
    assert (found.action, found.route, found.version) == (Action.CORRECT, Route.REPLACEMENT, 1)
    folder = Path(found.folder)
    assert sorted(p.name for p in folder.iterdir()) == found.files
    (claim,) = claims_in(folder / "corrected.837")
    assert (claim.frequency, claim.payer_control_number) == ("7", "C1")
    assert claim.submitted == TODAY
    assert "repeats what was sent" in found.notes[0]
    letter = (folder / "letter.txt").read_text()
    for cited in ("A1", "C1", "denial code 16", "N265", "99213", "JAN DOE"):
        assert cited in letter
    assert "must reach you" not in letter  # only a safe default is known
    text = pypdf.PdfReader(folder / "letter.pdf").pages[0].extract_text()
    assert "denial code 16" in text


def test_medicare_gets_a_redetermination_or_a_new_claim(tmp_path):
    appeal = packet(of("50", filing="MB"), tmp_path / "a", action=Action.APPEAL)
    assert appeal.route is Route.REDETERMINATION
    letter = (Path(appeal.folder) / "letter.txt").read_text()
    assert "redetermination" in letter and "reach you by May 25, 2026" in letter
    assert "corrected.837" not in appeal.files
    assert appeal.unfinished == 1
    new = packet(of("16", "MA130", filing="MB"), tmp_path / "b")
    (claim,) = claims_in(Path(new.folder) / "corrected.837")
    assert (claim.frequency, claim.payer_control_number) == ("1", "")
    reopening = packet(of("4", filing="MB"), tmp_path / "c", action=Action.CORRECT)
    assert reopening.route is Route.REOPENING
    assert "reopen" in (Path(reopening.folder) / "letter.txt").read_text()


def test_a_new_version_only_where_something_changed(tmp_path):
    found = of("50")
    first = packet(found, tmp_path, action=Action.APPEAL)
    again = packet(found, tmp_path, action=Action.APPEAL)
    assert (again.version, again.new) == (1, False)
    edited = packet(found, tmp_path, action=Action.APPEAL, letter="Dear plan,\n\nplease pay.\n")
    assert (edited.version, edited.new, edited.unfinished) == (2, True, 0)
    assert (Path(first.folder) / "letter.txt").read_text() != "Dear plan,\n\nplease pay.\n"
    page = pypdf.PdfReader(Path(edited.folder) / "letter.pdf").pages[0]
    assert "please pay" in page.extract_text()


def test_corrections_are_in_the_claim(tmp_path):
    found = packet(of("16", "N265"), tmp_path, changes={"/lines/0/modifiers": ["25"]})
    (claim,) = claims_in(Path(found.folder) / "corrected.837")
    assert claim.lines[0].modifiers == ("25",)
    with pytest.raises(InputError, match="leads nowhere"):
        changed(claim, {"/lines/7/modifiers": ["25"]})
    with pytest.raises(InputError, match="does not fit"):
        changed(claim, {"/lines/0/charge": "much"})
    with pytest.raises(InputError, match="does not fit"):
        changed(claim, {"/colour": "red"})


def test_a_replacement_needs_the_payers_number():
    found = history(
        filed("A1", "20260105", "99213*100"),
        remitted("20260120", denied("16").replace("*12*C1~", "*12~")),
    )
    with pytest.raises(InputError, match="CLP07"):
        corrected_claim(found.submissions[0], Route.REPLACEMENT, today=TODAY)
    with pytest.raises(InputError, match="by letter"):
        corrected_claim(found.submissions[0], Route.APPEAL, today=TODAY)


def test_an_action_that_is_not_open_says_what_is(tmp_path):
    with pytest.raises(InputError, match=r"appeal is not open.*open are: correct, write_off"):
        packet(of("16", "MA130", filing="MB"), tmp_path, action=Action.APPEAL)


def test_the_next_payer_gets_the_first_ones_decision(tmp_path):
    paid = "CLP*A1*1*100*60*15*12*C1~SVC*HC:99213*100*60~DTM*472*20260102~CAS*CO*45*25~CAS*PR*2*15~"
    found = history(
        filed("A1", "20260105", "99213*100", other_payer=OTHER),
        remitted("20260120", paid, amount="60"),
    )
    (s,) = found.submissions
    claim = next_claim(s, s.adjudications[0], today=TODAY)
    assert (claim.responsibility, claim.payer.id) == ("S", "70002")
    assert claim.subscriber.member_id == "S9"
    assert claim.subscriber.birth_date == dt.date(1970, 1, 1)
    (decided,) = claim.lines[0].adjudications
    assert (decided.payer_id, decided.paid) == ("60054", Decimal(60))
    taken = sum((a.amount for a in decided.adjustments), Decimal(0))
    assert decided.paid + taken == claim.lines[0].charge
    assert not [e for e in _errors(claim) if e.startswith("missing.")]
    with pytest.raises(InputError, match="no payer after"):
        next_claim(of("16").submissions[0], of("16").submissions[0].adjudications[0], today=TODAY)


def test_the_next_payers_claim_survives_writing_and_reading(tmp_path):
    found = of("22", other_payer=OTHER)
    made = packet(found, tmp_path, action=Action.BILL_OTHER_PAYER)
    (claim,) = claims_in(Path(made.folder) / "secondary.837")
    assert claim.responsibility == "S"
    assert claim.lines[0].adjudications[0].adjustments[0].carc == "22"
    assert claim.other_payers[0].amounts[0].amount == 0


def _errors(claim: Claim) -> list[str]:
    from models.edits import check_claim

    return [e.id for e in check_claim(claim, TABLES) if e.severity == "error"]


def test_an_acceptance_proves_filing_and_is_enclosed(tmp_path):
    found = of("29", "", acknowledged("A1", "20260107", "A2"), filing="MB")
    made = packet(found, tmp_path, action=Action.APPEAL)
    assert {"filing-proof.txt", "filing-proof.pdf"} <= {*made.files}
    proof = (Path(made.folder) / "filing-proof.txt").read_text()
    assert "accepted January 7, 2026 by HOUSE, 5 days after the service" in proof
    assert "None of these names the payer's own number" in proof
    assert "proof of timely filing" in (Path(made.folder) / "letter.txt").read_text()


def test_without_an_acceptance_the_filing_is_unproven(tmp_path):
    found = of("29")
    made = packet(found, tmp_path, action=Action.APPEAL)
    assert "filing-proof.txt" not in made.files
    assert "unproven" in made.notes[-1]
    text = filing_proof(found.submissions).text()
    assert "999 proves the syntax" in text


def test_a_letter_of_any_length_and_alphabet_is_a_pdf():
    text = "Zoë <b>& Łukasz\n\n" + "* a fact\n" * 200
    pdf = letter_pdf(text, "Long")
    assert len(pypdf.PdfReader(BytesIO(pdf)).pages) > 2
    assert pdf == letter_pdf(text, "Long")
    assert "Zoë <b>& Łukasz" in pypdf.PdfReader(BytesIO(pdf)).pages[0].extract_text()
