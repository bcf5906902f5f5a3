"""`GET /v1/scorecard`, `/v1/edits` and `/v1/rules`, and a person's decision on a rule."""

import asyncio
import datetime as dt
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.edits import Rule, load_rules
from models.edits.tables import EditTables, Versions
from models.errors import InputError
from models.history.rules import ClaimLine, PayerRule, decode_rule
from serving.api.body import read_body, require_json
from serving.api.gate import note, request_id
from serving.api.openapi import answers, json_body, query_parameters
from serving.api.query import bad_query, read_query
from serving.api.service import Service
from serving.api.system import answer
from serving.audit import AuditEntry
from serving.problems import FieldError, field_error, malformed
from serving.scoring.edits import EditDesk
from serving.scoring.requests import invalid
from serving.store.rule_learning import checked_edit
from serving.store.rules import KeptRule
from serving.store.scorecard import GROUPS, ReliabilityBin, ScorecardRow


class ScorecardQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``group_by``: comma-separated; ``since`` and ``until`` (not included) bound submission."""

    group_by: Annotated[str, msgspec.Meta(pattern=r"^[a-z_,]*$", max_length=60)] = ",".join(GROUPS)
    model_version: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    payer: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    since: dt.date | None = None
    until: dt.date | None = None


class Scorecard(msgspec.Struct, frozen=True):
    """How the predictions did on mature claims; ``stale``: newer loads are being worked in."""

    rows: list[ScorecardRow]
    reliability: list[ReliabilityBin]
    stale: bool


class TableVersion(msgspec.Struct, frozen=True):
    """An imported table that edits ask."""

    table: str
    version: str


class EditList(msgspec.Struct, frozen=True):
    """All edits, the tables in use, and the tables without which some keep silent."""

    edits: list[Rule]
    tables: list[TableVersion]
    problems: list[str]


class RuleQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules."""

    status: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,20}$")] | None = None
    payer: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class KeptPayerRule(msgspec.Struct, frozen=True):
    """A payer rule learnt from remittances.

    ``words`` say it in one sentence. ``rule`` is the rule as it acts: as it was accepted or
    edited, else as learnt; ``learnt`` is how the newest history shows it.
    """

    id: int
    practice: str
    payer: str
    status: str
    active: bool
    words: str
    remedy: str
    rule: PayerRule
    learnt: PayerRule
    decided_by: str
    decided: dt.datetime | None
    reason: str
    revision: int


class KeptPayerRuleClaims(KeptPayerRule, frozen=True):
    """A payer rule with the claim lines behind it, denied ones first."""

    claims: list[ClaimLine]


