"""``firstpass score``: the risk of each claim, before it is submitted."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.console import Json, progress, show

# More would push the result off the screen; --json has them all.
MOST_PROBLEMS = 20
#: The model's threshold from which fixes are looked for, and the one where it brings none.
RISKY, EVEN = "capacity:0.1", 0.5


def score(
    claims: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT",
            help="837P files or folders, CSV, Parquet or JSONL.",
            exists=True,
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="CSV, Parquet or JSONL, by its suffix.", show_default=False)
    ],
    model: Annotated[str, typer.Option(help="Alias or version number.")] = "champion",
    factors: Annotated[bool, typer.Option(help="Explain every claim (slower).")] = True,
    edits: Annotated[
        bool,
        typer.Option(
            "--edits", help="Add what each claim breaks: edits, and payer rules that were accepted."
        ),
    ] = False,
    fixes: Annotated[
        bool,
        typer.Option(
            "--fixes", help="Add edits, and what may truthfully be changed on risky claims."
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Probability from which a claim is risky; by default what the riskiest tenth of"
            " the claims had when the model was calibrated.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write one row a claim: probability of denial, expected loss, likely reason, factors.

    Reads files larger than memory and writes as it goes. Exits 1 where no claim could be read.

    Example: firstpass score practice/future --out scores.csv

    Example: firstpass score practice/future --fixes --out scores.jsonl
    """
    from models import registry
    from models.denial.artifact import load_artifact
    from models.denial.score import score_files
    from models.edits import EditTables

    loaded = registry.load("denial", model)
    version = loaded.version.version
    scored = 0
    with progress() as report:

        def advance(done: int) -> None:
            nonlocal scored
            scored += done
            report("scoring claims", scored)

        report(f"loading denial version {version}")
        denial = load_artifact(loaded.path, model_version=str(version))
        tables = EditTables.load() if edits or fixes else None
        risky = None
        if fixes:
            risky = denial.thresholds.get(RISKY, EVEN) if threshold is None else threshold
        result = score_files(
            claims, out, denial, factors=factors, edits=tables, fixes_from=risky, advance=advance
        )
    lines = [
        f"{result.claims:,} claims scored by denial version {version}: {out}",
        f"{result.likely_denied:,} are more likely denied than not;"
        f" expected loss {result.expected_loss:,.2f}",
    ]
    if tables is not None:
        lines.append(f"{result.with_edits:,} break an edit")
        if risky is not None:
            lines.append(f"{result.with_fixes:,} of those at {risky:.1%} or more have fixes")
        lines += [f"problem: {problem}" for problem in tables.problems]
    if result.passed_over:
        lines.append(f"{result.passed_over:,} other records were passed over")
    lines += [f"problem: {problem}" for problem in result.problems[:MOST_PROBLEMS]]
    if len(result.problems) > MOST_PROBLEMS:
        lines.append(f"and {len(result.problems) - MOST_PROBLEMS:,} problems more (see --json)")
    show(result, "\n".join(lines), as_json=json)
    if not result.claims:
        raise typer.Exit(1)  # whoever sends files by a script must not take this for a success
