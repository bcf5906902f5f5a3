"""What a receiver said about the syntax of a transaction set that was sent (X12 999, 005010X231A1).

A 999 knows transaction sets by control number, not claims: all claims of a set that it rejects
were rejected, and never reached the payer.
"""

import datetime as dt

from models.claims.common import Source, Value

ACCEPTED = frozenset({"A", "E"})
"""IK501 and AK901: accepted, accepted with errors noted. M, R, W, X: rejected; P (AK901 only):
some of the group's sets were rejected, which their own responses say."""


class ElementError(Value, frozen=True, gc=False):
    """IK4: an element at fault. Its content (IK404) can be a patient's and is not kept."""

    position: int  # IK401-1: number of the element in its segment
    code: str  # IK403
    component: int = 0  # IK401-2; 0: the element as a whole
    reference: str = ""  # IK402: number in X12's data element dictionary


class SegmentError(Value, frozen=True, gc=False):
    """IK3: a segment at fault."""

    segment: str  # IK301: its identifier
    position: int  # IK302: number of the segment in its set, ST is 1
    code: str = ""  # IK304
    loop: str = ""  # IK303
    claim_id: str = ""  # CTX*CLM01: the claim concerned, where the sender names it
    elements: tuple[ElementError, ...] = ()


class SetAcknowledgement(Value, frozen=True, gc=False):
    """Loop 2000 (AK2): one transaction set's response, or a whole functional group's.

    ``transaction`` is empty where the group as a whole is meant: it was rejected, or its sets
    are not named singly.
    """

    group: str  # AK102: GS06 of what was sent
    code: str  # IK501, of a group AK901
    accepted: bool
    date: dt.date  # GS04 of the 999: a 999 has no other date
    transaction: str = ""  # AK202: ST02 of what was sent
    functional: str = ""  # AK101: HC is an 837
    kind: str = ""  # AK201
    version: str = ""  # AK203, else AK103
    reasons: tuple[str, ...] = ()  # IK502 to IK506, of a group AK905 to AK909
    errors: tuple[SegmentError, ...] = ()
    sender_id: str = ""  # GS02: who answers
    receiver_id: str = ""  # GS03: who had sent
    source: Source = Source()


SEGMENT_ERRORS = {
    "1": "unknown segment", "2": "unexpected segment", "3": "a needed segment is missing",
    "4": "the loop occurs too often", "5": "the segment occurs too often",
    "6": "the segment is not part of this set", "7": "the segment stands in a wrong place",
    "8": "an element is at fault", "I4": "the guide does not use this segment",
    "I6": "a segment is missing that the guide needs here",
    "I7": "fewer of this loop than the guide asks for",
    "I8": "the segment is below its least number",
    "I9": "the segment is missing or not allowed in this situation",
}  # fmt: skip
"""IK304, in our words."""

ELEMENT_ERRORS = {
    "1": "a needed element is missing", "2": "an element is missing that others make necessary",
    "3": "too many elements", "4": "too short", "5": "too long", "6": "a character is not allowed",
    "7": "the code is not allowed", "8": "no valid date", "9": "no valid time",
    "10": "may not stand beside another element", "12": "too many repetitions",
    "13": "too many components", "I6": "the code is not allowed by the guide",
    "I9": "missing in this situation", "I10": "not used by the guide",
    "I11": "too few repetitions for the guide", "I12": "does not fit the guide's pattern",
    "I13": "missing or not allowed in this situation",
}  # fmt: skip
"""IK403, in our words."""


def error_words(error: SegmentError) -> str:
    """A fault as a person reads it: which segment of the set, and what is wrong.

    >>> error_words(SegmentError("NM1", 22, "8", "2010BB", elements=(ElementError(9, "1"),)))
    'NM1 (loop 2010BB, segment 22 of the set): NM109 a needed element is missing'
    """
    loop = f"loop {error.loop}, " if error.loop else ""
    place = f"{error.segment} ({loop}segment {error.position} of the set)"
    if not error.elements:
        return f"{place}: {SEGMENT_ERRORS.get(error.code, f'segment error {error.code}')}"
    faults = ", ".join(
        f"{error.segment}{x.position:02d}{f'-{x.component}' if x.component else ''} "
        + ELEMENT_ERRORS.get(x.code, f"element error {x.code}")
        for x in error.elements
    )
    return f"{place}: {faults}"
