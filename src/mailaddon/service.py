"""One operation on one backend: what every front door calls.

Validate the arguments, call the hook, check what it returned, write one change event. A service may be used from
several threads as far as its backend may; the built-in ones may.
"""

import os

from . import home as _home
from . import records
from . import settings as _settings
from ._loading import LoadedBackend, load
from .errors import BadResult, MailAddonError
from .values import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from .operations.model import Operation
    from .settings import Settings
    from .transactions import ServiceTransaction

EVENTS = "events.jsonl"
#: The version of an event line; it changes only when a field changes its meaning or goes.
EVENT_VERSION = 1


class Service:
    """A backend behind the operation table.

    Attributes:
        home: the folder of all state.
        settings: the settings in force.
        backend: what is driven.
    """

    __slots__ = ("backend", "home", "settings")

    def __init__(self, home: str, settings: "Settings", backend: LoadedBackend) -> None:
        self.home = home
        self.settings = settings
        self.backend = backend

    @classmethod
    def open(cls, home: str = "", backend: str = "") -> "Self":
        """The service that the environment and the settings describe.

        Args:
            home: the folder of all state; "" for `MAILADDON_HOME` or the platform's place.
            backend: the backend's name; "" for the configured one.

        Raises:
            NotConfigured: the home cannot be made, or a setting is unfit.
            BackendUnusable: the backend cannot be loaded.
        """
        home = home or _home.locate()
        _home.ensure(home)
        settings = _settings.load(home)
        return cls(home, settings, load(backend or settings["backend"], home, settings))

    def close(self) -> None:
        """Let the backend give back what it holds."""
        self.backend.close()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def run(self, operation: "Operation", arguments: "Sequence[str]") -> "Any":
        """Run an operation with positional arguments, as a command does.

        Raises:
            MailAddonError: as `call`, and for a wrong number of arguments or an unfit one.
        """
        from ._arguments import validated

        return self.call(operation, validated(operation, arguments, self.home))

    def call(self, operation: "Operation", fields: "dict[str, Any]") -> "Any":
        """Run an operation with the validated fields of its request.

        Returns:
            None, a sorted list of texts, a text, or a record, as the operation's `output` says.

        Raises:
            MailAddonError: the backend refused, or broke the contract.
        """
        result, event = self.called(operation, fields)
        if event:
            self.tell(event)
        return result

    def transaction(self, *, rehearsal: bool = False) -> "ServiceTransaction":
        """Make calls in one `with` block one transaction.

        Args:
            rehearsal: undo everything at the end, and do nothing that could be noticed meanwhile.

        Raises:
            NotSupported: the backend has no transactions of several calls.
        """
        from .transactions import ServiceTransaction

        return ServiceTransaction(self, rehearsal=rehearsal)

    def called(self, operation: "Operation", fields: "dict[str, Any]", transaction: str = "") -> "tuple[Any, bytes]":
        """As `call`, but nobody is told of the change yet: the result, and the line that tells of it, or none.

        Args:
            operation: what to run.
            fields: the validated arguments.
            transaction: what a trace calls the transaction that this is a part of; "" for a call by itself.

        Raises:
            MailAddonError: as `call`.
        """
        if os.environ.get(_home.TRACE):
            from ._tracing import traced

            return traced(self, operation, fields, transaction)
        return self.performed(operation, fields)

    def performed(self, operation: "Operation", fields: "dict[str, Any]") -> "tuple[Any, bytes]":
        """As `called`, without a trace.

        Raises:
            MailAddonError: as `call`.
        """
        request = getattr(records, operation.request)(**fields)
        if operation.placeholder and not self.backend.supports(operation.hook):
            return None, b""
        try:
            result = _checked(operation, self.backend.call(operation.hook, request))
        except MailAddonError as error:
            error.message = masked(error.message, fields.values())
            error.args = (error.message,)  # which its representation shows
            raise
        except SystemExit as error:  # a defect like any other, and its argument would be printed
            raise RuntimeError(f"hook {operation.hook} tried to end the process") from error
        told = operation.changes and self.settings["events"]
        event = self._event(operation, fields, result) if told else b""
        return None if operation.output == "none" else result, event

    def tell(self, events: bytes) -> None:
        """Append change events. The changes themselves are in force already, so nothing here may fail the call."""
        try:
            _home.append_line(os.path.join(self.home, EVENTS), events)
        except OSError:
            return

    def _event(self, operation: "Operation", fields: "dict[str, Any]", change: "records.Change | None") -> bytes:
        import time

        from ._json import encode

        keys = {p.field: fields[p.field] for p in operation.parameters if p.key and p.field in fields}
        now = time.time()
        event = {
            "version": EVENT_VERSION,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z",
            "operation": operation.command,
            "backend": self.backend.name,
            "keys": keys,
            "before": _without(change.before, fields) if change else None,
            "after": _without(change.after, fields) if change else None,
        }
        try:
            line = encode(event)
        except TypeError:  # a plugin's change holds what has no JSON form; that something changed is still said
            line = encode({**event, "before": None, "after": None})
        return line.encode("utf-8", "replace") + b"\n"


def _without(value: "Any", fields: "dict[str, Any]") -> "Any":
    """A part of a change without the passwords of the request."""
    if isinstance(value, dict):
        return {_without(key, fields): _without(item, fields) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without(item, fields) for item in value]
    return masked(value, fields.values()) if isinstance(value, str) else value


def _checked(operation: "Operation", result: "Any") -> "Any":
    """What a hook returned, once it is what the contract says.

    Raises:
        BadResult: it is not.
    """
    wanted = operation.output
    if wanted == "none":
        fits = result is None or type(result) is records.Change
    elif wanted == "lines":
        result = sorted(result, key=str) if hasattr(result, "__iter__") and not isinstance(result, str) else None
        fits = result is not None and all(_is_line(line) for line in result)
    elif wanted == "text":
        fits = _is_line(result)
    elif wanted == "autoresponder":
        fits = result is None or (isinstance(result, records.AutoResponder) and _is_message(result))
    else:
        fits = isinstance(result, getattr(records, wanted))
    if fits:
        return result
    raise BadResult(f"hook {operation.hook} returned {_described(result)}; the contract says {wanted}")


def _is_line(text: object) -> bool:
    return isinstance(text, str) and text != "" and text.isprintable()


def _is_message(found: "records.AutoResponder") -> bool:
    return isinstance(found.subject, str) and isinstance(found.message, str) and not {"\n", "\r"} & set(found.subject)


def _described(result: object) -> str:
    return "None" if result is None else f"a {type(result).__name__} that does not fit"
