"""The lines of a trace: which calls there are, and which of them a transaction has undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._record import Record
from .._tracing import VERSION
from ..errors import MailAddonError, NotFound
from ..operations import OPERATIONS, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..operations.model import Operation

_MOST = 64 << 20  # octets of a line; a listing of all users of a large server is one
_END = b'"kind": "end"'


class Recorded(Record):
    """A call as it was recorded.

    Attributes:
        line: the number of its line, from 1.
        octets: the length of its line.
        operation: what was called.
        arguments: texts; objects in place of passwords.
        ok: whether it succeeded.
        result: if it did.
        code: the error's code, if it did not.
        message: the error's sentence.
        undone: whether it was a part of a transaction that was not committed.
        origin: the fields of the line that say where and when it was recorded.
    """

    line: int
    octets: int
    operation: Operation
    arguments: list[Any]
    ok: bool
    result: Any
    code: str
    message: str
    undone: bool
    origin: dict[str, Any]


class Broken(Record):
    """A line that cannot be read."""

    line: int
    octets: int
    reason: str


class Trace:
    """A file of recorded calls. It is read line by line, twice, and never kept as a whole.

    Args:
        path: the file.

    Raises:
        NotFound: it cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._committed: set[str] = set()
        try:
            with open(path, "rb") as file:
                for line in file:
                    if _END in line:
                        self._note(line)
        except OSError as error:
            raise NotFound(f"the trace {path} cannot be read: {error.strerror}") from None

    def _note(self, line: bytes) -> None:
        try:
            content = _content(line)
        except _Unfit:
            return  # it is told of when it is its turn
        if content.get("kind") == "end" and content.get("committed") is True:
            self._committed.add(str(content.get("transaction")))

    def calls(self, until: int = 0) -> Iterator[Recorded | Broken]:
        """Every call, in the order of the lines, up to and with the line of this number; 0 for all."""
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if until and number > until:
                    return
                try:
                    content = _content(line)
                    if content["kind"] != "end":
                        yield self._call(number, len(line), content)
                except _Unfit as error:
                    yield Broken(line=number, octets=len(line), reason=str(error))

    def _call(self, number: int, octets: int, content: dict[str, Any]) -> Recorded:
        operation = _operation(content.get("operation"))
        arguments = content.get("arguments")
        if not isinstance(arguments, list) or not all(map(_is_argument, arguments)):
            raise _Unfit('"arguments" is no list of texts and of {"secret": …}')
        ok, error = content.get("ok"), content.get("error") or {}
        if (
            not isinstance(ok, bool)
            or not isinstance(error, dict)
            or (not ok and not isinstance(error.get("code"), str))
        ):
            raise _Unfit('neither "ok" is true nor is there an "error" with a "code"')
        transaction = content.get("transaction")
        return Recorded(
            line=number,
            octets=octets,
            operation=operation,
            arguments=arguments,
            ok=ok,
            result=content.get("result"),
            code=error.get("code", ""),
            message=str(error.get("message", "")),
            undone=transaction is not None and str(transaction) not in self._committed,
            origin={key: content.get(key) for key in ("time", "pid", "sdk", "backend", "microseconds")},
        )


class _Unfit(Exception):
    """Why a line is none of a trace."""


def _content(line: bytes) -> dict[str, Any]:
    if len(line) > _MOST:
        raise _Unfit(f"it is longer than {_MOST} octets")
    try:
        content = json.loads(line.removesuffix(b"\n").decode("utf-8"))
    except UnicodeDecodeError:
        raise _Unfit("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        cut = "" if line.endswith(b"\n") else "; it has no end, as if the writing process had been stopped"
        raise _Unfit(f"{error.msg} at character {error.pos + 1}{cut}") from None
    except (ValueError, RecursionError):
        raise _Unfit("a number or the nesting is too large") from None
    if not isinstance(content, dict) or content.get("kind") not in {"call", "end"}:
        raise _Unfit('there is no "kind" that is "call" or "end"')
    if content.get("version") != VERSION:
        raise _Unfit(f"its version is {content.get('version')!r}; this SDK reads version {VERSION}")
    return content


def _operation(name: object) -> Operation:
    try:
        operation = find(name) if isinstance(name, str) else None
    except MailAddonError as error:
        raise _Unfit(error.message) from None
    if operation not in OPERATIONS:
        raise _Unfit(f'"operation" is {name!r}, which no backend has a part in')
    return operation


def _is_argument(argument: object) -> bool:
    if isinstance(argument, dict):
        return isinstance(argument.get("secret"), str) and all(isinstance(value, str) for value in argument.values())
    return isinstance(argument, str)
