"""What the pages say that a hook must do is what the built-in backend and the model do."""

import sys
from pathlib import Path

import pytest
from harness import FLAGS, USER_FLAGS, Home

from mailaddon.operations import COMMANDS
from mailaddon.operations.model import Operation

DOCS = Path(__file__).parent.parent / "docs"
sys.path.append(str(DOCS))
import duties  # noqa: E402 - a module beside the pages

DOMAIN = ("xyz.com", "192.0.2.10", "MAIL", "10", "admin", "pw", "0", *FLAGS)
TRANSFER = ("xyz.com", "MAIL", "OUT", "admin", *FLAGS)
USER_TRANSFER = ("xyz.com", "u1", "MAIL", "OUT", *USER_FLAGS)
#: Command -> its arguments: each succeeds once in the state that `stocked` makes.
CALLS: dict[str, tuple[str, ...]] = {
    "EAddDomain": ("foo.com", *DOMAIN[1:]),
    "EEditDomain": ("xyz.com", "5", *FLAGS),
    "EDeleteDomain": ("xyz.com",),
    "EPreImportDomain": TRANSFER,
    "EPostImportDomain": TRANSFER,
    "EChangeDomainIP": ("xyz.com", "192.0.2.11"),
    "EAddDomainAlias": ("xyz.com", "xyz.org"),
    "EDeleteDomainAlias": ("xyz.com", "xyz.net"),
    "EPreExportDomain": TRANSFER,
    "EPostExportDomain": TRANSFER,
    "EAddDistributionList": ("xyz.com", "staff"),
    "EDeleteDistributionList": ("xyz.com", "team"),
    "EAddMailingList": ("xyz.com", "press"),
    "EDeleteMailingList": ("xyz.com", "news"),
    "EAddSpamFilter": ("xyz.com", "192.0.2.0/24", "IP"),
    "EDeleteSpamFilter": ("xyz.com", "casino.example"),
    "EStartMailServer": (),
    "EStopMailServer": (),
    "EChangeNetworkSettings": ("192.0.2.10", "old.example.net", "192.0.2.20", "new.example.net"),
    "EAddUser": ("xyz.com", "u3", "pw", "", "", "", *USER_FLAGS),
    "EEditUser": ("xyz.com", "u1", "", "Ann", "", "Lee", *USER_FLAGS),
    "EPreExportUser": USER_TRANSFER,
    "EPostExportUser": USER_TRANSFER,
    "EPreImportUser": USER_TRANSFER,
    "EPostImportUser": USER_TRANSFER,
    "EAddUserAlias": ("xyz.com", "u1", "a12"),
    "EDeleteUserAlias": ("xyz.com", "u1", "a11"),
    "EAddForward": ("xyz.com", "u1", "u1@example.net"),
    "EDeleteForward": ("xyz.com", "u1", "u1@mymail.com"),
    "EAddDistributionListMember": ("xyz.com", "team", "ann@example.org"),
    "EDeleteDistributionListMember": ("xyz.com", "team", "u1@xyz.com"),
    "EGetDistributionListMemberList": ("xyz.com", "team"),
    "EAddMailingListMember": ("xyz.com", "news", "Bob", "bob@example.org"),
    "EDeleteMailingListMember": ("xyz.com", "news", "ann@example.org"),
    "EGetMailingListMemberList": ("xyz.com", "news"),
    "ESetCatchallUser": ("xyz.com", "u1@xyz.com"),
    "ESetAutoResponder": ("xyz.com", "u1", "Away", "Until Friday."),
}


def arguments(home: Home, operation: Operation) -> list[str]:
    """A command's arguments; those of a domain or a user, where no others are needed."""
    plain = ("xyz.com", "u1")[: len(operation.parameters)]
    folders = {"MAIL": str(home.mail), "OUT": str(home.folder / "out")}
    return [folders.get(argument, argument) for argument in CALLS.get(operation.command, plain)]


