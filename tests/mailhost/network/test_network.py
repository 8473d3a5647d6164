"""Addresses and names of the host."""

import smtplib
import ssl

from mailhost.host import Host, Outside, unverified


def test_a_domains_mail_goes_out_from_its_address(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1", ip="127.0.0.44")
    with host.submission(f"u1@{domain}", "pw") as smtp:
        smtp.sendmail(f"u1@{domain}", f"one-{domain}@outside.test", "Subject: one\n\ntext\n")
    (arrival,) = outside.to(f"one-{domain}@outside.test")
    assert arrival.peer == "127.0.0.44"
    host.prints("EChangeDomainIP", domain, "127.0.0.45")
    with host.submission(f"u1@{domain}", "pw") as smtp:
        smtp.sendmail(f"u1@{domain}", f"two-{domain}@outside.test", "Subject: two\n\ntext\n")
    (arrival,) = outside.to(f"two-{domain}@outside.test")
    assert arrival.peer == "127.0.0.45"


def test_an_address_that_the_machine_does_not_have_stops_no_mail(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1", ip="192.0.2.99")
    with host.submission(f"u1@{domain}", "pw") as smtp:
        smtp.sendmail(f"u1@{domain}", f"to-{domain}@outside.test", "Subject: one\n\ntext\n")
    outside.to(f"to-{domain}@outside.test")


def test_a_new_name_is_in_the_banner_and_the_certificate() -> None:
    with Host() as own:
        own.init()
        own.prints("EStartMailServer")
        own.prints("EChangeNetworkSettings", "127.0.0.1", "mail.host.test", "127.0.0.1", "new.host.test")
        with own.smtp() as smtp:
            assert smtp.ehlo()[1].startswith(b"new.host.test")
            smtp.starttls(context=unverified())
            assert isinstance(smtp.sock, ssl.SSLSocket)
            certificate = smtp.sock.getpeercert(binary_form=True)
            assert certificate is not None
            assert b"new.host.test" in certificate
        domain = own.add_domain()
        own.takes(f"admin@{domain}")
        refused = own.send("a@elsewhere.test")
        assert refused["a@elsewhere.test"][0] == 554
        assert isinstance(smtp, smtplib.SMTP)
