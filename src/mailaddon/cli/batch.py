"""`mailaddon batch`: many operations in one process, JSON lines in, JSON lines out, in order.

A line in: `{"command": "EAddUser", "arguments": ["xyz.com", "u1", …], "id": …}`. The arguments are a list in the
guide's order, or an object by the guide's names or the table's field names. Whole numbers stand for their digits, true
and false for `1` and `0`. The id is optional, anything, and comes back as it was. Empty lines are skipped.

A line out: `{"version": 1, "line": n, "id": …, "command": …, "ok": true, "result": …}`, or with `"ok": false` and
`"error": {"code", "message", "parameter", "retryable"}` in place of the result. `line` counts the lines of the input
from 1; the id is null where none was given; the command is in its canonical form, or as it was given when it is
unknown, or null. The result is null, a list of texts, a text, or an object, as the operation's output says. Each line
is flushed, so a caller may keep the process and talk to it. Arguments are never repeated in the output.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from .._arguments import by_field, operation_named, positional
from ..command import logged
from ..errors import MailAddonError, StorageFailed, UsageError
from ..service import Service
from ..values import Secret, shown
from ._output import JSON_VERSION, failure, plain, write_octets

#: Octets of a line; a message of 1 MiB, escaped, fits six times over.
MAX_LINE = 16 << 20


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--stop-on-error/--keep-going", default=False, help="Whether the first failure ends the run.  [keep going]"
)
def batch(file: IO[bytes], *, stop_on_error: bool) -> None:
    r"""Run many commands in one process: JSON lines from FILE or standard input, JSON lines to standard output.

    \b
    In:   {"command": "EAddUserAlias", "arguments": ["xyz.com", "u1", "a11"], "id": 1}
    Or:   {"command": "EAddUserAlias", "arguments": {"DomainName": "xyz.com", "UserName": "u1", "UserAlias": "a11"}}
    Out:  {"version": 1, "line": 1, "id": 1, "command": "EAddUserAlias", "ok": true, "result": null}
    Or:   {…, "ok": false, "error": {"code": …, "message": …, "parameter": …, "retryable": …}}

    The exit status is 1 if any command failed.
    """
    if sys.stdout is None:
        raise StorageFailed("standard output is closed, so the results cannot be printed")
    failed = False
    with Service.open() as service, _progress(file) as advance:
        for number, line in _lines(file):
            if line is None or line.strip():
                answer = _answer(service, line)
                write_octets(_encoded({"version": JSON_VERSION, "line": number, **answer}))
                failed = failed or not answer["ok"]
            advance(len(line or b""))
            if failed and stop_on_error:
                break
    click.get_current_context().exit(1 if failed else 0)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """The lines with their numbers; None for one that is too long, which is passed over without being kept."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) <= MAX_LINE:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)
        yield number, None


def _answer(service: Service, line: bytes | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": None, "command": None}
    secrets: list[str] = []
    try:
        result = _performed(service, _parsed(line), answer, secrets)
    except MailAddonError as error:
        return answer | {"ok": False, "error": failure(error)}
    except Exception as error:  # noqa: BLE001 - one line's defect is not the next line's
        return answer | {"ok": False, "error": failure(logged("mailaddon batch", error, secrets))}
    return answer | {"ok": True, "result": result}


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


def _performed(service: Service, request: dict[str, Any], answer: dict[str, Any], secrets: list[str]) -> object:
    answer["id"] = request.pop("id", None)
    command = request.pop("command", None)
    arguments = request.pop("arguments", [])
    if not isinstance(command, str):
        raise UsageError('"command" is not a text')
    answer["command"] = command
    operation = operation_named(command)
    answer["command"] = operation.command
    if request:
        raise UsageError(f"{', '.join(map(shown, request))} cannot be there; a line has command, arguments and id")
    if isinstance(arguments, dict):
        texts = positional(operation, by_field(operation, {name: _text(value) for name, value in arguments.items()}))
    elif isinstance(arguments, list):
        texts = [_text(value) for value in arguments]
    else:
        raise UsageError('"arguments" is neither a list nor an object')
    fields = operation.parse(texts)
    secrets += [value for value in fields.values() if isinstance(value, Secret)]
    return plain(service.call(operation, fields))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    raise UsageError("an argument is not a text, a whole number, true or false")


def _encoded(answer: dict[str, Any]) -> bytes:
    # What cannot be encoded is half a surrogate pair in an id or a name; backslashreplace makes it its JSON escape.
    return (json.dumps(answer, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


@contextmanager
def _progress(file: IO[bytes]) -> Iterator[Callable[[int], None]]:
    """How to say that octets of the input are done: on a bar, if standard error is a terminal for nothing else."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _octets: None
        return
    endless: Iterator[None] = (None for _ in ())
    with click.progressbar(endless, length=_size(file), label="mailaddon batch", file=sys.stderr) as bar:
        yield bar.update


def _size(file: IO[bytes]) -> int | None:
    return os.fstat(file.fileno()).st_size or None  # a pipe has none
