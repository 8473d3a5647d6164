"""Random commands with arguments that mostly name what there is: what backends and the model are compared with.

Few names, so that they collide; also arguments that nothing accepts.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from .arguments import COMMANDS, OTHER_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from .model import Domain, Model

MAIL = "MAIL"  # stands for the folder for mail

DOMAINS = ["xyz.com", "foo.com", "bücher.example", "xn--bcher-kva.example", "XYZ.com", "sub.xyz.com"]
LOCALS = ["u1", "u2", "u3", "a11", "team", "admin", "U1", "u.1", "-x"]
HOSTS = ["xyz.com", "foo.com", "xn--bcher-kva.example", "BÜCHER.example", "example.org", "Example.ORG"]
PARTS = ["u1", "u2", "u3", "a11", "team", "admin", "U2", "u1+x", "a11+x", "nobody"]
OUTSIDE = ["out@example.org", "jörg@example.org", '"a b"@example.org', "o'neil@example.org", "x@[192.0.2.9]"]

#: Kind -> what is mostly given, and what nothing accepts.
VALUES: dict[str, tuple[list[str], list[str]]] = {
    "domain": (
        DOMAINS,
        ["", "xyz", "-a.com", "a..com", "1.2.3.4", "a b.com", "x" * 64 + ".com", "a_b.com", "xn--a.com"],
    ),
    "local": (LOCALS, ["", ".a", "a.", "a..b", "a b", "ü", "x" * 65, "u1@xyz.com", "a+b", "a\n", "../x"]),
    "ip": (
        ["192.0.2.1", "192.0.2.2", "2001:DB8::1", "2001:db8:0::1"],
        ["", "192.0.2", "300.1.1.1", "192.0.2.1/24", "010.0.0.1", "fe80::1%eth0", "localhost"],
    ),
    "path": (
        [MAIL, f"{MAIL}/a", f"{MAIL}//a/", f"{MAIL}/xyz.com", f"{MAIL}/a/foo.com/u1"],
        ["", "relative", "/", "//", f"{MAIL}/../x", "/a\nb", "/a\0b"],
    ),
    "limit": (["-1", "1", "2", "3", "100"], ["", "0", "-2", "x", "1.0", "01", "2147483648", "\u0661"]),
    "flag": (["1", "1", "1", "1", "0"], ["", "2", "true", "-1", "10"]),
    "password": (["s3cret", "--help", " ", "pä'\"$\\wörd", "{PLAIN}x", "a\nb"], ["", "x" * 1025, "a\0b"]),
    "kept_password": (["s3cret", "", "-1"], ["x" * 1025, "a\0b"]),
    "name": (["", "Ann", "-x", "Ø. 'q\" $", "ۀ\u0301", "x" * 255], ["a\nb", "a\tb", "x" * 256, "\u2028"]),
    "subject": (["", "On holiday", "tab\there", "-s", "Grüße 🏖"], ["a\nb", "x" * 999, "\r"]),
    "message": (["", "Back on Monday.", "two\nlines\n", "\n", "tab\tcr\r", "ü" * 50, "."], ["a\0b"]),
    "some_filter": (
        [
            "spam@example.org",
            "Spam@Example.org",
            "example.org",
            "192.0.2.0/24",
            "192.0.2.1",
            "192.0.2.1/32",
            "2001:db8::/32",
        ],
        ["", "a b", "@", "192.0.2.1/24", "300.1.1.1", "x/24", "192.0.2.0/33"],
    ),
    "filter_type": (["EMAIL", "IP", "DOMAIN", "email"], ["", "MAIL", "IPV4"]),
}
ADDRESSES = [f"{part}@{host}" for part in PARTS for host in HOSTS] + OUTSIDE
NO_ADDRESSES = [
    "u1",
    "@xyz.com",
    "u1@",
    "a b@xyz.com",
    "u1@-x.com",
    ".u@xyz.com",
    "u1@x@",
    '"a@xyz.com',
    "u\n1@xyz.com",
]
VALUES["address"] = (ADDRESSES, ["", *NO_ADDRESSES])
VALUES["address_or_none"] = (["", *ADDRESSES], NO_ADDRESSES)

#: Commands that make something come oftener than those that only make more of nothing.
WEIGHTS = {
    "EAddUser": 5,
    "EDeleteUser": 2,
    "EAddUserAlias": 4,
    "EAddForward": 6,
    "EAddDomain": 3,
    "EAddDomainAlias": 2,
} | {
    f"E{verb}{kind}List{what}": weight
    for kind in ("Distribution", "Mailing")
    for verb, what, weight in (("Add", "", 3), ("Add", "Member", 5), ("Delete", "Member", 2), ("Get", "MemberList", 2))
}
WEIGHTED = [command for command in [*COMMANDS, *OTHER_NAMES] for _ in range(WEIGHTS.get(command, 1))]


def kinds_of(command: str) -> list[str]:
    """What a command's arguments are, in order."""
    return [kind.__name__ for kind in COMMANDS[OTHER_NAMES.get(command, command)]]


