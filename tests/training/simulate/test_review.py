"""An office that is warned before a claim goes out looks again."""

from training.simulate import simulate

#: What a second look at the claim can mend, as against coverage, enrolment or plain noise.
FORGOTTEN = {
    "authorization", "drug_number", "laboratory_number", "new_patient", "procedure_pair",
    "referring_provider", "separate_service", "side_modifier", "telehealth",
}  # fmt: skip


def test_a_warned_office_forgets_less_and_the_days_before_stay_the_same():
    alone = simulate("easy", 1500, 8, seed=2)
    turn = alone.calendar.start + 120
    seen = []

    def review(claim, day):
        seen.append(claim.claim_id)
        return day >= turn

    warned = simulate("easy", 1500, 8, seed=2, review=review)
    before = [s.claim for s in alone.submissions if s.day < turn]
    assert before == [s.claim for s in warned.submissions if s.day < turn]
    assert len(seen) >= 1500

    def slips(practice):
        return sum(
            d is not None and d.mechanism.name in FORGOTTEN
            for s in practice.submissions
            if s.day >= turn and s.decision is not None and s.kind == "original"
            for d in s.decision.lines
        )

    assert slips(warned) < 0.3 * slips(alone)
