"""What a directory needs of a database, as types; nothing imports this at run time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ..errors import MailAddonError
from ..records import Problem
from .store import Transaction


class Cursor(Protocol):
    """What a statement returned."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All further rows."""


class Connection(Protocol):
    """A database's connection, in a transaction."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Cursor:
        """Run a statement that is written for SQLite, with `?` for values."""


class Database(Protocol):
    """Where a directory is stored. One object may be used by several threads."""

    @property
    def name(self) -> str:
        """What messages call it; never with a password."""

    @property
    def shared(self) -> bool:
        """Whether several homes may use it."""

    @property
    def error(self) -> type[Exception]:
        """The class of all errors that its statements raise."""

    def begin(self, *, writes: bool) -> Connection:
        """Begin a transaction on this thread's connection; the schema is made if there is none."""

    def commit(self, connection: Connection) -> None:
        """End it well. After `Undecided` nobody knows how it ended, after any other error it has not happened."""

    def roll_back(self, connection: Connection) -> None:
        """Undo it, if it has not ended yet."""

    def failure(self, error: Exception) -> MailAddonError:
        """What an error of a statement means to a caller."""

    def close(self) -> None:
        """Close this thread's connection."""

    def upkeep(self) -> "Upkeep":
        """What an administrator does with it."""


class Upkeep(Protocol):
    """What is done to a database as a whole."""

    def version(self) -> int | None:
        """The version of the schema; None if there is none."""

    def migrate(self) -> Sequence[int]:
        """Take the schema to the present version, in one transaction; the numbers of the migrations that ran."""

    def description(self) -> list[tuple[str, str]]:
        """What an administrator wants to know: labels and texts."""

    def schema(self) -> Iterable[Sequence[str]]:
        """The statements of each migration."""

    def problems(self, transaction: Transaction) -> Iterable[Problem]:
        """What is wrong with the database itself."""

    # What a copy needs

    def columns(self, connection: Connection) -> Mapping[str, Sequence[str]]:
        """The columns of every table of the directory."""

    def last_ids(self, connection: Connection) -> Mapping[str, int]:
        """The highest id that each table with generated ids has ever had."""

    def fill(self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows with the ids that they have."""

    def set_last_id(self, connection: Connection, table: str, last: int) -> None:
        """Make the ids of new rows begin behind one that has been given already."""
