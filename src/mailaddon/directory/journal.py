"""What a transaction does in mail storage, written down before it is done, so that a killed one can be put right.

The journal of a transaction is one file in `<home>/journal`, named by a token and locked while its process lives. It
says what was made, moved and is to be purged. The transaction stores the token in the database when it commits. A
journal whose process is gone is therefore either committed, and its purges are done, or not, and its steps are undone.

Several homes may share a database on a server; each has journals of its own. There a token begins with the name of its
home, and nobody touches the token of another one.

A transaction's journal is written and acted on while it holds the database's write lock. Only what may take long is
done without it: purging afterwards, and preparing mail before (an import's staging folder), which is nobody else's.

A transaction of many parts (see `_group`) has one journal. The steps of the part that is under way are in memory too,
as they always are where there is one part only; those of earlier parts are in the file alone, however many they are. A
part that is taken back is cut off the file.
"""

import os
import time

from ..errors import StorageFailed, Unavailable
from ..home import PRIVATE_FILE, PRIVATE_FOLDER, replace_file
from . import storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .store import Transaction

_BEGUN = "begun"
_MADE = "made"
_MOVED = "moved"
_PURGE = "purge"
_EMPTY = "remove-if-empty"
_TRASH = ".mailaddon-trash-"
_PAUSE = 0.01  # s
_NAME = "home-name"
_BLOCK = 1 << 16  # octets


