"""A claim's page: what the payer will see, why it may be denied, what can be done, and its past."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from models.claims.claim import Claim
from models.edits import ServiceIndex
from models.errors import InputError
from models.history.rules import decode_rule, line_facts
from serving.problems import ServiceError
from serving.scoring.drafts import DraftDesk, load_actions
from serving.store.chains import ChainEvent, DeniedClaim
from serving.store.draft_types import Assessment, Draft, DraftChange, DraftFix
from serving.store.errors import ConflictError, NotFoundError
from serving.store.filing import claim_columns
from serving.store.rules import DISMISSED
from serving.web.claim_fields import (
    ClaimFields,
    claim_fields,
    field_label,
    write_field,
)
from serving.web.door import Door, Visit
from serving.web.plots import Bar, bars, gauge
from serving.web.render import Key, render
from serving.web.words import category_words, level, likelihood
from serving.web.worklist import export_answer

TITLE = "Claim"
KEYS = (
    Key("j / k", "next, previous field"),
    Key("f", "to the fixes"),
    Key("u", "take the last change back"),
    Key("x", "write this claim to an 837P file"),
    Key("Esc", "back to the worklist"),
)
#: Factors shown; the rest is one bar.
MOST_FACTORS = 8


class RiskBox(msgspec.Struct, frozen=True):
    """What the model says, in words, numbers and two plots."""

    probability: float
    likelihood: str
    level: str
    base_rate: float
    gauge: Markup
    factors: Markup
    factor_rows: tuple[tuple[str, str, float], ...]
    category: str
    category_probability: float
    categories: tuple[tuple[str, float], ...]
    carcs: tuple[tuple[str, float], ...]
    expected_loss: float
    expected_allowed: float
    preventable: float
    action: str
    flags: tuple[str, ...]
    model_version: str
    history_version: str


class RuleLine(msgspec.Struct, frozen=True):
    """A payer rule that applies to the claim."""

    id: int
    words: str
    evidence: str
    status: str


class DeniedLine(msgspec.Struct, frozen=True):
    """A similar claim that was denied."""

    id: int
    submitted: dt.date
    category: str
    carcs: tuple[str, ...]
    charge: Decimal
    shared: tuple[str, ...]
    overturned: bool


class ClaimPage(msgspec.Struct, frozen=True):
    """One draft."""

    token: str
    account: str
    payer: str
    visit: dt.date | None
    charge: Decimal
    state: str
    revision: int
    fields: ClaimFields
    errors: int
    warnings: int
    risk: RiskBox | None
    fixes: tuple[DraftFix, ...]
    rules: tuple[RuleLine, ...]
    similar: tuple[DeniedLine, ...]
    events: tuple[ChainEvent, ...]
    changes: tuple[DraftChange, ...]
    undoable: int
    deadline: dt.date | None
    days_left: int | None
    may_change: bool
    problem: str
    done: str


class FiledPage(msgspec.Struct, frozen=True):
    """A claim that was submitted: its content, what became of it, and its chain."""

    account: str
    payer: str
    visit: dt.date | None
    charge: Decimal
    fields: ClaimFields
    outcome: str
    category: str
    carcs: tuple[str, ...]
    paid: Decimal
    events: tuple[ChainEvent, ...]


def add_claims(door: Door, desk: DraftDesk) -> None:
    """Registers the pages of single claims."""

    @door.get("/claims/{token}", "read")
    def show(visit: Visit) -> Response:
        draft = _draft(visit)
        return visit.page("claim.html", claim_page(visit, draft), TITLE, KEYS)

    @door.post("/claims/{token}/field", "load")
    def change_field(visit: Visit) -> Response:
        draft = _draft(visit)
        pointer = visit.form.get("pointer", "")
        value = visit.form.get("value", "")
        try:
            _require_revision(visit, draft)
            claim = write_field(draft.claim, pointer, value)
        except (InputError, ConflictError) as error:
            return _answer(visit, draft, problem=str(error))
        if claim == draft.claim:
            return _answer(visit, draft)
        words = f"{field_label(pointer)} changed"
        return _change(visit, desk, draft, claim, "field", pointer, words)

    @door.post("/claims/{token}/fix", "load")
    def apply_fix(visit: Visit) -> Response:
        draft = _draft(visit)
        wanted = visit.form.get("fix", "")
        fixes = draft.assessment.fixes if draft.assessment else []
        fix = next((x for x in fixes if x.id == wanted), None)
        try:
            _require_revision(visit, draft)
            if fix is None:
                raise InputError("this fix does not apply to the claim any more")
            if not fix.needs:
                claim = desk.fixed(draft.claim, fix)
            elif value := visit.form.get("value", "").strip():
                claim = write_field(draft.claim, fix.pointer, value)
            else:
                raise InputError(f"enter the {fix.needs.removeprefix('the ')} first")
        except (InputError, ConflictError) as error:
            return _answer(visit, draft, problem=str(error))
        return _change(visit, desk, draft, claim, "fix", fix.pointer, fix.words)

    @door.post("/claims/{token}/undo", "load")
    def undo(visit: Visit) -> Response:
        draft = _draft(visit)
        try:
            _require_revision(visit, draft)
            last = _undoable(visit.store.drafts.changes(draft.id))
            if last is None:
                raise InputError("there is no change to take back")
            claim = visit.store.drafts.before(draft.id, last.id)
        except (InputError, ConflictError, NotFoundError) as error:
            return _answer(visit, draft, problem=str(error))
        words = f"taken back: {last.words}"
        return _change(visit, desk, draft, claim, "undo", last.field, words)

    @door.post("/claims/{token}/export", "load")
    def export(visit: Visit) -> Response:
        return export_answer(visit, [_draft(visit).token])

    @door.get("/claims/filed/{number}", "read")
    def filed(visit: Visit) -> Response:
        number = str(visit.request.path_params["number"])
        if not number.isdecimal() or len(number) > 18:
            raise ServiceError(404, "not-found", "there is no such claim")
        return visit.page("filed.html", filed_page(visit, int(number)), "Submitted claim")


def claim_page(visit: Visit, draft: Draft, problem: str = "", done: str = "") -> ClaimPage:
    """The page's context."""
    store, claim, assessment = visit.store, draft.claim, draft.assessment
    edits = assessment.edits if assessment else []
    payer = str(claim_columns(claim)["payer"])
    category = assessment.risk.category if assessment else ""
    changes = store.drafts.changes(draft.id)
    last = _undoable(changes)
    deadline = assessment.deadline if assessment else None
    similar = store.chains.denied_like(draft.practice, claim, payer, category)
    return ClaimPage(
        token=draft.token,
        account=claim.claim_id,
        payer=claim.payer.name or claim.payer.id,
        visit=claim.service_date,
        charge=claim.charge,
        state=draft.state,
        revision=draft.revision,
        fields=claim_fields(claim, draft.loaded, edits),
        errors=sum(x.severity == "error" for x in edits),
        warnings=sum(x.severity == "warning" for x in edits),
        risk=risk_box(assessment) if assessment else None,
        fixes=tuple(assessment.fixes) if assessment else (),
        rules=rules_for(visit, draft, claim),
        similar=tuple(_denied(x) for x in similar),
        events=tuple(store.chains.events(draft.practice, claim.claim_id)),
        changes=tuple(reversed(changes)),
        undoable=last.id if last else 0,
        deadline=deadline,
        days_left=(deadline - dt.date.today()).days if deadline else None,
        may_change=visit.may("load"),
        problem=problem,
        done=done,
    )


