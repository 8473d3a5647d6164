"""Making, starting, stopping and checking a host."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from mailaddon.backends.postfix import agent, installing, layout, rights, service, services
from mailhost.host import SCRIPTS, Host
from patience import HANGS

from mailaddon.errors import NotConfigured, StorageFailed, Unavailable


def running(pid_file: Path) -> bool:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, ValueError):
        return False


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_directory_in_a_file_is_not_followed(spare: Host) -> None:
    assert "only a directory in PostgreSQL" in spare.refusal("mailaddon", "host", "follow")


def test_started_and_stopped_as_often_as_one_likes(spare: Host) -> None:
    files = [spare.root / "spool" / "pid" / "master.pid", spare.root / "run" / "dovecot" / "master.pid"]
    for _again in range(2):
        spare.prints("EStartMailServer")
    assert all(running(file) for file in files)
    assert spare.run("mailaddon", "host", "status").returncode == 0
    for _again in range(2):
        spare.prints("EStopMailServer")
    assert not any(running(file) for file in files)
    assert spare.run("mailaddon", "host", "status").returncode == 1


def test_a_stopped_host_is_provisioned_all_the_same(spare: Host) -> None:
    domain = spare.add_domain("u1")
    spare.prints("ESetAutoResponder", domain, "u1", "away", "text")
    for command in ("ESuspendUser", "EResumeUser", "EDeleteUser"):
        spare.prints(command, domain, "u1")
    spare.prints("mailaddon", "host", "check")
    spare.prints("EStartMailServer")
    spare.takes(f"admin@{domain}")
    assert spare.subjects(f"admin@{domain}") == ["subject"]


def test_a_port_that_is_taken_is_named(spare: Host) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", spare.base + layout.IMAP))
        other.listen()
        refusal = spare.refusal("EStartMailServer")
        assert str(spare.base + layout.IMAP) in refusal
        assert "[unavailable]" in refusal
        assert "imap" in spare.run("mailaddon", "host", "check").stdout.decode()
    spare.prints("EStartMailServer")


def test_an_unfit_configuration_is_named(spare: Host) -> None:
    path = spare.root / "etc" / "postfix" / "main.cf"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("inet_interfaces = 127.0.0.1", "inet_interfaces = 192.0.2.77"), encoding="utf-8")
    refusal = spare.refusal("EStartMailServer")
    assert "parameter inet_interfaces: no local interface found for 192.0.2.77" in refusal
    check = spare.run("mailaddon", "host", "check").stdout.decode()
    assert f"{path}: it is not what" in check
    spare.init("--yes")
    assert path.read_text(encoding="utf-8") == good
    spare.prints("EStartMailServer")


def test_init_again_changes_nothing(spare: Host) -> None:
    before = {path: path.stat().st_mtime_ns for path in (spare.root / "etc").rglob("*") if path.is_file()}
    assert spare.init().startswith(f"{spare.root} is as it has to be")
    assert {path: path.stat().st_mtime_ns for path in (spare.root / "etc").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("answer", "status", "name"), [("n", 1, "mail.host.test"), ("y", 0, "other.host.test")])
def test_a_host_that_runs_is_changed_after_a_question(spare: Host, answer: str, status: int, name: str) -> None:
    spare.prints("EStartMailServer")
    init = ["host", "init", "--private", str(spare.root), "--hostname", "other.host.test"]
    assert "nobody to ask; --yes" in spare.refusal("mailaddon", *init)
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    program = subprocess.Popen(
        [SCRIPTS / "mailaddon", *init], stdin=theirs, stdout=theirs, stderr=theirs, env=spare.env
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # a terminal that nobody has open any more
        while True:
            said += os.read(ours, 4096)
    os.close(ours)
    assert program.wait(HANGS) == status
    assert b"Change the configuration and reload it? [y/N]" in said
    assert f"myhostname = {name}" in (spare.root / "etc" / "postfix" / "main.cf").read_text(encoding="utf-8")


def test_a_dry_run_shows_everything_and_makes_nothing() -> None:
    with Host() as host:
        shown = host.init("--dry-run")
        assert "+myhostname = mail.host.test" in shown
        assert f"make folder {host.root}/db" in shown
        assert not host.root.exists()


def test_init_writes_the_settings_where_there_are_none() -> None:
    with Host() as host:
        settings = host.home / "mailaddon.toml"
        settings.unlink()
        host.init()
        host.prints("EStartMailServer")
        domain = host.add_domain()
        host.takes(f"admin@{domain}")


def test_check_says_what_is_wrong_and_the_mend(spare: Host) -> None:
    assert spare.prints("mailaddon", "host", "check") == "nothing is wrong\n"
    (spare.root / "etc" / "dovecot" / "dovecot-sql.conf.ext").chmod(0o644)
    (spare.root / "data").chmod(0o755)
    done = spare.run("mailaddon", "host", "check")
    assert done.returncode == 1
    found = done.stdout.decode()
    assert f"{spare.root}/etc/dovecot/dovecot-sql.conf.ext: its rights are not root:root 0600" in found
    assert f"{spare.root}/data: its rights are not postfix:postfix 0700" in found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nobody_else_reads_hashes_in_a_file(spare: Host) -> None:
    spare.add_domain()
    for path in (spare.root / "db").iterdir():
        assert path.stat().st_mode & 0o007 == 0, path
    (spare.root / "db" / "mail.db").chmod(0o644)
    found = spare.run("mailaddon", "host", "check").stdout.decode()
    assert f"{spare.root}/db/mail.db: its rights are not root:mailaddon 0660" in found


def test_a_killed_policy_service_comes_back(spare: Host) -> None:
    spare.prints("EStartMailServer")
    domain = spare.add_domain()
    with spare.smtp() as smtp:
        smtp.ehlo()
        smtp.mail("a@outside.test")
        assert smtp.rcpt(f"admin@{domain}")[0] == 250
        (pid,) = [
            int(entry)
            for entry in os.listdir("/proc")
            if entry.isdigit() and command_line(entry).startswith(f"/usr/bin/python3 -IS {spare.root}/etc/policy.py")
        ]
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        assert smtp.rcpt(f"admin@{domain}")[0] in {250, 451}
    spare.takes(f"admin@{domain}")
    spare.prints("EAddSpamFilter", domain, "outside.test", "DOMAIN")
    assert spare.refuses(f"admin@{domain}")[0] == 554


def command_line(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "has no root"),
        ('root = "relative"', "has no root"),
        (f'root = "/{"x" * 90}"', "too long"),
        ('root = "/tmp/x"\nport_base = "a"', "port_base"),
        ('root = "/tmp/x"\nrooot = "a"', "rooot"),
        ('root = "/tmp/x"', "setting directory"),
    ],
)
def test_unfit_options_are_named(options: str, said: str) -> None:
    with Host() as host:
        (host.home / "mailaddon.toml").write_text(
            f'backend = "postfix"\n[backends.postfix]\n{options}\n', encoding="utf-8"
        )
        assert said in host.refusal("EGetDomainAliasList", "xyz.com")


# Programs that are run


@pytest.fixture
def _ignored() -> Iterator[None]:
    """This process ignores its children, as one that a panel has started may."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("_ignored")
