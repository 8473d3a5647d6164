"""Nothing is left of what was deleted, and its mail is refused at once."""

import imaplib
import os

import pytest
from mailhost.host import Host


def named(host: Host, *names: str) -> list[str]:
    """Every path below the host that has one of the names in it, outside of the logs and queues."""
    found = []
    for folder in ("mail", "sieve", "lists", "db", "etc"):
        for path, folders, files in os.walk(host.root / folder):
            found += [os.path.join(path, name) for name in (*folders, *files) if any(part in name for part in names)]
    return found


def test_a_user(host: Host) -> None:
    domain = host.add_domain("gone")
    host.prints("ESetCatchallUser", domain, "")
    host.prints("ESetAutoResponder", domain, "gone", "away", "text")
    host.takes(f"gone@{domain}")
    host.quiet()
    session = host.login(f"gone@{domain}")
    session.select("INBOX")
    assert named(host, "gone")
    host.prints("EDeleteUser", domain, "gone")
    assert host.ended(session)
    assert host.refuses(f"gone@{domain}")[0] == 550
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        host.login(f"gone@{domain}")
    assert named(host, "gone") == []
    host.add_user(domain, "gone")
    assert host.subjects(f"gone@{domain}") == []


def test_a_domain(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("EAddDomainAlias", domain, f"alias-{domain}")
    host.prints("EAddMailingList", domain, "news")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.takes(f"u1@{domain}", f"admin@alias-{domain}")
    host.quiet()
    host.prints("EDeleteDomain", domain)
    for address in (f"u1@{domain}", f"admin@alias-{domain}"):
        assert host.refuses(address)[0] == 554
    assert named(host, domain) == []


def test_mail_that_was_accepted_for_a_deleted_user_brings_nothing_back(host: Host) -> None:
    domain = host.add_domain("gone")
    host.prints("ESetCatchallUser", domain, "")
    host.prints("EAddDistributionList", domain, "list")
    host.prints("EAddDistributionListMember", domain, "list", f"gone@{domain}")
    host.prints("ESuspendUser", domain, "gone")
    host.takes(f"list@{domain}")
    host.quiet()
    host.prints("EDeleteUser", domain, "gone")
    host.prints("EResumeDomain", domain)  # tries what waits
    host.quiet()
    assert not (host.mail / domain / "gone").exists()
