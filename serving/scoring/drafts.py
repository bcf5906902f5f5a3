"""Scores drafts: in the background when a version comes, at once when a person changes one."""

import asyncio
import csv
import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from models.claims.claim import Claim
from models.denial.risk import DenialRisk
from models.edits import Edit, EditContext, ServiceIndex, check_claim
from models.errors import FirstpassError
from serving.api.backend import Backend
from serving.scoring.edits import EditDesk
from serving.scoring.fixes import draft_fixes, fixed
from serving.scoring.follower import ModelFollower, ServedModel
from serving.scoring.turns import Turns
from serving.store.draft_types import Assessment, Draft, DraftFix, version_key
from serving.store.errors import StoreUnavailableError
from serving.telemetry.logs import logger

#: How often drafts that wait for a score are looked for.
LOOK_SECONDS = 1.0
#: Probability from which fixes are looked for.
FIXED_FROM = 0.05
#: Drafts scored between two looks at who else waits.
PORTION = 40


class Action(msgspec.Struct, frozen=True):
    """What a person can do against a denial category before the claim is sent."""

    preventable: bool
    words: str


@cache
def load_actions() -> dict[str, Action]:
    """By denial category, from ``preventable.csv``."""
    text = (Path(__file__).parent / "preventable.csv").read_text(encoding="utf-8")
    return {
        row["category"]: Action(row["preventable"] == "yes", row["action"])
        for row in csv.DictReader(text.splitlines())
    }


def preventable(risk: DenialRisk) -> float:
    """Dollars of the expected loss that a change before submission can still prevent."""
    actions = load_actions()
    share = sum(
        probability
        for category, probability in risk.categories.items()
        if category in actions and actions[category].preventable
    )
    return round(share * risk.expected_allowed, 2)


def main_reason(risk: DenialRisk, edits: Sequence[Edit]) -> str:
    """The strongest reason, in words: an error that the payer will see, else the first factor."""
    for edit in edits:
        if edit.severity == "error":
            return edit.message
    for factor in sorted(risk.factors, key=lambda x: -x.contribution):
        if factor.field and factor.contribution > 0:
            return factor.words
    return "nothing stands out"


class DraftDesk:
    """Assesses drafts with the version that serves."""

    def __init__(
        self, follower: ModelFollower, edits: EditDesk, backend: Backend, turns: Turns
    ) -> None:
        self._follower = follower
        self._edits = edits
        self._backend = backend
        self._turns = turns

    def assess(self, claim: Claim, past: Sequence[Claim], served: ServedModel) -> Assessment:
        """What model and edits say about one claim, beside the patient's ``past`` ones.

        Each draft is scored for itself: what is said of it does not depend on which others
        were looked at before.
        """
        risk = served.scorer.session().score_batch([claim])[0]
        index = ServiceIndex()
        for earlier in past:
            index.add(earlier)
        tables = self._edits.tables
        context = EditContext(earlier=index.earlier(claim))
        edits = check_claim(claim, tables, context)
        limit = tables.scopes.of(claim).filing_limit
        day = claim.service_date
        deadline = day + dt.timedelta(days=limit) if day and limit else None
        told = served.scorer.fixes(tables).fixes([claim], [risk], [edits], FIXED_FROM)[0]
        fixes = draft_fixes(claim, told, tables.icd10)
        return Assessment(
            self._edits.edition,
            risk,
            edits,
            fixes,
            preventable(risk),
            main_reason(risk, edits),
            deadline,
        )

    def fixed(self, claim: Claim, fix: DraftFix) -> Claim:
        """The claim with a fix for which nothing has to be entered.

        Raises:
            InputError: it does not apply any more.
        """
        return fixed(claim, fix, self._edits.tables.icd10)

    def assess_now(self, draft: Draft, claim: Claim) -> Assessment | None:
        """As `assess`, for a draft that a person changed; ``None`` while no model serves."""
        served = self._follower.current
        if served is None:
            return None
        past = self._backend.store.drafts.past(draft.practice, draft.patient)
        with self._turns.turn("drafts"):
            return self.assess(claim, past, served)

    async def run(self) -> None:
        """Keep every open draft's assessment that of the version that serves."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                while await asyncio.to_thread(self.score_some):
                    await asyncio.sleep(0)
            except StoreUnavailableError:
                continue
            except Exception as error:  # whatever it is, pages go on
                logger().error("drafts.failed", error=error)
                await asyncio.sleep(30 * LOOK_SECONDS)

    def score_some(self) -> int:
        """Score a portion of the drafts that wait; how many there were."""
        served = self._follower.current
        if served is None:
            return 0
        drafts = self._backend.store.drafts
        scorer = served.scorer
        key = version_key(scorer.model_version, scorer.history_version, self._edits.edition)
        waiting = drafts.to_score(key, PORTION)
        scored = []
        for draft in waiting:
            past = drafts.past(draft.practice, draft.patient)
            with self._turns.turn("drafts"):
                try:
                    scored.append((draft, self.assess(draft.claim, past, served)))
                except FirstpassError as error:
                    logger().error("draft.not_scored", draft=draft.token, error=error)
        drafts.keep(scored)
        return len(scored)