class Journal:
    """The storage side of one transaction.

    Args:
        home: the folder of all state.
        shared: whether other homes use the same database.
        token: its name in the database; "" for a new journal.
        reclaim: makes a folder ours that is somebody else's, so that it can be purged; raises OSError.

    Attributes:
        gone: folders that would have been removed, if this were not a rehearsal.
    """

    def __init__(
        self, home: str, *, shared: bool = False, token: str = "", reclaim: "Callable[[str], None] | None" = None
    ) -> None:
        self._home = home
        self._reclaim = reclaim
        self._shared = shared
        self._token = token
        self._folder = os.path.join(home, "journal")
        self._entries: list[tuple[str, ...]] = []  # of the part that is under way
        self._kept = 0  # octets of the file that earlier parts have
        self._size = 0
        self._removals = 0
        self._to_be_empty: set[str] = set()
        self.gone: set[str] = set()
        self._descriptor = -1
        self._adopted: list[Journal] = []
        self._begun = False

    @property
    def token(self) -> str:
        """Its name in the database.

        Raises:
            StorageFailed: the home has no name yet, and cannot get one.
        """
        if not self._token:
            prefix = f"{home_name(self._home)}." if self._shared else ""
            self._token = f"{prefix}{os.getpid()}-{time.time_ns()}"
        return self._token

    @property
    def _path(self) -> str:
        return os.path.join(self._folder, self.token)

    @property
    def used(self) -> bool:
        """Whether anything was written down."""
        return self._size > 0

    def begin(self) -> None:
        """The transaction holds the write lock from now on: who holds it next has to wait until the journal is over.

        Raises:
            StorageFailed: the journal cannot be written.
        """
        self._begun = True
        if self.used:
            self._write((_BEGUN,))

    def make_maildir(self, home: str, private_from: str) -> bool:
        """Make a user's folder with an empty Maildir, to be removed again if the transaction fails.

        Returns:
            Whether the folder above `private_from` had to be made.

        Raises:
            StorageFailed: the file system refuses.
        """
        try:
            top = storage.missing_from(home)
            maildir = os.path.join(home, storage.MAILDIR)
            folders = [os.path.join(maildir, folder) for folder in storage.MAILDIR_FOLDERS]
            if top:  # so nothing below is there either
                self._write(*[(_MADE, path) for path in (*_from(top, maildir), *folders)])
                storage.make_maildir(home, private_from)
            else:
                for folder in folders:
                    self.make_folder(folder, private_from)
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
            self._write(*[(_MADE, part) for part in _from(top, path)])
            storage.make(path, private_from)

    def made_above(self, path: str) -> bool:
        """Whether this transaction made the folder itself."""
        return (_MADE, path) in self._entries

    def remove(self, path: str, trash_folder: str) -> None:
        """Take a tree out of the way now, and purge it once the transaction is committed.

        Raises:
            StorageFailed: the file system refuses; nothing has been removed.
        """
        try:
            if not storage.exists(path):
                return
            self._removals += 1
            trash = os.path.join(trash_folder, f"{_TRASH}{self.token}-{self._removals}")
            self._write((_PURGE, trash))
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
        if moves:
            self._write(*[(_MOVED, source, target) for source, target in moves])
            os.fsync(self._descriptor)  # mail is at stake: the note has to survive whatever the moves survive
        for source, target in moves:
            storage.move(source, target)

    def purge_at_end(self, path: str) -> None:
        """Remove a working folder when the transaction is over, however it ends.

        Raises:
            StorageFailed: the journal cannot be written.
        """
        self._write((_PURGE, path))

    def remove_if_empty_at_end(self, path: str) -> None:
        """Remove a folder once the transaction is committed, if nothing is in it then."""
        self._write((_EMPTY, path))
        self._to_be_empty.add(path)

    def removes_if_empty(self, path: str) -> bool:
        """Whether a folder is removed at the end of the transaction if nothing is in it then."""
        return path in self._to_be_empty

    def _write(self, *entries: tuple[str, ...]) -> None:
        try:
            if self._descriptor < 0:
                self._descriptor = self._open()
            if self._begun and not self.used:
                entries = ((_BEGUN,), *entries)
            text = "".join(["\t".join(entry) + "\n" for entry in entries])
            content = memoryview(text.encode("utf-8", "surrogateescape"))
            while content:
                written = os.write(self._descriptor, content)
                self._size += written
                content = content[written:]
        except OSError as error:
            raise StorageFailed(f"the journal {self._path} cannot be written: {error.strerror}") from None
        self._entries += entries

    def _open(self) -> int:
        try:
            return _created(self._path)
        except FileNotFoundError:  # only the first one of a home has no folder yet
            os.makedirs(self._folder, PRIVATE_FOLDER, exist_ok=True)
            return _created(self._path)

    # Parts

    def settle(self) -> None:
        """The part that is under way is whole; another one begins."""
        self._entries.clear()
        self._kept = self._size

    def undo_part(self) -> bool:
        """Take back every step of the part that is under way, last first; whether that was possible."""
        done = True
        for entry in reversed(self._entries):
            done = self._take_back(*entry) and done
        moved = any(entry[0] == _MOVED for entry in self._entries)
        return done and (self._size == self._kept or _attempt(self._cut_off, durably=moved))

    def _cut_off(self, *, durably: bool) -> None:
        os.ftruncate(self._descriptor, self._kept)
        if durably:  # else a crash could bring back notes of removals that have been taken back
            os.fsync(self._descriptor)
        self._size = self._kept
        self._to_be_empty.difference_update(entry[1] for entry in self._entries if entry[0] == _EMPTY)
        self._entries.clear()

    def _forwards(self) -> "Iterator[tuple[str, ...]]":
        """Every step, in order."""
        rest = b""
        for start in range(0, self._kept, _BLOCK):
            block = rest + os.pread(self._descriptor, min(_BLOCK, self._kept - start), start)
            *lines, rest = block.split(b"\n")
            yield from map(_entry, lines)
        yield from tuple(self._entries)

    def _backwards(self) -> "Iterator[tuple[str, ...]]":
        """Every step, the last one first."""
        yield from self._entries[::-1]
        rest = b""
        for end in range(self._kept, 0, -_BLOCK):
            start = max(end - _BLOCK, 0)
            rest, *lines = (os.pread(self._descriptor, end - start, start) + rest).split(b"\n")
            yield from (_entry(line) for line in reversed(lines) if line)
        if rest:
            yield _entry(rest)

    def adopt(self, journals: "list[Journal]") -> None:
        """Take over the purging of committed journals whose processes are gone."""
        self._adopted = journals

    def finish(self) -> None:
        """The transaction is committed: purge."""
        for journal in (*self._adopted, self):
            journal._end()  # noqa: SLF001 - of this class

    def undo(self) -> None:
        """The transaction has failed: take back every step, last first."""
        if self._descriptor >= 0:
            done = True
            for entry in self._backwards():
                done = self._take_back(*entry) and done
            self._close(done=done)
        for journal in self._adopted:
            journal.release()

    def _take_back(self, verb: str, *paths: str) -> bool:
        """Take back one step; whether nothing of it is left to be done."""
        if verb == _MOVED:
            _attempt(_move_back, *paths)
        elif verb == _MADE:
            return self._unmake(*paths)
        elif verb == _PURGE:
            # Mail that could not be moved back is nobody's to purge; it waits until it can be moved.
            is_trash = os.path.basename(*paths).startswith(_TRASH)
            return _attempt(_be_gone if is_trash else self._purge, *paths)
        return True

    def leave(self) -> None:
        """Nobody knows whether the transaction is committed: leave everything to whoever can read the token."""
        for journal in (*self._adopted, self):
            journal.release()

    def _end(self) -> None:
        """Purge, remove what is empty, and give the journal up; what fails is left to the next transaction."""
        if self._descriptor < 0:
            return
        done = True
        for verb, *paths in self._forwards():
            if verb == _PURGE:
                done = _attempt(self._purge, *paths) and done
        for verb, *paths in self._backwards():
            if verb == _EMPTY:
                storage.remove_folder_if_empty(*paths)
        self._close(done=done)

    def _close(self, *, done: bool) -> None:
        if done:
            _attempt(os.unlink, self._path)
        self.release()

    def _unmake(self, path: str) -> bool:
        """Remove a folder that was made, unless others have put something into it; whether that could be tried."""
        try:
            _remove_folder(path)
        except PermissionError:
            if self._reclaim is None:
                return True  # nobody can; a folder without files is in nobody's way
            # It may have been given away with what is above it, from a folder on that was made, too.
            for verb, *paths in self._forwards():
                if verb == _MADE and f"{path}/".startswith(f"{paths[0]}/") and not _is_open(paths[0]):
                    return _attempt(self._reclaim, paths[0]) and _attempt(_remove_folder, path)
            return False
        except OSError:
            pass  # it is gone, or in use
        return True

    def _purge(self, path: str) -> None:
        try:
            storage.purge(path)
        except PermissionError:
            if self._reclaim is None:
                raise
            self._reclaim(path)
            storage.purge(path)

    def release(self) -> None:
        """Give the journal up; another transaction may finish it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @classmethod
    def left_behind(cls, home: str, token: str, reclaim: "Callable[[str], None] | None" = None) -> "Journal | None":
        """The journal of a process that is gone, or None if it lives or has finished."""
        journal = cls(home, token=token, reclaim=reclaim)
        try:
            journal._descriptor = _locked(journal._path)
            journal._kept = journal._size = _complete(journal._descriptor)
        except OSError:
            journal.release()
            return None
        return journal

    @classmethod
    def over(
        cls, home: str, token: str, patience: float, reclaim: "Callable[[str], None] | None" = None
    ) -> "Journal | None":
        """As `left_behind`, asked by who holds the write lock, about a journal that is not committed.

        If its transaction has begun, it is over too, but its process may still be busy dying, or taking its steps back.

        Raises:
            Unavailable: the process takes longer than that (s).
        """
        deadline = time.monotonic() + patience
        while True:
            journal = cls.left_behind(home, token, reclaim)
            path = os.path.join(home, "journal", token)
            try:
                if journal is not None or (_BEGUN,) not in _entries(path):
                    return journal
            except OSError:  # it has finished
                return None
            if time.monotonic() > deadline:
                raise Unavailable(f"another process does not finish with {path}; try again")
            time.sleep(_PAUSE)


def _attempt(step: "Callable[..., None]", *arguments: str, **options: bool) -> bool:
    try:
        step(*arguments, **options)
    except OSError:
        return False
    return True


def _remove_folder(path: str) -> None:
    storage.within(path, lambda folder, name: os.rmdir(name, dir_fd=folder))


def _is_open(path: str) -> bool:
    """Whether a folder can be entered and changed by us."""
    try:
        descriptor = storage.open_folder(path)
    except PermissionError:
        return False
    except OSError:
        return True  # there is nothing to be had
    os.close(descriptor)
    return os.access(path, os.W_OK | os.X_OK)


def _from(top: str, path: str) -> list[str]:
    """A path and the folders above it, from the topmost one that is missing on.

    One by one: others may use what we made, and only folders that are empty then are removed again.
    """
    return [path[:end] for end in range(len(top), len(path)) if path[end] == "/"] + [path]


def _move_back(source: str, target: str) -> None:
    if storage.exists(target):  # else it is back already, perhaps as folders without any mail
        storage.remove_if_empty(source)
        if not storage.exists(source):
            storage.move(target, source)


def _be_gone(path: str) -> None:
    if storage.exists(path):
        raise FileExistsError(path)


def _entry(line: bytes) -> tuple[str, ...]:
    return tuple(line.decode("utf-8", "surrogateescape").split("\t"))


def _entries(path: str) -> "Iterator[tuple[str, ...]]":
    """The complete lines of a journal."""
    with open(path, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _entry(line[:-1])


def _complete(descriptor: int) -> int:
    """How many octets of a journal are complete lines; a kill may have torn the last one."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(end - _BLOCK, 0)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


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


