"""What the commands mean, in plain Python: the reference that every backend can be compared with.

Written from the guide and the rules about what it leaves open, not from the implementation, and simple on purpose:
every rule is a loop over everything. `Model.run` takes a command with its arguments, as a panel gives them, and returns
what a caller sees: exit status, error code, standard output.

Where the rules leave a choice, the model chooses as follows:
- Of several refusals the first of these counts: the number of arguments, an argument, what is named does not exist
  (from left to right), the feature is off, the name or entry exists, the limit, the place in storage, a circle.
- Mail to u1+anything is mail to u1, so such an address is u1's in every rule (recipient_delimiter of mail servers).
- Circles count all forwards, also those that a flag switches off: the flag may be switched on at any time.
- An address that leaves the server (a deleted alias, list or domain) clears catch-alls that point to it; a deleted
  user, list or domain leaves lists too, a deleted alias of a user and a deleted domain alias do not.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .arguments import BY_NAME, COMMANDS, FILTERS, OLD_EDIT_DOMAIN, Refused, refuse_if

Seen = tuple[int, str, str]

DOMAIN_FLAGS = (
    "mailing_lists",
    "domain_aliases",
    "distribution_lists",
    "spam_filters",
    "user_aliases",
    "forwards",
    "autoresponders",
    "web_access",
)
USER_FLAGS = ("forwards", "autoresponders", "web_access")


class User:
    """A user with a mailbox."""

    def __init__(self, number: int, words: str, names: Sequence[str], flags: Sequence[bool]) -> None:
        self.number = number
        self.password = words
        self.names = list(names)
        self.flags = dict(zip(USER_FLAGS, flags, strict=True))
        self.suspended = False
        self.aliases: set[str] = set()
        self.forwards: set[str] = set()
        self.autoresponder: tuple[str, str] | None = None


class Domain:
    """A domain with everything in it."""

    def __init__(
        self, number: int, place: str, own_ip: str, most: int, *, ip_based: bool, flags: Sequence[bool]
    ) -> None:
        self.number = number
        self.place = place
        self.ip = own_ip
        self.limit = most
        self.ip_based = ip_based
        self.flags = dict(zip(DOMAIN_FLAGS, flags, strict=True))
        self.owner = ""
        self.catch_all = ""
        self.suspended = False
        self.aliases: set[str] = set()
        self.users: dict[str, User] = {}
        #: kind of list -> its name -> members with their display names
        self.lists: dict[str, dict[str, dict[str, str]]] = {"distribution": {}, "mailing": {}}
        #: name of a list -> its number
        self.list_numbers: dict[str, int] = {}
        self.filters: set[tuple[str, str]] = set()

    def taken(self, part: str) -> bool:
        """Whether something has this local part."""
        return part in self.users or bool(self.alias_owner(part)) or any(part in lists for lists in self.lists.values())

    def alias_owner(self, part: str) -> str:
        """The user that has this alias, or nothing."""
        return next((owner for owner, user in self.users.items() if part in user.aliases), "")


def refuse_off(found: Domain, primary: str, feature: str, part: str = "", user: User | None = None) -> None:
    """Refuse what a domain or a user has switched off.

    Raises:
        Refused: it has.
    """
    named = feature.replace("_", " ")
    refuse_if(not found.flags[feature], "feature-disabled", f"{named} are disabled for domain {primary}")
    off = user is not None and not user.flags[feature]
    refuse_if(off, "feature-disabled", f"{named} are disabled for user {part}@{primary}")


class Model:
    """A server.

    Args:
        keep_copy: whether a forwarding user keeps a copy of each message.
        webmail: the URL of the web interface, or nothing.
    """

    def __init__(self, *, keep_copy: bool = True, webmail: str = "") -> None:
        self.keep_copy = keep_copy
        self.webmail = webmail
        self.domains: dict[str, Domain] = {}
        self.server: tuple[str, str] | None = None
        #: the last number that something has got; none is given twice
        self.last_number = 0
        #: files that somebody else has put into mail storage
        self.strays: set[str] = set()

    def run(self, command: str, arguments: Sequence[str]) -> Seen:
        """Run a command; exit status, error code, standard output."""
        try:
            output = self._run(command, arguments)
        except Refused as refused:
            return 1, refused.code, ""
        return 0, "", output

    def _run(self, command: str, arguments: Sequence[str]) -> str:
        known = BY_NAME[command.lower().removesuffix(".exe")]
        kinds = COMMANDS[known]
        if known == "EEditDomain" and len(arguments) == 11:
            kinds = OLD_EDIT_DOMAIN
        refuse_if(len(arguments) != len(kinds), "usage")
        values = [kind(argument) for kind, argument in zip(kinds, arguments, strict=True)]
        if known == "EAddSpamFilter":
            values[1] = FILTERS[values[2]](arguments[1])
        return printed(self.perform(known, values))

    def perform(self, command: str, values: Sequence[Any]) -> Any:
        """Run a command, by its canonical name, with valid arguments: nothing, a set of lines, or a text.

        Raises:
            Refused: it is.
        """
        method = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", command.removeprefix("E")).lower()
        return getattr(self, method)(*values)

    def number(self) -> int:
        """A number that nothing has had."""
        self.last_number += 1
        return self.last_number

    # Names

    def names(self, primary: str) -> set[str]:
        """All names of a domain."""
        return {primary, *self.domains[primary].aliases}

    def hosted(self, wanted: str) -> str:
        """The domain that has this name, or nothing."""
        return next((primary for primary in self.domains if wanted in self.names(primary)), "")

    def domain(self, primary: str) -> Domain:
        """A domain by its own name."""
        refuse_if(primary not in self.domains, "not-found", f"domain {primary} does not exist")
        return self.domains[primary]

    def user(self, primary: str, part: str) -> tuple[Domain, User]:
        """A domain and a user."""
        found = self.domain(primary)
        refuse_if(part not in found.users, "not-found", f"user {part}@{primary} does not exist")
        return found, found.users[part]

    def members(self, kind: str, primary: str, part: str) -> dict[str, str]:
        """The members of a list."""
        lists = self.domain(primary).lists[kind]
        refuse_if(part not in lists, "not-found", f"{kind} list {part}@{primary} does not exist")
        return lists[part]

    def located(self, wanted: str) -> tuple[str, str]:
        """The hosted domain and the local part that an address means, or nothing twice."""
        part, _, place = wanted.rpartition("@")
        primary = self.hosted(place)
        if primary:
            for candidate in (part, part.partition("+")[0]):
                if self.domains[primary].taken(candidate):
                    return primary, candidate
        return "", ""

    def exists(self, wanted: str) -> bool:
        """Whether an address exists, as far as one can know: it is nothing, outside, or hosted and there."""
        return not self.hosted(wanted.rpartition("@")[2]) or bool(self.located(wanted)[0])

    def receiver(self, wanted: str) -> tuple[str, str] | None:
        """The user that an address is a name of."""
        primary, part = self.located(wanted)
        if not primary:
            return None
        found = self.domains[primary]
        part = found.alias_owner(part) or part
        return (primary, part) if part in found.users else None

    def _everyone(self) -> Iterator[tuple[tuple[str, str], User]]:
        for primary, found in self.domains.items():
            for part, user in found.users.items():
                yield (primary, part), user

    def _refuse_circles(self) -> None:
        """Refuse the present state, if somebody forwards to itself, or nobody in a circle keeps a copy."""
        edges = {key: {self.receiver(target) for target in user.forwards} for key, user in self._everyone()}
        for key, targets in edges.items():
            refuse_if(key in targets, "forward-loop", f"user {'@'.join(key[::-1])} would forward to itself")
        if self.keep_copy:
            return
        for start, targets in edges.items():
            reached = set(targets)
            while True:
                further = {target for key in reached if key for target in edges[key]} | reached
                if further == reached:
                    break
                reached = further
            refuse_if(
                start in reached,
                "forward-loop",
                f"mail to {'@'.join(start[::-1])} would run in a circle without a copy",
            )

    def close(self, have: set[str], new: str) -> None:
        """Add to a set, unless that closes a circle."""
        have.add(new)
        try:
            self._refuse_circles()
        except Refused:
            have.remove(new)
            raise

    def _leaves(self, primary: str, parts: Sequence[str], *, lists: bool = True) -> None:
        """Addresses go: no catch-all points to them any more, and no list has them, under any name."""

        def gone(wanted: str) -> bool:
            part, _, place = wanted.rpartition("@")
            return place in self.names(primary) and (part in parts or part.partition("+")[0] in parts)

        for found in self.domains.values():
            if gone(found.catch_all):
                found.catch_all = ""
            if lists:
                for members in (m for by_name in found.lists.values() for m in by_name.values()):
                    for member in [member for member in members if gone(member)]:
                        del members[member]

    # Domains

    def add_domain(
        self, primary: str, own_ip: str, folder: str, most: int, owner: str, words: str, *flags: bool
    ) -> None:
        refuse_if(self.hosted(primary), "already-exists", f"domain {primary} already exists")
        place = f"{folder}/{primary}"
        for other in self.domains.values():
            refuse_if(
                f"{place}/".startswith(f"{other.place}/") or f"{other.place}/".startswith(f"{place}/"),
                "conflict",
                f"{place} and {other.place} lie in each other",
            )
        refuse_if(any(stray.startswith(f"{place}/") for stray in self.strays), "conflict", f"{place} is not empty")
        made = self.domains[primary] = Domain(self.number(), place, own_ip, most, ip_based=flags[0], flags=flags[1:])
        made.owner = owner
        made.catch_all = f"{owner}@{primary}"
        made.users[owner] = User(self.number(), words, ["", "", ""], [True, True, True])

    def edit_domain(self, primary: str, most: int, *flags: bool) -> None:
        found = self.domain(primary)
        refuse_if(len(found.users) > most != -1, "limit-reached", f"there are {len(found.users)} users already")
        found.limit = most
        if len(flags) == 9:
            found.ip_based = flags[0]
        found.flags = dict(zip(DOMAIN_FLAGS, flags[-8:], strict=True))

    def suspend_domain(self, primary: str) -> None:
        self.domain(primary).suspended = True

    def resume_domain(self, primary: str) -> None:
        self.domain(primary).suspended = False

    def delete_domain(self, primary: str) -> None:
        found = self.domain(primary)
        hosts = self.names(primary)
        del self.domains[primary]
        for other in self.domains.values():
            if other.catch_all.rpartition("@")[2] in hosts:
                other.catch_all = ""
            for members in (m for by_name in other.lists.values() for m in by_name.values()):
                for member in [member for member in members if member.rpartition("@")[2] in hosts]:
                    del members[member]
        self.strays = {stray for stray in self.strays if not stray.startswith(f"{found.place}/")}

    def get_mail_url(self, primary: str) -> str:
        self.domain(primary)
        refuse_if(not self.webmail, "not-configured", "there is no web interface; the setting webmail.url names one")
        return self.webmail.replace("{domain}", primary) + "\n"

    def change_domain_ip(self, primary: str, new: str) -> None:
        self.domain(primary).ip = new

    def add_domain_alias(self, primary: str, alias: str) -> None:
        found = self.domain(primary)
        refuse_off(found, primary, "domain_aliases")
        refuse_if(self.hosted(alias), "already-exists", f"domain {alias} already exists")
        self.close(found.aliases, alias)

    def delete_domain_alias(self, primary: str, alias: str) -> None:
        found = self.domain(primary)
        refuse_if(alias not in found.aliases, "not-found", f"{alias} is no alias of domain {primary}")
        found.aliases.remove(alias)

    def get_domain_alias_list(self, primary: str) -> set[str]:
        return self.domain(primary).aliases

    # Lists and filters

    def _add_list(self, kind: str, primary: str, part: str) -> None:
        found = self.domain(primary)
        refuse_off(found, primary, f"{kind}_lists")
        refuse_if(found.taken(part), "already-exists", f"{part}@{primary} already exists")
        found.lists[kind][part] = {}
        found.list_numbers[part] = self.number()

    def _delete_list(self, kind: str, primary: str, part: str) -> None:
        self.members(kind, primary, part)
        del self.domains[primary].lists[kind][part]
        del self.domains[primary].list_numbers[part]
        self._leaves(primary, [part])

    def _add_member(self, kind: str, primary: str, part: str, member: str, shown: str = "") -> None:
        members = self.members(kind, primary, part)
        refuse_off(self.domains[primary], primary, f"{kind}_lists")
        refuse_if(member in members, "already-exists", f"{member} is a member of {part}@{primary} already")
        members[member] = shown

    def _delete_member(self, kind: str, primary: str, part: str, member: str) -> None:
        members = self.members(kind, primary, part)
        refuse_if(member not in members, "not-found", f"{member} is no member of {part}@{primary}")
        del members[member]

    def add_distribution_list(self, primary: str, part: str) -> None:
        self._add_list("distribution", primary, part)

    def delete_distribution_list(self, primary: str, part: str) -> None:
        self._delete_list("distribution", primary, part)

    def get_distribution_list_list(self, primary: str) -> set[str]:
        return set(self.domain(primary).lists["distribution"])

    def add_mailing_list(self, primary: str, part: str) -> None:
        self._add_list("mailing", primary, part)

    def delete_mailing_list(self, primary: str, part: str) -> None:
        self._delete_list("mailing", primary, part)

    def get_mailing_list_list(self, primary: str) -> set[str]:
        return set(self.domain(primary).lists["mailing"])

    def add_distribution_list_member(self, primary: str, part: str, member: str) -> None:
        self._add_member("distribution", primary, part, member)

    def delete_distribution_list_member(self, primary: str, part: str, member: str) -> None:
        self._delete_member("distribution", primary, part, member)

    def get_distribution_list_member_list(self, primary: str, part: str) -> set[str]:
        return set(self.members("distribution", primary, part))

    def add_mailing_list_member(self, primary: str, part: str, shown: str, member: str) -> None:
        self._add_member("mailing", primary, part, member, shown)

    def delete_mailing_list_member(self, primary: str, part: str, member: str) -> None:
        self._delete_member("mailing", primary, part, member)

    def get_mailing_list_member_list(self, primary: str, part: str) -> set[str]:
        return set(self.members("mailing", primary, part))

    def add_spam_filter(self, primary: str, blocked: str, kind: str) -> None:
        found = self.domain(primary)
        refuse_off(found, primary, "spam_filters")
        refuse_if((kind, blocked) in found.filters, "already-exists", f"{blocked} is blocked already")
        found.filters.add((kind, blocked))

    def delete_spam_filter(self, primary: str, blocked: str) -> None:
        found = self.domain(primary)
        kept = {entry for entry in found.filters if entry[1] != blocked}
        refuse_if(kept == found.filters, "not-found", f"no filter of domain {primary} blocks {blocked}")
        found.filters = kept

    def get_spam_filter_list(self, primary: str) -> set[str]:
        return {blocked for _kind, blocked in self.domain(primary).filters}

    # The server

    def start_mail_server(self) -> None:
        """A backend without services of its own succeeds."""

    def stop_mail_server(self) -> None:
        """A backend without services of its own succeeds."""

    def change_network_settings(self, old_ip: str, old_name: str, new_ip: str, new_name: str) -> None:
        present = self.server or (old_ip, old_name)
        refuse_if(
            present not in {(old_ip, old_name), (new_ip, new_name)},
            "conflict",
            f"the server has the address {present[0]} and the name {present[1]}",
        )
        if present == (old_ip, old_name):
            for found in self.domains.values():
                if found.ip == old_ip:
                    found.ip = new_ip
        self.server = (new_ip, new_name)

    # Users

    def add_user(self, primary: str, part: str, words: str, first: str, middle: str, last: str, *flags: bool) -> None:
        found = self.domain(primary)
        refuse_if(found.taken(part), "already-exists", f"{part}@{primary} already exists")
        refuse_if(
            len(found.users) >= found.limit != -1, "limit-reached", f"domain {primary} has {found.limit} mailboxes"
        )
        refuse_if(
            any(stray.startswith(f"{found.place}/{part}/") for stray in self.strays),
            "conflict",
            f"{found.place}/{part} is not empty",
        )
        found.users[part] = User(self.number(), words, [first, middle, last], flags)

    def edit_user(self, primary: str, part: str, words: str, first: str, middle: str, last: str, *flags: bool) -> None:
        _found, user = self.user(primary, part)
        user.password = words or user.password
        user.names = [first, middle, last]
        user.flags = dict(zip(USER_FLAGS, flags, strict=True))

    def suspend_user(self, primary: str, part: str) -> None:
        self.user(primary, part)[1].suspended = True

    def resume_user(self, primary: str, part: str) -> None:
        self.user(primary, part)[1].suspended = False

    def delete_user(self, primary: str, part: str) -> None:
        found, user = self.user(primary, part)
        refuse_if(part == found.owner, "conflict", f"{part} owns domain {primary} and cannot be deleted before it")
        del found.users[part]
        self._leaves(primary, [part, *user.aliases])
        self.strays = {stray for stray in self.strays if not stray.startswith(f"{found.place}/{part}/")}

    def add_user_alias(self, primary: str, part: str, alias: str) -> None:
        found, user = self.user(primary, part)
        refuse_off(found, primary, "user_aliases")
        refuse_if(found.taken(alias), "already-exists", f"{alias}@{primary} already exists")
        self.close(user.aliases, alias)

    def delete_user_alias(self, primary: str, part: str, alias: str) -> None:
        _found, user = self.user(primary, part)
        refuse_if(alias not in user.aliases, "not-found", f"{alias} is no alias of user {part}@{primary}")
        user.aliases.remove(alias)
        self._leaves(primary, [alias], lists=False)

    def get_user_alias_list(self, primary: str, part: str) -> set[str]:
        return self.user(primary, part)[1].aliases

    def add_forward(self, primary: str, part: str, target: str) -> None:
        found, user = self.user(primary, part)
        refuse_off(found, primary, "forwards", part, user)
        refuse_if(target in user.forwards, "already-exists", f"user {part}@{primary} forwards to {target} already")
        self.close(user.forwards, target)

    def delete_forward(self, primary: str, part: str, target: str) -> None:
        _found, user = self.user(primary, part)
        refuse_if(target not in user.forwards, "not-found", f"user {part}@{primary} does not forward to {target}")
        user.forwards.remove(target)

    def get_forward_list(self, primary: str, part: str) -> set[str]:
        return self.user(primary, part)[1].forwards

    def set_catchall_user(self, primary: str, target: str) -> None:
        found = self.domain(primary)
        refuse_if(not self.exists(target), "not-found", f"{target} does not exist")
        found.catch_all = target

    def get_catchall_user(self, primary: str) -> set[str]:
        return {self.domain(primary).catch_all} - {""}

    def set_auto_responder(self, primary: str, part: str, line: str, text: str) -> None:
        found, user = self.user(primary, part)
        refuse_off(found, primary, "autoresponders", part, user)
        user.autoresponder = (line, text)

    def get_auto_responder(self, primary: str, part: str) -> str:
        found = self.user(primary, part)[1].autoresponder
        return "\n".join(found) if found else ""

    def delete_auto_responder(self, primary: str, part: str) -> None:
        self.user(primary, part)[1].autoresponder = None

    # Mail

    def destinations(self, wanted: str, seen: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
        """Where a message to an address ends: mailboxes, outside, lists with a manager, deferred, refused."""
        place = wanted.rpartition("@")[2]
        primary = self.hosted(place)
        if not primary:
            return {("outside", wanted)}
        found = self.domains[primary]
        if place != primary and not found.flags["domain_aliases"]:
            return {("refused", "")}
        _, part = self.located(wanted)
        own = f"{part}@{primary}" if part else f"*@{primary}"
        if own in seen:
            return set()
        return self._destinations(found, primary, part, seen | {own})

    def _destinations(self, found: Domain, primary: str, part: str, seen: frozenset[str]) -> set[tuple[str, str]]:
        if part in found.users:
            return self._delivered(found, f"{part}@{primary}", found.users[part], seen)
        kind = next((kind for kind, lists in found.lists.items() if part in lists), "")
        feature = f"{kind}_lists" if kind else "user_aliases"
        known = found.flags[feature] if part else found.catch_all
        if not known or found.suspended:
            return {("deferred" if known else "refused", "")}
        if kind == "mailing":
            return {("mailing-list", f"{part}@{primary}")}
        if kind:
            targets = set(found.lists[kind][part])
        else:
            targets = {f"{found.alias_owner(part)}@{primary}" if part else found.catch_all}
        return set().union(*[self.destinations(target, seen) for target in targets])

    def _delivered(self, found: Domain, own: str, user: User, seen: frozenset[str]) -> set[tuple[str, str]]:
        if found.suspended or user.suspended:
            return {("deferred", "")}
        if not user.forwards or not found.flags["forwards"] or not user.flags["forwards"]:
            return {("mailbox", own)}
        kept = {("mailbox", own)} if self.keep_copy else set()
        return kept.union(*[self.destinations(target, seen) for target in user.forwards])


def printed(result: object) -> str:
    """What a command prints: one item per line, sorted."""
    if isinstance(result, set):
        return "".join(f"{line}\n" for line in sorted(result))
    return str(result) if result is not None else ""


def stray_in(model: Model, folder: str) -> str:
    """Note a file that somebody else puts into a folder; its path."""
    file = os.path.join(folder, "stray")
    model.strays.add(file)
    return file
