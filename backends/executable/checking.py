"""What `mailaddon doctor` says about the add-on in force: why it cannot be called, or which programs it lacks."""

import errno
import os

from mailaddon import MailAddonError
from mailaddon.readiness import reason_of
from mailaddon.registrations import expected_programs

from . import programs
from .calling import Addon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.records import Problem

    from .options import Options


def problems(home: str, options: "Options") -> "list[Problem]":
    """Every reason why a command would be refused before its program starts."""
    try:
        addon = Addon(home, options)
        path = os.fsdecode(programs.environment(home, options.environment)[b"PATH"])
    except MailAddonError as error:
        return [reason_of(error, "add-on")]
    found = []
    for operation in expected_programs(addon.registration):
        try:
            started = programs.command_line(addon.registration, operation, path)[0]
        except MailAddonError as error:
            if error.code != "not-supported":
                return [reason_of(error, "add-on")]  # the same would be said of each
            mend = "leave it, if the mail server cannot do that"
            found.append(reason_of(error, operation.command).replace(mend=mend, severe=False))
            continue
        if not os.access(started.encode(), os.X_OK):
            reason = programs.not_started([started], OSError(errno.EACCES, os.strerror(errno.EACCES)))
            found.append(reason_of(reason, operation.command).replace(code="no-permission"))
    return found
