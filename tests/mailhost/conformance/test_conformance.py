"""The conformance kit's mail-flow probes: the mail host passes them, and what does not do what it says is found out."""

from collections.abc import Iterator
from pathlib import Path

import ports
import pytest
from mailaddon.backends.postfix import layout
from mailhost.host import Host
from umbrella import mailaddon

from mailaddon.conformance import FAILED, Answer, BackendPrograms, all_cases, run_case
from mailaddon.conformance.mail import Endpoint, MailFlow

CASES = {case.name: case for case in all_cases() if case.group == "mail-flow"}


@pytest.fixture(scope="module")
def running() -> Iterator[Host]:
    """A host whose outside is the kit."""
    port = ports.take()
    with Host(port) as host:
        host.init()
        host.prints("EStartMailServer")
        yield host
    ports.give_back(port)


def endpoints(host: Host) -> list[str]:
    return ["--smtp", f"127.0.0.1:{host.base + layout.SMTP}", "--imap", f"127.0.0.1:{host.base + layout.IMAP}"]


def test_the_mail_host_passes(running: Host) -> None:
    options = ["--backend", "postfix", "--home", str(running.home), "--mail", str(running.mail), *endpoints(running)]
    outside = ["--outside", f"127.0.0.1:{running.outside_port}"]
    result = mailaddon("conformance", *options, *outside, "--only", "mail-flow", "--seed", "1")
    assert result.exit_code == 0, result.output
    assert f"{len(CASES)} passed, 0 failed, 0 skipped" in result.stdout


def test_a_server_that_does_not_know_the_domain_fails(running: Host) -> None:
    only = ("--only", "mail-flow/mail-to-a-user", "--only", "mail-flow/a-forward-leaves")
    result = mailaddon("conformance", "--backend", "embedded", *endpoints(running), *only)
    assert result.exit_code == 1
    assert "failed: mail-flow/mail-to-a-user" in result.stdout
    assert "has to be able to log in, and was refused" in result.stdout
    assert "skipped: 1 of mail-flow: what leaves the mail server cannot be seen; --outside HOST:PORT" in result.stdout


class Forgetful(BackendPrograms):
    """Says that it has done what it has not."""

    def __init__(self, host: Host, forgotten: str) -> None:
        super().__init__("postfix", host.home, Path(host.mail))
        self.mail_flow = MailFlow(
            Endpoint("127.0.0.1", host.base + layout.SMTP), Endpoint("127.0.0.1", host.base + layout.IMAP)
        )
        self.forgotten = forgotten

    def run(self, command: str, *arguments: str, timeout: float = 300) -> Answer:
        """The answer, or a success of nothing."""
        if command == self.forgotten:
            return Answer(command, arguments, 0)
        return super().run(command, *arguments, timeout=timeout)


@pytest.mark.parametrize(
    ("forgotten", "name", "said"),
    [
        ("ESuspendUser", "a-suspended-user", "must not be able to log in while it is suspended"),
        ("EResumeUser", "a-suspended-user", "has to be able to log in again after it is resumed"),
        ("EAddSpamFilter", "a-filter-of-an-address", "1 times; 0 is right"),
        ("EDeleteSpamFilter", "a-filter-of-a-domain", "has to be taken, and was refused: 5"),
        ("EDeleteUser", "mail-to-a-deleted-user", "must not be able to log in once it is deleted"),
        ("EEditUser", "an-edited-password", "has to be able to log in with the new password"),
        ("EAddUserAlias", "a-catch-all-takes-nobodys-mail", "has not arrived in the inbox of u1@"),
    ],
)
def test_what_is_only_said_is_found_out(
    running: Host, forgotten: str, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailaddon.conformance.mail.DELIVERY", 5.0)
    result = run_case(CASES[f"mail-flow/{name}"], Forgetful(running, forgotten))
    assert result.outcome == FAILED
    assert said in result.reason
