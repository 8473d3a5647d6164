"""Effects: what a backend does outside the directory for a change, once it is committed.

The transaction that makes a change stores its effects with it, so a process that is killed between the commit and an
effect loses nothing: the next command that changes anything performs what is left over. An effect is a kind and a key,
and says what has to agree with the directory, never how it differs; performing it once too often does nothing. It is
performed under a lock of the machine, so what an effect writes is never older than what another one has written.
"""

import os
from _thread import _local as ThreadLocal  # noqa: N812 - threading.local, without importing threading

from ..errors import MailAddonError
from ..home import PRIVATE_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import Directory, Transaction

    Effect = tuple[str, str]
    Perform = Callable[[Effect], bool]
    Prepare = Callable[[Transaction], None]


class Outbox:
    """The effects of one backend's changes.

    One object may be used by several threads.

    Args:
        directory: where they are stored.
        lock: the path of the lock.
        perform: brings one thing in line with the directory; whether that is done. Called by one process at a time.
    """

    def __init__(self, directory: "Directory", lock: str, perform: "Perform") -> None:
        self._directory = directory
        self._lock = lock
        self._perform = perform
        self._thread = ThreadLocal()

    def expect(self, *effects: "Effect", prepare: "Prepare | None" = None) -> None:
        """Say what this thread's next changes need; nothing, until it is said again.

        Args:
            effects: what has to be done after the commit.
            prepare: what has to be done before it; an error undoes the change.
        """
        self._thread.effects = effects
        self._thread.prepare = prepare

    def before_commit(self, tx: "Transaction") -> None:
        """Store the effects of a change with it."""
        if getattr(self._thread, "performing", False):
            return
        prepare = getattr(self._thread, "prepare", None)
        if prepare is not None:
            prepare(tx)
        for kind, key in getattr(self._thread, "effects", ()):
            tx.insert("effect", kind=kind, key=key)
        self._thread.due = tx.one("SELECT 1 FROM effect LIMIT 1") is not None

    def after_commit(self) -> None:
        """Perform what is to be done, one's own and what others have left over."""
        if getattr(self._thread, "due", False) and not getattr(self._thread, "performing", False):
            self._thread.due = False
            try:
                self.perform()
            except (OSError, MailAddonError):
                return  # the change is in force, and the effects stay stored

    def perform(self) -> bool:
        """Perform every effect that is stored; whether none is left.

        Raises:
            OSError: the lock cannot be used.
            MailAddonError: the directory cannot be used.
        """
        with self.held():
            with self._directory.read() as tx:
                rows = tx.all("SELECT id, kind, key FROM effect ORDER BY id")
            done = {effect: self._perform(effect) for effect in dict.fromkeys((kind, key) for _id, kind, key in rows)}
            finished = [row_id for row_id, kind, key in rows if done[kind, key]]
            if finished:
                with self._directory.write() as tx:
                    for row_id in finished:
                        tx.run("DELETE FROM effect WHERE id = ?", row_id)
            return len(finished) == len(rows)

    def held(self) -> "_Held":
        """Keep everybody else from performing effects for one `with` block, whose own changes have none.

        Raises:
            OSError: when the block is entered: the lock cannot be used.
        """
        return _Held(self._lock, self._thread)


class _Held:
    def __init__(self, lock: str, thread: ThreadLocal) -> None:
        self._lock = lock
        self._thread = thread
        self._descriptor = -1

    def __enter__(self) -> None:
        import fcntl

        self._descriptor = os.open(self._lock, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._thread.performing = True

    def __exit__(self, *_error: object) -> None:
        self._thread.performing = False
        os.close(self._descriptor)
