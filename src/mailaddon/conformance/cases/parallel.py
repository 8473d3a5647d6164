"""40 calls at the same time: none is lost, none wins twice, and who reads meanwhile reads a whole list."""

from collections.abc import Sequence
from functools import partial

from ..case import Case, Collection
from ..kit import Kit

CASES = Collection()
MANY = 40


def _all_succeed(kit: Kit, calls: Sequence[Sequence[str]]) -> None:
    refused = [answer for answer in kit.at_once(calls) if answer.status]
    if refused:
        kit.fail(f"{len(refused)} of {len(calls)} calls at once were refused; the first: {refused[0].words}")


def _one_succeeds(kit: Kit, call: Sequence[str], count: int = MANY) -> None:
    succeeded = [answer for answer in kit.at_once([call] * count) if answer.status == 0]
    if len(succeeded) != 1:
        kit.fail(f"of {count} equal calls at once {len(succeeded)} succeeded; exactly one would be right")


def _things(command: str, kit: Kit) -> tuple[list[list[str]], list[str], list[str]]:
    """Calls that add 40 different things, how these are listed, and what is listed then."""
    numbers = [f"{number:02}" for number in range(MANY)]
    domain = kit.domain("u1")
    calls: dict[str, tuple[list[list[str]], list[str], list[str]]] = {
        "EAddUserAlias": (
            [[domain, "u1", f"a{number}"] for number in numbers],
            ["EGetUserAliasList", domain, "u1"],
            [f"a{number}" for number in numbers],
        ),
        "EAddForward": (
            [[domain, "u1", f"o{number}@example.org"] for number in numbers],
            ["EGetForwardList", domain, "u1"],
            [f"o{number}@example.org" for number in numbers],
        ),
        "EAddDomainAlias": (
            [[domain, f"a{number}.{domain}"] for number in numbers],
            ["EGetDomainAliasList", domain],
            [f"a{number}.{domain}" for number in numbers],
        ),
        "EAddSpamFilter": (
            [[domain, f"o{number}@example.org", "EMAIL"] for number in numbers],
            ["EGetSpamFilterList", domain],
            [f"o{number}@example.org" for number in numbers],
        ),
    }
    for kind, name in (("DistributionList", []), ("MailingList", ["Ann Lee"])):
        calls[f"EAdd{kind}"] = (
            [[domain, f"l{number}"] for number in numbers],
            [f"EGet{kind}List", domain],
            [f"l{number}" for number in numbers],
        )
        calls[f"EAdd{kind}Member"] = (
            [[domain, "team", *name, f"o{number}@example.org"] for number in numbers],
            [f"EGet{kind}MemberList", domain, "team"],
            [f"o{number}@example.org" for number in numbers],
        )
        if command == f"EAdd{kind}Member":
            kit.ok(f"EAdd{kind}", domain, "team")
    added, listing, expected = calls[command]
    return [[command, *arguments] for arguments in added], listing, expected


def _nothing_is_lost(command: str, kit: Kit) -> None:
    calls, listing, expected = _things(command, kit)
    _all_succeed(kit, calls)
    kit.listed(expected, *listing)


def _one_wins(command: str, kit: Kit) -> None:
    calls, listing, expected = _things(command, kit)
    _one_succeeds(kit, calls[0])
    kit.listed(expected[:1], *listing)


def _users(kit: Kit) -> None:
    domain = kit.domain()
    _all_succeed(kit, [["EAddUser", *kit.user_arguments(domain, f"u{number}")] for number in range(MANY)])
    _all_succeed(kit, [["EDeleteUser", domain, f"u{number}"] for number in range(MANY)])


