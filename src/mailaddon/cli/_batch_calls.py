"""What a batch runs: calls, read one by one from JSON lines. Nothing is kept of what has been read."""

import json
import os
import select
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from .._arguments import by_field, operation_named, positional, validated
from ..errors import MailAddonError, UsageError
from ..operations.model import Operation
from ..values import Secret, shown
from ._output import failure

#: Octets of a line; a message of 1 MiB, escaped, fits six times over.
MAX_LINE = 16 << 20
_AT_ONCE = 1 << 16


@dataclass(slots=True)
class Call:
    """A line of the input.

    Attributes:
        line: its number, from 1.
        octets: its length.
        check: a checksum of the input up to its end.
        blank: whether there is nothing on it, so that it has no answer.
        answer: the fields of its answer that are known, with the refusal if it cannot be run.
        operation: what to run, if it can be.
        fields: the validated arguments.
        columns: where arguments come from, by the parameter's name, as refusals say it.
    """

    line: int
    octets: int
    check: int
    blank: bool = False
    answer: dict[str, Any] = field(default_factory=lambda: {"id": None, "command": None})
    operation: Operation | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> list[str]:
        """The passwords among the arguments."""
        return [value for value in self.fields.values() if isinstance(value, Secret)]

    def refuse(self, error: MailAddonError) -> dict[str, Any]:
        """The answer that says why it was refused."""
        said = failure(error)
        column = self.columns.get(error.parameter)
        if column is not None:
            said["column"] = column
        return self.answer | {"ok": False, "error": said}


class Source(Protocol):
    """Where calls come from."""

    def __iter__(self) -> Iterator[Call]:
        """Every line of the input, blank ones included."""

    def ready(self) -> bool:
        """Whether the next line can be read without waiting for who writes it."""


class JsonLines:
    """Calls from JSON lines.

    Args:
        file: the input.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file: IO[bytes] | Pipe = Pipe(file.fileno()) if _is_pipe(file) else file

    def ready(self) -> bool:
        """Whether a line is there; only a pipe may have to be waited for."""
        return self._file.ready() if isinstance(self._file, Pipe) else True

    def __iter__(self) -> Iterator[Call]:
        """Every line; one that is too long is passed over without being kept."""
        number = check = 0
        while line := self._file.readline(MAX_LINE + 1):
            number += 1
            octets = len(line)
            check = zlib.crc32(line, check)
            if octets > MAX_LINE:
                while line and not line.endswith(b"\n"):
                    line = self._file.readline(MAX_LINE)
                    octets += len(line)
                    check = zlib.crc32(line, check)
                yield _read(Call(number, octets, check), None)
            elif line.strip():
                yield _read(Call(number, octets, check), line)
            else:
                yield Call(number, octets, check, blank=True)


class Pipe:
    """Lines from a descriptor, of which it is known whether they are there.

    Args:
        descriptor: of which nothing has been read.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = bytearray()
        self._searched = 0
        self._over = False

    def _fill(self) -> None:
        octets = os.read(self._descriptor, _AT_ONCE)
        self._over = not octets
        self._read += octets

    def _end(self) -> int:
        """Where the next line ends, or -1 as long as it does not."""
        end = self._read.find(b"\n", self._searched)
        self._searched = len(self._read) if end < 0 else end
        return end

    def ready(self) -> bool:
        """Whether the next line can be read, or the end of all, without waiting."""
        while self._end() < 0 and not self._over and len(self._read) <= MAX_LINE:
            if not select.select([self._descriptor], [], [], 0)[0]:
                return False
            self._fill()
        return True

    def readline(self, limit: int) -> bytes:
        """The next line, or as much of it as fits; nothing at the end of all."""
        while (end := self._end()) < 0 and not self._over and len(self._read) < limit:
            self._fill()
        length = min(end + 1 or len(self._read), limit)
        line = bytes(self._read[:length])
        del self._read[:length]
        self._searched = 0
        return line


def _is_pipe(file: IO[bytes]) -> bool:
    try:
        return not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:  # it is in memory
        return False


def _read(call: Call, line: bytes | None) -> Call:
    try:
        _interpret(call, _parsed(line))
    except MailAddonError as error:
        call.answer = call.refuse(error)
    return call


def _parsed(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise UsageError(f"the line is longer than {MAX_LINE} octets")
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise UsageError("the line is not valid UTF-8") from None
    except json.JSONDecodeError as error:  # its message shows nothing of the line
        raise UsageError(f"the line is not JSON: {error.msg} at character {error.pos + 1}") from None
    except (ValueError, RecursionError):
        raise UsageError("the line is not JSON that can be read: a number or the nesting is too large") from None
    if not isinstance(request, dict):
        raise UsageError('the line is not an object such as {"command": "EGetMailURL", "arguments": ["xyz.com"]}')
    return request


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _interpret(call: Call, request: dict[str, Any]) -> None:
    call.answer["id"] = request.pop("id", None)
    command = request.pop("command", None)
    arguments = request.pop("arguments", [])
    if not isinstance(command, str):
        raise UsageError('"command" is not a text')
    call.answer["command"] = command
    operation = operation_named(command)
    call.answer["command"] = operation.command
    if request:
        raise UsageError(f"{', '.join(map(shown, request))} cannot be there; a line has command, arguments and id")
    if isinstance(arguments, dict):
        texts = positional(operation, by_field(operation, {name: _text(value) for name, value in arguments.items()}))
    elif isinstance(arguments, list):
        texts = [_text(value) for value in arguments]
    else:
        raise UsageError('"arguments" is neither a list nor an object')
    call.fields = validated(operation, texts)
    call.operation = operation


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    raise UsageError("an argument is not a text, a whole number, true or false")
