"""What the routers share: one object per application, made by `serving.app.create_app`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypeVar

from starlette.requests import Request

from serving.api.access import SINGLE_USER, Access
from serving.api.backend import Backend
from serving.api.gate import note
from serving.limits import Limits
from serving.scoring.follower import ModelFollower
from serving.scoring.scorer import EditDesk
from serving.scoring.turns import Turns
from serving.security import Principal
from serving.settings import Settings
from serving.telemetry.metrics import Metrics

T = TypeVar("T")

#: Threads for large bodies. Most of them wait, for their turn or for the network.
THREADS = 256


class Service:
    """State of one worker process."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        follower: ModelFollower,
        access: Access,
        backend: Backend,
        edits: EditDesk,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.follower = follower
        self.access = access
        self.backend = backend
        self.edits = edits
        self.turns = Turns()
        self.limits = Limits(
            requests=settings.share(settings.requests_per_minute / 60),
            claims=settings.share(settings.claims_per_minute / 60),
            concurrent=settings.concurrent_requests,
            files=settings.concurrent_files,
        )
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="body")
        self._lanes: dict[str, asyncio.Semaphore] = {}

    @property
    def mode(self) -> str:
        """``single-user`` while nobody has to authenticate, else ``authenticated``."""
        return SINGLE_USER if self.access.single_user else "authenticated"

    async def authenticate(self, request: Request, scope: str) -> Principal:
        """Who asks; see `serving.api.access`.

        Raises:
            ServiceError: 401, 403 or 503.
        """
        caller = await self.access.authenticate(request, scope)
        note(request, actor=caller.actor)
        return caller

    @asynccontextmanager
    async def admitted(self, request: Request, scope: str) -> AsyncIterator[Principal]:
        """Authenticate, and hold one of the caller's places while the request runs.

        Raises:
            ServiceError: 401, 403 or 429.
        """
        caller = await self.authenticate(request, scope)
        with self.place(caller):
            yield caller

    def place(self, caller: Principal) -> AbstractContextManager[None]:
        """One of the caller's places for requests; see `Limits.request`."""
        rate = caller.requests_per_minute
        return self.limits.request(
            caller.actor, None if rate is None else self.settings.share(rate / 60)
        )

    async def in_turn(self, caller: Principal, work: Callable[[Callable[[], None]], T]) -> T:
        """Run work that takes long in a thread that has the turn.

        ``work`` is given a function to call between slices, which lets other keys go first.
        """

        def run() -> T:
            with self.turns.turn(caller.actor):
                return work(lambda: self.turns.pass_on(caller.actor))

        loop = asyncio.get_running_loop()
        async with self._lane(caller.actor):
            return await loop.run_in_executor(self.threads, run)

    def byte_limit(self, caller: Principal, limit: int) -> int:
        """The smaller of the service's and the key's own limit."""
        return limit if caller.max_body_bytes is None else min(limit, caller.max_body_bytes)

    def _lane(self, key: str) -> asyncio.Semaphore:
        """Bounds the threads of one key; what is beyond waits without one."""
        if key not in self._lanes:
            if len(self._lanes) > 1000:
                free = [k for k, v in self._lanes.items() if not v.locked()]
                for name in free[:500]:
                    del self._lanes[name]
            self._lanes[key] = asyncio.Semaphore(self.settings.concurrent_files)
        return self._lanes[key]
