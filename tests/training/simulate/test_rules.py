"""What the truth says of rules is what the claims show."""

from collections import Counter, defaultdict

from training.simulate import SimulatedPractice, simulate
from training.simulate.adjudicate import violates
from training.simulate.rules import OPEN_END, OPEN_START
from training.simulate.tables import diagnoses, mechanisms, procedures


def test_every_mechanism_denies_somewhere() -> None:
    seen: Counter[str] = Counter()
    for seed in range(3):
        for profile in ("typical", "hard"):
            made = simulate(profile, claims=4000, months=12, seed=50 + seed)
            for s in made.submissions:
                if s.decision is not None and s.decision.first is not None:
                    seen[s.decision.first.mechanism.name] += 1
    assert set(seen) == set(mechanisms())


def test_rules_act_with_their_strength(practice: SimulatedPractice) -> None:
    """Among lines that break one rule and reach it, the share denied for it is its strength."""
    expected = shown = 0.0
    lines = 0
    for s in practice.submissions:
        decision = s.decision
        if decision is None or s.claim.responsibility != "P" or decision.whole is not None:
            continue
        for line, denial in zip(s.draft.lines, decision.lines, strict=True):
            found = [
                r
                for r in s.rules.book(s.day).by_code.get(line.procedure.code, ())
                if line.charge and r.mechanism.name == "authorization"
            ]
            if len(found) != 1 or s.draft.authorization:
                continue
            lines += 1
            expected += found[0].strength
            shown += denial is not None and denial.rule is found[0]
    assert lines > 50
    assert abs(shown - expected) < 4 * (expected * 0.4) ** 0.5 + 1


def test_denials_name_rules_in_force(practice: SimulatedPractice) -> None:
    for s in practice.submissions:
        if s.decision is None or s.claim.responsibility != "P":
            continue
        for line, denial in zip(s.draft.lines, s.decision.lines, strict=True):
            if denial is None or denial.rule is None or s.decision.whole is not None:
                continue
            assert denial.rule.payer is s.coverage.payer
            assert denial.rule.active(s.day)
            if denial.mechanism.name not in ("frequency_limit", "unspecified_diagnosis"):
                assert violates(denial.rule, s.draft, line)


def test_payers_change_rules_within_the_history() -> None:
    made = simulate("typical", claims=4000, months=18, seed=9)
    calendar = made.calendar
    starts = [r.start for r in made.every_rule() if r.start > OPEN_START and r.provider < 0]
    stops = [r.stop for r in made.every_rule() if r.stop < OPEN_END and r.provider < 0]
    assert starts and stops
    assert all(calendar.start <= day <= calendar.end for day in starts + stops)
    assert any(60 <= calendar.end - day <= 120 for day in starts + stops)


def test_profiles_differ_as_they_say() -> None:
    made = {p: simulate(p, claims=1500, months=12, seed=1) for p in ("easy", "typical", "hard")}
    rules = {p: len(m.every_rule()) / len(m.rules) for p, m in made.items()}
    strength = {
        p: sum(r.strength for r in m.every_rule()) / len(m.every_rule()) for p, m in made.items()
    }
    assert rules["easy"] < rules["typical"] < rules["hard"]
    assert strength["easy"] > strength["typical"] > strength["hard"]
    assert len(made["easy"].world.payers) < len(made["hard"].world.payers)


def test_denials_peak_in_january() -> None:
    rates = defaultdict(list)
    for seed in range(3):
        made = simulate("typical", claims=5000, months=18, seed=20 + seed)
        for s in made.submissions:
            if s.decision is not None and s.kind == "original":
                # coverages are checked as the history begins: its first January has no peak
                early = "2026-01-01" <= s.claim.submitted.isoformat() < "2026-02-16"
                whole = s.decision.whole
                rates[early].append(whole is not None and whole.mechanism.name == "eligibility")
    share = {early: sum(rows) / len(rows) for early, rows in rates.items()}
    assert share[True] > 1.5 * share[False]


def test_tables_hold_numbers_only() -> None:
    assert 100 <= len(procedures()) <= 200
    assert 180 <= sum(len(members) for members in diagnoses().values()) <= 300
    families = {p.family for p in procedures().values()}
    for mechanism in mechanisms().values():
        assert set(mechanism.families) <= families, mechanism.name
    codes = [d.code for members in diagnoses().values() for d in members]
    assert all(code.isalnum() and "." not in code for code in codes)
