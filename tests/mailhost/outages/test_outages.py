"""A PostgreSQL server that goes away and comes back, and the agents that see it."""

import csv
import imaplib
import os
import signal
import smtplib
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import quote

import pytest
from mailhost.conftest import urls
from mailhost.host import Host, Outside
from patience import PATIENCE, wait_for
from postgresql_server import PASSWORD, Server


@pytest.fixture
def away() -> Iterator[tuple[Host, Server]]:
    """A running host, and a server of its own that may go away."""
    server = Server()
    try:
        with Host(0, *urls(server, server.url())) as host:
            host.init()
            host.prints("EStartMailServer")
            yield host, server
    finally:
        server.remove()


def test_a_server_that_goes_away_and_comes_back(away: tuple[Host, Server]) -> None:
    host, server = away
    domain = host.add_domain("u1")
    host.takes(f"u1@{domain}", subject="before")
    assert host.subjects(f"u1@{domain}") == ["before"]
    server.stop(signal.SIGQUIT)
    for _again in range(2):
        assert host.refuses(f"u1@{domain}")[0] == 451
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"):
        host.login(f"u1@{domain}")
    wait_for(lambda: " from host inet:127.0.0.1:" in host.log("postfix.log"))
    logs = "".join(host.log(name) for name in ("postfix.log", "dovecot.log", "follow.log"))
    assert not [form for form in (PASSWORD, quote(PASSWORD, safe="")) if form in logs]
    refusal = host.refusal("EAddUser", domain, "u2", "pw", "", "", "", "1", "1", "1")
    assert ("does not answer" in refusal, "[unavailable]" in refusal) == (True, True)
    server.start()
    wait_for(lambda: f"u1@{domain}" not in host.send(f"u1@{domain}", subject="after"), lambda: host.log("follow.log"))
    host.add_user(domain, "u2")
    assert host.eventually(f"u1@{domain}", 2) == ["after", "before"]
    host.takes(f"u2@{domain}")
    assert len(host.subjects(f"u2@{domain}")) == 1


def test_nothing_bounces_when_daemons_notice_late_that_the_server_is_back(away: tuple[Host, Server]) -> None:
    host, server = away
    domain = host.add_domain("u1")
    os.kill(int((host.root / "run" / "follow.pid").read_text(encoding="ascii")), signal.SIGKILL)
    with pytest.raises(imaplib.IMAP4.error):
        host.login(f"u1@{domain}", "wrong")  # Dovecot is connected
    # Postfix forgets each time that the server was away, Dovecot does not.
    for number in range(2):
        server.stop(signal.SIGQUIT)
        with pytest.raises((imaplib.IMAP4.error, OSError)):
            host.login(f"u1@{domain}", patience=15)  # Dovecot says so at once or after a minute
        server.start()
        reload_postfix(host)
        host.takes(f"u1@{domain}", subject=f"{number}")
    host.prints("mailaddon", "host", "reload")
    host.prints("EStartMailServer")  # tries what waits
    assert host.eventually(f"u1@{domain}", 2) == ["0", "1"]


def lookups(host: Host) -> set[int]:
    """Dovecot's processes that look users up."""
    call = ["/usr/bin/doveadm", "-f", "tab", "-c", host.root / "etc" / "dovecot" / "dovecot.conf", "process", "status"]
    done = subprocess.run(call, check=True, capture_output=True, encoding="ascii")
    found = csv.DictReader(done.stdout.splitlines(), delimiter="\t")
    return {int(row["pid"]) for row in found if row["name"].startswith("auth")}


def test_a_delivery_and_a_session_go_on_while_daemons_connect_anew(away: tuple[Host, Server]) -> None:
    """Who delivers would lose the answer if Dovecot were reloaded, and send the message again."""
    host, server = away
    domain = host.add_domain("u1")
    host.takes(f"u1@{domain}", subject="before")
    assert host.subjects(f"u1@{domain}") == ["before"]
    session = host.login(f"u1@{domain}")
    before = lookups(host)
    assert before
    with smtplib.LMTP(str(host.root / "run" / "dovecot" / "lmtp-postfix")) as delivery:
        delivery.ehlo_or_helo_if_needed()
        assert delivery.mail("sender@example.org")[0] == 250
        assert delivery.rcpt(f"u1@{domain}")[0] == 250
        assert delivery.docmd("DATA")[0] == 354
        delivery.send("Subject: slow\r\n\r\nhalf of it")
        server.stop(signal.SIGQUIT)
        wait_for(lambda: "does not answer" in host.log("follow.log"), lambda: host.log("follow.log"))
        server.start()
        wait_for(lambda: not lookups(host) & before, lambda: host.log("follow.log"))
        host.login(f"u1@{domain}").logout()
        delivery.send(" and the other half\r\n.\r\n")
        assert delivery.getreply()[0] == 250
    assert host.subjects(f"u1@{domain}") == ["before", "slow"]
    assert session.noop()[0] == "OK"
    session.logout()


