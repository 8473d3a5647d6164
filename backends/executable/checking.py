"""What `mailaddon doctor` says about the add-on in force: why it cannot be called, or which programs it lacks."""

import errno
import os

from mailaddon import MailAddonError
from mailaddon.records import Problem
from mailaddon.registrations import expected_programs

from . import programs
from .calling import Addon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .options import Options

_SAID = "the message says it"


def problems(home: str, options: "Options") -> list[Problem]:
    """Every reason why a command would be refused before its program starts."""
    try:
        addon = Addon(home, options)
        path = os.fsdecode(programs.environment(home, options.environment)[b"PATH"])
    except MailAddonError as error:
        return [Problem(subject="add-on", problem=str(error), mend=_SAID)]
    found = []
    for operation in expected_programs(addon.registration):
        try:
            started = programs.command_line(addon.registration, operation, path)[0]
        except MailAddonError as error:
            if error.code != "not-supported":
                return [Problem(subject="add-on", problem=str(error), mend=_SAID)]  # the same would be said of each
            mend = "leave it, if the mail server cannot do that"
            found.append(Problem(subject=operation.command, problem=str(error), mend=mend, severe=False))
            continue
        if not os.access(started.encode(), os.X_OK):
            reason = programs.not_started([started], OSError(errno.EACCES, os.strerror(errno.EACCES)))
            found.append(Problem(subject=operation.command, problem=str(reason), mend=_SAID))
    return found
