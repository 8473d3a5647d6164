"""What was read from a file and checked, kept beside it for as long as the file stays the same.

Parsing TOML or JSON costs a process more than an E* command may take. The kept form is good for as long as the file's
identity, size and time are the same, and the interpreter is.
"""

import marshal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_FORMAT = 2
#: A file changed this recently (ns) may change again within the clock's resolution, so it is not kept yet.
_SETTLED = 2_000_000_000


def load(path: str, kept: str, parse: "Callable[[str], Any]") -> "Any":
    """The content of a file.

    Args:
        path: the file.
        kept: where its parsed form is kept, in a folder that is private as the file's own.
        parse: the path to the content, of texts, numbers, truth values, lists, dictionaries and None.

    Raises:
        OSError: the file cannot be looked at; `FileNotFoundError` if there is none.
        Exception: whatever `parse` raises.
    """
    status = os.stat(path)
    stamp = (_FORMAT, sys.hexversion, status.st_mtime_ns, status.st_size, status.st_ino)
    try:
        with open(kept, "rb", buffering=0) as file:
            # What another user has kept is for that user: root works in a service user's home, for example.
            own = os.fstat(file.fileno()).st_uid == _user()
            found, content = marshal.loads(file.read() if own else b"")  # noqa: S302 - our own file
    except (OSError, ValueError, EOFError, TypeError):
        found = content = None
    if found == stamp:
        return content
    content = parse(path)
    if settled(status):
        _keep(kept, marshal.dumps((stamp, content)))
    return content


def settled(status: os.stat_result) -> bool:
    """Whether a file that is changed from now on will show another time."""
    return time.time_ns() - status.st_mtime_ns >= _SETTLED


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _keep(path: str, octets: bytes) -> None:
    from .home import replace_file

    try:
        replace_file(path, octets)
    except OSError:
        return  # a read-only home only costs the time of parsing
