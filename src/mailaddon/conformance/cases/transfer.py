"""Export and import: a domain or a user comes back as it was, and nothing that is not sealed and whole comes in."""

import os
from pathlib import Path

from ..case import Collection
from ..kit import FLAGS, OWNER, USER_FLAGS, Kit, Lacking

CASES = Collection()
case = CASES.case
_DOMAIN = ("EPreExportDomain", "EPostExportDomain", "EPreImportDomain", "EPostImportDomain")
_USER = ("EPreExportUser", "EPostExportUser", "EPreImportUser", "EPostImportUser")
_LISTS = (
    *("EGetDomainAliasList", "EGetDistributionListList", "EGetMailingListList", "EGetSpamFilterList"),
    *("EGetCatchallUser", "EGetUserAliasList", "EGetForwardList", "EGetAutoResponder"),
    *("EGetDistributionListMemberList", "EGetMailingListMemberList"),
)


def _furnish(kit: Kit) -> str:
    """A domain that has one of everything that the target can."""
    domain = kit.domain("u1")
    for call in (
        ("EAddUserAlias", domain, "u1", "a11"),
        ("EAddForward", domain, "u1", "out@example.org"),
        ("ESetAutoResponder", domain, "u1", "On holiday", "Back\non Monday."),
        ("EAddDistributionList", domain, "team"),
        ("EAddDistributionListMember", domain, "team", f"u1@{domain}"),
        ("EAddSpamFilter", domain, "spammer@example.org", "EMAIL"),
        ("EAddDomainAlias", domain, f"alias-{domain}"),
        ("ESetCatchallUser", domain, f"u1@{domain}"),
    ):
        if kit.can(call[0]):
            kit.ok(*call)
    return domain


def _domain_transfer(kit: Kit, domain: str) -> list[str]:
    return [domain, str(kit.target.mail), kit.location(), OWNER, *FLAGS]


def _user_transfer(kit: Kit, domain: str) -> list[str]:
    return [domain, "u1", str(kit.target.mail), kit.location(), *USER_FLAGS]


@case("transfer", *_DOMAIN)
def a_domain_comes_back_as_it_was(kit: Kit) -> None:
    """A domain that is exported, deleted and imported lists what it listed before."""
    domain = _furnish(kit)
    arguments = _domain_transfer(kit, domain)
    before = kit.state(domain, _LISTS)
    for command in _DOMAIN[:2]:
        kit.ok(command, *arguments)
    kit.ok("EDeleteDomain", domain)
    for command in _DOMAIN[2:]:
        kit.ok(command, *arguments)
    for call, answer in kit.state(domain, _LISTS).items():
        if before[call] != answer:
            kit.fail(f"{call} answered {before[call]} before the export and {answer} after the import")


@case("transfer", *_USER)
def a_user_comes_back_as_it_was(kit: Kit) -> None:
    """A user that is exported, deleted and imported lists what it listed before."""
    domain = _furnish(kit)
    arguments = _user_transfer(kit, domain)
    lists = [command for command in _LISTS if "User" in command or "Forward" in command or "Auto" in command][1:]
    before = kit.state(domain, lists, ["u1"])
    for command in _USER[:2]:
        kit.ok(command, *arguments)
    kit.ok("EDeleteUser", domain, "u1")
    for command in _USER[2:]:
        kit.ok(command, *arguments)
    for call, answer in kit.state(domain, lists, ["u1"]).items():
        if before[call] != answer:
            kit.fail(f"{call} answered {before[call]} before the export and {answer} after the import")


@case("transfer", *_DOMAIN)
def an_unsealed_export_is_refused(kit: Kit) -> None:
    """An export that EPostExportDomain has not sealed is imported by nobody."""
    domain = _furnish(kit)
    arguments = _domain_transfer(kit, domain)
    kit.ok("EPreExportDomain", *arguments)
    kit.ok("EDeleteDomain", domain)
    for command in _DOMAIN[2:]:
        kit.refused(command, *arguments, why="the export has no seal")
    if kit.domain_exists(domain):
        kit.fail("the import was refused, and the domain exists")


@case("transfer", *_DOMAIN)
def verifying_an_import_changes_nothing(kit: Kit) -> None:
    """EPreImportDomain verifies everything and makes nothing."""
    domain = _furnish(kit)
    arguments = _domain_transfer(kit, domain)
    for command in _DOMAIN[:2]:
        kit.ok(command, *arguments)
    kit.ok("EDeleteDomain", domain)
    kit.ok("EPreImportDomain", *arguments)
    if kit.domain_exists(domain):
        kit.fail("EPreImportDomain has made the domain")


@case("transfer", *_DOMAIN)
def a_damaged_export_is_refused(kit: Kit) -> None:
    """An export in which one octet of a file has changed is refused."""
    domain = _furnish(kit)
    arguments = _domain_transfer(kit, domain)
    for command in _DOMAIN[:2]:
        kit.ok(command, *arguments)
    kit.ok("EDeleteDomain", domain)
    files = [Path(place, name) for place, _folders, names in os.walk(kit.location()) for name in names]
    chosen = max(files, key=lambda path: (path.stat().st_size, path), default=None)
    if chosen is None:
        raise Lacking("the exported files are not visible from here")
    content = bytearray(chosen.read_bytes())
    content[len(content) // 2] ^= 1
    kit.note(f"# one bit in the middle of {chosen} is changed")
    chosen.write_bytes(content)
    for command in _DOMAIN[2:]:
        kit.refused(command, *arguments, why="the export is damaged")


@case("transfer", *_DOMAIN)
def nothing_is_imported_from_an_empty_folder(kit: Kit) -> None:
    """A folder without an export is refused."""
    domain = kit.domain()
    arguments = _domain_transfer(kit, domain)
    for command in _DOMAIN[2:]:
        kit.refused(command, *arguments, why="there is no export")
