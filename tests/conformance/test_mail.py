"""The clients and the small server of the mail-flow probes."""

import smtplib
import socket
from collections.abc import Iterator

import ports
import pytest
from patience import PATIENCE, wait_for
from umbrella import mailaddon

from mailaddon import MailAddonError
from mailaddon.conformance import Broken, all_cases
from mailaddon.conformance.mail import Endpoint, MailFlow, Outside, endpoint


@pytest.fixture
def at() -> Iterator[Endpoint]:
    """Where nobody listens."""
    port = ports.take()
    yield Endpoint("127.0.0.1", port)
    ports.give_back(port)


@pytest.fixture
def world(at: Endpoint) -> Iterator[Outside]:
    found = Outside(at)
    yield found
    found.stop()


def test_endpoints() -> None:
    assert endpoint("--smtp", "mail.example:25") == ("mail.example", 25)
    assert endpoint("--smtp", "[::1]:25") == ("::1", 25)
    for text in ("mail.example", ":25", "mail.example:", "mail.example:0", "mail.example:65536", "mail.example:x"):
        with pytest.raises(MailAddonError, match=r"--smtp .*HOST:PORT is needed"):
            endpoint("--smtp", text)


def test_endpoints_belong_together() -> None:
    result = mailaddon("conformance", "--backend", "embedded", "--smtp", "127.0.0.1:25")
    assert result.exit_code == 1
    assert "--smtp and --imap belong together" in result.stderr


def test_without_endpoints_the_group_is_skipped() -> None:
    result = mailaddon("conformance", "--backend", "embedded", "--only", "mail-flow")
    count = sum(case.group == "mail-flow" for case in all_cases())
    assert f"skipped: {count} of mail-flow: where the mail server listens is not given; --smtp" in result.stdout
    assert result.exit_code == 1, "nothing was tried"


def test_the_outside_takes_every_message(at: Endpoint, world: Outside) -> None:
    flow = MailFlow(at, at, world)
    assert flow.source() == "127.0.0.1"
    assert flow.send("ann@outside.test", "first", "bob@outside.test") == (250, "taken")
    with smtplib.SMTP(*at, timeout=PATIENCE) as smtp:
        smtp.helo("client.test")
        assert smtp.docmd("DATA")[0] == 503
        assert smtp.docmd("VRFY ann")[0] == 502
        assert smtp.noop()[0] == 250
        smtp.sendmail("bob@outside.test", ["ann@outside.test", "eve@outside.test"], "Subject: two\n\n.\n..\nend\n")
    assert world.subjects("ann@outside.test") == ["first", "two"]
    assert world.subjects("eve@outside.test") == ["two"]


def test_a_message_that_is_cut_off_has_not_arrived(at: Endpoint, world: Outside) -> None:
    with socket.create_connection(at, PATIENCE) as cut, cut.makefile("rb") as answers:
        cut.sendall(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<ann@outside.test>\r\nDATA\r\nSubject: cut\r\n\r\nhal")
        while not answers.readline().startswith(b"354"):
            pass
    MailFlow(at, at).send("eve@outside.test", "whole", "bob@outside.test")
    wait_for(lambda: world.subjects("eve@outside.test"))
    assert world.subjects("ann@outside.test") == []


def test_where_somebody_listens_nobody_else_can(at: Endpoint, world: Outside) -> None:
    assert world.subjects("ann@outside.test") == []
    with pytest.raises(MailAddonError, match=f"--outside {at}: nobody can listen there"):
        Outside(at)


def test_a_server_that_is_not_there(at: Endpoint) -> None:
    flow = MailFlow(at, at)
    with pytest.raises(Broken, match=f"--smtp {at}: no message can be sent: .*refused"):
        flow.send("ann@outside.test", "text", "bob@outside.test")
    with pytest.raises(Broken, match=f"--imap {at}: mail cannot be read: .*refused"):
        flow.login("ann@outside.test", "pw")
