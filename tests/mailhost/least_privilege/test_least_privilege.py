"""Commands that run as a service user: what they can do, and what the one program that they may run as root refuses."""

import fcntl
import imaplib
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mailhost.conftest import urls
from mailhost.host import Outside, unverified
from mailhost.service_user import READER, USER, ServiceHost, identity

if TYPE_CHECKING:
    from postgresql_server import Server


@pytest.fixture(scope="module")
def _service(request: pytest.FixtureRequest, database: str, outside: Outside) -> Iterator[ServiceHost]:
    with ExitStack() as stack:
        where = ()
        if database == "postgresql":
            server: Server = request.getfixturevalue("server")
            where = urls(server, stack.enter_context(server.schema()))
        made = stack.enter_context(ServiceHost(outside.port, *where))
        made.init()
        made.prints("EStartMailServer")
        yield made


@pytest.fixture
def service(_service: ServiceHost) -> Iterator[ServiceHost]:
    yield _service
    assert _service.log("effects.log") == ""


def nobody_reads(host: ServiceHost) -> dict[str, bytes]:
    """Every file that a process of nobody could open, and what is in it."""
    folders = [str(host.root), str(host.home)]
    command = ["/usr/bin/python3", "-I", "-c", READER, *folders]
    said = subprocess.run(command, capture_output=True, check=True, cwd="/", **identity("nobody")).stdout
    found = (entry.partition(b"\0") for entry in said.split(b"\n\n") if entry)
    return {os.fsdecode(path): content for path, _, content in found}


def test_every_command_works_with_real_mail(service: ServiceHost, outside: Outside) -> None:
    domain = service.add_domain("u1", "u2")
    service.prints("ESetCatchallUser", domain, "")
    service.takes(f"u1@{domain}")
    assert service.subjects(f"u1@{domain}") == ["subject"]

    service.prints("ESetAutoResponder", domain, "u1", "away", "text")
    service.takes(f"u1@{domain}", sender=f"replied-{domain}@outside.test")
    outside.to(f"replied-{domain}@outside.test")

    service.prints("ESuspendUser", domain, "u2")
    assert service.refuses(f"u2@{domain}")[0] == 450
    service.prints("EResumeUser", domain, "u2")
    service.prints("ESuspendDomain", domain)
    assert service.refuses(f"u2@{domain}")[0] == 450
    service.prints("EResumeDomain", domain)
    service.takes(f"u2@{domain}")
    assert len(service.inbox(f"u2@{domain}")) == 1

    session = service.login(f"u1@{domain}")
    service.prints("EDeleteUser", domain, "u1")
    assert service.ended(session)
    assert service.refuses(f"u1@{domain}")[0] == 550
    assert os.listdir(service.mail / domain) in (["admin", "u2"], ["u2", "admin"])

    service.prints("EDeleteDomain", domain)
    assert service.refuses(f"u2@{domain}")[0] == 554
    assert os.listdir(service.mail) == []


def test_mailing_lists(service: ServiceHost) -> None:
    domain = service.add_domain("u1", "u2")
    service.prints("ESetCatchallUser", domain, "")
    service.prints("EAddMailingList", domain, "news")
    for user in ("u1", "u2"):
        service.prints("EAddMailingListMember", domain, "news", "Name", f"{user}@{domain}")
    assert service.prints("EGetMailingListMemberList", domain, "news") == f"u1@{domain}\nu2@{domain}\n"
    assert f"news@{domain}: 2 members\n" in service.prints("mailaddon", "host", "maintain")
    service.prints("EDeleteMailingListMember", domain, "news", f"u2@{domain}")
    service.takes(f"news@{domain}", sender=f"u1@{domain}", subject="to all")
    assert service.eventually(f"u1@{domain}", 1) == ["to all"]
    assert service.subjects(f"u2@{domain}") == []
    service.prints("EDeleteMailingList", domain, "news")
    assert service.refuses(f"news@{domain}")[0] == 550
    assert not (service.root / "lists" / domain / "news").exists()
    service.prints("EAddMailingList", domain, "more")
    service.prints("EDeleteDomain", domain)
    assert not (service.root / "lists" / domain).exists()


