"""`mailaddon import-postfixadmin`, from databases that Debian's PostfixAdmin has made."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import postfixadmin
import pytest
from conftest import SCRIPTS, Panel
from patience import HANGS, wait_for
from postfixadmin import PASSWORD, PostfixAdmin, environment_of
from postgresql_server import Server

#: What `$CONF['encrypt']` may say, and the scheme that Dovecot knows it by.
STORED = {
    "md5crypt": "MD5-CRYPT",
    "md5": "PLAIN-MD5",
    "system": "DES-CRYPT",
    "authlib:md5raw": "PLAIN-MD5",
    "authlib:md5": "LDAP-MD5",
    "authlib:SHA": "SHA",
    "authlib:crypt": "CRYPT",
    "sha512.b64": "SHA512-CRYPT.B64",
    "php_crypt:MD5": "MD5-CRYPT",
    "php_crypt:BLOWFISH:8": "BLF-CRYPT",
    "php_crypt:SHA256": "SHA256-CRYPT",
    "php_crypt:SHA512": "SHA512-CRYPT",
    "php_crypt:SHA512:5000:{SHA512-CRYPT}": "SHA512-CRYPT",
    "dovecot:ARGON2I": "ARGON2I",
    "dovecot:ARGON2ID": "ARGON2ID",
    "dovecot:BLF-CRYPT": "BLF-CRYPT",
    "dovecot:CRAM-MD5": "CRAM-MD5",
    "dovecot:PBKDF2": "PBKDF2",
    "dovecot:PLAIN": "ARGON2ID",  # hashed on the way
    "dovecot:SSHA512": "SSHA512",
    "dovecot:SSHA256.HEX": "SSHA256.HEX",
}


def fill(admin: PostfixAdmin) -> None:
    """A domain with everything that has an equivalent here."""
    admin.domain("xyz.com", "--mailboxes", "10")
    admin.domain("xyz.net")
    admin.run("aliasdomain", "add", "xyz.net", "--target-domain", "xyz.com")
    admin.mailbox("ann@xyz.com", "--name", "Ann Bea Lee")
    admin.mailbox("bob@xyz.com", "--name", "Bob")
    admin.mailbox("eve@xyz.com", "--name", "Ève Ünal")
    admin.run("mailbox", "update", "eve@xyz.com", "--active", "0")
    admin.alias("sales@xyz.com", "ann@xyz.com")
    admin.alias("orders@xyz.com", "sales@xyz.com")
    admin.alias("team@xyz.com", "ann@xyz.com", "bob@xyz.net", "guest@outside.test")
    admin.alias("boss@xyz.com", "ceo@outside.test")
    admin.alias("@xyz.com", "bob@xyz.com")
    admin.forward("ann@xyz.com", "ann@outside.test", keep_copy=True)
    admin.forward("bob@xyz.com", "bob@outside.test", "ann@xyz.com", keep_copy=False)
    admin.away("ann@xyz.com", "On höliday", "Back on Monday.\n\nAnn\n")
    admin.run("admin", "add", "ann@xyz.com", "--password", PASSWORD, "--password2", PASSWORD, "--domains", "xyz.com")
    admin.domain("old.test", "--mailboxes", "-1")
    admin.run("domain", "update", "old.test", "--active", "0")


def moved(panel: Panel, admin: PostfixAdmin, *arguments: str, status: int = 0) -> Any:
    """Run the command; what it prints as JSON."""
    mail = str(panel.mail / "new")
    given = ["import-postfixadmin", admin.location, "--ip", "192.0.2.9", "--mailbox-directory", mail, "--json"]
    done = panel.run("mailaddon", *given, *arguments)
    assert (done.returncode, done.stderr) == (status, b""), done
    assert PASSWORD.encode() not in done.stdout
    return json.loads(done.stdout)


def shown(panel: Panel, domain: str) -> Any:
    """A domain as it is here."""
    return json.loads(panel.prints("mailaddon", "show", "--json", domain))["domain"]


def lost(result: Any) -> list[tuple[str, str, str]]:
    return [(found["table"], found["row"], found["reason"]) for found in result["findings"] if found["lost"]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> PostfixAdmin:
    """A database in SQLite that no test changes."""
    made = postfixadmin.in_sqlite(tmp_path_factory.mktemp("pfa"))
    fill(made)
    return made


@pytest.fixture
def admin(tmp_path: Path) -> PostfixAdmin:
    """An empty PostfixAdmin."""
    return postfixadmin.in_sqlite(tmp_path)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_what_has_an_equivalent_is_here_afterwards(kind: str, panel: Panel, tmp_path: Path, server: Server) -> None:
    with postfixadmin.on(kind, tmp_path, server) as admin:
        fill(admin)
        result = moved(panel, admin)
    assert "p@ss" not in json.dumps(result)
    assert [(domain["domain"], domain["state"]) for domain in result["domains"]] == [
        ("old.test", "imported"),
        ("xyz.com", "imported"),
    ]
    assert lost(result) == []
    found = shown(panel, "xyz.com")
    assert (found["owner"], found["max_mailboxes"], found["catch_all"]) == ("ann", 10, "bob@xyz.com")
    assert (found["ip_address"], found["aliases"], found["suspended"]) == ("192.0.2.9", ["xyz.net"], False)
    users = {user["user"]: user for user in found["users"]}
    assert [users[name]["first_name"] for name in ("ann", "bob", "eve")] == ["Ann", "Bob", "Ève"]
    assert (users["ann"]["middle_name"], users["ann"]["last_name"]) == ("Bea", "Lee")
    assert [users[name]["suspended"] for name in ("ann", "bob", "eve")] == [False, False, True]
    assert (users["ann"]["aliases"], users["ann"]["keep_copy"]) == (["orders", "sales"], True)
    assert (users["ann"]["forwards"], users["bob"]["forwards"]) == (
        ["ann@outside.test"],
        ["ann@xyz.com", "bob@outside.test"],
    )
    assert users["bob"]["keep_copy"] is False
    assert panel.prints("EGetAutoResponder", "xyz.com", "ann") == "On höliday\nBack on Monday.\n\nAnn\n"
    assert panel.prints("EGetDistributionListList", "xyz.com") == "boss\nteam\n"
    members = panel.prints("EGetDistributionListMemberList", "xyz.com", "team").split()
    assert members == ["ann@xyz.com", "bob@xyz.net", "guest@outside.test"]
    old = shown(panel, "old.test")
    assert (old["suspended"], old["owner"], old["max_mailboxes"]) == (True, "postmaster", 1)


def test_passwords_go_on_working_however_they_were_stored(panel: Panel, admin: PostfixAdmin) -> None:
    admin.domain("xyz.com", "--mailboxes", "0")
    users = {f"u{number}": encrypt for number, encrypt in enumerate(STORED)}
    for name, encrypt in users.items():
        admin.mailbox(f"{name}@xyz.com", password="Pass wörd 12", **environment_of(encrypt))
    assert lost(moved(panel, admin)) == []
    stored = hashes(panel)
    for name, encrypt in users.items():
        scheme, _, _ = stored[name][1:].partition("}")
        assert (encrypt, scheme) == (encrypt, STORED[encrypt])
        for password, status in (("Pass wörd 12", 0), ("wörd Pass 12", 75)):
            command = ["doveadm", "pw", "-t", stored[name], "-p", password]
            done = subprocess.run(command, check=False, capture_output=True, env={"PATH": "/usr/bin:/bin"})
            assert done.returncode == status, (encrypt, stored[name], done)


def hashes(panel: Panel) -> dict[str, str]:
    """What the directory has stored, as an export says it."""
    folder = str(panel.mail / "out")
    arguments = ("xyz.com", str(panel.mail / "new"), folder, "postmaster", *("1",) * 8)
    panel.prints("EPreExportDomain", *arguments)
    panel.prints("EPostExportDomain", *arguments)
    content = json.loads((Path(folder) / "xyz.com.mailaddon" / "settings.json").read_text())
    return {user["name"]: user["password"] for user in content["users"]}


def test_clear_text_without_a_scheme_needs_to_be_called_that(panel: Panel, admin: PostfixAdmin) -> None:
    admin.domain("xyz.com")
    admin.mailbox("ann@xyz.com", PFA_ENCRYPT="cleartext")
    (finding,) = lost(moved(panel, admin, status=1))
    assert finding[:2] == ("mailbox", "ann@xyz.com")
    assert "--scheme says it; nobody can log in until EEditUser sets another" in finding[2]
    assert hashes(panel)["ann"].startswith("{SHA512}")
    assert lost(moved(panel, admin, "--scheme", "plain")) == []
    assert hashes(panel)["ann"].startswith("{ARGON2ID}")


def test_nothing_is_dropped_without_a_word(panel: Panel, admin: PostfixAdmin) -> None:
    for name in ("xyz.com", "xyz.net", "backup.test"):
        admin.domain(name)
    admin.run("domain", "update", "backup.test", "--backupmx", "1")
    admin.run("aliasdomain", "add", "xyz.net", "--target-domain", "xyz.com")
    admin.mailbox("ann@xyz.com")
    admin.mailbox("o'brien@xyz.com")
    admin.mailbox("own@xyz.net")
    admin.alias("info@xyz.net", "ann@xyz.com")
    admin.alias("ann@xyz.net", "ann@xyz.com")  # says nothing new
    admin.alias("root@xyz.com", "root", "ann@xyz.com", "x@outside.test")
    admin.alias("local@xyz.com", "root")
    admin.alias("off@xyz.com", "ann@xyz.com")
    admin.run("alias", "update", "off@xyz.com", "--active", "0")
    admin.away("ann@xyz.com", "Re: $SUBJECT", "text", end="2037-01-01 00:00:00")
    admin.sql("INSERT INTO alias (address, goto, domain) VALUES ('@backup.test', '@else.test', 'backup.test')")
    admin.sql(
        "INSERT INTO mailbox (username, password, name, maildir, local_part, domain)"
        " VALUES ('lone@gone.test', 'x', '', '', 'lone', 'gone.test')"
    )
    admin.sql(
        "INSERT INTO fetchmail (mailbox, src_server, src_user, src_password, src_folder, mda, active)"
        " VALUES ('ann@xyz.com', 'pop.test', 'ann', 's3cret-12', '', '', 1)"
    )
    admin.sql("UPDATE mailbox SET quota = 1024000")
    result = moved(panel, admin, status=1)
    assert sorted((table, row) for table, row, _reason in lost(result)) == [
        ("alias", "@backup.test"),
        ("alias", "info@xyz.net"),
        ("alias", "local@xyz.com"),
        ("alias", "local@xyz.com"),
        ("alias", "root@xyz.com"),
        ("domain", "backup.test"),
        ("fetchmail", "ann@xyz.com"),
        ("mailbox", "lone@gone.test"),
        ("mailbox", "o'brien@xyz.com"),
        ("mailbox", "own@xyz.net"),
        ("vacation", "ann@xyz.com"),
        ("vacation", "ann@xyz.com"),
    ]
    notes = [(found["table"], found["row"]) for found in result["findings"] if not found["lost"]]
    assert ("alias", "off@xyz.com") in notes
    assert ("mailbox", "1 row") in notes  # its quota
    text = panel.run(
        "mailaddon",
        "import-postfixadmin",
        admin.location,
        "--ip",
        "192.0.2.9",
        "--mailbox-directory",
        str(panel.mail / "new"),
        "--dry-run",
    )
    assert text.returncode == 1
    for table, row, reason in lost(result):
        assert f"  left out: {table} {row}: {reason}\n".encode() in text.stdout
    assert panel.prints("EGetUserAliasList", "xyz.com", "ann") == ""
    assert panel.prints("EGetDistributionListMemberList", "xyz.com", "root") == "ann@xyz.com\nx@outside.test\n"


def test_aliases_that_turn_back_on_themselves(panel: Panel, admin: PostfixAdmin) -> None:
    admin.domain("xyz.com")
    for name in ("ann", "bob"):
        admin.mailbox(f"{name}@xyz.com")
    admin.alias("boss@xyz.com", "ann@xyz.com")
    admin.forward("ann@xyz.com", "boss@xyz.com", "x@outside.test", keep_copy=False)  # which is herself
    admin.alias("one@xyz.com", "two@xyz.com")
    admin.alias("two@xyz.com", "one@xyz.com")
    admin.alias("tagged@xyz.com", "ann+tag@xyz.com")
    admin.alias("@xyz.com", "ann@xyz.com", "bob@xyz.com", "nobody@xyz.com")
    admin.sql("INSERT INTO alias (address, goto, domain) VALUES ('me@xyz.com', 'me@xyz.com', 'xyz.com')")
    result = moved(panel, admin, status=1)
    assert sorted((table, row) for table, row, _reason in lost(result)) == [
        ("alias", "@xyz.com"),
        ("alias", "me@xyz.com"),
    ]
    found = shown(panel, "xyz.com")
    users = {user["user"]: user for user in found["users"]}
    assert (users["ann"]["forwards"], users["ann"]["keep_copy"]) == (["x@outside.test"], True)
    assert users["ann"]["aliases"] == ["boss"]
    lists = {
        one["name"]: panel.prints("EGetDistributionListMemberList", "xyz.com", one["name"]) for one in found["lists"]
    }
    assert lists == {
        "catch-all": "ann@xyz.com\nbob@xyz.com\n",
        "one": "two@xyz.com\n",
        "tagged": "ann+tag@xyz.com\n",
        "two": "one@xyz.com\n",
    }
    assert found["catch_all"] == "catch-all@xyz.com"


@pytest.mark.parametrize(
    ("begin", "end", "reply", "told"),
    [
        ("2000-01-01", "2038-01-18", "Away\ntext", []),
        ("2000-01-01 00:00:00", "2037-12-31 23:59:59", "Away\ntext", ["lost"]),
        ("2037-01-01 00:00:00", "2037-12-31 23:59:59", "", ["lost"]),
        ("2000-01-01", "2001-01-01", "", ["note"]),
    ],
)
def test_an_automatic_reply_is_set_if_it_is_in_force(
    begin: str, end: str, reply: str, told: list[str], panel: Panel, admin: PostfixAdmin
) -> None:
    admin.domain("xyz.com")
    admin.mailbox("ann@xyz.com")
    admin.away("ann@xyz.com", "Away", "text", begin, end)
    result = moved(panel, admin, status=int("lost" in told))
    assert panel.prints("EGetAutoResponder", "xyz.com", "ann") == reply
    found = [finding["lost"] for finding in result["findings"] if finding["table"] == "vacation"]
    assert found == [what == "lost" for what in told]


def test_exports_may_be_kept_and_taken_elsewhere(panel: Panel, filled: PostfixAdmin) -> None:
    folder = panel.mail / "exports"
    moved(panel, filled, "--exports", str(folder), "--keep-exports", "xyz.com")
    assert folder.stat().st_mode & 0o777 == 0o700
    panel.prints("EDeleteDomain", "xyz.com")
    place = ("xyz.com", str(panel.mail / "other"), str(folder), "ann", *("1",) * 8)
    panel.prints("EPreImportDomain", *place)
    panel.prints("EPostImportDomain", *place)
    assert shown(panel, "xyz.com")["aliases"] == ["xyz.net"]
    sums = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder / "xyz.com.mailaddon", check=False
    )
    assert sums.returncode == 0


def test_a_dry_run_changes_nothing_and_says_what_the_run_says(panel: Panel, filled: PostfixAdmin) -> None:
    before = Path(filled.location).read_bytes()
    dry = moved(panel, filled, "--dry-run")
    assert {domain["state"] for domain in dry["domains"]} == {"checked"}
    assert panel.prints("mailaddon", "run", "domains") == ""
    assert not (panel.mail / "new").exists()
    done = moved(panel, filled)
    assert done["findings"] == dry["findings"]
    assert [domain["counts"] for domain in done["domains"]] == [domain["counts"] for domain in dry["domains"]]
    assert Path(filled.location).read_bytes() == before
    assert list((panel.home / "postfixadmin").iterdir()) == []


def test_a_repeated_run_makes_it_again_as_postfixadmin_has_it(panel: Panel, filled: PostfixAdmin) -> None:
    moved(panel, filled)
    before = shown(panel, "xyz.com")
    panel.prints("EDeleteUserAlias", "xyz.com", "ann", "sales")
    panel.prints("EAddUser", "xyz.com", "new", "pw", "", "", "", "1", "1", "1")
    moved(panel, filled, "XYZ.com")
    after = shown(panel, "xyz.com")
    assert [user["user"] for user in after["users"]] == ["ann", "bob", "eve", "new"]
    after["users"].pop()
    assert {**after, "mailboxes": before["mailboxes"]} == before
    skipped = moved(panel, filled, "--new-only")
    assert {domain["state"] for domain in skipped["domains"]} == {"skipped"}


def test_the_owner_is_who_was_named_or_whoever_is_postmaster(panel: Panel, admin: PostfixAdmin) -> None:
    admin.domain("one.test")
    admin.mailbox("ann@one.test")
    admin.alias("postmaster@one.test", "ann@one.test")
    admin.domain("two.test")
    admin.alias("postmaster@two.test", "boss@outside.test", "vice@outside.test")
    admin.domain("three.test")
    moved(panel, admin)
    assert [shown(panel, f"{name}.test")["owner"] for name in ("one", "two", "three")] == [
        "ann",
        "postmaster",
        "postmaster",
    ]
    assert panel.prints("EGetForwardList", "two.test", "postmaster") == "boss@outside.test\nvice@outside.test\n"
    again = moved(panel, admin)
    assert {domain["state"] for domain in again["domains"]} == {"imported"}
    assert panel.prints("EGetForwardList", "two.test", "postmaster") == "boss@outside.test\nvice@outside.test\n"
    admin.domain("four.test")
    admin.mailbox("ann@four.test")
    moved(panel, admin, "four.test", "--owner", "Ann")
    assert shown(panel, "four.test")["owner"] == "ann"


def test_a_refused_domain_does_not_stop_the_others(panel: Panel, filled: PostfixAdmin) -> None:
    panel.add_domain("xyz.net")  # which is an alias domain there
    result = moved(panel, filled, status=1)
    assert [(domain["domain"], domain["state"]) for domain in result["domains"]] == [
        ("old.test", "imported"),
        ("xyz.com", "refused"),
    ]
    ((table, row, reason),) = lost(result)
    assert (table, row) == ("domain", "xyz.com")
    assert "xyz.net" in reason
    assert panel.prints("mailaddon", "run", "domains") == "old.test\nxyz.net\n"


# Mail


@pytest.fixture
def old_mail(tmp_path: Path) -> Path:
    """The mail of ann, as Postfix delivers it, and of bob, as Dovecot does."""
    root = tmp_path / "vmail"
    for maildir, count in (("xyz.com/ann", 1000), ("xyz.com/bob/Maildir", 1)):
        for folder in ("cur", "new", "tmp", ".Sent/cur"):
            (root / maildir / folder).mkdir(parents=True)
        for number in range(count):
            (root / maildir / "cur" / f"{number}.host:2,S").write_text(f"Subject: {number}\n\n{maildir}\n")
        (root / maildir / ".Sent" / "cur" / "9.host:2,").write_text("sent\n")
    return root


def messages(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_mail_comes_along(panel: Panel, filled: PostfixAdmin, old_mail: Path) -> None:
    secret = panel.home.parent / "secret"
    secret.write_text("not mail")
    (old_mail / "xyz.com" / "ann" / "cur" / "1.link:2,").symlink_to(secret)
    before = messages(old_mail / "xyz.com" / "bob" / "Maildir")
    result = moved(panel, filled, "--mail-root", str(old_mail))
    new = panel.mail / "new" / "xyz.com"
    assert messages(new / "bob" / "Maildir") == before
    assert len(messages(new / "ann" / "Maildir")) == 1001
    assert not (new / "ann" / "Maildir" / "cur" / "1.link:2,").is_symlink()
    assert ("mailbox", "eve@xyz.com") in [(found["table"], found["row"]) for found in result["findings"]]
    moved(panel, filled, "--mail-root", str(old_mail))
    assert len(messages(new / "ann" / "Maildir")) == 1001


def test_a_killed_run_is_finished_by_the_next(panel: Panel, filled: PostfixAdmin, old_mail: Path) -> None:
    command = [str(SCRIPTS / "mailaddon"), "import-postfixadmin", filled.location, "--ip", "192.0.2.9"]
    command += ["--mailbox-directory", str(panel.mail / "new"), "--mail-root", str(old_mail)]
    # A thousand messages get their names one after the other, so that there is time for the kill.
    slowly = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=renameat,renameat2"]
    slowly += ["-e", "inject=renameat,renameat2:delay_enter=2000"]
    for moment in ("home/postfixadmin/xyz.com.mailaddon.partial/mail/ann", "mail/new/.mailaddon-staging-*/ann"):
        process = subprocess.Popen(
            [*slowly, *command], env=panel.env, stdout=subprocess.DEVNULL, start_new_session=True
        )
        wait_for(lambda moment=moment: list(panel.home.parent.glob(moment)))
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait(HANGS) == -signal.SIGKILL
        assert "xyz.com" not in panel.prints("mailaddon", "run", "domains").split()
    moved(panel, filled, "--mail-root", str(old_mail))
    assert len(messages(panel.mail / "new" / "xyz.com" / "ann" / "Maildir")) == 1001
    assert list((panel.home / "postfixadmin").iterdir()) == []
    assert [path.name for path in (panel.mail / "new").iterdir() if path.name.startswith(".")] == []


# What is wrong with a call


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["/nowhere.db"], "there is no file /nowhere.db [not-found]"),
        (["--ip", "here"], "'here' is not an IP address"),
        (["nowhere.test"], "nowhere.test is no domain there that can be moved [invalid-argument]"),
        (["xyz.net"], "xyz.net is an alias domain; it comes with xyz.com [invalid-argument]"),
        (["--table-prefix", "pfa_"], "it has no table pfa_domain, pfa_mailbox, pfa_alias [not-found]"),
        (["--table-prefix", '"; --'], "is no table prefix"),
        (["postgresql://u:s3cret-12@127.0.0.1:1/x"], "postgresql://127.0.0.1:1/x cannot be read"),
        (["mysql://u:s3cret-12@127.0.0.1:1/x"], "mysql://127.0.0.1:1/x cannot be read"),
        (["postgresql://u:s3cret/12@127.0.0.1:1/x"], "is no URL of a database"),
        (["postgresql://u:[s3cret@127.0.0.1:1/x"], "is no URL of a database"),
        (["mysql://u:s3cret/12@127.0.0.1:1/x"], "is no URL of a database"),
        (["mysql://u:1?s3cret@127.0.0.1:1/x"], "is no URL of a database"),
        (["mysql://u:1#s3cret@127.0.0.1:1/x"], "is no URL of a database"),
        (["mysql://u:s3cret-12@127.0.0.1:x/x"], "is no URL of a database"),
    ],
)
def test_a_call_that_cannot_work_says_why(change: list[str], message: str, panel: Panel, filled: PostfixAdmin) -> None:
    source = change.pop(0) if "/" in change[0] else filled.location
    arguments = ["--ip", "192.0.2.9", "--mailbox-directory", str(panel.mail), source, *change]
    done = panel.run("mailaddon", "import-postfixadmin", *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message in done.stderr.decode()
    assert b"s3cret" not in done.stderr
    assert b"Traceback" not in done.stderr
