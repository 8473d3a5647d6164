"""What a domain has, as a backend tells it through the operations. What it does not tell is absent, never empty."""

from collections.abc import Callable, Iterable
from typing import Any, Required, TypedDict, TypeVar

from ..errors import AddonFailed, NotFound
from ..operations import find
from ..records import DomainInfo, UserInfo
from ..service import Service

Item = TypeVar("Item")
Result = TypeVar("Result")


class Reply(TypedDict):
    """A user's autoresponder."""

    subject: str
    message: str


class UserState(TypedDict, total=False):
    """A user."""

    password: str  # plain; no side tells it
    password_hash: str  # {SCHEME}hash
    first_name: str
    middle_name: str
    last_name: str
    features: dict[str, bool]
    suspended: bool
    keep_copy: bool
    aliases: list[str]
    forwards: list[str]
    autoresponder: Reply | None  # None: there is none


class DomainState(TypedDict, total=False):
    """A domain."""

    domain: Required[str]
    ip_address: str
    ip_based: bool
    mailbox_directory: str
    max_mailboxes: int
    owner: str
    features: dict[str, bool]
    suspended: bool
    catch_all: str
    aliases: list[str]
    users: dict[str, UserState]
    distribution_lists: dict[str, list[str]]  # to their members' addresses
    mailing_lists: dict[str, dict[str, str | None]]  # to their members' addresses and names; None: not told
    spam_filters: list[str]


class Side:
    """A backend as one of the two sides.

    Attributes:
        name: how the caller names it.
        service: the backend behind the operations.
    """

    def __init__(self, name: str, service: Service) -> None:
        self.name = name
        self.service = service
        self._lacking: dict[str, str] = {}

    def ask(self, command: str, *arguments: str) -> Any:
        """Run a command.

        Raises:
            MailAddonError: it is refused.
        """
        return self.service.run(find(command), arguments)

    def lacking(self, command: str) -> str:
        """Why the backend does not have a command; "" if it has."""
        if command not in self._lacking:
            self._lacking[command] = self.service.backend.lacking(find(command).hook)
        return self._lacking[command]

    def has(self, command: str) -> bool:
        """Whether the backend has a command."""
        return not self.lacking(command)