def test_a_program_that_fails_has_failed_although_children_are_ignored() -> None:
    with pytest.raises(Unavailable, match="status 1"):
        services.run("/bin/false")


@pytest.mark.usefixtures("_ignored")
def test_a_thread_that_cannot_learn_how_a_program_ends_starts_none(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(NotConfigured, match="ignores SIGCHLD"):
        pool.submit(services.run, "/usr/bin/touch", str(tmp_path / "file")).result()
    assert not (tmp_path / "file").exists()


@pytest.fixture
def instance(tmp_path: Path) -> layout.Instance:
    """A host without anything in it."""
    made = layout.Instance({"root": "/short"})
    made.root = str(tmp_path)  # longer than sockets allow, and nothing here makes any
    for folder in ("etc/postfix", "run", "spool/pid"):
        (tmp_path / folder).mkdir(parents=True)
    return made


def test_a_check_of_the_configuration_that_hangs_is_given_up(
    instance: layout.Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("main.cf", "master.cf"):
        (tmp_path / "etc/postfix" / name).touch()
    postfix = tmp_path / "postfix"
    postfix.write_text("#!/bin/sh\nexec sleep 600\n")
    postfix.chmod(0o755)
    monkeypatch.setattr(services, "POSTFIX", str(postfix))

    def refuse(*_command: str) -> str:
        raise Unavailable("it takes too long")

    monkeypatch.setattr(services, "run", refuse)
    monkeypatch.setattr(services, "_PATIENCE", 0.1)
    with pytest.raises(Unavailable, match="unfit"):
        services.check(instance)


def test_a_process_whose_name_is_no_text_is_none_of_ours(instance: layout.Instance, tmp_path: Path) -> None:
    code = "open('/proc/self/comm', 'wb').write(b'\\xff'); print('named', flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"named\n"
        (tmp_path / "spool/pid/master.pid").write_text(f"{process.pid}\n")
        assert services.postfix_pid(instance) == 0
        process.communicate(b"\n")


# What goes while it is looked at


def test_a_check_bears_that_files_go_meanwhile(instance: layout.Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    instance.user = "nobody"
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", lambda _folder: ["ghost"])
        patch.setattr(os, "walk", lambda top: iter([(top, ["ghost"], ["ghost"])]))
        assert not [problem for problem in rights.problems(instance, []) if "ghost" in problem.subject]
        assert not [path for path in service.changeable(instance) if "ghost" in path]


# The agent


def test_an_agent_goes_on_when_the_servers_disk_is_full(instance: layout.Instance) -> None:
    tries: list[str] = []

    def perform() -> None:
        tries.append("")
        if len(tries) == 1:
            raise StorageFailed("the directory cannot be used: no space left")
        raise SystemExit

    session = SimpleNamespace(heard=lambda _patience: [], close=lambda: None)
    database = SimpleNamespace(listen=lambda _host: session, error=OSError)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(SystemExit):
            agent.follow(instance, SimpleNamespace(database=database), SimpleNamespace(perform=perform))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert len(tries) == 2


# Accounts


@pytest.mark.parametrize("made", [True, False])
def test_an_account_that_somebody_else_makes_meanwhile(monkeypatch: pytest.MonkeyPatch, *, made: bool) -> None:
    command = ["/usr/sbin/groupadd", "--system", "some"]
    missing = [[command], [] if made else [command]]
    monkeypatch.setattr(installing, "accounts", lambda _instance: missing.pop(0))

    def fail(*_command: str) -> str:
        raise Unavailable("group 'some' already exists")

    monkeypatch.setattr(services, "run", fail)
    with contextlib.nullcontext() if made else pytest.raises(Unavailable):
        installing.make_accounts(layout.Instance({"root": "/srv/host"}))
