"""Debian's PostfixAdmin on a database of its own, provisioned by its own command, in SQLite, PostgreSQL or MariaDB."""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pymysql
from patience import PATIENCE, wait_for
from postgresql_server import USER, Server

ROOT = Path(__file__).resolve().parent.parent
#: Where tasks.py unpacks the package, or Debian installs it.
PLACES = (ROOT / "build" / "postfixadmin", Path("/"))
#: Ends the server when the tests close the pipe, or die.
_GUARD = '"$@" & server=$!; read -r _; kill -TERM $server; wait $server'
PASSWORD = "s3cret-12"
_CONFIGURATION = """<?php
$CONF['encrypt'] = getenv('PFA_ENCRYPT') ?: 'md5crypt';
$CONF['authlib_default_flavor'] = getenv('PFA_FLAVOR') ?: 'md5raw';
$CONF['emailcheck_resolve_domain'] = 'NO';
$CONF['fetchmail'] = 'YES';
$CONF['vacation_domain'] = 'autoreply.test';
"""


class PostfixAdmin:
    """An installation.

    Args:
        folder: an empty one.
        configuration: PHP statements that say which database it uses.
        location: the database, as `mailaddon import-postfixadmin` takes it.
        connect: opens a connection to it.
    """

    def __init__(self, folder: Path, configuration: str, location: str, connect: Any) -> None:
        self.location = location
        self._connect = connect
        self._folder = folder / "postfixadmin"
        place = next((place for place in PLACES if (place / "usr/share/postfixadmin").exists()), None)
        assert place, "PostfixAdmin is missing: `python3 tasks.py test` unpacks it"
        links = shutil.ignore_patterns("config.inc.php", "config.local.php", "templates_c")
        shutil.copytree(place / "usr/share/postfixadmin", self._folder, ignore=links)
        shutil.copy(place / "etc/postfixadmin/config.inc.php", self._folder)
        (self._folder / "templates_c").mkdir()
        (self._folder / "dbconfig.inc.php").write_text("<?php\n$dbtype = $dbname = $dbuser = $dbpass = '';\n")
        (self._folder / "config.local.php").write_text(_CONFIGURATION + configuration)
        self._php("public/upgrade.php")

    def _php(self, script: str, *arguments: str, **environment: str) -> str:
        command = ["/usr/bin/php", "-q", self._folder / script, *arguments]
        env = {"PATH": "/usr/bin:/bin", **environment}
        done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", cwd=self._folder, env=env)
        assert done.returncode == 0, done
        assert "Error: " not in done.stderr, done
        return done.stdout

    def run(self, module: str, task: str, name: str, *options: str, **environment: str) -> None:
        """Run `postfixadmin-cli`."""
        self._php("scripts/postfixadmin-cli.php", module, task, name, *options, **environment)

    def domain(self, name: str, *options: str) -> None:
        self.run("domain", "add", name, "--default-aliases", "0", *options)

    def mailbox(self, address: str, *options: str, password: str = PASSWORD, **environment: str) -> None:
        given = ("--password", password, "--password2", password, "--welcome-mail", "0")
        self.run("mailbox", "add", address, *given, *options, **environment)

    def alias(self, address: str, *targets: str) -> None:
        self.run("alias", "add", address, "--goto", ",".join(targets))

    def forward(self, address: str, *targets: str, keep_copy: bool) -> None:
        self.run("alias", "update", address, "--goto", ",".join(targets), "--goto-mailbox", str(int(keep_copy)))

    def sql(self, statement: str, *values: object) -> None:
        """What the command cannot do."""
        with closing(self._connect()) as connection:
            cursor = connection.cursor()
            mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
            cursor.execute(statement.replace("?", mark), values)
            connection.commit()

    def away(self, address: str, subject: str, body: str, begin: str = "2000-01-01", end: str = "2038-01-18") -> None:
        """Set an automatic reply, as the web pages do: a row, and a target beside the mailbox."""
        row = {"email": address, "subject": subject, "body": body, "activefrom": begin, "activeuntil": end}
        row |= {"domain": address.partition("@")[2], "active": True}
        if not self.location.startswith("postgres"):
            row["cache"] = ""
        self.sql(f"INSERT INTO vacation ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())
        longer = "concat(goto, ?)" if self.location.startswith("mysql") else "goto || ?"
        reply = f",{address.replace('@', '#')}@autoreply.test"
        self.sql(f"UPDATE alias SET goto = {longer} WHERE address = ?", reply, address)


def in_sqlite(folder: Path) -> PostfixAdmin:
    """On an SQLite file."""
    file = folder / "postfixadmin.db"
    file.touch()
    configuration = f"$CONF['database_type'] = 'sqlite'; $CONF['database_name'] = '{file}';\n"
    return PostfixAdmin(folder, configuration, str(file), lambda: sqlite3.connect(file))


@contextmanager
def in_postgresql(folder: Path, server: Server) -> Iterator[PostfixAdmin]:
    """On a database of its own."""
    with server.administrator() as connection:
        connection.execute(f"CREATE DATABASE postfixadmin OWNER {USER}")
    host = quote(str(server.sockets), safe="")
    url = f"postgresql://{USER}@{host}:{server.port}/postfixadmin"
    configuration = (
        "$CONF['database_type'] = 'pgsql'; $CONF['database_name'] = 'postfixadmin';\n"
        f"$CONF['database_host'] = '{server.sockets}'; $CONF['database_port'] = '{server.port}';\n"
        f"$CONF['database_user'] = '{USER}'; $CONF['database_password'] = '';\n"
    )
    yield PostfixAdmin(folder, configuration, url, lambda: psycopg.connect(url))
    with server.administrator() as connection:
        connection.execute("DROP DATABASE postfixadmin WITH (FORCE)")


@contextmanager
def in_mariadb(folder: Path) -> Iterator[PostfixAdmin]:
    """On a MariaDB server that lives as long as the test; it lets everybody in who reaches its socket."""
    place = Path(tempfile.mkdtemp(prefix="mailaddon-my-", dir="/tmp"))  # a socket's name has to be short
    (place / "data").mkdir()
    socket = place / "s"
    command = ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={place / 'data'}", f"--socket={socket}"]
    command += ["--skip-networking", "--skip-grant-tables", "--user=root", "--innodb-flush-log-at-trx-commit=0"]
    with (place / "log").open("wb") as log:
        guard = ["/bin/sh", "-c", _GUARD, "sh", *command]
        process = subprocess.Popen(guard, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:

        def listens() -> bool:
            assert process.poll() is None, (place / "log").read_text()
            return socket.exists()

        wait_for(listens, (place / "log").read_text)

        def connect(**options: Any) -> Any:
            return pymysql.connect(unix_socket=str(socket), user="pfa", charset="utf8mb4", **options)

        with closing(connect()) as connection:
            connection.cursor().execute("CREATE DATABASE postfixadmin CHARACTER SET utf8mb4")
        configuration = (
            "$CONF['database_type'] = 'mysqli'; $CONF['database_name'] = 'postfixadmin';\n"
            f"$CONF['database_socket'] = '{socket}'; $CONF['database_user'] = 'pfa';\n"
        )
        url = f"mysql://pfa:p%40ss@localhost/postfixadmin?unix_socket={quote(str(socket), safe='')}"
        yield PostfixAdmin(folder, configuration, url, lambda: connect(database="postfixadmin"))
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(PATIENCE)
        shutil.rmtree(place)


@contextmanager
def on(kind: str, folder: Path, server: Server) -> Iterator[PostfixAdmin]:
    """An installation on `sqlite`, `postgresql` or `mariadb`."""
    if kind == "sqlite":
        yield in_sqlite(folder)
    elif kind == "postgresql":
        with in_postgresql(folder, server) as made:
            yield made
    else:
        with in_mariadb(folder) as made:
            yield made


def environment_of(encrypt: str) -> dict[str, str]:
    """What makes PostfixAdmin store passwords as `$CONF['encrypt']` says; `authlib:` with its flavour."""
    method, _, flavour = encrypt.partition(":")
    if method == "authlib":
        return {"PFA_ENCRYPT": method, "PFA_FLAVOR": flavour}
    return {"PFA_ENCRYPT": encrypt}
