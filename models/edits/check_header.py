"""Edits of the claim's own elements: who, where, when it was filed, what the guide requires."""

from collections.abc import Iterator

from models.claims.claim import Provider
from models.codes.npi import is_npi
from models.codes.place_of_service import load_places
from models.edits.edit import Findings
from models.edits.prepared import PreparedClaim

_FREQUENCIES = ("1", "7", "8")
_ONSETS = {"431": "onset", "439": "accident", "484": "last menstrual period"}
# Institutions that are seldom the billing provider's own address.
_INSTITUTIONS = frozenset(
    ("19", "21", "22", "23", "31", "32", "34", "51", "52", "53", "54", "55", "56", "61")
)
_LIMITS = (("diagnoses", 12, "diagnoses"), ("lines", 50, "lines"))


def check_header(claim: PreparedClaim, out: Findings) -> None:
    """Every edit above the lines."""
    _check_parties(claim, out)
    _check_required(claim, out)
    _check_frequency(claim, out)
    _check_filing(claim, out)


def _providers(claim: PreparedClaim) -> Iterator[tuple[str, str, Provider]]:
    whole = claim.claim
    for role in ("billing", "rendering", "referring", "primary_care", "supervising", "facility"):
        provider = getattr(whole, role)
        if provider is not None:
            yield f"/{role}", role.replace("_", " ") + " provider", provider
    for line in claim.lines:
        if line.line.rendering is not None:
            yield f"{line.path}/rendering", "rendering provider", line.line.rendering
        if line.line.ordering is not None:
            yield f"{line.path}/ordering", "ordering provider", line.line.ordering
        if line.line.referring is not None:
            yield f"{line.path}/referring", "referring provider", line.line.referring
        if line.line.supervising is not None:
            yield f"{line.path}/supervising", "supervising provider", line.line.supervising


def _check_parties(claim: PreparedClaim, out: Findings) -> None:
    for path, role, provider in _providers(claim):
        if provider.npi:
            if not is_npi(provider.npi):
                role = "service facility" if path == "/facility" else role
                out.add("npi.check_digit", f"{path}/npi", role=role)
        elif path == "/billing":
            out.add("npi.missing", "/billing/npi")


def _check_required(claim: PreparedClaim, out: Findings) -> None:
    whole = claim.claim
    billing, patient, at = whole.billing, claim.patient, claim.patient_path
    if not whole.lines:
        out.add("missing.lines", "/lines")
    if not whole.diagnoses:
        out.add("missing.diagnosis", "/diagnoses")
    for name, limit, words in _LIMITS:
        count = len(getattr(whole, name))
        if count > limit:
            out.add("guide.too_many", f"/{name}", count=count, words=words, limit=limit)
    if not whole.payer.id:
        out.add("missing.payer", "/payer/id")
    if not whole.filing_indicator:
        out.add("missing.filing_indicator", "/filing_indicator")
    if not (whole.subscriber.member_id or patient.member_id):
        out.add("missing.member_id", "/subscriber/member_id")
    if not patient.last_name:
        out.add("missing.patient_name", f"/{at}/last_name")
    if patient.birth_date is None:
        out.add("missing.birth_date", f"/{at}/birth_date")
    if not patient.sex:
        out.add("missing.sex", f"/{at}/sex")
    if not billing.name:
        out.add("missing.billing_name", "/billing/name")
    if not billing.tax_id:
        out.add("missing.tax_id", "/billing/tax_id")
    if billing.address is None or not billing.address.line1:
        out.add("missing.billing_address", "/billing/address")
    if not billing.taxonomy:
        out.add("missing.taxonomy", "/billing/taxonomy")
    if (
        billing.entity == "2"
        and whole.rendering is None
        and not all(line.line.rendering is not None for line in claim.lines)
    ):
        out.add("missing.rendering", "/rendering")
    if whole.assignment not in ("A", "B", "C"):
        out.add("missing.assignment", "/assignment")
    place = whole.place_of_service
    if not place:
        if not all(line.line.place_of_service for line in claim.lines):
            out.add("place.missing", "/place_of_service")
    elif place not in load_places():
        shown = place if len(place) == 2 and place.isalnum() else "This"
        out.add("place.unknown", "/place_of_service", place=shown)
    elif whole.facility is None and place in _INSTITUTIONS:
        out.add("missing.facility", "/facility", place=place)
    if place == "21" and whole.date("435") is None:
        out.add("missing.admission_date", "/dates")
    if whole.related_causes:
        if any(x in ("AA", "OA") for x in whole.related_causes) and whole.date("439") is None:
            out.add("missing.accident_date", "/dates", related=("/related_causes",))
        if "AA" in whole.related_causes and not whole.accident_state:
            out.add("missing.accident_state", "/accident_state", related=("/related_causes",))
    if whole.responsibility not in ("P", ""):
        _check_secondary(claim, out)


def _check_secondary(claim: PreparedClaim, out: Findings) -> None:
    others = claim.claim.other_payers
    if not others:
        out.add("missing.other_payer", "/other_payers")
    elif not (
        any(o.adjustments or o.amounts for o in others)
        or any(line.line.adjudications for line in claim.lines)
    ):
        out.add("missing.prior_payment", "/other_payers/0/amounts")


def _check_frequency(claim: PreparedClaim, out: Findings) -> None:
    frequency = claim.claim.frequency
    if frequency not in _FREQUENCIES:
        shown = frequency if len(frequency) == 1 and frequency.isalnum() else "given"
        out.add("frequency.unknown", "/frequency", frequency=shown)
    elif frequency != "1":
        if claim.claim.filing_indicator == "MB":
            out.add("frequency.medicare", "/frequency")
        if not claim.claim.payer_control_number:
            out.add("missing.original_number", "/references")


def _check_filing(claim: PreparedClaim, out: Findings) -> None:
    whole = claim.claim
    for place, event in enumerate(whole.dates):
        if event.qualifier in _ONSETS and whole.service_date and event.begin > claim.day:
            words = _ONSETS[event.qualifier]
            out.add("date.onset", f"/dates/{place}/begin", words=words)
    limit = claim.context.filing_limits.get(whole.payer.id)
    source = "the payer's limit, as configured"
    if limit is None:
        limit, source = claim.scope.filing_limit, claim.scope.filing_source
    if limit is None or whole.service_date is None or whole.delay_reason:
        return
    # Replacements have limits of their own, which payers count from the first answer, and
    # the secondary payer's runs from the primary one's remittance.
    if whole.frequency != "1" or whole.responsibility not in ("P", ""):
        return
    days = (claim.today - whole.service_date).days
    if days > limit:
        place = next(i for i, x in enumerate(whole.lines) if x.service_date == whole.service_date)
        out.add(
            "date.filing_limit",
            f"/lines/{place}/service_date",
            days=days,
            limit=limit,
            table=source,
        )
