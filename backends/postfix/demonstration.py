"""What `mailaddon host demo` shows: a private host, provisioned by the guide's programs, with real mail."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import click

from mailaddon.errors import Unavailable
from mailaddon.settings import FILE

from . import installing, layout, mail, services
from .layout import Instance

_PATIENCE = 60.0  # s
_PASSWORD = "open sesame"  # noqa: S105 - of a host that lives for seconds


def show() -> None:
    """Make a host in a temporary folder, use it, and remove it.

    Raises:
        MailAddonError: the machine lacks something, or a service does not start.
        OSError: the mail does not arrive.
    """
    folder = tempfile.mkdtemp(prefix="mh", dir="/tmp")
    os.chmod(folder, 0o755)  # noqa: S103 - the daemons pass through it
    try:
        _in(folder)
    finally:
        shutil.rmtree(folder)


def _in(folder: str) -> None:
    instance = Instance({"root": os.path.join(folder, "i"), "port_base": _free_base()})
    home = os.path.join(folder, "home")
    os.mkdir(home, 0o700)
    with open(os.path.join(home, FILE), "w", encoding="utf-8") as file:
        file.write(installing.settings_text(instance))
    installing.install(instance)
    environment = {**os.environ, "MAILADDON_HOME": home}
    environment.pop("MAILADDON_BACKEND", None)

    def command(*arguments: str) -> None:
        click.echo(click.style(f"$ {' '.join(repr(a) if ' ' in a or not a else a for a in arguments)}", bold=True))
        program = services.program(arguments[0])
        subprocess.run([program, *arguments[1:]], env=environment, check=True)  # noqa: S603 - our own programs

    try:
        _play(instance, command)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{os.path.basename(error.cmd[0])} failed, see above") from None
    finally:
        services.stop(instance)
        sys.stdout.flush()


def _play(instance: Instance, command: Callable[..., None]) -> None:
    mailboxes = instance.path("mail")
    command("EStartMailServer")
    command("EAddDomain", "example.test", "192.0.2.10", mailboxes, "10", "owner", _PASSWORD, "0", *("1",) * 8)
    for user, name in (("ann", "Ann"), ("bob", "Bob")):
        command("EAddUser", "example.test", user, _PASSWORD, name, "", "", "1", "1", "1")
    command("EAddUserAlias", "example.test", "ann", "sales")
    command("ESetAutoResponder", "example.test", "ann", "On holiday", "Back on Monday.\n\nAnn\n")
    _say("A message from bob to sales@example.test, by SMTP")
    mail.send(instance, "bob@example.test", ["sales@example.test"], "A question", "What does it cost?\n")
    _say("Ann's mailbox, by IMAP")
    _print(instance, "ann@example.test")
    _say("Bob's mailbox: Ann's automatic reply")
    _print(instance, "bob@example.test")
    command("ESuspendUser", "example.test", "ann")
    _say("A suspended user's mail is deferred, not refused")
    _refused(instance, "ann@example.test")
    command("EDeleteUser", "example.test", "ann")
    command("ESetCatchallUser", "example.test", "")
    _say("A deleted user's mail is refused at once")
    _refused(instance, "ann@example.test")
    command("EStopMailServer")


def _say(text: str) -> None:
    click.echo(click.style(f"# {text}", fg="green"))


def _print(instance: Instance, user: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    found: list[bytes] = []
    while not found:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no mail has arrived for {user}")
        with mail.login(instance, user, _PASSWORD) as session:
            found = mail.messages(session)
    for content in found:
        click.echo(mail.readable(content))


def _refused(instance: Instance, recipient: str) -> None:
    import smtplib

    with contextlib.suppress(smtplib.SMTPRecipientsRefused):
        mail.send(instance, "bob@example.test", [recipient], "Again", "Hello?\n")
        raise Unavailable(f"mail to {recipient} is taken")
    with smtplib.SMTP(layout.LOOPBACK, instance.port(layout.SMTP), timeout=_PATIENCE) as smtp:
        smtp.helo("client.invalid")
        smtp.mail("bob@example.test")
        code, reason = smtp.rcpt(recipient)
    click.echo(f"{code} {reason.decode()}")


def _free_base() -> int:
    """A base whose ports nobody uses."""
    bases = range(24000, 28000, 7)  # below the ports that the system gives to clients
    for base in random.sample(bases, len(bases)):  # of two demonstrations, each has others
        try:
            for offset in layout.PORTS.values():
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        return base
    raise Unavailable("no free ports from 24000 on")