def filed_page(visit: Visit, number: int) -> FiledPage:
    """The context of a submitted claim."""
    filed = visit.store.chains.filed(number, visit.practices)
    claim = filed.claim
    outcome = {True: "denied", False: "paid", None: "not answered yet"}[filed.denied]
    return FiledPage(
        account=claim.claim_id,
        payer=claim.payer.name or claim.payer.id,
        visit=claim.service_date,
        charge=claim.charge,
        fields=claim_fields(claim, claim, []),
        outcome=outcome,
        category=category_words(filed.category) if filed.denied else "",
        carcs=filed.carcs,
        paid=filed.paid,
        events=tuple(visit.store.chains.events(filed.practice, claim.claim_id)),
    )


def risk_box(assessment: Assessment) -> RiskBox:
    """Words, numbers and plots of one risk."""
    risk = assessment.risk
    merged: dict[str, tuple[str, float]] = {}
    for factor in risk.factors:
        if factor.field:  # the same words may come through several categories
            _, before = merged.get(factor.words, ("", 0.0))
            merged[factor.words] = (factor.field, before + factor.contribution)
    strongest = sorted(merged.items(), key=lambda x: -abs(x[1][1]))
    named = [(words, field, value) for words, (field, value) in strongest[:MOST_FACTORS]]
    rest = sum(x.contribution for x in risk.factors) - sum(value for _, _, value in named)
    items = [Bar(words, value, f"{words}: {value:+.2f}") for words, _, value in named]
    if rest:
        items.append(Bar("everything else on the claim", rest, f"everything else: {rest:+.2f}"))
    action = load_actions().get(risk.category)
    likely = sorted(risk.categories.items(), key=lambda x: -x[1])
    return RiskBox(
        probability=risk.denial_probability,
        likelihood=likelihood(risk.denial_probability),
        level=level(risk.denial_probability),
        base_rate=risk.base_rate,
        gauge=gauge(
            risk.denial_probability,
            risk.base_rate,
            f"probability of denial {risk.denial_probability:.2f},"
            f" this payer's base rate {risk.base_rate:.2f}",
        ),
        factors=bars(items, "what raises and what lowers the probability, in log-odds"),
        factor_rows=tuple((words, field_label(field), value) for words, field, value in named),
        category=category_words(risk.category),
        category_probability=risk.category_probability,
        categories=tuple((category_words(k), v) for k, v in likely[:4]),
        carcs=tuple((x.carc, x.probability) for x in risk.carcs[:5]),
        expected_loss=risk.expected_loss,
        expected_allowed=risk.expected_allowed,
        preventable=assessment.preventable,
        action=action.words if action else "",
        flags=tuple(_flag(x) for x in risk.flags),
        model_version=risk.model_version,
        history_version=risk.history_version,
    )


