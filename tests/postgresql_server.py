"""A private PostgreSQL server for tests: in a temporary folder, on a free port, gone with the tests that started it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import ports
import psycopg
from patience import PATIENCE, wait_for

USER = "mailaddon"
PASSWORD = "s3cr/t p@ss:word%"  # everything that a URL has to write otherwise
READER = "lookup"
DATABASE = "mail"
_SETTINGS = {
    "fsync": "off",  # the machine does not crash
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
}
#: Ends the server when the tests close the pipe, or die; a shell, so that nothing of Python has to live for it.
_GUARD = '"$@" & server=$!; read -r _; kill -INT $server; wait $server'


def programs() -> Path:
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    assert found, "no PostgreSQL server is installed: apt-get install postgresql"
    return found[-1].parent


class Server:
    """A server with one database, its owner, and a role for daemons.

    Attributes:
        port: on the loopback, and in the name of the socket.
        sockets: the folder of the socket.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailaddon-pg-", dir="/tmp"))  # a socket's name has to be short
        self.sockets = self.folder
        self.port = ports.take()
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:  # which the server refuses to run as
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._guard: subprocess.Popen[bytes] | None = None
        self._schemas = 0
        self._initialise()

    def _initialise(self) -> None:
        command = [programs() / "initdb", "-D", self.folder / "data", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        # Another order of letters than SQLite's, which must not matter.
        command += ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256"]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._as)
        self.start()
        with self.administrator() as connection:
            connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {USER}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        command += ["-k", str(self.sockets)]
        command += [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                **self._as,
            )
        wait_for(self._answers, (self.folder / "log").read_text)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.conninfo("postgres", "postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: politely (SIGINT), or as a crash would (SIGQUIT)."""
        if self._guard is None:
            return
        if how != signal.SIGINT:
            os.kill(int((self.folder / "data/postmaster.pid").read_text().split()[0]), how)
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(PATIENCE)
        self._guard = None

    def remove(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder)
        ports.give_back(self.port)

    def conninfo(self, user: str, database: str = DATABASE) -> str:
        """How libpq reaches a database through the socket."""
        return f"host={self.sockets} port={self.port} user={user} dbname={database}"

    @contextmanager
    def administrator(self) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
        """A connection as the superuser."""
        with psycopg.connect(self.conninfo("postgres", "postgres"), autocommit=True) as connection:
            yield connection

    @contextmanager
    def schema(self) -> Iterator[str]:
        """A URL of an empty place for a directory."""
        self._schemas += 1
        name = f"place{self._schemas}"
        with psycopg.connect(self.conninfo(USER), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        yield self.url(name)
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {name} CASCADE")

    def url(self, schema: str = "public", *, user: str = USER, password: str = "", host: str = "") -> str:
        """A URL as it stands in the settings; through the socket, unless there is a host."""
        secret = f":{quote(password, safe='')}" if password else ""
        place = host or quote(str(self.sockets), safe="")
        return f"postgresql://{user}{secret}@{place}:{self.port}/{DATABASE}?options=-csearch_path%3D{schema}"