def _limit(kit: Kit) -> None:
    domain = kit.domain(limit="5")
    answers = kit.at_once([["EAddUser", *kit.user_arguments(domain, f"u{number}")] for number in range(MANY)])
    added = [answer.arguments[1] for answer in answers if answer.status == 0]
    if len(added) != 4:  # noqa: PLR2004 - five less the owner
        kit.fail(f"MaxMailBoxes is 5 and the owner is one; {len(added)} users were added at once, 4 would be right")
    for user in added:
        kit.ok("EDeleteUser", domain, user)


def _one_user_wins(kit: Kit) -> None:
    domain = kit.domain()
    _one_succeeds(kit, ["EAddUser", *kit.user_arguments(domain, "u1")])
    _one_succeeds(kit, ["EDeleteUser", domain, "u1"])


def _one_domain_wins(kit: Kit) -> None:
    name = kit.new_name()
    _one_succeeds(kit, ["EAddDomain", *kit.domain_arguments(name)])
    _one_succeeds(kit, ["EDeleteDomain", name])


def _names(kit: Kit) -> None:
    domain = kit.domain("u1")
    calls = [["EAddUserAlias", domain, "u1", "x"], ["EAddUser", *kit.user_arguments(domain, "x")]] * (MANY // 2)
    succeeded = [answer for answer in kit.at_once(calls) if answer.status == 0]
    if len(succeeded) != 1:
        kit.fail(f"x has become {len(succeeded)} things at once: a user, or an alias; one would be right")


def _readers(kit: Kit) -> None:
    domain = kit.domain("u1")
    calls = [["EAddUserAlias", domain, "u1", f"alias-{number:02}"] for number in range(MANY // 2)]
    reads = [["EGetUserAliasList", domain, "u1"]] * (MANY // 2)
    mixed = [call for pair in zip(calls, reads, strict=True) for call in pair]
    for answer in kit.at_once(mixed):
        if answer.status:
            kit.fail(f"{answer.command} was refused while others were at work: {answer.words}")
        if answer.output and not answer.output.endswith("\n"):
            kit.fail(f"a list was cut off while others were at work: {answer.output!r}")
        if any(len(line) != len("alias-00") for line in answer.output.splitlines()):
            kit.fail(f"a list has an item that was never added: {answer.output!r}")
    kit.listed([call[3] for call in calls], "EGetUserAliasList", domain, "u1")


def _add(name: str, title: str, run: "partial[None]", *needs: str) -> None:
    CASES.add(Case(f"parallel/{name}", "parallel", title, needs, run, "parallel"))


_add("users", "40 users are added, and deleted, at the same time.", partial(_users), "EAddUser", "EDeleteUser")
_add("limit", "MaxMailBoxes holds when 40 users are added at the same time.", partial(_limit), "EAddUser")
_add(
    "one-user",
    "Of 40 that add or delete the same user one succeeds.",
    partial(_one_user_wins),
    "EAddUser",
    "EDeleteUser",
)
_add(
    "one-domain",
    "Of 40 that add or delete the same domain one succeeds.",
    partial(_one_domain_wins),
    "EAddDomain",
    "EDeleteDomain",
)
_add(
    "one-name",
    "A name does not become a user and an alias at the same time.",
    partial(_names),
    "EAddUserAlias",
    "EAddUser",
)
_add(
    "readers", "Who lists while others add reads whole items.", partial(_readers), "EGetUserAliasList", "EAddUserAlias"
)
for _what in (
    "UserAlias",
    "Forward",
    "DomainAlias",
    "SpamFilter",
    "DistributionList",
    "DistributionListMember",
    "MailingList",
    "MailingListMember",
):
    _needs = (f"EAdd{_what}", f"EGet{_what}List")
    _add(
        f"{_needs[0]}/none-lost",
        f"40 calls of {_needs[0]} at once all succeed, and all is listed.",
        partial(_nothing_is_lost, _needs[0]),
        *_needs,
    )
    _add(
        f"{_needs[0]}/one-wins",
        f"Of 40 equal calls of {_needs[0]} one succeeds.",
        partial(_one_wins, _needs[0]),
        *_needs,
    )
