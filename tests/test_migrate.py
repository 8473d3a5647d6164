"""`mailaddon migrate`: from one backend to another and back, with nothing lost, and nothing lost in silence."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from addon_sets import legacy
from argon2 import PasswordHasher
from moving import ACCEPTING, ON, QUICK, SHELL, Place, rich_place, small_place, to, told
from umbrella import mailaddon

REPLY = {"subject": "-away", "message": 'line 1\n\n  "line" 2\\\n'}
CANNOT = "UserEnableWebAccess: 0 cannot be had: a 3.X add-on cannot switch it off [not-supported]"


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with two rich domains in its embedded backend."""
    return rich_place(tmp_path, monkeypatch)


@pytest.fixture
def second(tmp_path: Path) -> Place:
    """An empty home that takes hashes."""
    return Place(tmp_path.resolve() / "second", ACCEPTING)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with one domain and one user, and nothing in the way."""
    return small_place(tmp_path, monkeypatch)


def with_place(states: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The same, with the mail elsewhere."""
    return [{**state, "mailbox_directory": f"{folder}/moved/{state['domain']}"} for state in states]


# There and back


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_embedded_to_embedded(first: Place, second: Place, jobs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = told(first.home, monkeypatch)
    result = to(second, "--jobs", jobs)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "no difference"
    assert "passwords moved as hashes: 4" in result.stdout
    assert told(first.home, monkeypatch) == before, "the source is only read"
    assert told(second.home, monkeypatch) == with_place(before, second.home.parent)


def test_there_and_back_through_an_add_on_that_tells_little(
    first: Place, second: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.shell()
    before = told(first.home, monkeypatch)
    elsewhere = ("--mailbox-directory", f"{tmp_path.resolve()}/shell/mail/{{domain}}")
    there = mailaddon("migrate", "--from", "embedded", "--to", SHELL, *elsewhere)
    assert there.exit_code == 0, there.output
    assert "  user: first name\n" in there.stdout, "what is not compared is said"
    assert there.stdout.splitlines()[-1] == "no difference"
    inventory = tmp_path / "inventory"
    inventory.write_text("".join(json.dumps(state) + "\n" for state in before))
    back = mailaddon(
        "migrate",
        *("--from", SHELL, "--to", "embedded", "--to-home", str(second.home), "--names", str(inventory)),
        *("--mailbox-directory", f"{tmp_path.resolve()}/moved/{{domain}}"),
    )
    assert back.exit_code == 0, back.output
    assert told(second.home, monkeypatch) == with_place(before, tmp_path.resolve())
    assert PasswordHasher().verify(
        second.call("password-hash", "xyz.com", "u2").removeprefix("{ARGON2ID}"), "s3cret-2"
    ), "the password is the same one"


def test_a_circle_of_forwards_that_is_none_once_all_of_them_are_there(
    small: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = "[forwards]\nkeep_copy = false\n"
    small.home.joinpath("mailaddon.toml").write_text(keep + QUICK)
    target = Place(tmp_path.resolve() / "other", keep + ACCEPTING)
    small.calls(
        ("EAddUser", "xyz.com", "u2", "s3cret-2", "", "", "", "1", "1", "1"),
        ("EAddUser", "xyz.com", "z", "s3cret-2", "", "", "", "1", "1", "1"),
        ("EAddForward", "xyz.com", "z", "z@example.org"),
        ("EAddForward", "xyz.com", "u2", "z@xyz.com"),
        ("EAddForward", "xyz.com", "u1", "u2@xyz.com"),
    )
    result = to(target)
    assert result.exit_code == 0, result.output
    assert told(target.home, monkeypatch)[0]["users"]["u1"]["keep_copy"] is False


# Plans


@pytest.mark.usefixtures("first")
def test_a_dry_run_shows_everything_and_changes_nothing(second: Place) -> None:
    result = to(second, "--dry-run", "--steps")
    assert result.exit_code == 0, result.output
    assert "xyz.com: 3 users, 2 user aliases, 2 forwards, 1 autoresponder, 2 domain aliases, 2 lists" in result.stdout
    lines = result.stdout.splitlines()
    assert "EAddUser xyz.com u2 '******' -n '\"' '$HOME; exit' 0 1 0" in lines
    assert "ESetAutoResponder xyz.com u2 -away $'line 1\\n\\n  \"line\" 2\\\\\\n'" in lines
    assert lines.index("ESuspendDomain abc.com") > lines.index("EEditDomain xyz.com 7 0 1 0 1 1 1 0 0")
    assert "argon2id" not in result.output
    assert second.call("domains") == []
    assert not second.home.joinpath("migrations").exists()


@pytest.mark.usefixtures("first")
def test_one_domain_of_several(second: Place) -> None:
    assert to(second, "ABC.com").exit_code == 0
    assert second.call("domains") == ["abc.com"]


@pytest.mark.usefixtures("first")
def test_a_domain_that_is_there_already_is_not_touched(second: Place) -> None:
    mail = str(second.home.parent / "other")
    second.calls(("EAddDomain", "abc.com", "192.0.2.9", mail, "-1", "me", "s3cret", "0", *ON))
    result = to(second)
    assert result.exit_code == 1
    assert "domain abc.com exists at embedded already; delete it there, or leave it out" in result.stderr
    assert second.call("domains") == ["abc.com"]


@pytest.mark.usefixtures("first")
def test_a_domain_that_the_source_does_not_have(second: Place) -> None:
    result = to(second, "no.com")
    assert result.exit_code == 1
    assert result.stderr == "mailaddon migrate: domain no.com does not exist [not-found]\n"


@pytest.mark.usefixtures("first")
def test_a_home_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    result = mailaddon("migrate", "--from", "embedded", "--to", "embedded", "--to-home", str(nowhere))
    assert f"there is no home {nowhere}" in result.stderr
    assert not nowhere.exists()


@pytest.mark.usefixtures("first")
def test_root_does_not_load_what_somebody_else_has_written(second: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(second.home, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = second.home.stat().st_uid
    assert f"the home {second.home} belongs to user {owner}, who can have code run" in to(second).stderr


@pytest.mark.usefixtures("first")
def test_json(second: Place) -> None:
    result = to(second, "--json")
    content = json.loads(result.stdout)
    assert list(content) == [
        *("version", "from", "to", "domains", "steps", "passwords", "assumed", "impossible", "failures"),
        *("differences", "untold", "problems"),
    ]
    assert content["domains"][1]["user_aliases"] == 2
    assert {step["done"] for step in content["steps"]} == {True}
    assert content["differences"] == content["failures"] == []
    assert json.loads(to(second, "--json", "--dry-run").stdout)["differences"] is None
    assert "argon2id" not in result.output


def test_a_plan_shows_what_is_made_already(small: Place, second: Place) -> None:
    assert to(second).exit_code == 0
    small.calls(("EAddUserAlias", "xyz.com", "u1", "a2"))
    plan = to(second, "--dry-run", "--steps").stdout
    assert "\n  # made: EAddUserAlias xyz.com u1 a1\nEAddUserAlias xyz.com u1 a2\n" in plan
    assert "4 calls, 3 of them made already\n" in plan
    assert to(second).exit_code == 0
    assert second.call("EGetUserAliasList", "xyz.com", "u1") == ["a1", "a2"]


# Verification


@pytest.mark.usefixtures("first")
def test_every_difference_is_printed(second: Place) -> None:
    assert to(second).exit_code == 0
    second.calls(
        ("EDeleteUserAlias", "xyz.com", "u1", "a1"),
        ("EAddForward", "xyz.com", "admin", "new@example.org"),
        ("EEditUser", "xyz.com", "u2", "another", "N", '"', "$HOME; exit", "0", "0", "0"),
        ("EChangeDomainIP", "abc.com", "192.0.2.99"),
        ("EDeleteMailingListMember", "xyz.com", "news", "y@example.org"),
        ("EDeleteMailingListMember", "xyz.com", "news", "z@example.org"),
        ("EEditDomain", "xyz.com", "8", "1", "1", "0", "1", "1", "1", "0", "0"),
        ("EAddMailingListMember", "xyz.com", "news", "Zoe", "z@example.org"),
        ("EDeleteDistributionList", "xyz.com", "team"),
        ("EDeleteAutoResponder", "xyz.com", "u2"),
        ("EResumeDomain", "abc.com"),
    )
    result = to(second, "--verify")
    assert result.exit_code == 1
    assert result.stdout.partition("differences:\n")[2].splitlines() == [
        "  abc.com: ip address is '192.0.2.2' at the source, '192.0.2.99' at the target",
        "  abc.com: suspended is True at the source, False at the target",
        "  xyz.com: max mailboxes is 7 at the source, 8 at the target",
        "  xyz.com: feature mailing lists is False at the source, True at the target",
        "  admin@xyz.com: forward 'new@example.org' is at the target only",
        "  u1@xyz.com: alias 'a1' is missing at the target",
        "  u2@xyz.com: first name is '-n' at the source, 'N' at the target",
        f"  u2@xyz.com: autoresponder is {REPLY} at the source, 'none' at the target",
        "  u2@xyz.com: the password's hash is another one",
        "  xyz.com: distribution list 'team' is missing at the target",
        "  news@xyz.com: member 'y@example.org' is missing at the target",
        "  news@xyz.com: name of z@example.org is \"Zoë 'Z' Quinn\" at the source, 'Zoe' at the target",
    ]
    second.calls(("EDeleteDomain", "abc.com"))
    assert "abc.com: domain 'abc.com' is missing at the target" in to(second, "--verify").stdout


@pytest.mark.usefixtures("small")
def test_verifying_needs_no_journal_and_makes_none(second: Place) -> None:
    assert "xyz.com: domain 'xyz.com' is missing" in to(second, "--verify").stdout
    assert not second.home.joinpath("migrations").exists()


# Passwords


@pytest.mark.usefixtures("small")
def test_users_whose_password_cannot_move_need_a_new_one(tmp_path: Path) -> None:
    target = Place(tmp_path.resolve() / "other", QUICK)
    refused = to(target)
    assert refused.exit_code == 1
    assert "2 users would need a new password (embedded takes no hashes of the scheme ARGON2ID)" in refused.stderr
    assert target.call("domains") == []
    file = tmp_path / "passwords"
    assert to(target, "--dry-run", "--new-passwords", str(file)).exit_code == 0
    assert not file.exists()
    assert to(target, "--new-passwords", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    new = dict(line.split(" ") for line in file.read_text().splitlines())
    assert list(new) == ["admin@xyz.com", "u1@xyz.com"]
    stored = target.call("password-hash", "xyz.com", "u1").removeprefix("{ARGON2ID}")
    assert PasswordHasher().verify(stored, new["u1@xyz.com"])
    journal = target.home.joinpath("migrations", "embedded-to-embedded.jsonl").read_text()
    assert new["u1@xyz.com"] not in journal
    assert "argon2id" not in journal


@pytest.mark.usefixtures("small")
def test_a_file_of_new_passwords_is_used_again_and_is_private(tmp_path: Path) -> None:
    target = Place(tmp_path.resolve() / "other", QUICK)
    file = tmp_path / "passwords"
    file.write_text("u1@xyz.com chosen-before\n")
    assert "is for others too" in to(target, "--new-passwords", str(file)).stderr
    file.chmod(0o600)
    assert to(target, "--new-passwords", str(file)).exit_code == 0
    stored = target.call("password-hash", "xyz.com", "u1").removeprefix("{ARGON2ID}")
    assert PasswordHasher().verify(stored, "chosen-before")
    file.write_text("something else\n")
    assert "has other lines" in to(target, "--new-passwords", str(file)).stderr
    assert "cannot be a file of new passwords" in to(target, "--new-passwords", str(tmp_path)).stderr


@pytest.mark.usefixtures("small")
def test_given_passwords_come_first(second: Place, tmp_path: Path) -> None:
    given = tmp_path / "names"
    given.write_text('{"domain": "xyz.com", "users": {"u1": {"password": "given-1"}}}\n')
    result = to(second, "--names", str(given))
    assert result.exit_code == 0, result.output
    assert "passwords given: 1\n" in result.stdout
    assert "given-1" not in result.output
    stored = second.call("password-hash", "xyz.com", "u1").removeprefix("{ARGON2ID}")
    assert PasswordHasher().verify(stored, "given-1")


# Sources that tell little


def test_a_source_that_lists_nothing_needs_names(first: Place, second: Place) -> None:
    state = first.shell()
    assert state.is_dir()
    call = ("migrate", "--from", SHELL, "--to", "embedded", "--to-home", str(second.home))
    assert "Acme/Sample/1 cannot list its domains" in mailaddon(*call).stderr
    assert "cannot list the users of xyz.com" in mailaddon(*call, "xyz.com").stderr


def test_names_alone_and_the_rest_by_options(small: Place, second: Place, tmp_path: Path) -> None:
    small.shell()
    for call in (
        ("EAddDomain", "xyz.com", "192.0.2.1", f"{tmp_path.resolve()}/shell/mail", "-1", "boss", "s3cret", "0", *ON),
        ("EAddUser", "xyz.com", "u1", "s3cret", "Ann", "", "", "1", "1", "1"),
        ("EAddUserAlias", "xyz.com", "u1", "a1"),
    ):
        small.call(*call, backend=SHELL)
    file = tmp_path / "names"
    file.write_text("# two lines\n\nXYZ.com\nU1@xyz.com\ngone@xyz.com\n")
    call = ("migrate", "--from", SHELL, "--to", "embedded", "--to-home", str(second.home), "--names", str(file))
    refused = mailaddon(*call)
    assert "ip-address, mailbox-directory, owner not known; give --ip-address, --mailbox-directory" in refused.stderr
    options = ("--ip-address", "192.0.2.7", "--mailbox-directory", "/srv/mail/{domain}", "--owner", "boss")
    plan = mailaddon(*call, *options, "--dry-run")
    assert plan.exit_code == 1, "a name that is none is said, and not left out in silence"
    assert "  user gone@xyz.com: user gone@xyz.com does not exist\n" in plan.stdout
    assert "  domain: features: all on\n" in plan.stdout
    file.write_text("u1@xyz.com\nxyz.com\n")
    options = (*options[:3], f"{tmp_path.resolve()}/moved", *options[4:])
    done = mailaddon(*call, *options, "--new-passwords", str(tmp_path / "new"))
    assert done.exit_code == 0, done.output
    assert second.call("EGetUserAliasList", "xyz.com", "u1") == ["a1"]
    assert second.call("show", "xyz.com").owner == "boss"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "is not a domain name"),
        ('{"users": {}}', 'it is no object with a "domain"'),
        ('{"domain": "xyz"}', "domain: 'xyz' has a single label"),
        ('{"domain": "xyz.com", "ip": "192.0.2.1"}', "'ip' is not a field; known: domain, ip_address"),
        ('{"domain": "xyz.com", "ip_address": 5}', "ip_address: a text is needed"),
        ('{"domain": "xyz.com", "suspended": 1}', "suspended: true or false is needed"),
        ('{"domain": "xyz.com", "max_mailboxes": "5"}', "max_mailboxes: a whole number is needed"),
        ('{"domain": "xyz.com", "max_mailboxes": 0}', "max_mailboxes: '0'"),
        ('{"domain": "xyz.com", "aliases": "xyz.net"}', "aliases: a list is needed"),
        ('{"domain": "xyz.com", "users": ["u1"]}', "users: an object is needed"),
        ('{"domain": "xyz.com", "users": {"u 1": {}}}', "users: u 1: "),
        ('{"domain": "xyz.com", "users": {"u1": 5}}', "users: u1: an object is needed"),
        (
            '{"domain": "xyz.com", "users": {"u1": {"features": {"x": true}}}}',
            "users: u1: features: 'x' is not a field",
        ),
        ('{"domain": "xyz.com", "users": {"u1": {"autoresponder": {"subject": "x"}}}}', "a subject and a message"),
        ("u1@xyz", "'xyz' has a single label"),
        ("@xyz.com", "it is empty"),
    ],
)
@pytest.mark.usefixtures("small")
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "names"
    file.write_text(f"\n{line}\n")
    result = mailaddon("inventory", "--names", str(file))
    assert result.exit_code == 1
    assert f"{file}, line 2: " in result.stderr
    assert said in result.stderr


@pytest.mark.usefixtures("small")
def test_a_file_of_names_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in mailaddon("inventory", "--names", str(tmp_path / "no")).stderr
    file = tmp_path / "names"
    file.write_bytes(b"xyz\xff.com\n")
    assert "line 1: it is not UTF-8" in mailaddon("inventory", "--names", str(file)).stderr


# Targets that take little


def old(tmp_path: Path) -> Place:
    """A home whose add-on is for 3.X."""
    place = Place(tmp_path.resolve() / "old")
    legacy(place.home, tmp_path.resolve() / "add-on", options="password_schemes = ['ARGON2ID']")
    return place


def test_a_3x_target_gets_what_it_can_take_and_the_rest_is_said(small: Place, tmp_path: Path) -> None:
    small.calls(
        ("EAddUser", "xyz.com", "u2", "s3cret-2", "Bob", "", "", "1", "1", "0"),
        ("EAddUserAlias", "xyz.com", "u2", "a2"),
        ("EAddForward", "xyz.com", "u1", "x@example.org"),
        ("EAddSpamFilter", "xyz.com", "192.0.2.0/24", "IP"),
        ("EAddMailingList", "xyz.com", "news"),
        ("ESuspendUser", "xyz.com", "u1"),
    )
    target = old(tmp_path)
    call = ("migrate", "--from", "embedded", "--to", "executable", "--to-home", str(target.home))
    refused = mailaddon(*call)
    assert refused.exit_code == 1
    assert refused.stderr == (
        "mailaddon migrate: executable cannot take everything: EAddMailingList: not implemented by a 3.X add-on;"
        " ESuspendUser: not implemented by a 3.X add-on; --partial leaves that out [not-supported]\n"
    )
    result = mailaddon(*call, "--partial")
    assert result.exit_code == 1
    assert result.stdout.partition("1 call failed; the same command tries again:\n")[2].splitlines()[:2] == [
        f"  EAddUser xyz.com u2 '******' Bob '' '' 1 1 0: {CANNOT}",
        "1 call not tried, as what they need is not there",
    ]
    assert "  xyz.com: user 'u2' is missing at the target" in result.stdout
    assert target.call("EGetForwardList", "xyz.com", "u1") == ["x@example.org"]
    assert target.call("EGetSpamFilterList", "xyz.com") == ["192.0.2.0/24"]


@pytest.mark.usefixtures("small")
def test_a_3x_source_whose_listings_the_options_name(second: Place, tmp_path: Path) -> None:
    source = old(tmp_path)
    for call in (
        ("EAddDomain", "xyz.com", "192.0.2.1", "/srv/mail", "-1", "admin", "s3cret", "0", "0", "1", "0", *ON[:5]),
        ("EAddUser", "xyz.com", "u1", "s3cret", "Ann", "", "", "1", "1", "1"),
        ("EAddForward", "xyz.com", "u1", "x@example.org"),
        ("ESetAutoResponder", "xyz.com", "u1", "Away", "Back\non Monday"),
    ):
        source.call(*call)
    programs = tmp_path.resolve() / "add-on" / "programs"
    programs.joinpath("EGetDomainList.vbs").write_text("echo xyz.com")
    programs.joinpath("EGetUserList.vbs").write_text('echo "$1/admin"; echo "$1/u1"')
    settings = source.home / "mailaddon.toml"
    listings = (
        "[backends.executable.listings]\nEGetDomainList = []\nEGetUserList = ['{domain}']\n"
        "[backends.executable.patterns]\nEGetUserList = '{domain}/(?P<item>\\S+)'\n"
    )
    settings.write_text(settings.read_text() + listings)
    result = mailaddon(
        *("migrate", "--from", "executable", "--from-home", str(source.home)),
        *("--to", "embedded", "--to-home", str(second.home), "--new-passwords", str(tmp_path / "new")),
        *("--ip-address", "192.0.2.1", "--mailbox-directory", f"{tmp_path.resolve()}/moved", "--owner", "admin"),
    )
    assert result.exit_code == 0, result.output
    assert second.call("users", "xyz.com") == ["admin", "u1"]
    assert second.call("EGetForwardList", "xyz.com", "u1") == ["x@example.org"]
    assert second.call("EGetAutoResponder", "xyz.com", "u1").message == "Back\non Monday"


def test_what_fails_is_tried_again_by_the_same_command(small: Place, tmp_path: Path) -> None:
    programs = small.shell() / "programs"
    sample = programs.joinpath("EAddUser.sh").resolve()
    programs.joinpath("EAddUser.sh").unlink()
    programs.joinpath("EAddUser.sh").write_text("echo no licence; exit 3")
    mail = f"{tmp_path.resolve()}/shell/mail"
    call = ("migrate", "--from", "embedded", "--to", SHELL, "--mailbox-directory", mail)
    result = mailaddon(*call)
    assert result.exit_code == 1
    assert (
        "1 call failed; the same command tries again:\n"
        "  EAddUser xyz.com u1 '******' Ann '' Lee 1 1 1: no licence [addon-failed]\n"
        "1 call not tried, as what they need is not there\n"
    ) in result.stdout
    programs.joinpath("EAddUser.sh").unlink()
    programs.joinpath("EAddUser.sh").symlink_to(sample)
    again = mailaddon(*call)
    assert again.exit_code == 0, again.output
    assert small.call("EGetUserAliasList", "xyz.com", "u1", backend=SHELL) == ["a1"]
