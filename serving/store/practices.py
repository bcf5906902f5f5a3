"""Which practice a record belongs to, also where a payer names it with half of its numbers."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, func, or_, select, update

from models.claims.acknowledgement import Acknowledgement
from models.claims.claim import Claim
from models.claims.remittance import Payment
from models.claims.set_acknowledgement import SetAcknowledgement
from models.history.acknowledging import SET_DAYS, control_number
from serving.store.columns import now
from serving.store.database import insert_new
from serving.store.identity import column_text
from serving.store.tables import PaymentRow, PracticeRow, SubmissionRow

_MANY = 500


def plain_number(value: str) -> str:
    """An NPI or tax number for comparison: letters and digits only.

    >>> plain_number("12-3456789")
    '123456789'
    """
    return re.sub(r"[^0-9A-Za-z]", "", value)


class Practices:
    """The known practices, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, tuple[str, str]] = {
            row.practice: (row.npi, row.tax_id)
            for row in connection.execute(
                select(PracticeRow.practice, PracticeRow.npi, PracticeRow.tax_id)
            )
        }

    def note(self, claims: Iterable[Claim]) -> None:
        """Adds the practices that these claims come from; payments that waited find theirs."""
        fresh: dict[str, Claim] = {}
        for claim in claims:
            if (key := column_text(claim.practice)) not in self._known:
                fresh.setdefault(key, claim)
        if not fresh:
            return
        rows = []
        for key, claim in sorted(fresh.items()):
            npi = column_text(plain_number(claim.billing.npi))
            tax_id = column_text(plain_number(claim.billing.tax_id))
            self._known[key] = (npi, tax_id)
            rows.append(
                {
                    "practice": key,
                    "npi": npi,
                    "tax_id": tax_id,
                    "name": column_text(claim.billing.name),
                    "created": now(),
                    "changes": 0,
                    "outcomes_at": -1,
                }
            )
        insert_new(self._connection, PracticeRow, rows)
        for row in rows:
            self._adopt(str(row["practice"]), str(row["npi"]), str(row["tax_id"]))

    def _adopt(self, practice: str, npi: str, tax_id: str) -> None:
        waiting = and_(
            PaymentRow.practice.not_in(select(PracticeRow.practice)),
            or_(
                and_(PaymentRow.payee_npi == npi, PaymentRow.payee_tax_id.in_(("", tax_id))),
                and_(PaymentRow.payee_npi == "", PaymentRow.payee_tax_id == tax_id),
            ),
        )
        if npi or tax_id:
            self._connection.execute(update(PaymentRow).where(waiting).values(practice=practice))

    def changed(self, practices: Iterable[str]) -> None:
        """Marks that these practices' outcomes must be worked out anew; ``""``: all practices'."""
        names = sorted(set(practices))
        query = update(PracticeRow).values(changes=PracticeRow.changes + 1)
        if "" not in names:
            query = query.where(PracticeRow.practice.in_(names))
        if names:
            self._connection.execute(query)

    def of_payment(self, payment: Payment) -> str:
        """The paid practice: by NPI and tax number, else by its claims, else as the payer says."""
        npi, tax_id = plain_number(payment.payee_npi), plain_number(payment.payee_tax_id)
        fitting = self._fitting(npi, tax_id)
        if len(fitting) > 1:
            numbers = [r.claim_id for r in payment.remittances[:_MANY]]
            votes = Counter(
                practice for found in self.of_claim_ids(numbers).values() for practice in found
            )
            fitting = sorted(fitting, key=lambda x: (-votes[x], x))
        return fitting[0] if fitting else column_text(f"{npi}:{tax_id}")

    def of_acknowledgements(self, records: Sequence[Acknowledgement]) -> list[str]:
        """Practice of each: by the provider named, else by the claim; ``""``: not known yet."""
        found: list[str] = []
        open_numbers: list[str] = []
        for record in records:
            fitting = self._fitting(
                plain_number(record.provider_npi), plain_number(record.provider_tax_id)
            )
            found.append(fitting[0] if len(fitting) == 1 else "")
            if not found[-1]:
                open_numbers.append(record.claim_id)
        by_number = self.of_claim_ids(open_numbers) if open_numbers else {}
        for i, record in enumerate(records):
            owners = by_number.get(column_text(record.claim_id), set())
            if not found[i] and len(owners) == 1:
                found[i] = next(iter(owners))
        return found

    def of_set(self, answer: SetAcknowledgement) -> frozenset[str]:
        """Practices whose claims were in the set or group that a 999 speaks of, as far as known."""
        own = SubmissionRow
        fits = [
            own.group_number == control_number(answer.group),
            own.submitted >= answer.date - dt.timedelta(days=SET_DAYS),
            own.submitted <= answer.date,
        ]
        if answer.transaction:
            fits.append(own.transaction_number == control_number(answer.transaction))
        latest = select(func.max(own.submitted)).where(*fits).scalar_subquery()
        query = select(own.practice).where(*fits, own.submitted == latest).distinct()
        return frozenset(self._connection.execute(query).scalars())

    def _fitting(self, npi: str, tax_id: str) -> list[str]:
        """Practices that contradict neither number and agree in at least one."""
        return sorted(
            practice
            for practice, (own_npi, own_tax) in self._known.items()
            if ((npi and npi == own_npi) or (tax_id and tax_id == own_tax))
            and (not npi or not own_npi or npi == own_npi)
            and (not tax_id or not own_tax or tax_id == own_tax)
        )

    def of_claim_ids(self, numbers: Iterable[str]) -> dict[str, set[str]]:
        """For each claim number the practices that filed a claim under it."""
        wanted = sorted({column_text(x) for x in numbers})
        found: dict[str, set[str]] = {}
        for begin in range(0, len(wanted), _MANY):
            query = select(SubmissionRow.claim_id, SubmissionRow.practice).where(
                SubmissionRow.claim_id.in_(wanted[begin : begin + _MANY])
            )
            for row in self._connection.execute(query.distinct()):
                found.setdefault(row.claim_id, set()).add(row.practice)
        return found
