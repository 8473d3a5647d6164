"""Which programs an add-on has to have, and which of them are missing in its folder."""

import os

from mailaddon.operations import COMMANDS
from mailaddon.operations.model import Operation
from mailaddon.registrations import Registration


def expected(registration: Registration) -> list[Operation]:
    """The commands that the panel calls: all of the guide's, of an add-on for 3.X those that 3.X had."""
    return [one for one in COMMANDS if not registration.compliant_3x or one.legacy_parameters is not None]


def missing(registration: Registration) -> list[str]:
    """The file names, in the guide's order, of the programs that are not in the add-on's folder.

    A file's name counts in any case, and so do the other spellings of a command in the guide.
    """
    ending = f".{registration.extension}" if registration.extension else ""
    try:
        with os.scandir(registration.directory.encode()) as entries:
            present = {os.fsdecode(entry.name).lower() for entry in entries if entry.is_file()}
    except OSError:
        present = set()
    return [
        f"{operation.command}{ending}"
        for operation in expected(registration)
        if not present & {f"{name}{ending}".lower() for name in _names(operation)}
    ]


def _names(operation: Operation) -> set[str]:
    return {operation.command, *operation.other_names, *operation.executables}
