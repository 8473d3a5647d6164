"""PostfixAdmin's aliases: what each becomes. Its one table holds what are user aliases, forwards and lists here.

An address that has a mailbox has an alias to itself there, with the targets of a forward beside it or in its place.
"""

from collections.abc import Iterable
from typing import NamedTuple

from .. import values
from ..errors import InvalidArgument
from .report import Report
from .source import Row


class Forward(NamedTuple):
    """Where a mailbox's mail goes besides, and whether it stays in the mailbox too."""

    targets: list[str]
    keep_copy: bool


class Routes:
    """The aliases of one domain, sorted out.

    Attributes:
        forwards: mailbox -> its forward.
        user_aliases: other name -> mailbox.
        lists: name -> addresses.
        catch_all: an address, or "".
        on_vacation: the mailboxes whose mail is also given to the program that replies.

    Args:
        names: the domain's, the primary one first.
        mailboxes: the local parts of those that are imported.
        report: takes what cannot be mapped.
    """

    def __init__(self, names: list[str], mailboxes: Iterable[str], report: Report) -> None:
        self.forwards: dict[str, Forward] = {}
        self.user_aliases: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.catch_all = ""
        self.on_vacation: set[str] = set()
        self._domain = names[0]
        self._names = set(names)
        self._mailboxes = set(mailboxes)
        self._report = report
        self._targets: dict[str, list[str]] = {}

    def read(self, rows: Iterable[Row]) -> None:
        """Sort the rows of the table `alias` out."""
        everything: list[str] = []
        for row in rows:
            address = str(row["address"]).lower()
            if not row["active"]:
                if str(row["goto"]).lower() != address:  # otherwise it is an inactive mailbox's own
                    self._report.note(self._domain, "alias", address, "it is inactive, so it did nothing there")
            elif address.startswith("@"):
                everything = self._usable(address, str(row["goto"]))
            else:
                self._read_one(address, str(row["goto"]))
        for name, targets in self._targets.items():
            if name in self._mailboxes:
                self._forward(name, targets)
            else:
                self._alias(name, targets)
        self._close_circles()
        if everything:
            self._catch_all(everything)

    def _read_one(self, address: str, goto: str) -> None:
        try:
            name = values.local_part(address.rpartition("@")[0])
        except InvalidArgument as error:
            if goto.strip().lower() != address:  # otherwise it is a mailbox's own, which is reported
                self._report.left_out(self._domain, "alias", address, f"its name cannot be used: {error.message}")
            return
        if address.rpartition("@")[2] != self._domain:
            self._report.left_out(self._domain, "alias", address, "its column domain says another domain")
        elif name in self._targets:
            self._report.left_out(self._domain, "alias", address, "there is another alias of this name")
        else:
            self._targets[name] = self._usable(address, goto)

    def _usable(self, address: str, goto: str) -> list[str]:
        """The targets, each once; those that nobody could send to are reported."""
        found: dict[str, None] = {}
        reply = address.replace("@", "#") + "@"  # the program that replies has a domain of its own, whatever its name
        for target in filter(None, (part.strip().lower() for part in goto.split(","))):
            if target.startswith(reply):
                self.on_vacation.add(address.rpartition("@")[0])
                continue
            try:
                found[values.address(target)] = None
            except InvalidArgument as error:
                reason = "an account of the machine, not of mail" if "@" not in target else error.message
                self._report.left_out(self._domain, "alias", address, f"its target {target} cannot be used: {reason}")
        return list(found)

    def address(self, name: str) -> str:
        """A name of this domain as an address."""
        return f"{name}@{self._domain}"

    def _local(self, address: str) -> str:
        """The local part of an address of this domain, under any of its names and without an extension; else ""."""
        local_part, _, host = address.rpartition("@")
        return local_part.partition("+")[0] if host in self._names else ""

    def _forward(self, name: str, targets: list[str]) -> None:
        others = [target for target in targets if self._local(target) != name]
        if others:
            self.forwards[name] = Forward(others, keep_copy=len(others) < len(targets))

    def _alias(self, name: str, targets: list[str]) -> None:
        mailbox = self._only_mailbox(name, [name])
        members = [target for target in targets if self._local(target) != name]
        if mailbox:
            self.user_aliases[name] = mailbox
        elif members:
            self.lists[name] = members
        else:
            address = self.address(name)
            self._report.left_out(self._domain, "alias", address, "it leads nowhere: no target is left")

    def _only_mailbox(self, name: str, way: list[str]) -> str:
        """The mailbox that an alias leads to by itself or by others, if it leads nowhere else."""
        targets = self._targets.get(name, [])
        if len(targets) != 1 or "+" in targets[0]:
            return ""
        (target,) = map(self._local, targets)
        if target in self._mailboxes:
            return target
        return "" if target in way else self._only_mailbox(target, [*way, target])

    def _close_circles(self) -> None:
        """A forward to the mailbox's own alias is a copy that stays."""
        for name, forward in list(self.forwards.items()):
            others = [target for target in forward.targets if self.user_aliases.get(self._local(target)) != name]
            if len(others) == len(forward.targets):
                continue
            del self.forwards[name]
            if others:
                self.forwards[name] = Forward(others, keep_copy=True)

    def _catch_all(self, targets: list[str]) -> None:
        known = self._mailboxes | self.user_aliases.keys() | self.lists.keys()
        usable = [target for target in targets if not self._local(target) or self._local(target) in known]
        for target in targets:
            if target not in usable:
                reason = f"its target {target} does not exist"
                self._report.left_out(self._domain, "alias", f"@{self._domain}", reason)
        if len(usable) == 1:
            self.catch_all = usable[0]
        elif usable:
            name = "catch-all"
            while name in known:
                name += "-all"
            self.lists[name] = usable
            self.catch_all = self.address(name)
            reason = f"it has several targets; they are the members of the distribution list {name}"
            self._report.note(self._domain, "alias", f"@{self._domain}", reason)
