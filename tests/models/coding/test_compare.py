"""Note against claim: both directions alike, with what would support a code, and pointers."""

import datetime as dt
from decimal import Decimal

import msgspec

from models.claims.claim import Claim, Diagnosis, ServiceLine
from models.codes.icd10cm import load_icd10cm
from models.coding.assertion import Assertion, assertions
from models.coding.compare import Comparison, compare
from models.coding.draft import DraftLine, draft_claim, draft_of
from models.coding.em import visit_level
from models.coding.note import read_note
from models.coding.spans import Span
from models.coding.suggestion import Evidence, Suggestion

DAY = dt.date(2026, 3, 1)


def suggest(text: str, **found: str | tuple[str, float]) -> list[Suggestion]:
    """Suggestions as a model would give them: codes (dots as underscores) and their words."""
    note, icd = read_note(text), load_icd10cm()
    result = []
    for key, value in found.items():
        words, score = value if isinstance(value, tuple) else (value, 0.9)
        code = key.replace("_", ".")
        procedure = code[0].isdigit() or code.startswith("c")
        code = code.removeprefix("c")
        begins = [i for i in range(len(text)) if text.startswith(words, i)]
        assert begins, words
        spans = [Span(i, i + len(words)) for i in begins]
        asserted = assertions(note, spans)
        best = Assertion.PRESENT if Assertion.PRESENT in asserted else asserted[0]
        evidence = tuple(Evidence(s.begin, s.end, words) for s in spans)
        system = "CPT" if procedure else "ICD-10-CM"
        title = "" if procedure else icd.title(code)
        result.append(Suggestion(system, code, title, score, best, evidence))
    return result


def answer(
    text: str,
    diagnoses: list[str],
    lines: list[DraftLine],
    suggestions: list[Suggestion],
    systems: tuple[str, ...] = ("ICD-10-CM",),
) -> Comparison:
    note = read_note(text)
    claim = draft_claim(diagnoses, lines)
    visit = visit_level(note, date=DAY, billed=claim.procedures)
    found = compare(note, claim, suggestions, icd10cm=load_icd10cm(), visit=visit, systems=systems)
    words = [e for f in found.findings for e in f.evidence]
    words += [e for s in found.supported for e in s.evidence]
    assert all(text[e.begin : e.end] == e.text for e in words)
    return found


def kinds(found: Comparison) -> list[tuple[str, str, str]]:
    return [(f.kind, f.billed, f.documented) for f in found.findings]


VISIT = DraftLine(1, "99213", (), (1,))


def test_what_note_and_claim_agree_on_is_supported() -> None:
    text = "HPI: Known to me.\nA/P:\n1. HTN - stable. Continue lisinopril 20 mg daily."
    found = answer(text, ["I10"], [VISIT], suggest(text, I10="HTN"))
    assert kinds(found) == []
    assert {s.code for s in found.supported} == {"I10", "99213"}
    assert not found.unchecked and not found.pointers


def test_a_code_without_words_is_unsupported_and_told_what_would_support_it() -> None:
    text = "HPI: Known to me.\nA/P:\n1. HTN - stable. Continue lisinopril 20 mg daily."
    found = answer(text, ["I10", "E11.9"], [VISIT], suggest(text, I10="HTN"))
    assert kinds(found) == [("unsupported", "E11.9", "")]
    assert "assessment" in found.findings[0].needed


def test_what_is_only_possible_past_denied_or_carried_forward_is_unsupported() -> None:
    text = (
        "HPI: Known to me. Denies asthma.\nPROBLEM LIST:\n- gout\n"
        "PMH: history of pneumonia.\n"
        "A/P:\n1. Cough - improving. OTC syrup.\nPossible COPD."
    )
    made = suggest(
        text, R05_9="Cough", J44_9="COPD", J45_909="asthma", M10_9="gout", J18_9="pneumonia"
    )
    found = answer(text, ["R05.9", "J44.9", "J45.909", "M10.9", "J18.9"], [VISIT], made)
    whys = {f.billed: f for f in found.findings}
    assert set(whys) == {"J44.9", "J45.909", "M10.9", "J18.9"}
    assert "possible" in whys["J44.9"].why and "sign or symptom" in whys["J44.9"].needed
    assert "denies" in whys["J45.909"].why
    assert "problem list" in whys["M10.9"].why
    assert "past" in whys["J18.9"].why


def test_past_and_family_conditions_support_their_own_codes() -> None:
    text = (
        "HPI: Known to me.\nPMH: history of breast cancer, treated 2010.\n"
        "FAMILY HISTORY: mother had colon cancer.\nA/P:\n1. HTN - stable. Continue lisinopril 5 mg."
    )
    made = suggest(text, I10="HTN", Z85_3="breast cancer", Z80_0="colon cancer",
                   C50_919="breast cancer")  # fmt: skip
    found = answer(text, ["I10", "Z85.3", "Z80.0", "C50.919"], [VISIT], made)
    assert {s.code for s in found.supported} >= {"Z85.3", "Z80.0"}
    assert [f.billed for f in found.findings] == ["C50.919"]
    assert "Z85" in found.findings[0].needed


