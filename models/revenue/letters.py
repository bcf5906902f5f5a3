"""Letters about a denial: filled from the data, for a person to finish; as text and as PDF.

The wording is ours (``letter_templates``). What only the record can say stands in square brackets
until somebody writes it.
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import jinja2
import msgspec

from models.claims.claim import Claim, Person
from models.claims.common import Address
from models.claims.remittance import Payment
from models.codes.categories import load_categories
from models.history.history import ClaimHistory
from models.revenue.actions import Action
from models.revenue.routes import Route
from models.revenue.work import Option, WorkItem

OPEN_PLACE = "["
"""Begins what a person still has to write."""

_TEMPLATES = {
    Route.REDETERMINATION: "redetermination.txt.j2",
    Route.REOPENING: "reopening.txt.j2",
    Route.APPEAL: "appeal.txt.j2",
}
_SUBJECTS = {
    Route.REDETERMINATION: "Request for redetermination",
    Route.REOPENING: "Request for a clerical error reopening",
    Route.APPEAL: "Appeal of a claim decision",
    Route.REPLACEMENT: "Corrected claim",
    Route.NEW_CLAIM: "New claim",
    Route.VOID: "Void of a claim",
}


class LetterLine(msgspec.Struct, frozen=True):
    """One denied service in a letter."""

    code: str
    modifiers: tuple[str, ...]
    service_date: str
    charge: str
    paid: str
    reason: str


class LetterFacts(msgspec.Struct, frozen=True):
    """What a template is filled with; all of it text."""

    subject: str
    today: str
    practice: str
    practice_address: list[str]
    practice_npi: str
    practice_tax_id: str
    practice_phone: str
    payer: str
    payer_address: list[str]
    patient: str
    birth_date: str
    member_id: str
    claim_id: str
    control_number: str
    service_dates: str
    denied_on: str
    payment: str
    deadline: str
    lines: list[LetterLine]
    facts: list[str]
    enclosures: list[str]
    underpaid: bool = False


def letter_facts(
    history: ClaimHistory,
    items: Sequence[WorkItem],
    option: Option,
    *,
    today: dt.date,
    enclosures: Sequence[str],
) -> LetterFacts:
    """Facts of the denied lines ``items`` of one submission, worked by ``option``."""
    submission = history.submissions[items[0].submission]
    claim = submission.claim
    payment = _payment(history, items[0])
    address = claim.payer.address or (payment.payer_address if payment else None)
    phone = claim.billing.contact_phone
    subject = _SUBJECTS.get(option.route, "Claim") if option.route else "Claim"
    if option.action is Action.SEND_RECORDS:
        subject = "Records that you asked for"
    return LetterFacts(
        subject=subject,
        today=day_words(today),
        practice=claim.billing.name or "Practice",
        practice_address=address_lines(claim.billing.address),
        practice_npi=claim.billing.npi,
        practice_tax_id=claim.billing.tax_id,
        practice_phone=phone,
        payer=items[0].payer_name or items[0].payer,
        payer_address=address_lines(address),
        patient=_name(claim),
        birth_date=day_words(_patient(claim).birth_date),
        member_id=claim.subscriber.member_id or claim.patient.member_id,
        claim_id=claim.claim_id,
        control_number=items[0].control_number,
        service_dates=service_dates(claim),
        denied_on=day_words(max(x.denied_on for x in items)),
        payment=payment.trace if payment else "",
        # A safe default is for our own calendar, not for the payer's eyes.
        deadline=day_words(option.deadline) if option.binding else "",
        lines=[_line(history, x) for x in items],
        facts=_facts(claim, items),
        enclosures=list(enclosures),
        underpaid=items[0].cause.found_by == "expectation",
    )


def compose_letter(facts: LetterFacts, option: Option) -> str:
    """The letter's text, fit for editing."""
    if facts.underpaid:
        name = "underpayment.txt.j2"
    elif option.action is Action.SEND_RECORDS:
        name = "records.txt.j2"
    else:
        name = _TEMPLATES.get(option.route or Route.NEW_CLAIM, "cover.txt.j2")
    return render(name, facts)