def present(model: Model, command: str, before: list[str]) -> list[str]:
    """What there is that the next argument could name; nothing, if it is a new thing or no name."""
    kind = kinds_of(command)[len(before)] if len(before) < len(kinds_of(command)) else ""
    if not before:
        return list(model.domains) if kind == "domain" and command != "EAddDomain" else []
    domain = model.domains.get(before[0])
    if domain is None:
        return []
    list_kind = next((kind for kind in domain.lists if kind.title() in command), "")
    if len(before) == 1 and kind == "local":
        adds = command in {"EAddUser", "EAddDistributionList", "EAddMailingList"}
        return [] if adds else list(domain.lists[list_kind] if list_kind else domain.users)
    if "Delete" in command:
        return sorted(_deletable(domain, list_kind, command, before))
    if kind.startswith("address"):
        parts = [*domain.users, *(a for user in domain.users.values() for a in user.aliases), *domain.lists["mailing"]]
        return [f"{part}@{host}" for host in sorted(model.names(before[0])) for part in sorted(parts)]
    return []


def _deletable(domain: Domain, list_kind: str, command: str, before: list[str]) -> set[str]:
    if command == "EDeleteDomainAlias":
        return domain.aliases
    if command == "EDeleteSpamFilter":
        return {address for _type, address in domain.filters}
    if list_kind and len(before) == 2:
        return set(domain.lists[list_kind].get(before[1], ()))
    user = domain.users.get(before[1]) if len(before) == 2 else None
    if user is None:
        return set()
    return user.aliases if command == "EDeleteUserAlias" else user.forwards


def any_call(random: Random, model: Model, commands: Sequence[str] = WEIGHTED) -> tuple[str, list[str]]:
    """A command, and arguments that mostly name what there is."""
    command = random.choice(commands)
    arguments: list[str] = []
    for kind in kinds_of(command):
        good, bad = VALUES[kind]
        known = present(model, command, arguments) if random.random() < 0.8 else []
        arguments.append(random.choice(bad if random.random() < 0.01 else known or good))
    if command == "EEditDomain" and random.random() < 0.5:
        arguments.insert(2, random.choice(VALUES["flag"][0]))
    if random.random() < 0.01:
        arguments.append("")
    elif arguments and random.random() < 0.01:
        arguments.pop()
    return command, arguments


def likely_call(random: Random, model: Model, mail: str, commands: Sequence[str] = WEIGHTED) -> tuple[str, list[str]]:
    """The same, but seldom one that is refused for what does not exist or exists already.

    Args:
        random: where chance comes from.
        model: what there is.
        mail: the folder for mail.
        commands: those to choose from.
    """
    for _try in range(3):
        command, arguments = any_call(random, model, commands)
        arguments = [text.replace(MAIL, mail) for text in arguments]
        if deepcopy(model).run(command, arguments)[1] not in {"not-found", "already-exists"} or random.random() < 0.1:
            break
    return command, arguments
