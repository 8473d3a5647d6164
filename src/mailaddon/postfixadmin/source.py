"""PostfixAdmin's database, read as it is at one moment: in SQLite, PostgreSQL, or MySQL and MariaDB."""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import InvalidArgument, NotConfigured, NotFound, Unavailable

Row = Mapping[str, Any]
#: What is read; an old PostfixAdmin has not all of them.
TABLES = ("domain", "mailbox", "alias", "alias_domain", "vacation", "domain_admins", "admin", "fetchmail")
NEEDED = ("domain", "mailbox", "alias")
_MYSQL_PORT = 3306


class Source:
    """All rows, by table and domain.

    Attributes:
        name: what messages call the database, without any password.

    Args:
        location: the path of an SQLite file, `postgresql://…`, or `mysql://user:password@host/database`.
        prefix: PostfixAdmin's `$CONF['database_prefix']`.

    Raises:
        InvalidArgument: the location or the prefix is none.
        NotFound: there is no such file, or it is no database of PostfixAdmin.
        NotConfigured: the database's driver is not installed.
        Unavailable: the database cannot be read.
    """

    def __init__(self, location: str, prefix: str = "") -> None:
        if not prefix.replace("_", "a").isalnum() and prefix:
            raise InvalidArgument(f"{prefix!r} is no table prefix: letters, digits and underscores are")
        self.name, read = _reader(location)
        self._rows: dict[str, list[Row]] = {table: list(rows) for table, rows in read(prefix).items()}
        missing = [prefix + table for table in NEEDED if table not in self._rows]
        if missing:
            raise NotFound(f"{self.name} is no database of PostfixAdmin: it has no table {', '.join(missing)}")
        self._by_domain: dict[str, dict[str, list[Row]]] = {}

    def table(self, table: str) -> "Sequence[Row]":
        """Every row of a table; none, if this PostfixAdmin does not have the table."""
        return self._rows.get(table, ())

    def of_domain(self, table: str, domain: str) -> "Sequence[Row]":
        """The rows whose column `domain` says so, in any case."""
        if table not in self._by_domain:
            found: defaultdict[str, list[Row]] = defaultdict(list)
            for row in self.table(table):
                found[str(row["domain"]).lower()].append(row)
            self._by_domain[table] = dict(found)
        return self._by_domain[table].get(domain, ())

    def domains_of(self, table: str) -> set[str]:
        """The domains that rows of a table belong to."""
        self.of_domain(table, "")
        return set(self._by_domain[table])


_Tables = dict[str, Iterable[Row]]


def _reader(location: str) -> "tuple[str, Callable[[str], _Tables]]":
    if location.startswith(("postgresql://", "postgres://", "mysql://")):
        _check_url(location)
    if location.startswith(("postgresql://", "postgres://")):
        return _without_password(location), lambda prefix: _postgresql(location, prefix)
    if location.startswith("mysql://"):
        return _without_password(location), lambda prefix: _mysql(location, prefix)
    path = os.path.abspath(location)
    return path, lambda prefix: _sqlite(path, prefix)


def _check_url(url: str) -> None:
    """Make sure that a URL has its parts where they belong; what is wrong is not repeated, as it may be a password.

    Raises:
        InvalidArgument: it has not.
    """
    try:
        parts = urlsplit(url)
        fits = "@" not in parts.path + parts.query + parts.fragment
        if parts.scheme == "mysql":  # libpq takes several hosts, each with a port
            fits = fits and (parts.port or _MYSQL_PORT) > 0
    except ValueError:
        fits = False
    if not fits:
        raise InvalidArgument(
            "the location is no URL of a database: scheme://user:password@host/name, and in a user or a password"
            " %2F, %3F, %23, %40, %5B and %5D stand for / ? # @ [ and ]"
        )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _sqlite(path: str, prefix: str) -> _Tables:
    if not os.path.isfile(path):
        raise NotFound(f"there is no file {path}")
    try:
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, isolation_level=None)) as connection:
            connection.text_factory = lambda octets: octets.decode("utf-8", "surrogateescape")
            connection.row_factory = lambda cursor, row: dict(
                zip((column[0] for column in cursor.description), row, strict=True)
            )
            connection.execute("BEGIN")
            present = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master")}
            return {
                table: connection.execute(f'SELECT * FROM "{prefix}{table}"').fetchall()  # noqa: S608 - our names
                for table in TABLES
                if prefix + table in present
            }
    except sqlite3.Error as error:
        raise Unavailable(f"{path} cannot be read: {error}") from None


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _postgresql(url: str, prefix: str) -> _Tables:
    try:
        import psycopg
        from psycopg.rows import dict_row
    except ImportError:
        raise NotConfigured(
            "PostgreSQL's driver is missing: `pip install 'mail-addon-sdk[postgresql]'` installs it"
        ) from None
    try:
        with psycopg.connect(url, row_factory=dict_row) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            # to_regclass finds a table along the search path, and says NULL if there is none.
            present = [
                table
                for table in TABLES
                for row in connection.execute("SELECT to_regclass(%s) AS found", (f'"{prefix}{table}"',))
                if row["found"]
            ]
            return {
                table: connection.execute(f'SELECT * FROM "{prefix}{table}"').fetchall()  # noqa: S608 - our names
                for table in present
            }
    except psycopg.Error as error:
        raise Unavailable(f"{_without_password(url)} cannot be read: {error}") from None


def _mysql(url: str, prefix: str) -> _Tables:
    try:
        import pymysql
        from pymysql.cursors import DictCursor
    except ImportError:
        raise NotConfigured("MySQL's driver is missing: `pip install 'mail-addon-sdk[mysql]'` installs it") from None
    parts = urlsplit(url)
    options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    try:
        with (
            pymysql.connect(
                host=parts.hostname or "localhost",
                port=parts.port or _MYSQL_PORT,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.strip("/")),
                unix_socket=unquote(options.get("unix_socket", "")) or None,
                charset="utf8mb4",
                cursorclass=DictCursor,
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            cursor.execute("SHOW TABLES")
            present = {next(iter(row.values())) for row in cursor.fetchall()}
            found: _Tables = {}
            for table in TABLES:
                if prefix + table in present:
                    cursor.execute(f"SELECT * FROM `{prefix}{table}`")  # noqa: S608 - our names
                    found[table] = cursor.fetchall()
            return found
    except pymysql.Error as error:
        raise Unavailable(f"{_without_password(url)} cannot be read: {error}") from None
