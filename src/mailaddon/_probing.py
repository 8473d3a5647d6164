"""Which of a backend's programs are there, can be started, and answer; nothing is changed by finding out.

A careless script may do harm when it is started with arguments that are not what it expects. So a program that changes
something is never started, not even for its help. Whether it could be is seen from outside. Only those that read and
print are asked, about names that cannot exist (RFC 2606), unless the caller gives others.
"""

from __future__ import annotations

from . import registrations
from ._loading import load
from ._panel.records import Probed
from .errors import AddonFailed, MailAddonError, NotSupported, UsageError
from .operations import COMMANDS, find
from .service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from .operations.model import Operation
    from .settings import Settings

#: What the codes of refusals mean that are more than an answer.
_NO_ANSWERS = {
    "unavailable": "late",
    "backend-unusable": "unusable",
    "storage-failed": "unusable",
    "upgrade-needed": "unusable",
    "bad-result": "wrong-answer",
    "internal": "wrong-answer",
    "interrupted": "wrong-answer",
    "usage": "wrong-answer",
}
_EXECUTABLE = "executable"
#: The subject of a problem that the executable's check has found with the add-on as a whole.
_WHOLE = "add-on"
_USUAL_SECONDS = 300


def invented() -> str:
    """A name that nobody has."""
    import secrets

    return f"probe-{secrets.token_hex(4)}"


def probe(service: Service, domain: str = "", user: str = "", seconds: int = 30) -> Iterator[Probed]:
    """Look at each program in turn; see `Panel.probe`.

    Raises:
        UsageError, InvalidArgument: domain and user are unfit.
        MailAddonError: no add-on can be called.
    """
    if user and not domain:
        raise UsageError("a user is looked for in a domain; give that too")
    name = invented()
    known = {"domain": domain or f"{name}.invalid", "user": user or name, "name": name}
    find("EGetForwardList").parse([known["domain"], known["user"]])
    addon = service.backend.addon()
    return _probed(service, known, addon, seconds)


def _probed(
    service: Service, known: Mapping[str, str], addon: registrations.Registration | None, seconds: int
) -> Iterator[Probed]:
    expected = COMMANDS if addon is None else registrations.expected_programs(addon)
    broken = {one.subject: one.problem for one in service.backend.problems() if one.severe}
    with _impatient(service, seconds) as asking:
        for operation in COMMANDS:
            if operation not in expected:
                state, found = "not-in-3.x", "3.X had no such command"
            elif reason := service.backend.lacking(operation.hook):
                state, found = "missing", reason
            elif reason := broken.get(operation.command) or broken.get(_WHOLE, ""):
                state, found = "unusable", reason
            elif operation.changes or operation.output == "none":
                state, found = "present", "not asked, as it may change something"
            else:
                state, found = _asked(asking, operation, known)
            yield Probed(command=operation.command, state=state, found=found)
    for command in registrations.deleted_programs(addon) if addon else ():
        yield Probed(command=command, state="deleted", found="a command of 3.X that 10.3.1 has deleted; not asked")


def _impatient(service: Service, seconds: int) -> Service:
    """The same service, which gives a program no more than so many seconds."""
    import copy

    settings: Settings = copy.copy(service.settings)
    table: dict[str, Any] = dict(settings.backends.get(_EXECUTABLE, {}))
    table["timeout"] = min(table.get("timeout", _USUAL_SECONDS), seconds)
    table["timeouts"] = {command: min(given, seconds) for command, given in table.get("timeouts", {}).items()}
    settings.backends = {**settings.backends, _EXECUTABLE: table}
    return Service(service.home, settings, load(service.backend.name, service.home, settings))


def _asked(service: Service, operation: Operation, known: Mapping[str, str]) -> tuple[str, str]:
    """What becomes of asking; only for what reads and prints."""
    assert not operation.changes
    assert operation.output != "none"
    arguments = [known.get(one.field, one.kind.example) for one in operation.parameters]
    try:
        result = service.run(operation, arguments)
    except NotSupported as error:
        return "missing", str(error)
    except MailAddonError as error:
        state = _NO_ANSWERS.get(error.code, "answers")
        if isinstance(error, AddonFailed) and error.program_status < 0:
            state = "wrong-answer"  # it has crashed
        return state, f"{error} [{error.code}]"
    if isinstance(result, list):
        return "answers", f"{len(result)} {'line' if len(result) == 1 else 'lines'}"
    return "answers", "nothing" if result is None else "a result"
