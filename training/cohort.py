"""Prints the cohort report: what a history holds and what of it can be learnt from."""

from collections.abc import Iterable, Mapping

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from models.history import CohortReport, Outcome

_KEYS = {
    "account": "by account number (CLM01 = CLP01)",
    "account_normalised": "by account number as the payer changed it, with date and charge",
    "clearinghouse_number": "by clearinghouse number (REF*D9)",
    "record_number": "by medical record number (REF*EA), with date and charge",
    "payer_control_number": "by the payer's control number (CLP07, REF*F8)",
}
_REASONS = {
    "no_such_account": "no claim with this account number",
    "other_date_and_charge": "account number known, other date and charge",
    "other_responsibility": "another payer or responsibility (secondary, crossover)",
    "other_practice": "another practice's claim",
    "before_submission": "dated before the submission",
    "rejected_submission": "only a rejected submission has this account number",
    "reversal_without_payment": "reversal of a payment that is not there",
}
_OUTCOMES = {
    Outcome.NOT_DENIED: "answered, not denied",
    Outcome.DENIED: "answered, denied",
    Outcome.IMMATURE: "too young to judge",
    Outcome.UNANSWERED: "old enough, never answered",
    Outcome.REJECTED: "rejected before adjudication (277CA)",
    Outcome.VOID: "voids (frequency 8)",
}
_MOST_PAYERS = 15
"""Payers listed one by one; the rest share a row."""


def print_cohort(report: CohortReport, console: Console | None = None) -> None:
    """Prints `cohort_view` on the terminal."""
    (console or Console()).print(cohort_view(report))


def cohort_view(report: CohortReport) -> RenderableType:
    """The report as tables: input, matching, outcomes, denials by category and payer."""
    parts: list[RenderableType] = [_heading(report), _read(report), _matching(report)]
    parts.append(
        _counts(
            "Submissions",
            {_OUTCOMES[Outcome(k)]: n for k, n in report.outcomes.items() if n},
            shares=True,
        )
    )
    if report.denied:
        parts.append(_counts("First adjudications denied, by category", report.denied_by_category,
                             shares=True))  # fmt: skip
    if report.by_payer:
        parts.append(_payers(report))
    if report.passed_over:
        parts.append(_counts("Transactions and files passed over", report.passed_over))
    if report.problems:
        parts.append(_problems(report))
    parts.extend(_warnings(report))
    return Group(*parts)


def _heading(report: CohortReport) -> Text:
    day = f" as of {report.as_of}" if report.as_of else ""
    text = Text(f"Cohort{day}: {report.labelled:,} submissions with a known outcome", "bold")
    if report.labelled:
        text.append(f", {report.denied:,} denied ({report.denial_rate:.1%})")
    return text


def _read(report: CohortReport) -> Table:
    chains = f"{report.chains:,} ({report.resubmissions:,} resubmissions in them)"
    rows = {
        **{f"files with {kind}": f"{n:,}" for kind, n in report.files.items()},
        "submissions": f"{report.claims:,}",
        "claim chains": chains,
        "suspected duplicates under a new account number": f"{report.suspected_duplicates:,}",
        "payments": f"{report.payments:,}",
        "remittances": f"{report.remittances:,}",
        "claims acknowledged (277CA)": f"{report.acknowledgements:,}",
        "transaction sets acknowledged (999)": f"{report.set_acknowledgements:,}",
        "remittance lag (0.99 of answers within)": f"{report.lag_days} days",
    }
    optional = {
        "claims read more than once": report.repeated_claims,
        "remittances read more than once": report.repeated_remittances,
        "reversed": report.reversed,
        "denials paid later on the same submission": report.overturned,
        "forwarded to another payer": report.forwarded,
        "predeterminations left out": report.predetermined,
    }
    rows |= {words: f"{n:,}" for words, n in optional.items() if n}
    return _table("Read", ("", ""), ((k, v) for k, v in rows.items()))


def _matching(report: CohortReport) -> Table:
    total = max(1, sum(report.matched.values()) + sum(report.unmatched.values()))
    rows = [
        (f"matched {_KEYS.get(k, k)}", f"{n:,}", f"{n / total:.1%}")
        for k, n in report.matched.items()
    ]
    rows += [
        (f"unmatched: {_REASONS.get(k, k)}", f"{n:,}", f"{n / total:.1%}")
        for k, n in report.unmatched.items()
    ]
    rows += [
        (words, f"{n:,}", "")
        for words, n in (
            ("service lines that answer no billed line", report.remittance_lines_unmatched),
            ("acknowledgements of no known claim", report.acknowledgements_unmatched),
            ("999s of no known transaction set", report.set_acknowledgements_unmatched),
        )
        if n
    ]
    return _table("Remittances to submissions", ("", "", "share"), rows)


def _payers(report: CohortReport) -> Table:
    payers = list(report.by_payer.items())
    rows = [
        (p.name, key, f"{p.labelled:,}", f"{p.denied:,}", f"{p.share:.1%}")
        for key, p in payers[:_MOST_PAYERS]
    ]
    rest = [p for _, p in payers[_MOST_PAYERS:]]
    if rest:
        labelled, denied = sum(p.labelled for p in rest), sum(p.denied for p in rest)
        name = f"{len(rest)} other payers"
        rows.append((name, "", f"{labelled:,}", f"{denied:,}", f"{denied / labelled:.1%}"))
    return _table("By payer", ("payer", "key", "known", "denied", "share"), rows, text_columns=2)


def _problems(report: CohortReport) -> Table:
    rows = (
        (code, report.problem_examples.get(code, ""), f"{n:,}")
        for code, n in report.problems.items()
    )
    return _table("Problems in the files", ("code", "for instance", ""), rows, text_columns=2)


def _warnings(report: CohortReport) -> Iterable[Text]:
    if report.unknown_carcs:
        codes = ", ".join(f"{c} ({n:,})" for c, n in report.unknown_carcs.items())
        yield Text(f"Adjustment codes without a class, counted as denials: {codes}", "yellow")
    if report.unbalanced:
        levels = ", ".join(
            f"{code.removeprefix('balance.')} {n:,}" for code, n in report.unbalanced.items()
        )
        yield Text(f"Remittances that do not balance, by level: {levels}", "yellow")
    if report.zero_paid_without_reason:
        yield Text(
            f"Paid zero without any adjustment, taken as not denied: "
            f"{report.zero_paid_without_reason:,}",
            "yellow",
        )


def _counts(title: str, counts: Mapping[str, int], *, shares: bool = False) -> Table:
    total = max(1, sum(counts.values()))
    if shares:
        return _table(
            title, ("", "", "share"), ((k, f"{n:,}", f"{n / total:.1%}") for k, n in counts.items())
        )
    return _table(title, ("", ""), ((k, f"{n:,}") for k, n in counts.items()))


def _table(
    title: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    *,
    text_columns: int = 1,
) -> Table:
    # File names and payer names are data, never console markup.
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_header=any(columns))
    for i, name in enumerate(columns):
        table.add_column(name, justify="left" if i < text_columns else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
