"""For the mail-flow probes: mail in by SMTP, mailboxes by IMAP, and the outside world as a small SMTP server."""

import contextlib
import email
import email.policy
import email.utils
import imaplib
import smtplib
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import NamedTuple

from ..errors import Unavailable, UsageError
from ..values import shown
from .kit import Broken

#: How long a server may take to answer, in seconds.
PATIENCE = 60.0
#: How long mail may be under way, in seconds.
DELIVERY = 60.0
_PAUSE = 0.1
_LAST_PORT = 65535
#: The domain of everybody outside; nobody can have it (RFC 6761).
OUTSIDE = "outside.test"
_LONGEST_LINE = 1 << 16


class Endpoint(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def endpoint(option: str, text: str) -> Endpoint:
    """An endpoint out of `HOST:PORT`; an IPv6 address may stand in brackets.

    Raises:
        UsageError: it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) <= _LAST_PORT:
        raise UsageError(f"{option} {shown(text)}: HOST:PORT is needed, such as 127.0.0.1:25")
    return Endpoint(host.removeprefix("[").removesuffix("]"), int(port))


class Reply(NamedTuple):
    """What an SMTP server said of a message: the code of the step that decided it, 250 if it took it, and the text."""

    code: int
    text: str


class MailFlow:
    """A mail server as people outside and users see it.

    Args:
        smtp: where it takes mail from outside.
        imap: where users log in.
        outside: what it sends to the outside; None if that cannot be seen.

    Attributes:
        outside: as above.
    """

    def __init__(self, smtp: Endpoint, imap: Endpoint, outside: "Outside | None" = None) -> None:
        self._smtp = smtp
        self._imap = imap
        self.outside = outside

    def source(self) -> str:
        """The IP address from which mail is sent.

        Raises:
            Broken: the server cannot be reached.
        """
        with self._sending() as smtp:
            return str(smtp.sock.getsockname()[0]) if smtp.sock else ""

    def send(self, recipient: str, subject: str, sender: str) -> Reply:
        """Send a message from outside; whether it was taken.

        Raises:
            Broken: the server cannot be reached, or does not speak SMTP.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, recipient, subject
        message["Message-ID"] = f"<{subject}@{OUTSIDE}>"
        message["Date"] = email.utils.localtime()
        message.set_content("A message of the conformance kit.\n")
        with self._sending() as smtp:
            try:
                smtp.sendmail(sender, [recipient], message.as_bytes(policy=email.policy.SMTP))
            except smtplib.SMTPRecipientsRefused as error:
                code, text = error.recipients[recipient]
                return Reply(code, _words(text))
            except smtplib.SMTPResponseException as error:
                return Reply(error.smtp_code, _words(error.smtp_error))
        return Reply(250, "taken")

    @contextmanager
    def _sending(self) -> Iterator[smtplib.SMTP]:
        try:
            with smtplib.SMTP(*self._smtp, "client.outside.test", PATIENCE) as smtp:
                smtp.ehlo_or_helo_if_needed()
                yield smtp
        except (OSError, smtplib.SMTPException) as error:
            raise Broken(f"--smtp {self._smtp}: no message can be sent: {error}") from None

    def login(self, user: str, password: str) -> str:
        """Try to log in; "" or the server's refusal.

        Raises:
            Broken: the server cannot be reached, or does not speak IMAP.
        """
        with self._session() as session:
            return _refusal(session, user, password)

    def subjects(self, user: str, password: str) -> list[str]:
        """The subjects of what is in an inbox, in the server's order.

        Raises:
            Broken: the user cannot log in, or the inbox cannot be read.
        """
        with self._session() as session:
            if refusal := _refusal(session, user, password):
                raise Broken(f"{user} cannot log in: {refusal}")
            session.select("INBOX", readonly=True)
            numbers = session.search(None, "ALL")[1][0].split()
            if not numbers:
                return []
            found = session.fetch(b",".join(numbers).decode(), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        headers = [one[1] for one in found if isinstance(one, tuple)]
        return [str(email.message_from_bytes(one, policy=email.policy.default)["Subject"]) for one in headers]

    @contextmanager
    def _session(self) -> Iterator[imaplib.IMAP4]:
        try:
            with imaplib.IMAP4(*self._imap, timeout=PATIENCE) as session:
                if "STARTTLS" in session.capabilities:
                    session.starttls(_unverified())
                yield session
        except (OSError, imaplib.IMAP4.error) as error:
            raise Broken(f"--imap {self._imap}: mail cannot be read: {error}") from None


def _refusal(session: imaplib.IMAP4, user: str, password: str) -> str:
    try:
        session.login(user, password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        return str(error) or "no word"
    return ""


def _words(text: "bytes | str") -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _unverified() -> ssl.SSLContext:
    """What is tried here is an installation that serves nobody: its certificate is rarely a known one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wait_for(condition: Callable[[], bool], missing: Callable[[], str]) -> None:
    """Wait until something is so.

    Raises:
        Broken: it is not in time; `missing` says what.
    """
    deadline = time.monotonic() + DELIVERY
    while not condition():
        if time.monotonic() > deadline:
            raise Broken(f"{missing()} within {DELIVERY:g} seconds")
        time.sleep(_PAUSE)


class Arrival(NamedTuple):
    """A message that left the server for the outside."""

    recipients: tuple[str, ...]
    subject: str


class Outside:
    """The outside world: an SMTP server that takes every message.

    Args:
        at: where it listens.

    Raises:
        Unavailable: the system does not let it listen there.
    """

    def __init__(self, at: Endpoint) -> None:
        self._arrived: list[Arrival] = []
        try:
            self._server = _Server(at, self._arrived)
        except OSError as error:
            raise Unavailable(f"--outside {at}: nobody can listen there: {error.strerror}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": _PAUSE})
        self._thread.start()

    def subjects(self, recipient: str) -> list[str]:
        """The subjects of what has arrived for an address, in that order."""
        return [one.subject for one in tuple(self._arrived) if recipient in one.recipients]

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False  # a server may keep its connection open for minutes

    def __init__(self, at: Endpoint, arrived: list[Arrival]) -> None:
        self.address_family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
        self.arrived = arrived
        super().__init__(at, _Session)


class _Session(socketserver.StreamRequestHandler):
    """One connection (RFC 5321, with 8BITMIME)."""

    timeout = 10 * PATIENCE
    server: _Server

    def handle(self) -> None:
        self._recipients: list[str] = []
        with contextlib.suppress(OSError):
            self._say("220 outside.test ESMTP")
            while line := self.rfile.readline(_LONGEST_LINE):
                if not self._answered(line.decode("utf-8", "replace").strip()):
                    return

    def _answered(self, line: str) -> bool:
        verb = line[:4].upper()
        if verb == "QUIT":
            self._say("221 bye")
            return False
        if verb == "DATA" and self._recipients:
            self._say("354 end with a dot")
            self._take()
        elif verb == "EHLO":
            self._say("250-outside.test\r\n250 8BITMIME")
        elif verb in {"HELO", "MAIL", "RCPT", "RSET", "NOOP"}:
            if verb == "RCPT":
                self._recipients.append(line.partition("<")[2].partition(">")[0].lower())
            elif verb != "NOOP":
                self._recipients.clear()
            self._say("250 so be it")
        else:
            self._say("503 recipients first" if verb == "DATA" else "502 not here")
        return True

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline(_LONGEST_LINE)) != b".\r\n":
            if not line:
                return  # cut off: it has not been taken
            lines.append(line.removeprefix(b"."))
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.arrived.append(Arrival(tuple(self._recipients), str(message["Subject"])))
        self._recipients.clear()
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
