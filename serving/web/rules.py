"""Payer rules: what was learnt from remittances, its evidence over time, and decisions on it."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from models.errors import InputError
from models.history.rules import ClaimLine, PayerRule, decode_rule, encode_rule
from models.history.rules.counts import wilson
from serving.problems import ServiceError
from serving.scoring.edits import EditDesk
from serving.store.errors import ConflictError
from serving.store.rule_learning import checked_edit
from serving.store.rules import DECISIONS, DISMISSED, EDITED, KeptRule
from serving.web.door import Door, Visit
from serving.web.plots import Point, line
from serving.web.render import Key
from serving.web.words import category_words

TITLE = "Payer rules"
KEYS = (
    Key("j / k", "next, previous rule"),
    Key("Enter", "open the rule"),
    Key("a", "accept it (on its page)"),
    Key("d", "dismiss it (on its page)"),
    Key("/", "to the filters"),
)
STATUSES = (
    ("proposed", "to be decided"),
    ("accepted", "accepted"),
    ("edited", "edited"),
    ("dismissed", "dismissed"),
)


class RuleRow(msgspec.Struct, frozen=True):
    """A rule in the list; ``high`` and ``low`` bound the share that was denied."""

    id: int
    condition: str
    period: str
    denied: int
    answered: int
    low: float
    high: float
    control: str
    category: str
    status: str
    ended: bool


class RulesPage(msgspec.Struct, frozen=True):
    """The list."""

    rows: tuple[RuleRow, ...]
    statuses: tuple[tuple[str, str, int], ...]
    status: str
    payers: tuple[tuple[str, str], ...]
    payer: str
    filtered: bool


class RulePage(msgspec.Struct, frozen=True):
    """One rule with its evidence."""

    id: int
    words: str
    remedy: str
    payer: str
    category: str
    carc: str
    rarc: str
    denied: int
    answered: int
    confidence: float
    low: float
    high: float
    control_denied: int
    control_answered: int
    began: str
    ended: str
    plot: Markup
    months: tuple[tuple[str, int, int], ...]
    support: tuple[tuple[str, str, int, int], ...]
    claims: int
    status: str
    active: bool
    severity: str
    advice: str
    codes: str
    decided_by: str
    decided: dt.datetime | None
    reason: str
    revision: int
    may_decide: bool
    problem: str


def add_rules(door: Door, desk: EditDesk) -> None:
    """Registers the pages of payer rules."""

    @door.get("/rules", "rules")
    def rules(visit: Visit) -> Response:
        return visit.page("rules.html", rules_page(visit), TITLE, KEYS)

    @door.get("/rules/{number}", "rules")
    def rule(visit: Visit) -> Response:
        return visit.page("rule.html", rule_page(visit, _kept(visit)), TITLE, KEYS)

    @door.post("/rules/{number}", "rules")
    def decide(visit: Visit) -> Response:
        kept = _kept(visit)
        form = visit.form
        status = form.get("status", "")
        revision = form.get("revision", "")
        try:
            if status not in DECISIONS:
                raise InputError(f"status={status!r} is unknown; allowed: {', '.join(DECISIONS)}")
            if status in (DISMISSED, EDITED) and not form.get("reason", "").strip():
                raise InputError("say why, in a few words")
            edited = edited_rule(kept, form) if status == EDITED else None
            decided = visit.store.rules.decide(
                kept.id,
                status,
                visit.caller.actor,
                reason=form.get("reason", "").strip()[:1000],
                edited=edited,
                revision=int(revision) if revision.isdecimal() else None,
                practices=visit.practices,
            )
        except (InputError, ConflictError) as error:
            page = rule_page(visit, _kept(visit), problem=str(error))
            return visit.page("rule.html", page, TITLE, KEYS)
        desk.publish(visit.store)
        visit.audit(f"rule.{status}", f"rule:{kept.id}", decided.practice)
        return visit.redirect(f"/rules/{kept.id}", f"the rule is {status}")


def rules_page(visit: Visit) -> RulesPage:
    """The list's context."""
    kept = visit.store.rules.list(visit.practices)
    counts = Counter(x.status for x in kept)
    status = visit.query("status")
    if status not in dict(STATUSES):
        status = "" if not counts["proposed"] or visit.query("payer") else "proposed"
    if visit.query("status") == "all":
        status = ""
    payer = visit.query("payer")
    read = [(x, _content(x)) for x in kept]
    payers = sorted({(x.payer, r.payer_name or x.payer) for x, r in read if r}, key=lambda p: p[1])
    rows = [
        _row(x, r)
        for x, r in read
        if r is not None and (not status or x.status == status) and (not payer or x.payer == payer)
    ]
    return RulesPage(
        rows=tuple(sorted(rows, key=lambda r: (r.ended, -r.denied))),
        statuses=tuple((value, words, counts[value]) for value, words in STATUSES),
        status=status,
        payers=tuple(payers),
        payer=payer,
        filtered=bool(status or payer),
    )


