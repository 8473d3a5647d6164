"""The SQLite file: opening it, transactions, waiting for other writers, errors.

`_sqlite3` is used directly: the `sqlite3` package around it imports `datetime` and others, 3 ms that nothing here
needs.
"""

import _sqlite3 as sqlite
import os
import time
from _thread import _local as ThreadLocal  # noqa: N812 - threading.local, without importing threading

from ..errors import MailAddonError, StorageFailed, Unavailable, UpgradeNeeded
from ..home import PRIVATE_FILE
from .journal import Journal, abandoned, recover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

FILE = "directory.sqlite3"
#: The version that `schema.MIGRATIONS` leads to; written here so that a call need not import the schema.
SCHEMA_VERSION = 1
#: How long (s) SQLite itself waits before it lets us look for signals and the deadline.
_PATIENCE = 0.1
_BUSY = 5
_LOCKED = 6
_UNIQUE_ERRORS = frozenset({1555, 2067})  # SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE


class Directory:
    """The directory of one home.

    One object may be used by several threads; each has a connection of its own.

    Args:
        home: the folder that holds the file.
        lock_timeout: how many seconds a transaction waits for others.
    """

    def __init__(self, home: str, lock_timeout: float = 60) -> None:
        self.home = home
        self.path = os.path.join(home, FILE)
        self.lock_timeout = lock_timeout
        self._connections = ThreadLocal()

    def read(self) -> "Transaction":
        """A consistent view for one `with` block.

        Raises:
            Unavailable, StorageFailed, UpgradeNeeded: when the block is entered.
        """
        return Transaction(self, writes=False)

    def write(self, *, dry_run: bool = False, journal: Journal | None = None) -> "Transaction":
        """One change for one `with` block: it is in force when the block ends, or not at all if the block raises.

        Args:
            dry_run: undo everything at the end, also without an exception.
            journal: what has been prepared in mail storage already; the transaction's own from now on.

        Raises:
            Unavailable, StorageFailed, UpgradeNeeded: when the block is entered or left.
        """
        return Transaction(self, writes=True, dry_run=dry_run, journal=journal)

    def connection(self) -> "sqlite.Connection":
        """This thread's connection; the file is made if there is none.

        Raises:
            StorageFailed: the file cannot be opened or made.
            UpgradeNeeded: it has another schema version.
        """
        connection: sqlite.Connection | None = getattr(self._connections, "connection", None)
        if connection is None:
            if not os.path.exists(self.path):
                create(self.path)
            connection = connect(self.path)
            try:
                self._check_version(connection)
            except BaseException:
                connection.close()
                raise
            self._connections.connection = connection
        return connection

    def _check_version(self, connection: "sqlite.Connection") -> None:
        (version,) = self.patiently(connection, "PRAGMA user_version").fetchone()
        if version < SCHEMA_VERSION:
            raise UpgradeNeeded(
                f"{self.path} has schema version {version}, this SDK needs {SCHEMA_VERSION}:"
                " run `mailaddon directory upgrade`"
            )
        if version > SCHEMA_VERSION:
            raise UpgradeNeeded(
                f"{self.path} has schema version {version}, this SDK knows {SCHEMA_VERSION}:"
                " install the SDK that wrote it"
            )

    def patiently(self, connection: "sqlite.Connection", statement: str) -> "sqlite.Cursor":
        """Run a statement that has to wait for others; signals are served while it waits.

        Raises:
            Unavailable: the others did not finish in time.
            StorageFailed: the file cannot be used.
        """
        deadline = time.monotonic() + self.lock_timeout
        while True:
            try:
                return connection.execute(statement)
            except sqlite.Error as error:  # not a database, corrupt, no space: not only operational ones
                if _primary_code(error) not in {_BUSY, _LOCKED} or time.monotonic() > deadline:
                    raise failure(error, self.path) from None

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._connections, "connection", None)
        if connection is not None:
            self._connections.connection = None
            connection.close()


