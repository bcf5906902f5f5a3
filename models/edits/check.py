"""Checks a claim, or the claims of a file, before they are sent."""

from collections.abc import Callable, Iterable, Iterator

from models.claims.claim import Claim
from models.edits.check_diagnoses import check_diagnoses
from models.edits.check_header import check_header
from models.edits.check_history import check_history
from models.edits.check_lines import check_lines
from models.edits.check_pairs import check_addons, check_pairs, check_units
from models.edits.check_payer_rules import check_payer_rules
from models.edits.check_services import check_services
from models.edits.context import EditContext, ServiceIndex
from models.edits.edit import Edit, Findings, Severity
from models.edits.prepared import PreparedClaim
from models.edits.tables import EditTables

CHECKS: tuple[Callable[[PreparedClaim, Findings], None], ...] = (
    check_header,
    check_diagnoses,
    check_services,
    check_lines,
    check_pairs,
    check_units,
    check_addons,
    check_history,
    check_payer_rules,
)
_NO_CONTEXT = EditContext()


def check_claim(claim: Claim, tables: EditTables, context: EditContext = _NO_CONTEXT) -> list[Edit]:
    """Edits that the claim breaks: errors first, then in the order of `CHECKS`.

    A table that is not imported keeps its edits silent (`EditTables.missing` tells which);
    tables are asked for the date of service. An edit that does not bind the payer is left out.
    """
    scope = tables.scopes.of(claim)
    out = Findings(scope)
    prepared = PreparedClaim(claim, tables, context, scope)
    for check in CHECKS:
        check(prepared, out)
    edits = out.edits
    if len(edits) > 1:
        edits.sort(key=_is_warning)
    return edits


def _is_warning(edit: Edit) -> bool:
    return edit.severity is Severity.WARNING


def check_file(
    claims: Iterable[Claim],
    tables: EditTables,
    context: EditContext = _NO_CONTEXT,
    index: ServiceIndex | None = None,
) -> Iterator[tuple[Claim, list[Edit]]]:
    """Claims with their edits, each seen beside those before it in the file.

    ``index`` holds services from elsewhere (the history) and takes in the file's; of two
    claims that repeat each other the second one is reported.
    """
    index = index if index is not None else ServiceIndex()
    for claim in claims:
        own = EditContext(
            context.today,
            (*context.earlier, *index.earlier(claim)),
            context.filing_limits,
        )
        yield claim, check_claim(claim, tables, own)
        index.add(claim)
