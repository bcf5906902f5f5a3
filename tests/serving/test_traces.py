"""Traces reach a collector, and hold no query, no path as sent and no header."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from serving.settings import Settings
from tests.serving.fakes import register
from tests.serving.samples import claim_json
from tests.serving.server import serving

proto = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    reason="traces are an extra: pip install 'firstpass[opentelemetry]'",
)


class Collector:
    """An OTLP collector: an HTTP server that keeps what it is sent."""

    def __init__(self) -> None:
        bodies: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.bodies = bodies
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_span_a_request_reaches_the_collector_without_content(
    tmp_path: Path, collector: Collector
) -> None:
    secret = "Trillian"
    register(Settings(home=tmp_path), 1)
    with serving(
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    ) as server:
        body = {"claim": claim_json(claim_id=secret)}
        headers = {"x-secret": secret}
        httpx.post(f"{server.url}/v1/claims/score", json=body, headers=headers)
        httpx.get(f"{server.url}/v1/scorecard?payer={secret}")
        httpx.get(f"{server.url}/v1/{secret}")
        httpx.get(f"{server.url}/v1/batches/{secret}")
        assert server.stop() == 0  # what waits is sent when the service ends
    spans = []
    for body_sent in collector.bodies:
        sent = proto.ExportTraceServiceRequest.FromString(body_sent)
        for resource in sent.resource_spans:
            names = {x.key: x.value.string_value for x in resource.resource.attributes}
            assert names["service.name"] == "firstpass"
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    shown = [span.name for span in spans]
    assert "POST /v1/claims/score" in shown and "GET /v1/scorecard" in shown, shown
    assert secret.encode() not in b"".join(collector.bodies)
