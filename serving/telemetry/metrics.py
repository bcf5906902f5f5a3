"""Prometheus metrics of the service; with several workers, `/metrics` answers for all of them."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from models.denial.drift import DriftKind, MonitorReport

#: Environment variable by which prometheus_client keeps its numbers in files.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_PROBABILITY = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Metrics:
    """The numbers of one process. An application has its own, so that tests can have several."""

    def __init__(self) -> None:
        # With files the registry of prometheus_client must not hold the metrics themselves.
        self._files = os.environ.get(MULTIPROCESS, "")
        self._registry = CollectorRegistry()
        registry = self._registry
        self.requests = Histogram(
            "firstpass_request_seconds",
            "Time to answer, by route and status",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.claims = Counter(
            "firstpass_claims_scored", "Claims scored, by way in", ["way"], registry=registry
        )
        self.probability = Histogram(
            "firstpass_denial_probability",
            "Denial probabilities that were answered",
            buckets=_PROBABILITY,
            registry=registry,
        )
        self.edits = Counter(
            "firstpass_edits_hit", "Findings of pre-submission edits", ["edit"], registry=registry
        )
        self.problems = Counter(
            "firstpass_x12_problems", "Damaged places in X12 bodies", ["code"], registry=registry
        )
        self.refused = Counter(
            "firstpass_model_refusals", "Versions that were not taken up", registry=registry
        )
        self.swaps = Counter(
            "firstpass_model_swaps", "Versions that were taken up", registry=registry
        )
        self.model = Gauge(
            "firstpass_model_info",
            "1 for the version that scores",
            ["name", "version", "history"],
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.drift = Gauge(
            "firstpass_drift_findings",
            "What the last run of the watch found, by kind",
            ["model", "kind"],
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self.watched = Gauge(
            "firstpass_monitor_timestamp_seconds",
            "When the watch last ran",
            ["model"],
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self.in_flight = Gauge(
            "firstpass_requests_in_flight",
            "Requests being answered",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.journal = Gauge(
            "firstpass_journal_bytes",
            "Scores on their way to the store",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.lost = Counter(
            "firstpass_requests_not_kept",
            "Requests that were answered but could not be kept",
            registry=registry,
        )
        self._routes: dict[tuple[str, str, int], Any] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. ``route`` is the path template, never the path."""
        key = (method, route, status)
        child = self._routes.get(key)
        if child is None:
            child = self._routes[key] = self.requests.labels(method, route, str(status))
        child.observe(seconds)

    def scored(self, way: str, probabilities: Sequence[float], edits: Iterable[str]) -> None:
        """Count claims that were scored, and the ids of the edits that they break."""
        self.claims.labels(way).inc(len(probabilities))
        observe = self.probability.observe
        for value in probabilities:
            observe(value)
        for edit in edits:
            self.edits.labels(edit).inc()

    def damaged(self, code: str) -> None:
        """Count a damaged place of a file."""
        self.problems.labels(code).inc()

    def serves(self, name: str, version: str, history: str) -> None:
        """Say which version scores from now on."""
        self.model.clear()
        self.model.labels(name, version, history).set(1)

    def drifted(self, report: MonitorReport) -> None:
        """Say what the last run of `firstpass monitor` found; counts only, no payer, no claim."""
        for kind in get_args(DriftKind):
            found = sum(f.kind == kind for f in report.findings)
            self.drift.labels(report.model, kind).set(found)
        self.watched.labels(report.model).set(report.at.timestamp())

    def text(self) -> tuple[bytes, str]:
        """The exposition and its content type."""
        registry = self._registry
        if self._files:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
