"""How far a batch has come: a file, so that the same command goes on after a kill.

    {"version": 1, "name": "6f0c…", "backend": "embedded", "of": "EAddUser"}
    {"line": 100, "check": 2868210971, "failed": 2}
    {"begun": 101}

Where the backend stores texts in its transactions, the position of a group and its answers are stored in the very
transaction of the group, under the name in the first line; the file follows, once the answers are printed. What is
newer is right. Elsewhere a call is noted before it begins; that the backend has done it already is then no failure when
it is run again. Nothing in the file is secret.
"""

import fcntl
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import home as _home
from ..errors import Conflict, NotConfigured, StorageFailed, Unavailable
from ..service import Service
from ..transactions import ServiceTransaction
from ._batch_calls import Call

_VERSION = 1
_TAIL = 1 << 12  # octets that the last entries have at most


@dataclass(slots=True)
class Position:
    """A place in the input.

    Attributes:
        line: the last one that is done.
        check: of the input up to its end.
        failed: how many lines have been refused so far.
    """

    line: int = 0
    check: int = 0
    failed: int = 0


class Journal:
    """The file, locked for as long as it is open.

    Args:
        path: where it is.
        service: what runs the calls.
        of: what the batch is, in one line; another one cannot go on with the file.

    Attributes:
        position: how far the batch has come.
        begun: the line that was begun when the last run ended, if it is not known how it ended, else 0.
        unprinted: answers that were perhaps not printed when the last run ended.

    Raises:
        StorageFailed: it cannot be read or written.
        Unavailable: another process has it.
        Conflict: it belongs to another batch.
        NotConfigured: it is no file.
    """

    def __init__(self, path: str, service: Service, of: str) -> None:
        self.position = Position()
        self.begun = 0
        self.unprinted: list[str] = []
        self._path = path
        self._service = service
        try:
            self._descriptor = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, _home.PRIVATE_FILE
            )
        except OSError as error:
            raise self._failed(error) from None
        try:
            self._claim()
            self._name = self._take({"version": _VERSION, "backend": service.backend.name, "of": of})
            self._ask()
        except OSError as error:
            self.close()
            raise self._failed(error) from None
        except BaseException:
            self.close()
            raise

    def _failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"the journal {self._path} cannot be kept: {error.strerror}")

    def _claim(self) -> None:
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise NotConfigured(f"the journal {self._path} is no file")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"another process runs a batch with the journal {self._path}") from None

    def _take(self, header: dict[str, object]) -> str:
        """Read what the file says, or begin it; the batch's name."""
        size = os.fstat(self._descriptor).st_size
        first, _, more = os.pread(self._descriptor, _TAIL, 0).partition(b"\n")
        if not size or not (more or size > len(first)):
            os.ftruncate(self._descriptor, 0)  # a kill has torn the first line
            name = os.urandom(8).hex()
            self._write(header | {"name": name}, durable=True)
            return name
        found = _entry(first)
        name = str(found.pop("name", ""))
        if found != header or not name:
            raise Conflict(f"the journal {self._path} is of another batch, or none; name another file")
        tail = os.pread(self._descriptor, _TAIL, max(size - _TAIL, 0))
        if not tail.endswith(b"\n"):
            os.write(self._descriptor, b"\n")
        for entry in map(_entry, tail.split(b"\n")):
            if "line" in entry:
                self._follow(entry)
            elif "begun" in entry:
                self.begun = int(str(entry["begun"]))
        return name

    def _follow(self, entry: dict[str, Any]) -> None:
        self.position = Position(int(entry["line"]), int(entry["check"]), int(entry["failed"]))
        self.begun = 0

    def _ask(self) -> None:
        """Learn from the backend about a group that is committed and not noted here."""
        stored = self._stored()
        if stored.get("line", 0) > self.position.line:
            self._follow(stored)
            self.unprinted = list(stored["answers"])

    def _stored(self) -> dict[str, Any]:
        remembered = getattr(self._service.backend.plugin, "remembered", None)
        if remembered is None or not self._service.backend.transactional:
            return {}
        return _entry(remembered(self._name).encode("utf-8", "surrogateescape"))

    def is_committed(self, position: Position) -> bool:
        """Whether the backend has stored a position, asked where nobody knows how its transaction ended.

        Raises:
            MailAddonError: it cannot be asked.
        """
        return bool(self._stored().get("line") == position.line)

    def after(self, call: Call, failed: int) -> Position:
        """The position behind a call, with so many more refusals."""
        return Position(call.line, call.check, self.position.failed + failed)

    def store(self, transaction: ServiceTransaction, position: Position, answers: Sequence[bytes]) -> None:
        """Store a position in the transaction that takes the batch there, with the answers to be printed.

        Raises:
            MailAddonError: it cannot be stored.
        """
        texts = [answer.decode() for answer in answers]
        transaction.remember(self._name, json.dumps(_fields(position) | {"answers": texts}, ensure_ascii=False))

    def begin(self, call: Call) -> None:
        """Note that a call begins whose outcome no transaction tells.

        Raises:
            StorageFailed: it cannot be noted.
        """
        self._note({"begun": call.line}, durable=True)

    def reach(self, position: Position) -> None:
        """Note that everything up to here is done, and its answers are printed.

        Raises:
            StorageFailed: it cannot be noted.
        """
        self._note(_fields(position), durable=False)
        self.position = position

    def finish(self) -> None:
        """The input is at its end: the file alone has to know it from now on.

        Raises:
            StorageFailed, MailAddonError: it cannot be noted.
        """
        if self._stored():
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                raise self._failed(error) from None
            with self._service.transaction() as transaction:
                transaction.remember(self._name, "")

    def _note(self, entry: dict[str, object], *, durable: bool) -> None:
        try:
            self._write(entry, durable=durable)
        except OSError as error:
            raise self._failed(error) from None

    def _write(self, entry: dict[str, object], *, durable: bool) -> None:
        os.write(self._descriptor, (json.dumps(entry) + "\n").encode())
        if durable:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file, which lets others have it."""
        os.close(self._descriptor)


def _fields(position: Position) -> dict[str, object]:
    return {"line": position.line, "check": position.check, "failed": position.failed}


def _entry(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
