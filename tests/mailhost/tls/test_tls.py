"""Certificates as clients see them, and what may be said before TLS."""

import contextlib
import imaplib
import os
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mailaddon.backends.postfix import layout
from mailhost.host import Host, unverified
from patience import PATIENCE

NAME = "mail.host.test"


def issue(folder: Path, name: str = NAME, days: int = 90) -> bytes:
    """Put a certificate and its key where an administrator would; the certificate as it is sent."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/",
         "-days", f"{days}", "-addext", f"subjectAltName=critical,DNS:{name}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    return ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))


@pytest.fixture
def certified() -> Iterator[tuple[Host, Path, bytes]]:
    """A running host with an administrator's certificate, the folder of that, and the certificate."""
    with Host() as host:
        folder = host.folder / "tls"
        folder.mkdir()
        content = issue(folder)
        settings = host.home / "mailaddon.toml"
        given = f'certificate = "{folder}/cert.pem"\nkey = "{folder}/key.pem"\n'
        settings.write_text(settings.read_text(encoding="utf-8") + given, encoding="utf-8")
        host.init()
        host.prints("EStartMailServer")
        yield host, folder, content


def shown(host: Host) -> dict[str, bytes]:
    """The certificate that every service shows, each after its own greeting."""
    found = {}
    for name, greeting in {
        "smtp": ("EHLO client.test", "STARTTLS"),
        "submission": ("EHLO client.test", "STARTTLS"),
        "imap": ("1 STARTTLS",),
        "sieve": ("STARTTLS",),
        "submissions": (),
        "imaps": (),
    }.items():
        with contextlib.ExitStack() as stack:
            plain = stack.enter_context(
                socket.create_connection(("127.0.0.1", host.base + layout.PORTS[name]), timeout=PATIENCE)
            )
            for command in greeting:
                read_answer(plain, name)
                plain.sendall(f"{command}\r\n".encode())
            if greeting:
                read_answer(plain, name)
            tls = stack.enter_context(unverified().wrap_socket(plain))
            assert tls.version() in {"TLSv1.2", "TLSv1.3"}
            certificate = tls.getpeercert(binary_form=True)
            assert certificate
            found[name] = certificate
    return found


def read_answer(plain: socket.socket, service: str) -> None:
    """Read the whole of what a service says in plain text."""
    said = b""
    ends = {"smtp": b" ", "submission": b" "}
    while True:
        said += plain.recv(4096)
        last = said.splitlines()[-1]
        if said.endswith(b"\r\n") and (
            last[3:4] == ends[service] if service in ends else last.startswith((b"*", b"1 OK", b"OK"))
        ):
            return


def test_every_service_shows_the_certificate_and_a_renewed_one_after_a_reload(
    certified: tuple[Host, Path, bytes],
) -> None:
    host, folder, first = certified
    assert shown(host) == dict.fromkeys(layout.PORTS.keys() - {"re-injection"}, first)
    second = issue(folder)
    assert second != first
    host.prints("mailaddon", "host", "reload")
    assert shown(host) == dict.fromkeys(layout.PORTS.keys() - {"re-injection"}, second)


def test_an_administrators_certificate_is_never_written(certified: tuple[Host, Path, bytes]) -> None:
    host, folder, _content = certified
    before = {path.name: (path.read_bytes(), path.stat()) for path in folder.iterdir()}
    host.init("--yes")
    host.prints("EChangeNetworkSettings", "127.0.0.1", NAME, "127.0.0.1", "new.host.test")
    after = {path.name: (path.read_bytes(), path.stat()) for path in folder.iterdir()}
    assert {name: (text, status.st_mode, status.st_mtime_ns) for name, (text, status) in after.items()} == {
        name: (text, status.st_mode, status.st_mtime_ns) for name, (text, status) in before.items()
    }
    assert not (host.root / "etc" / "key.pem").exists()
    found = host.run("mailaddon", "host", "check").stdout.decode()
    assert f"{folder}/cert.pem: it does not name new.host.test" in found