def test_network_settings_and_addresses(service: ServiceHost, outside: Outside) -> None:
    domain = service.add_domain("u1", ip="127.0.0.44")
    service.prints("EChangeNetworkSettings", "127.0.0.1", "mail.host.test", "127.0.0.1", "new.host.test")
    with service.smtp() as smtp:
        assert smtp.ehlo()[1].startswith(b"new.host.test")
        smtp.starttls(context=unverified())
        assert isinstance(smtp.sock, ssl.SSLSocket)
        assert b"new.host.test" in (smtp.sock.getpeercert(binary_form=True) or b"")
    with service.submission(f"u1@{domain}", "pw") as smtp:
        smtp.sendmail(f"u1@{domain}", f"from-{domain}@outside.test", "Subject: one\n\ntext\n")
    (arrival,) = outside.to(f"from-{domain}@outside.test")
    assert arrival.peer == "127.0.0.44"
    service.prints("EChangeNetworkSettings", "127.0.0.1", "new.host.test", "127.0.0.1", "mail.host.test")


def test_exports_and_imports(service: ServiceHost) -> None:
    domain = service.add_domain("u1")
    place = service.folder / f"export-{domain}"
    place.mkdir()
    os.chown(place, identity(USER)["user"], -1)
    user = (domain, "u1", str(service.mail), str(place), "1", "1", "1")
    service.takes(f"u1@{domain}", subject="exported")
    assert service.subjects(f"u1@{domain}") == ["exported"]
    scripts = service.mail / domain / "u1" / "sieve"
    scripts.mkdir()
    (scripts / "own.sieve").write_text("keep;\n", encoding="utf-8")
    for path in (scripts, scripts / "own.sieve"):
        os.chown(path, 5000, 5000)
    service.prints("EPreExportUser", *user)
    service.takes(f"u1@{domain}", subject="between")
    assert len(service.inbox(f"u1@{domain}")) == 2
    service.prints("EPostExportUser", *user)
    service.prints("EDeleteUser", domain, "u1")
    service.prints("EPreImportUser", *user)
    service.prints("EPostImportUser", *user)
    assert service.subjects(f"u1@{domain}") == ["between", "exported"]
    assert (scripts / "own.sieve").stat().st_uid == 5000
    service.takes(f"u1@{domain}", subject="after")
    service.prints("EPostImportUser", *user)
    assert service.subjects(f"u1@{domain}") == ["after", "between", "exported"]
    assert [name for name in os.listdir(service.mail / domain) if name.startswith(".")] == []


def test_stopped_and_started(service: ServiceHost) -> None:
    domain = service.add_domain()
    service.prints("EStopMailServer")
    assert service.run("mailaddon", "host", "status").returncode == 1
    service.prints("EStartMailServer")
    assert "runs, process" in service.prints("mailaddon", "host", "status")
    service.takes(f"admin@{domain}")


def test_root_becomes_the_service_user(service: ServiceHost) -> None:
    done = service.as_root(
        "EAddDomain", "root.test", "192.0.2.1", str(service.mail), "-1", "admin", "pw", "0", *"11111111"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    uid = identity(USER)["user"]
    assert (service.mail / "root.test").stat().st_uid == uid
    assert {path.stat().st_uid for path in service.home.rglob("*")} == {uid}
    done = service.as_root("mailaddon", "doctor")
    assert (done.returncode, done.stderr) == (0, b"")
    assert {path.stat().st_uid for path in service.home.rglob("*")} == {uid}
    service.prints("EDeleteDomain", "root.test")


def test_check_finds_nothing_wrong_for_root_and_for_the_service_user(service: ServiceHost) -> None:
    domain = service.add_domain("u1")
    service.prints("EAddMailingList", domain, "news")
    service.prints("ESetAutoResponder", domain, "u1", "away", "text")
    service.takes(f"u1@{domain}")
    service.quiet()
    assert service.as_root("mailaddon", "host", "check").stdout == b"nothing is wrong\n"
    assert service.prints("mailaddon", "host", "check") == "nothing is wrong\n"
    assert "PROBLEM" not in service.prints("mailaddon", "doctor")


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("home", 0o755),
        ("home/mailaddon.toml", 0o644),
        ("i/log/postfix.log", 0o644),
        ("i/log/effects.log", 0o666),
        ("i/mail/{domain}", 0o755),
        ("i/mail/{domain}/admin", 0o750),
        ("i/sieve/{domain}/admin.sieve", 0o666),
        ("i/lists/{domain}/news", 0o755),
        ("i/spool/private", 0o755),
        ("i/spool/active", 0o755),
        ("i/run/dovecot/auth-postfix", 0o666),
        ("i/run/dovecot/doveadm-server", 0o666),
        ("i/run/effects.lock", 0o644),
        ("i/etc/key.pem", 0o640),
        ("i/etc/mailaddon-host-helper", 0o777),
        ("{sudoers}", 0o640),
    ],
)
def test_check_names_what_has_other_rights(service: ServiceHost, path: str, mode: int) -> None:
    domain = service.add_domain()
    service.prints("EAddMailingList", domain, "news")
    service.prints("ESetAutoResponder", domain, "admin", "away", "text")
    found = service.folder / path.format(domain=domain, sudoers=service.sudoers)
    before = found.stat().st_mode & 0o7777
    found.chmod(mode)
    try:
        done = service.as_root("mailaddon", "host", "check")
    finally:
        found.chmod(before)
    assert done.returncode == 1
    assert f"{found}: " in done.stdout.decode()


