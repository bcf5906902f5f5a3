"""``firstpass simulate``: a practice's files, and the truth behind them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from training.cli.console import Json, progress, show


class ProfileName(StrEnum):
    """The three profiles of ``docs/simulator.md``."""

    EASY = "easy"
    TYPICAL = "typical"
    HARD = "hard"


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to make; must be absent or empty.")],
    claims: Annotated[
        int, typer.Option(help="Original claims; resubmissions and the like come on top.")
    ] = 20_000,
    months: Annotated[int, typer.Option(help="Months of history.")] = 18,
    seed: Annotated[int, typer.Option(help="Equal seeds make equal practices.")] = 0,
    profile: Annotated[
        ProfileName, typer.Option(help="How hard the practice is to learn.")
    ] = ProfileName.TYPICAL,
    notes: Annotated[
        int,
        typer.Option(
            help="Visit notes at most; 0 for none. Future claims get theirs first.", min=0
        ),
    ] = 20_000,
    as_json: Json = False,
) -> None:
    """Make a practice: 837P, 999, 277CA and 835 files, visit notes, future claims, and the truth.

    Example: firstpass simulate practice --claims 20000 --months 18 --seed 1
    """
    from training.simulate import files
    from training.simulate.practice import simulate as simulate_practice

    files.check_folder(out)
    with progress() as tell:
        practice = simulate_practice(
            str(profile),
            claims,
            months,
            seed,
            progress=lambda done, total: tell("Simulating the practice, day by day", done, total),
        )
        written = files.write_practice(
            practice, out, notes=notes, report=lambda words: tell(f"Writing {words}")
        )
    accepted = [s for s in practice.submissions if s.decision is not None]
    denied = sum(1 for s in accepted if s.decision is not None and s.decision.denied)
    future = len(practice.claims(future=True))
    result = {
        "folder": str(out),
        "profile": str(profile),
        "seed": seed,
        "submissions": len(practice.submissions),
        "future": future,
        "payments": len(practice.payments),
        "notes": written,
        "denied": denied,
        "denied_share": round(denied / len(accepted), 4),
    }
    text = (
        f"{out}: {len(practice.submissions):,} submissions ({claims:,} originals; {future:,} of "
        f"them future), {len(practice.payments):,} payments, {denied / len(accepted):.1%} denied; "
        f"{written:,} visit notes. The truth is in truth.csv, rules.csv, ledger.csv"
        f"{' and notes_truth.csv' if written else ''}."
    )
    show(result, text, as_json=as_json)
