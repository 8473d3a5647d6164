"""How a batch runs its calls: each by itself, in groups that share a commit, all in one transaction, or none at all.

An answer is written once what it says is durable, never before.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import IO, Any, Protocol

from ..command import logged
from ..errors import MailAddonError, NotSupported, Unavailable
from ..operations.model import Operation
from ..service import Service
from ..transactions import ServiceTransaction
from ._batch_calls import Call, Source
from ._batch_journal import Journal, Position
from ._output import JSON_VERSION, failure, plain

#: A group ends before it is full when its calls have taken so long (s): others wait for it.
LONGEST = 1.0
#: Octets of input, or of answers, that a group keeps in memory.
_MOST = 1 << 20
_IN_MEMORY = 1 << 20

Answer = dict[str, Any]
#: What a repeated call is refused with if it was done already: operations that begin with this, and the code.
_DONE = (("EAdd", "already-exists"), ("EDelete", "not-found"))


class Runs(Protocol):
    """What calls are made on: a service, or a transaction of it."""

    def call(self, operation: Operation, fields: dict[str, Any]) -> Any:
        """Run an operation."""


class Batch:
    """A run.

    Args:
        service: what runs the calls.
        write: prints lines, at once.
        advance: is told of what is done: octets, lines, and how many were refused so far.
        stop: whether a refusal ends the run.
        journal: where to note how far it has come.

    Attributes:
        failed: how many lines were refused.
    """

    def __init__(
        self,
        service: Service,
        write: Callable[[bytes], None],
        advance: Callable[[int, int, int], None],
        *,
        stop: bool = False,
        journal: Journal | None = None,
    ) -> None:
        self._service = service
        self._write = write
        self._advance = advance
        self._stop = stop
        self._journal = journal
        self.failed = self._failed_before = journal.position.failed if journal else 0

    # Each by itself, or in groups

    def run(self, source: Source, calls: Iterator[Call], size: int) -> None:
        """Run calls in groups of at most so many; each call is whole or not at all, whatever becomes of the others.

        Raises:
            StorageFailed, BrokenPipeError: an answer cannot be written.
            Unavailable: the backend has gone, and the journal says where to go on when it is back.
        """
        for chunk in self._chunks(source, calls, size):
            while chunk:
                alone = self._is_alone(chunk[0], size)
                done = self._by_itself(chunk[0]) if alone else self._together(chunk, size)
                if self.stopped:
                    return
                del chunk[:done]

    @property
    def stopped(self) -> bool:
        """Whether a refusal has ended the run."""
        return self._stop and self.failed > self._failed_before

    def _chunks(self, source: Source, calls: Iterator[Call], size: int) -> Iterator[list[Call]]:
        """As many calls as make a group; fewer when no more are there yet, so that nobody waits for answers in vain."""
        chunk: list[Call] = []
        octets = 0
        while True:
            try:
                call = next(calls, None)
            except MailAddonError:  # the input cannot be read any further; what has been read is run
                yield chunk
                raise
            if call is None:
                break
            octets += call.octets
            if call.blank:
                self._advance(call.octets, 0, self.failed)
            else:
                chunk.append(call)
            if chunk and (len(chunk) >= size or octets > _MOST or not source.ready()):
                yield chunk
                chunk, octets = [], 0
        yield chunk

    def _is_alone(self, call: Call, size: int) -> bool:
        backend = self._service.backend
        if not backend.transactional or (size == 1 and self._journal is None):
            return True
        return call.operation is not None and backend.alone(call.operation.hook)

    def _by_itself(self, call: Call) -> int:
        if self._journal and call.operation is not None:
            self._journal.begin(call)
        answer = self._answered(self._service, call)
        if self._journal and call.line == self._journal.begun and _was_done(call, answer):
            answer = call.answer | {"ok": True, "result": None}
        self._print([call], [answer])
        return 1

    def _together(self, calls: Sequence[Call], size: int) -> int:
        """Run the first of these calls, as many as fit, in one transaction; how many."""
        answers: list[Answer] = []
        try:
            with self._service.transaction() as transaction:
                octets, until = 0, time.monotonic() + LONGEST
                for call in calls:
                    answers.append(self._answered(transaction, call))
                    octets += len(_encoded(call, answers[-1]))
                    refused = self._stop and not answers[-1]["ok"]
                    following = calls[len(answers)] if len(answers) < len(calls) else None
                    if refused or octets > _MOST or time.monotonic() > until:
                        break
                    if following is not None and self._is_alone(following, size):
                        break
                if self._journal:
                    self._store(self._journal, transaction, calls[: len(answers)], answers)
        except Exception as error:  # noqa: BLE001 - a defect of the backend's is not the end of the run
            answers = answers or [calls[0].answer | {"ok": True}]  # it did not even begin
            done = calls[: len(answers)]
            if not isinstance(error, MailAddonError):
                secrets = list(chain.from_iterable(call.secrets for call in done))
                error = logged("mailaddon batch", error, secrets)
            return self._not_committed(done, answers, error, size)
        self._print(calls[: len(answers)], answers)
        return len(answers)

    def _store(
        self, journal: Journal, transaction: ServiceTransaction, calls: Sequence[Call], answers: Sequence[Answer]
    ) -> None:
        position = journal.after(calls[-1], _count(answers))
        journal.store(transaction, position, [_encoded(*pair) for pair in zip(calls, answers, strict=True)])

    def _not_committed(self, calls: Sequence[Call], answers: list[Answer], error: MailAddonError, size: int) -> int:
        """What to do about a transaction that ended badly: nothing of it has happened, or nobody knows.

        Unless the database has gone, which would make each of the calls wait in vain, they are run one by one: a call
        must not fail because of its neighbours. Where a journal says how to go on, the run ends when the database has
        gone.

        Raises:
            Unavailable: the run ends.
        """
        if isinstance(error, Unavailable):
            if self._journal:
                if not self._is_committed(self._journal, calls, answers):
                    raise error
                self._print(calls, answers)
                return len(calls)
        elif len(calls) > 1:
            for number, call in enumerate(calls, 1):
                self._together([call], size)
                if self.stopped:
                    return number
            return len(calls)
        refused = [call.refuse(error) if answer["ok"] else answer for call, answer in zip(calls, answers, strict=True)]
        self._print(calls, refused)
        return len(calls)

    def _is_committed(self, journal: Journal, calls: Sequence[Call], answers: Sequence[Answer]) -> bool:
        try:
            return journal.is_committed(journal.after(calls[-1], _count(answers)))
        except MailAddonError:
            return False

    def _print(self, calls: Sequence[Call], answers: Sequence[Answer]) -> None:
        self._write(b"".join(_encoded(*pair) for pair in zip(calls, answers, strict=True)))
        if self._journal:
            self._journal.reach(self._journal.after(calls[-1], _count(answers)))
        for call, answer in zip(calls, answers, strict=True):
            self.failed += not answer["ok"]
            self._advance(call.octets, 1, self.failed)

    # All or nothing, and nothing

    def run_all(self, calls: Iterator[Call]) -> bool:
        """Run calls in one transaction, up to the first that is refused; whether it is committed.

        Raises:
            StorageFailed, BrokenPipeError: an answer cannot be written.
            NotSupported: the backend has no transactions of several calls.
            MailAddonError: the transaction could not be committed.
        """
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as answers:
            try:
                with self._service.transaction() as transaction:
                    reached = self._perform_all(transaction, calls, answers)
            except _Refused as refusal:
                self.failed += 1
                self._write(_encoded(refusal.call, refusal.answer))
                return False
            self._copy(answers)
        if self._journal and reached:
            self._journal.reach(reached)
        return True

    def _perform_all(
        self, transaction: ServiceTransaction, calls: Iterator[Call], answers: "tempfile.SpooledTemporaryFile[bytes]"
    ) -> Position | None:
        last = None
        for call in calls:
            if not call.blank:
                answer = self._answered(transaction, call)
                if not answer["ok"]:
                    raise _Refused(call, answer)
                answers.write(_encoded(call, answer))
                last = call
            self._advance(call.octets, 1, 0)
        if self._journal is None or last is None:
            return None
        position = self._journal.after(last, 0)
        self._journal.store(transaction, position, [])
        return position

    def rehearse(self, calls: Iterator[Call]) -> None:
        """Say what would become of calls, and change nothing.

        Raises:
            StorageFailed, BrokenPipeError: an answer cannot be written.
            MailAddonError: the backend does not answer.
        """
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as answers:
            if self._service.backend.transactional:
                with self._service.transaction(rehearsal=True) as transaction:
                    self._try_all(transaction, calls, answers)
            else:
                self._try_all(None, calls, answers)
            self._copy(answers)

    def _try_all(
        self, transaction: Runs | None, calls: Iterator[Call], answers: "tempfile.SpooledTemporaryFile[bytes]"
    ) -> None:
        for call in calls:
            if not call.blank:
                answer = self._tried(transaction, call)
                self.failed += not answer["ok"]
                answers.write(_encoded(call, {**answer, "dry_run": True}))
            self._advance(call.octets, 1, self.failed)
            if self._stop and self.failed:
                return

    def _tried(self, transaction: Runs | None, call: Call) -> Answer:
        operation = call.operation
        if operation is None:
            return call.answer
        if transaction is not None and not self._service.backend.alone(operation.hook):
            answer = self._answered(transaction, call)
            return answer | {"result": None} if answer["ok"] else answer
        lacking = "" if operation.placeholder else self._service.backend.lacking(operation.hook)
        if lacking:
            return call.refuse(NotSupported(lacking))
        return call.answer | {"ok": True, "result": None}

    def _copy(self, answers: "IO[bytes] | tempfile.SpooledTemporaryFile[bytes]") -> None:
        answers.seek(0)
        while content := answers.read(_IN_MEMORY):
            self._write(content)

    # One call

    def _answered(self, runs: Runs, call: Call) -> Answer:
        if call.operation is None:
            return call.answer
        try:
            result = plain(runs.call(call.operation, call.fields))
        except MailAddonError as error:
            return call.refuse(error)
        except Exception as error:  # noqa: BLE001 - one line's defect is not the next line's
            return call.answer | {"ok": False, "error": failure(logged("mailaddon batch", error, call.secrets))}
        return call.answer | {"ok": True, "result": result}


class _Refused(Exception):
    def __init__(self, call: Call, answer: Answer) -> None:
        super().__init__(call.line)
        self.call = call
        self.answer = answer


def _count(answers: Sequence[Answer]) -> int:
    return sum(not answer["ok"] for answer in answers)


def _was_done(call: Call, answer: Answer) -> bool:
    """Whether the refusal of a call that was under way when the batch was killed says that it had been done."""
    command = call.operation.command if call.operation else ""
    code = "" if answer["ok"] else answer["error"]["code"]
    return any(command.startswith(start) and code == wanted for start, wanted in _DONE)


def _encoded(call: Call, answer: Answer) -> bytes:
    # What cannot be encoded is half a surrogate pair in an id or a name; backslashreplace makes it its JSON escape.
    text = json.dumps({"version": JSON_VERSION, "line": call.line, **answer}, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "backslashreplace")