def test_nobody_reads_hashes_keys_or_mail(service: ServiceHost) -> None:
    domain = service.add_domain("u1")
    service.prints("EAddMailingList", domain, "news")
    service.prints("ESetAutoResponder", domain, "u1", "away", "a reply 4711")
    service.takes(f"u1@{domain}", text="a message 4711\n")
    assert len(service.inbox(f"u1@{domain}")) == 1
    read = nobody_reads(service)
    assert read, "nobody reads anything at all: this test proves nothing"
    assert str(service.root / "etc" / "certificate.pem") in read
    for path, content in read.items():
        assert b"argon2" not in content.lower(), path
        assert b"$6$" not in content, path
        assert b"PRIVATE KEY" not in content, path
        assert b"4711" not in content, path
        assert f"u1@{domain}".encode() not in content, path
        assert "password" not in content.decode(errors="replace") or path.endswith((".cf", ".conf")), path
    private = ("db", "mail", "sieve", "log", "data", "home", "spool/active", "spool/private")
    assert not [path for path in read if path.startswith(tuple(f"{service.root}/{name}/" for name in private))]
    assert not [path for path in read if path.startswith(f"{service.home}/")]


def test_the_policy_user_changes_nothing(service: ServiceHost, database: str) -> None:
    """SQLite needs the right to write for reading, so there the file's group has it; see the documentation."""
    write = """
import os, sys
for path in sys.argv[1:]:
    for folder, _, names in os.walk(path):
        for name in (folder, *(os.path.join(folder, name) for name in names)):
            if os.access(name, os.W_OK) and not os.path.islink(name) and not name.endswith("/dev/null"):
                print(name)
"""
    command = ["/usr/bin/python3", "-I", "-c", write, str(service.root), str(service.home)]
    said = subprocess.run(command, capture_output=True, check=True, cwd="/", **identity("mailaddon-policy")).stdout
    sockets = str(service.root / "run" / "dovecot")
    found = {path for path in said.decode().split() if not path.startswith(sockets)}
    file = {str(service.root / "db"), str(service.root / "db" / "mail.db")}
    beside = {str(service.root / "db" / f"mail.db-{ending}") for ending in ("wal", "shm")}  # they come and go
    assert found - beside == (file if database == "sqlite" else set())


HOSTILE = [
    (),
    ("shell",),
    ("",),
    ("-h",),
    ("--", "start"),
    ("start", "now"),
    ("start\n",),
    ("kick",),
    ("kick", "*"),
    ("kick", "*@*"),
    ("kick", "u1@d.test\nu2@d.test"),
    ("kick", "-A"),
    ("kick", "u1@d.test", "u2@d.test"),
    ("network",),
    ("network", "mail.test\nmaillog_file=/etc/passwd", "-"),
    ("network", "-mail.test", "-"),
    ("network", "new.test", "127.0.0.1 -o x=y"),
    ("network", "new.test", "-", "::1\n-o x=y"),
    ("give", "/etc"),
    ("give", "relative"),
    ("give", "{mail}"),
    ("give", "{mail}/../etc"),
    ("give", "{mail}/./x"),
    ("give", "{mail}//x"),
    ("give", "{mail}-other/x", "u1"),
    ("give", "{mail}/none.test", "u1"),
    ("give", "{mail}/{domain}", "../../etc"),
    ("give", "{mail}/{domain}", ".."),
    ("give", "{mail}/{domain}", "admin/Maildir"),
    ("give", "{mail}/{domain}", ""),
    ("give", "{mail}/{domain}", "a\nb"),
    ("give", "{mail}/link", "postfix"),
    ("give", "{mail}/{domain}", "link"),
    ("give", "{mail}/{domain}", "foreign"),
    ("give", "{mail}/foreign", "admin"),
    ("take", "{mail}"),
    ("take", "/"),
    ("take", "/etc/postfix"),
    ("take", "{root}/db"),
    ("take", "{mail}/link"),
    ("take", "{mail}/link/postfix"),
    ("take", "{mail}/{domain}/../../db"),
    ("take", "{mail}/{domain}", "{mail}/x"),
    ("list-make", "news@d.test"),
    ("list-make", "../x@d.test", "admin@d.test"),
    ("list-make", "x@../d.test", "admin@d.test"),
    ("list-make", "x@d.test/..", "admin@d.test"),
    ("list-make", "x@d.test", "admin@d.test\nroot"),
    ("list-make", "x@d.test", "admin"),
    ("list-remove", "*"),
    ("list-remove", "*@.."),
    ("list-remove", "*@"),
    ("list-remove", "@d.test"),
    ("list-members", "../../db@d.test"),
    ("list-members", "none@d.test"),
    ("list-subscribe", "none@d.test", "u1@d.test"),
    ("list-subscribe", "news@d.test", "-h"),
    ("list-unsubscribe", "news@d.test"),
    ("give", "--more"),
    ("give", "{mail}/{domain}", "--more"),
]


