"""What `MAILADDON_TRACE=FILE` asks for: each call as a JSON line, so that it can be run again elsewhere.

    {"version": 1, "kind": "call", "time": …, "microseconds": …, "pid": …, "sdk": …, "operation": "EAddUser",
     "hook": "add_user", "backend": "embedded", "target": "module:attr", "transaction": null,
     "arguments": ["xyz.com", "u1", {"secret": "3f…"}, …], "ok": true, "result": null, "error": null}

In place of a password stands what the same password always gives, and only with a key that is not in the trace. A line
is one write, so lines of many processes never mix. Nothing here may change what becomes of a call. This module is
imported by processes that trace, and by no other.
"""

import os
import time

from . import __version__
from . import home as _home
from ._json import encode
from ._record import Record
from .errors import MailAddonError, UsageError
from .home import TRACE
from .values import MAX_PASSWORD, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .operations.model import Operation, Parameter
    from .service import Service

#: The version of a line; it changes only when a field changes its meaning or goes.
VERSION = 1
#: What a password is that is refused, or is none: its stand-in has to be one of the same kind.
TOO_LONG, WITH_NUL, HASH = "too-long", "with-nul", "hash"
_KEY = ".trace.key"
_KEY_OCTETS = 32
_ID_DIGITS = 16
#: A password shorter than this (characters) may be part of any word, so it cannot be masked in a sentence.
_TELLING = 6
#: Results that are secrets.
_SECRET_RESULTS = {"get_password_hash"}
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_KEYS: dict[str, bytes] = {}
_WARNED: list[str] = []


def traced(
    service: "Service", operation: "Operation", fields: "dict[str, Any]", transaction: str
) -> "tuple[Any, bytes]":
    """As `Service.performed`, and recorded."""
    began, clock = time.time(), time.perf_counter_ns()
    result, error = None, None
    try:
        result, event = service.performed(operation, fields)
    except BaseException as raised:
        error = raised
        raise
    else:
        return result, event
    finally:
        microseconds = (time.perf_counter_ns() - clock) // 1000
        try:
            content = {
                **_head("call", began),
                "microseconds": microseconds,
                "operation": operation.command,
                "hook": operation.hook,
                "backend": service.backend.name,
                "target": service.backend.target,
                "transaction": transaction or None,
                "arguments": _arguments(operation, fields, service.home),
                **_outcome(operation, result, error, fields.values(), service.home),
            }
            _append(content)
        except Exception as trouble:  # noqa: BLE001 - whatever is wrong with the trace, the call is what it is
            _warn(trouble)


def refused(operation: "Operation", arguments: "Sequence[str]", error: MailAddonError, home: str = "") -> None:
    """Record a call that has not come as far as to a backend."""
    try:
        content = {
            **_head("call", time.time()),
            "microseconds": 0,
            "operation": operation.command,
            "hook": operation.hook,
            "backend": None,
            "target": None,
            "transaction": None,
            "arguments": _raw(operation, arguments, home),
            **_outcome(operation, None, error, (), home),
        }
        _append(content)
    except Exception as trouble:  # noqa: BLE001 - as above
        _warn(trouble)


def begun() -> str:
    """A name for a transaction of several calls."""
    return f"{os.getpid()}-{time.monotonic_ns()}"


def ended(transaction: str, *, committed: bool) -> None:
    """Record what became of a transaction of several calls."""
    try:
        _append({**_head("end", time.time()), "transaction": transaction, "committed": committed})
    except Exception as trouble:  # noqa: BLE001 - as above
        _warn(trouble)


def plain(value: object) -> "Any":
    """A result as it stands in a trace: records as objects."""
    if isinstance(value, Record):
        return {key: plain(item) for key, item in value.as_dict().items()}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)


def _head(kind: str, now: float) -> "dict[str, Any]":
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z"
    return {"version": VERSION, "kind": kind, "time": moment, "pid": os.getpid(), "sdk": __version__}


