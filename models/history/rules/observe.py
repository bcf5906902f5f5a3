"""A history's service lines as payer rules are learnt from them: facts beside the answer."""

import datetime as dt
from collections.abc import Callable, Iterator

import msgspec

from models.history.history import ClaimHistory
from models.history.outcomes import Adjudication, Submission
from models.history.rules.facts import LineFacts, line_facts
from models.history.rules.rule import payer_tokens
from models.history.services import EarlierService, services_of

Answer = tuple[str, str]
"""CARC and RARC of a denial; RARC ``""`` stands for any."""


class ClaimLine(msgspec.Struct, frozen=True, gc=False):
    """Where a line stands in the practice's claims; never leaves the practice."""

    claim_id: str
    number: int  # LX01
    submitted: dt.date
    denied: bool  # with the rule's CARC


class Observation(msgspec.Struct, gc=False):
    """One answered line: ``answers`` says how it was denied, if it was."""

    facts: LineFacts
    day: int  # of submission
    served: int  # day of service
    first: bool  # of the billed lines of its claim
    shared: bool  # the claim was answered as a whole, which tells nothing of its procedures
    answers: tuple[tuple[Answer, str], ...]  # answer, category
    claim_id: str
    number: int


class Payer(msgspec.Struct):
    """One payer of one practice: what it answered, and by what claims name it."""

    practice: str
    key: str
    names: dict[str, int]
    tokens: set[str]
    lines: list[Observation]


class _Filed(msgspec.Struct):
    """A submission's services, as they stood when they were last asked for."""

    submission: Submission
    services: tuple[EarlierService, ...]
    outcomes: tuple[str, ...]


def observe(history: ClaimHistory, advance: Callable[[int], None] | None = None) -> list[Payer]:
    """Answered primary lines by practice and payer; ``advance`` is told of submissions done.

    Lines without a charge are left out: they ask for nothing.
    """
    payers: dict[tuple[str, str], Payer] = {}
    filed: dict[tuple[object, ...], list[_Filed]] = {}
    for number, submission in enumerate(history.submissions):
        claim = submission.claim
        patient = _patient(submission)
        earlier = filed.setdefault(patient, [])
        if claim.responsibility == "P" and submission.first is not None:
            own = payers.setdefault(
                (submission.practice, submission.payer),
                Payer(submission.practice, submission.payer, {}, set(), []),
            )
            name = claim.payer.name.strip()
            own.names[name] = own.names.get(name, 0) + 1
            own.tokens |= payer_tokens(claim)
            facts = line_facts(claim, _known(earlier, claim.submitted))
            own.lines += _lines(submission, submission.first, facts)
        services = services_of(claim)
        earlier.append(_Filed(submission, services, ("",) * len(services)))
        if advance is not None and number % 500 == 0:
            advance(number)
    return list(payers.values())


def _patient(submission: Submission) -> tuple[object, ...]:
    claim = submission.claim
    who = claim.patient
    if not (who.last_name or who.birth_date or who.sex):
        who = claim.subscriber
    if who.birth_date is None:
        return submission.practice, claim.subscriber.member_id or who.member_id, who.first_name
    # Birth date, sex and given name hold even where the plan's numbers change.
    return submission.practice, who.birth_date, who.sex, who.first_name.upper(), who.last_name


def _known(filed: list[_Filed], today: dt.date) -> Iterator[EarlierService]:
    """Earlier services as the practice knew them on a day."""
    for entry in filed:
        outcomes = _outcomes(entry.submission, today)
        if outcomes != entry.outcomes:
            entry.outcomes = outcomes
            entry.services = tuple(
                msgspec.structs.replace(service, outcome=outcome)
                for service, outcome in zip(entry.services, outcomes, strict=True)
            )
        yield from entry.services


def _outcomes(s: Submission, today: dt.date) -> tuple[str, ...]:
    """Outcome of each dated line, as `services_of` lists them."""
    dated = [i for i, line in enumerate(s.claim.lines) if line.service_date is not None]
    if not s.accepted:
        return ("rejected",) * len(dated)
    last = next((a for a in reversed(s.adjudications) if a.answered < today), None)
    if last is None:
        return ("",) * len(dated)
    return tuple("denied" if last.lines[i].denied else "paid" for i in dated)


def _lines(
    submission: Submission, first: Adjudication, facts: list[LineFacts]
) -> Iterator[Observation]:
    claim = submission.claim
    begun = False
    for line, own, outcome in zip(claim.lines, facts, first.lines, strict=True):
        if line.charge <= 0 or not outcome.answered:
            continue
        answers = []
        if outcome.denied and outcome.denial_carcs:
            carc, category = outcome.denial_carcs[0], str(outcome.category)
            answers = [((carc, ""), category)]
            answers += [((carc, rarc), category) for rarc in outcome.rarcs[:2]]
        yield Observation(
            own,
            claim.submitted.toordinal(),
            (line.service_date or claim.submitted).toordinal(),
            not begun,
            outcome.shared and len(claim.lines) > 1,
            tuple(answers),
            claim.claim_id,
            line.number,
        )
        begun = True
