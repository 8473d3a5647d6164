"""RegisterMailAddon: makes an add-on known to the panel, and says which of its programs are missing.

    RegisterMailAddon VendorName MailServerName MailServerVersion MailAPIExtension MailAPIInterpreter
        MailAPIInterpreterParams [3.XCompliantAPI] [--directory DIR]

The arguments are the guide's. `--directory DIR` or `--directory=DIR` may stand before or after them; it is an option
only where the number of arguments shows that it cannot be one of the guide's.

Whoever registers the programs of this installation registers the backend behind them, so that is asked first whether it
could work now; one that could not is refused, with the reason and the mend.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mailaddon import home, registrations
from mailaddon.command import decoded, information, run
from mailaddon.errors import InvalidArgument, NotConfigured, NotFound, Unavailable, UsageError
from mailaddon.operations import REGISTER
from mailaddon.registrations import Registration, expected_programs, missing_programs

PROGRAM = "RegisterMailAddon"
_OPTION = "--directory"
_FORMS = (6, 7)
_NAMED = 3  # missing programs that the warning names


def main() -> NoReturn:
    """Run RegisterMailAddon as this process: exit 0 or 1."""
    run(PROGRAM, _perform)


def _perform(program: str, argv: Sequence[str], _secrets: list[str]) -> str:
    if len(argv) == 1 and argv[0] in {"--help", "--version"}:
        return information(REGISTER, program, argv[0])
    arguments, directory = split(argv)
    fields = REGISTER.parse(decoded(REGISTER, arguments))
    fields.setdefault("compliant_3x", False)
    registration = Registration(**fields, directory=_existing_folder(directory))
    absent = missing_programs(registration)
    if _is_this_installation(registration):
        _check_ready()
    registrations.register(home.locate(), registration)
    if absent:
        _warn(program, registration, absent)
    return ""


def split(argv: Sequence[str]) -> tuple[list[str], str]:
    """The guide's arguments, and the value of `--directory`, or "" without the option.

    Raises:
        UsageError: the option stands at both ends.
    """
    arguments = list(argv)
    if len(arguments) - 2 in _FORMS:
        if arguments[0] == _OPTION:
            return arguments[2:], arguments[1]
        if arguments[-2] == _OPTION:
            return arguments[:-2], arguments[-1]
    directory = ""
    for place in (0, -1):
        if len(arguments) - 1 in _FORMS and arguments[place].startswith(f"{_OPTION}="):
            if directory:
                raise UsageError(f"{_OPTION} is given twice")
            directory = arguments.pop(place).partition("=")[2]
    return arguments, directory


def _is_this_installation(registration: Registration) -> bool:
    folder = os.path.dirname(os.path.abspath(sys.executable if getattr(sys, "frozen", False) else sys.argv[0]))
    try:
        return os.path.samefile(os.fsencode(registration.directory), os.fsencode(folder))
    except OSError:
        return False


def _check_ready() -> None:
    """Make sure that the configured backend could work now. One that itself calls add-ons is the panel's own business.

    Raises:
        NotConfigured, Unavailable: it could not.
        MailAddonError: it cannot be loaded, or its check cannot be understood.
    """
    from mailaddon.readiness import probe
    from mailaddon.service import Service

    with Service.open() as service:
        if hasattr(service.backend.plugin, "addon"):
            return
        found = probe(service.backend)
    severe = [problem for problem in found.problems if problem.severe]
    if not severe:
        return
    first = severe[0]
    why = f"{first.subject}: {first.problem} ({first.code}); mend: {first.mend}"
    more = f"; {len(severe) - 1} more, `mailaddon doctor` has them all" if len(severe) > 1 else ""
    refusal = Unavailable if first.code == "unreachable" else NotConfigured
    raise refusal(f"the backend {found.backend} is not ready: {why}{more}")


def _existing_folder(argument: str) -> str:
    """The folder as an absolute path. Its octets are used as they came, whatever the locale makes of them."""
    try:
        path = os.path.abspath(os.fsencode(argument))
    except FileNotFoundError:  # a relative path, or none, and the current folder has been removed
        raise NotFound("the current folder does not exist any more", parameter=_OPTION) from None
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument("the text is not valid UTF-8", parameter=_OPTION) from None
    if not os.path.isdir(path):
        raise NotFound(f"there is no folder {text!r}", parameter=_OPTION)
    return text


def _warn(program: str, registration: Registration, absent: Sequence[str]) -> None:
    some = ", ".join(absent[:_NAMED]) + (", …" if len(absent) > _NAMED else "")
    where = f"missing in {registration.directory!r}"
    line = f"{program}: warning: {len(absent)} of {len(expected_programs(registration))} programs are {where}: {some}\n"
    try:
        os.write(2, line.replace("\n", os.linesep).encode("utf-8", "backslashreplace"))
    except OSError:
        return  # nobody listens
