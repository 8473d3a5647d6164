"""Who gets in: by IMAP and to send mail."""

import contextlib
import imaplib
import smtplib

import pytest
from mailhost.host import Host


def test_right_wrong_and_other_case(host: Host) -> None:
    domain = host.add_domain("u1")
    with host.login(f"u1@{domain}") as session:
        assert session.state == "AUTH"
    with host.login(f"U1@{domain.upper()}") as session:
        assert session.state == "AUTH"
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        host.login(f"u1@{domain}", "PW")
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        host.login(f"u2@{domain}")


def test_by_an_alias_of_the_domain_it_is_the_same_mailbox(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("EAddDomainAlias", domain, f"alias-{domain}")
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u1@alias-{domain}") == ["subject"]


@pytest.mark.parametrize("scheme", ["ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT"])
def test_every_scheme_verifies(host: Host, scheme: str) -> None:
    domain = host.add_domain()
    settings = host.home / "mailaddon.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(
        before.replace(
            "[password]\n", f'[password]\nscheme = "{scheme}"\nblf_crypt_cost = 4\nsha512_crypt_rounds = 1000\n'
        ),
        encoding="utf-8",
    )
    try:
        host.add_user(domain, "u1", "pässwörd 1 \\'\"")
    finally:
        settings.write_text(before, encoding="utf-8")
    with host.login(f"u1@{domain}", "pässwörd 1 \\'\"") as session:
        assert session.state == "AUTH"
    with pytest.raises(imaplib.IMAP4.error):
        host.login(f"u1@{domain}", "pässwörd 1")


def test_a_new_password_counts_at_once(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("EEditUser", domain, "u1", "new", "", "", "", "1", "1", "1")
    with pytest.raises(imaplib.IMAP4.error):
        host.login(f"u1@{domain}")
    host.login(f"u1@{domain}", "new").logout()


def test_who_is_logged_in_sends_as_himself_only(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    with host.submission(f"u1@{domain}", "pw") as smtp:
        assert smtp.sendmail(f"u1@{domain}", f"u2@{domain}", "Subject: own\n\ntext\n") == {}
        assert smtp.sendmail(f"alias@{domain}", f"u2@{domain}", "Subject: alias\n\ntext\n") == {}
    for other in (f"u2@{domain}", "someone@outside.test"):
        with host.submission(f"u1@{domain}", "pw") as smtp, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail(other, f"u2@{domain}", "Subject: forged\n\ntext\n")
        assert refused.value.recipients[f"u2@{domain}"][0] == 553
    assert host.subjects(f"u2@{domain}") == ["alias", "own"]
    with pytest.raises(smtplib.SMTPAuthenticationError):
        host.submission(f"u1@{domain}", "wrong")


def test_nobody_sends_to_the_outside_without_a_login(host: Host) -> None:
    host.add_domain()
    code, reason = host.refuses("victim@elsewhere.test")
    assert (code, "Relay access denied" in reason) == (554, True)


def test_more_than_a_hundred_sessions_at_a_time(host: Host) -> None:
    domain = host.add_domain(*(f"u{number}" for number in range(11)))
    with contextlib.ExitStack() as stack:
        sessions = [host.login(f"u{number}@{domain}") for number in range(11) for _again in range(10)]
        for session in sessions:
            stack.enter_context(session)
            assert session.select("INBOX", readonly=True)[0] == "OK"
