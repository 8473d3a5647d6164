"""Many transactions of one thread that become durable together: a group, and the parts that it has.

A group is one transaction of the database with one journal. While it is there, whatever opens a transaction in its
thread gets a part of it instead, which is a savepoint: it happens whole or not at all, and one that fails takes nothing
of its neighbours with it. The transaction begins with the first part that changes something, so a group that only reads
keeps nobody waiting. What is done outside the directory is done after the commit.
"""

import time

from ..errors import MailAddonError, StorageFailed
from .journal import Journal
from .store import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._database import Connection
    from .store import Directory

#: Who waits for an SQLite file looks every 25 ms whether it is free. Who writes one group after another gives them that
#: time now and then, or they would wait for ever.
_TURN = 1.0  # s
_PAUSE = 0.03  # s


class Group:
    """The `with` block in which a thread's transactions are one.

    Args:
        directory: where they run.
        rehearsal: undo everything at the end, and leave mail storage alone throughout.

    Raises:
        MailAddonError: when the block is left: it could not be committed, and nothing of it has happened.
        Undecided: when the block is left: the database went away meanwhile, and nobody knows.
    """

    def __init__(self, directory: "Directory", *, rehearsal: bool = False) -> None:
        self.rehearsal = rehearsal
        self._directory = directory
        self._outer: Transaction | None = None
        self._failure: MailAddonError | None = None
        self._began = 0.0

    def __enter__(self) -> "Self":
        if self._directory.group is not None:
            raise RuntimeError("a group cannot be a part of another one")
        self._directory.group = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        self._directory.group = None
        if self._outer is None:
            return
        if kind is None and self._failure is not None:
            self._outer.__exit__(type(self._failure), self._failure, None)
            raise self._failure
        try:
            self._outer.__exit__(kind, error, traceback)
        finally:
            self._let_others_in()

    def _let_others_in(self) -> None:
        if not self._directory.database.shared and self._directory.held(time.monotonic() - self._began) > _TURN:
            time.sleep(_PAUSE)

    def view(self) -> Transaction:
        """A transaction that only reads."""
        return Transaction(self._directory, writes=False) if self._outer is None else _View(self, self._outer)

    def part(self, *, dry_run: bool) -> Transaction:
        """A transaction that is a part of this one.

        Raises:
            MailAddonError: the whole cannot begin.
        """
        if self._outer is None:
            journal = _Rehearsal(self._directory.home) if self.rehearsal else None
            outer = Transaction(self._directory, writes=True, dry_run=self.rehearsal, journal=journal)
            outer.__enter__()
            self._outer = outer
            self._began = time.monotonic()
        return _Part(self, self._outer, dry_run=dry_run)

    def check(self) -> None:
        """Make sure that the group has not failed as a whole.

        Raises:
            MailAddonError: it has.
        """
        if self._failure is not None:
            raise self._failure

    def fail(self, error: Exception) -> None:
        """Commit nothing of the group."""
        if self._failure is None:
            database = self._directory.database
            self._failure = database.failure(error) if isinstance(error, database.error) else _failed(error)


def _failed(error: Exception) -> MailAddonError:
    return error if isinstance(error, MailAddonError) else StorageFailed(f"the change has been undone: {error}")


class _View(Transaction):
    """What a group has changed so far, and everything else."""

    def __init__(self, group: Group, outer: Transaction) -> None:
        super().__init__(outer.directory, writes=False, journal=outer.journal)
        self._group = group
        self._outer = outer

    def __enter__(self) -> "Self":
        self._group.check()
        self._connection: Connection | None = self._outer.connection
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, self.directory.database.error):
            self._group.fail(error)  # the database has perhaps undone the whole transaction
            raise self.directory.database.failure(error) from error


class _Part(Transaction):
    """A savepoint."""

    def __init__(self, group: Group, outer: Transaction, *, dry_run: bool) -> None:
        super().__init__(outer.directory, writes=True, dry_run=dry_run, journal=outer.journal)
        self._group = group
        self._outer = outer

    def __enter__(self) -> "Self":
        self._group.check()
        self._connection = self._outer.connection
        try:
            self.run("SAVEPOINT part")
        except self.directory.database.error as error:
            self._group.fail(error)
            raise self.directory.database.failure(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if kind is not None or self._dry_run:
            self._take_back(error)
        else:
            self._keep()
        if isinstance(error, self.directory.database.error):
            raise self.directory.database.failure(error) from error

    def _keep(self) -> None:
        outbox = self.directory.outbox
        try:
            if outbox is not None and not self._group.rehearsal:
                outbox.before_commit(self)
            self.run("RELEASE SAVEPOINT part")
        except BaseException as error:
            self._take_back(error)
            if isinstance(error, self.directory.database.error):
                raise self.directory.database.failure(error) from error
            raise
        self.journal.settle()
        self._outer.awaited += self.awaited

    def _take_back(self, cause: BaseException | None) -> None:
        database = self.directory.database
        try:
            self.run("ROLLBACK TO SAVEPOINT part")
            self.run("RELEASE SAVEPOINT part")
        except database.error as error:  # the whole transaction is gone, and what went wrong first says why
            self._group.fail(cause if isinstance(cause, database.error) else error)
        if not self.journal.undo_part():
            self._group.fail(StorageFailed("what a refused change did in mail storage could not be taken back"))


class _Rehearsal(Journal):
    """The journal of what is only tried: nothing is done."""

    def begin(self) -> None:
        """Nothing will be there to be put right."""

    def make_maildir(self, home: str, private_from: str) -> bool:  # noqa: ARG002 - nothing is made
        """Make nothing."""
        return False

    def make_folder(self, path: str, private_from: str) -> None:
        """Make nothing."""

    def remove(self, path: str, trash_folder: str) -> None:  # noqa: ARG002 - nothing is moved
        """Remove nothing, and know that it would be gone."""
        self.gone.add(path)

    def move_all(self, moves: list[tuple[str, str]]) -> None:
        """Move nothing."""

    def purge_at_end(self, path: str) -> None:
        """Purge nothing."""

    def remove_if_empty_at_end(self, path: str) -> None:
        """Remove nothing."""
        self._to_be_empty.add(path)