class Transaction:
    """What a `with` block of `Directory.read()` or `Directory.write()` works with.

    Attributes:
        directory: where it runs.
        journal: what the block does in mail storage.
        now: the time of the transaction, seconds since 1970.
    """

    def __init__(
        self, directory: Directory, *, writes: bool, dry_run: bool = False, journal: Journal | None = None
    ) -> None:
        self.directory = directory
        self.journal = journal or Journal(directory.home)
        self.now = int(time.time())
        self._writes = writes
        self._dry_run = dry_run
        self._connection: sqlite.Connection | None = None

    def __enter__(self) -> "Self":
        if not self._writes and abandoned(self.directory.home):
            self._put_right()
        try:
            self._begin()
        except BaseException:
            self.journal.undo()
            raise
        return self

    def _begin(self) -> None:
        connection = self.directory.connection()
        if self._writes:
            connection.execute("PRAGMA foreign_keys = ON")
            self.directory.patiently(connection, "BEGIN IMMEDIATE")
        else:
            connection.execute("BEGIN")
        self._connection = connection
        try:
            if self._writes:
                self.journal.adopt(recover(self))
                self.journal.begin()
            else:
                self.directory.patiently(connection, "SELECT 1 FROM server").close()  # takes the view
        except BaseException:
            self._end("ROLLBACK")
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if not self._writes:
            self._end("ROLLBACK")
        elif kind is not None or self._dry_run:
            self._end("ROLLBACK")
            self.journal.undo()
        else:
            try:
                if self.journal.used:
                    self.run("INSERT INTO storage_commit (token) VALUES (?)", self.journal.token)
                self._end("COMMIT")
            except BaseException:
                self._end("ROLLBACK")
                self.journal.undo()
                raise
            self.journal.finish()
        if isinstance(error, sqlite.Error):
            raise failure(error, self.directory.path) from error

    def _put_right(self) -> None:
        """Finish what a killed process left behind; reading goes on when that is not possible now."""
        try:
            with self.directory.write():
                pass
        except MailAddonError:
            return

    def _end(self, statement: str) -> None:
        connection = self._open()
        if statement == "ROLLBACK" and not connection.in_transaction:
            return
        try:
            connection.execute(statement)
        except sqlite.Error as error:
            raise failure(error, self.directory.path) from error

    def _open(self) -> "sqlite.Connection":
        if self._connection is None:
            raise RuntimeError("a transaction is used inside its with block only")
        return self._connection

    def one(self, sql: str, *values: object) -> "tuple[Any, ...] | None":
        """The first row, or None."""
        return self._open().execute(sql, values).fetchone()  # type: ignore[no-any-return] # rows are tuples

    def all(self, sql: str, *values: object) -> "list[tuple[Any, ...]]":
        """Every row."""
        return self._open().execute(sql, values).fetchall()

    def column(self, sql: str, *values: object) -> "list[Any]":
        """The first column of every row."""
        return [row[0] for row in self._open().execute(sql, values)]

    def run(self, sql: str, *values: object) -> int:
        """Run a statement; how many rows it changed."""
        return self._open().execute(sql, values).rowcount

    def insert(self, table: str, **values: object) -> int:
        """Insert a row; its id.

        Raises:
            sqlite.IntegrityError: a constraint refused it; see `is_duplicate`.
        """
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608 - names are ours
        return self._open().execute(sql, tuple(values.values())).lastrowid or 0

    def insert_new(self, table: str, **values: object) -> bool:
        """Insert a row unless its key exists; whether it was inserted."""
        try:
            self.insert(table, **values)
        except sqlite.IntegrityError as error:
            if error.sqlite_errorcode in _UNIQUE_ERRORS:
                return False
            raise
        return True


class _Connection(sqlite.Connection):
    """Closed with its thread, which has nobody to close it; Python 3.13 warns of connections that are just dropped."""

    def __del__(self) -> None:
        try:
            self.close()
        except sqlite.ProgrammingError:  # it was never open
            return


def connect(path: str) -> "sqlite.Connection":
    """A connection without implicit transactions.

    Raises:
        StorageFailed: the file cannot be opened.
    """
    try:
        return sqlite.connect(
            path,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,  # whoever collects a thread's rubbish may close its connection
            factory=_Connection,
        )
    except sqlite.Error as error:
        raise failure(error, path) from None


def failure(error: Exception, path: str) -> MailAddonError:
    """What an error of SQLite means to a caller."""
    if _primary_code(error) in {_BUSY, _LOCKED}:
        return Unavailable(f"the directory {path} is busy; try again")
    return StorageFailed(f"the directory {path} cannot be used: {error}")


def _primary_code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def create(path: str) -> None:
    """Make the file with the present schema, unless another process makes it first.

    It is made beside its place and renamed, so nobody ever sees half of it. Who was killed over it leaves what the next
    one replaces.

    Raises:
        StorageFailed: the folder cannot be written to.
    """
    import fcntl

    temporary = f"{path}.new"
    try:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            if not os.path.exists(path):
                for suffix in ("", "-wal", "-shm"):
                    if os.path.exists(temporary + suffix):
                        os.unlink(temporary + suffix)
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
                connection = connect(temporary)
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                    migrate(connection)
                finally:
                    connection.close()
                os.rename(temporary, path)
        finally:
            os.close(folder)
    except (OSError, sqlite.Error) as error:
        raise StorageFailed(f"the directory {path} cannot be made: {error}") from None


def migrate(connection: "sqlite.Connection") -> "Sequence[int]":
    """Take the schema to the present version, in one transaction; the numbers of the migrations that ran.

    Raises:
        StorageFailed: one of them failed, and nothing has changed.
    """
    from .schema import MIGRATIONS

    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        numbers = range(version + 1, len(MIGRATIONS) + 1)
        for number in numbers:
            for statement in statements(MIGRATIONS[number - 1]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return numbers


def statements(script: str) -> "list[str]":
    """The statements of an SQL script; `executescript` would commit the transaction around it."""
    found = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite.complete_statement(statement):
            found.append(statement)
            statement = ""
    return found
