"""JSON logs, one object a line, without patient data.

What may be logged is chosen by name where it is logged; request bodies, query strings, paths as
sent and values of exceptions are not. Tracebacks name files and lines only: the text of an
exception can hold what was parsed.
"""

import logging
import sys
import traceback
from typing import Any

import msgspec
import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(level: str = "info") -> None:
    """Send the logs of Firstpass and of uvicorn to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_places,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        # The access log holds raw URLs; ours is written by the gate.
        logger.propagate = name != "uvicorn.access"
        logger.setLevel(logging.INFO if name != "uvicorn.access" else logging.CRITICAL)


def logger() -> Any:
    """The logger of the service; call it with an event name and named facts."""
    return structlog.get_logger()


def places(error: BaseException) -> list[str]:
    """Where an exception came through: ``file:line function``, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}" for frame in frames]


def _only_places(_: Any, __: str, event: Any) -> Any:
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error_type"] = type(error).__name__
        event["error_at"] = places(error)
    elif error is not None:
        event["error"] = error
    return event


def _to_json(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)


class _Forward(logging.Handler):
    """What libraries log, as one JSON event each; their exceptions by type and place."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # Library messages with arguments may carry content, so only the template is kept,
        # save for uvicorn's own life-cycle lines.
        own = record.name.startswith("uvicorn")
        text = record.getMessage() if own and error is None else str(record.msg)[:200]
        log = (
            logger().bind(logger=record.name, error=error)
            if error
            else logger().bind(logger=record.name)
        )
        getattr(log, record.levelname.lower(), log.info)(text)
