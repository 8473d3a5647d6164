"""Several calls of a service as one transaction of its backend: all of them are in force when it ends, or none is.

A call that is refused takes nothing with it. Change events are held back until the transaction is committed.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any, cast

from .errors import NotSupported
from .home import TRACE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from .operations.model import Operation
    from .service import Service

_IN_MEMORY = 1 << 20  # octets of events; more wait in a file
_AT_ONCE = 1 << 16


class ServiceTransaction:
    """The `with` block of a transaction; of one thread.

    Args:
        service: whose calls.
        rehearsal: undo everything at the end, and do nothing that could be noticed meanwhile.

    Raises:
        NotSupported: the backend has no transactions of several calls.
        MailAddonError: when the block is left: it could not be committed. The error says so if nobody knows.
    """

    def __init__(self, service: Service, *, rehearsal: bool = False) -> None:
        self._service = service
        self._rehearsal = rehearsal
        self._plugin = cast("Any", service.backend.plugin)  # whose methods for this are optional
        if not service.backend.transactional:
            raise NotSupported(f"several calls as one transaction are not supported by {service.backend.name}")
        self._trace = ""
        self._block: AbstractContextManager[object] = self._plugin.transaction(rehearsal=rehearsal)

    def __enter__(self) -> Self:
        self._events = tempfile.SpooledTemporaryFile(_IN_MEMORY)
        if os.environ.get(TRACE):
            from ._tracing import begun

            self._trace = begun()
        self._block.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        committed = False
        try:
            with self._events:
                self._block.__exit__(kind, error, traceback)
                committed = kind is None and not self._rehearsal
                if committed:
                    self._tell()
        finally:
            if self._trace:
                from ._tracing import ended

                ended(self._trace, committed=committed)

    def _tell(self) -> None:
        self._events.seek(0)
        while lines := self._events.readlines(_AT_ONCE):  # whole ones, so they never mix with another process's
            self._service.tell(b"".join(lines))

    def call(self, operation: Operation, fields: dict[str, Any]) -> Any:
        """As `Service.call`.

        Raises:
            NotSupported: the operation cannot be a part of a transaction.
            MailAddonError: as `Service.call`.
        """
        if self._service.backend.alone(operation.hook):
            raise NotSupported(f"{operation.command} cannot be a part of a transaction")
        result, event = self._service.called(operation, fields, self._trace)
        self._events.write(event)
        return result

    def remember(self, name: str, text: str) -> None:
        """Have the backend store a text in the same transaction, if it can: it is there if and only if the calls are.

        Args:
            name: what it is found by again.
            text: "" to forget an earlier one.

        Raises:
            MailAddonError: it cannot be stored.
        """
        remember = getattr(self._plugin, "remember", None)
        if remember is not None:
            remember(name, text)
