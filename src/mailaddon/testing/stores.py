"""Where a fake backend keeps what it knows: in this process, or in a file that many processes share."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from ..errors import StorageFailed, Unavailable
from .state import fill, model_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from .model import Model

#: How long (seconds) a process waits for others that write.
PATIENCE = 60.0
_TABLES = (
    "CREATE TABLE IF NOT EXISTS state (version INTEGER PRIMARY KEY, content TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS calls (hook TEXT PRIMARY KEY, number INTEGER NOT NULL)",
    "PRAGMA user_version = 1",
)


class Store(Protocol):
    """Where a fake backend's model is."""

    def reading(self) -> AbstractContextManager[Model]:
        """The model as it is."""

    def changing(self) -> AbstractContextManager[Model]:
        """The model, to be changed; an exception in the block takes the change back."""

    def count(self, hook: str) -> int:
        """Note a call of a hook; how many there have been."""


class MemoryStore:
    """A model in this process; gone with it. May be used by several threads.

    Args:
        model: an empty one.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = threading.RLock()
        self._calls: dict[str, int] = {}

    @contextmanager
    def reading(self) -> Iterator[Model]:
        """The model as it is."""
        with self._lock:
            yield self._model

    @contextmanager
    def changing(self) -> Iterator[Model]:
        """The model, to be changed. Its operations refuse before they change anything."""
        with self._lock:
            yield self._model

    def count(self, hook: str) -> int:
        """Note a call of a hook; how many there have been."""
        with self._lock:
            self._calls[hook] = self._calls.get(hook, 0) + 1
            return self._calls[hook]


class FileStore:
    """A model in an SQLite file: one JSON text, read whole and written whole by one process at a time.

    Simple rather than quick: a call takes as long as the file is large. A change is on disk when the call ends, or has
    not happened.

    Args:
        path: the file; it is made when it is first written to.
        model: an empty one, which each call fills.
    """

    def __init__(self, path: str, model: Model) -> None:
        self._path = path
        self._model = model
        self._version = -1  # of what the model is filled with
        self._lock = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[Model]:
        """The model as it is."""
        with self._opened() as database:
            self._fill(database)
            yield self._model

    @contextmanager
    def changing(self) -> Iterator[Model]:
        """The model, to be changed; an exception in the block takes the change back."""
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            self._fill(database)
            version, self._version = self._version, -1  # an exception may leave the model half changed
            yield self._model
            content = json.dumps(model_state(self._model))
            database.execute("DELETE FROM state")
            database.execute("INSERT INTO state (version, content) VALUES (?, ?)", (version + 1, content))
            database.execute("COMMIT")
            self._version = version + 1

    def count(self, hook: str) -> int:
        """Note a call of a hook; how many there have been in all processes."""
        with self._opened() as database:
            (number,) = database.execute(
                "INSERT INTO calls (hook, number) VALUES (?, 1) ON CONFLICT (hook) DO UPDATE SET number = number + 1"
                " RETURNING number",
                (hook,),
            ).fetchone()
        return int(number)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
                with closing(sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)) as database:
                    _prepare(database)
                    yield database
            except sqlite3.OperationalError as error:
                raise Unavailable(f"{self._path}: {error}") from None
            except (OSError, sqlite3.DatabaseError) as error:
                raise StorageFailed(f"{self._path} cannot be used: {error}") from None

    def _fill(self, database: sqlite3.Connection) -> None:
        version, content = database.execute("SELECT version, content FROM state").fetchone() or (0, "")
        if version != self._version:
            fill(self._model, json.loads(content) if content else {"server": None, "last_number": 0, "domains": {}})
            self._version = version


def _prepare(database: sqlite3.Connection) -> None:
    """Make the tables, if nobody has; many processes may be the first."""
    if database.execute("PRAGMA user_version").fetchone() == (0,):
        database.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            database.execute(statement)
        database.execute("COMMIT")
