"""OpenTelemetry traces, where a collector is configured and the extra is installed."""

import os

from fastapi import FastAPI

from models.errors import InputError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def trace(app: FastAPI) -> bool:
    """Send a span a request to the collector that ``OTEL_EXPORTER_OTLP_ENDPOINT`` names.

    Query strings and headers are left out of spans. Answers whether traces are on.

    Raises:
        InputError: A collector is named but the packages are not installed.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InputError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set but OpenTelemetry is not installed:"
            " pip install 'firstpass[opentelemetry]', or unset it"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "firstpass"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        server_request_hook=_without_query,
        exclude_spans=["receive", "send"],
    )
    return True


def _without_query(span: object, scope: dict[str, object]) -> None:
    """Queries may name a claim; a span keeps the path's template only."""
    setter = getattr(span, "set_attribute", None)
    if setter is not None:
        for name in ("http.url", "http.target", "url.query", "url.full"):
            setter(name, "")
