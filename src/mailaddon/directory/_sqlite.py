"""The directory as one SQLite file: opening and making it, waiting for other writers, errors.

`_sqlite3` is used directly: the `sqlite3` package around it imports `datetime` and others, 3 ms that nothing here
needs.
"""

import _sqlite3 as sqlite
import os
import time
from _thread import _local as ThreadLocal  # noqa: N812 - threading.local, without importing threading

from ..errors import MailAddonError, StorageFailed, Unavailable
from .store import check_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._database import Connection, Upkeep

FILE = "directory.sqlite3"
#: How long (s) SQLite itself waits before it lets us look for signals and the deadline.
_PATIENCE = 0.1
_BUSY = 5
_LOCKED = 6


class SQLite:
    """A `Database` (see _database.py) in a file.

    Args:
        path: the file, made when it is needed first.
        lock_timeout: how many seconds a transaction waits for others.
    """

    shared = False
    error = sqlite.Error

    def __init__(self, path: str, lock_timeout: float) -> None:
        self.name = path
        self._lock_timeout = lock_timeout
        self._connections = ThreadLocal()

    def begin(self, *, writes: bool) -> "_Connection":
        """Begin a transaction on this thread's connection; the file is made if there is none.

        Raises:
            StorageFailed: the file cannot be opened or made.
            Unavailable: others do not finish in time.
            UpgradeNeeded: it has another schema version.
        """
        connection = self.connection()
        if writes:
            if not connection.writes:  # once: each time, SQLite would compile every statement anew
                connection.execute("PRAGMA foreign_keys = ON")
                connection.writes = True
            self._patiently(connection, "BEGIN IMMEDIATE")
            return connection
        connection.execute("BEGIN")
        try:
            self._patiently(connection, "SELECT 1 FROM server").close()  # takes the view
        except BaseException:
            self.roll_back(connection)
            raise
        return connection

    def connection(self) -> "_Connection":
        """This thread's connection; the file is made if there is none.

        Raises:
            StorageFailed: the file cannot be opened or made.
            Unavailable: others do not finish in time.
            UpgradeNeeded: it has another schema version.
        """
        connection: _Connection | None = getattr(self._connections, "connection", None)
        if connection is None:
            if not os.path.exists(self.name):
                from ._sqlite_upkeep import create

                create(self.name)
            connection = connect(self.name)
            try:
                check_version(self.name, self._patiently(connection, "PRAGMA user_version").fetchone()[0])
            except BaseException:
                connection.close()
                raise
            self._connections.connection = connection
        return connection

    def _patiently(self, connection: "sqlite.Connection", statement: str) -> "sqlite.Cursor":
        """Run a statement that has to wait for others; signals are served while it waits.

        Raises:
            Unavailable: the others did not finish in time.
            StorageFailed: the file cannot be used.
        """
        deadline = time.monotonic() + self._lock_timeout
        while True:
            try:
                return connection.execute(statement)
            except sqlite.Error as error:  # not a database, corrupt, no space: not only operational ones
                if _primary_code(error) not in {_BUSY, _LOCKED} or time.monotonic() > deadline:
                    raise self.failure(error) from None

    def commit(self, connection: "Connection") -> None:
        """End a transaction well.

        Raises:
            sqlite.Error: a constraint or the file system refuses.
        """
        connection.execute("COMMIT")

    def roll_back(self, connection: "Connection") -> None:
        """Undo a transaction, if it has not ended yet.

        Raises:
            StorageFailed: the file cannot be used.
        """
        assert isinstance(connection, sqlite.Connection)
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except sqlite.Error as error:
                raise self.failure(error) from error

    def failure(self, error: Exception) -> MailAddonError:
        """What an error of SQLite means to a caller."""
        return failure(error, self.name)

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._connections, "connection", None)
        if connection is not None:
            self._connections.connection = None
            connection.close()

    def upkeep(self) -> "Upkeep":
        """What an administrator does with it."""
        from ._sqlite_upkeep import SQLiteUpkeep

        return SQLiteUpkeep(self.name)


class _Connection(sqlite.Connection):
    """Closed with its thread, which has nobody to close it; Python 3.13 warns of connections that are just dropped.

    Attributes:
        writes: whether it has been made to check foreign keys, which only changes need.
    """

    writes = False

    def __del__(self) -> None:
        try:
            self.close()
        except sqlite.Error:  # in another thread: the memory goes, and the connection with it
            return


def connect(path: str) -> _Connection:
    """A connection without implicit transactions.

    Raises:
        StorageFailed: the file cannot be opened.
    """
    try:
        return sqlite.connect(path, timeout=_PATIENCE, isolation_level=None, factory=_Connection)
    except sqlite.Error as error:
        raise failure(error, path) from None


def failure(error: Exception, path: str) -> MailAddonError:
    """What an error of SQLite means to a caller."""
    if _primary_code(error) in {_BUSY, _LOCKED}:
        return Unavailable(f"the directory {path} is busy; try again")
    return StorageFailed(f"the directory {path} cannot be used: {error}")


def _primary_code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
