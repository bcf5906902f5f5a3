"""Learning payer rules from remittances.

For each payer, kind of rule and answer (CARC, with and without RARC) the lines that meet a
condition are compared with the payer's others. A rule is told only if

* the denials stand out among all tests of the practice (Fisher's exact test; Benjamini and
  Hochberg over groups of conditions, then over the conditions of a group that stood out, as in
  Yekutieli 2008, "Hierarchical false discovery rate-controlling methodology");
* a control group is there: the same payer denies the same procedures without the condition
  clearly less (Mantel-Haenszel over procedures);
* what better rules of the payer explain is set aside first.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from models.history.history import ClaimHistory
from models.history.rules.counts import (
    allowed_tests,
    excess,
    gain,
    stratified_excess,
    wilson,
)
from models.history.rules.kinds import (
    Condition,
    Kind,
    beyond,
    conditions,
    is_above,
    load_kinds,
    measure,
)
from models.history.rules.observe import Answer, ClaimLine, Observation, Payer, observe
from models.history.rules.periods import Period, find_period, month
from models.history.rules.rule import PayerRule, Support

#: Denials below which nothing is told.
FEWEST = 3
#: Share of chance finds tolerated among groups, and among the conditions of a group.
GROUP_RATE = 0.02
CONDITION_RATE = 0.05
#: A control group of so many lines at least, over all procedures of a rule.
SMALLEST_CONTROL = 5
#: By so much the share denied must be above that of the control group, and times it.
LEAST_DIFFERENCE = 0.08
LEAST_RATIO = 2.0
#: One-sided p that the control group must reach, and what a remnant must still reach.
_CONTROL_P = 0.01
_LIMITS = (30, 45, 60, 90, 95, 100, 120, 150, 180, 210, 240, 270, 300, 365)
_WHOLE_CLAIM = ("filing_limit", "enrollment", "duplicate")


class FoundRule(msgspec.Struct, frozen=True):
    """A rule and the lines that met its condition, denied or not."""

    rule: PayerRule
    lines: tuple[ClaimLine, ...]


class _Table(msgspec.Struct):
    """One payer's lines arranged for one kind."""

    kind: Kind
    members: list[int]  # lines that count for the kind
    of: dict[Condition, list[int]]  # condition -> lines
    by_code: dict[str, list[int]]
    met: set[int]  # lines that meet any condition


class _Group(msgspec.Struct):
    """Conditions that would make one rule, and one answer."""

    payer: Payer
    table: _Table
    answer: Answer
    category: str
    hits: frozenset[int]
    tests: list[tuple[Condition, list[int], float]]  # condition, lines, p
    p: float
    limit: int | None = None


def learn_rules(
    history: ClaimHistory, advance: Callable[[int], None] | None = None
) -> list[FoundRule]:
    """Payer rules that the history shows, by practice and payer, the surest first.

    ``advance`` is told how many submissions were read.
    """
    found: list[FoundRule] = []
    payers: dict[str, list[Payer]] = defaultdict(list)
    for payer in observe(history, advance):
        payers[payer.practice].append(payer)
    for members in payers.values():
        groups = [g for payer in members for g in _groups(payer)]
        cut = allowed_tests([g.p for g in groups], GROUP_RATE)
        for payer in members:
            own = sorted((g for g in groups if g.payer is payer and g.p <= cut), key=_order)
            found += _choose(payer, own)
    found.sort(key=lambda f: (f.rule.practice, f.rule.payer_name, -f.rule.denied, f.rule.key))
    return found


def _order(group: _Group) -> tuple[float, bool, str]:
    # Of equal evidence the answer without a remark is the simpler rule.
    return group.p, bool(group.answer[1]), group.table.kind.name


def _groups(payer: Payer) -> Iterable[_Group]:
    hits: dict[Answer, set[int]] = defaultdict(set)
    categories: dict[Answer, str] = {}
    for number, line in enumerate(payer.lines):
        for answer, category in line.answers:
            hits[answer].add(number)
            categories[answer] = category
    answers = [a for a, lines in hits.items() if len(lines) >= FEWEST]
    # A remark that always comes with its CARC tells nothing more.
    answers = [a for a in answers if not a[1] or len(hits[a]) < len(hits[a[0], ""])]
    for kind in load_kinds().values():
        told = [a for a in answers if kind.may_be_told_by(a[0], categories[a])]
        if not told:
            continue
        if "threshold" in kind.scope:
            for answer in told:
                yield from _thresholds(payer, kind, answer, categories[answer], hits[answer])
            continue
        table = _arrange(payer, kind)
        for answer in told:
            yield from _compared(payer, table, answer, categories[answer], hits[answer])


