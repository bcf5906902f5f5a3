"""A PostgreSQL server for the tests, of their own, where the machine has its programs."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

MISSING = (
    "PostgreSQL's server programs are not here: apt-get install postgresql "
    "(or set FIRSTPASS_TEST_POSTGRES to the folder that holds initdb and postgres)"
)


def programs() -> Path | None:
    """Folder of ``initdb`` and ``postgres``, the newest version found."""
    named = os.environ.get("FIRSTPASS_TEST_POSTGRES")
    found = shutil.which("initdb")
    folders = [Path(named)] if named else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    folders += [Path(found).parent] if found else []
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


class PostgresServer:
    """One server on a free loopback port; as root it runs as an unprivileged user."""

    def __init__(self, folder: Path) -> None:
        self._programs = folder
        self._user = _unprivileged()
        # Not under pytest's own folder: that is closed to other users.
        self.home = Path(tempfile.mkdtemp(prefix="firstpass-postgres-"))
        if self._user is not None:
            os.chown(self.home, pwd.getpwnam(self._user).pw_uid, -1)
        self.data = self.home / "data"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._run("initdb", "-D", self.data, "-U", "firstpass", "-A", "trust", "-E", "UTF8", "-N")

    def _arguments(self, program: str, *arguments: object) -> list[str]:
        return [str(self._programs / program), *map(str, arguments)]

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            self._arguments(program, *arguments),
            check=True,
            user=self._user,
            cwd=self.home,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.home,
            "fsync": "off",
            "max_connections": 60,
            "shared_buffers": "32MB",
        }
        options = [x for k, v in settings.items() for x in ("-c", f"{k}={v}")]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments("postgres", "-D", self.data, "-p", self.port, *options),
                user=self._user,
                cwd=self.home,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        until = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._conninfo("postgres"), connect_timeout=1).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Stops it at once, as a lost server would be."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """Stops it and removes its files."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _conninfo(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=firstpass dbname={database}"

    def new_database(self) -> str:
        """URL of an empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://firstpass@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Removes a database that a test has done with, so that the disk stays free."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _unprivileged() -> str | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {x.pw_name for x in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind (Linux; elsewhere it does)."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