def test_check_names_what_is_wrong_with_it(certified: tuple[Host, Path, bytes]) -> None:
    host, folder, _content = certified

    def check(status: int) -> str:
        done = host.run("mailaddon", "host", "check")
        assert done.returncode == status, done
        return done.stdout.decode()

    assert check(0) == "nothing is wrong\n"
    issue(folder, days=13)
    assert "cert.pem: it ends soon:" in check(0)
    issue(folder, name="other.test")
    assert f"it does not name {NAME}" in check(1)
    issue(folder)
    (folder / "key.pem").chmod(0o604)
    assert "key.pem: everybody can read it" in check(1)
    kept = (folder / "cert.pem").read_bytes()
    issue(folder)
    (folder / "cert.pem").write_bytes(kept)
    assert "cannot be used:" in check(1)
    (folder / "cert.pem").unlink()
    assert f"{folder}/cert.pem does not exist" in host.refusal("mailaddon", "host", "init", "--private", str(host.root))


@pytest.mark.parametrize("given", ['certificate = "/tmp/c.pem"', 'certificate = "c.pem"\nkey = "k.pem"'])
def test_half_a_certificate_is_refused(given: str) -> None:
    with Host() as host:
        settings = host.home / "mailaddon.toml"
        settings.write_text(settings.read_text(encoding="utf-8") + given, encoding="utf-8")
        assert "[backends.postfix]" in host.refusal("EGetDomainAliasList", "xyz.com")


@pytest.mark.parametrize("offset", [layout.SMTP, layout.SUBMISSION])
def test_no_login_is_taken_before_tls(host: Host, offset: int) -> None:
    domain = host.add_domain("u1")
    with host.smtp(offset) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert smtp.docmd("AUTH", "PLAIN AHUAcA==")[0] in {503, 530, 538}
    # Dovecot trusts a client that has its own address.
    with socket.create_connection(
        ("127.0.0.1", host.base + layout.IMAP), timeout=PATIENCE, source_address=("127.0.0.9", 0)
    ) as plain:
        assert b"LOGINDISABLED" in plain.recv(4096)
        plain.sendall(f"1 LOGIN u1@{domain} pw\r\n".encode())
        assert b"NO [PRIVACYREQUIRED]" in plain.recv(4096)


def test_mail_goes_in_and_out_with_tls_from_the_first_octet(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    with smtplib.SMTP_SSL(
        "127.0.0.1", host.base + layout.SUBMISSIONS, "client.test", timeout=PATIENCE, context=unverified()
    ) as smtp:
        smtp.login(f"u1@{domain}", "pw")
        assert smtp.sendmail(f"u1@{domain}", f"u2@{domain}", "Subject: own\n\ntext\n") == {}
        assert smtp.sendmail(f"alias@{domain}", f"u2@{domain}", "Subject: alias\n\ntext\n") == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail(f"u2@{domain}", f"u2@{domain}", "Subject: forged\n\ntext\n")
        assert refused.value.recipients[f"u2@{domain}"][0] == 553
    host.quiet()
    with imaplib.IMAP4_SSL(
        "127.0.0.1", host.base + layout.IMAPS, ssl_context=unverified(), timeout=PATIENCE
    ) as session:
        session.login(f"u2@{domain}", "pw")
        assert session.select("INBOX", readonly=True)[1] == [b"2"]


@pytest.mark.parametrize("offset", [layout.SUBMISSIONS, layout.IMAPS])
def test_older_than_tls_1_2_is_not_spoken(host: Host, offset: int) -> None:
    def cipher(version: str) -> bytes:
        done = subprocess.run(
            [
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{host.base + offset}",
                version,
                "-cipher",
                "ALL:@SECLEVEL=0",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, "OPENSSL_CONF": "/dev/null"},
        )
        return done.stdout.partition(b"Cipher is ")[2].split()[0]

    assert cipher("-tls1_1") == b"(NONE)"
    assert cipher("-tls1_2") != b"(NONE)"
