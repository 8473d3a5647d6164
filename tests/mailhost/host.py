"""A private mail host for tests, provisioned by the installed programs, and what goes in and out of it."""

import email
import email.policy
import imaplib
import itertools
import os
import shutil
import smtplib
import ssl
import subprocess
import sys
import sysconfig
import tempfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple, Self

import ports
from aiosmtpd.controller import Controller
from mailaddon.backends.postfix import layout
from patience import HANGS, PATIENCE, wait_for

from mailaddon.directory import Directory

SCRIPTS = Path(sysconfig.get_path("scripts"))
ALL_ON = ("1",) * 8
#: Stops a host and removes its folder when its standard input ends, which it does however the tests end. It needs
#: nothing that may be gone by then.
_GUARD = """
import os, shutil, signal, sys, time
root = sys.argv[1]
others = sys.stdin.read().split()
for name in ("run/follow", "spool/pid/master", "run/dovecot/master"):
    try:
        with open(f"{root}/i/{name}.pid") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/comm") as file:
            if file.read().strip() not in ("master", "dovecot", "mailaddon"):
                continue
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    break
            time.sleep(0.02)
    except (OSError, ValueError):
        continue
for path in others:
    if os.path.exists(path):
        os.unlink(path)
shutil.rmtree(root)
"""
_numbers = itertools.count(1)


class Arrival(NamedTuple):
    """A message that left the host for the outside."""

    peer: str
    sender: str
    recipients: list[str]
    message: EmailMessage