def rule_page(visit: Visit, kept: KeptRule, problem: str = "") -> RulePage:
    """One rule's context."""
    rule = decode_rule(kept.content)
    learnt = decode_rule(kept.learnt)
    payload = visit.store.rules.evidence(kept.id, visit.practices)
    lines = msgspec.json.decode(payload, type=list[ClaimLine])
    months = by_month(lines)
    points = []
    for month, denied, answered in months:
        low, high = wilson(denied, answered)
        points.append(
            Point(month, denied / answered, low, high, f"{month}: {denied} of {answered} denied")
        )
    return RulePage(
        id=kept.id,
        words=rule.words,
        remedy=rule.remedy,
        payer=rule.payer_name or rule.payer,
        category=category_words(rule.category),
        carc=rule.carc,
        rarc=rule.rarc,
        denied=learnt.denied,
        answered=learnt.answered,
        confidence=learnt.confidence,
        low=learnt.low,
        high=learnt.high,
        control_denied=learnt.control_denied,
        control_answered=learnt.control_answered,
        began=learnt.began or learnt.first_seen,
        ended=learnt.ended,
        plot=line(points, f"share denied by month: {rule.condition}", top=1.0),
        months=tuple(months),
        support=tuple((x.code, x.value, x.denied, x.answered) for x in learnt.support[:20]),
        claims=len({x.claim_id for x in lines}),
        status=kept.status,
        active=kept.active,
        severity=rule.severity,
        advice=rule.advice,
        codes=" ".join(rule.codes),
        decided_by=kept.decided_by,
        decided=kept.decided,
        reason=kept.reason,
        revision=kept.revision,
        may_decide=visit.may("rules"),
        problem=problem,
    )


def by_month(lines: list[ClaimLine]) -> list[tuple[str, int, int]]:
    """(month of submission, denied, answered) in order."""
    answered = Counter(f"{x.submitted:%Y-%m}" for x in lines)
    denied = Counter(f"{x.submitted:%Y-%m}" for x in lines if x.denied)
    return [(month, denied[month], answered[month]) for month in sorted(answered)]


def edited_rule(kept: KeptRule, fields: Mapping[str, str]) -> bytes:
    """The rule with a person's severity, advice and procedures.

    Raises:
        InputError: a severity or procedure that is not allowed.
    """
    rule = decode_rule(kept.content)
    severity = fields.get("severity", rule.severity)
    if severity not in ("warning", "error"):
        raise InputError("severity is warning or error")
    codes = tuple(x for x in fields.get("codes", "").upper().replace(",", " ").split() if x)
    if rule.codes and not codes:
        raise InputError("name at least one procedure, or dismiss the rule")
    if not all(len(x) == 5 and x.isalnum() for x in codes):
        raise InputError("procedures have five letters or digits, for instance: 73721 70551")
    changed = msgspec.structs.replace(
        rule,
        severity="error" if severity == "error" else "warning",
        advice=fields.get("advice", "").strip()[:300],
        codes=codes if rule.codes else rule.codes,
    )
    return checked_edit(kept, encode_rule(changed))


def _kept(visit: Visit) -> KeptRule:
    number = str(visit.request.path_params["number"])
    if not number.isdecimal() or len(number) > 10:
        raise ServiceError(404, "not-found", "no payer rule has this number")
    return visit.store.rules.get(int(number), visit.practices)


def _content(kept: KeptRule) -> PayerRule | None:
    try:
        return decode_rule(kept.content)
    except InputError:
        return None  # written by a version that knew other kinds


def _row(kept: KeptRule, rule: PayerRule) -> RuleRow:
    control = (
        f"{rule.control_denied} of {rule.control_answered} otherwise"
        if rule.control_answered
        else ""
    )
    return RuleRow(
        kept.id,
        rule.condition,
        rule.period.strip(),
        rule.denied,
        rule.answered,
        rule.low,
        rule.high,
        control,
        category_words(rule.category),
        kept.status,
        not rule.holds,
    )


TEMPLATES_OF = {"rules.html": RulesPage, "rule.html": RulePage}
