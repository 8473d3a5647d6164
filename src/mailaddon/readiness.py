"""Whether a backend could work now, and if not, why: with a code that a program can compare, a sentence and a mend.

A backend's hook `check` connects, looks at rights and versions, and returns a list of `Problem`. It changes nothing.
`probe(loaded)` asks it, and turns what it raises into a reason too. `mailaddon doctor`, `mailaddon backends --ready`,
and RegisterMailAddon show what comes of it.
"""

from __future__ import annotations

from ._record import Record
from .errors import BadResult, MailAddonError
from .records import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ._loading import LoadedBackend

__all__ = ["REASONS", "Readiness", "probe"]

#: code -> when: the closed list of reasons. A vendor adds `x-<vendor>-<name>`. None is ever renamed.
REASONS = {
    "unreachable": "a server, a database or a socket does not answer",
    "no-permission": "the account that runs the commands may not do, read or write something",
    "exposed": "others may read or change what they must not",
    "wrong-version": "a program, a library or a schema has a version that is not known to work",
    "missing-program": "a program or a package is not installed, or cannot be started",
    "missing-file": "a file or a folder that has to be there is not",
    "misconfigured": "a setting, a configuration file or a certificate is wrong or has been changed",
    "not-ready": "it has not been set up yet, or does not run",
    "occupied": "another program has a port or a file that is needed",
    "damaged": "what is stored contradicts itself",
    "behind": "work that has been accepted waits to be done",
    "internal": "the check itself failed",
    "other": "a plugin that gives no code",
}
#: What refusals of a check mean; any other means that it could not be asked.
_OF_ERRORS = {
    "unavailable": "unreachable",
    "interrupted": "unreachable",
    "not-configured": "misconfigured",
    "invalid-argument": "misconfigured",
    "upgrade-needed": "wrong-version",
    "storage-failed": "damaged",
    "backend-unusable": "not-ready",
    "not-found": "missing-file",
    "not-supported": "missing-program",
}


class Readiness(Record):
    """What a readiness probe finds.

    JSON: `{"ready": …, "problems": [{"code", "subject", "problem", "mend", "severe"}, …]}`.

    Attributes:
        backend: the backend's name.
        problems: what is wrong, in the backend's order.
    """

    backend: str
    problems: Sequence[Problem] = ()

    @property
    def ready(self) -> bool:
        """Whether operations can be expected to work: nothing that is wrong is severe."""
        return not any(problem.severe for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {"ready": self.ready, "problems": [problem.as_dict() for problem in self.problems]}


def probe(loaded: LoadedBackend) -> Readiness:
    """Ask a loaded backend whether it could work now. A refusal of its check is a reason as well.

    Raises:
        BadResult: its check returned what the contract does not know.
    """
    try:
        problems = loaded.problems()
    except BadResult:
        raise
    except MailAddonError as error:
        problems = [reason_of(error)]
    return Readiness(backend=loaded.name, problems=problems)


def reason_of(error: MailAddonError, subject: str = "check") -> Problem:
    """The reason that a refusal stands for."""
    code = error.code if is_of_vendor(error.code) else _OF_ERRORS.get(error.code, "internal")
    return Problem(subject=subject, problem=str(error), mend="the message says it", code=code)


def is_of_vendor(code: str) -> bool:
    """Whether a code is one that a vendor may add: `x-<vendor>-<name>`."""
    start, *rest = code.split("-")
    return start == "x" and len(rest) > 1 and all(rest) and code.isascii() and code.islower()


def checked(found: Iterable[Problem] | None) -> list[Problem]:
    """What a check returned, once it is what the contract says.

    Raises:
        BadResult: it is something else than problems, or a code is not on the list.
    """
    problems = list(found or ())
    for problem in problems:
        if not isinstance(problem, Problem):
            raise BadResult(f"hook check returned a {type(problem).__name__}; the contract says Problem")
        if problem.code not in REASONS and not is_of_vendor(str(problem.code)):
            raise BadResult(
                f"hook check gives the code {problem.code!r}; it is one of {', '.join(REASONS)}, or x-<vendor>-<name>"
            )
    return problems
