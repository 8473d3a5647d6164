"""An inventory to the calls that make the same at the other side, in an order in which none needs a later one.

Features that are switched off at the source may still have data, and no backend takes data of a feature that is off. So
such a feature is on until everything is there, and is switched off near the end; what is suspended is suspended last.
"""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING

from .._record import Record
from ..errors import InvalidArgument
from ..operations import find
from ..records import DomainFeatures, UserFeatures
from ..values import MASK, filter_type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..operations.model import Operation
    from .inventory import DomainState, UserState

DOMAINS, NAMES, ENTRIES, CATCH_ALLS, FEATURES, SUSPENSIONS = range(6)
#: What each stage is called while it runs.
STAGES = ("domains", "users and lists", "aliases, forwards, members, filters", "catch-alls", "features", "suspensions")
#: What a domain needs that nobody can make up, and the option that says it for all.
NEEDED = {"ip_address": "--ip-address", "mailbox_directory": "--mailbox-directory", "owner": "--owner"}
_ON = {True: "1", False: "0"}
_USER_DEFAULTS = ("", "", "", "1", "1", "1")
_SHOWN = 60


class Step(Record):
    """One call.

    Attributes:
        stage: when it is made; the calls of a stage may be made in any order.
        command: the command's name.
        arguments: of the command line; "" in place of a password.
        password_of: the address of the user whose password it needs, or "".
        makes: what exists once it has succeeded: a domain, a user's or a list's address, or "".
        needs: what it needs of such.
        key: a short text that is the same for the same call, and for no other.
    """

    stage: int
    command: str
    arguments: Sequence[str]
    password_of: str = ""
    makes: str = ""
    needs: str = ""
    key: str

    @property
    def operation(self) -> Operation:
        """The command's row of the table."""
        return find(self.command)

    def texts(self, password: str) -> list[str]:
        """The arguments, with the password where one belongs."""
        secret = [parameter.kind.secret for parameter in self.operation.parameters]
        return [password if hidden else text for hidden, text in zip(secret, self.arguments, strict=True)]

    def __str__(self) -> str:
        """The call as a shell would take it, without the password."""
        return " ".join([self.command, *map(_shown, self.texts(MASK))])


def _shown(text: str) -> str:
    """An argument on one line, cut where it is long."""
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return shlex.quote(text) if text.isprintable() else f"$'{repr(text + chr(34))[1:-2]}'"


def steps(state: DomainState) -> list[Step]:
    """The calls that make a domain with everything in it.

    Raises:
        InvalidArgument: the state has no IP address, mail folder or owner, or something that no command takes.
    """
    missing = [option for field, option in NEEDED.items() if field not in state]
    if missing:
        raise InvalidArgument(
            f"{state['domain']}: {', '.join(option[2:] for option in missing)} not known; give {', '.join(missing)}, or"
            " the fields in the file of --names"
        )
    found = list(_domain(state))
    for user, details in state.get("users", {}).items():
        found += _user(state, user, details)
    for name, members in state.get("distribution_lists", {}).items():
        found += _list(state["domain"], "Distribution", name, [(address,) for address in members])
    for name, named in state.get("mailing_lists", {}).items():
        members_with_names = [(display or "", address) for address, display in named.items()]
        found += _list(state["domain"], "Mailing", name, members_with_names)
    for step in found:
        _check(step)
    return found


def _step(stage: int, command: str, *arguments: str, password_of: str = "", makes: str = "", needs: str = "") -> Step:
    digest = hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:16]
    key = " ".join([command, *arguments[:2], digest])
    return Step(
        stage=stage,
        command=command,
        arguments=arguments,
        password_of=password_of,
        makes=makes,
        needs=needs,
        key=key,
    )


def _check(step: Step) -> None:
    """Make sure that the call is one."""
    try:
        step.operation.parse(step.texts("x"))
    except InvalidArgument as error:
        raise InvalidArgument(f"{step}: {error}") from None


