"""A backend beside the model: the same commands for both, and whatever a caller sees has to be the same."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ..command import printed
from ..errors import MailAddonError
from ..operations import COMMANDS, find
from .calls import ADDRESSES, DOMAINS, WEIGHTED, likely_call
from .model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ..records import Resolution
    from ..service import Service

    Call = tuple[str, list[str]]

#: What concerns the server as a whole, or stands in its settings.
LEFT_OUT = frozenset({"EStartMailServer", "EStopMailServer", "EChangeNetworkSettings", "EGetMailURL"})
#: What shows all that a domain has.
_OF_DOMAINS = (
    "EGetDomainAliasList",
    "EGetCatchallUser",
    "EGetDistributionListList",
    "EGetMailingListList",
    "EGetSpamFilterList",
)
_OF_USERS = ("EGetUserAliasList", "EGetForwardList", "EGetAutoResponder")
_OF_LISTS = {"distribution": "EGetDistributionListMemberList", "mailing": "EGetMailingListMemberList"}
#: How often a failing run is repeated to make it shorter.
_TRIES = 300


class Disagreement(AssertionError):
    """The backend did something else than the model.

    Attributes:
        calls: the commands up to there.
    """

    def __init__(self, calls: Sequence[Call], found: str, wanted: str) -> None:
        lines = [f"$ {shlex.join([command, *arguments])}" for command, arguments in calls]
        super().__init__("\n".join(["", *lines, f"the backend: {found}", f"it should be: {wanted}"]))
        self.calls = list(calls)


class Comparison:
    """A backend and a model that get the same commands.

    Args:
        service: the backend. It has none of the domains that the comparison uses, and somebody may add and delete them.
        mail: the MailBoxDirectory of the domains.
        keep_copy: whether the backend's forwarding users keep a copy.
        exact_codes: whether, of several reasons for a refusal, the backend has to give the one that the model gives.
    """

    def __init__(self, service: Service, mail: str, *, keep_copy: bool = True, exact_codes: bool = True) -> None:
        self.service = service
        self.mail = mail
        self.keep_copy = keep_copy
        self.exact_codes = exact_codes
        self.supported = {
            operation.command
            for operation in COMMANDS
            if operation.command not in LEFT_OUT and not service.backend.lacking(operation.hook)
        }
        self.commands = [command for command in WEIGHTED if find(command).command in self.supported]
        self.model = Model(keep_copy=keep_copy)
        self.calls: list[Call] = []

    def start(self) -> None:
        """Something to work with."""
        domain = ["xyz.com", "192.0.2.1", self.mail, "4", "admin", "pw", "0", *"11111111"]
        self.run("EAddDomain", domain)
        for user in ("u1", "u2"):
            self._run_if_supported("EAddUser", ["xyz.com", user, "pw", "", "", "", *"111"])
        self._run_if_supported("EAddDistributionList", ["xyz.com", "team"])

    def _run_if_supported(self, command: str, arguments: list[str]) -> None:
        if command in self.supported:
            self.run(command, arguments)

    def any_call(self, random: Random) -> None:
        """Run any command."""
        command, arguments = likely_call(random, self.model, self.mail, self.commands)
        if command == "EAddDomain" and len(arguments) > 2 and arguments[2].startswith(f"{self.mail}/"):  # noqa: PLR2004
            arguments[2] = self.mail  # whether places may lie in each other is the backend's business
        self.run(command, arguments)

    def run(self, command: str, arguments: list[str]) -> None:
        """Run a command here and there.

        Raises:
            Disagreement: what comes of it is not the same.
        """
        self.calls.append((command, arguments))
        self._compare(command, arguments)

    def _compare(self, command: str, arguments: list[str]) -> None:
        wanted = self.model.run(command, arguments)
        found = self._answer(command, arguments)
        alike = wanted[0] == found[0] and wanted[2] == found[2]
        if not alike or (self.exact_codes and wanted[1] != found[1]):
            shown = shlex.join([command, *arguments])
            raise Disagreement(self.calls, f"{shown} {_said(found)}", f"{shown} {_said(wanted)}")

    def _answer(self, command: str, arguments: list[str]) -> tuple[int, str, str]:
        try:
            operation = find(command)
            return 0, "", printed(operation, self.service.run(operation, arguments))
        except MailAddonError as error:
            return 1, error.code, ""
        except Exception as error:
            found = f"raised {type(error).__name__}: {error}"
            raise Disagreement(self.calls, found, _said(self.model.run(command, arguments))) from error

    def compare_everything(self) -> None:
        """Compare all that can be seen of all domains.

        Raises:
            Disagreement: it is not the same.
        """
        for primary, domain in sorted(self.model.domains.items()):
            for command in _OF_DOMAINS:
                self._seen(command, primary)
            for part in sorted(domain.users):
                for command in _OF_USERS:
                    self._seen(command, primary, part)
            for kind, lists in domain.lists.items():
                for name in sorted(lists):
                    self._seen(_OF_LISTS[kind], primary, name)
        if not self.service.backend.lacking("resolve_address"):
            self._compare_ways()

    def _seen(self, command: str, *arguments: str) -> None:
        if command in self.supported:
            self._compare(command, list(arguments))

    def _compare_ways(self) -> None:
        hosts = {name for primary in self.model.domains for name in self.model.names(primary)}
        for address in ADDRESSES:
            if address.rpartition("@")[2] in hosts and address == address.lower():
                found = destinations(self.service.run(find("resolve"), [address]))
                wanted = self.model.destinations(address)
                if found != wanted:
                    raise Disagreement(self.calls, f"{address} ends at {sorted(found)}", f"it ends at {sorted(wanted)}")

    def clear(self) -> None:
        """Delete every domain that a comparison may have left."""
        self.model = Model(keep_copy=self.keep_copy)
        self.calls = []
        for domain in DOMAINS:
            try:
                self.service.run(find("EDeleteDomain"), [domain])
            except MailAddonError:
                continue  # it is not there

    def shortest(self, failure: Disagreement) -> Disagreement:
        """A failure of as few commands as can be found: parts of the run are left out as long as it still fails."""
        size, tries = len(failure.calls) // 2, 0
        while size and tries < _TRIES:
            begin = 0
            while begin < len(failure.calls) and tries < _TRIES:
                shorter = self._failure_of(failure.calls[:begin] + failure.calls[begin + size :])
                tries += 1
                if shorter is None:
                    begin += size
                else:
                    failure = shorter
            size //= 2
        return failure

    def _failure_of(self, calls: Sequence[Call]) -> Disagreement | None:
        self.clear()
        try:
            for command, arguments in calls:
                self.run(command, arguments)
            self.compare_everything()
        except Disagreement as failure:
            return failure
        finally:
            self.clear()
        return None


def _said(outcome: tuple[int, str, str]) -> str:
    status, code, output = outcome
    return f"is refused with {code}" if status else f"prints {output!r}" if output else "succeeds"


def destinations(found: Resolution) -> set[tuple[str, str]]:
    """Where the branches of an answer end, as the model has it."""
    if found.targets:
        return set().union(*[destinations(target) for target in found.targets])
    if found.action in {"outside", "mailing-list", "mailbox"}:
        part, _, host = found.address.rpartition("@")
        return {(found.action, f"{part if found.action == 'outside' else part.partition('+')[0]}@{host}")}
    if found.action in {"refused", "deferred"}:
        return {(found.action, "")}
    return {("refused", "")} if found.action == "domain-alias" and "disabled" in found.reason else set()
