"""`POST /v1/claims/score` and `POST /v1/claims/score/x12`."""

import asyncio
import errno
import time
from collections.abc import Callable
from typing import BinaryIO, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from models.claims.x12 import read_x12
from serving.api.body import StreamedBody, announced, pump, read_body, require_file, require_json
from serving.api.examples import SCORE_BODIES
from serving.api.gate import note, request_id
from serving.api.keeping import Keeper
from serving.api.openapi import answers, file_body, json_body, query_parameters
from serving.api.query import bad_query, read_query
from serving.api.service import Service
from serving.problems import ServiceError
from serving.scoring.feed import BodyBrokenError, BodyFeed
from serving.scoring.outbox import AbandonedError, Outbox
from serving.scoring.requests import ScoreOptions, Work, chunks, decode_claims, read_request
from serving.scoring.scorer import ClaimStream, Scored
from serving.scoring.stream import SLICE, StreamRun
from serving.scoring.thresholds import choose
from serving.security import Principal
from serving.telemetry.logs import logger

#: Up to so many claims and bytes are scored at once on the event loop: a thread costs more.
INLINE_CLAIMS = 4
INLINE_BYTES = 64 << 10

NDJSON = "application/x-ndjson"


def claims_router(service: Service, keeper: Keeper) -> APIRouter:
    """Routes that score."""
    router = APIRouter(tags=["claims"])

    @router.post(
        "/v1/claims/score",
        response_class=Response,
        responses=answers("ScoreAnswer", 400, 408, 413, 415, 422),
        openapi_extra=json_body("ScoreBody", SCORE_BODIES),
    )
    async def score_claims(request: Request) -> Response:
        """Score one claim, or up to 10,000 that see each other as the claims of one file do.

        `precision` decides at the threshold that reached it on the model's calibration window,
        `capacity` so that this share of the claims is for review.
        """
        async with service.admitted(request, "score") as caller:
            require_json(request)
            limit = service.byte_limit(caller, service.settings.max_json_bytes)
            body = await read_body(request, limit, service.settings.body_seconds)
            answer = await _score(service, keeper, caller, body, request)
            return Response(answer, media_type="application/json")

    @router.post(
        "/v1/claims/score/x12",
        response_class=Response,
        responses=answers("StreamLine", 413, 415, 422, media_type=NDJSON),
        openapi_extra={
            **file_body("An 837P file of any size", "application/edi-x12", "text/plain"),
            "parameters": query_parameters(ScoreOptions),
        },
    )
    async def score_x12(request: Request) -> Response:
        """Score an 837P file while it arrives: one JSON object a line, in the file's order.

        Lines are of kind `score`, `problem` (a damaged place; reading goes on behind it),
        `skipped` (a transaction that is no claim) and, last, `end`.
        """
        caller = await service.authenticate(request, "score")
        require_file(request)
        announced(request, service.byte_limit(caller, service.settings.max_file_bytes))
        options = query_options(request)
        return X12Scoring(service, keeper, caller, options, request)

    return router


async def _score(
    service: Service, keeper: Keeper, caller: Principal, body: bytes, request: Request
) -> bytes:
    served = service.follower.require()
    own_id = request_id(request)
    if len(body) <= INLINE_BYTES:
        work = read_request(body, service.settings.max_claims)
        service.limits.count_claims(caller.actor, len(work.parts))
        if len(work.parts) <= INLINE_CLAIMS:
            stream = ClaimStream(served, service.edits, work.options)
            scored = _score_all(stream, work, caller, lambda: None)
            return _answered(service, keeper, caller, request, stream, scored, own_id)

    def whole(between: Callable[[], None]) -> tuple[ClaimStream, Scored]:
        work = read_request(body, service.settings.max_claims)
        if len(body) > INLINE_BYTES:
            service.limits.count_claims(caller.actor, len(work.parts))
        stream = ClaimStream(served, service.edits, work.options)
        return stream, _score_all(stream, work, caller, between)

    stream, scored = await service.in_turn(caller, whole)
    return _answered(service, keeper, caller, request, stream, scored, own_id)


def _score_all(
    stream: ClaimStream, work: Work, caller: Principal, between: Callable[[], None]
) -> Scored:
    """Every claim of a JSON body, in slices; claims of one body see each other."""
    claims, risks, found = [], [], []
    for begin, end in chunks(len(work.parts), SLICE):
        part = decode_claims(work, begin, end, caller.practices)
        part_risks, part_found = stream.risks(part)
        claims += part
        risks += part_risks
        found += part_found
        between()
    threshold = stream.threshold([x.denial_probability for x in risks])
    return stream.finish(claims, risks, found, threshold)