def test_the_helper_refuses_everything_else(service: ServiceHost) -> None:
    domain = service.add_domain()
    uid = identity(USER)["user"]
    links = [service.mail / "link", service.mail / domain / "link"]
    foreign = [service.mail / "foreign", service.mail / "foreign" / "admin", service.mail / domain / "foreign"]
    for link in links:
        link.symlink_to("/etc")
        os.chown(link, uid, -1, follow_symlinks=False)
    for folder in foreign:
        folder.mkdir()
    watched = ["/etc", "/etc/passwd", "/etc/postfix", service.root, service.root / "db", *foreign]
    before = {path: rights(path) for path in watched if os.path.exists(path)}
    given = {"mail": service.mail, "root": service.root, "domain": domain}
    for arguments in HOSTILE:
        done = service.helper(*(argument.format(**given) for argument in arguments))
        assert done.returncode == 1, done
        assert done.stdout == b"", done
        assert done.stderr.count(b"\n") == 1, done
        assert done.stderr.startswith(f"{service.root}/etc/mailaddon-host-helper: ".encode()), done
        assert {path: rights(path) for path in before} == before, done
    for path in (*links, *reversed(foreign)):
        (Path.unlink if path.is_symlink() else Path.rmdir)(path)
    service.prints("EDeleteDomain", domain)


