"""The console command ``firstpass``: mounts the verbs and turns errors into words and exit codes.

Exit codes: 0 done, 1 the work failed, 2 bad usage.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from models.errors import FirstpassError
from serving.cli import (
    audit,
    balances,
    export,
    keys,
    kpis,
    ledger,
    ledger_decisions,
    load,
    rules,
    serve,
    users,
    watch,
)
from training.cli import (
    appeal,
    backtest,
    card,
    demo,
    denials,
    evaluate,
    imports,
    monitor,
    registry,
    retrain,
    score,
    simulate,
    suggest,
    train,
)

app = typer.Typer(
    name="firstpass",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(simulate.simulate)
app.add_typer(train.app, name="train")
app.command()(score.score)
app.command()(suggest.suggest)
app.command()(denials.denials)
app.command()(appeal.appeal)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(backtest.app, name="backtest")
app.add_typer(retrain.app, name="retrain")
app.command()(monitor.monitor)
app.command()(card.card)
app.command()(registry.models)
app.command()(registry.promote)
app.command()(registry.rollback)
app.command()(demo.demo)
app.command("import")(imports.import_tables)
app.command()(serve.serve)
app.command()(watch.watch)
app.command()(load.load)
app.command()(rules.rules)
app.command()(export.export)
app.command()(ledger.post)
app.add_typer(ledger_decisions.app, name="ledger")
app.add_typer(balances.app, name="balances")
app.command()(kpis.kpis)
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(audit.app, name="audit")


def _version(wanted: bool) -> None:
    if wanted:
        from models.registry.artifact import firstpass_version

        print(firstpass_version())
        raise typer.Exit


@app.callback()
def firstpass(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error came from.", envvar="FIRSTPASS_DEBUG"),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Gets a practice's claims paid the first time.

    Learns from your own 837P and 835 files which claims a payer will deny, and why.
    """
    if debug:
        os.environ["FIRSTPASS_DEBUG"] = "1"


def main() -> None:
    """Run the command line and exit."""
    try:
        app(prog_name="firstpass")
    except FirstpassError as error:
        _say(str(error), error)
    except Exception as error:
        # The text of an unforeseen error can hold what was read, so only its place is shown.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        _say(f"unexpected {type(error).__name__} at {place}: 'firstpass --debug' shows more", error)
    sys.exit(1)


def _say(words: str, error: Exception) -> None:
    if os.environ.get("FIRSTPASS_DEBUG"):
        traceback.print_exception(error)
    red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
    print(f"{red}firstpass: {words}{plain}", file=sys.stderr)


if __name__ == "__main__":
    main()