def _answered(
    service: Service,
    keeper: Keeper,
    caller: Principal,
    request: Request,
    stream: ClaimStream,
    scored: Scored,
    own_id: str,
) -> bytes:
    keeper.keep_scores(caller.actor, own_id, scored)
    count(service, "json", scored)
    note(request, claims=len(scored.claims), model=stream.served.version)
    return stream.answer(own_id, scored)


def count(service: Service, way: str, scored: Scored) -> None:
    """Metrics of scored claims."""
    service.metrics.scored(way, scored.probabilities, scored.edit_ids)


def query_options(request: Request) -> ScoreOptions:
    """Options of a file, given in the query.

    Raises:
        ServiceError: 422; an unknown name or a value that is not allowed.
    """
    options = read_query(request, ScoreOptions)
    if options.precision is not None and options.capacity is not None:
        raise bad_query("give either 'precision' or 'capacity'", "capacity")
    return options


def require_known(service: Service, options: ScoreOptions) -> None:
    """Refuse a precision that the model in use does not know, before hours of work.

    Raises:
        ServiceError: 422, or 503 where there is no model.
    """
    try:
        choose(service.follower.require().scorer.thresholds, options, None)
    except ServiceError as error:
        raise of_query(error) from None


def of_query(error: ServiceError) -> ServiceError:
    """A refusal of options that came in the query: it names parameters, not fields of a body."""
    if error.status != 422 or not error.errors:
        return error
    fault = error.errors[0]
    return bad_query(fault.detail, (fault.pointer or "").lstrip("/"))


class X12Scoring(Response):
    """Reads the body and writes the answer at the same time."""

    def __init__(
        self,
        service: Service,
        keeper: Keeper,
        caller: Principal,
        options: ScoreOptions,
        request: Request,
    ) -> None:
        self._service = service
        self._keeper = keeper
        self._caller = caller
        self._request = request
        self._stream = ClaimStream(service.follower.require(), service.edits, options)
        try:
            self._stream.threshold(None)  # refuses a precision that is not known before reading
        except ServiceError as error:
            raise of_query(error) from None
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the body has ended and everything was sent."""
        service, caller = self._service, self._caller
        with service.place(caller), service.limits.file(caller.actor):
            await self._run(receive, send)

    async def _run(self, receive: Receive, send: Send) -> None:
        service, key = self._service, self._caller.actor
        loop = asyncio.get_running_loop()
        outbox = Outbox(service.settings.state / "tmp", loop)

        def waiting() -> None:
            run.flush()
            service.turns.give()

        feed = BodyFeed(loop, waiting, lambda: service.turns.take(key))
        run = StreamRun(
            self._stream,
            request_id(self._request),
            write=outbox.write,
            practices=self._caller.practices,
            admit=self._admit,
            keep=self._keep,
            between=lambda: service.turns.pass_on(key),
            damaged=service.metrics.damaged,
        )
        limit = service.byte_limit(self._caller, service.settings.max_file_bytes)
        body = StreamedBody(receive, service.settings, limit)
        pumping = asyncio.create_task(pump(body, feed))
        working = loop.run_in_executor(service.threads, self._work, run, feed, outbox)
        try:
            headers = [(b"content-type", NDJSON.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while data := await outbox.next():
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            outbox.abandon()
            feed.end("the answer is no longer read")
            pumping.cancel()
            feed.abandon()
            await asyncio.shield(working)
            note(self._request, claims=run.claims, problems=run.problems, bytes=body.size)

    def _admit(self, claims: int) -> None:
        """Wait, without the turn, until the key's rate allows so many claims."""
        service = self._service
        while wait := service.limits.claims_wait(self._caller.actor, claims):
            service.turns.give()
            time.sleep(min(wait, 1.0))
            service.turns.take(self._caller.actor)

    def _keep(self, scored: Scored) -> None:
        self._keeper.keep_scores(self._caller.actor, request_id(self._request), scored)
        count(self._service, "x12", scored)

    def _work(self, run: StreamRun, feed: BodyFeed, outbox: Outbox) -> None:
        """In a thread: read, score, write. Whatever fails is said in the last line."""
        reason = ""
        with self._service.turns.turn(self._caller.actor):
            try:
                try:
                    run.run(read_x12(cast(BinaryIO, feed), name="body"))
                except BodyBrokenError as error:
                    reason = str(error)
                    run.flush()
            except AbandonedError:
                pass
            except OSError as error:
                full = error.errno == errno.ENOSPC
                reason = "the service's disk is full" if full else "the service could not write"
                logger().error("stream.write_failed", error=error)
            except Exception as error:
                reason = "the service failed"
                logger().error("stream.failed", error=error)
            finally:
                outbox.close(run.end(reason))
