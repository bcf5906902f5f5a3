"""A model whose answers can be foretold, registered without MLflow."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from models.claims.claim import Claim
from models.denial.risk import CarcRisk, DenialRisk, Factor, Fix, LineRisk
from models.edits import Edit, EditTables
from models.errors import RegistryError
from serving.api.examples import CLAIM
from serving.scoring.follower import Scorer
from serving.scoring.resolution import Resolution, resolution_file, write_resolution
from serving.settings import Settings

THRESHOLDS = {"default": 0.4, "precision:0.85": 0.6, "precision:0.95": 0.8, "capacity:0.1": 0.7}


def probability(claim_id: str, version: str) -> float:
    """What `FakeScorer` says: a number from the claim's name, and the version behind the comma."""
    share = zlib.crc32(claim_id.encode()) % 1000 / 1000
    return round(share * 0.99, 3) + int(version) / 1e6


class FakeFixes:
    """Proposes an authorization number for every claim that is to be reviewed."""

    def fixes(
        self,
        claims: Sequence[Claim],
        risks: Sequence[DenialRisk],
        edits: Sequence[Sequence[Edit]],
        threshold: float,
    ) -> list[list[Fix]]:
        fix = Fix("authorization_number", "/references", None, "Enter it", "only if so", 0.1, 9.0,
                  ("authorization",), "837P")  # fmt: skip
        return [[fix] if r.denial_probability >= threshold else [] for r in risks]


class FakeScorer:
    """Scores by name; counts its calls."""

    def __init__(self, version: str, content: dict[str, Any]) -> None:
        self.model_version = version
        self.history_version = f"history-{version}"
        self.thresholds = THRESHOLDS
        self.content = content

    def session(self) -> "FakeScorer":
        return self

    def fixes(self, tables: EditTables) -> "FakeFixes":
        return FakeFixes()

    def score_batch(
        self, claims: Sequence[Claim], *, factors: bool = True, lines: bool = False
    ) -> list[DenialRisk]:
        if self.content.get("broken"):
            raise ValueError("broken")
        return [self._risk(claim, factors) for claim in claims]

    def _risk(self, claim: Claim, factors: bool) -> DenialRisk:
        p = probability(claim.claim_id, self.model_version)
        if self.content.get("nonsense"):
            p = float("nan")
        return DenialRisk(
            claim_id=claim.claim_id,
            denial_probability=p,
            expected_loss=round(100 * p, 2),
            expected_allowed=100.0,
            base_rate=0.1,
            category="authorization",
            category_probability=p,
            categories={"authorization": p},
            carcs=[CarcRisk("197", p)],
            factors=[Factor("payer.id", "payer", 0.5, "authorization")] if factors else [],
            lines=[LineRisk(x.number, p, "authorization") for x in claim.lines],
            flags=["never_seen:payer"],
            model_version=self.model_version,
            history_version=self.history_version,
        )


def load_fake(folder: Path, version: str) -> Scorer:
    try:
        return FakeScorer(version, json.loads((folder / "fake.json").read_text()))
    except OSError as error:
        raise RegistryError(f"version {version} is not there") from error


def register(
    settings: Settings, version: int, *, signature: str = "claim", error: str = "", **content: Any
) -> None:
    """Make a fake version the champion, as the resolver would."""
    folder = settings.state / "fakes" / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fake.json").write_text(json.dumps(content))
    example = folder / "input_example.json"
    text = msgspec.json.encode(CLAIM).decode()
    example.write_text(json.dumps({"columns": ["claim"], "data": [[text]]}))
    write_resolution(
        resolution_file(settings.state, settings.model),
        Resolution(
            settings.model,
            settings.alias,
            version,
            str(folder),
            signature,
            str(example),
            fingerprint="none",  # what `registry_fingerprint` says where there is no store
            error=error,
        ),
    )
