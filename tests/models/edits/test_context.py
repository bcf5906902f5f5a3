"""Earlier services: what a claim leaves behind for the next, and checking a whole file."""

import msgspec

from models.claims.claim import Provider
from models.edits import EditContext, ServiceIndex, check_file, services_of
from tests.models.edits.samples import DAY, NPI, OTHER_NPI, PATIENT, claim, line, lines, tables


def test_services_of_a_claim():
    each = claim(
        lines=(
            line("99213"),
            line("93000", 2, rendering=Provider(NPI, taxonomy="T")),
            line("80053", 3, service_date=None),
        )
    )
    found = services_of(each, "paid")
    assert [(s.code, s.provider, s.group, s.taxonomy, s.outcome) for s in found] == [
        ("99213", OTHER_NPI, NPI, "207Q00000X", "paid"),
        ("93000", NPI, NPI, "T", "paid"),
    ]
    assert found[0].date == DAY


def test_the_index_keeps_patients_and_practices_apart():
    index = ServiceIndex()
    index.add(claim())
    again = claim(claim_id="C2")
    assert len(index.earlier(again)) == 1
    assert index.earlier(claim()) == ()  # its own submission
    twin = msgspec.structs.replace(PATIENT, first_name="JOHN")
    assert index.earlier(claim(claim_id="C2", patient=twin)) == ()
    other = claim(claim_id="C2", billing=Provider(OTHER_NPI, tax_id="9"))
    assert index.earlier(other) == ()
    nobody = msgspec.structs.replace(PATIENT, member_id="")
    index.add(claim(subscriber=nobody, patient=nobody))
    assert index.earlier(claim(claim_id="C2", subscriber=nobody, patient=nobody)) == ()


def test_a_duplicate_within_the_file_is_found_at_the_second(tmp_path):
    every = tables(tmp_path)
    first, second = claim(), claim(claim_id="C2")
    found = {c.claim_id: [e.id for e in es] for c, es in check_file([first, second], every)}
    assert found == {"C1": [], "C2": ["duplicate.claim"]}


def test_pairs_across_the_claims_of_a_file(tmp_path):
    every = tables(tmp_path)
    two = [claim(lines=lines("11042")), claim(claim_id="C2", lines=lines("36000"))]
    (_, none), (_, some) = check_file(two, every)
    assert none == []
    assert [e.id for e in some] == ["ncci.never"]


def test_the_history_and_the_context_are_asked_too(tmp_path):
    every = tables(tmp_path)
    index = ServiceIndex()
    index.add(claim(claim_id="OLD"), "paid")
    ((_, edits),) = check_file([claim()], every, index=index)
    assert [e.id for e in edits] == ["duplicate.claim"]
    index = ServiceIndex()
    index.add(claim(claim_id="OLD"), "denied")
    ((_, edits),) = check_file([claim()], every, EditContext(), index)
    assert edits == []