def _flags(features: Mapping[str, bool]) -> list[str]:
    return [_ON[features[name]] for name in features]


def _features(
    given: Mapping[str, bool], names: Sequence[str], in_use: Mapping[str, object]
) -> tuple[list[str], list[str]]:
    """The flags while data is added, and those in the end. What is not known is on."""
    final = {name: given.get(name, True) for name in names}
    first = {name: final[name] or bool(in_use.get(name)) for name in names}
    return _flags(first), _flags(final)


def _domain(state: DomainState) -> Iterator[Step]:
    name, owner = state["domain"], state["owner"]
    users = state.get("users", {}).values()
    in_use = {
        "mailing_lists": state.get("mailing_lists"),
        "distribution_lists": state.get("distribution_lists"),
        "domain_aliases": state.get("aliases"),
        "spam_filters": state.get("spam_filters"),
        "user_aliases": any(user.get("aliases") for user in users),
        "forwards": any(user.get("forwards") for user in users),
        "autoresponders": any(user.get("autoresponder") for user in users),
    }
    first, final = _features(state.get("features", {}), DomainFeatures._fields, in_use)
    limit = str(state.get("max_mailboxes", -1))
    place = (state["ip_address"], state["mailbox_directory"], limit, owner)
    site = _ON[state.get("ip_based", False)]
    yield _step(DOMAINS, "EAddDomain", name, *place, "", site, *first, password_of=f"{owner}@{name}", makes=name)
    for alias in state.get("aliases", []):
        yield _step(NAMES, "EAddDomainAlias", name, alias, needs=name)
    for address in state.get("spam_filters", []):
        yield _step(ENTRIES, "EAddSpamFilter", name, address, filter_type_of(address), needs=name)
    catch_all = state.get("catch_all", f"{owner}@{name}")
    if catch_all != f"{owner}@{name}":
        yield _step(CATCH_ALLS, "ESetCatchallUser", name, catch_all, needs=name)
    if first != final:
        yield _step(FEATURES, "EEditDomain", name, limit, *final, needs=name)
    if state.get("suspended"):
        yield _step(SUSPENSIONS, "ESuspendDomain", name, needs=name)


def _user(domain: DomainState, user: str, state: UserState) -> Iterator[Step]:
    name = domain["domain"]
    address = f"{user}@{name}"
    in_use = {"forwards": state.get("forwards"), "autoresponders": state.get("autoresponder")}
    first, final = _features(state.get("features", {}), UserFeatures._fields, in_use)
    person = (state.get("first_name", ""), state.get("middle_name", ""), state.get("last_name", ""))
    needs = address
    if user == domain["owner"]:
        needs = name
        added: Sequence[str] = _USER_DEFAULTS  # as the domain has added its owner
    else:
        added = (*person, *first)
        yield _step(NAMES, "EAddUser", name, user, "", *added, password_of=address, makes=address, needs=name)
    for alias in state.get("aliases", []):
        yield _step(ENTRIES, "EAddUserAlias", name, user, alias, needs=needs)
    for forward in state.get("forwards", []):
        yield _step(ENTRIES, "EAddForward", name, user, forward, needs=needs)
    reply = state.get("autoresponder")
    if reply:
        yield _step(ENTRIES, "ESetAutoResponder", name, user, reply["subject"], reply["message"], needs=needs)
    if (*person, *final) != tuple(added):
        yield _step(FEATURES, "EEditUser", name, user, "", *person, *final, password_of=address, needs=needs)
    if state.get("suspended"):
        yield _step(SUSPENSIONS, "ESuspendUser", name, user, needs=needs)


def _list(domain: str, kind: str, name: str, members: Sequence[tuple[str, ...]]) -> Iterator[Step]:
    address = f"{name}@{domain}"
    yield _step(NAMES, f"EAdd{kind}List", domain, name, makes=address, needs=domain)
    for member in members:
        yield _step(ENTRIES, f"EAdd{kind}ListMember", domain, name, *member, needs=address)
