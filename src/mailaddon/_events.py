"""The change events, followed: `events.jsonl` in the home, read while others append to it.

The file may come later, be renamed, replaced or emptied meanwhile, as by logrotate. Only whole lines are read; what is
no event is left out and counted. What is appended and emptied between two looks is not seen: rotate by renaming, and
keep the file for longer than a second.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque

from ._following import Followed
from ._panel.records import Event
from .operations import find
from .service import EVENT_VERSION, EVENTS
from .values import domain_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

#: How many seconds lie between two looks.
PAUSE = 0.2


class Chosen:
    """Which events are wanted.

    Args:
        domain: only of this domain; "" for all.
        operations: only of these commands, by any of their names; none for all.

    Raises:
        InvalidArgument: the domain is none.
        UsageError: an operation is unknown.
    """

    def __init__(self, domain: str = "", operations: Sequence[str] = ()) -> None:
        self._domain = domain and domain_name(domain)
        self._operations = {find(name).command for name in operations}

    def __contains__(self, event: Event) -> bool:
        return (not self._domain or event.keys.get("domain") == self._domain) and (
            not self._operations or event.operation in self._operations
        )


class Events:
    """An iterator over the events of a home.

    Args:
        home: whose events.
        from_start: begin with the oldest event in the file.
        last: begin with so many that are in the file already.
        follow: wait for further ones; if not, all that are there are given, or the last of them.
        chosen: which ones are wanted.
        stopped: asked at each look; whether it is enough.

    Attributes:
        skipped: how many lines were no events.

    Raises:
        StorageFailed: the file cannot be read; also while iterating.
    """

    def __init__(
        self,
        home: str,
        *,
        from_start: bool = False,
        last: int = 0,
        follow: bool = True,
        chosen: Chosen | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.skipped = 0
        self._chosen = chosen or Chosen()
        self._file = Followed(os.path.join(home, EVENTS))
        self._follow = follow
        self._stopped = stopped
        self._ended = False
        self._waiting: deque[Event] = deque()
        if last and not from_start:
            self._waiting = deque(self._present(), maxlen=last)
        elif follow and not from_start:
            self._file.skip()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        while not self._waiting:
            if self._ended or self._stopped():
                self.close()
                raise StopIteration
            lines = self._file.lines() or self._file.moved_on()
            if lines is not None:
                self._waiting.extend(self._events(lines))
            elif self._follow:
                time.sleep(PAUSE)
            else:
                self._ended = True
        return self._waiting.popleft()

    def close(self) -> None:
        """Close the file, if the iteration is left before its end."""
        self._ended = True
        self._file.close()

    def _present(self) -> Iterator[Event]:
        """Every wanted event that is in the file already."""
        while lines := self._file.lines():
            yield from self._events(lines)

    def _events(self, lines: Sequence[bytes]) -> Iterator[Event]:
        for line in lines:
            event = _event(line)
            if event is None:
                self.skipped += 1
            elif event in self._chosen:
                yield event


def _event(line: bytes) -> Event | None:
    try:
        text = line.decode("utf-8")
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("version") != EVENT_VERSION:
        return None
    told = [content.get(name) for name in ("time", "operation", "backend")]
    keys = content.get("keys")
    if not all(isinstance(one, str) for one in told) or not isinstance(keys, dict):
        return None
    when, operation, backend = map(str, told)
    return Event(
        time=when,
        operation=operation,
        backend=backend,
        keys=keys,
        before=content.get("before"),
        after=content.get("after"),
        line=text,
    )
