"""The directory in a PostgreSQL database: connecting, transactions, waiting for other writers, errors.

Nothing here is imported unless such a database is configured. Any number of hosts may use one database. Writers take
one advisory lock for as long as their transaction lasts, so they are as much alone as SQLite's are; what they read,
they read after they have the lock (READ COMMITTED). Readers see one moment (REPEATABLE READ) and wait for nobody.
"""

import time
from _thread import _local as ThreadLocal  # noqa: N812 - threading.local, without importing threading

from ..errors import MailAddonError, NotConfigured, StorageFailed, Unavailable
from . import _dialect
from .store import Undecided, check_version

try:
    import psycopg
    from psycopg import conninfo, sql
    from psycopg.pq import TransactionStatus
except ImportError as missing:
    raise NotConfigured(
        "the setting directory names a PostgreSQL database, which needs psycopg:"
        f" pip install 'mail-addon-sdk[postgresql]' ({missing})"
    ) from None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, LiteralString, TypeVar

    from ..records import Problem
    from ._database import Connection
    from .store import Transaction

    Result = TypeVar("Result")

#: What the URL, a service file or the environment may set otherwise. Times in s, but tcp_user_timeout in ms.
_DEFAULTS = {
    "application_name": "mailaddon",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
#: How long (s) a statement may take that waits for nobody.
_STATEMENT = 60
_PAUSE = 0.2
_OLDEST = 13_00_00  # pg_current_xact_id
_OURS = 0x6D61696C  # the advisory lock's first half; the second is the schema that the tables are in
_LOCK = f"SELECT pg_advisory_xact_lock({_OURS}, hashtext(coalesce(current_schema(), '')))"
_CHANNEL = "mailaddon"
_LONGEST_NAME = 63
_READ_ONLY = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: The lock of a host that vanishes is given back, as the server asks, too, whether the host is there. In s.
_KEEPALIVES = tuple(
    f"SET LOCAL tcp_keepalives_{name} = {value}" for name, value in (("idle", 30), ("interval", 10), ("count", 3))
)
#: Errors that may be gone when the call is repeated: connections, resources, the server's end, waits, conflicts.
_PASSING = ("08", "53", "57", "40")
_DISK_FULL = "53100"
_NO_TABLE = "42P01"
_WAITED_TOO_LONG = frozenset({"55P03", "57014"})
_NO_RIGHT = frozenset({"42501", "3F000"})
_FUTURE = "22023"  # a transaction that the server does not know: it was restored from before it
#: How the server's refusals of a connection begin that repeating does not help; they come without a code.
_REFUSED = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


class PostgreSQL:
    """A `Database` and its `Upkeep` (see _database.py) on a server.

    Args:
        url: `postgresql://…`, with libpq's parameters.
        lock_timeout: how many seconds a transaction waits for others.

    Raises:
        NotConfigured: it is not a URL that libpq understands.
    """

    shared = True
    error = psycopg.Error

    def __init__(self, url: str, lock_timeout: float) -> None:
        self._parameters = _parsed(url)
        self.name = _name(self._parameters)
        self._lock_timeout = lock_timeout
        self._connections = ThreadLocal()
        wait = f"SET LOCAL lock_timeout = {max(int(1000 * lock_timeout), 1)}"
        limit = f"SET LOCAL statement_timeout = {int(1000 * (lock_timeout + _STATEMENT))}"
        self._read = (_READ_ONLY, limit, "SELECT version, NULL FROM schema_version")
        number = "SELECT version, pg_current_xact_id()::text FROM schema_version"
        self._write = ("BEGIN ISOLATION LEVEL READ COMMITTED", wait, limit, *_KEEPALIVES, _LOCK, number)
        self._maintain = ("BEGIN", wait, "SET LOCAL statement_timeout = 0", _LOCK)

    # Transactions

    def begin(self, *, writes: bool) -> "Session":
        """Begin a transaction on this thread's connection; the schema is made if there is none.

        Raises:
            NotConfigured: the server refuses the user, or does not have the database.
            StorageFailed: the tables cannot be made or read.
            Unavailable: the server does not answer, or others do not finish in time.
            UpgradeNeeded: the schema has another version.
        """
        session: Session | None = getattr(self._connections, "session", None)
        if session is not None:
            try:
                return self._begun(session, writes=writes)
            except _LostError:  # the server has been restarted since; nothing has happened yet
                self.close()
        session = self._connections.session = self._connected()
        try:
            return self._begun(session, writes=writes)
        except _LostError as error:
            self.close()
            raise Unavailable(error.message) from None

    def _begun(self, session: "Session", *, writes: bool) -> "Session":
        try:
            try:
                version, number = session.script(*(self._write if writes else self._read))
            except psycopg.errors.UndefinedTable:
                self.roll_back(session)
                self._migrated(only_new=True)
                version, number = session.script(*(self._write if writes else self._read))
            check_version(self.name, version)
        except BaseException as error:
            self.roll_back(session)
            if isinstance(error, psycopg.Error):
                if session.lost:
                    raise _LostError(self.failure(error).message) from None
                raise self.failure(error) from None
            raise
        session.number = number
        return session

    def commit(self, connection: "Connection") -> None:
        """End a transaction well.

        A connection may break while it ends. Then the server is asked on another one whether it has happened.

        Raises:
            psycopg.Error: it has not happened.
            Undecided: the server could not be asked in time.
        """
        assert isinstance(connection, Session)
        try:
            status = connection.raw.execute("COMMIT").statusmessage
        except BaseException as error:
            if isinstance(error, psycopg.Error) and not connection.lost:
                raise  # the server says so
            self.close()
            if not self._has_happened(connection.number):
                raise
            return
        if status != "COMMIT":
            raise StorageFailed(f"the directory {self.name} has undone the change because of an earlier error")

    def _has_happened(self, number: str) -> bool:
        """Whether a transaction is committed.

        Raises:
            Undecided: the server could not be asked in time.
        """
        deadline = time.monotonic() + self._lock_timeout
        while time.monotonic() < deadline:
            try:
                session = self._connected()
                try:
                    row = session.raw.execute("SELECT pg_xact_status(%s::xid8)", (number,)).fetchone()
                finally:
                    session.close()
                if row and row[0] in {"committed", "aborted"}:
                    return bool(row[0] == "committed")
            except psycopg.Error as error:
                if error.sqlstate == _FUTURE:
                    return False
            except Unavailable:
                pass
            time.sleep(_PAUSE)
        raise Undecided(
            f"the directory {self.name} went away while the change was made; look whether it was, and try again if not"
        )

    def roll_back(self, connection: "Connection") -> None:
        """Undo a transaction, if it has not ended yet."""
        assert isinstance(connection, Session)
        if connection.raw.info.transaction_status == TransactionStatus.IDLE:
            return
        try:
            connection.raw.execute("ROLLBACK")
        except psycopg.Error:  # the server does it as soon as the connection is gone
            connection.close()
            if getattr(self._connections, "session", None) is connection:
                self._connections.session = None

    def close(self) -> None:
        """Close this thread's connection."""
        session: Session | None = getattr(self._connections, "session", None)
        if session is not None:
            self._connections.session = None
            session.close()

    def failure(self, error: Exception) -> MailAddonError:
        """What an error of psycopg means to a caller. A server's details are left out: they quote rows."""
        assert isinstance(error, psycopg.Error)
        code = error.sqlstate or ""
        text = error.diag.message_primary or str(error)
        if code in _WAITED_TOO_LONG:
            return Unavailable(f"the directory {self.name} is busy; try again")
        if code == _DISK_FULL:
            return StorageFailed(f"the directory {self.name} cannot be used: {text}")
        if code in _NO_RIGHT:
            return NotConfigured(f"the directory {self.name} cannot be used: {text}")
        if code.startswith(_PASSING) or (not code and isinstance(error, psycopg.OperationalError)):
            return Unavailable(f"the directory {self.name} does not answer: {text}; try again")
        return StorageFailed(f"the directory {self.name} cannot be used: {text}")

    def _connected(self) -> "Session":
        try:
            raw = _Raw.connect(
                **{**_DEFAULTS, **self._parameters, "client_encoding": "utf8"}, autocommit=True, prepare_threshold=None
            )
        except psycopg.Error as error:
            text = " ".join(str(error).split())
            if any(refusal in text for refusal in _REFUSED):
                raise NotConfigured(f"the directory {self.name} cannot be used: {text}") from None
            raise Unavailable(f"the directory {self.name} does not answer: {text}; try again") from None
        version, encoding = raw.info.server_version, raw.info.parameter_status("server_encoding")
        if version < _OLDEST or encoding != "UTF8":
            raw.close()
            raise NotConfigured(
                f"the directory {self.name} needs PostgreSQL {_OLDEST // 10_000} or newer and a database in UTF8;"
                f" this is {version // 10_000} and {encoding}"
            )
        return Session(raw)

    # What an administrator does

    def upkeep(self) -> "PostgreSQL":
        """What an administrator does with it: the same object."""
        return self

    def version(self) -> int | None:
        """The version of the schema; None if there is none.

        Raises:
            Unavailable, NotConfigured, StorageFailed: the server cannot be used.
        """
        return self._alone((_READ_ONLY,), _version)

    def migrate(self) -> "Sequence[int]":
        """Make the tables, or take them to the present version; the numbers of the migrations that ran.

        Raises:
            Unavailable, NotConfigured, StorageFailed: the server cannot be used; nothing has changed.
        """
        return self._migrated(only_new=False)

    def _migrated(self, *, only_new: bool) -> "Sequence[int]":
        def work(session: Session) -> "Sequence[int]":
            version = _version(session)
            if version is not None and only_new:  # another process was first
                return ()
            if version is None:
                session.raw.execute("CREATE TABLE schema_version (version BIGINT NOT NULL)")
                session.raw.execute("INSERT INTO schema_version (version) VALUES (0)")
            found = list(self.schema())
            numbers = range((version or 0) + 1, len(found) + 1)
            for number in numbers:
                for statement in found[number - 1]:
                    session.raw.execute(_text(statement))
                session.raw.execute("UPDATE schema_version SET version = %s", (number,))
            return numbers

        return self._alone(self._maintain, work)

    def _alone(self, begin: "Sequence[str]", work: "Callable[[Session], Result]") -> "Result":
        """Do something in a transaction on a connection of its own."""
        session = self._connected()
        try:
            session.script(*begin)
            result = work(session)
            session.raw.execute("COMMIT")
        except psycopg.Error as error:
            raise self.failure(error) from None
        else:
            return result
        finally:
            session.close()

    def description(self) -> list[tuple[str, str]]:
        """Which server, and the size of the tables."""

        def work(session: Session) -> list[tuple[str, str]]:
            size = session.value(
                "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = (current_schema())::regnamespace"
            )
            version = session.raw.info.parameter_status("server_version")
            return [("database", f"{self.name} ({size:,} octets)"), ("server", f"PostgreSQL {version}")]

        return self._alone((_READ_ONLY,), work)

    def schema(self) -> "Iterator[Sequence[str]]":
        """The statements of each migration."""
        from ._sqlite_upkeep import statements
        from .schema import MIGRATIONS

        return (_dialect.statements(statements(migration)) for migration in MIGRATIONS)

    def grant(self, role: str) -> list[str]:
        """Let a role read what mail servers look up, and nothing else; the views.

        Raises:
            NotConfigured: there is no such role, or we have no right to grant.
            Unavailable, StorageFailed: the server cannot be used.
        """

        def work(session: Session) -> list[str]:
            views = session.execute(
                "SELECT viewname FROM pg_views"
                " WHERE schemaname = current_schema() AND viewname LIKE 'lookup\\_%' ORDER BY viewname"
            ).fetchall()
            names = [str(view) for (view,) in views]
            schema = str(session.value("SELECT current_schema()"))
            for kind, objects in ((sql.SQL("USAGE ON SCHEMA"), [schema]), (sql.SQL("SELECT ON"), names)):
                listed = sql.SQL(", ").join(map(sql.Identifier, objects))
                session.raw.execute(sql.SQL("GRANT {} {} TO {}").format(kind, listed, sql.Identifier(role)))
            return names

        check_version(self.name, self.version() or 0)
        try:
            return self._alone(self._maintain, work)
        except StorageFailed as error:
            raise NotConfigured(error.message) from None

    def rights(self, role: str) -> tuple[list[str], list[str]]:
        """The views that a role may not look up, and the tables that it may use all the same.

        Raises:
            NotConfigured: there is no such role.
            Unavailable, StorageFailed: the server cannot be used.
        """

        def work(session: Session) -> tuple[list[str], list[str]]:
            rows = session.execute(
                "SELECT c.relname, c.relkind = 'v', has_table_privilege(r.name, c.oid, 'SELECT')"
                " AND has_schema_privilege(r.name, c.relnamespace, 'USAGE'),"
                " has_table_privilege(r.name, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
                " OR has_any_column_privilege(r.name, c.oid, 'SELECT, INSERT, UPDATE')"
                " FROM (SELECT ?::name AS name) AS r, pg_class AS c"
                " WHERE c.relkind IN ('r', 'v') AND c.relnamespace = (current_schema())::regnamespace ORDER BY 1",
                (role,),
            ).fetchall()
            views = [name for name, is_view, reads, _uses in rows if is_view and not reads]
            return views, [name for name, is_view, _reads, uses in rows if uses and not is_view]

        try:
            return self._alone((_READ_ONLY,), work)
        except StorageFailed as error:
            raise NotConfigured(error.message) from None

    def problems(self, transaction: "Transaction") -> "Iterator[Problem]":
        """Settings of the server that lose what it has said is stored."""
        from ..records import Problem

        for name in ("fsync", "full_page_writes"):
            if transaction.column("SELECT current_setting(?)", name) == ["off"]:
                yield Problem(
                    subject=self.name,
                    problem=f"{name} is off, so a crash of the machine may damage the database",
                    mend=f"set {name} = on in postgresql.conf",
                    severe=False,
                    code="misconfigured",
                )

    # What one process tells another

    def listen(self, name: str) -> "Session":
        """A connection of its own that hears of what `Session.tell` is called for.

        Args:
            name: what others know it by; see `listening`.

        Raises:
            NotConfigured, Unavailable: the server cannot be used.
        """
        session = self._connected()
        try:
            session.raw.execute(_text(f"LISTEN {_CHANNEL}"))
            session.raw.execute("SELECT set_config('application_name', %s, false)", (_listener(session, name),))
        except psycopg.Error as error:
            session.close()
            raise self.failure(error) from None
        return session

    def listening(self, connection: "Connection", names: "Iterable[str]") -> "set[str]":
        """Those of these names that somebody listens by."""
        assert isinstance(connection, Session)
        given = {_listener(connection, name): name for name in names}
        rows = connection.execute(
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
        ).fetchall()
        return {given[name] for (name,) in rows if name in given}

    # What a copy needs

    def columns(self, connection: "Connection") -> dict[str, list[str]]:
        """The columns of every table of the directory."""
        rows = connection.execute(
            "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
            " WHERE c.relkind = 'r' AND c.relnamespace = (current_schema())::regnamespace"
            " AND c.relname <> 'schema_version' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        ).fetchall()
        return {table: [column for found, column in rows if found == table] for table, _column in rows}

    def last_ids(self, connection: "Connection") -> "Mapping[str, int]":
        """The highest id that each table with generated ids has ever had."""
        rows = connection.execute(
            "SELECT c.relname, coalesce(pg_sequence_last_value(pg_get_serial_sequence(c.relname, 'id')::regclass), 0)"
            " FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attidentity <> ''"
            " WHERE c.relnamespace = (current_schema())::regnamespace"
        ).fetchall()
        return dict(rows)

    def fill(
        self, connection: "Connection", table: str, columns: "Sequence[str]", rows: "Sequence[Sequence[Any]]"
    ) -> None:
        """Insert rows with the ids that they have."""
        assert isinstance(connection, Session)
        marks = ", ".join("?" * len(columns))
        text = f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE VALUES ({marks})"  # noqa: S608 - names are ours
        with connection.raw.cursor() as cursor:
            cursor.executemany(_text(_dialect.translated(text)), rows)

    def set_last_id(self, connection: "Connection", table: str, last: int) -> None:
        """Make the ids of new rows begin behind one that has been given already."""
        if last:
            connection.execute("SELECT setval(pg_get_serial_sequence(?, 'id'), ?)", (table, last))


class Session:
    """A connection with the little of SQLite's interface that is used.

    Attributes:
        raw: psycopg's.
        number: of the transaction that writes.
    """

    def __init__(self, raw: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self.raw = raw
        self.number = ""

    def execute(self, statement: str, values: "Sequence[Any]" = (), /) -> "psycopg.Cursor[Any]":
        """Run a statement that is written for SQLite."""
        return self.raw.execute(_text(_dialect.translated(statement)), values)

    def value(self, statement: str) -> "Any":
        """The first column of a statement's only row."""
        row = self.execute(statement).fetchone()
        assert row is not None
        return row[0]

    def script(self, *statements: str) -> "tuple[Any, ...]":
        """Run statements in one round trip; the first row of the last one."""
        cursor = self.raw.execute(_text("; ".join(statements)))
        while cursor.nextset():
            pass
        row = cursor.fetchone() if cursor.description else ()
        return row or ()

    def tell(self) -> None:
        """Have all who listen hear of the transaction when it is committed."""
        self.raw.execute(_text(f"NOTIFY {_CHANNEL}"))

    def heard(self, patience: float) -> "list[str]":
        """What has been said to all who listen, as soon as there is anything, or nothing after some seconds.

        Raises:
            psycopg.Error: the connection is lost.
        """
        told = [each.payload for each in self.raw.notifies(timeout=patience, stop_after=1)]
        if not told:
            self.raw.execute("SELECT 1")  # a server that is gone is noticed
        return told

    @property
    def lost(self) -> bool:
        """Whether the connection is of no use any more."""
        return self.raw.closed or self.raw.info.transaction_status in {
            TransactionStatus.UNKNOWN,
            TransactionStatus.ACTIVE,
        }

    def close(self) -> None:
        """Close the connection; the server undoes what is not committed."""
        self.raw.close()


class _Raw(psycopg.Connection["tuple[Any, ...]"]):
    """A connection that closes itself when a thread or a directory that nobody has closed goes."""

    def __del__(self, _warn: "Any" = None, /) -> None:
        if hasattr(self, "pgconn"):  # else it has never been connected
            self.pgconn.finish()


class _LostError(Unavailable):
    """A connection broke before anything was done on it."""


def _listener(session: Session, name: str) -> str:
    """What a connection that listens calls itself."""
    schema = session.value("SELECT current_schema()")
    return f"mailaddon {name} {schema}"[:_LONGEST_NAME]


def _version(session: Session) -> int | None:
    """The version of the schema; None if there is none."""
    if session.value("SELECT to_regclass('schema_version')") is None:
        return None
    return int(session.value("SELECT version FROM schema_version"))


def _text(statement: "Any") -> "LiteralString":
    """A statement of ours; the type says that no value was put into it."""
    return statement  # type: ignore[no-any-return]


def _parsed(url: str) -> "dict[str, Any]":
    """A URL's parameters.

    Raises:
        NotConfigured: libpq does not understand it; what it says is not repeated, as it quotes passwords.
    """
    try:
        found = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise NotConfigured("the setting directory is not a PostgreSQL URL: postgresql://user@host/name") from None
    if any("@" in str(found.get(part, "")) for part in ("host", "port", "dbname")):
        raise NotConfigured("the setting directory has a user or a password in which / or @ are not written %2F or %40")
    return found


def _name(parameters: "Mapping[str, Any]") -> str:
    if "service" in parameters and "host" not in parameters:
        return f"service {parameters['service']}"
    host = parameters.get("host") or parameters.get("hostaddr") or "localhost"
    port = f":{parameters['port']}" if "port" in parameters else ""
    return f"{host}{port}/{parameters.get('dbname') or parameters.get('user') or ''}"