class Outside:
    """The rest of the world: takes every message."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.arrived: list[Arrival] = []
        self.port = port or ports.take()
        self._controller = Controller(self, hostname=address, port=self.port, ready_timeout=PATIENCE)
        self._controller.start()

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.arrived.append(Arrival(session.peer[0], envelope.mail_from, envelope.rcpt_tos, message))
        return "250 taken"

    def to(self, address: str, count: int = 1) -> list[Arrival]:
        """The messages to an address, as soon as there are so many."""

        def found() -> list[Arrival]:
            return [arrival for arrival in self.arrived if address in arrival.recipients]

        wait_for(lambda: len(found()) >= count, lambda: (address, found()))
        assert len(found()) == count, (address, found())
        return found()

    def stop(self) -> None:
        self._controller.stop()
        ports.give_back(self.port)


class Host:
    """A host in a folder with a short name.

    Args:
        relay: the port of the outside; 0 for none.
        directory: the URL of a directory in PostgreSQL; "" for a file.
        reader: the URL that daemons read it with.
        options: of `[backends.postfix]`.
    """

    def __init__(self, relay: int = 0, directory: str = "", reader: str = "", **options: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mh", dir="/tmp"))
        self.folder.chmod(0o755)
        self.home = self.folder / "home"
        self.root = self.folder / "i"
        self.mail = self.root / "mail"
        self.home.mkdir(mode=0o700)
        self.base = ports.take((layout.LMTP, *layout.PORTS.values()))
        self.outside_port = relay
        # Measuring takes longer than most commands do; what a directory in PostgreSQL needs besides is measured, too.
        unwanted = ("MAILADDON_",) if directory else ("MAILADDON_", "COVERAGE_")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        self.env = {**inherited, "MAILADDON_HOME": str(self.home)}
        given = {"root": str(self.root), "port_base": self.base, "hostname": "mail.host.test", **options}
        if reader:
            given["reader"] = reader
        if relay:
            given["relay"] = f"127.0.0.1:{relay}"
        lines = [f"{name} = {value!r}\n".replace("'", '"') for name, value in given.items()]
        self.reader = reader
        self.location = directory or f"{self.root}/db/mail.db"
        (self.home / "mailaddon.toml").write_text(
            f'backend = "postfix"\ndirectory = "{self.location}"\n'
            "[password]\nargon2id_memory = 8\nargon2id_time = 1\n[backends.postfix]\n" + "".join(lines),
            encoding="utf-8",
        )
        self._guard = subprocess.Popen(
            [sys.executable, "-c", _GUARD, self.folder],
            stdin=subprocess.PIPE,
            env=self.env,
            start_new_session=True,
        )

    def removes(self, path: Path) -> None:
        """Have a file outside of the folder removed at the end."""
        assert self._guard.stdin
        self._guard.stdin.write(f"{path}\n".encode())
        self._guard.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._guard.stdin
        self._guard.stdin.close()
        assert self._guard.wait(HANGS) == 0
        ports.give_back(self.base)

    def init(self, *options: str) -> str:
        arguments = ["--private", str(self.root), "--port-base", str(self.base), "--hostname", "mail.host.test"]
        if self.outside_port:
            arguments += ["--relay", f"127.0.0.1:{self.outside_port}"]
        return self.prints("mailaddon", "host", "init", *arguments, *options)

    # Programs

    def run(self, program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [SCRIPTS / program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**self.env, **environment},
            timeout=HANGS,
            check=False,
        )

    def prints(self, program: str, *arguments: str) -> str:
        done = self.run(program, *arguments)
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout.decode()

    def refusal(self, program: str, *arguments: str) -> str:
        done = self.run(program, *arguments)
        assert done.returncode == 1, done
        return done.stderr.decode()

    def add_domain(self, *users: str, ip: str = "192.0.2.10", flags: tuple[str, ...] = ALL_ON) -> str:
        """A new domain with the owner admin and users; the password is pw."""
        name = f"d{next(_numbers)}.test"
        self.prints("EAddDomain", name, ip, str(self.mail), "-1", "admin", "pw", "0", *flags)
        for user in users:
            self.add_user(name, user)
        return name

    def add_user(self, domain: str, user: str, password: str = "pw") -> None:
        self.prints("EAddUser", domain, user, password, "", "", "", "1", "1", "1")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the directory has, past the commands."""
        directory = Directory(str(self.home), 5, self.location)
        with directory.read() as tx:
            found = tx.all(sql)
        directory.close()
        return found

    # Mail in

    def smtp(self, offset: int = layout.SMTP, source: str = "127.0.0.1") -> smtplib.SMTP:
        return smtplib.SMTP(
            "127.0.0.1", self.base + offset, "client.test", timeout=PATIENCE, source_address=(source, 0)
        )

    def send(
        self,
        *recipients: str,
        sender: str = "someone@outside.test",
        subject: str = "subject",
        text: str = "text\n",
        source: str = "127.0.0.1",
        headers: "dict[str, str] | None" = None,
    ) -> dict[str, tuple[int, str]]:
        """Send a message from the outside; who is refused, and how."""
        message = EmailMessage()
        given = {"From": sender or "mailer@outside.test", "To": ", ".join(recipients), "Subject": subject}
        given |= {"Message-ID": f"<{next(_numbers)}@outside.test>"} | (headers or {})
        for name, value in given.items():
            message[name] = value
        message.set_content(text)
        with self.smtp(source=source) as smtp:
            try:
                refused = smtp.send_message(message, sender, list(recipients))
            except smtplib.SMTPRecipientsRefused as error:
                refused = error.recipients
        return {who: (code, reason.decode()) for who, (code, reason) in refused.items()}

    def takes(self, *recipients: str, **options: Any) -> None:
        assert self.send(*recipients, **options) == {}

    def refuses(self, recipient: str, **options: Any) -> tuple[int, str]:
        """The code and the text that a message to one recipient is refused with."""
        refused = self.send(recipient, **options)
        assert list(refused) == [recipient]
        return refused[recipient]

    def submission(self, user: str, password: str) -> smtplib.SMTP:
        """A session that is logged in, or has been refused: then it raises."""
        smtp = self.smtp(layout.SUBMISSION)
        try:
            smtp.ehlo("client.test")
            smtp.starttls(context=unverified())
            smtp.ehlo("client.test")
            smtp.user, smtp.password = user, password
            smtp.auth("PLAIN", smtp.auth_plain)
        except BaseException:
            smtp.close()
            raise
        return smtp

    # Mail out

    def quiet(self) -> None:
        """Wait until no message is under way; what is deferred stays where it is."""
        calm = 0

        def at_rest() -> bool:
            nonlocal calm
            calm = 0 if any(self.queued("incoming", "active")) else calm + 1
            return calm == 3

        wait_for(at_rest, "mail does not come to rest")

    def queued(self, *queues: str) -> list[str]:
        """The messages in these queues."""
        return [file for queue in queues for _, _, files in os.walk(self.root / "spool" / queue) for file in files]

    def login(self, user: str, password: str = "pw", patience: float = PATIENCE) -> imaplib.IMAP4:
        session = imaplib.IMAP4("127.0.0.1", self.base + layout.IMAP, timeout=patience)
        try:
            session.starttls(unverified())
            session.authenticate("PLAIN", lambda _challenge: f"\0{user}\0{password}".encode())
        except BaseException:
            session.shutdown()
            raise
        return session

    def ended(self, session: imaplib.IMAP4) -> bool:
        """Whether the host has ended a session; the process that has it is told to, and may be late."""

        def over() -> bool:
            try:
                session.noop()
            except (imaplib.IMAP4.abort, OSError):
                return True
            return False

        wait_for(over)
        session.shutdown()
        return True

    def inbox(self, user: str, password: str = "pw") -> list[EmailMessage]:
        """What is in a mailbox once mail has come to rest."""
        self.quiet()
        with self.login(user, password) as session:
            session.select("INBOX", readonly=True)
            numbers = session.search(None, "ALL")[1][0].split()
            raw = [session.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index]
        return [email.message_from_bytes(each, policy=email.policy.default) for each in raw]  # type: ignore[arg-type]

    def subjects(self, user: str, password: str = "pw") -> list[str]:
        return sorted(message["Subject"] for message in self.inbox(user, password))

    def eventually(self, user: str, count: int) -> list[str]:
        """The subjects in a mailbox, as soon as there are so many messages, for mail that had to wait."""
        found: list[str] = []

        def enough() -> bool:
            found[:] = self.subjects(user)
            return len(found) >= count

        wait_for(enough, lambda: (user, found))
        return found

    def log(self, name: str) -> str:
        try:
            return (self.root / "log" / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def unverified() -> ssl.SSLContext:
    """The certificate is self-signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def unix(text: str) -> str:
    """A text with the line ends that it has in Python."""
    return text.replace("\r\n", "\n")


def needed() -> str:
    """Why a mail host cannot be tested here, or ""."""
    if os.geteuid() != 0:
        return "Postfix and Dovecot start as root"
    missing = [name for name in ("postfix", "dovecot", "sievec") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    return f"missing: {', '.join(missing)}" if missing else ""
