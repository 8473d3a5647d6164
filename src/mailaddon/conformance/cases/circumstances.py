"""Lists of 10,000, passwords in whatever can be seen, and what is left behind."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

from ..case import Collection
from ..kit import Kit, Lacking
from ..targets import kill

CASES = Collection()
case = CASES.case
_LARGEST = 64 << 20


def _long_list(kit: Kit, listing: str, calls: list[list[str]], expected: list[str], arguments: list[str]) -> None:
    refused = [answer for answer in kit.target.many(calls) if answer.status]
    if refused:
        kit.fail(f"{len(refused)} of {len(calls)} calls were refused; the first: {refused[0].words}")
    kit.note(f"# {len(calls)} calls like this one have succeeded: {kit.target.shell(*calls[0])}")
    kit.sorted(expected, listing, *arguments)


@case("scale", "EAddDistributionListMember", "EGetDistributionListMemberList", "EAddDistributionList")
def ten_thousand_members(kit: Kit) -> None:
    """A list of 10,000 members is listed whole and sorted, and goes with its domain."""
    domain = kit.domain()
    kit.ok("EAddDistributionList", domain, "team")
    members = [f"m{number:05}@example.org" for number in range(kit.target.size)]
    calls = [["EAddDistributionListMember", domain, "team", member] for member in members]
    _long_list(kit, "EGetDistributionListMemberList", calls, members, [domain, "team"])
    kit.ok("EDeleteDistributionListMember", domain, "team", members[-1])
    kit.listed(members[:-1], "EGetDistributionListMemberList", domain, "team")
    kit.ok("EDeleteDomain", domain)


@case("scale", "EAddForward", "EGetForwardList")
def a_thousand_forwards(kit: Kit) -> None:
    """A user with 1,000 forwards is listed whole and sorted, and goes with all of them."""
    domain = kit.domain("u1")
    forwards = [f"f{number:04}@example.org" for number in range(kit.target.size // 10)]
    calls = [["EAddForward", domain, "u1", forward] for forward in forwards]
    _long_list(kit, "EGetForwardList", calls, forwards, [domain, "u1"])
    kit.ok("EDeleteUser", domain, "u1")


# Passwords


def _forms(password: str) -> list[bytes]:
    octets = password.encode()
    encoded = [base64.b64encode(b"x" * shift + octets)[(4 if shift else 0) : -4] for shift in range(3)]
    return [octets, octets.hex().encode(), octets[::-1], password.encode("utf-16-le"), *encoded]


def _searched(kit: Kit, passwords: list[str]) -> None:
    forms = [form for password in passwords for form in _forms(password)]
    for line in kit.transcript:
        if line.answer is not None:
            for name, octets in (("standard output", line.answer.stdout), ("standard error", line.answer.stderr)):
                if any(form in octets for form in forms):
                    kit.fail(f"{line.answer.command} prints a password to {name}")
    for path in _visible(kit):
        if any(form in os.fsencode(path) for form in forms):
            kit.fail(f"a password is in the name of {path}")
        content = _content(path)
        if any(form in content for form in forms):
            kit.fail(f"a password is in {path}; only its hash may be kept")


def _visible(kit: Kit) -> Iterator[Path]:
    """All files and folders in what is watched."""
    for folder in kit.target.watched:
        for place, folders, names in os.walk(folder):
            yield from (Path(place, name) for name in (*folders, *names))


def _content(path: Path) -> bytes:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return b""
        return path.read_bytes()
    except OSError:  # it has gone meanwhile, or is not ours to read
        return b""


@case("secrets", "EAddDomain", "EAddUser", "EEditUser")
def no_password_is_kept(kit: Kit) -> None:
    """A password is in no file, and in nothing that is printed: neither plain nor merely encoded."""
    domain = kit.domain("u1")
    edited = f"{kit.password}-edited"
    kit.ok("EEditUser", domain, "u1", edited, "Ann", "", "Lee", "1", "1", "1")
    _searched(kit, [kit.password, edited])


@case("secrets", "EAddDomain", "EAddUser", "EEditUser")
def no_refusal_shows_a_password(kit: Kit) -> None:
    """A refusal never repeats the password that it was given, whatever else is wrong."""
    domain = kit.domain("u1")
    kit.refused("EAddDomain", *kit.domain_arguments(domain), why="it exists already")
    kit.refused("EAddUser", *kit.user_arguments(domain, "u1"), why="it exists already")
    kit.refused("EAddUser", *kit.user_arguments(domain, "a b"), why="this is no user name")
    kit.refused("EAddUser", domain, "u2", kit.password, why="arguments are missing")
    kit.refused("EAddUser", *kit.user_arguments(domain, "u2"), "", why="there is an argument too many")
    kit.refused("EEditUser", domain, "absent", kit.password, "", "", "", "1", "1", "1", why="there is no such user")
    kit.refused("EAddUser", domain, kit.password, kit.password, kit.password, "", "", "1", "1", "2", why="2 is no flag")
    long = kit.password * 100
    kit.refused("EAddUser", domain, "u3", long, "", "", "", "1", "1", "1", why="the password is too long")
    _searched(kit, [kit.password])


# What is left behind


@case("leftovers", "EDeleteDomain", "EAddDomain", "EAddUser")
def a_deleted_domain_leaves_no_file(kit: Kit) -> None:
    """When a domain is deleted no file or folder that can be seen has its name any more."""
    domain = kit.domain("u1")
    for command, arguments in (
        ("EAddUserAlias", (domain, "u1", "a11")),
        ("EAddDistributionList", (domain, "team")),
        ("EAddMailingList", (domain, "news")),
    ):
        if kit.can(command):
            kit.ok(command, *arguments)
    kit.ok("EDeleteDomain", domain)
    for path in _visible(kit):
        if domain in path.name:
            kit.fail(f"the domain is deleted, and {path} is left")


@case("leftovers", "EDeleteUser", "EAddUser")
def a_deleted_user_leaves_no_folder(kit: Kit) -> None:
    """When a user is deleted its mail folder is gone, and the domain's is not."""
    domain = kit.domain("u1", "u2")
    folder = kit.target.mail / domain
    if not folder.is_dir():
        raise Lacking(f"mail is not kept in {folder}")
    if not (folder / "u1").exists():
        raise Lacking(f"a user's mail is not kept in {folder}/u1")
    kit.ok("EDeleteUser", domain, "u1")
    if (folder / "u1").exists():
        kit.fail(f"the user is deleted, and {folder}/u1 is left")
    if not (folder / "u2").exists():
        kit.fail(f"another user was deleted, and {folder}/u2 is gone")


