"""The truth behind a simulated history as tables: ``truth.csv``, ``rules.csv``, ``ledger.csv``."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from training.simulate.calendar import day_date
from training.simulate.practice import SimulatedPractice
from training.simulate.rules import OPEN_END, OPEN_START, Rule
from training.simulate.submission import Chain, Submission
from training.simulate.tables import CATEGORIES

TRUTH_COLUMNS = (
    "claim_id",
    "denied",
    "probability",
    "category",
    "charge",
    *(f"p_{category}" for category in CATEGORIES),
    "submitted",
    "responsibility",
    "payer",
    "payer_type",
    "frequency",
    "kind",
    "window",
    "mechanism",
    "rule",
    "answered",
)

RULE_COLUMNS = (
    "rule",
    "payer",
    "payer_type",
    "mechanism",
    "category",
    "carc",
    "rarc",
    "group",
    "strength",
    "codes",
    "partners",
    "diagnoses",
    "modifiers",
    "places",
    "limit",
    "provider_npi",
    "effective_from",
    "effective_to",
)

LEDGER_COLUMNS = (
    "chain",
    "claim_ids",
    "line",
    "control_number",
    "code",
    "charge",
    "contractual",
    "paid_primary",
    "paid_secondary",
    "patient_responsibility",
    "denied_open",
    "insurance_open",
    "taken_back",
)


def _dollars(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def truth_rows(practice: SimulatedPractice) -> Iterator[list[str]]:
    """One row per submission that reached a payer, in order of submission; `TRUTH_COLUMNS`."""
    end = practice.calendar.end
    for submission in practice.submissions:
        if submission.accepted:
            yield _truth_row(submission, end)


def _truth_row(submission: Submission, end: int) -> list[str]:
    claim, decision = submission.claim, submission.decision
    assert decision is not None
    first = decision.first
    return [
        claim.claim_id,
        "1" if decision.denied else "0",
        f"{decision.probability:.6f}",
        CATEGORIES[first.category] if first else "",
        str(claim.charge),
        *[f"{p:.6f}" for p in decision.by_category],
        claim.submitted.isoformat(),
        claim.responsibility,
        claim.payer.name,
        submission.coverage.payer.type.name,
        claim.frequency,
        submission.kind,
        "future" if submission.day > end else "history",
        first.mechanism.name if first else "",
        str(first.rule.number) if first and first.rule else "",
        day_date(submission.answered).isoformat() if submission.answered <= end else "",
    ]


def rule_rows(practice: SimulatedPractice) -> Iterator[list[str]]:
    """One row per rule that was drawn; `RULE_COLUMNS`, lists separated by spaces."""
    for rule in practice.every_rule():
        yield _rule_row(rule)


def _rule_row(rule: Rule) -> list[str]:
    return [
        str(rule.number),
        rule.payer.claim_payer.name,
        rule.payer.type.name,
        rule.mechanism.name,
        rule.mechanism.category,
        rule.carc,
        rule.rarc,
        rule.group,
        f"{rule.strength:.4f}",
        " ".join(rule.codes),
        " ".join(rule.partners),
        " ".join(rule.diagnoses),
        " ".join(rule.modifiers),
        " ".join(rule.places),
        str(rule.limit) if rule.limit else "",
        rule.npi,
        day_date(rule.start).isoformat() if rule.start > OPEN_START else "",
        day_date(rule.stop).isoformat() if rule.stop < OPEN_END else "",
    ]


def ledger_rows(practice: SimulatedPractice) -> Iterator[list[str]]:
    """One row per service line of a chain: who owes what after the last file of the history.

    In every row, ``charge`` = contractual + paid_primary + paid_secondary +
    patient_responsibility + denied_open + insurance_open, to the cent.
    """
    for _, rows in chain_ledgers(practice):
        yield from rows


def chain_ledgers(practice: SimulatedPractice) -> Iterator[tuple[Chain, list[list[str]]]]:
    """Each chain that was sent within the history, with its rows of `ledger_rows`."""
    end = practice.calendar.end
    for chain in practice.chains:
        sent = [s for s in chain.submissions if s.day <= end]
        if sent:
            yield chain, list(_chain_rows(chain, sent))


def _chain_rows(chain: Chain, sent: list[Submission]) -> Iterator[list[str]]:
    first = sent[0]
    second = _second_payer(sent)
    ids = "|".join(dict.fromkeys(s.claim.claim_id for s in sent))
    for line in first.draft.lines:
        number, charge = line.number, line.charge
        held = [
            s for s in sent
            if s.claim.responsibility == "P" and any(x.number == number for x in s.draft.lines)
        ]  # fmt: skip
        posted = chain.primary.get(number, {})
        contractual = paid = patient = denied = waiting = 0
        answered = [s for s in held if s.position in posted]
        if answered:
            contractual, paid, patient, denied = posted[answered[-1].position]
        if not answered:
            waiting = charge
        elif denied and held[-1] is not answered[-1]:
            denied, waiting = 0, denied  # sent again, not yet answered
        else:
            # the answer to one part of a split claim is still on its way
            waiting = charge - contractual - paid - patient - denied
        more_contractual, paid_second, _, denied_second = chain.secondary.get(number, [0] * 4)
        patient -= more_contractual + paid_second + denied_second
        if second and number not in chain.secondary and patient > 0:
            waiting, patient = waiting + patient, 0  # the secondary payer has not answered
        yield [
            str(chain.number) + ("D" if chain.duplicate else ""),
            ids,
            str(number),
            f"{chain.number}{'D' if chain.duplicate else 'L'}{number}",
            line.procedure.code,
            *map(_dollars, (
                charge, contractual + more_contractual, paid, paid_second, patient,
                denied + denied_second, waiting, chain.taken_back.get(number, 0),
            )),
        ]  # fmt: skip


def _second_payer(sent: list[Submission]) -> bool:
    """Whether another payer comes next: it was billed, or a primary claim names it."""
    return any(
        s.claim.responsibility == "S" or any(o.responsibility == "S" for o in s.claim.other_payers)
        for s in sent
    )


def write_truth(practice: SimulatedPractice, folder: Path) -> None:
    """Write the three tables into ``folder``."""
    write_table(folder / "truth.csv", TRUTH_COLUMNS, truth_rows(practice))
    write_table(folder / "rules.csv", RULE_COLUMNS, rule_rows(practice))
    write_table(folder / "ledger.csv", LEDGER_COLUMNS, ledger_rows(practice))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write one table as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