def _outcome(
    operation: "Operation", result: object, error: BaseException | None, values: "Any", home: str
) -> "dict[str, Any]":
    if error is None:
        secret = operation.hook in _SECRET_RESULTS
        return {"ok": True, "result": _stand_in(str(result), home) if secret else plain(result), "error": None}
    # What the service could not mask in the sentence, as it is too short, must not be found in it.
    hidden = any(isinstance(value, Secret) and 0 < len(value) < _TELLING for value in values)
    failure = {"code": "internal", "message": type(error).__name__, "parameter": "", "retryable": False}
    if isinstance(error, MailAddonError):
        failure = {
            "code": error.code,
            "message": "" if hidden else " ".join(error.message.split()),
            "parameter": error.parameter,
            "retryable": error.retryable,
        }
    return {"ok": False, "result": None, "error": failure}


def _arguments(operation: "Operation", fields: "dict[str, Any]", home: str) -> "list[Any]":
    longer = operation.longer and all(fields.get(parameter.field) is not None for parameter in operation.longer)
    form = operation.longer if longer else operation.parameters
    return [
        _shown(parameter, parameter.kind.write(fields[parameter.field]), home)
        for parameter in form
        if parameter.field in fields
    ]


def _raw(operation: "Operation", arguments: "Sequence[str]", home: str) -> "list[Any]":
    """Arguments as they came. Where their number is wrong, nobody knows which one is a password."""
    try:
        return [
            _shown(parameter, argument, home)
            for parameter, argument in zip(operation.form(len(arguments)), arguments, strict=True)
        ]
    except UsageError:
        secret = any(parameter.kind.secret for parameter in (*operation.parameters, *operation.longer))
        return [_stand_in(argument, home) if secret and argument else str(argument) for argument in arguments]


def _shown(parameter: "Parameter", text: str, home: str) -> "Any":
    return _stand_in(text, home) if parameter.kind.secret and text else str(text)


def _stand_in(secret: str, home: str) -> dict[str, str]:
    import hashlib
    import hmac

    octets = secret.encode("utf-8", "surrogatepass")
    found = {"secret": hmac.new(_key(home), octets, hashlib.sha256).hexdigest()[:_ID_DIGITS]}
    if len(octets) > MAX_PASSWORD:
        found["form"] = TOO_LONG
    elif "\0" in secret:
        found["form"] = WITH_NUL
    elif secret.startswith("{") and "}" in secret:
        found["form"] = HASH
    return found


def _key(home: str) -> bytes:
    """The key of a home, made when it is first needed; another one for each process where there is no home yet."""
    try:
        home = home or _home.locate()
    except MailAddonError:
        home = ""
    if home not in _KEYS:
        _KEYS[home] = _kept_key(os.path.join(home, _KEY)) if os.path.isdir(home) else os.urandom(_KEY_OCTETS)
    return _KEYS[home]


def _kept_key(path: str) -> bytes:
    made = os.urandom(_KEY_OCTETS)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        if not os.path.exists(path):
            _home.replace_file(temporary, made)
            try:
                os.link(temporary, path)  # of several processes one is the first, and its key is everybody's
            except FileExistsError:
                pass
            finally:
                os.unlink(temporary)
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return made  # within this process, the same password still gives the same


def _append(content: "dict[str, Any]") -> None:
    # What is no UTF-8 in an argument becomes its JSON escape.
    line = encode(content).encode("utf-8", "backslashreplace") + b"\n"
    descriptor = os.open(os.environ[TRACE], _FLAGS, _home.PRIVATE_FILE)
    try:
        written = os.write(descriptor, line)
    finally:
        os.close(descriptor)
    if written != len(line):
        raise OSError(f"{written} of {len(line)} octets of a line were written")


def _warn(trouble: Exception) -> None:
    """Say once, on standard error only, that there is no trace; the call's result and status stay what they are."""
    if _WARNED:
        return
    reason = getattr(trouble, "strerror", None) or f"{trouble}" or type(trouble).__name__
    _WARNED.append(reason)
    line = f"mailaddon: warning: the trace {os.environ.get(TRACE)!r} cannot be written: {reason}\n"
    try:
        os.write(2, line.encode("utf-8", "backslashreplace"))
    except OSError:
        return  # nobody listens
