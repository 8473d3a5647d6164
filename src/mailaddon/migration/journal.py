"""What of a migration is done: a file of JSON lines, so that a killed one goes on where it stopped.

    {"version": 1, "from": …, "to": …}
    {"domain": "xyz.com"}
    {"done": "EAddUser xyz.com u1 5f0c…"}

A domain stands there before anything of it is added, and only if the target did not have it then: so what the target
has of it is this migration's own. A call is noted once it has succeeded. A kill between the two leaves a call that is
made again; that the target has it already is then no failure. Nothing in the file is secret.
"""

import fcntl
import json
import os
import stat
import threading

from .. import home as _home
from ..errors import Conflict, NotConfigured, StorageFailed, Unavailable

_VERSION = 1


class Journal:
    """The file, locked for as long as it is open, unless it is only read; several threads may write.

    Attributes:
        path: where it is.
        done: the keys of the calls that have succeeded.
        domains: the domains that this migration adds.

    Raises:
        StorageFailed: it cannot be read or written.
        Unavailable: another process has it.
        Conflict: it belongs to another migration.
        NotConfigured: it is no file.
    """

    def __init__(self, path: str, source: str, target: str, *, restart: bool = False, only_read: bool = False) -> None:
        self.path = path
        self.done: set[str] = set()
        self.domains: set[str] = set()
        self._lock = threading.Lock()
        self._descriptor = -1
        self._restart = restart
        self._torn = False
        self._header: dict[str, object] = {"version": _VERSION, "from": source, "to": target}
        if only_read:
            if not restart:
                self._read()
            return
        try:
            os.makedirs(os.path.dirname(path), _home.PRIVATE_FOLDER, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _home.PRIVATE_FILE)
        except OSError as error:
            raise self._failed(error) from None
        try:
            self._claim()
            if not restart:
                with open(self._descriptor, "rb", closefd=False) as file:
                    self._take(file.read())
        except OSError as error:
            self.close()
            raise self._failed(error) from None
        except BaseException:
            self.close()
            raise

    def _failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"the journal {self.path} cannot be kept: {error.strerror}")

    def _claim(self) -> None:
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise NotConfigured(f"the journal {self.path} is no file; name another one with --journal")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"another process is migrating with the journal {self.path}") from None

    def _read(self) -> None:
        try:
            with open(self.path, "rb") as file:
                self._take(file.read())
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed(error) from None

    def _take(self, content: bytes) -> None:
        """What the file says.

        Raises:
            Conflict: it belongs to another migration.
        """
        entries = [entry for entry in map(_entry, content.splitlines()) if entry]
        if entries and entries[0] != self._header:
            raise Conflict(
                f"the journal {self.path} is of another migration: {entries[0].get('from')} to {entries[0].get('to')};"
                " name another one with --journal, or forget it with --restart"
            )
        self.domains = {str(entry["domain"]) for entry in entries if "domain" in entry}
        self.done = {str(entry["done"]) for entry in entries if "done" in entry}
        self._torn = bool(content) and not content.endswith(b"\n")  # by a kill; what is torn is not there

    def start(self) -> None:
        """Make the file ready for what is done now.

        Raises:
            StorageFailed: it cannot be written.
        """
        try:
            if self._restart:
                os.ftruncate(self._descriptor, 0)
            if self._torn:
                os.write(self._descriptor, b"\n")
        except OSError as error:
            raise self._failed(error) from None
        if not self.domains:
            self._note(self._header, durable=False)

    def begin(self, domain: str) -> None:
        """Note that the target does not have a domain, which is now going to be added.

        Raises:
            StorageFailed: it cannot be noted.
        """
        self._note({"domain": domain}, durable=True)
        self.domains.add(domain)

    def finish(self, key: str) -> None:
        """Note that a call has succeeded.

        Raises:
            StorageFailed: it cannot be noted.
        """
        self._note({"done": key}, durable=False)
        self.done.add(key)

    def _note(self, entry: dict[str, object], *, durable: bool) -> None:
        try:
            with self._lock:
                self._append(entry)
                if durable:
                    os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(error) from None

    def _append(self, entry: dict[str, object]) -> None:
        os.write(self._descriptor, (json.dumps(entry, ensure_ascii=False) + "\n").encode())

    def close(self) -> None:
        """Close the file, which lets others have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)


def _entry(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