def rights(path: str | Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_uid, status.st_gid, status.st_mode


def test_files_of_others_are_neither_given_nor_taken(service: ServiceHost) -> None:
    domain = service.add_domain()
    uid = identity(USER)["user"]
    folder = service.mail / domain / "u1"
    folder.mkdir()
    os.chown(folder, uid, -1)
    secret = service.folder / "secret"
    secret.write_text("root's\n", encoding="utf-8")
    os.link(secret, folder / "linked")
    done = service.helper("give", str(folder.parent), "u1")
    assert done.returncode == 1
    assert b"belongs to somebody else" in done.stderr
    assert secret.stat().st_uid == 0
    done = service.helper("take", str(folder))
    assert (done.returncode, done.stderr) == (0, b"")
    assert secret.stat().st_uid == 0
    (folder / "linked").unlink()
    folder.rmdir()


def test_mail_anywhere_else_is_refused_and_nothing_is_left(service: ServiceHost) -> None:
    elsewhere = service.folder / "elsewhere"
    elsewhere.mkdir()
    os.chown(elsewhere, identity(USER)["user"], -1)
    arguments = ("else.test", "192.0.2.1", str(elsewhere), "-1", "admin", "pw", "0", *"11111111")
    refusal = service.refusal("EAddDomain", *arguments)
    assert "mail_folders" in refusal
    assert "[storage-failed]" in refusal
    assert os.listdir(elsewhere) == []


def test_nobody_else_may_run_the_helper(service: ServiceHost) -> None:
    for user in ("nobody", "mailaddon-policy", "postfix"):
        done = service.helper("status", user=user)
        assert done.returncode == 1
        assert done.stdout == b""
    with ServiceHost(service.outside_port) as other:
        other.init()
        assert other.helper("status").returncode == 0
        other.sudoers.unlink()
        assert b"password is required" in other.helper("status").stderr
        refusal = other.refusal("EStartMailServer")
        assert "sudo: a password is required" in refusal
        assert "[unavailable]" in refusal
        found = other.as_root("mailaddon", "host", "check").stdout.decode()
        assert f"{other.sudoers}: it does not exist" in found
        assert f"sudo does not let {USER} run the helper" in found


def test_a_login_is_possible_at_once(service: ServiceHost) -> None:
    domain = service.add_domain()
    service.add_user(domain, "u1")
    service.login(f"u1@{domain}").logout()
    service.prints("ESuspendUser", domain, "u1")
    with pytest.raises(imaplib.IMAP4.error, match="suspended"):
        service.login(f"u1@{domain}")


# What the helper's copies of mail could be used for


def export(service: ServiceHost, domain: str, target: Path) -> "subprocess.CompletedProcess[bytes]":
    """Have u1's mail copied as whoever has become the service user can."""
    return service.helper("export", f"u1@{domain}", str(service.mail / domain / "u1"), str(target))


def own_folder(service: ServiceHost, name: str) -> Path:
    """A new folder of the service user."""
    folder = service.folder / name
    folder.mkdir(mode=0o700)
    os.chown(folder, identity(USER)["user"], -1)
    return folder


def test_mail_of_another_host_is_not_taken_by_an_export_into_it(service: ServiceHost) -> None:
    """Another host's mail may belong to the same number."""
    domain = service.add_domain("u1")
    foreign = service.folder / f"another-{domain}"
    mailbox = foreign / "v1"
    mailbox.mkdir(parents=True)
    (mailbox / "letter").write_text("private\n", encoding="utf-8")
    for path in (mailbox, mailbox / "letter"):
        os.chown(path, 5000, 5000)
        path.chmod(0o700)
    done = export(service, domain, mailbox)
    assert (done.returncode, b"belongs to somebody else" in done.stderr) == (1, True), done
    assert {path.stat().st_uid for path in (mailbox, *mailbox.rglob("*"))} == {5000}


def test_a_file_of_somebody_else_is_not_copied_under_another_name(service: ServiceHost) -> None:
    """Where the kernel lets users make names for files of others, `fs.protected_hardlinks` being 0."""
    domain = service.add_domain("u1")
    secret = service.folder / f"secret-{domain}"
    secret.write_text("root's\n", encoding="utf-8")
    secret.chmod(0o600)
    scripts = service.mail / domain / "u1" / "sieve"
    scripts.mkdir()
    os.link(secret, scripts / "x.sieve")
    target = own_folder(service, f"copy-{domain}") / "u1"
    target.mkdir(mode=0o700)
    os.chown(target, identity(USER)["user"], -1)
    done = export(service, domain, target)
    assert (done.returncode, b"belongs to somebody else" in done.stderr) == (1, True), done
    assert not [path for path in target.rglob("*") if path.is_file() and path.read_bytes() == b"root's\n"]


def test_an_export_goes_on_after_one_whose_helper_was_killed(service: ServiceHost) -> None:
    """Then the copy still belongs to the mail's owner."""
    domain = service.add_domain("u1")
    place = own_folder(service, f"export-killed-{domain}")
    user = (domain, "u1", str(service.mail), str(place), "1", "1", "1")
    service.takes(f"u1@{domain}", subject="one")
    service.quiet()
    service.prints("EPreExportUser", *user)
    (copy,) = place.glob("*/mail/u1")
    for path in (copy, *copy.rglob("*")):
        os.chown(path, 5000, 5000)
    service.prints("EPreExportUser", *user)
    service.prints("EPostExportUser", *user)
    owners = {path.stat().st_uid for path in place.rglob("*")}
    assert owners == {identity(USER)["user"]}


def test_a_copy_is_worked_on_by_one_helper_at_a_time(service: ServiceHost) -> None:
    """The helper of a command that was killed goes on."""
    domain = service.add_domain("u1")
    place = own_folder(service, f"export-turns-{domain}")
    user = (domain, "u1", str(service.mail), str(place), "1", "1", "1")
    service.prints("EPreExportUser", *user)
    (copy,) = place.glob("*/mail/u1")
    descriptor = os.open(copy, os.O_RDONLY)
    with ThreadPoolExecutor(1) as pool:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        exporting = pool.submit(service.prints, "EPreExportUser", *user)
        time.sleep(1)
        waits = not exporting.done()
        os.close(descriptor)
        exporting.result()
    assert waits


# What the helper is made of


def test_a_link_in_the_installation_to_somebody_elses_file_is_found() -> None:
    with ServiceHost() as host:
        theirs = host.folder / "theirs"
        theirs.mkdir()
        (theirs / "module.py").write_text("", encoding="utf-8")
        (packages,) = (host.folder / "sdk").glob("lib/python3*/site-packages")
        init = ("mailaddon", "host", "init", "--private", str(host.root), "--port-base", str(host.base))
        for link, target in (("linked.py", theirs / "module.py"), ("linked", theirs)):
            (packages / link).symlink_to(target)
            os.chown(theirs / "module.py", identity("nobody")["user"], -1)
            done = host.as_root(*init)
            assert (done.returncode, b"theirs/module.py can be changed by others" in done.stderr) == (1, True), done
            os.chown(theirs / "module.py", 0, -1)
            assert host.as_root(*init, "--dry-run").returncode == 0
            (packages / link).unlink()


def test_very_many_arguments_reach_the_helper(service: ServiceHost) -> None:
    """More than a program can be given: two megabytes, at the most."""
    name = "u" * 60
    domain = service.add_domain(name)
    code = (
        "import sys; from mailaddon.backends.postfix import root; from mailaddon.service import Service\n"
        "with Service.open() as service:\n"
        "    root.do(service.backend.plugin.instance, *sys.argv[1:3], *[sys.argv[3]] * 40_000)"
    )
    command = [service.scripts / "python", "-c", code, "give", service.mail / domain, name]
    given = {"env": service.env, "cwd": "/", **identity(USER)}
    done = subprocess.run(command, capture_output=True, check=False, **given)
    assert (done.returncode, done.stderr) == (0, b"")


def test_arguments_on_standard_input_are_looked_at_as_any_others(service: ServiceHost) -> None:
    domain = service.add_domain()
    command = ["/usr/bin/sudo", "-n", "--", service.root / "etc" / "mailaddon-host-helper", "give", "--more"]
    for user in ("../x", "a\nb", "", "link", "\xff"):
        content = f"{service.mail / domain}\0{user}\0".encode("latin-1")
        done = subprocess.run(command, input=content, capture_output=True, cwd="/", check=False, **identity(USER))
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1), done