def rules_for(visit: Visit, draft: Draft, claim: Claim) -> tuple[RuleLine, ...]:
    """Payer rules whose condition the claim meets, those that a person let act first."""
    past = visit.store.drafts.past(draft.practice, draft.patient)
    index = ServiceIndex()
    for earlier in past:
        index.add(earlier)
    facts = line_facts(claim, index.earlier(claim))
    found = []
    for kept in visit.store.rules.list([draft.practice]):
        if kept.status == DISMISSED:
            continue
        try:
            rule = decode_rule(kept.content)
        except InputError:
            continue  # written by a version that knew other kinds
        if rule.holds and rule.concerns(claim) and any(rule.broken_by(x) for x in facts):
            evidence = f"denied {rule.denied} of {rule.answered}{rule.period}"
            words = {"proposed": "not decided yet"}.get(kept.status, kept.status)
            found.append((kept.active, RuleLine(kept.id, rule.condition, evidence, words)))
    return tuple(x for _, x in sorted(found, key=lambda pair: not pair[0]))


def _change(
    visit: Visit,
    desk: DraftDesk,
    draft: Draft,
    claim: Claim,
    kind: str,
    pointer: str,
    words: str,
) -> Response:
    """Keep a change with its new score, and show the claim anew."""
    assessment = desk.assess_now(draft, claim)
    try:
        visit.store.drafts.change(
            draft,
            claim,
            assessment,
            actor=visit.caller.actor,
            who=visit.caller.name,
            kind=kind,
            field=pointer,
            words=words,
        )
    except ConflictError as error:
        return _answer(visit, _draft(visit), problem=str(error))
    visit.audit(f"draft.{kind}", f"draft:{draft.token}", draft.practice, field=pointer)
    return _answer(visit, _draft(visit), done=_effect(draft, assessment, words))


def _effect(draft: Draft, assessment: Assessment | None, words: str) -> str:
    if assessment is None:
        return f"{words}; it will be scored when a model serves"
    after = assessment.risk.denial_probability
    if draft.assessment is None:
        return f"{words}; probability of denial {after:.2f}"
    before = draft.assessment.risk.denial_probability
    return f"{words}: probability of denial {before:.2f} → {after:.2f}"


def _answer(visit: Visit, draft: Draft, problem: str = "", done: str = "") -> Response:
    """The claim after something was done to it: for htmx its middle, else the page."""
    page = claim_page(visit, draft, problem, done)
    if visit.partial:
        return HTMLResponse(render("claim_part.html", page, visit.shell(TITLE, KEYS)))
    if problem:
        return visit.page("claim.html", page, TITLE, KEYS)
    return visit.redirect(f"/claims/{draft.token}", done)


def _draft(visit: Visit) -> Draft:
    return visit.store.drafts.get(str(visit.request.path_params["token"]), visit.practices)


def _require_revision(visit: Visit, draft: Draft) -> None:
    if visit.form.get("revision", "") != str(draft.revision):
        raise ConflictError(
            "somebody else changed this claim since you opened it: it is shown as it is now,"
            " with what was changed below; do it again if you still want it"
        )


def _undoable(changes: Sequence[DraftChange]) -> DraftChange | None:
    """The last change that was not taken back."""
    taken = 0
    for change in reversed(changes):
        if change.kind == "undo":
            taken += 1
        elif change.kind in ("field", "fix"):
            if not taken:
                return change
            taken -= 1
        elif change.kind == "loaded":
            return None
    return None


def _denied(found: DeniedClaim) -> DeniedLine:
    return DeniedLine(
        found.id,
        found.submitted,
        category_words(found.category),
        found.carcs,
        found.charge,
        found.shared,
        found.overturned,
    )


def _flag(flag: str) -> str:
    kind, _, field = flag.partition(":")
    if kind == "never_seen":
        return f"the model never saw this {field.replace('_', ' ').replace('.', ' ')}"
    return flag.replace("_", " ")


TEMPLATES_OF = {"claim.html": ClaimPage, "filed.html": FiledPage}
