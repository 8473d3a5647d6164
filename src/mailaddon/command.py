"""The life of an E* command, from its arguments to its exit status.

1. The arguments are decoded and validated against the operation table. Nothing else has been loaded so far.
2. The service is opened: home, settings, backend.
3. The operation runs, and what it returns is printed: whole, or not at all.
4. A refusal becomes one line, and the process ends with 0 or 1 whatever happened.

Standard streams are used as file descriptors: what is printed is UTF-8 whatever the locale, and the interpreter's own
shutdown, which could still fail or print something, is not part of a command.
"""

import _signal  # type: ignore[import-not-found] # what signal is made of, without importing enum
import gc
import os
import sys

from .errors import InternalError, InvalidArgument, MailAddonError, StorageFailed
from .values import Secret, decode, masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from .operations.model import Operation
    from .service import Service

    Perform = Callable[[str, Sequence[str], list[str]], str]

_STDOUT = 1
_STDERR = 2
_LINE_END = os.linesep
ERROR_LOG = os.path.join("log", "errors.log")
#: How many objects a command makes before cycles among them are looked for. Loading modules makes thousands that all
#: stay, and looking through them again and again would cost more than the command's own work.
_GARBAGE = 50_000


def main(program: str) -> "NoReturn":
    """Run the command as this process: arguments from `sys.argv`, results on standard output, and exit 0 or 1."""
    run(program, _perform)


def main_with(program: str, argv: "Sequence[str]", backend: str) -> "NoReturn":
    """Run a command as this process, with these arguments and this backend, whatever the settings say of it."""

    def perform(program: str, argv: "Sequence[str]", secrets: list[str]) -> str:
        return _perform(program, argv, secrets, backend)

    run(program, perform, argv)


def run(program: str, perform: "Perform", argv: "Sequence[str] | None" = None) -> "NoReturn":
    """Be the process of a command whose work is `perform`: everything about it but the work itself.

    Args:
        program: the command's name, as messages show it.
        perform: gets the program's name, the arguments as they stand in `sys.argv`, and a list into which it puts the
            passwords among them, which then never reach the log. It returns what is printed, and refuses by raising.
        argv: the arguments; None for those of `sys.argv`.
    """
    gc.set_threshold(_GARBAGE)
    _end_on_signals(program)
    stdout_open = _keep_standard_descriptors()
    sys.stdout = sys.stderr  # what a plugin prints is no result
    status = 1
    try:
        status = _run(program, perform, sys.argv[1:] if argv is None else argv, stdout_open=stdout_open)
    finally:
        # Nothing is left to do, and the interpreter's shutdown costs more than some commands.
        os._exit(status)


def _run(program: str, perform: "Perform", argv: "Sequence[str]", *, stdout_open: bool) -> int:
    secrets: list[str] = []
    try:
        become_owner_of_home()
        _write(perform(program, argv, secrets), stdout_open=stdout_open)
    except MailAddonError as error:
        _refuse(program, error)
    except BaseException as error:  # noqa: BLE001 - a caller gets a line and a status, whatever went wrong
        _refuse(program, logged(program, error, secrets))
    else:
        return 0
    return 1


def become_owner_of_home() -> None:
    """Where root works in somebody else's home, become its owner.

    Raises:
        NotConfigured: the owner has no name.
    """
    from . import home

    try:
        path = home.locate()
    except MailAddonError:
        return  # what needs a home will say so
    home.become_owner(path)


def _perform(program: str, argv: "Sequence[str]", secrets: list[str], backend: str = "") -> str:
    from .operations import find

    operation = find(program)
    if len(argv) == 1 and argv[0] in {"--help", "--version"}:
        return information(operation, program, argv[0])
    try:
        fields = operation.parse(decoded(operation, argv))
        secrets += [value for value in fields.values() if isinstance(value, Secret)]
        opened = _opened(backend)
    except MailAddonError as error:
        from .home import TRACE

        if os.environ.get(TRACE):
            from ._tracing import refused

            refused(operation, argv, error)
        raise
    with opened as service:
        return printed(operation, service.call(operation, fields))