class RuleList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/rules`."""

    rules: list[KeptPayerRule]


class RuleDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``status``: accepted, edited (with ``rule``), dismissed, or proposed to take it back.

    ``rule`` is the whole rule as it was told, with ``codes``, ``values``, ``limit``,
    ``severity``, ``advice`` or ``holds`` changed; figures stay those that were seen.
    ``revision`` is that of the rule as it was looked at; another's decision in between is told.
    """

    status: Annotated[str, msgspec.Meta(pattern=r"^(accepted|edited|dismissed|proposed)$")]
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    rule: dict[str, Any] | None = None
    revision: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None


def reports_router(service: Service, desk: EditDesk) -> APIRouter:
    """Routes that tell what is known."""
    router = APIRouter()

    @router.get(
        "/v1/scorecard",
        response_class=Response,
        tags=["scorecard"],
        responses=answers("Scorecard", 422),
        openapi_extra={"parameters": query_parameters(ScorecardQuery)},
    )
    async def scorecard(request: Request) -> Response:
        """How the predictions did, per model version, payer, category and month.

        Counts mature claims only. Claims that were changed after a warning are counted apart:
        a warning that was heeded is no false alarm.
        """
        async with service.admitted(request, "scorecard") as caller:
            query = read_query(request, ScorecardQuery)
            groups = [x for x in query.group_by.split(",") if x]
            if not set(groups) <= set(GROUPS):
                raise bad_query(f"allowed, comma-separated: {', '.join(GROUPS)}", "group_by")
            store = service.backend.store
            bounds: dict[str, Any] = {
                "model_version": query.model_version,
                "payer": query.payer,
                "since": query.since,
                "until": query.until,
            }
            practices = None if caller.practices is None else sorted(caller.practices)

            def look() -> Scorecard:
                rows = store.scorecards.rows(practices, group_by=groups, **bounds)
                bins = store.scorecards.reliability(practices, **bounds)
                known = store.outcomes.practices() if practices is None else practices
                stale = any(store.outcomes.state(x).stale for x in known)
                return Scorecard(rows, bins, stale)

            found = await asyncio.to_thread(look)
            note(request, rows=len(found.rows))
            return answer(found)

    @router.get("/v1/edits", response_class=Response, tags=["edits"], responses=answers("EditList"))
    async def edits(request: Request) -> Response:
        """The pre-submission edits, and the tables that they ask."""
        async with service.admitted(request, "score"):
            tables = desk.tables
            problems = [str(x) for x in tables.problems]
            return answer(EditList(list(load_rules().values()), _tables(tables), problems))

    @router.get(
        "/v1/rules",
        response_class=Response,
        tags=["rules"],
        responses=answers("RuleList", 422),
        openapi_extra={"parameters": query_parameters(RuleQuery)},
    )
    async def rules(request: Request) -> Response:
        """Payer rules learnt from remittances, with what was decided about each."""
        async with service.admitted(request, "read") as caller:
            query = read_query(request, RuleQuery)
            practices = None if caller.practices is None else sorted(caller.practices)
            found = await asyncio.to_thread(
                lambda: service.backend.store.rules.list(
                    practices, status=query.status, payer=query.payer
                )
            )
            return answer(RuleList([_rule(x) for x in found]))

    @router.get(
        "/v1/rules/{rule_id}",
        response_class=Response,
        tags=["rules"],
        responses=answers("KeptPayerRuleClaims", 404, 422),
        openapi_extra={"parameters": [_RULE_ID]},
    )
    async def rule(request: Request) -> Response:
        """One payer rule with the claims behind it."""
        async with service.admitted(request, "read") as caller:
            rule_id = _rule_id(request)
            practices = None if caller.practices is None else sorted(caller.practices)
            rules = service.backend.store.rules

            def look() -> KeptPayerRuleClaims:
                kept = rules.get(rule_id, practices)
                lines = msgspec.json.decode(rules.evidence(rule_id), type=list[ClaimLine])
                return KeptPayerRuleClaims(**msgspec.structs.asdict(_rule(kept)), claims=lines)

            return answer(await asyncio.to_thread(look))

    @router.post(
        "/v1/rules/{rule_id}/decision",
        response_class=Response,
        tags=["rules"],
        responses=answers("KeptPayerRule", 400, 404, 408, 409, 413, 415, 422),
        openapi_extra={
            **json_body("RuleDecision", {"accept": {"status": "accepted", "reason": "seen"}}),
            "parameters": [_RULE_ID],
        },
    )
    async def decide(request: Request) -> Response:
        """Accept, edit or dismiss a rule; an accepted or edited one acts as an edit."""
        async with service.admitted(request, "rules") as caller:
            require_json(request)
            rule_id = _rule_id(request)
            body = await read_body(request, 1 << 16, service.settings.body_seconds)
            decision = _decision(body)
            practices = None if caller.practices is None else sorted(caller.practices)
            store = service.backend.store

            def keep() -> KeptRule:
                edited = None
                if decision.rule is not None:
                    content = msgspec.json.encode(decision.rule)
                    try:
                        edited = checked_edit(store.rules.get(rule_id, practices), content)
                    except InputError as error:
                        raise invalid([FieldError(str(error), "/rule")]) from None
                kept = store.rules.decide(
                    rule_id,
                    decision.status,
                    caller.actor,
                    reason=decision.reason,
                    edited=edited,
                    revision=decision.revision,
                    practices=practices,
                )
                desk.publish(store)
                return kept

            rule = await asyncio.to_thread(keep)
            entry = AuditEntry(
                actor=caller.actor,
                action=f"rule.{decision.status}",
                record=f"rule:{rule_id}",
                practice=rule.practice,
                request_id=request_id(request),
            )
            await service.backend.audit(entry)
            return answer(_rule(rule))

    return router


_RULE_ID = {
    "name": "rule_id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}


def _rule_id(request: Request) -> int:
    text = str(request.path_params["rule_id"])
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) < 2**31):
        raise invalid([FieldError("a rule's number is expected", parameter="rule_id")])
    return int(text)


def _decision(body: bytes) -> RuleDecision:
    try:
        return msgspec.json.decode(body, type=RuleDecision)
    except msgspec.ValidationError as error:
        raise invalid([field_error(error)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from None


def _rule(rule: KeptRule) -> KeptPayerRule:
    content = decode_rule(rule.content)
    return KeptPayerRule(
        rule.id,
        rule.practice,
        rule.payer,
        rule.status,
        rule.active,
        content.words,
        content.remedy,
        content,
        decode_rule(rule.learnt),
        rule.decided_by,
        rule.decided,
        rule.reason,
        rule.revision,
    )


def _tables(tables: EditTables) -> list[TableVersion]:
    named: dict[str, Versions[Any]] = {
        **{f"ncci {x}": v for x, v in tables.ncci.items()},
        **{f"mue {x}": v for x, v in tables.mue.items()},
        "addon": tables.addon,
        "mpfs": tables.mpfs,
        "hcpcs": tables.hcpcs,
        "cpt": tables.cpt,
    }
    return [TableVersion(name, str(meta)) for name, v in named.items() for meta in v.metas]
