"""Work items: each open denied or cut line with its cause, deadline, next best action and worth.

Worth is the probability of recovery times the dollars at stake, less the cost of the work. What
is done once for a claim is shared by its lines.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from models.codes.categories import DenialCategory
from models.edits import EditContext, EditTables, ServiceIndex, check_claim
from models.edits.edit import Edit
from models.history.history import ClaimHistory
from models.revenue.actions import WRITE_OFF_MINUTES, Action, load_actions, patient_hold
from models.revenue.amount_at_stake import AmountsAtStake
from models.revenue.causes import RootCause, RuleLines, learn_rule_lines, root_cause
from models.revenue.denials import DeniedLine, adjustments_of, denied_lines
from models.revenue.expected import FeeTables
from models.revenue.recovery import RecoveryModel, facts_of
from models.revenue.routes import (
    UNPROCESSABLE_REMARK,
    Deadline,
    Purpose,
    Route,
    deadline,
    load_notices,
    load_routes,
    payer_type,
)
from models.revenue.write_offs import WriteOff, load_authority

#: Minutes that each further line of the same claim adds to the same work.
_MORE_LINES = 2
#: What is left of a chance once a safe default has passed: the payer's own days may be over too.
_LATE = 0.5
_QUARTER = 91  # days
_ROLES = ("biller", "administrator")


class WorkOptions(msgspec.Struct, frozen=True):
    """What a practice may set. ``today`` defaults to the history's last day.

    ``scores`` are probabilities of denial by claim number as told before submission, and
    ``warned_from`` the one from which a score counts as a warning. ``cost`` is that of an hour
    of work in dollars.
    """

    today: dt.date | None = None
    cost: float = 40.0
    scores: Mapping[str, float] = {}
    warned_from: float = 0.5
    routes: Path | None = None
    notices: Path | None = None
    actions: Path | None = None
    authority: Path | None = None


class Option(msgspec.Struct, frozen=True):
    """One thing that could be done.

    ``worth`` is dollars expected less cost; ``hours`` this line's part of the work.
    ``probability_from`` says what the probability rests on (`RecoveryModel.source`). A
    ``deadline`` that is not ``binding`` is a safe default: once it has passed, ask for the payer's
    own before the work.
    """

    action: Action
    route: Route | None
    deadline: dt.date | None
    deadline_source: str
    binding: bool
    probability: float
    probability_from: str
    hours: float
    worth: float

    @property
    def rate(self) -> float:
        """Dollars an hour."""
        return self.worth / self.hours


class WorkItem(msgspec.Struct):
    """One denied or cut line that waits for somebody.

    ``kind`` is denied, reduced or underpaid. ``line`` counts from 1; amounts are dollars:
    ``charge`` billed, ``at_stake`` what the payer
    would be expected to allow. ``warned`` says whether a score before submission had warned,
    ``None`` where none is known; ``edit_warned`` whether an edit would have. ``options`` are
    ordered by worth, the first is the next best action; ``missed`` names the routes whose
    deadline has passed, ``hold`` why the patient may not be billed, ``needs`` the role that a
    write-off takes.
    """

    practice: str
    claim_id: str
    submission: int
    line: int
    payer: str
    payer_name: str
    payer_type: str
    code: str
    modifiers: tuple[str, ...]
    service_date: dt.date | None
    denied_on: dt.date
    kind: str
    category: DenialCategory
    carcs: tuple[str, ...]
    rarcs: tuple[str, ...]
    control_number: str
    cause: RootCause
    warned: bool | None
    edit_warned: bool
    attempts_before: int
    charge: Decimal
    at_stake: Decimal
    options: list[Option]
    missed: tuple[str, ...]
    hold: str
    needs: str

    @property
    def best(self) -> Option:
        """The next best action."""
        return self.options[0]


class _Draft(msgspec.Struct):
    item: DeniedLine
    choices: list[tuple[Action, int, Route | None, Deadline | None]]
    missed: list[str]
    hold: str


class Worklist:
    """Builds work items of one history; `build_worklist` is the short way."""

    def __init__(
        self,
        history: ClaimHistory,
        model: RecoveryModel,
        options: WorkOptions | None = None,
        *,
        edits: EditTables | None = None,
        fees: FeeTables | None = None,
        rules: RuleLines | None = None,
    ) -> None:
        """``edits`` and ``fees``: imported tables; ``rules``: as learnt, else learnt here.

        ``today`` is the day by which deadlines are judged.
        """
        self._history = history
        self._model = model
        self._options = options or WorkOptions()
        self._edits = edits or EditTables.load()
        self._rules = rules or learn_rule_lines(history)
        self._amounts = AmountsAtStake(history, fees)
        self._routes = load_routes(self._options.routes)
        self.today = self._options.today or history.as_of or dt.date.max
        self._index = ServiceIndex()
        for s in history.submissions:
            self._index.add(s.claim)
        self._found: dict[int, list[Edit]] = {}

    def items(self, lines: Sequence[DeniedLine] | None = None) -> list[WorkItem]:
        """Work items of the open lines, or of ``lines``, in their order."""
        if lines is None:
            lines = [x for x in denied_lines(self._history) if x.open]
        lines = [x for x in lines if x.outcome.denied or self._amounts.of(self._history, x) > 0]
        drafts = [self._draft(x) for x in lines]
        shared: dict[tuple[int, Action], int] = defaultdict(int)
        for d in drafts:
            for action, *_ in d.choices:
                shared[d.item.submission, action] += 1
        return [self._item(d, shared) for d in drafts]

    def _draft(self, item: DeniedLine) -> _Draft:
        submission = self._history.submissions[item.submission]
        claim, outcome = submission.claim, item.outcome
        line = claim.lines[item.line]
        kind = payer_type(claim.filing_indicator)
        codes = {*outcome.carcs, *outcome.rarcs}
        groups = {
            a.group
            for a in adjustments_of(submission, item)
            if a.carc in (outcome.denial_carcs or outcome.carcs)
        }
        draft = _Draft(item, [], [], patient_hold(claim, kind, line.modifiers, groups, codes))
        if self._paid_before(item):
            return draft  # a second claim for what was paid: nothing to recover
        unprocessable = UNPROCESSABLE_REMARK in outcome.rarcs
        category = outcome.category or DenialCategory.OTHER
        for choice in load_actions(self._options.actions).get(category, ()):
            action = choice.action
            if not choice.fits(codes) or (action is Action.BILL_PATIENT and draft.hold):
                continue
            if action in (Action.BILL_PATIENT, Action.WRITE_OFF):
                draft.choices.append((action, choice.minutes, None, None))
                continue
            route, until = self._route(item, action, kind, unprocessable)
            if route is None or until is None:
                continue
            if until.day < self.today and until.binding:
                draft.missed.append(route.value)
            else:
                draft.choices.append((action, choice.minutes, route, until))
        return draft

    def _paid_before(self, item: DeniedLine) -> bool:
        submission = self._history.submissions[item.submission]
        if item.outcome.category is not DenialCategory.DUPLICATE:
            return False
        original = submission.duplicate_of
        if original is None:
            return False
        last = self._history.submissions[original].last
        return last is not None and last.paid > 0

    def _route(
        self, item: DeniedLine, action: Action, kind: str, unprocessable: bool
    ) -> tuple[Route | None, Deadline | None]:
        submission = self._history.submissions[item.submission]
        if action in (Action.APPEAL, Action.SEND_RECORDS):
            if unprocessable:
                return None, None  # no decision, nothing to appeal
            duplicate = item.outcome.category is DenialCategory.DUPLICATE
            purpose = Purpose.DUPLICATE if duplicate else Purpose.APPEAL
        elif unprocessable and action is Action.CORRECT:
            purpose = Purpose.UNPROCESSABLE
        else:
            purpose = Purpose.CORRECT
        other = action is Action.BILL_OTHER_PAYER
        rule = self._routes.find("*" if other else kind, submission.payer, purpose, item.answered)
        if rule is None:
            return None, None
        served = submission.claim.lines[item.line].service_date or submission.claim.service_date
        notice = load_notices(self._options.notices).get(submission.claim.claim_id)
        until = deadline(rule, answered=item.answered, service=served, notice=notice)
        if other:
            told = "safe default: the other payer's filing limit decides"
            return Route.NEW_CLAIM, Deadline(until.day, told, binding=False)
        return rule.route, until

    def _item(self, draft: _Draft, shared: Mapping[tuple[int, Action], int]) -> WorkItem:
        history, item = self._history, draft.item
        submission = history.submissions[item.submission]
        claim, outcome = submission.claim, item.outcome
        line = claim.lines[item.line]
        category = outcome.category or DenialCategory.OTHER
        edits = self._edits_of(item.submission)
        rule = self._rules.of(claim.claim_id, line.number, claim.submitted.toordinal())
        carcs = outcome.denial_carcs or outcome.carcs
        cause = root_cause(category, carcs, item.line, edits, rule)
        at_stake = self._amounts.of(history, item)
        options = [
            self._option(item, at_stake, choice, shared[item.submission, choice[0]])
            for choice in draft.choices
        ]
        write_off = WRITE_OFF_MINUTES / 60
        options.append(
            Option(Action.WRITE_OFF, None, None, "", False, 0.0, "", write_off,
                   -write_off * self._options.cost)
        )  # fmt: skip
        options.sort(key=lambda o: -o.worth)
        score = self._options.scores.get(claim.claim_id)
        return WorkItem(
            practice=submission.practice,
            claim_id=claim.claim_id,
            submission=item.submission,
            line=item.line + 1,
            payer=submission.payer,
            payer_name=claim.payer.name or item.adjudication.payer_name,
            payer_type=payer_type(claim.filing_indicator),
            code=line.code,
            modifiers=line.modifiers,
            service_date=line.service_date,
            denied_on=item.answered,
            kind="denied" if outcome.denied else "reduced",
            category=category,
            carcs=carcs,
            rarcs=outcome.rarcs,
            control_number=item.adjudication.remittances[-1].payer_control_number,
            cause=cause,
            warned=None if score is None else score >= self._options.warned_from,
            edit_warned=cause.found_by == "edit",
            attempts_before=item.attempts_before,
            charge=line.charge,
            at_stake=at_stake,
            options=options,
            missed=tuple(dict.fromkeys(draft.missed)),
            hold=draft.hold,
            needs=self._needs(line.charge - outcome.paid),
        )

    def _option(
        self,
        item: DeniedLine,
        at_stake: Decimal,
        choice: tuple[Action, int, Route | None, Deadline | None],
        lines: int,
    ) -> Option:
        action, minutes, route, until = choice
        hours = (minutes + _MORE_LINES * (lines - 1)) / max(1, lines) / 60
        if action is Action.BILL_PATIENT:
            category = item.outcome.category or DenialCategory.OTHER
            rows = load_actions(self._options.actions)[category]
            probability = next(c.prior for c in rows if c.action is action)
            told = "assumption"
        else:
            facts = facts_of(self._history, item, action.attempt)
            probability = self._model.estimate([facts])[0]
            told = self._model.source(action.attempt)
            if until is not None and until.day < self.today:
                probability *= late_share((self.today - until.day).days)
        worth = probability * float(at_stake) - hours * self._options.cost
        return Option(
            action, route, until.day if until else None, until.source if until else "",
            until is not None and until.binding, probability, told, hours, worth,
        )  # fmt: skip

    def _edits_of(self, submission: int) -> list[Edit]:
        if submission not in self._found:
            claim = self._history.submissions[submission].claim
            context = EditContext(claim.submitted, self._index.earlier(claim))
            self._found[submission] = check_claim(claim, self._edits, context)
        return self._found[submission]

    def _needs(self, amount: Decimal) -> str:
        authority = load_authority(self._options.authority)
        allowed = (r for r in _ROLES if authority.allows(WriteOff.DENIAL, (r,), amount))
        return next(allowed, "nobody")


def late_share(days: int) -> float:
    """What is left of a chance so many days after a deadline that is a safe default.

    An assumption: half of it, and half again with every further quarter of a year.

    >>> [late_share(1), late_share(91), late_share(182)]
    [0.5, 0.25, 0.125]
    """
    return _LATE ** (1 + days // _QUARTER)


def build_worklist(
    history: ClaimHistory, model: RecoveryModel, options: WorkOptions | None = None
) -> list[WorkItem]:
    """Work items of every open denied or cut line, the most dollars an hour first.

    Raises:
        InputError: a file that the options name is faulty.
    """
    return ordered(Worklist(history, model, options).items())


def ordered(items: Sequence[WorkItem]) -> list[WorkItem]:
    """By dollars an hour; of equal ones the nearer deadline first."""
    return sorted(
        items,
        key=lambda x: (-x.best.rate, x.best.deadline or dt.date.max, x.claim_id, x.line),
    )


def within_capacity(items: Sequence[WorkItem], hours: float) -> list[WorkItem]:
    """What fits into so many hours and is worth doing, in the order of `ordered`.

    An item that does not fit is passed over for smaller ones behind it.
    """
    found = ordered(items)
    fits = fitting([(x.best.hours, x.best.worth) for x in found], hours)
    return [x for x, fit in zip(found, fits, strict=True) if fit]


def fitting(items: Sequence[tuple[float, float]], hours: float) -> list[bool]:
    """Which of the items (hours and worth, in order) fit into so many hours and are worth it.

    >>> fitting([(1.0, 90.0), (2.0, 80.0), (0.5, 20.0), (0.2, -1.0)], 1.6)
    [True, False, True, False]
    """
    found, left = [], hours
    for own, worth in items:
        fits = worth > 0 and own <= left
        found.append(fits)
        left -= own if fits else 0.0
    return found