def decoded(operation: "Operation", argv: "Sequence[str]") -> list[str]:
    """Arguments as they stand in `sys.argv`, as the UTF-8 texts that the caller meant.

    Raises:
        UsageError: their number is wrong.
        InvalidArgument: one of them is not UTF-8; the error names the parameter.
    """
    arguments = []
    for parameter, argument in zip(operation.form(len(argv)), argv, strict=True):
        try:
            arguments.append(decode(argument))
        except InvalidArgument as error:
            error.parameter = parameter.name
            raise
    return arguments


def _opened(backend: str) -> "Service":
    from .service import Service

    return Service.open(backend=backend)


def printed(operation: "Operation", result: "Any") -> str:
    """A result as a command prints it."""
    if result is None:
        return ""
    if operation.output == "lines":
        return "".join([line + _LINE_END for line in result])
    if operation.output == "autoresponder":
        return str(result.subject) + _LINE_END + str(result.message)
    return str(result) + _LINE_END


def information(operation: "Operation", program: str, option: str) -> str:
    """What a command prints for `--help` or `--version`."""
    if option == "--version":
        from . import __version__, _bundle

        bundle = f" in {_bundle['title']}" if "title" in _bundle else ""
        return f"{program} {__version__}{bundle}{_LINE_END}"
    from ._help import manual

    return manual(operation, program)


def _write(text: str, *, stdout_open: bool) -> None:
    if not text:
        return
    if not stdout_open:
        raise StorageFailed("standard output is closed, so the result cannot be printed")
    content = memoryview(text.encode())
    while content:
        try:
            content = content[os.write(_STDOUT, content) :]
        except BlockingIOError:
            import select

            select.select([], [_STDOUT], [])
        except OSError as error:
            raise StorageFailed(f"the result cannot be written to standard output: {error.strerror}") from None


def _refuse(program: str, error: MailAddonError) -> None:
    line = f"{program}: {error} [{error.code}]{_LINE_END}".encode("utf-8", "backslashreplace")
    where = _message_descriptors()
    for descriptor in where:
        try:
            os.write(descriptor, line)
        except OSError:
            continue  # nobody listens; the exit status still says it


def _message_descriptors() -> tuple[int, ...]:
    from . import home

    try:
        path = home.locate()
        if not _may_set(os.path.join(path, home.SETTINGS_FILE), b"messages"):
            return (_STDERR,)
        from . import settings

        chosen = settings.load(path)["messages"]
    except MailAddonError:
        chosen = "stderr"
    return {"stdout": (_STDOUT,), "both": (_STDERR, _STDOUT)}.get(chosen, (_STDERR,))


def _may_set(path: str, key: bytes) -> bool:
    """Whether a TOML file may have a key: its name is there, or an escape that may stand for it."""
    try:
        with open(path, "rb", buffering=0) as file:
            content = file.read()
    except OSError:
        return False
    return key in content or b"\\" in content


def logged(program: str, error: BaseException, secrets: "Sequence[str]", folder: str = "") -> MailAddonError:
    """Log a defect under a reference, and say so. No password reaches the log, whoever put it into the exception.

    Args:
        program: whose defect it is.
        error: the defect.
        secrets: the passwords that may be in it.
        folder: the home; "" for the environment's.
    """
    import time
    import traceback

    from . import home

    now = time.time()
    reference = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now)) + f"-{os.getpid()}"
    details = "".join(traceback.format_exception(error))
    details = masked(details, secrets, least=1)
    try:
        path = os.path.join(folder or home.locate(), ERROR_LOG)
        home.ensure(os.path.dirname(path))
        home.append_line(path, f"{reference} {program}\n{details}\n".encode("utf-8", "backslashreplace"))
    except (OSError, MailAddonError):
        path = "no log, it cannot be written"
    return InternalError(f"internal error, reference {reference}; details in {path}")


def _end_on_signals(program: str) -> None:
    """A terminated command exits with 1, as the guide wants, and whatever it had not committed has not happened."""

    def end(number: int, _frame: object) -> None:
        try:
            os.write(_STDERR, f"{program}: ended by signal {number} [interrupted]\n".encode())
        finally:
            os._exit(1)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(_signal, name):
            _signal.signal(getattr(_signal, name), end)


def _keep_standard_descriptors() -> bool:
    """Occupy closed standard descriptors, so that no file of ours becomes one; whether standard output was open."""
    was_open = sys.stdout is not None
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        for descriptor in (0, _STDOUT, _STDERR):
            try:
                os.fstat(descriptor)
            except OSError:
                os.open(os.devnull, os.O_RDWR)
    return was_open
