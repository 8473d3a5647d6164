"""Exports and imports: what they carry, what they refuse, and that repeating or breaking them loses nothing."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import FLAGS, USER_FLAGS, Home, disagreements, lines, tree

NOTHING = ("0",) * 8


@pytest.fixture
def home(tmp_path: Path, directory: str) -> Home:
    """A domain with one of everything, and mail."""
    made = Home(tmp_path, directory=directory)
    made.add_domain("xyz.com", limit="10")
    made.add_user("xyz.com", "u1", "u2")
    made.must("EEditUser", "xyz.com", "u1", "s3cret", "Ann", "B.", "Lee", "1", "1", "0")
    made.must("EAddUserAlias", "xyz.com", "u1", "a11")
    made.must("EAddForward", "xyz.com", "u1", "u1@mymail.com")
    made.must("ESetAutoResponder", "xyz.com", "u1", "Away", "Back\n.\non Monday")
    made.must("ESuspendUser", "xyz.com", "u2")
    made.must("EAddDomainAlias", "xyz.com", "xyz.net")
    made.must("EAddDistributionList", "xyz.com", "team")
    made.must("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com")
    made.must("EAddMailingList", "xyz.com", "news")
    made.must("EAddMailingListMember", "xyz.com", "news", "Ann Lee", "ann@example.org")
    made.must("EAddSpamFilter", "xyz.com", "10.0.0.0/8", "IP")
    made.must("ESetCatchallUser", "xyz.com", "team@xyz.com")
    made.deliver("xyz.com", "u1", count=3)
    sent = made.maildir("xyz.com", "u1") / ".Sent" / "cur"
    sent.mkdir(parents=True)
    (sent / "9.host:2,").write_bytes(b"sent")
    return made


def domain(home: Home, flags: tuple[str, ...] = FLAGS) -> tuple[str, ...]:
    """The arguments of a transfer of the domain."""
    return ("xyz.com", str(home.mail), str(home.folder / "out"), "admin", *flags)


def user(home: Home, flags: tuple[str, ...] = USER_FLAGS) -> tuple[str, ...]:
    """The arguments of a transfer of the user u1."""
    return ("xyz.com", "u1", str(home.mail), str(home.folder / "out"), *flags)


def export_domain(home: Home, flags: tuple[str, ...] = FLAGS) -> Path:
    """Export the domain; the folder."""
    home.must("EPreExportDomain", *domain(home, flags))
    home.must("EPostExportDomain", *domain(home, flags))
    return home.folder / "out" / "xyz.com.mailaddon"


def shown(home: Home) -> Any:
    """All that the domain has, without ids."""
    with home.service() as service:
        from mailaddon.operations import find

        info = service.run(find("show"), ["xyz.com"])
    return info.replace(
        id=0, users=[one.replace(id=0) for one in info.users], lists=[one.replace(id=0) for one in info.lists]
    )


def test_a_deleted_domain_comes_back_as_it_was(home: Home) -> None:
    before, mail = shown(home), tree(home.mail)
    with home.directory.read() as tx:
        hashes = tx.all("SELECT password FROM user ORDER BY password")
    export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    home.must("EPreImportDomain", *domain(home))
    assert not tree(home.mail)
    home.must("EPostImportDomain", *domain(home))
    assert shown(home) == before
    assert tree(home.mail) == mail
    with home.directory.read() as tx:
        assert tx.all("SELECT password FROM user ORDER BY password") == hashes
    assert home.must("EGetAutoResponder", "xyz.com", "u1") == "Away\nBack\n.\non Monday"
    assert disagreements(home) == []


def test_importing_twice_adds_nothing(home: Home) -> None:
    export_domain(home)
    before, mail = shown(home), tree(home.mail)
    for _time in range(2):
        home.must("EPreImportDomain", *domain(home))
        home.must("EPostImportDomain", *domain(home))
        assert (shown(home), tree(home.mail)) == (before, mail)


def test_an_import_keeps_what_came_meanwhile(home: Home) -> None:
    export_domain(home)
    cur = home.maildir("xyz.com", "u1") / "cur"
    (cur / "0.M0.host:2,S").rename(cur / "0.M0.host:2,SR")  # answered
    (home.maildir("xyz.com", "u1") / "new" / "77.host").write_bytes(b"new")
    (cur / "1.M1.host:2,S").unlink()
    home.must("EAddUserAlias", "xyz.com", "u1", "later")
    home.must("EPostImportDomain", *domain(home))
    assert sorted(os.listdir(cur)) == ["0.M0.host:2,SR", "1.M1.host:2,S", "2.M2.host:2,S"]
    assert os.listdir(home.maildir("xyz.com", "u1") / "new") == ["77.host"]
    assert lines(home.must("EGetUserAliasList", "xyz.com", "u1")) == ["a11", "later"]


def test_post_export_brings_the_copy_up_to_date(home: Home) -> None:
    home.must("EPreExportDomain", *domain(home))
    assert home.refusal("EPreImportDomain", *domain(home)) == "invalid-export"
    cur = home.maildir("xyz.com", "u1") / "cur"
    (cur / "0.M0.host:2,S").rename(cur / "0.M0.host:2,ST")
    (cur / "1.M1.host:2,S").unlink()
    (cur / "5.host:2,").write_bytes(b"late")
    home.must("EDeleteUser", "xyz.com", "u2")
    home.must("EPostExportDomain", *domain(home))
    exported = home.folder / "out" / "xyz.com.mailaddon" / "mail"
    assert sorted(os.listdir(exported)) == ["admin", "u1"]
    assert sorted(os.listdir(exported / "u1" / "Maildir" / "cur")) == ["0.M0.host:2,ST", "2.M2.host:2,S", "5.host:2,"]


def test_an_earlier_export_stays_until_the_next_is_sealed(home: Home) -> None:
    sealed = tree(export_domain(home))
    (home.maildir("xyz.com", "u1") / "new" / "8.host").write_bytes(b"8")
    home.must("EPreExportDomain", *domain(home))
    assert tree(home.folder / "out" / "xyz.com.mailaddon") == sealed
    home.must("EPreImportDomain", *domain(home))
    home.must("EPostExportDomain", *domain(home))
    assert os.listdir(home.folder / "out") == ["xyz.com.mailaddon"]
    assert tree(home.folder / "out" / "xyz.com.mailaddon") != sealed


def test_an_export_killed_between_its_renames_is_still_there(home: Home) -> None:
    out = export_domain(home).parent
    (out / "xyz.com.mailaddon").rename(out / "xyz.com.mailaddon.old")
    home.must("EPreImportDomain", *domain(home))
    home.must("EPostExportDomain", *domain(home))
    assert os.listdir(out) == ["xyz.com.mailaddon"]
    shutil.copytree(out / "xyz.com.mailaddon", out / "xyz.com.mailaddon.old")
    home.must("EPostExportDomain", *domain(home))
    assert os.listdir(out) == ["xyz.com.mailaddon"]


def test_coreutils_verify_an_export(home: Home) -> None:
    odd = home.maildir("xyz.com", "u1") / "cur" / "odd\\na\nme:2,"
    odd.write_bytes(b"odd")
    folder = export_domain(home)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    home.must("EPreImportDomain", *domain(home))
    odd.unlink()
    home.must("EPostImportDomain", *domain(home))
    assert odd.read_bytes() == b"odd"


def test_the_seal_counts(home: Home) -> None:
    seal = json.loads((export_domain(home) / "seal.json").read_text())
    assert (seal["format"], seal["version"], seal["kind"], seal["name"]) == ("mailaddon-export", 1, "domain", "xyz.com")
    assert seal["counts"] == {
        "autoresponders": 1,
        "distribution_lists": 1,
        "domain_aliases": 1,
        "files": 4,
        "forwards": 1,
        "mailing_lists": 1,
        "spam_filters": 1,
        "user_aliases": 1,
        "users": 3,
    }


def test_parts_that_are_not_asked_for_stay_behind(home: Home) -> None:
    export_domain(home, NOTHING)
    home.must("EDeleteDomain", "xyz.com")
    home.must("EPostImportDomain", *domain(home))
    info = shown(home)
    assert (info.aliases, [one.name for one in info.lists], info.spam_filters) == ([], [], [])
    assert [one.user for one in info.users] == ["admin", "u1", "u2"]
    assert all((one.aliases, one.forwards, one.autoresponder) == ([], [], False) for one in info.users)


def test_parts_of_an_export_can_be_left_out_of_an_import(home: Home) -> None:
    export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    home.must("EPostImportDomain", *domain(home, NOTHING))
    info = shown(home)
    assert (info.lists, info.catch_all) == ([], "")  # the catch-all was a list, which has been left out


def test_the_symbolic_links_in_a_mailbox_are_no_mail(home: Home) -> None:
    (home.maildir("xyz.com", "u1") / "cur" / "link:2,").symlink_to("/etc/passwd")
    folder = export_domain(home)
    assert not (folder / "mail" / "u1" / "Maildir" / "cur" / "link:2,").exists()


def test_an_export_does_not_go_into_the_mail(home: Home) -> None:
    arguments = list(domain(home))
    arguments[2] = str(home.mail / "xyz.com" / "u1")
    assert home.refusal("EPreExportDomain", *arguments) == "conflict"


@pytest.mark.parametrize("position", [1, 3])
def test_a_transfer_names_the_domain_as_it_is(home: Home, position: int) -> None:
    export_domain(home)
    arguments = list(domain(home))
    arguments[position] = {1: "/elsewhere", 3: "u1"}[position]
    for command in ("EPreExportDomain", "EPostExportDomain", "EPreImportDomain", "EPostImportDomain"):
        assert home.refusal(command, *arguments) == "conflict"


def test_two_exports_into_one_place_at_once(home: Home) -> None:
    from mailaddon.directory.archive import Place

    lock = Place(str(home.folder / "out"), "xyz.com").begin()
    assert home.refusal("EPreExportDomain", *domain(home)) == "unavailable"
    os.close(lock)
    home.must("EPreExportDomain", *domain(home))


# Users


def test_a_user_comes_back_as_it_was(home: Home) -> None:
    before, mail = shown(home), tree(home.mail / "xyz.com" / "u1")
    home.must("EPreExportUser", *user(home))
    assert home.refusal("EPreImportUser", *user(home)) == "invalid-export"
    home.must("EPostExportUser", *user(home))
    home.must("EDeleteUser", "xyz.com", "u1")
    home.must("EPreImportUser", *user(home))
    home.must("EPostImportUser", *user(home))
    assert shown(home).users == before.users
    assert tree(home.mail / "xyz.com" / "u1") == mail


def test_a_user_cannot_come_back_where_its_name_is_taken(home: Home) -> None:
    home.must("EPostExportUser", *user(home))
    home.must("EDeleteUser", "xyz.com", "u1")
    home.must("EAddUserAlias", "xyz.com", "u2", "u1")
    assert home.refusal("EPreImportUser", *user(home)) == "already-exists"
    home.must("EDeleteUserAlias", "xyz.com", "u2", "u1")
    home.must("EAddUserAlias", "xyz.com", "u2", "a11")
    assert home.refusal("EPostImportUser", *user(home)) == "already-exists"
    assert disagreements(home) == []


def test_the_limit_holds_for_imports(home: Home) -> None:
    home.must("EPostExportUser", *user(home))
    home.must("EDeleteUser", "xyz.com", "u1")
    home.must("EEditDomain", "xyz.com", "2", *FLAGS)
    assert home.refusal("EPreImportUser", *user(home)) == "limit-reached"
    assert home.refusal("EPostImportUser", *user(home)) == "limit-reached"
    assert disagreements(home) == []


def test_a_circle_of_forwards_does_not_come_in_through_an_import(home: Home) -> None:
    home.set(forwards__keep_copy=False)
    home.must("EAddForward", "xyz.com", "u1", "u2@xyz.com")
    home.must("EPostExportUser", *user(home))
    home.must("EDeleteForward", "xyz.com", "u1", "u2@xyz.com")
    home.must("EAddForward", "xyz.com", "u2", "u1@xyz.com")
    assert home.refusal("EPreImportUser", *user(home)) == "forward-loop"


# What is damaged


def reseal(folder: Path) -> None:
    """Make checksums and seal fit again, as somebody who forges an export would."""
    names = [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"SHA256SUMS", "seal.json"}
    ]
    sums = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text(sums)
    seal = json.loads((folder / "seal.json").read_text())
    seal["sha256sums"] = hashlib.sha256(sums.encode()).hexdigest()
    (folder / "seal.json").write_text(json.dumps(seal))


def change_seal(**fields: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        seal = json.loads((folder / "seal.json").read_text())
        (folder / "seal.json").write_text(json.dumps(seal | fields))

    return change


def overwrite(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


DAMAGES = {
    "no seal": lambda folder: (folder / "seal.json").unlink(),
    "no sums": lambda folder: (folder / "SHA256SUMS").unlink(),
    "no settings": lambda folder: (folder / "settings.json").unlink(),
    "a seal that is no JSON": overwrite("seal.json", b"{"),
    "a seal that is a list": overwrite("seal.json", b"[]"),
    "another format": change_seal(format="tar"),
    "a later version": change_seal(version=2),
    "another domain": change_seal(name="foo.com"),
    "a user": change_seal(kind="user"),
    "other sums": overwrite("SHA256SUMS", b"0  settings.json\n"),
    "other settings": overwrite("settings.json", b"{}"),
    "another message": overwrite("mail/u1/Maildir/cur/0.M0.host:2,S", b"forged"),
    "a message less": lambda folder: (folder / "mail/u1/Maildir/cur/0.M0.host:2,S").unlink(),
    "a message more": overwrite("mail/u1/Maildir/cur/6.host:2,", b"more"),
    "a link instead of a message": lambda folder: (
        (folder / "mail/u1/Maildir/cur/0.M0.host:2,S").unlink(),
        (folder / "mail/u1/Maildir/cur/0.M0.host:2,S").symlink_to("/etc/passwd"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_export_is_refused_and_changes_nothing(home: Home, damage: str) -> None:
    folder = export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    DAMAGES[damage](folder)
    expected = {"storage-failed", "invalid-export"} if "link" in damage else {"invalid-export"}
    assert home.refusal("EPreImportDomain", *domain(home)) in expected
    assert home.refusal("EPostImportDomain", *domain(home)) in expected
    assert not tree(home.mail)
    assert disagreements(home) == []


def edit(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        settings = json.loads((folder / "settings.json").read_text())
        change(settings)
        (folder / "settings.json").write_text(json.dumps(settings))
        reseal(folder)

    return apply


FORGERIES = {
    "a domain that is none": edit(lambda found: found["domain"].update(name="..")),
    "another domain": edit(lambda found: found["domain"].update(name="foo.com")),
    "a user that is a path": edit(lambda found: found["users"][1].update(name="../../etc")),
    "a user twice": edit(lambda found: found["users"].append(found["users"][1])),
    "a user less": edit(lambda found: found["users"].pop(1)),
    "users that are no list": edit(lambda found: found.update(users={})),
    "a user that is a text": edit(lambda found: found.update(users=["u1"])),
    "no domain": edit(lambda found: found.pop("domain")),
    "a plain password": edit(lambda found: found["users"][1].update(password="s3cret")),
    "a limit that is none": edit(lambda found: found["domain"].update(max_mailboxes=0)),
    "a limit that is a text": edit(lambda found: found["domain"].update(max_mailboxes="7")),
    "a flag that is a number": edit(lambda found: found["domain"].update(suspended=1)),
    "a forward that is no address": edit(lambda found: found["users"][1].update(forwards=["x"])),
    "a forward that is a number": edit(lambda found: found["users"][1].update(forwards=[7])),
    "a subject of two lines": edit(lambda found: found["users"][1]["autoresponder"].update(subject="a\nb")),
    "half a character": edit(lambda found: found["users"][1].update(first_name="\ud800")),
    "an odd filter": edit(lambda found: found["domain"]["spam_filters"][0].update(type="ANY")),
    "an odd member": edit(lambda found: found["domain"]["mailing_lists"][0]["members"][0].update(address="@")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_an_export_says_is_checked_like_arguments(home: Home, forgery: str) -> None:
    folder = export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    FORGERIES[forgery](folder)
    assert home.refusal("EPreImportDomain", *domain(home)) == "invalid-export"
    assert home.refusal("EPostImportDomain", *domain(home)) == "invalid-export"
    assert not tree(home.mail)
    assert disagreements(home) == []


def test_mail_that_leads_elsewhere_is_refused(home: Home) -> None:
    folder = export_domain(home)
    (folder / "mail" / "stranger").mkdir()
    (folder / "mail" / "stranger" / "x").write_bytes(b"x")
    reseal(folder)
    assert home.refusal("EPreImportDomain", *domain(home)) == "invalid-export"


def test_no_export(home: Home) -> None:
    assert home.refusal("EPreImportDomain", *domain(home)) == "not-found"
    assert home.refusal("EPostImportUser", *user(home)) == "not-found"


# What is in the way


def test_an_import_does_not_take_a_name_from_somebody(home: Home) -> None:
    export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    home.add_domain("foo.com")
    home.must("EAddDomainAlias", "foo.com", "xyz.net")
    assert home.refusal("EPreImportDomain", *domain(home)) == "already-exists"
    home.must("EDeleteDomainAlias", "foo.com", "xyz.net")
    home.must("EAddDomainAlias", "foo.com", "xyz.com")
    assert home.refusal("EPostImportDomain", *domain(home)) == "already-exists"
    home.must("EDeleteDomainAlias", "foo.com", "xyz.com")
    home.add_domain("xyz.com", limit="2")
    assert home.refusal("EPostImportDomain", *domain(home)) == "limit-reached"
    home.must("EEditDomain", "xyz.com", "10", *FLAGS)
    home.must("EAddUser", "xyz.com", "team", "pw", "", "", "", *USER_FLAGS)
    assert home.refusal("EPostImportDomain", *domain(home)) in {"already-exists", "conflict"}
    home.must("EDeleteUser", "xyz.com", "team")
    home.must("EPostImportDomain", *domain(home))
    assert disagreements(home) == []


def test_the_owner_of_a_new_domain_is_in_the_export(home: Home) -> None:
    export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    arguments = list(domain(home))
    arguments[3] = "stranger"
    assert home.refusal("EPostImportDomain", *arguments) == "invalid-argument"
    arguments[3] = "u1"
    home.must("EPostImportDomain", *arguments)
    assert shown(home).owner == "u1"


def test_an_import_into_a_folder_that_nobody_made(home: Home) -> None:
    export_domain(home)
    home.must("EDeleteDomain", "xyz.com")
    arguments = list(domain(home))
    arguments[1] = str(home.folder / "a" / "new" / "place")
    home.must("EPreImportDomain", *arguments)
    assert not (home.folder / "a").exists()
    home.must("EPostImportDomain", *arguments)
    assert (home.folder / "a/new/place/xyz.com/u1/Maildir/.Sent/cur/9.host:2,").read_bytes() == b"sent"
    home.must("EDeleteDomain", "xyz.com")
    assert not (home.folder / "a" / "new" / "place").exists()