#: Runs a command that is killed when mail folders have been given away and nothing is committed yet.
KILLED = """
import os, signal, sys
from mailaddon.backends.postfix import ownership
from mailaddon.operations import find
from mailaddon.service import Service
give = ownership.own_mail
def die(*arguments):
    give(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
ownership.own_mail = die
with Service.open() as service:
    service.run(find(sys.argv[1]), sys.argv[2:])
"""


@pytest.mark.parametrize("what", ["user", "domain"])
def test_a_command_that_is_killed_after_it_has_given_folders_away_can_be_repeated(
    service: ServiceHost, what: str
) -> None:
    """The mail's owner has them then, and who runs the commands can neither enter nor remove them."""
    domain = service.add_domain()
    command = ["EAddUser", domain, "u1", "pw", "", "", "", "1", "1", "1"]
    if what == "domain":
        service.prints("EDeleteDomain", domain)
        command = ["EAddDomain", domain, "192.0.2.1", str(service.mail), "-1", "u1", "pw", "0", *"11111111"]
    killed = [service.scripts / "python", "-c", KILLED, *command]
    done = subprocess.run(killed, env=service.env, cwd="/", capture_output=True, check=False, **identity(USER))
    assert done.returncode == -signal.SIGKILL, done
    assert (service.mail / domain / "u1").stat().st_uid == 5000
    other = service.add_domain()
    assert not (service.mail / domain / "u1").exists()
    service.prints(*command)
    service.takes(f"u1@{domain}")
    assert service.subjects(f"u1@{domain}") == ["subject"]
    for name in (domain, other):
        service.prints("EDeleteDomain", name)


def test_a_command_whose_caller_ignores_its_children(service: ServiceHost) -> None:
    """The helper's exit status would be lost."""
    domain = service.add_domain()
    command = ["/usr/bin/env", "--ignore-signal=CHLD", service.scripts / "EAddUser"]
    words = [domain, "u1", "pw", "", "", "", "1", "1", "1"]
    done = subprocess.run(
        [*command, *words], capture_output=True, env=service.env, cwd="/", check=False, **identity(USER)
    )
    assert (done.returncode, done.stderr) == (0, b"")
    service.takes(f"u1@{domain}")
