"""What payer rules look at on a service line: the claim as submitted and the patient's past.

The same facts serve learning and checking. Nothing comes from a remittance of the claim itself.
"""

from collections.abc import Iterable, Sequence

import msgspec

from models.claims.claim import Claim, ServiceLine
from models.history.services import EarlierService

#: Modifiers that say "separate", for a visit and for a procedure.
VISIT_SEPARATE = frozenset(("24", "25", "57"))
PROCEDURE_SEPARATE = frozenset(("58", "59", "76", "77", "78", "79", "91", "XE", "XS", "XP", "XU"))
SIDES = frozenset(("50", "LT", "RT", "E1", "E2", "E3", "E4")) | {
    f"{limb}{digit}" for limb in ("F", "T") for digit in "A123456789"
}
REMOTE = frozenset(("02", "10"))
REMOTE_MODIFIERS = frozenset(("93", "95", "FQ", "GQ", "GT"))
#: Modifiers with kinds of their own, or that name who did what part: not judged one by one.
_OWN_KINDS = VISIT_SEPARATE | PROCEDURE_SEPARATE | SIDES | REMOTE_MODIFIERS
_SEEN_DAYS = 3 * 365
_LONGEST_GAP = 1100
_FILLERS = frozenset(("N/A", "NONE", "PENDING", "TBD"))


class ClaimFacts(msgspec.Struct, gc=False):
    """What holds for every line of a claim; ``missing`` are kinds whose element is not there."""

    missing: frozenset[str]
    lag: int  # days from the first service to submission
    age: int  # years at the first service; -1: not given
    sex: str
    provider: str  # NPI of who rendered, else of who bills


class LineFacts(msgspec.Struct, gc=False):
    """What holds for one line, as payer rules ask it."""

    claim: ClaimFacts
    code: str
    missing: frozenset[str]
    partners: tuple[str, ...]  # other billed codes of the day
    separate: bool  # a modifier says that it is a separate service
    modifiers: tuple[str, ...]  # without those that have a kind of their own
    place: str
    telehealth: str  # "" or how the line says it
    pointed: tuple[str, ...]  # diagnoses, in the order of the pointers
    units: int
    since: int  # days since the same service of the patient; 0: none known
    seen: bool  # by the same group and specialty within three years
    duplicate: bool  # the same service was submitted before and not denied


def is_visit(code: str) -> bool:
    """Whether the code is an evaluation and management or preventive visit."""
    return ("99202" <= code <= "99499" and code.isdigit()) or code in (
        "92002", "92004", "92012", "92014", "G0402", "G0438", "G0439",
    )  # fmt: skip


def is_procedure(code: str) -> bool:
    """Whether the code is an operation or injection that payers bundle visits into."""
    return (
        len(code) == 5
        and code.isdigit()
        and ("10004" <= code <= "69990" or "96360" <= code <= "96549")
    )


def telehealth_words(place: str, remote: Sequence[str]) -> str:
    """How a line says that it was telehealth."""
    where = f"place of service {place or 'missing'}"
    return f"{where} and {'modifier ' + ' '.join(remote) if remote else 'no telehealth modifier'}"


def line_facts(claim: Claim, earlier: Iterable[EarlierService] = ()) -> list[LineFacts]:
    """Facts of each line, in order; ``earlier`` are services of the claim's patient."""
    own = _claim_facts(claim)
    billed = [line for line in claim.lines if line.charge > 0]
    others = list(earlier)
    return [_line(claim, line, own, billed, others) for line in claim.lines]


def _given(number: str) -> bool:
    """Whether it is a number: filler such as 0000 or N/A is none."""
    bare = number.strip("0 -").upper()
    return len(bare) > 2 and bare not in _FILLERS


def _claim_facts(claim: Claim) -> ClaimFacts:
    missing = set()
    for kind, qualifier in (
        ("authorization", "G1"), ("referral", "9F"), ("laboratory_number", "X4"),
    ):  # fmt: skip
        if not _given(claim.reference(qualifier)):
            missing.add(kind)
    named = (claim.referring, claim.primary_care)
    if not any(p is not None and p.npi for p in named):
        missing.add("referring_provider")
    if claim.rendering is None:
        missing.add("rendering_provider")
    if not claim.attachments and not claim.notes:
        missing.add("attachment")
    day = claim.service_date or claim.submitted
    born = claim.patient.birth_date
    age = -1
    if born is not None:
        age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return ClaimFacts(
        frozenset(missing),
        (claim.submitted - day).days,
        age,
        claim.patient.sex,
        (claim.rendering.npi if claim.rendering is not None else "") or claim.billing.npi,
    )


def _line(
    claim: Claim,
    line: ServiceLine,
    own: ClaimFacts,
    billed: Sequence[ServiceLine],
    earlier: Sequence[EarlierService],
) -> LineFacts:
    code, modifiers, diagnoses = line.code, line.modifiers, claim.diagnoses
    missing = set(own.missing)
    for kind, qualifier in (
        ("authorization", "G1"), ("referral", "9F"), ("laboratory_number", "X4"),
    ):  # fmt: skip
        if kind in missing and line.references and _given(line.reference(qualifier)):
            missing.discard(kind)
    if any(p is not None and p.npi for p in (line.referring, line.ordering)):
        missing.discard("referring_provider")
    if line.rendering is not None:
        missing.discard("rendering_provider")
    if line.attachments or line.notes:
        missing.discard("attachment")
    if not line.drugs:
        missing.add("drug_number")
    if SIDES.isdisjoint(modifiers):
        missing.add("side_modifier")
    place = line.place_of_service or claim.place_of_service
    remote = [m for m in modifiers if m in REMOTE_MODIFIERS]
    pointed = tuple(
        dict.fromkeys(diagnoses[p - 1].code for p in line.pointers if 0 < p <= len(diagnoses))
    )
    visit = is_visit(code)
    since, seen, duplicate = _past(claim, line, earlier)
    return LineFacts(
        own,
        code,
        frozenset(missing),
        tuple(sorted({x.code for x in billed if x is not line and x.code != code})),
        not (VISIT_SEPARATE if visit else PROCEDURE_SEPARATE).isdisjoint(modifiers),
        tuple(m for m in modifiers if m not in _OWN_KINDS),
        place,
        telehealth_words(place, remote) if place in REMOTE or remote else "",
        pointed or tuple(d.code for d in diagnoses[:1]),
        int(line.units) if line.unit_basis != "MJ" else 0,
        since,
        seen,
        duplicate,
    )


def _past(
    claim: Claim, line: ServiceLine, earlier: Sequence[EarlierService]
) -> tuple[int, bool, bool]:
    day = line.service_date
    if day is None or not earlier:
        return 0, False, False
    provider = line.rendering or claim.rendering or claim.billing
    taxonomy, group = provider.taxonomy, claim.billing.npi
    since, seen, duplicate = 0, False, False
    for service in earlier:
        gap = (day - service.date).days
        if gap == 0:
            duplicate = duplicate or (
                service.code == line.code
                and service.claim_id != claim.claim_id
                and service.modifiers == line.modifiers
                and service.responsibility == claim.responsibility
                and service.outcome not in ("denied", "rejected")
                and claim.frequency == "1"
            )
        elif gap > 0:
            if service.code == line.code and gap <= _LONGEST_GAP and (not since or gap < since):
                since = gap
            if (
                gap <= _SEEN_DAYS
                and service.group == group
                and (not taxonomy or not service.taxonomy or service.taxonomy == taxonomy)
            ):
                seen = True
    return since, seen, duplicate