def home_name(home: str) -> str:
    """What a home is called in a database that several share: random, and the same for ever.

    Raises:
        StorageFailed: it has no name yet, and cannot get one.
    """
    path = os.path.join(home, _NAME)
    try:
        name = _read_name(path)
        if not name:
            temporary = f"{path}.{os.getpid()}.{time.monotonic_ns()}.tmp"
            replace_file(temporary, os.urandom(8).hex().encode())
            try:
                os.link(temporary, path)
            except FileExistsError:  # another process was first
                pass
            finally:
                os.unlink(temporary)
            name = _read_name(path)
    except OSError as error:
        raise StorageFailed(f"the home has no name, {path} cannot be used: {error.strerror}") from None
    return name


def _read_name(path: str) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read().decode("ascii", "replace")
    except FileNotFoundError:
        return ""


def pending(home: str) -> "list[str]":
    """The tokens of all journals, of living processes and of others.

    Raises:
        StorageFailed: their folder cannot be read.
    """
    folder = os.path.join(home, "journal")
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageFailed(f"the journals in {folder} cannot be read: {error.strerror}") from None


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

    Raises:
        StorageFailed: the journals cannot be read.
        Unavailable: another process does not finish with its own in time.
    """
    directory = transaction.directory
    tokens = pending(directory.home)
    committed = set(transaction.column("SELECT token FROM storage_commit"))
    adopted = []
    for token in tokens:
        if token in committed:
            journal = Journal.left_behind(directory.home, token, directory.reclaim)
            if journal is not None:
                adopted.append(journal)
        else:
            journal = Journal.over(directory.home, token, directory.lock_timeout, directory.reclaim)
            if journal is not None:
                journal.undo()
    over = committed.difference(tokens)
    if over:
        own = f"{home_name(directory.home)}." if directory.database.shared else ""
        for token in over:
            if token.startswith(own):
                transaction.run("DELETE FROM storage_commit WHERE token = ?", token)
    return adopted