def in_turn(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What a function makes of each item, one after another."""
    return [function(item) for item in items]


class Reading:
    """Reads a side.

    Attributes:
        problems: what could not be read, a sentence each.

    Args:
        side: what is read.
        hashes: whether the hashes of passwords are read, where the side tells them.
        each: as `in_turn`, perhaps with several threads.
    """

    def __init__(self, side: Side, *, hashes: bool = False, each: Callable[..., Any] = in_turn) -> None:
        self._side = side
        self._hashes = hashes and side.has("password-hash")
        self._each = each
        self.problems: list[str] = []

    def domain(self, given: DomainState) -> DomainState:
        """A domain with everything in it.

        Args:
            given: the domain's name, and what somebody else knows. What the side tells itself is taken from there.

        Raises:
            MailAddonError: the domain cannot be read.
        """
        state: DomainState = {**given}
        name = state["domain"]
        told: dict[str, UserState | None]
        if self._side.has("show"):
            info = self._side.ask("show", name)
            _from_info(info, state)
            told = {user.user: _user_from_info(user) for user in info.users}
        else:
            state["aliases"] = self._side.ask("EGetDomainAliasList", name)
            self._lists_by_commands(state)
            told = dict.fromkeys(self._users(state))
        known = given.get("users", {})
        read = self._each(lambda user: self._user(name, user, known.get(user, {}), told[user]), told)
        state["users"] = {user: found for user, found in zip(told, read, strict=True) if found is not None}
        self._members(state)
        return state

    def _users(self, state: DomainState) -> list[str]:
        if self._side.has("users"):
            return list(self._side.ask("users", state["domain"]))
        owner = [state["owner"]] if "owner" in state else []
        return sorted({*state.get("users", {}), *owner})

    def _lists_by_commands(self, state: DomainState) -> None:
        """The names of lists, the filters and the catch-all, each by a command of its own."""
        name = state["domain"]
        if self._side.has("EGetDistributionListList"):
            state["distribution_lists"] = {one: [] for one in self._side.ask("EGetDistributionListList", name)}
        if self._side.has("EGetMailingListList"):
            known = state.get("mailing_lists", {})
            found = self._side.ask("EGetMailingListList", name)
            state["mailing_lists"] = {one: known.get(one, {}) for one in found}
        if self._side.has("EGetSpamFilterList"):
            state["spam_filters"] = self._side.ask("EGetSpamFilterList", name)
        if self._side.has("EGetCatchallUser"):
            state["catch_all"] = "".join(self._side.ask("EGetCatchallUser", name)[:1])

    def _members(self, state: DomainState) -> None:
        name = state["domain"]
        if self._side.has("EGetDistributionListMemberList"):
            for one in state.get("distribution_lists", {}):
                state["distribution_lists"][one] = self._side.ask("EGetDistributionListMemberList", name, one)
        for one, known in state.get("mailing_lists", {}).items():
            if self._side.has("mailing-list"):
                members = self._side.ask("mailing-list", name, one).members
                state["mailing_lists"][one] = {member.address: member.display_name for member in members}
            elif self._side.has("EGetMailingListMemberList"):
                addresses = self._side.ask("EGetMailingListMemberList", name, one)
                state["mailing_lists"][one] = {address: known.get(address) for address in addresses}

    def _user(self, domain: str, user: str, known: UserState, told: UserState | None) -> UserState | None:
        """All that a user has; None if there is no such user.

        Args:
            domain: the user's.
            user: the local part.
            known: what somebody else knows.
            told: what the side has told together with the domain; None if it does not tell that.
        """
        state: UserState = {**known, **(told or {})}
        try:
            if told is None:
                if self._side.has("EGetUserAliasList"):
                    state["aliases"] = self._side.ask("EGetUserAliasList", domain, user)
                if self._side.has("EGetForwardList"):
                    state["forwards"] = self._side.ask("EGetForwardList", domain, user)
            if (told is None or "autoresponder" not in told) and self._side.has("EGetAutoResponder"):
                found = self._side.ask("EGetAutoResponder", domain, user)
                state["autoresponder"] = Reply(subject=found.subject, message=found.message) if found else None
            if self._hashes:
                state["password_hash"] = self._side.ask("password-hash", domain, user)
        except (NotFound, AddonFailed) as error:
            self.problems.append(f"user {user}@{domain}: {error}")
            return None
        return state


def _from_info(info: DomainInfo, state: DomainState) -> None:
    state["ip_address"] = info.ip_address
    state["ip_based"] = info.ip_based
    state["mailbox_directory"] = info.mailbox_directory
    state["max_mailboxes"] = info.max_mailboxes
    state["owner"] = info.owner
    state["features"] = info.features.as_dict()
    state["suspended"] = info.suspended
    state["catch_all"] = info.catch_all
    state["aliases"] = sorted(info.aliases)
    state["distribution_lists"] = {one.name: [] for one in info.lists if one.kind == "distribution"}
    state["mailing_lists"] = {one.name: {} for one in info.lists if one.kind == "mailing"}
    state["spam_filters"] = sorted(info.spam_filters)


def _user_from_info(info: UserInfo) -> UserState:
    state: UserState = {
        "first_name": info.first_name,
        "middle_name": info.middle_name,
        "last_name": info.last_name,
        "features": info.features.as_dict(),
        "suspended": info.suspended,
        "keep_copy": info.keep_copy,
        "aliases": sorted(info.aliases),
        "forwards": sorted(info.forwards),
    }
    if not info.autoresponder:
        state["autoresponder"] = None
    return state


def present_in(side: Side, domains: Iterable[str]) -> set[str]:
    """The domains among these that a side has; none where that cannot be told.

    Raises:
        MailAddonError: the side does not answer.
    """
    if side.has("domains"):
        return {*side.ask("domains")} & {*domains}
    if not side.has("EGetDomainAliasList") or _answers(side, "no-such-domain.invalid"):
        return set()
    return {domain for domain in domains if _answers(side, domain)}


def _answers(side: Side, domain: str) -> bool:
    try:
        side.ask("EGetDomainAliasList", domain)
    except (NotFound, AddonFailed):
        return False
    return True
