"""Effects: what a backend does outside the directory for a change, once it is committed.

The transaction that makes a change stores its effects with it, so a process that is killed between the commit and an
effect loses nothing: the next command that changes anything performs what is left over. An effect is a kind and a key,
and says what has to agree with the directory, never how it differs; performing it once too often does nothing. It is
performed under a lock of the machine, so what an effect writes is never older than what another one has written.

Where several hosts share a directory, each effect is for one of them, and each performs its own. A command waits for
the others a little while, if their agents are there, so that its change is in force when it ends.
"""

import os
import time
from _thread import _local as ThreadLocal  # noqa: N812 - threading.local, without importing threading

from ..errors import MailAddonError
from ..home import PRIVATE_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .store import Directory, Transaction

    Effect = tuple[str, str]
    Directed = tuple[str, str, str]  # the same with the host that it is for
    Perform = Callable[[Effect], bool]
    Prepare = Callable[[Transaction], None]


#: The host of an effect that is for each of them.
EVERYWHERE = "*"
_PATIENCE = 5.0  # s, for other hosts
_STEP = 0.03  # s
_MOST = 1000  # effects that are waited for; who performs the last ones has performed the others


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

    def expect(self, *effects: "Directed", prepare: "Prepare | None" = None) -> None:
        """Say what this thread's next changes need; nothing, until it is said again.

        Args:
            effects: what has to be done after the commit, and by which host.
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
        own = self._directory.host
        others = False
        for kind, key, wanted in getattr(self._thread, "effects", ()):
            hosts = {own, *tx.column("SELECT name FROM host")} if wanted == EVERYWHERE else {wanted}
            for host in hosts:
                row_id = tx.insert("effect", kind=kind, key=key, host=host)
                if host != own:
                    others = True
                    tx.awaited.append(row_id)
        if others:
            tx.connection.tell()  # type: ignore[attr-defined] # there are others in PostgreSQL only
        self._thread.due = tx.one("SELECT 1 FROM effect WHERE host = ? LIMIT 1", own) is not None

    def after_commit(self, tx: "Transaction") -> None:
        """Perform what is to be done, one's own and what others have left over."""
        if getattr(self._thread, "due", False) and not getattr(self._thread, "performing", False):
            self._thread.due = False
            try:
                self.perform()
            except (OSError, MailAddonError):
                return  # the change is in force, and the effects stay stored
        if tx.awaited:
            try:
                self._wait(tx.awaited[-_MOST:])
            except MailAddonError:
                return

    def _wait(self, ids: "Sequence[int]") -> None:
        """Let other hosts perform effects, as long as it may take and they are there.

        Raises:
            MailAddonError: the directory cannot be used.
        """
        query = f"SELECT DISTINCT host FROM effect WHERE id IN ({', '.join('?' * len(ids))})"  # noqa: S608 - marks
        deadline = time.monotonic() + _PATIENCE
        while True:
            with self._directory.read() as tx:
                hosts = tx.column(query, *ids)
                database = self._directory.database
                if not hosts or not database.listening(tx.connection, hosts):  # type: ignore[attr-defined] # as above
                    return
            if time.monotonic() > deadline:
                return
            time.sleep(_STEP)

    def perform(self) -> bool:
        """Perform every effect that is stored for this host; whether none is left.

        Raises:
            OSError: the lock cannot be used.
            MailAddonError: the directory cannot be used.
        """
        with self.held():
            with self._directory.read() as tx:
                rows = tx.all("SELECT id, kind, key FROM effect WHERE host = ? ORDER BY id", self._directory.host)
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
