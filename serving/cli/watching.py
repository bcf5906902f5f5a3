"""What `firstpass watch` runs: the service's parts around one `Watcher`."""

import asyncio
import contextlib
from pathlib import Path

from models.errors import InputError
from serving.api.keeping import Keeper
from serving.helpers import helpers
from serving.scoring.artifacts import example_claims, load_denial
from serving.scoring.edits import EditDesk
from serving.scoring.follower import Load, ModelFollower
from serving.scoring.requests import ScoreOptions
from serving.scoring.resolution import resolution_file
from serving.settings import read_settings
from serving.store.store import open_store
from serving.telemetry.logs import configure_logs
from serving.telemetry.metrics import Metrics
from serving.watching import Watcher


async def watch_folders(
    inbox: Path,
    outbox: Path,
    precision: float | None,
    every: float,
    once: bool,
    load: Load = load_denial,
) -> int:
    """Watch until cancelled, or once; how many files failed.

    Raises:
        InputError: the precision is none that the model knows.
    """
    settings = read_settings()
    configure_logs(settings.log_level)
    metrics = Metrics()
    follower = ModelFollower(
        resolution_file(settings.state, settings.model),
        load,
        example_claims,
        metrics,
        settings.poll_seconds,
    )
    keeper = Keeper(settings, metrics)
    options = ScoreOptions(precision=precision)
    own = settings.helpers == "own"
    with helpers(settings) if own else contextlib.nullcontext():
        store = await asyncio.to_thread(open_store, settings.state, settings.database_url)
        jobs = [asyncio.create_task(follower.run()), asyncio.create_task(keeper.run())]
        try:
            await follower.known(settings.start_seconds)
            if follower.current is not None and precision is not None:
                _require_known(follower, precision)
            watcher = Watcher(
                inbox,
                outbox,
                model=lambda: follower.current,
                edits=EditDesk(settings.home),
                keeper=keeper,
                store=store,
                options=options,
            )
            watcher.prepare()
            return await watcher.run(every, once)
        finally:
            for job in jobs:
                job.cancel()
            keeper.close()
            store.close()


def _require_known(follower: ModelFollower, precision: float) -> None:
    from serving.problems import ServiceError
    from serving.scoring.thresholds import choose

    try:
        choose(follower.require().scorer.thresholds, ScoreOptions(precision=precision), None)
    except ServiceError as error:
        detail = error.errors[0].detail if error.errors else error.detail
        raise InputError(f"precision={precision}: {detail}") from None