def reload_postfix(host: Host) -> None:
    command = ["/usr/sbin/postfix", "-c", host.root / "etc" / "postfix", "reload"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_an_agent_that_was_killed_is_named_and_started_again(away: tuple[Host, Server]) -> None:
    host, _server = away
    number = host.root / "run" / "follow.pid"
    before = int(number.read_text(encoding="ascii"))
    os.kill(before, signal.SIGKILL)
    assert "Agent        does not run" in host.run("mailaddon", "host", "status").stdout.decode()
    assert "agent: `mailaddon host follow` does not run" in host.run("mailaddon", "host", "check").stdout.decode()
    host.prints("EStartMailServer")
    after = int(number.read_text(encoding="ascii"))
    assert f"Agent        runs, process {after}" in host.prints("mailaddon", "host", "status")
    assert "follows already" in host.refusal("mailaddon", "host", "follow")
    host.prints("EStopMailServer")
    assert "Agent        does not run" in host.run("mailaddon", "host", "status").stdout.decode()
    assert host.prints("mailaddon", "host", "check") == "nothing is wrong\n"


class Load:
    """Messages and users that are sent and added, again and again, until it is enough; what was taken."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.enough = threading.Event()
        self.done = dict.fromkeys("abxy", 0)
        self.failed = 0

    def grows(self) -> None:
        """Wait until everybody has got something done."""
        before = dict(self.done)
        wait_for(lambda: all(self.done[name] > count for name, count in before.items()))

    def suffers(self) -> None:
        """Wait until the server has been missed."""
        before = self.failed
        wait_for(lambda: self.failed > before)

    def send(self, host: Host, name: str) -> list[str]:
        """What is refused for now is sent again, as any client does."""
        taken: list[str] = []
        while not self.enough.is_set() or not taken:
            subject = f"{name} {len(taken)}"
            try:
                refused = bool(host.send(f"u1@{self.domain}", subject=subject))
            except smtplib.SMTPDataError:  # 451: the addresses could not be looked up again
                refused = True
            if refused:
                self.failed += 1
            else:
                taken.append(subject)
                self.done[name] += 1
        return taken

    def provision(self, host: Host, name: str) -> list[str]:
        """A command that is refused for now is repeated."""
        added: list[str] = []
        while not self.enough.is_set() or not added:
            user = f"{name}{len(added)}"
            done = host.run("EAddUser", self.domain, user, "pw", "", "", "", "1", "1", "1")
            if done.returncode == 0 or b"[already-exists]" in done.stderr:
                added.append(user)
                self.done[name] += 1
            else:
                assert b"[unavailable]" in done.stderr, done
                self.failed += 1
        return added


def test_a_server_that_restarts_again_and_again_loses_and_doubles_nothing(outside: Outside) -> None:
    server = Server()
    with ExitStack() as stack:
        stack.callback(server.remove)
        a, b = (stack.enter_context(started(server, outside, name)) for name in ("a", "b"))
        load = Load(a.add_domain("u1"))
        with ThreadPoolExecutor(4) as pool:
            writing = [pool.submit(load.send, host, name) for host, name in ((a, "a"), (b, "b"))]
            adding = [pool.submit(load.provision, host, name) for host, name in ((a, "x"), (b, "y"))]
            for how in (signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT):
                load.grows()
                server.stop(how)
                load.suffers()
                server.start()
            load.grows()
            load.enough.set()
            taken = sorted(subject for each in writing for subject in each.result(PATIENCE))
            users = [user for each in adding for user in each.result(PATIENCE)]
        settle(a, b, load.domain)
        found = a.subjects(f"u1@{load.domain}")
        assert sorted(set(found)) == taken
        # Who has had no answer at the end of a message sends it again, as nobody can know (RFC 1047). Postfix says so.
        logs = a.log("postfix.log") + b.log("postfix.log")
        doubled = [subject for subject in taken if found.count(subject) > 1]
        assert len(found) - len(taken) <= logs.count("may be sent more than once"), (doubled, logs[-20_000:])
        for user in users:
            assert (a.mail / load.domain / user / "Maildir").is_dir()
        assert {user for (user,) in a.rows("SELECT local_part FROM address")} == {"admin", "u1", *users}
        b.login(f"{users[-1]}@{load.domain}").logout()


def settle(a: Host, b: Host, domain: str) -> None:
    """Wait until all effects are performed, and all mail is delivered."""
    a.prints("EResumeDomain", domain)  # tries what waits
    wait_for(lambda: not a.rows("SELECT 1 FROM effect"))
    for host in (a, b):
        wait_for(lambda host=host: delivered(host))  # type: ignore[misc]


def delivered(host: Host) -> bool:
    """Whether no message waits; what does is tried again, as it would be some minutes later."""
    if host.queued("deferred"):
        host.prints("mailaddon", "host", "start")
    return not host.queued("incoming", "active", "deferred")


@contextmanager
def started(server: Server, outside: Outside, name: str) -> Iterator[Host]:
    with Host(outside.port, *urls(server, server.url()), host=name) as host:
        host.init()
        host.prints("EStartMailServer")
        yield host
