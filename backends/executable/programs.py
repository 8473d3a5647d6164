"""Which add-on is called, where its programs are, and how each is called.

    <interpreter> <parameters> <directory>/<Command>.<extension> arguments…

The registration is read anew for each call, so registering, activating and removing take effect at once.
"""

import os

from mailaddon import BackendUnusable, InvalidArgument, NotConfigured, NotSupported, registrations
from mailaddon.values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailaddon import MailAddonError
    from mailaddon.operations.model import Operation
    from mailaddon.registrations import Registration

#: The variables of this process that a program gets too, if they are set.
PASSED_ON = (b"HOME", b"LOGNAME", b"PATH", b"TMPDIR", b"TZ", b"USER")
#: The variables that a program gets with these values, so that it writes UTF-8 and does not translate its messages.
FIXED = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
#: The homes of those who are waiting for a program, one per line: an add-on may call an add-on, but not its own caller.
CALLERS = "MAILADDON_CALLERS"


def in_force(home: str, name: str) -> "Registration":
    """The registration of this name, or the active one if the name is "".

    Raises:
        NotConfigured: there is none.
        StorageFailed, UpgradeNeeded: the registrations cannot be read.
    """
    found = registrations.load(home)
    if name:
        for one in found:
            if registrations.same_name(one.name, name):
                return one
        known = ", ".join(one.name for one in found) or "none"
        raise NotConfigured(f"[backends.executable]: no add-on {shown(name)} is registered; registered: {known}")
    for one in found:
        if one.active:
            return one
    if found:
        raise NotConfigured("no add-on is active; `mailaddon addons activate` makes one the active one")
    raise NotConfigured("no add-on is registered; RegisterMailAddon registers one")


def environment(home: str, given: "Mapping[str, str]") -> dict[bytes, bytes]:
    """All of a program's environment.

    Raises:
        NotConfigured: this process was itself started, further up, for the same home.
    """
    callers = os.environ.get(CALLERS, "").split("\n")
    if home in callers:
        raise NotConfigured(
            f"the add-on calls itself: its programs use the home {home}, whose calls they are to answer; give them"
            " another one as MAILADDON_HOME in [backends.executable.environment]"
        )
    inherited = os.environb
    passed_on = {name: inherited[name] for name in PASSED_ON if name in inherited}
    ours = {**FIXED, CALLERS: "\n".join([*filter(None, callers), home]), **given}
    return {b"PATH": os.defpath.encode(), **passed_on, **{name.encode(): ours[name].encode() for name in ours}}


def command_line(registration: "Registration", operation: "Operation", path: str) -> list[str]:
    """What is started for a command, without the command's arguments.

    Args:
        registration: the add-on's.
        operation: the command.
        path: where an interpreter is looked for, as in the variable PATH.

    Raises:
        NotSupported: the add-on has no such program.
        NotConfigured: its folder or its interpreter is not there.
    """
    program = located(registration, operation)
    if not registration.interpreter:
        return [program]
    interpreter = _interpreter(registration, path)
    return [interpreter, *registrations.split_parameters(registration.interpreter_parameters), program]


def located(registration: "Registration", operation: "Operation") -> str:
    """The path of a command's program, which may have any of the command's names, in any case.

    Raises:
        NotSupported: there is none.
        NotConfigured: the add-on's folder cannot be read.
    """
    folder = registration.directory
    ending = f".{registration.extension}" if registration.extension else ""
    expected = os.path.join(folder, operation.command + ending)
    if os.path.isfile(expected.encode()):
        return expected
    names = [f"{name}{ending}".lower().encode() for name in operation.names]
    try:
        present = sorted(os.listdir(folder.encode()))
    except OSError as error:
        raise NotConfigured(
            f"the folder {folder} of the add-on {registration.name} cannot be read: {error.strerror}; register it again"
            " with --directory"
        ) from None
    for name in names:
        for found in present:
            if found.lower() == name and os.path.isfile(os.path.join(folder.encode(), found)):
                return os.path.join(folder, found.decode("ascii"))
    raise NotSupported(
        f"cannot locate the corresponding executable or script: the add-on {registration.name} has no"
        f" {operation.command}{ending} in {folder}"
    )


def _interpreter(registration: "Registration", path: str) -> str:
    name = registration.interpreter
    if os.path.isabs(name):
        return name  # what is wrong with it, the system says when it is started
    if os.sep not in name:
        for folder in path.split(os.pathsep):
            found = f"{folder}{os.sep}{name}"
            # What is not there is found out by the cheaper question; most folders do not have it.
            if folder.startswith(os.sep) and os.access(found, os.X_OK) and os.path.isfile(found):
                return found
    raise NotConfigured(
        f"the interpreter {shown(name)} of the add-on {registration.name} is not found in {path}; register it with its"
        " absolute path"
    )


def not_started(command: "Sequence[str]", error: OSError) -> "MailAddonError":
    """Why a program could not be started, and what would be right."""
    import errno

    started = command[0]
    if error.errno == errno.ENOENT:
        there = os.path.exists(started.encode())
        reason = "the interpreter in its first line is not there" if there else "it is not there"
    elif error.errno == errno.EACCES:
        return BackendUnusable(
            f"{started} cannot be executed by user {os.geteuid()}: give it the run bit (chmod +x), or register the"
            " add-on with an interpreter"
        )
    elif error.errno == errno.ENOEXEC:
        return BackendUnusable(
            f"{started} is no program for this machine: it was built for another one, or it is a script whose first"
            " line does not begin with #!; register the add-on with an interpreter"
        )
    elif error.errno == errno.E2BIG:
        longest = max(len(argument.encode()) for argument in command)
        return InvalidArgument(
            f"the arguments are longer than this system can pass to a program; the longest has {longest} octets"
        )
    else:
        reason = error.strerror or str(error)
    return BackendUnusable(f"{started} cannot be started: {reason}")
