from models.history.rules.periods import find_period, month


def test_a_rule_that_always_held_has_no_ends():
    period = find_period([(day, day % 5 != 0) for day in range(60)])
    assert (period.begin, period.end) == (None, None)


def test_a_change_is_found_on_both_ends():
    period = find_period([(day, 30 <= day < 60) for day in range(90)])
    assert (period.begin, period.end) == (30, 59)
    assert period.holds(30) and not period.holds(29) and not period.holds(60)


def test_few_lines_prove_no_change():
    period = find_period([(1, False), (2, True), (3, True), (4, True)])
    assert (period.begin, period.end) == (None, None)


def test_without_lines_there_is_no_period():
    assert find_period([]).holds(7)


def test_a_month_is_told_without_the_day():
    assert month(739_000) == "2024-04"
