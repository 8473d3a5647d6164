"""A message through SMTP, a mailbox through IMAP: the quickest proof that a mail host works."""

import email
import email.policy
import imaplib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from . import layout
from .layout import Instance


def send(instance: Instance, sender: str, recipients: list[str], subject: str, text: str) -> None:
    """Hand a message to the host as a stranger would.

    Raises:
        smtplib.SMTPException, OSError: the host refuses it, or does not answer.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="mailaddon.invalid")
    message.set_content(text)
    with smtplib.SMTP(_at(instance), instance.port(layout.SMTP), "client.invalid", timeout=20) as smtp:
        smtp.send_message(message, sender, recipients)


def login(instance: Instance, user: str, password: str) -> imaplib.IMAP4:
    """An open mailbox session.

    Raises:
        imaplib.IMAP4.error, OSError: the host refuses the login, or does not answer.
    """
    session = imaplib.IMAP4(_at(instance), instance.port(layout.IMAP), timeout=20)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the certificate of a private instance says nothing
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        session.starttls(context)
        # imaplib's own login knows ASCII only.
        session.authenticate("PLAIN", lambda _challenge: f"\0{user}\0{password}".encode())
    except BaseException:
        session.shutdown()
        raise
    return session


def _at(instance: Instance) -> str:
    return instance.addresses(layout.SMTP)[0]


def messages(session: imaplib.IMAP4) -> list[bytes]:
    """Every message of the inbox, oldest first."""
    session.select("INBOX", readonly=True)
    numbers = session.search(None, "ALL")[1][0].split()
    parts = [session.fetch(number.decode(), "(BODY.PEEK[])")[1][0] for number in numbers]
    return [part[1] for part in parts if isinstance(part, tuple)]


def readable(content: bytes) -> str:
    """A message for a person."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return f"From: {message['From']}\nTo: {message['To']}\nSubject: {message['Subject']}\n\n{text}"