def render(template: str, facts: Any) -> str:
    """A template of ours filled with ``facts`` (named ``f`` there), without blank runs."""
    text = _environment().get_template(template).render(f=facts)
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip() + "\n"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("models.revenue", "letter_templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # plain text: the PDF escapes for itself
        keep_trailing_newline=True,
    )


def letter_pdf(text: str, title: str) -> bytes:
    """A text as a PDF on letter paper; equal texts give equal bytes."""
    from xml.sax.saxutils import escape

    from reportlab.lib.pagesizes import letter
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import inch
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    style = ParagraphStyle("text", fontName="Vera", fontSize=10, leading=13.5)
    item = ParagraphStyle("item", parent=style, leftIndent=14, bulletIndent=2, spaceAfter=2)
    story: list[Any] = []
    for line in text.splitlines():
        if not line.strip():
            story.append(Spacer(1, 8))
        elif line.startswith("* "):
            story.append(Paragraph(escape(line[2:]), item, bulletText="•"))
        else:
            story.append(Paragraph(escape(line), style))
    out = BytesIO()
    SimpleDocTemplate(
        out, pagesize=letter, leftMargin=inch, rightMargin=inch, topMargin=inch, bottomMargin=inch,
        title=title, author="", lang="en-US", invariant=1,
    ).build(story)  # fmt: skip
    return out.getvalue()


def _line(history: ClaimHistory, item: WorkItem) -> LetterLine:
    words = load_categories()
    reasons = [f"{c} ({w})" if (w := words.words(c)) else c for c in item.carcs]
    reason = "denial code " + ", ".join(reasons) if reasons else item.cause.words
    if item.rarcs:
        reason += f"; remark {', '.join(item.rarcs)}"
    submission = history.submissions[item.submission]
    last = submission.last
    paid = last.lines[item.line - 1].paid if last is not None else 0
    return LetterLine(
        item.code, item.modifiers, day_words(item.service_date), f"{item.charge:,.2f}",
        f"{paid:,.2f}", reason,
    )  # fmt: skip


def _facts(claim: Claim, items: Sequence[WorkItem]) -> list[str]:
    """What the data says; the reasons of a person come beside it."""
    found = [f"The claim was sent on {day_words(claim.submitted)}."]
    codes = ", ".join(
        d.code if len(d.code) < 4 else f"{d.code[:3]}.{d.code[3:]}" for d in claim.diagnoses
    )
    if codes:
        found.append(f"Diagnoses on the claim: {codes}.")
    if claim.prior_authorization:
        found.append(f"Authorization number on the claim: {claim.prior_authorization}.")
    if claim.referral_number:
        found.append(f"Referral number on the claim: {claim.referral_number}.")
    found += [
        f"{x.code}: {x.cause.words.rstrip('.')}."
        for x in items
        if x.cause.found_by == "edit" and x.cause.remedy
    ]
    return list(dict.fromkeys(found))


def _payment(history: ClaimHistory, item: WorkItem) -> Payment | None:
    answers = history.submissions[item.submission].answers
    return next((p for p, _ in reversed(answers) if p.answered == item.denied_on), None)


def _patient(claim: Claim) -> Person:
    return claim.patient if claim.patient != Person() else claim.subscriber


def _name(claim: Claim) -> str:
    who = _patient(claim)
    return " ".join(x for x in (who.first_name, who.middle_name, who.last_name) if x)


def service_dates(claim: Claim) -> str:
    """First and last day of the claim's services."""
    days = sorted({x.service_date for x in claim.lines if x.service_date})
    if not days:
        return "not stated"
    first, last = day_words(days[0]), day_words(days[-1])
    return first if first == last else f"{first} to {last}"


def day_words(day: dt.date | None) -> str:
    """A day as American letters write it.

    >>> day_words(dt.date(2026, 3, 2))
    'March 2, 2026'
    """
    return "" if day is None else f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def address_lines(address: Address | None) -> list[str]:
    """An address as the lines of a letter."""
    if address is None:
        return []
    place = f"{address.city}, {address.state} {_zip(address.zip)}".strip(" ,")
    return [x for x in (address.line1, address.line2, place) if x]


def _zip(code: str) -> str:
    """A ZIP code as it is read; claims send nine digits, with zeros where four are not known."""
    return f"{code[:5]}-{code[5:]}".removesuffix("-0000") if len(code) == 9 else code
