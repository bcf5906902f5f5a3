"""What is learnt from a simulated practice, beside the rules that its payers really have."""

from benchmarks.payer_rules import history_of, judge, new_tally
from models.history.rules import learn_rules
from training.simulate.practice import simulate


def test_rules_of_a_simulated_practice_are_found_and_hardly_any_is_false():
    practice = simulate("easy", 4000, 12, seed=7)
    tally = new_tally()
    judge(practice, learn_rules(history_of(practice)), 5, tally)
    assert tally.told.total() >= 20
    assert tally.true.total() >= 0.9 * tally.told.total()
    assert tally.found.total() >= 0.5 * tally.shown.total()
