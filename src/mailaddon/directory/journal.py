"""What a transaction does in mail storage, written down before it is done, so that a killed one can be put right.

The journal of a transaction is one file in `<home>/journal`, named by a token and locked while its process lives. It
says what was made, moved and is to be purged. The transaction stores the token in the database when it commits. A
journal whose process is gone is therefore either committed, and its purges are done, or not, and its steps are undone.

A transaction's journal is written and acted on while it holds the database's write lock. Only purging, which may take
long, comes after.
"""

import os
import time

from ..errors import StorageFailed
from ..home import PRIVATE_FILE, PRIVATE_FOLDER
from . import storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import Transaction

_MADE = "made"
_MOVED = "moved"
_PURGE = "purge"
_EMPTY = "remove-if-empty"
_TRASH = ".mailaddon-trash-"


class Journal:
    """The storage side of one transaction.

    Attributes:
        token: its name in the database.
    """

    def __init__(self, home: str) -> None:
        self.token = f"{os.getpid()}-{time.time_ns()}"
        self._folder = os.path.join(home, "journal")
        self._path = os.path.join(self._folder, self.token)
        self._entries: list[tuple[str, ...]] = []
        self._descriptor = -1
        self._adopted: list[Journal] = []

    @property
    def used(self) -> bool:
        """Whether anything was written down."""
        return bool(self._entries)

    def make_maildir(self, home: str, private_from: str) -> bool:
        """Make a user's folder with an empty Maildir, to be removed again if the transaction fails.

        Returns:
            Whether the folder above `private_from` had to be made.

        Raises:
            StorageFailed: the file system refuses.
        """
        try:
            top = storage.missing_from(home)
            if top:
                self._write(_MADE, top)
            storage.make_maildir(home, private_from)
        except OSError as error:
            raise storage.refused("made", home, error) from None
        return bool(top) and len(top) < len(private_from)

    def make_folder(self, path: str, private_from: str) -> None:
        """Make a folder and what is missing above it, to be removed again if the transaction fails.

        Raises:
            OSError: the file system refuses.
        """
        top = storage.missing_from(path)
        if top:
            self._write(_MADE, top)
            storage.make(path, private_from)

    def made_above(self, path: str) -> bool:
        """Whether this transaction made the folder itself."""
        return any(verb == _MADE and f"{path}/".startswith(f"{made[0]}/") for verb, *made in self._entries)

    def remove(self, path: str, trash_folder: str) -> None:
        """Take a tree out of the way now, and purge it once the transaction is committed.

        Raises:
            StorageFailed: the file system refuses; nothing has been removed.
        """
        try:
            if not storage.exists(path):
                return
            trash = os.path.join(trash_folder, f"{_TRASH}{self.token}-{len(self._entries)}")
            self._write(_PURGE, trash)
            self.move(path, trash)
        except OSError as error:
            raise storage.refused("removed", path, error) from None

    def move(self, source: str, target: str) -> None:
        """Rename, to be taken back if the transaction fails.

        Raises:
            OSError: the file system refuses.
        """
        self.move_all([(source, target)])

    def move_all(self, moves: list[tuple[str, str]]) -> None:
        """Rename many.

        Raises:
            OSError: the file system refuses.
        """
        for source, target in moves:
            self._write(_MOVED, source, target)
        if moves:
            os.fsync(self._descriptor)  # mail is at stake: the note has to survive whatever the moves survive
        for source, target in moves:
            storage.move(source, target)

    def purge_at_end(self, path: str) -> None:
        """Remove a working folder when the transaction is over, however it ends.

        Raises:
            StorageFailed: the journal cannot be written.
        """
        self._write(_PURGE, path)

    def remove_if_empty_at_end(self, path: str) -> None:
        """Remove a folder once the transaction is committed, if nothing is in it then."""
        self._write(_EMPTY, path)

    def _write(self, *entry: str) -> None:
        try:
            if self._descriptor < 0:
                os.makedirs(self._folder, PRIVATE_FOLDER, exist_ok=True)
                self._descriptor = _created(self._path)
            os.write(self._descriptor, ("\t".join(entry) + "\n").encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise StorageFailed(f"the journal {self._path} cannot be written: {error.strerror}") from None
        self._entries.append(entry)

    def adopt(self, journals: "list[Journal]") -> None:
        """Take over the purging of committed journals whose processes are gone."""
        self._adopted = journals

    def finish(self) -> None:
        """The transaction is committed: purge."""
        for journal in (*self._adopted, self):
            journal._end(committed=True)  # noqa: SLF001 - of this class

    def undo(self) -> None:
        """The transaction has failed: take back every step, last first."""
        for verb, path, *target in reversed(self._entries):
            if verb == _MOVED:
                _attempt(_move_back, path, target[0])
        self._end(committed=False)
        for journal in self._adopted:
            journal.release()

    def _end(self, *, committed: bool) -> None:
        """Purge, remove what is empty, and give the journal up; what fails is left to the next transaction."""
        if self._descriptor < 0:
            return
        purged = [_attempt(storage.purge, path) for verb, path, *_target in self._entries if verb == _PURGE]
        for verb, path, *_target in reversed(self._entries):
            if verb == _EMPTY and committed:
                storage.remove_folder_if_empty(path)
            elif verb == _MADE and not committed:
                _attempt(storage.remove_if_empty, path)
        if all(purged):
            _attempt(os.unlink, self._path)
        self.release()

    def release(self) -> None:
        """Give the journal up; another transaction may finish it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @classmethod
    def left_behind(cls, home: str, token: str) -> "Journal | None":
        """The journal of a process that is gone, or None if it lives or has finished."""
        journal = cls(home)
        journal.token = token
        journal._path = os.path.join(journal._folder, token)
        try:
            journal._descriptor = _locked(journal._path)
            with open(journal._path, encoding="utf-8", errors="surrogateescape") as file:
                journal._entries = [tuple(line[:-1].split("\t")) for line in file if line.endswith("\n")]
        except OSError:
            journal.release()
            return None
        return journal


def _attempt(step: "Callable[..., None]", *arguments: str) -> bool:
    try:
        step(*arguments)
    except OSError:
        return False
    return True


def _move_back(source: str, target: str) -> None:
    storage.remove_if_empty(source)
    if storage.exists(target) and not storage.exists(source):
        storage.move(target, source)


def _created(path: str) -> int:
    """Make a journal and lock it. Who looks for abandoned journals may lock it first, and remove it for being empty."""
    import fcntl

    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, PRIVATE_FILE)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _locked(path: str) -> int:
    """Open a journal and lock it; the lock goes with the process.

    Raises:
        OSError: it is locked by another process, or cannot be opened.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def pending(home: str) -> "list[str]":
    """The tokens of all journals, of living processes and of others."""
    try:
        return sorted(os.listdir(os.path.join(home, "journal")))
    except OSError:
        return []


def abandoned(home: str) -> bool:
    """Whether a killed process left a journal behind."""
    for token in pending(home):
        journal = Journal.left_behind(home, token)
        if journal is not None:
            journal.release()
            return True
    return False


def recover(transaction: "Transaction") -> "list[Journal]":
    """Put right what killed processes left behind.

    The transaction holds the write lock, so a journal without a process is of a transaction that is over.

    Returns:
        Committed journals that still have to be purged, which may wait until the lock is given back.
    """
    tokens = pending(transaction.directory.home)
    committed = set(transaction.column("SELECT token FROM storage_commit"))
    adopted = []
    for token in tokens:
        journal = Journal.left_behind(transaction.directory.home, token)
        if journal is None:
            continue
        if token in committed:
            adopted.append(journal)
        else:
            journal.undo()
    for token in committed.difference(tokens):
        transaction.run("DELETE FROM storage_commit WHERE token = ?", token)
    return adopted
