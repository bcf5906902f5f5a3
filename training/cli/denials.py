"""``firstpass denials``: the worklist of denied lines, by what is worth doing first."""

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli.console import Json, columns, progress, show
from training.cli.history import AsOf, Categories, Classes, Crosswalk, History, history_options

if TYPE_CHECKING:
    from models.history import ClaimHistory
    from models.revenue.recovery import RecoveryModel
    from models.revenue.work import WorkItem

#: More would push the worklist off the screen; --json and --out have them all.
MOST_SHOWN = 40
_TABLES = "Tables of the practice"
#: Columns of ``--out``, in order.
FIELDS = (
    "rank", "claim_id", "line", "payer", "payer_name", "code", "service_date", "denied_on", "kind",
    "category", "carcs", "rarcs", "gap", "cause", "found_by", "warned", "edit_warned", "charge",
    "at_stake", "action", "route", "deadline", "deadline_source", "probability",
    "probability_from", "hours", "worth", "missed", "hold", "needs",
)  # fmt: skip

Routes = Annotated[
    Path | None,
    typer.Option(
        help="CSV of routes and days by payer that go before the built-in ones.",
        exists=True, dir_okay=False, rich_help_panel=_TABLES,
    ),
]  # fmt: skip
Notices = Annotated[
    Path | None,
    typer.Option(
        help="CSV claim_id, notice_date, deadline: what payers' notices say.",
        exists=True, dir_okay=False, rich_help_panel=_TABLES,
    ),
]  # fmt: skip
Actions = Annotated[
    Path | None,
    typer.Option(
        help="CSV of actions by category: action, minutes, prior.",
        exists=True, dir_okay=False, rich_help_panel=_TABLES,
    ),
]  # fmt: skip


