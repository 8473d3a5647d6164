"""Suspended users and domains."""

import imaplib
import smtplib

import pytest
from mailhost.host import Host


@pytest.mark.parametrize("what", ["User", "Domain"])
def test_no_login_and_mail_waits_with_the_sender(host: Host, what: str) -> None:
    domain = host.add_domain("u1", "u2")
    subject = (domain, "u1") if what == "User" else (domain,)
    session = host.login(f"u1@{domain}")
    host.prints(f"ESuspend{what}", *subject)
    assert host.ended(session)
    with pytest.raises(imaplib.IMAP4.error, match=r"CONTACTADMIN.*suspended"):
        host.login(f"u1@{domain}")
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        host.login(f"u1@{domain}", "wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        host.submission(f"u1@{domain}", "pw")
    code, reason = host.refuses(f"u1@{domain}")
    assert (code, "suspended" in reason) == (450, True)
    if what == "User":
        host.takes(f"u2@{domain}")
    else:
        assert host.refuses(f"u2@{domain}")[0] == 450
        assert host.refuses(f"unknown@{domain}")[0] == 450
    host.prints(f"EResume{what}", *subject)
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u1@{domain}") == ["subject"]


def test_mail_that_was_accepted_arrives_after_resuming(host: Host) -> None:
    domain, other = host.add_domain("u1"), host.add_domain("u2")
    host.prints("EAddForward", other, "u2", f"u1@{domain}")
    host.prints("ESuspendDomain", domain)
    host.takes(f"u2@{other}")
    assert len(host.subjects(f"u2@{other}")) == 1
    assert host.queued("deferred")
    host.prints("EResumeDomain", domain)
    assert host.eventually(f"u1@{domain}", 1) == ["subject"]


def test_resuming_a_domain_leaves_a_user_suspended(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("ESuspendUser", domain, "u1")
    host.prints("ESuspendDomain", domain)
    host.prints("EResumeDomain", domain)
    assert host.refuses(f"u1@{domain}")[0] == 450