def _arrange(payer: Payer, kind: Kind) -> _Table:
    of: dict[Condition, list[int]] = defaultdict(list)
    by_code: dict[str, list[int]] = defaultdict(list)
    members = []
    met = set()
    for number, line in enumerate(payer.lines):
        if not _counts(kind, line):
            continue
        if kind.name == "telehealth" and not line.facts.telehealth:
            continue
        members.append(number)
        by_code[line.facts.code].append(number)
        for condition in conditions(kind, line.facts):
            of[condition].append(number)
            met.add(number)
    return _Table(kind, members, of, by_code, met)


def _counts(kind: Kind, line: Observation) -> bool:
    """A claim counts once where the payer judges it as a whole."""
    return line.first if kind.name in _WHOLE_CLAIM else not line.shared


def _compared(
    payer: Payer, table: _Table, answer: Answer, category: str, hits: set[int]
) -> Iterable[_Group]:
    """Groups of conditions that have any denial with this answer."""
    scope = table.kind.scope
    own = hits.intersection(table.members)
    gathered: dict[str, list[Condition]] = defaultdict(list)
    for condition, lines in table.of.items():
        if scope == "code" and len(lines) == len(table.by_code[condition[0]]):
            continue  # no line of the procedure is without it: nothing to compare with
        name = {"pair": condition[0], "value": condition[1], "each": condition[1]}.get(scope, "")
        gathered[name].append(condition)
    for conditions_ in gathered.values():
        if sum(1 for c in conditions_ for x in table.of[c] if x in own) < FEWEST:
            continue
        tests = []
        pooled: set[int] = set()
        for condition in conditions_:
            lines = table.of[condition]
            pooled.update(lines)
            tests.append((condition, lines, _excess(table, lines, own)))
        best = min(p for _, _, p in tests) * len(tests)
        whole = 1.0 if scope == "exclusion" else _excess(table, pooled, own)
        p = min(1.0, 2 * min(best, whole))
        yield _Group(payer, table, answer, category, frozenset(own), tests, p)


def _excess(table: _Table, lines: Sequence[int] | set[int], hits: set[int]) -> float:
    """Against the payer's other lines; a condition of one kind is no control of another's."""
    size = len(lines)
    k = sum(1 for x in lines if x in hits)
    if not k:
        return 1.0
    if table.kind.scope in ("code", "value") and table.kind.name not in ("place", "sex"):
        inside = set(lines)
        rest = [x for x in table.members if x not in table.met and x not in inside]
        others, j = len(rest), sum(1 for x in rest if x in hits)
    else:
        others, j = len(table.members) - size, len(hits) - k
    return excess(k, size, j, others)


def _thresholds(
    payer: Payer, kind: Kind, answer: Answer, category: str, hits: set[int]
) -> Iterable[_Group]:
    """The best limit of each procedure (or of the payer), paid for by the limits tried."""
    subjects: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(payer.lines):
        if not _counts(kind, line):
            continue
        subjects["" if kind.scope == "claim_threshold" else line.facts.code].append(number)
    for subject, lines in subjects.items():
        own = hits.intersection(lines)
        values = {x: measure(kind, payer.lines[x].facts) for x in lines}
        hit_values = sorted({values[x] for x in own if values[x] > 0})
        if len(own) < FEWEST or not hit_values:
            continue
        best: tuple[float, float, int, list[int]] | None = None
        limits = _candidates(kind, hit_values)
        for limit in limits:
            met = [x for x in lines if beyond(kind, values[x], limit)]
            k = sum(1 for x in met if x in own)
            size, rest = len(met), len(lines) - len(met)
            if k < FEWEST or not rest:
                continue
            score = gain(k, size, len(own) - k, rest)
            if k * rest > (len(own) - k) * size and (best is None or score > best[0]):
                best = score, excess(k, size, len(own) - k, rest), limit, met
        if best is None:
            continue
        _, p, limit, met = best
        condition = (subject, "")
        by_code = {subject: lines}
        table = _Table(kind, lines, {condition: met}, by_code, set(met))
        p = min(1.0, p * len(limits))
        yield _Group(
            payer, table, answer, category, frozenset(own), [(condition, met, p)], p, limit
        )


def _candidates(kind: Kind, hit_values: list[int]) -> list[int]:
    if kind.scope == "claim_threshold":
        return [x for x in _LIMITS if x < hit_values[-1]]
    limits = [v - 1 for v in hit_values] if is_above(kind) else hit_values
    return [x for x in limits if x > 0][:200]


def _choose(payer: Payer, groups: list[_Group]) -> list[FoundRule]:
    """Rules from groups that stood out, best first; each explains its lines away."""
    found: list[FoundRule] = []
    explained: set[int] = set()
    taken: set[tuple[str, str, str]] = set()
    for group in groups:
        cut = allowed_tests([p for _, _, p in group.tests], CONDITION_RATE)
        kept = [(c, lines) for c, lines, p in group.tests if p <= cut]
        if not kept:
            continue
        name = (group.table.kind.name, group.answer[0], kept[0][0][0] + kept[0][0][1])
        if name in taken:
            continue
        rule = _rule(payer, group, kept, explained)
        if rule is None:
            continue
        found.append(rule[0])
        explained |= rule[1]
        taken.add(name)
    return found


