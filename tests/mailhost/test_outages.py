"""A PostgreSQL server that goes away and comes back, and the agent that sees it."""

import imaplib
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from mailhost.conftest import urls
from mailhost.host import Host
from postgresql_server import Server


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
    refusal = host.refusal("EAddUser", domain, "u2", "pw", "", "", "", "1", "1", "1")
    assert ("does not answer" in refusal, "[unavailable]" in refusal) == (True, True)
    server.start()
    deadline = time.monotonic() + 5
    while f"u1@{domain}" in host.send(f"u1@{domain}", subject="after"):
        assert time.monotonic() < deadline, host.log("follow.log")
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
            host.login(f"u1@{domain}")
        server.start()
        reload_postfix(host)
        host.takes(f"u1@{domain}", subject=f"{number}")
    host.prints("mailaddon", "host", "reload")
    host.prints("EStartMailServer")  # tries what waits
    assert host.eventually(f"u1@{domain}", 2) == ["0", "1"]


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
