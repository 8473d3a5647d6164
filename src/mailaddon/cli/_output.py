"""How the umbrella command prints: UTF-8 whatever the locale, JSON with a version, aligned tables, trees."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from .._record import Record
from ..errors import MailAddonError, StorageFailed

#: The version of every JSON object; it changes only when a field changes its meaning or goes.
JSON_VERSION = 1
#: Keys of `click.Context.meta`: whether JSON is asked for, and the passwords that must not reach the log.
JSON_ASKED = "mailaddon.json"
SECRETS = "mailaddon.secrets"

Branch = tuple[str, "Sequence[Branch]"]
Function = TypeVar("Function", bound=Callable[..., Any])


def json_option(function: Function) -> Function:
    """Add `--json` as the argument `as_json`; a refusal is then JSON as well."""
    return click.option("--json", "as_json", is_flag=True, callback=_remember, help="Print JSON.")(function)


def _remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:  # noqa: FBT001 - click's signature
    ctx.meta[JSON_ASKED] = value
    return value


def write(text: str) -> None:
    """Print a text to standard output.

    Raises:
        StorageFailed: standard output is closed, or its disk is full.
        BrokenPipeError: nobody reads it any more.
    """
    if sys.stdout is None:
        raise StorageFailed("standard output is closed, so the result cannot be printed")
    write_octets(text.encode("utf-8", "backslashreplace"))


def write_octets(content: bytes) -> None:
    """Print octets to standard output, at once.

    Raises:
        StorageFailed, BrokenPipeError: as `write`.
    """
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        sys.stdout = None  # what it still holds would fail again at the interpreter's end
        raise StorageFailed(f"the result cannot be written to standard output: {error.strerror}") from None


def write_json(content: Mapping[str, object]) -> None:
    """Print an object with the version first, on lines that a person can read too."""
    write(json.dumps({"version": JSON_VERSION, **content}, ensure_ascii=False, indent=2) + "\n")


def plain(value: object) -> Any:
    """Records as objects, sequences as arrays; everything else as it is."""
    if isinstance(value, Record):
        return {key: plain(item) for key, item in value.as_dict().items()}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def failure(error: MailAddonError) -> dict[str, object]:
    """A refusal: `{"code": …, "message": …, "parameter": …, "retryable": …}`."""
    return {
        "code": error.code,
        "message": " ".join(error.message.split()),
        "parameter": error.parameter,
        "retryable": error.retryable,
    }


def paint(text: str, colour: str) -> str:
    """The text in a colour, if standard output is a terminal that shows colours (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return text
    return click.style(text, fg=colour)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of aligned columns below their headings; the last column is not padded."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def tree(branch: Branch) -> str:
    """A text for its root, and its branches below it in box-drawing lines."""
    text, branches = branch
    return f"{text}\n" + "".join(_below(branches, ""))


def _below(branches: "Sequence[Branch]", margin: str) -> "Iterable[str]":
    for number, (text, inner) in enumerate(branches, start=1):
        last = number == len(branches)
        yield f"{margin}{'└─ ' if last else '├─ '}{text}\n"
        yield from _below(inner, margin + ("   " if last else "│  "))