def denials(
    history: History,
    hours: Annotated[
        float | None, typer.Option(min=0.0, help="Hours at hand: only what fits and pays.")
    ] = None,
    cost: Annotated[float, typer.Option(min=0.0, help="Cost of an hour of work, dollars.")] = 40.0,
    scores: Annotated[
        Path | None,
        typer.Option(
            help="What 'firstpass score' told before submission (CSV, Parquet or JSONL).",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    warned_from: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Score from which it counts as a warning.")
    ] = 0.5,
    out: Annotated[
        Path | None, typer.Option(help="CSV file for the whole list.", dir_okay=False)
    ] = None,
    routes: Routes = None,
    notices: Notices = None,
    actions: Actions = None,
    classes: Classes = None,
    categories: Categories = None,
    crosswalk: Crosswalk = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """List open denials with cause, deadline and next best action, the most worth first.

    Probabilities come from the champion of the model 'recovery', else from this history's own
    attempts and a table of assumptions. Nothing is sent by itself.

    Example: firstpass denials practice/history --hours 8 --out worklist.csv
    """  # fmt: skip
    from models.history import read_history
    from models.revenue.expected import FeeTables
    from models.revenue.work import Worklist, WorkOptions, ordered, within_capacity

    read = history_options(classes, categories, crosswalk, as_of)
    with progress() as report:
        report("reading the history")
        found = read_history(history, read)
        report("finding what is open")
        model, told = recovery_model(found)
        options = WorkOptions(
            cost=cost, scores=read_scores(scores), warned_from=warned_from, routes=routes,
            notices=notices, actions=actions,
        )  # fmt: skip
        items = ordered(Worklist(found, model, options, fees=FeeTables.load()).items())
    chosen = items if hours is None else within_capacity(items, hours)
    rows = [_row(n, x) for n, x in enumerate(chosen, 1)]
    if out is not None:
        _write(out, rows)
    result = {
        "as_of": found.as_of,
        "open": len(items),
        "listed": len(rows),
        "hours": sum(x.best.hours for x in chosen),
        "worth": sum(x.best.worth for x in chosen),
        "at_stake": sum(x.at_stake for x in chosen),
        "probabilities": told,
        "items": [{**r, "options": x.options} for r, x in zip(rows, chosen, strict=True)],
    }
    show(result, _words(result, rows, out), as_json=json)


def recovery_model(history: "ClaimHistory") -> tuple["RecoveryModel", str]:
    """The champion of ``recovery``, else rates of this history; and in words which it is."""
    from models import registry
    from models.errors import RegistryError
    from models.revenue.attempts import tried
    from models.revenue.recovery import MODEL_NAME, RecoveryModel, count_rates, load_artifact

    try:
        promoted = any(registry.CHAMPION in v.aliases for v in registry.versions(MODEL_NAME))
    except RegistryError:  # nothing was ever registered here
        promoted = False
    if promoted:
        loaded = registry.load(MODEL_NAME)
        version = str(loaded.version.version)
        return load_artifact(loaded.path, model_version=version), f"recovery version {version}"
    own = tried(history)
    model = RecoveryModel(count_rates((t.facts, t.recovered) for t in own))
    return model, f"rates of {len(own):,} own attempts, drawn to assumptions (see train recovery)"


def read_scores(path: Path | None) -> Mapping[str, float]:
    """Probability of denial by claim number, from a scored file.

    Raises:
        InputError: the file cannot be read or lacks the two columns.
    """
    if path is None:
        return {}
    import pandas as pd

    from models.errors import InputError

    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        elif path.suffix == ".jsonl":
            table = pd.read_json(path, lines=True, dtype={"claim_id": str})
        else:
            table = pd.read_csv(path, dtype={"claim_id": str})
        pairs = zip(table["claim_id"], table["denial_probability"], strict=True)
        return {str(claim): float(score) for claim, score in pairs}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: no file of scores: it needs the columns claim_id and denial_probability,"
            " as 'firstpass score' writes them"
        ) from error


def _row(rank: int, item: "WorkItem") -> dict[str, Any]:
    best = item.best
    values: dict[str, Any] = {
        "rank": rank, "gap": item.cause.gap.value, "cause": item.cause.words,
        "found_by": item.cause.found_by, "action": best.action.value,
        "route": best.route.value if best.route else "", "deadline": best.deadline,
        "deadline_source": best.deadline_source, "probability": round(best.probability, 4),
        "probability_from": best.probability_from, "hours": round(best.hours, 3),
        "worth": round(best.worth, 2),
    }  # fmt: skip
    return {name: values[name] if name in values else getattr(item, name) for name in FIELDS}


def _write(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: _cell(v) for k, v in row.items()})


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)


def _words(result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], out: Path | None) -> str:
    if not result["open"]:
        return "nothing is open: no denied or cut line waits for work"
    table = columns([
        {
            "": str(r["rank"]), "claim": r["claim_id"], "line": str(r["line"]),
            "payer": str(r["payer_name"])[:20], "category": str(r["category"]),
            "gap": r["gap"], "do": r["action"], "by": r["route"] or "-",
            "until": _until(r, result["as_of"]), "at stake": f"{r['at_stake']:,.2f}",
            "chance": f"{r['probability']:.0%}", "worth": f"{r['worth']:,.2f}",
            "minutes": f"{60 * r['hours']:.0f}",
        }
        for r in rows[:MOST_SHOWN]
    ])  # fmt: skip
    lines = [
        table or "nothing of it fits into these hours and is worth its cost",
        "",
        f"{result['listed']:,} of {result['open']:,} open lines, {result['hours']:,.1f} hours:"
        f" {result['worth']:,.2f} dollars expected of {result['at_stake']:,.2f} at stake,"
        " less the cost of the work",
        f"probabilities: {result['probabilities']}",
    ]
    if len(rows) > MOST_SHOWN:
        lines.insert(1, f"and {len(rows) - MOST_SHOWN:,} more (see --out or --json)")
    if any(r["deadline"] and r["deadline"] < result["as_of"] for r in rows):
        lines.append("(late): a safe default has passed; ask for the payer's own days first")
    if out is not None:
        lines.append(f"written: {out}")
    return "\n".join(lines)


def _until(row: Mapping[str, Any], as_of: dt.date) -> str:
    day = row["deadline"]
    if day is None:
        return "-"
    return f"{day} (late)" if day < as_of else str(day)
