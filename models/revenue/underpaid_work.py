"""Services paid below expectation as work items: the amount, why, and the way to ask for it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from models.codes.categories import DenialCategory
from models.codes.tables import check_value, read_rules
from models.errors import InputError
from models.history import ClaimHistory
from models.revenue.actions import WRITE_OFF_MINUTES, Action
from models.revenue.causes import Gap, RootCause
from models.revenue.expected import Basis
from models.revenue.ledger import Ledger
from models.revenue.routes import Purpose, deadline, load_routes, payer_type
from models.revenue.underpayment import Finding
from models.revenue.work import Option, WorkItem, WorkOptions

TABLE = "underpayment_work.csv"
UNDERPAID = "underpaid"
"""The kind of these work items."""

_BASES = {
    Basis.CONTRACT: "the payer's contract",
    Basis.MEDICARE: "Medicare's fee schedule",
    Basis.LEARNT: "what this payer usually allows",
}


class _Chance(msgspec.Struct, frozen=True):
    minutes: int
    prior: float


@lru_cache(maxsize=1)
def _chances() -> dict[Basis, _Chance]:
    found = {}
    columns = ("basis", "minutes", "prior", "source")
    for line, cells in read_rules(TABLE, columns, columns[:3], package="models.revenue"):
        basis = Basis(check_value(TABLE, line, "basis", cells["basis"], list(Basis)))
        try:
            found[basis] = _Chance(int(cells["minutes"]), float(cells["prior"]))
        except ValueError:
            raise InputError(f"{TABLE}, line {line}: minutes and prior are numbers") from None
    return found


def underpaid_items(
    history: ClaimHistory,
    ledger: Ledger,
    findings: Sequence[Finding],
    options: WorkOptions | None = None,
) -> list[WorkItem]:
    """Work items of the findings with something still missing, in their order.

    The route is the payer's appeal, with its days from the remittance; after a binding deadline
    only the write-off is left.
    """
    options = options or WorkOptions()
    today = options.today or history.as_of or dt.date.max
    places = _places(history, ledger, {x.encounter for x in findings if x.open > 0})
    found = []
    for x in findings:
        place = places.get((x.encounter, x.line, x.payer))
        if x.open > 0 and place is not None:
            found.append(_item(history, x, place, today, options))
    return found


def _places(
    history: ClaimHistory, ledger: Ledger, wanted: set[str]
) -> Mapping[tuple[str, int, str], tuple[int, int]]:
    """Submission and line (indices) of each service by payer, as last billed."""
    found: dict[tuple[str, int, str], tuple[int, int]] = {}
    for posted in ledger.encounters:
        encounter = posted.encounter
        if encounter.key not in wanted:
            continue
        for i, positions in zip(encounter.submissions, encounter.positions, strict=True):
            s = history.submissions[i]
            for line, position in enumerate(positions):
                if s.accepted and s.answers:
                    found[encounter.key, position + 1, s.payer] = (i, line)
    return found


def _item(
    history: ClaimHistory,
    x: Finding,
    place: tuple[int, int],
    today: dt.date,
    options: WorkOptions,
) -> WorkItem:
    s = history.submissions[place[0]]
    claim, line = s.claim, s.claim.lines[place[1]]
    kind = payer_type(claim.filing_indicator)
    cause = RootCause(
        Gap.PRICING, "expectation", str(x.basis),
        f"allowed {x.allowed:,.2f} where {x.expected:,.2f} was to be expected by {_BASES[x.basis]}",
        "Compare with the contract, then ask the payer to price the service again.",
    )  # fmt: skip
    choices: list[Option] = []
    missed: tuple[str, ...] = ()
    rule = load_routes(options.routes).find(kind, s.payer, Purpose.APPEAL, x.date)
    if rule is not None:
        until = deadline(rule, answered=x.date, service=x.service_date)
        if until.day < today and until.binding:
            missed = (rule.route.value,)
        else:
            chance = _chances()[x.basis]
            hours = chance.minutes / 60
            choices.append(
                Option(
                    Action.APPEAL, rule.route, until.day, until.source, until.binding,
                    chance.prior, "assumption", hours,
                    chance.prior * float(x.open) - hours * options.cost,
                )
            )  # fmt: skip
    hours = WRITE_OFF_MINUTES / 60
    choices.append(
        Option(Action.WRITE_OFF, None, None, "", False, 0.0, "", hours, -hours * options.cost)
    )
    choices.sort(key=lambda o: -o.worth)
    return WorkItem(
        practice=s.practice, claim_id=claim.claim_id, submission=place[0], line=place[1] + 1,
        payer=s.payer, payer_name=claim.payer.name, payer_type=kind, code=line.code,
        modifiers=line.modifiers, service_date=line.service_date, denied_on=x.date,
        kind=UNDERPAID, category=DenialCategory.OTHER, carcs=(), rarcs=(),
        control_number=x.control, cause=cause, warned=None, edit_warned=False, attempts_before=0,
        charge=line.charge, at_stake=Decimal(x.open), options=choices, missed=missed, hold="",
        needs="",
    )  # fmt: skip
