"""The server process behind `firstpass serve`; settings come from the environment.

A process of its own, so that neither the command line nor anything of training is in it.
"""

import errno
import os
import signal
import socket
import sys
import tempfile
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from models.errors import FirstpassError, InputError
from serving.helpers import helpers
from serving.lean import keep_lean
from serving.protocol import GuardedProtocol
from serving.settings import Settings, read_settings
from serving.telemetry.logs import configure_logs

#: Connections that one worker holds; beyond, new ones are answered 503.
CONNECTIONS = 4096


def application() -> Any:
    """What a worker runs."""
    keep_lean()
    from serving.app import create_app

    return create_app(read_settings())


def serve(settings: Settings, factory: str = "serving.run:application") -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end.

    ``factory`` is the importable name of what makes the application in every worker.

    Raises:
        InputError: There is no key, and the address is not a loopback one; the port is taken.
        StoreError: The store is of a newer version.
    """
    configure_logs(settings.log_level)
    keep_lean()
    require_keys(settings)
    listener = bound_socket(settings)
    with listener, helpers(settings):
        config = uvicorn.Config(
            factory,
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            # uvloop saves no time here and, with 32 connections, lets some wait ten times longer
            # than others (p99 1.6 s against 0.26 s).
            loop="asyncio",
            http=GuardedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
            timeout_worker_healthcheck=30,
        )
        if settings.workers > 1:
            Multiprocess(config, [listener]).run()
            return
        server = uvicorn.Server(config)
        try:
            server.run([listener])
        except SystemExit:
            # uvicorn's own exit codes are none of the command's.
            if server.started:
                raise
        if not server.started:
            sys.exit(1)


def bound_socket(settings: Settings) -> socket.socket:
    """A socket on the address, before anything else is started for it.

    Raises:
        InputError: The port is taken, or the address is not one of this machine.
    """
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # asyncio turns Nagle's algorithm off only on a socket that names TCP; left on, every
        # answer waits 40 ms for the client's delayed acknowledgement.
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} is taken: something else listens on {host}:{port}. Stop it, or"
                f" choose another port: firstpass serve --port {port + 1 if port < 65535 else 0}"
            ) from None
        raise InputError(f"{host}:{port} cannot be bound ({error.strerror})") from None
    found.set_inheritable(True)
    return found


def require_keys(settings: Settings) -> None:
    """Refuse to serve others than this machine while nobody has to authenticate.

    Raises:
        InputError: There is no key.
        StoreUnavailableError: The store cannot be asked whether there is one.
    """
    if settings.loopback:
        return
    from serving.store.store import open_store

    store = open_store(settings.state, settings.database_url)
    try:
        if not (store.keys.exist() or store.users.exist()):
            raise InputError(
                f"host={settings.host!r} can be reached from other machines, but there is no API"
                " key or user yet, so everybody could score and read claims: make one with"
                " 'firstpass keys' or 'firstpass users', or bind to 127.0.0.1"
            )
    finally:
        store.database.close()


def main(factory: str = "serving.run:application") -> None:
    """Run as ``python -m serving.run``."""
    try:
        settings = read_settings()
        # The helpers and workers that are started from here must not start others.
        os.environ["FIRSTPASS_HELPERS"] = "shared"
        # uvicorn raises SIGTERM again after a clean end; that is no failure.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        if settings.workers > 1:
            with tempfile.TemporaryDirectory(prefix="firstpass-metrics-") as folder:
                os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
                serve(settings, factory)
        else:
            serve(settings, factory)
    except FirstpassError as error:
        print(f"firstpass: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