@pytest.fixture(params=["embedded", "mailaddon.testing:FakeBackend"])
def stocked(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A domain with one of everything, on either backend."""
    home = Home(tmp_path, backend=request.param, webmail__url="https://example.net/")
    domain = [argument.replace("MAIL", str(home.mail)) for argument in DOMAIN]
    home.must("EAddDomain", *domain)
    home.add_user("xyz.com", "u1")
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    home.must("EAddForward", "xyz.com", "u1", "u1@mymail.com")
    home.must("ESetAutoResponder", "xyz.com", "u1", "Away", "Until Monday.")
    home.must("EAddDomainAlias", "xyz.com", "xyz.net")
    home.must("EAddDistributionList", "xyz.com", "team")
    home.must("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com")
    home.must("EAddMailingList", "xyz.com", "news")
    home.must("EAddMailingListMember", "xyz.com", "news", "Ann", "ann@example.org")
    home.must("EAddSpamFilter", "xyz.com", "casino.example", "DOMAIN")
    return home


def test_a_request_repeated_ends_as_its_page_says(stocked: Home) -> None:
    for operation in COMMANDS:
        if operation.command == "EDeleteDomain":
            continue  # at the end
        assert_repeated(stocked, operation)
        put_back(stocked, operation.command)
    assert_repeated(stocked, next(operation for operation in COMMANDS if operation.command == "EDeleteDomain"))


def assert_repeated(home: Home, operation: Operation) -> None:
    """Call a command until it has succeeded, then once more."""
    given = arguments(home, operation)
    if "Import" in operation.command:
        home.must(operation.command.replace("PreImport", "PostExport").replace("PostImport", "PostExport"), *given)
    before = home.must(operation.command, *given)
    again = home.call(operation.command, *given)
    said = duties.repeated(operation)
    expected = {"refused with `already-exists`": "already-exists", "refused with `not-found`": "not-found"}
    assert again.code == expected.get(said, ""), (operation.command, again)
    if not again.code:
        assert again.output == before


def put_back(home: Home, command: str) -> None:
    """Undo what the next commands would miss."""
    for undone, redo in {
        "EDeleteDomainAlias": ("EAddDomainAlias", "xyz.com", "xyz.net"),
        "EDeleteDistributionList": ("EAddDistributionList", "xyz.com", "team"),
        "EDeleteMailingList": ("EAddMailingList", "xyz.com", "news"),
        "EDeleteUser": ("EAddUser", "xyz.com", "u1", "pw", "", "", "", *USER_FLAGS),
        "EDeleteUserAlias": ("EAddUserAlias", "xyz.com", "u1", "a11"),
        "EDeleteForward": ("EAddForward", "xyz.com", "u1", "u1@mymail.com"),
    }.items():
        if command == undone:
            home.must(*redo)
    again = {
        "EDeleteDistributionList": ("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com"),
        "EDeleteMailingList": ("EAddMailingListMember", "xyz.com", "news", "Ann", "ann@example.org"),
        "EDeleteUser": ("EAddUserAlias", "xyz.com", "u1", "a11"),
    }
    if command in again:
        home.must(*again[command])
    if command == "EDeleteUser":
        home.must("EAddForward", "xyz.com", "u1", "u1@mymail.com")
        home.must("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com")


def test_every_hook_is_in_the_contract_with_its_duties() -> None:
    page = (DOCS / "plugin-contract.md").read_text(encoding="utf-8")
    for operation in COMMANDS:
        assert page.count(f"| [`{operation.hook}`](commands/{operation.command}.md) |") == 1
        own = (DOCS / "commands" / f"{operation.command}.md").read_text(encoding="utf-8")
        for duty in duties.duties(operation):
            assert f"- {duty}\n" in own
        secret = any(parameter.kind.secret for parameter in operation.parameters)
        assert ("MUST NOT show the password" in own) == secret
        assert ("whole or not at all, also when" in own) == operation.changes