def test_less_specific_than_documented_and_more_specific_than_documented() -> None:
    text = "HPI: Known to me.\nA/P:\n1. right knee pain - improving. OTC naproxen."
    made = suggest(text, M25_561="right knee pain")
    found = answer(text, ["M25.569"], [VISIT], made)
    assert kinds(found) == [("less_specific", "M25.569", "M25.561")]
    text = "HPI: Known to me.\nA/P:\n1. knee pain - improving. OTC naproxen."
    vague = msgspec.structs.replace(
        suggest(text, M25_569="knee pain")[0], missing=("laterality not documented",)
    )
    found = answer(text, ["M25.561"], [VISIT], [vague])
    assert kinds(found) == [("unsupported", "M25.561", "M25.569")]
    assert "laterality not documented" in found.findings[0].why


def test_documented_and_not_billed_names_likely_codes_only() -> None:
    text = (
        "HPI: Known to me.\nA/P:\n1. HTN - stable. Continue lisinopril 20 mg daily.\n"
        "2. Hypothyroid - stable. Continue levothyroxine 50 mcg. Fatigue. Maybe eczema."
    )
    made = suggest(text, I10="HTN", E03_9="Hypothyroid", R53_83="Fatigue", L30_9=("eczema", 0.3))
    found = answer(text, ["I10"], [DraftLine(1, "99214", (), (1,))], made)
    assert kinds(found) == [("unbilled", "", "E03.9")]


def test_visit_levels_are_compared_up_and_down_alike() -> None:
    text = "HPI: Established patient.\nA/P:\n1. HTN - stable.\nTotal time 32 minutes."
    made = suggest(text, I10="HTN")
    over = answer(text, ["I10"], [DraftLine(1, "99215", (), (1,))], made).findings
    under = answer(text, ["I10"], [DraftLine(1, "99213", (), (1,))], made).findings
    assert [(f.kind, f.billed, f.documented) for f in (*over, *under)] == [
        ("unsupported", "99215", "99214"), ("unbilled", "99213", "99214"),
    ]  # fmt: skip
    assert "40 minutes" in over[0].needed
    new = answer(text, ["I10"], [DraftLine(1, "99203", (), (1,))], made).findings
    assert new[0].documented == "99214" and "established" in new[0].why


def test_procedures_are_checked_where_the_model_knows_them() -> None:
    text = "PROCEDURES: steroid injection, right knee.\nA/P:\n1. right knee OA - worse."
    made = suggest(text, M17_11="right knee OA", c20610="steroid injection")
    lines = [DraftLine(1, "20610", ("RT",), (1,)), DraftLine(2, "73562", ("RT",), (1,))]
    without = answer(text, ["M17.11"], lines, [s for s in made if s.system == "ICD-10-CM"])
    assert without.unchecked == ("20610", "73562") and kinds(without) == []
    known = answer(text, ["M17.11"], lines, made, systems=("ICD-10-CM", "CPT"))
    assert kinds(known) == [("unsupported", "73562", "")]
    assert known.findings[0].lines == (2,)


def test_pointers_follow_service_side_and_support() -> None:
    text = (
        "HPI: Known to me.\nPROCEDURES: injected left knee for left knee OA.\n"
        "A/P:\n1. left knee OA - worse. 2. right knee OA - stable. 3. Vaccine given."
    )
    made = suggest(text, M17_12="left knee OA", M17_11="right knee OA", Z23="Vaccine given",
                   c20610="injected left knee")  # fmt: skip
    lines = [
        DraftLine(1, "20610", ("LT",), (1,)),
        DraftLine(2, "90471", (), (1, 2)),
        DraftLine(3, "99213", (), (2, 1)),
    ]
    found = answer(text, ["M17.11", "M17.12", "Z23"], lines, made, ("ICD-10-CM", "CPT"))
    assert {p.line: p.proposed for p in found.pointers} == {1: (2,), 2: (3,)}
    assert "left side" in found.pointers[0].why[0]


def test_a_draft_is_what_the_claim_says() -> None:
    claim = Claim(
        claim_id="A", charge=Decimal(1), submitted=DAY,
        diagnoses=(Diagnosis("ABK", "E119"), Diagnosis("ABF", "I10")),
        lines=(ServiceLine(1, "99213", Decimal(1), modifiers=("25",),
                           pointers=(1, 2)),),
    )  # fmt: skip
    draft = draft_of(claim)
    assert draft.diagnoses == ("E11.9", "I10")
    assert draft.lines == (DraftLine(1, "99213", ("25",), (1, 2)),)