@case("leftovers", "EAddUser", "EAddDomain", alone=True)
def a_refusal_leaves_no_file(kit: Kit) -> None:
    """A refused command leaves no file or folder in the mail storage."""
    domain = kit.domain("u1", limit="2")
    before = sorted(kit.target.mail.rglob("*"))
    kit.refused("EAddUser", *kit.user_arguments(domain, "u2"), why="the domain is full")
    kit.refused("EAddDomain", *kit.domain_arguments(domain), why="it exists already")
    arguments = kit.domain_arguments(kit.new_name())
    kit.refused("EAddDomain", *[*arguments[:-1], "2"], why="2 is no flag")
    if new := [path for path in sorted(kit.target.mail.rglob("*")) if path not in before]:
        kit.fail(f"every command was refused, and {new[0]} has been made")


@case("leftovers", "EAddUser", processes=True)
def no_process_is_left(kit: Kit) -> None:
    """When a command has ended so have all the processes that it has started."""
    domain = kit.domain()
    for command, arguments in (("EAddUser", kit.user_arguments(domain, "u1")), ("EDeleteUser", [domain, "u1"])):
        process = kit.target.start(command, *arguments)
        assert process is not None  # the case is for processes only
        kit.note(kit.target.shell(command, *arguments))
        process.communicate()
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            continue
        kill(process)
        kit.fail(f"{command} has ended, and processes that it started go on; a panel waits for them, or never knows")
