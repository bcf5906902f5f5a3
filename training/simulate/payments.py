"""Remittances gathered into payments: one 835 transaction per payer, name and day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

import msgspec

from models.claims.common import ZERO, Amount
from models.claims.remittance import Contact, Payment, ProviderAdjustment, Remittance
from training.simulate.calendar import day_date
from training.simulate.draft import money
from training.simulate.world import PracticePayer, World

_SERVICE_DESK = Contact("BL", "PROVIDER SERVICES", (("TE", "5550142000"),))


@dataclass(slots=True)
class _Batch:
    payer: PracticePayer
    sister: bool
    day: int
    remittances: list[Remittance] = field(default_factory=list)
    interest: list[tuple[str, int]] = field(default_factory=list)


class Payments:
    """Collects remittances by payer and day and makes balanced payments of them."""

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._batches: dict[tuple[int, int, bool], _Batch] = {}

    def add(
        self,
        payer: PracticePayer,
        day: int,
        remittance: Remittance,
        *,
        sister: bool = False,
        interest: int = 0,
    ) -> None:
        """Add one remittance; ``sister``: it comes under the payer's other legal name."""
        key = (day, payer.index, sister)
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = _Batch(payer, sister, day)
        batch.remittances.append(remittance)
        if interest:
            batch.interest.append((remittance.payer_control_number, interest))

    def payments(self) -> list[Payment]:
        """All payments in order of day, each balanced by PLB where needed."""
        carried: dict[int, int] = {}
        return [
            self._payment(self._batches[key], carried, number)
            for number, key in enumerate(sorted(self._batches), 1)
        ]

    def _payment(self, batch: _Batch, carried: dict[int, int], number: int) -> Payment:
        world, payer, rng = self._world, batch.payer, self._rng
        date = day_date(batch.day)
        period = date.replace(month=12, day=31)
        paid = int(sum((r.paid for r in batch.remittances), ZERO) * 100)
        adjustments: list[ProviderAdjustment] = []

        def adjust(reason: str, reference: str, cents: int) -> int:
            adjustments.append(
                ProviderAdjustment(world.billing.npi, period, reason, reference, money(cents))
            )
            return cents

        total = paid
        for reference, cents in batch.interest:
            total -= adjust("L6", reference, -cents)
        owed = carried.get(payer.index, 0)
        if owed and total > 0:
            # what an earlier negative payment left owing is held back from this one
            taken = min(owed, total)
            total -= adjust("WO" if rng.random() < 0.5 else "FB", f"BAL{payer.index:03d}", taken)
            carried[payer.index] = owed - taken
        if total < 0:
            total -= adjust("FB", f"BAL{payer.index:03d}", total)
            carried[payer.index] = carried.get(payer.index, 0) + paid_below(paid, batch.interest)
        elif total > 30000 and rng.random() < 0.01:
            total -= adjust("72", f"RET{number:06d}", 1500 + 25 * rng.randrange(100))
        name = payer.sister_name if batch.sister else payer.remit_name
        return Payment(
            amount=money(total),
            date=date,
            handling="I" if total else "H",
            method="NON" if not total else "ACH" if rng.random() < 0.8 else "CHK",
            trace=f"{payer.index:02d}{number:08d}",
            originator=payer.originator,
            production_date=date,
            payer_name=name,
            payer_id_qualifier="XV" if payer.remit_id else "",
            payer_id=payer.remit_id,
            payer_references=payer.remit_references,
            payer_address=payer.address,
            payer_contacts=(_SERVICE_DESK,),
            payee_name=world.billing.name,
            payee_npi=world.billing.npi,
            payee_tax_id=world.billing.tax_id,
            remittances=tuple(batch.remittances),
            provider_adjustments=tuple(adjustments),
        )


def paid_below(paid: int, interest: Iterable[tuple[str, int]]) -> int:
    """Cents by which a batch's claims and interest fall below zero."""
    return max(0, -(paid + sum(cents for _, cents in interest)))


def with_interest(remittance: Remittance, cents: int) -> Remittance:
    """The remittance with interest stated as AMT*I (informational)."""
    amounts = (*remittance.amounts, Amount("I", money(cents)))
    return msgspec.structs.replace(remittance, amounts=amounts)
