"""A case of the kit: what is tried, of which group it is, and since which version of the kit there is such a case."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..operations import COMMANDS

if TYPE_CHECKING:
    from .kit import Kit

#: The version of the kit. Mandatory cases are only added in minor releases: 1.0, 1.1, …
VERSION = "1.0"
#: The group that every add-on has to pass.
MANDATORY = "basic"

#: Group -> what is in a command's name that is of it. What is in none is mandatory.
CAPABILITIES = {
    "domain-aliases": ("DomainAlias",),
    "distribution-lists": ("DistributionList",),
    "mailing-lists": ("MailingList",),
    "filters": ("SpamFilter",),
    "aliases": ("UserAlias",),
    "forwards": ("Forward",),
    "catch-all": ("Catchall",),
    "autoresponders": ("AutoResponder",),
    "suspension": ("ESuspend", "EResume"),
    "transfer": ("Import", "Export"),
    "webmail": ("MailURL",),
    "server": ("MailServer", "NetworkSettings", "DomainIP"),
}
#: The groups about what any add-on must stand.
CIRCUMSTANCES = ("idna", "parallel", "faults", "scale", "secrets", "leftovers", "mail-flow")
GROUPS = (MANDATORY, *CAPABILITIES, *CIRCUMSTANCES)


def group_of(command: str) -> str:
    """The group of a command's own cases."""
    for group, parts in CAPABILITIES.items():
        if any(part in command for part in parts):
            return group
    return MANDATORY


#: Command -> its group.
GROUP_OF = {operation.command: group_of(operation.command) for operation in COMMANDS}


class Case(NamedTuple):
    """One thing that an add-on must do.

    Attributes:
        name: `group/…`, unique and stable.
        group: one of `GROUPS`.
        title: one sentence that says what has to hold.
        needs: the commands without which there is nothing to try; the first one is what the case is about.
        run: tries it; raises `Broken` if it does not hold, `Lacking` if it cannot be tried.
        aspect: `success`, `refusals`, `arguments`, `repetition`, `rules`, or the group: the column of a report.
        since: the version of the kit that has brought it.
        processes: whether it makes sense only where each call is a process.
        alone: whether nothing else may be tried at the same time.
    """

    name: str
    group: str
    title: str
    needs: tuple[str, ...]
    run: "Callable[[Kit], None]"
    aspect: str = "rules"
    since: str = VERSION
    processes: bool = False
    alone: bool = False

    @property
    def command(self) -> str:
        """The command that it is about."""
        return self.needs[0]


class Collection:
    """Cases in the order in which they were written down."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}

    def add(self, case: Case) -> None:
        """Take a further case; its name must be new."""
        if case.name in self._cases:
            raise ValueError(f"there is a case {case.name} already")
        self._cases[case.name] = case

    def case(
        self,
        group: str,
        *needs: str,
        aspect: str = "",
        since: str = VERSION,
        processes: bool = False,
        alone: bool = False,
    ) -> "Callable[[Callable[[Kit], None]], Callable[[Kit], None]]":
        """Make a case of a function: its name is the case's, its first line of documentation the title."""

        def added(function: "Callable[[Kit], None]") -> "Callable[[Kit], None]":
            name = f"{group}/{function.__name__.strip('_').replace('_', '-')}"
            title = (function.__doc__ or "").strip().split("\n")[0]
            chosen = aspect or (group if group in CIRCUMSTANCES else "rules")
            self.add(Case(name, group, title, needs, function, chosen, since, processes, alone))
            return function

        return added

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases.values())
