"""``firstpass monitor``: has a payer, or have the claims, changed since the model was trained?"""

from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.console import Json, columns, progress, show
from training.cli.history import AsOf, Categories, Classes, Crosswalk, history_options
from training.cli.retrain import OptionalHistory
from training.cli.store_export import history_or_store

if TYPE_CHECKING:
    from models.denial.drift import MonitorReport


def monitor(
    history: OptionalHistory = None,
    version: Annotated[str, typer.Option(help="Version or alias to watch.")] = "champion",
    days: Annotated[int, typer.Option(help="Days of answers to look at.", min=7)] = 35,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Name payers that began or stopped denying something, and inputs or scores that moved.

    Run it weekly. Every finding comes with the claims that show it; the last report feeds the
    Models page and /metrics.

    Example: firstpass monitor practice/history
    """
    from models.denial.drift import write_monitor
    from models.registry import home
    from training.monitor import monitor_denial

    options = history_options(classes, categories, crosswalk, as_of)
    with history_or_store(history) as (paths, _), progress() as report:
        found = monitor_denial(paths, which=version, options=options, days=days, progress=report)
    write_monitor(found, home())
    show(found, _described(found), as_json=json)


def _described(found: "MonitorReport") -> str:
    lines = [
        "",
        f"{found.answered:,} answers of {found.begin} to {found.end}, against what denial version"
        f" {found.version} expected ({found.tests:,} comparisons)",
    ]
    for finding in found.findings:
        lines += ["", f"! {finding.words}"]
        if finding.claims:
            more = f" and {finding.count} looked at" if len(finding.claims) == 20 else ""
            lines.append(f"  claims: {', '.join(finding.claims)}{more}")
    if not found.findings:
        lines += ["", "Nothing moved by more than chance."]
    table = [
        {
            "payer": p.payer,
            "answered": f"{p.answered:,}",
            "denied": f"{p.denied:,}",
            "expected": f"{p.expected:,.1f}",
            "mean score": f"{p.mean_score:.3f}",
            "before": f"{p.mean_score_before:.3f}",
        }
        for p in found.payers
    ]
    return "\n".join([*lines, "", columns(table)])
