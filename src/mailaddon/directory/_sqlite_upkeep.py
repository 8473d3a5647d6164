"""What is done to the SQLite file as a whole: making, upgrading, checking and copying it."""

import _sqlite3 as sqlite
import os
import stat

from ..errors import StorageFailed
from ..home import PRIVATE_FILE
from ._sqlite import connect, failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..records import Problem
    from ._database import Connection
    from .store import Transaction

SHARED_FILE = 0o660
_MOST = 20  # problems of one sort that are worth listing one by one


class SQLiteUpkeep:
    """An `Upkeep` (see _database.py) of a file.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        self.name = path

    def version(self) -> int | None:
        """The version of the schema; None if there is no file.

        Raises:
            StorageFailed: the file cannot be read.
        """
        if not os.path.exists(self.name):
            return None
        connection = connect(self.name)
        try:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
        except sqlite.Error as error:
            raise failure(error, self.name) from None
        finally:
            connection.close()

    def migrate(self) -> "Sequence[int]":
        """Make the file, or take its schema to the present version; the numbers of the migrations that ran.

        Raises:
            StorageFailed: one of them failed, and nothing has changed.
            Unavailable: others do not finish in time.
        """
        if not os.path.exists(self.name):
            create(self.name)
        connection = connect(self.name)
        try:
            return _migrate(connection)
        except sqlite.Error as error:
            raise failure(error, self.name) from None
        finally:
            connection.close()

    def description(self) -> list[tuple[str, str]]:
        """Where the file is, and its size."""
        return [("file", f"{self.name} ({os.path.getsize(self.name):,} octets)")]

    def schema(self) -> "Iterator[Sequence[str]]":
        """The statements of each migration."""
        from .schema import MIGRATIONS

        return map(statements, MIGRATIONS)

    def backup(self, target: str) -> None:
        """Write a consistent copy to a new file while others use this one.

        Raises:
            StorageFailed: it cannot be written.
        """
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
        except OSError as error:
            raise StorageFailed(f"{target} cannot be made: {error.strerror}") from None
        source, copy = connect(self.name), connect(target)
        try:
            source.backup(copy)
        except sqlite.Error as error:
            raise failure(error, self.name) from None
        finally:
            copy.close()
            source.close()

    def problems(self, transaction: "Transaction") -> "Iterator[Problem]":
        """Rights that are too wide, pages that are damaged, rows that refer to nothing."""
        from ..records import Problem

        if os.stat(self.name).st_mode & stat.S_IRWXO:
            yield Problem(
                subject=self.name,
                problem="it holds password hashes and is open to other users",
                mend=f"chmod o= {self.name}",
                code="exposed",
            )
        restore = "stop the panel, keep a copy of the home, and restore the directory from a backup or from exports"
        for (result,) in transaction.all(f"PRAGMA quick_check({_MOST})"):
            if result != "ok":
                yield Problem(
                    subject=self.name, problem=f"the database is damaged: {result}", mend=restore, code="damaged"
                )
        for row in transaction.all("PRAGMA foreign_key_check")[:_MOST]:
            problem = f"a row of {row[0]} refers to nothing in {row[2]}"
            yield Problem(subject=self.name, problem=problem, mend=restore, code="damaged")

    # What a copy needs

    def columns(self, connection: "Connection") -> dict[str, list[str]]:
        """The columns of every table of the directory."""
        rows = connection.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY c.cid"
        ).fetchall()
        return {table: [column for found, column in rows if found == table] for table, _column in rows}

    def last_ids(self, connection: "Connection") -> "Mapping[str, int]":
        """The highest id that each table with generated ids has ever had."""
        found = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'").fetchall()
        return {table: found.get(table, 0) for (table,) in tables}

    def fill(
        self, connection: "Connection", table: str, columns: "Sequence[str]", rows: "Sequence[Sequence[Any]]"
    ) -> None:
        """Insert rows with the ids that they have."""
        assert isinstance(connection, sqlite.Connection)
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names are ours
        connection.executemany(sql, rows)

    def set_last_id(self, connection: "Connection", table: str, last: int) -> None:
        """Make the ids of new rows begin behind one that has been given already."""
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


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
                if os.fstat(folder).st_mode & stat.S_ISGID:
                    os.chmod(temporary, SHARED_FILE)  # a folder that is shared with a group shares the file, too
                connection = connect(temporary)
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                    _migrate(connection)
                finally:
                    connection.close()
                os.rename(temporary, path)
        finally:
            os.close(folder)
    except (OSError, sqlite.Error) as error:
        raise StorageFailed(f"the directory {path} cannot be made: {error}") from None


def _migrate(connection: "sqlite.Connection") -> "Sequence[int]":
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


def statements(script: str) -> list[str]:
    """The statements of an SQL script; `executescript` would commit the transaction around it."""
    found = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite.complete_statement(statement):
            found.append(statement)
            statement = ""
    return found
