"""A host on several addresses of both families."""

import imaplib
import smtplib
from collections.abc import Iterator

import pytest
from mailaddon.backends.postfix import layout
from mailhost.host import Host, unverified
from patience import PATIENCE


@pytest.fixture(scope="module")
def both() -> Iterator[Host]:
    """A host on one address of each family."""
    with Host(listen=["127.0.0.1", "::1"]) as host:
        host.init()
        host.prints("EStartMailServer")
        yield host


def send(host: Host, at: str, recipient: str, subject: str) -> "dict[str, tuple[int, bytes]]":
    with smtplib.SMTP(at, host.base + layout.SMTP, "client.test", timeout=PATIENCE) as smtp:
        try:
            return smtp.sendmail("a@outside.test", recipient, f"Subject: {subject}\n\ntext\n")
        except smtplib.SMTPRecipientsRefused as error:
            return error.recipients


def test_every_address_takes_mail_and_logins(both: Host) -> None:
    domain = both.add_domain("u1")
    addresses = ("127.0.0.1", "::1")
    for address in addresses:
        assert send(both, address, f"u1@{domain}", f"by {address}") == {}
    both.quiet()
    for address in addresses:
        with imaplib.IMAP4(address, both.base + layout.IMAP, timeout=PATIENCE) as session:
            session.starttls(unverified())
            session.login(f"u1@{domain}", "pw")
            assert session.select("INBOX", readonly=True)[1] == [b"2"]
    with smtplib.SMTP("::1", both.base + layout.SUBMISSION, "client.test", timeout=PATIENCE) as smtp:
        smtp.starttls(context=unverified())
        smtp.login(f"u1@{domain}", "pw")
        smtp.sendmail(f"u1@{domain}", f"u1@{domain}", "Subject: by submission\n\ntext\n")
    subjects = [f"by {address}" for address in addresses]
    assert both.subjects(f"u1@{domain}") == sorted([*subjects, "by submission"])
    with pytest.raises(OSError, match="refused"):
        smtplib.SMTP("127.0.0.2", both.base + layout.SMTP, timeout=PATIENCE)


def test_the_hosts_own_way_in_is_for_this_machine_only(both: Host) -> None:
    with pytest.raises(OSError, match="refused"):
        smtplib.SMTP("::1", both.base + layout.REINJECTION, timeout=PATIENCE)
    domain = both.add_domain("u1", "u2")
    both.prints("ESetAutoResponder", domain, "u1", "away", "text")
    with smtplib.SMTP("::1", both.base + layout.SMTP, "client.test", timeout=PATIENCE) as smtp:
        smtp.sendmail(f"u2@{domain}", f"u1@{domain}", f"Subject: s\nTo: u1@{domain}\n\ntext\n")
    assert both.eventually(f"u2@{domain}", 1) == ["away"]


@pytest.mark.parametrize(
    ("pattern", "blocked"),
    [("::1", True), ("0:0::1", True), ("::/64", True), ("::1/128", True), ("::2", False), ("2001:db8::/32", False)],
)
def test_a_spam_filter_by_ipv6(both: Host, pattern: str, *, blocked: bool) -> None:
    domain = both.add_domain()
    both.prints("EAddSpamFilter", domain, pattern, "IP")
    refused = send(both, "::1", f"admin@{domain}", "filtered")
    assert [code for code, _reason in refused.values()] == [554] * blocked
    assert send(both, "127.0.0.1", f"admin@{domain}", "passes") == {}


def test_status_names_every_address(both: Host) -> None:
    shown = both.prints("mailaddon", "host", "status")
    for address in ("127.0.0.1", "::1"):
        assert f"smtp         {address} port {both.base + layout.SMTP}: answers" in shown
    assert shown.count("re-injection") == 1


def test_an_address_of_ipv6_alone_is_enough() -> None:
    with Host(listen="::1") as host:
        host.init()
        host.prints("EStartMailServer")
        domain = host.add_domain()
        host.prints("mailaddon", "host", "send", f"admin@{domain}")
        host.quiet()
        done = host.run("mailaddon", "host", "read", f"admin@{domain}", "--password", "pw")
        assert b"It arrived." in done.stdout
        with pytest.raises(OSError, match="refused"):
            host.smtp()
