"""Directories and their transactions; what the two databases differ in is in `_sqlite` and `_postgresql`.

Only the database that is configured is imported.
"""

import os
import time
from _thread import _local as ThreadLocal  # noqa: N812 - threading.local, without importing threading

from ..errors import MailAddonError, NotConfigured, NotSupported, Unavailable, UpgradeNeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

    from ._database import Connection, Database
    from ._group import Group
    from .journal import Journal
    from .outbox import Outbox

#: The version that `schema.MIGRATIONS` leads to; written here so that a call need not import the schema.
SCHEMA_VERSION = 6
_URL = ("postgresql://", "postgres://")
#: The tables whose ids the database generates; `Transaction.insert` returns them.
_NUMBERED = frozenset({"address", "domain", "effect"})


class Undecided(Unavailable):
    """The database went away while a transaction ended; it may have happened or not."""


class Directory:
    """The directory of one home.

    One object may be used by several threads; each has a connection of its own.

    Args:
        home: the folder of all state.
        lock_timeout: how many seconds a transaction waits for others.
        location: an SQLite file's absolute path or a PostgreSQL URL; "" for the file in the home.

    Attributes:
        database: where it is stored.
        outbox: what a backend does besides, if it does anything: it is told of every change.
        reclaim: makes a mail folder ours, if mail belongs to somebody else, so that it can be purged; raises OSError.
        host: which of the hosts that share the directory this is; "" where there is one only.

    Raises:
        NotConfigured: the location is neither, or what PostgreSQL needs is not installed.
    """

    def __init__(self, home: str, lock_timeout: float = 60, location: str = "") -> None:
        self.home = home
        self.lock_timeout = lock_timeout
        self.outbox: Outbox | None = None
        self.reclaim: Callable[[str], None] | None = None
        self.host = ""
        self._thread = ThreadLocal()
        self.database: Database
        if on_server(location):
            from ._postgresql import PostgreSQL

            self.database = PostgreSQL(location, lock_timeout)
        elif location and not os.path.isabs(location):
            # What was meant may have a password in it, so it is not repeated.
            raise NotConfigured(
                "the setting directory is neither an absolute path nor a URL like postgresql://host/name"
            )
        else:
            from ._sqlite import FILE, SQLite

            self.database = SQLite(location or os.path.join(home, FILE), lock_timeout)

    @property
    def name(self) -> str:
        """What messages call it: the file, or the server and the database."""
        return self.database.name

    @property
    def group(self) -> "Group | None":
        """What this thread's transactions are parts of at present."""
        return getattr(self._thread, "group", None)

    @group.setter
    def group(self, group: "Group | None") -> None:
        self._thread.group = group

    def held(self, seconds: float) -> float:
        """Add to how long (s) this thread's groups have kept others waiting since it was more than a second."""
        total = getattr(self._thread, "held", 0.0) + seconds
        self._thread.held = total if total <= 1 else 0.0
        return total

    def together(self, *, rehearsal: bool = False) -> "Group":
        """Make this thread's transactions in one `with` block one; see `_group`.

        Args:
            rehearsal: undo everything at the end, and leave mail storage alone throughout.
        """
        from ._group import Group

        return Group(self, rehearsal=rehearsal)

    def read(self) -> "Transaction":
        """A consistent view for one `with` block.

        Raises:
            Unavailable, StorageFailed, UpgradeNeeded: when the block is entered.
        """
        return Transaction(self, writes=False) if self.group is None else self.group.view()

    def write(self, *, dry_run: bool = False, journal: "Journal | None" = None) -> "Transaction":
        """One change for one `with` block: it is in force when the block ends, or not at all if the block raises.

        Args:
            dry_run: undo everything at the end, also without an exception.
            journal: what has been prepared in mail storage already; the transaction's own from now on.

        Raises:
            Unavailable, StorageFailed, UpgradeNeeded: when the block is entered or left.
            NotSupported: something has been prepared, and this thread's transactions are parts of a larger one.
        """
        if self.group is None:
            return Transaction(self, writes=True, dry_run=dry_run, journal=journal)
        if journal is not None:
            raise NotSupported("what has been prepared in mail storage cannot become part of a larger transaction")
        return self.group.part(dry_run=dry_run)

    def close(self) -> None:
        """Close this thread's connection."""
        self.database.close()


def on_server(location: str) -> bool:
    """Whether a location is in PostgreSQL; else it is a file."""
    return location.startswith(_URL)


def open_directory(home: str, settings: "Mapping[str, Any]") -> Directory:
    """The directory that the settings describe.

    Raises:
        NotConfigured: the setting `directory` is neither an absolute path nor a PostgreSQL URL, or what PostgreSQL
            needs is not installed.
    """
    return Directory(home, settings["lock_timeout"], settings["directory"])


def check_version(name: str, version: int) -> None:
    """Make sure that this SDK knows a schema.

    Raises:
        UpgradeNeeded: it does not.
    """
    if version < SCHEMA_VERSION:
        raise UpgradeNeeded(
            f"{name} has schema version {version}, this SDK needs {SCHEMA_VERSION}: run `mailaddon directory upgrade`"
        )
    if version > SCHEMA_VERSION:
        raise UpgradeNeeded(
            f"{name} has schema version {version}, this SDK knows {SCHEMA_VERSION}: install the SDK that wrote it"
        )


