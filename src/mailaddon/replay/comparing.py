"""What comes of a call that is run again, and whether it is what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._arguments import validated
from .._record import Record
from .._tracing import plain
from ..errors import MailAddonError

if TYPE_CHECKING:
    from ..service import Service
    from .reading import Recorded
    from .standing_in import StandIns

#: Fields of results that the backend numbers itself.
_NUMBERED = {"id"}


class Outcome(Record):
    """What came of a call: a result, or the code and the sentence of an error."""

    ok: bool
    result: Any = None
    code: str = ""
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """The JSON form: `{"ok", "result"}` or `{"ok", "error": {"code", "message"}}`."""
        if self.ok:
            return {"ok": True, "result": self.result}
        return {"ok": False, "error": {"code": self.code, "message": self.message}}


class Difference(Record):
    """A call that came out otherwise, or a line that cannot be read.

    Attributes:
        line: the number of the line in the trace.
        operation: what was called; "" for a line that cannot be read.
        arguments: as the trace has them.
        recorded: what came of it then.
        replayed: what comes of it now.
        reason: why a line cannot be read.
    """

    line: int
    operation: str = ""
    arguments: list[Any] = []  # noqa: RUF012 - a default of an immutable record, never written to
    recorded: Outcome | None = None
    replayed: Outcome | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The JSON form: all fields; the outcomes as objects, or null."""
        return {
            **self.as_dict(),
            "operation": self.operation or None,
            "recorded": self.recorded.as_json() if self.recorded else None,
            "replayed": self.replayed.as_json() if self.replayed else None,
        }


def outcome(service: Service, call: Recorded, stand_ins: StandIns) -> Outcome:
    """Run a call again."""
    operation = call.operation
    try:
        fields = validated(operation, stand_ins.arguments(operation, call.arguments), service.home)
        result = service.call(operation, fields)
    except MailAddonError as error:
        return Outcome(ok=False, code=error.code, message=str(stand_ins.result(" ".join(error.message.split()))))
    except Exception as error:  # noqa: BLE001 - a defect is an outcome, and was recorded as one
        return Outcome(ok=False, code="internal", message=type(error).__name__)
    return Outcome(ok=True, result=stand_ins.result(plain(result)))


def compared(call: Recorded, found: Outcome) -> Difference | None:
    """How a call came out otherwise; None if it did not. Sentences of errors may differ."""
    recorded = Outcome(ok=call.ok, result=call.result, code=call.code, message=call.message)
    if (call.ok, call.code) == (found.ok, found.code) and (not call.ok or _same(call.result, found.result)):
        return None
    return Difference(
        line=call.line,
        operation=call.operation.command,
        arguments=call.arguments,
        recorded=recorded,
        replayed=found,
    )


def _same(recorded: Any, found: Any) -> bool:
    if isinstance(recorded, dict) and isinstance(recorded.get("secret"), str):
        return isinstance(found, str) and found != ""
    if isinstance(recorded, dict) and isinstance(found, dict):
        return recorded.keys() == found.keys() and all(
            key in _NUMBERED or _same(value, found[key]) for key, value in recorded.items()
        )
    if isinstance(recorded, list) and isinstance(found, list):
        return len(recorded) == len(found) and all(map(_same, recorded, found))
    return bool(recorded == found)
