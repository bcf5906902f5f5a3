"""Words that pages use for figures: a probability is a word and a number, never a colour alone."""

from collections.abc import Mapping

#: Lower bound of the probability, and the words for it; the last that fits wins.
_LEVELS = (
    (0.0, "likely paid", "low"),
    (0.10, "could be denied", "some"),
    (0.25, "may well be denied", "high"),
    (0.50, "likely denied", "severe"),
)

CATEGORIES: Mapping[str, str] = {
    "eligibility": "eligibility",
    "authorization": "authorization",
    "coordination_of_benefits": "coordination of benefits",
    "coding_bundling": "coding or bundling",
    "medical_necessity": "medical necessity",
    "missing_information": "missing information",
    "duplicate": "duplicate",
    "timely_filing": "timely filing",
    "provider_enrollment": "provider enrollment",
    "noncovered": "not covered",
    "other": "other",
}


GAPS: Mapping[str, str] = {
    "missing_element": "something was missing",
    "registration": "registration",
    "coding": "coding",
    "documentation": "documentation",
    "filing": "filed late or twice",
    "enrollment": "provider enrollment",
    "coverage": "the plan does not cover it",
    "pricing": "paid below expectation",
    "unexplained": "not explained",
}
ACTIONS: Mapping[str, str] = {
    "correct": "correct and send again",
    "appeal": "appeal",
    "send_records": "send records",
    "bill_other_payer": "bill the other payer",
    "bill_patient": "bill the patient",
    "write_off": "write off",
}
OUTCOMES: Mapping[str, str] = {
    "recovered": "recovered",
    "denied_again": "denied again",
    "sent_again": "sent again",
    "written_off": "written off",
    "billed_patient": "billed to the patient",
    "not_worth_it": "not worth the work",
    "superseded": "superseded by another answer",
}
CHANCES: Mapping[str, str] = {
    "model": "the recovery model",
    "rate": "your own attempts",
    "assumption": "an assumption",
}


def likelihood(probability: float) -> str:
    """Words for a probability of denial.

    >>> likelihood(0.72), likelihood(0.03)
    ('likely denied', 'likely paid')
    """
    return next(words for bound, words, _ in reversed(_LEVELS) if probability >= bound)


def level(probability: float) -> str:
    """Name of the style that goes with `likelihood`."""
    return next(name for bound, _, name in reversed(_LEVELS) if probability >= bound)


def category_words(category: str) -> str:
    """A denial category as billers call it.

    >>> category_words("coding_bundling")
    'coding or bundling'
    """
    return CATEGORIES.get(category, category.replace("_", " "))
