"""kill -9 in the middle of a command, and the same command again: it has happened whole, or not at all."""

import subprocess
import time
from functools import partial

from ...operations import COMMANDS
from ...operations.model import Operation
from ..arguments import is_there, prepared
from ..case import Case, Collection
from ..kit import OWNER, USER_FLAGS, Kit
from ..targets import kill

CASES = Collection()
#: When a call is killed, as parts of the time that it takes.
MOMENTS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)


def _killed(kit: Kit, operation: Operation, arguments: list[str], seconds: float) -> None:
    process = kit.target.start(operation.command, *arguments)
    assert process is not None  # the case is for processes only
    kit.note(f"timeout -s KILL {seconds:.3f} {kit.target.shell(operation.command, *arguments)}")
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        process.communicate()


def _again(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    begun = time.monotonic()
    kit.ok(operation.command, *arguments)
    usual = time.monotonic() - begun
    for moment in MOMENTS:
        arguments = prepared(kit, operation)
        _killed(kit, operation, arguments, usual * moment)
        if operation.command.startswith(("EAdd", "EDelete")) and operation.command != "EDeleteAutoResponder":
            _whole(kit, operation, arguments)
        else:
            kit.ok(operation.command, *arguments)
            kit.ok(operation.command, *arguments)


def _whole(kit: Kit, operation: Operation, arguments: list[str]) -> None:
    adds = operation.command.startswith("EAdd")
    happened = is_there(kit, operation, arguments) == adds
    if happened:
        kit.refused(operation.command, *arguments, why="it has happened, although it was killed")
        if operation.command in {"EAddDomain", "EAddUser"}:  # whole: the user is there too, and can be edited
            user = OWNER if operation.command == "EAddDomain" else arguments[1]
            kit.ok("EEditUser", arguments[0], user, "", "Ann", "", "Lee", *USER_FLAGS)
    else:
        kit.ok(operation.command, *arguments)
        if is_there(kit, operation, arguments) != adds:
            kit.fail(f"after a kill {operation.command} succeeds, and nothing comes of it")
    if operation.command in {"EAddDomain", "EAddUser"}:
        kit.ok(
            operation.command.replace("EAdd", "EDelete"), *arguments[: 1 if operation.command == "EAddDomain" else 2]
        )
        kit.ok(operation.command, *arguments)


for _operation in COMMANDS:
    if _operation.changes and _operation.scope != "server" and not _operation.request.endswith("Transfer"):
        CASES.add(
            Case(
                f"faults/{_operation.command}",
                "faults",
                f"{_operation.command} that is killed has happened or not, and goes on from there.",
                (_operation.command,),
                partial(_again, _operation),
                "faults",
                processes=True,
            )
        )
