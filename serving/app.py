"""The application: `create_app(settings)` puts the parts together."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from models.codes.system import CodeDetails
from models.errors import InputError
from serving.api.access import Access
from serving.api.backend import Backend, LateKeys
from serving.api.balances import PUBLISHED_BALANCES, balances_router
from serving.api.batches import BatchList, BatchStatus, batches_router
from serving.api.claims import claims_router
from serving.api.codes import CodeMatches, CodeSystemList, codes_router
from serving.api.comprehend import comprehend_router
from serving.api.denials import PUBLISHED_DENIALS, denials_router
from serving.api.direct import Direct
from serving.api.docs import docs_router
from serving.api.follow_up import PUBLISHED_FOLLOW_UP, follow_up_router
from serving.api.gate import Gate
from serving.api.handlers import add_handlers
from serving.api.keeping import Keeper
from serving.api.kpis import PUBLISHED_KPIS, kpis_router
from serving.api.ledger import PUBLISHED_LEDGER, ledger_router
from serving.api.loads import Loaded, loads_router
from serving.api.notes import notes_router
from serving.api.openapi import DESCRIPTION, describe
from serving.api.reports import (
    EditList,
    KeptPayerRule,
    KeptPayerRuleClaims,
    RuleDecision,
    RuleList,
    Scorecard,
    reports_router,
)
from serving.api.service import Service
from serving.api.system import Health, ModelList, Readiness, system_router
from serving.coding.codes import CodeShelf
from serving.coding.follower import CodingFollower, load_coding
from serving.coding.follower import Load as LoadCoding
from serving.coding.requests import (
    SuggestAnswer,
    SuggestBatchAnswer,
    SuggestBatchBody,
    SuggestBody,
)
from serving.helpers import helpers
from serving.scoring.answers import EndLine, ProblemLine, ScoreAnswer, ScoredLine, SkippedLine
from serving.scoring.artifacts import example_claims, load_denial
from serving.scoring.batches import BatchRunner
from serving.scoring.drafts import DraftDesk
from serving.scoring.edits import EditDesk
from serving.scoring.follower import Load, ModelFollower
from serving.scoring.notes import NoteDesk
from serving.scoring.resolution import resolution_file
from serving.security import KeyVerifier
from serving.settings import Settings, read_settings
from serving.telemetry.logs import configure_logs
from serving.telemetry.metrics import Metrics
from serving.telemetry.traces import trace
from serving.web.codes import CodeDesk
from serving.web.pages import Desks, add_pages
from serving.web.registry import RegistryPages

PUBLISHED = (
    BatchList,
    BatchStatus,
    CodeDetails,
    CodeMatches,
    CodeSystemList,
    EditList,
    Health,
    Loaded,
    ModelList,
    KeptPayerRule,
    KeptPayerRuleClaims,
    Readiness,
    RuleDecision,
    RuleList,
    ScoreAnswer,
    Scorecard,
    SuggestAnswer,
    SuggestBatchAnswer,
    SuggestBatchBody,
    SuggestBody,
    ScoredLine,
    ProblemLine,
    SkippedLine,
    EndLine,
    *PUBLISHED_LEDGER,
    *PUBLISHED_KPIS,
    *PUBLISHED_DENIALS,
    *PUBLISHED_BALANCES,
    *PUBLISHED_FOLLOW_UP,
)

#: FastAPI's own telemetry would send exceptions with their text; `serving.telemetry` does not.
UNTOLD: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}

#: The address of single claims, by the thousand.
DIRECT = frozenset({"/v1/claims/score"})

#: Seconds after which a thread with long work lets the event loop in; Python's own 5 ms would
#: be felt by every small request beside a large one.
SWITCH_SECONDS = 0.0005


def create_app(
    settings: Settings | None = None,
    *,
    load: Load = load_denial,
    load_notes: LoadCoding = load_coding,
) -> FastAPI:
    """The service as an ASGI application; without ``settings`` they come from the environment.

    ``load`` and ``load_notes`` read the artifact folders of the denial and the coding model; tests
    give their own.

    Raises:
        InputError: The settings cannot be used.
    """
    settings = settings or read_settings()
    configure_logs(settings.log_level)
    metrics = Metrics()
    backend = Backend(settings)
    follower = ModelFollower(
        resolution_file(settings.state, settings.model),
        load,
        example_claims,
        metrics,
        settings.poll_seconds,
    )
    coding = CodingFollower(
        resolution_file(settings.state, settings.coding_model), load_notes, settings.poll_seconds
    )
    shelf = CodeShelf(settings.home)
    keys = LateKeys(backend)
    access = Access(KeyVerifier(keys), keys, loopback=settings.loopback)
    edits = EditDesk(settings.home)
    service = Service(settings, metrics, follower, access, backend, edits)
    keeper = Keeper(settings, metrics)
    desks = Desks(
        DraftDesk(follower, edits, backend, service.turns),
        NoteDesk(coding, backend, service.turns),
        CodeDesk(settings.home),
        edits,
        RegistryPages(settings.state),
    )
    runner = BatchRunner(settings, follower, edits, keeper, metrics, service.turns, backend)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sys.setswitchinterval(SWITCH_SECONDS)
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(backend.close)
            stack.callback(keeper.close)
            if settings.helpers == "own":
                stack.enter_context(helpers(settings))
            await asyncio.to_thread(backend.open)
            await access.begin()
            refuse_open_door(settings, access)
            for job in (
                follower.run(),
                coding.run(),
                shelf.warm(lambda: coding.current is not None),
                access.watch(),
                keeper.run(),
                edits.follow(backend),
                runner.run(),
                *desks.jobs(),
            ):
                task = asyncio.create_task(job)
                stack.push_async_callback(_stopped, task)
            # A worker takes no request that it could only answer with 503.
            await follower.known(settings.start_seconds)
            yield
        service.threads.shutdown(wait=False)

    app = FastAPI(
        title="Firstpass",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=UNTOLD,
    )
    claims = claims_router(service, keeper)
    app.include_router(claims)
    app.include_router(batches_router(service, runner))
    app.include_router(loads_router(service))
    app.include_router(reports_router(service, edits))
    app.include_router(ledger_router(service))
    app.include_router(kpis_router(service))
    app.include_router(denials_router(service))
    app.include_router(balances_router(service))
    app.include_router(follow_up_router(service))
    app.include_router(notes_router(service, coding))
    app.include_router(codes_router(service, shelf))
    app.include_router(comprehend_router(service, coding))
    app.include_router(system_router(service, keeper, coding))
    app.include_router(docs_router())
    add_pages(app, service, desks)
    add_handlers(app)
    describe(app, PUBLISHED)
    app.add_middleware(Direct, routes=claims.routes, paths=DIRECT)
    app.add_middleware(Gate, metrics=metrics, mode=lambda: service.mode)
    app.state.service = service
    trace(app)
    return app


def refuse_open_door(settings: Settings, access: Access) -> None:
    """Refuse to serve others than this machine while nobody has to authenticate.

    Raises:
        InputError: There is no key, and the address is not a loopback one.
    """
    if not settings.loopback and not access.required:
        raise InputError(
            f"host={settings.host!r} can be reached from other machines, but there is no API key or"
            " user yet, so everybody could score and read claims: make one with 'firstpass keys"
            " create' or 'firstpass users create', or bind to 127.0.0.1"
        )


async def _stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
