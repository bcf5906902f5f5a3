"""What the verbs that read a claim history share: arguments, options, tables of figures."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.cli.console import columns

if TYPE_CHECKING:
    from models.history import HistoryOptions
    from training.denial.judge import Figures

_OVERRIDES = "Override files"

History = Annotated[
    list[Path],
    typer.Argument(
        metavar="HISTORY",
        help="Files or folders: 837P, 277CA and 835 in any mix, or CSV, Parquet, JSONL.",
        exists=True,
        show_default=False,
    ),
]
Classes = Annotated[
    Path | None,
    typer.Option(
        help="CSV of adjustment classes that go before the built-in ones.",
        exists=True,
        dir_okay=False,
        rich_help_panel=_OVERRIDES,
    ),
]
Categories = Annotated[
    Path | None,
    typer.Option(
        help="CSV of denial categories that go before the built-in ones.",
        exists=True,
        dir_okay=False,
        rich_help_panel=_OVERRIDES,
    ),
]
Crosswalk = Annotated[
    Path | None,
    typer.Option(
        help="CSV of payers that are one and the same.",
        exists=True,
        dir_okay=False,
        rich_help_panel=_OVERRIDES,
    ),
]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option(
        help="Last day of the history; later records are not looked at.",
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
    ),
]


def history_options(
    classes: Path | None, categories: Path | None, crosswalk: Path | None, as_of: dt.datetime | None
) -> "HistoryOptions":
    """The options of a verb as the history reader takes them."""
    from models.history import HistoryOptions

    return HistoryOptions(classes, categories, crosswalk, as_of.date() if as_of else None)


def figures_table(title: str, figures: Mapping[str, "Figures"]) -> str:
    """Figures of models or cohorts, one a row; see `models.measure` for what each answers."""
    return columns(
        [
            {
                title: name,
                "claims": f"{found.claims:,}",
                "denied": f"{found.denied:,}",
                "ROC AUC": f"{found.auc:.3f}",
                "PR AUC": f"{found.pr_auc:.3f}",
                "log loss": f"{found.log_loss:.4f}",
                "calibration error": f"{found.calibration_error:.4f}",
                "caught at 10 %": f"{found.denied_caught:.1%}",
                "dollars at 10 %": f"{found.dollars_caught:.1%}",
            }
            for name, found in figures.items()
        ]
    )