class Transaction:
    """What a `with` block of `Directory.read()` or `Directory.write()` works with.

    Statements are written for SQLite, with `?` for values; what PostgreSQL wants to be written otherwise is translated.

    Attributes:
        directory: where it runs.
        now: the time of the transaction, seconds since 1970.
        awaited: ids of effects that other hosts perform, for which a command waits a little while.
    """

    def __init__(
        self, directory: Directory, *, writes: bool, dry_run: bool = False, journal: "Journal | None" = None
    ) -> None:
        self.directory = directory
        self._journal = journal
        self.now = int(time.time())
        self.awaited: list[int] = []
        self._writes = writes
        self._dry_run = dry_run
        self._connection: Connection | None = None

    @property
    def journal(self) -> "Journal":
        """What the block does in mail storage; most blocks do nothing there, and never load it."""
        if self._journal is None:
            from .journal import Journal

            directory = self.directory
            self._journal = Journal(directory.home, shared=directory.database.shared, reclaim=directory.reclaim)
            self._journal.begin()
        return self._journal

    def __enter__(self) -> "Self":
        if not self._writes and self._journals_left():
            self._put_right()
        try:
            self._connection = self.directory.database.begin(writes=self._writes)
            if self._writes:
                self._recover()
        except BaseException:
            self._undo()
            raise
        return self

    def _journals_left(self) -> bool:
        """Whether a killed process left a journal behind."""
        if not _has_journals(self.directory.home):
            return False
        from .journal import abandoned

        return abandoned(self.directory.home)

    def _recover(self) -> None:
        try:
            if _has_journals(self.directory.home) or self.one("SELECT token FROM storage_commit LIMIT 1"):
                from .journal import recover

                self.journal.adopt(recover(self))
            if self._journal is not None:
                self._journal.begin()
        except BaseException as error:
            self._roll_back()
            if isinstance(error, self.directory.database.error):
                raise self.directory.database.failure(error) from error
            raise

    def _undo(self) -> None:
        if self._journal is not None:
            self._journal.undo()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if not self._writes:
            self._roll_back()
        elif kind is not None or self._dry_run:
            self._roll_back()
            self._undo()
        else:
            self._commit()
            if self._journal is not None:
                self._journal.finish()
            if self.directory.outbox is not None:
                self.directory.outbox.after_commit(self)
        if isinstance(error, self.directory.database.error):
            raise self.directory.database.failure(error) from error

    def _commit(self) -> None:
        database = self.directory.database
        try:
            if self.directory.outbox is not None:
                self.directory.outbox.before_commit(self)
            if self._journal is not None and self._journal.used:
                self.run("INSERT INTO storage_commit (token) VALUES (?)", self._journal.token)
            database.commit(self.connection)
        except Undecided:
            if self._journal is not None:
                self._journal.leave()  # the token will tell whoever comes next
            raise
        except BaseException as error:
            self._roll_back()
            self._undo()
            if isinstance(error, database.error):
                raise database.failure(error) from error
            raise

    def _put_right(self) -> None:
        """Finish what a killed process left behind; reading goes on when that is not possible now."""
        try:
            with self.directory.write():
                pass
        except MailAddonError:
            return

    def _roll_back(self) -> None:
        self.directory.database.roll_back(self.connection)

    @property
    def connection(self) -> "Connection":
        """The database's connection.

        Raises:
            RuntimeError: the block has not begun.
        """
        if self._connection is None:
            raise RuntimeError("a transaction is used inside its with block only")
        return self._connection

    def one(self, sql: str, *values: object) -> "tuple[Any, ...] | None":
        """The first row, or None."""
        return self.connection.execute(sql, values).fetchone()  # type: ignore[no-any-return] # rows are tuples

    def all(self, sql: str, *values: object) -> "list[tuple[Any, ...]]":
        """Every row."""
        return self.connection.execute(sql, values).fetchall()

    def column(self, sql: str, *values: object) -> "list[Any]":
        """The first column of every row."""
        return [row[0] for row in self.connection.execute(sql, values).fetchall()]

    def run(self, sql: str, *values: object) -> int:
        """Run a statement; how many rows it changed."""
        return self.connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: object) -> int:
        """Insert a row; its id, if the database gave it one, else 0.

        Raises:
            Exception: a constraint refused it; the database's own error.
        """
        if table in _NUMBERED:
            return int(
                self.connection.execute(f"{_insertion(table, values)} RETURNING id", tuple(values.values())).fetchone()[
                    0
                ]
            )
        self.connection.execute(_insertion(table, values), tuple(values.values()))
        return 0

    def insert_new(self, table: str, **values: object) -> bool:
        """Insert a row unless its key exists; whether it was inserted."""
        return bool(self.run(f"{_insertion(table, values)} ON CONFLICT DO NOTHING", *values.values()))


def _has_journals(home: str) -> bool:
    """Whether there may be journals, of living processes or of others; whoever reads them says if they cannot be."""
    try:
        return bool(os.listdir(os.path.join(home, "journal")))
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _insertion(table: str, values: "Mapping[str, object]") -> str:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608 - names are ours
