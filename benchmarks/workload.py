"""A round of calls that runs each of the guide's programs and leaves the directory as it was.

The same list is what starts are measured with, and growth.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from measuring import FLAGS, progress, seconds

THREE = ("1",) * 3
#: What EChangeNetworkSettings takes the server from and to, in turns; no domain has either address.
PAIRS = (("198.51.100.1", "a.example.net"), ("198.51.100.2", "b.example.net"))
REFUSAL = "a refusal: invalid argument"


class Call(NamedTuple):
    """A call that has to end with a status."""

    label: str
    program: str
    arguments: tuple[str, ...]
    status: int = 0


def calls(folder: Path, tag: str, number: int) -> list[Call]:
    """The calls of a round.

    Args:
        folder: where mail and exports go.
        tag: what makes the names of the round's domain unlike any other.
        number: of the round.
    """
    domain, alias = f"{tag}-{number}.example", f"{tag}-{number}-alias.example"
    mail, export = str(folder / "mail"), folder / "exports" / f"{tag}-{number}"
    whole = (domain, mail, str(export / "domain"), "admin", *FLAGS)
    part = (domain, "u1", mail, str(export / "user"), *THREE)
    (old_ip, old_name), (new_ip, new_name) = PAIRS if number % 2 else PAIRS[::-1]
    lines: list[tuple[str, ...]] = [
        ("EAddDomain", domain, "192.0.2.77", mail, "-1", "admin", "s3cret", "0", *FLAGS),
        ("EEditDomain", domain, "-1", *FLAGS),
        ("ESuspendDomain", domain),
        ("EResumeDomain", domain),
        ("EGetMailURL", domain),
        ("EChangeDomainIP", domain, "192.0.2.78"),
        ("EAddDomainAlias", domain, alias),
        ("EGetDomainAliasList", domain),
        ("EDeleteDomainAlias", domain, alias),
        ("EAddUser", domain, "u1", "s3cret", "Ann", "", "Lee", *THREE),
        ("EEditUser", domain, "u1", "", "Ann", "B.", "Lee", *THREE),
        ("ESuspendUser", domain, "u1"),
        ("EResumeUser", domain, "u1"),
        ("EAddUserAlias", domain, "u1", "a11"),
        ("EGetUserAliasList", domain, "u1"),
        ("EDeleteUserAlias", domain, "u1", "a11"),
        ("EAddForward", domain, "u1", "u1@elsewhere.example"),
        ("EGetForwardList", domain, "u1"),
        ("EDeleteForward", domain, "u1", "u1@elsewhere.example"),
        ("EAddDistributionList", domain, "team"),
        ("EGetDistributionListList", domain),
        ("EAddDistributionListMember", domain, "team", f"u1@{domain}"),
        ("EGetDistributionListMemberList", domain, "team"),
        ("EDeleteDistributionListMember", domain, "team", f"u1@{domain}"),
        ("EDeleteDistributionList", domain, "team"),
        ("EAddMailingList", domain, "news"),
        ("EGetMailingListList", domain),
        ("EAddMailingListMember", domain, "news", "Ann Lee", "ann@elsewhere.example"),
        ("EGetMailingListMemberList", domain, "news"),
        ("EDeleteMailingListMember", domain, "news", "ann@elsewhere.example"),
        ("EDeleteMailingList", domain, "news"),
        ("EAddSpamFilter", domain, "spammer@elsewhere.example", "EMAIL"),
        ("EGetSpamFilterList", domain),
        ("EDeleteSpamFilter", domain, "spammer@elsewhere.example"),
        ("ESetCatchallUser", domain, f"u1@{domain}"),
        ("EGetCatchallUser", domain),
        ("ESetAutoResponder", domain, "u1", "On holiday", "Back on Monday."),
        ("EGetAutoResponder", domain, "u1"),
        ("EDeleteAutoResponder", domain, "u1"),
        ("EPreExportUser", *part),
        ("EPostExportUser", *part),
        ("EPreImportUser", *part),
        ("EPostImportUser", *part),
        ("EPreExportDomain", *whole),
        ("EPostExportDomain", *whole),
        ("EPreImportDomain", *whole),
        ("EPostImportDomain", *whole),
        ("EDeleteUser", domain, "u1"),
        ("EDeleteDomain", domain),
        ("EStartMailServer",),
        ("EStopMailServer",),
        ("EChangeNetworkSettings", old_ip, old_name, new_ip, new_name),
        ("RegisterMailAddon", "--directory", str(folder), "Acme", "Sample", "1", "", "", ""),
    ]
    return [
        *(Call(program, program, tuple(arguments)) for program, *arguments in lines),
        Call(REFUSAL, "EGetUserAliasList", ("xyz.com", "u 1"), 1),
    ]


class Ways(NamedTuple):
    """A way to run the round: the folder of the programs, their environment, and where mail and exports go."""

    programs: Path
    variables: Mapping[str, str]
    folder: Path


def rounds(
    ways: Mapping[str, Ways], numbers: Sequence[int], tag: str, part: str, beside: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, list[float]]]:
    """Run rounds in all ways, call by call in turns: way -> label -> seconds; the first round warms up.

    Args:
        ways: by name.
        numbers: of the rounds.
        tag: as in `calls`.
        part: what progress is told of.
        beside: other processes, started several times in each round: label -> command line. They are the way "".
    """
    found: dict[str, dict[str, list[float]]] = {way: {} for way in (*ways, "")}
    names = list(ways)
    for number in progress(numbers, part):
        warm = number != numbers[0]
        given = [calls(ways[name].folder, f"{tag}{place}", number) for place, name in enumerate(names)]
        for step in range(len(given[0])):
            shift = step % len(names)
            for place in (*range(shift, len(names)), *range(shift)):
                call, way = given[place][step], ways[names[place]]
                taken = seconds([str(way.programs / call.program), *call.arguments], way.variables, call.status)
                if warm:
                    found[names[place]].setdefault(call.label, []).append(taken)
            if step % 10 == 0:
                for label, command in beside.items():
                    taken = seconds(command, ways[names[0]].variables)
                    if warm:
                        found[""].setdefault(label, []).append(taken)
    return found