def _rule(
    payer: Payer, group: _Group, kept: list[tuple[Condition, list[int]]], explained: set[int]
) -> tuple[FoundRule, set[int]] | None:
    table, kind, hits = group.table, group.table.kind, group.hits
    met = sorted({x for _, lines in kept for x in lines})
    days = _days(payer, kind)
    period = find_period([(days(x), x in hits) for x in met])
    inside = [x for x in met if period.holds(days(x))]
    left = [x for x in inside if x not in explained]
    k = sum(1 for x in left if x in hits)
    if k < FEWEST or 2 * k < sum(1 for x in inside if x in hits):
        return None  # better rules explain it
    strata = _strata(table, kept, hits, period, days, explained)
    control, control_hits = sum(s[3] for s in strata), sum(s[2] for s in strata)
    share = k / len(left)
    other = (control_hits + 0.5) / (control + 1)
    if (
        control < SMALLEST_CONTROL
        or share < other + LEAST_DIFFERENCE
        or share < LEAST_RATIO * other
        or stratified_excess(strata) > _CONTROL_P
    ):
        return None
    return _told(payer, group, kept, inside, period, days, (control_hits, control)), {
        x for x in inside if x in hits
    }


def _days(payer: Payer, kind: Kind) -> Callable[[int], int]:
    if kind.name == "enrollment":  # enrollment counts by the day of service
        return lambda x: payer.lines[x].served
    return lambda x: payer.lines[x].day


def _strata(
    table: _Table,
    kept: list[tuple[Condition, list[int]]],
    hits: frozenset[int],
    period: Period,
    days: Callable[[int], int],
    explained: set[int],
) -> list[tuple[int, int, int, int]]:
    """(hits, size, control's hits, control's size) by procedure; the payer where it is for all."""
    met = {x for _, lines in kept for x in lines}
    subjects: dict[str, set[int]] = defaultdict(set)
    for (subject, _), lines in kept:
        subjects[subject].update(lines)
    strata = []
    for subject, covered in subjects.items():
        own = [x for x in covered if period.holds(days(x)) and x not in explained]
        pool: Sequence[int]
        if table.kind.scope in ("all", "each", "exclusion", "claim_threshold") or not subject:
            pool = table.members
        else:
            pool = table.by_code[subject]
        rest = [x for x in pool if x not in met and x not in explained]
        strata.append((
            sum(1 for x in own if x in hits), len(own),
            sum(1 for x in rest if x in hits), len(rest),
        ))  # fmt: skip
    if table.kind.scope == "exclusion" and strata:
        # Every procedure has the same control: count it once.
        k, n = sum(s[0] for s in strata), sum(s[1] for s in strata)
        return [(k, n, strata[0][2], strata[0][3])]
    return strata


def _told(
    payer: Payer,
    group: _Group,
    kept: list[tuple[Condition, list[int]]],
    inside: list[int],
    period: Period,
    days: Callable[[int], int],
    control: tuple[int, int],
) -> FoundRule:
    kind, hits = group.table.kind, group.hits
    support = []
    for (code, value), lines in kept:
        own = [x for x in lines if period.holds(days(x))]
        denied = sum(1 for x in own if x in hits)
        support.append(Support(code, value, denied, len(own)))
    support.sort(key=lambda s: (-s.denied, s.code, s.value))
    denied = sum(1 for x in inside if x in hits)
    seen = [payer.lines[x].day for x in inside if x in hits]
    low, high = wilson(denied, len(inside))
    carc, rarc = group.answer
    rule = PayerRule(
        practice=payer.practice,
        payer=payer.key,
        payer_name=max(payer.names, key=lambda n: (payer.names[n], n)),
        payers=tuple(sorted(payer.tokens)),
        kind=kind.name,
        codes=tuple(dict.fromkeys(s.code for s in support if s.code)),
        values=tuple(dict.fromkeys(s.value for s in support if s.value)),
        limit=group.limit,
        carc=carc,
        rarc=rarc,
        category=group.category,
        denied=denied,
        answered=len(inside),
        confidence=round(denied / len(inside), 4),
        low=round(low, 4),
        high=round(high, 4),
        control_denied=control[0],
        control_answered=control[1],
        first_seen=month(min(seen)),
        last_seen=month(max(seen)),
        began="" if period.begin is None else month(period.begin),
        ended="" if period.end is None else month(period.end),
        holds=period.end is None,
        support=tuple(support),
    )
    return FoundRule(rule, tuple(_claim_line(payer.lines[x], x in hits) for x in inside))


def _claim_line(line: Observation, denied: bool) -> ClaimLine:
    return ClaimLine(line.claim_id, line.number, dt.date.fromordinal(line.day), denied)
