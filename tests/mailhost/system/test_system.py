"""The machine's own Postfix and Dovecot, on a machine of each test's own: its /etc, its ports, its name server."""

import contextlib
import imaplib
import os
import re
import smtplib
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mailhost.host import ALL_ON, Outside, unverified
from mailhost.machine import Machine
from patience import PATIENCE, wait_for

NAME = "mail.sys.test"
MAIL = "/var/lib/mailhost/mail"
#: What `host init` may change for good: the group and the users that it makes.
ACCOUNTS = re.compile(r"etc/(passwd|shadow|group|gshadow|subuid|subgid)-?$")
FOREIGN_POSTFIX = """\
compatibility_level = 3.6
myhostname = foreign.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination = foreign.test
maillog_file = /var/log/foreign-mail.log
"""
FOREIGN_DOVECOT = """\
protocols = imap
listen = 127.0.0.1
login_greeting = A foreign server
ssl = no
log_path = /var/log/foreign-dovecot.log
passdb {
  driver = static
  args = password=foreign
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=/tmp
}
"""


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine whose Postfix and Dovecot are somebody else's, and do not run yet."""
    with Machine() as made:
        made.write("/etc/postfix/main.cf", FOREIGN_POSTFIX)
        dovecot = made.write("/etc/dovecot/dovecot.conf", FOREIGN_DOVECOT)
        dovecot.chmod(0o640)
        link = made.root / "etc/dovecot/dovecot-sql.conf.ext"
        link.unlink()
        link.symlink_to("/etc/dovecot/mine.conf")
        made.write("/etc/dovecot/mine.conf", "# a secret\n").chmod(0o600)
        for path in ("/etc/postfix/main.cf", "/etc/dovecot/dovecot.conf"):
            os.utime(made.root / path.lstrip("/"), (1_600_000_000, 1_600_000_000))
        yield made


@pytest.fixture
def host(machine: Machine) -> Machine:
    """The machine with a host of ours that runs, and the domain xyz.com."""
    machine.prints("mailaddon", "host", "init", "--system", "--hostname", NAME)
    machine.prints("EStartMailServer")
    add_domain(machine)
    return machine


def add_domain(machine: Machine) -> None:
    machine.prints("EAddDomain", "xyz.com", "192.0.2.10", MAIL, "-1", "admin", "pw", "0", *ALL_ON)


def snapshot(machine: Machine) -> dict[str, object]:
    """Everything in /etc, and the folders of the services, with rights, owners, times and contents."""
    paths = [machine.root / place for place in ("var/lib/postfix", "var/spool/postfix", "var/lib/dovecot", "var/log")]
    for folder, folders, files in os.walk(machine.root / "etc"):
        paths += [Path(folder) / name for name in (*folders, *files)]
    found: dict[str, object] = {}
    for path in paths:
        status = path.lstat()
        content: object = None
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = (path.read_bytes(), status.st_mtime_ns)
        name = str(path.relative_to(machine.root))
        if not ACCOUNTS.match(name):
            found[name] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def start_foreign(machine: Machine) -> None:
    """Start what was there first; daemons would keep a pipe open."""
    machine.prints("/bin/sh", "-c", "(/usr/sbin/postfix start && /usr/sbin/dovecot) > /dev/null 2>&1")
    assert "foreign.test" in banner(machine, 25)
    assert "A foreign server" in banner(machine, 143)


def banner(machine: Machine, port: int) -> str:
    """What a service says first, as soon as one answers."""
    said: list[str] = []

    def answers() -> bool:
        try:
            with machine.network(), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                said.append(connection.recv(1000).decode())
        except OSError:
            return False
        return said[-1] != ""

    wait_for(answers)
    return said[-1]


def waiting(machine: Machine, count: int) -> None:
    """Wait until so many messages are deferred."""
    queue = machine.root / "var/spool/postfix"

    def found() -> int:
        return sum(len(files) for name in ("active", "deferred") for _in, _folders, files in os.walk(queue / name))

    wait_for(lambda: found() == count, found)


def inbox(machine: Machine, count: int, at: str = "127.0.0.1") -> None:
    """Wait until admin's mailbox has so many messages."""

    def found() -> int:
        with machine.imap("admin@xyz.com", at=at) as session:
            return int(session.select("INBOX", readonly=True)[1][0] or 0)

    wait_for(lambda: found() == count, found)


def test_a_running_server_is_taken_over_only_when_asked_for_and_put_back_exactly(machine: Machine) -> None:
    start_foreign(machine)
    with machine.smtp() as smtp:
        smtp.sendmail("a@foreign.test", "b@elsewhere.test", "Subject: waits\n\ntext\n")
    waiting(machine, 1)
    before = snapshot(machine)
    init = ("mailaddon", "host", "init", "--system", "--hostname", NAME)
    shown = machine.prints(*init, "--dry-run")
    assert f"+myhostname = {NAME}" in shown
    assert "-myhostname = foreign.test" in shown
    assert "keep /etc/dovecot/dovecot.conf below /var/lib/mailhost/replaced" in shown
    refusal = machine.refusal(*init)
    assert "Postfix and Dovecot of this machine run, and 1 message waits in the queue." in refusal
    assert "--yes" in refusal
    assert snapshot(machine) == before
    assert "foreign.test" in banner(machine, 25)

    machine.prints(*init, "--yes")
    assert banner(machine, 25).startswith(f"220 {NAME} ESMTP")
    assert machine.prints("mailaddon", "host", "check") == "nothing is wrong\n"
    assert machine.prints("mailaddon", "host", "init", "--yes").startswith("/var/lib/mailhost is as it has to be")
    (kept,) = (machine.root / "var/lib/mailhost/replaced").glob("*T*[0-9]")
    assert (kept / "etc/postfix/main.cf").read_text(encoding="utf-8") == FOREIGN_POSTFIX
    add_domain(machine)
    with machine.smtp() as smtp:
        assert smtp.sendmail("a@outside.test", "admin@xyz.com", "Subject: one\n\ntext\n") == {}
    inbox(machine, 1)

    assert "--yes" in machine.refusal("mailaddon", "host", "restore")
    assert banner(machine, 25).startswith(f"220 {NAME} ESMTP")
    told = machine.prints("mailaddon", "host", "restore", "--yes")
    assert "put back: /etc/postfix/main.cf" in told
    assert "removed: /etc/postfix/sql" in told
    assert snapshot(machine) == before
    assert "foreign.test" in banner(machine, 25)
    assert "A foreign server" in banner(machine, 143)
    waiting(machine, 1)
    assert "nothing has been replaced" in machine.refusal("mailaddon", "host", "restore")


def test_what_is_changed_later_is_put_back_as_it_was_first(machine: Machine) -> None:
    before = snapshot(machine)
    init = ("mailaddon", "host", "init", "--system", "--hostname", NAME)
    machine.prints(*init)
    machine.write("/etc/postfix/main.cf", "# somebody's own\n")
    (machine.root / "etc/dovecot/dovecot.conf").chmod(0o600)
    machine.prints(*init)
    machine.prints("mailaddon", "host", "init", "--relay", "127.0.0.1:1025")
    assert "relayhost = [127.0.0.1]:1025" in machine.read("/etc/postfix/main.cf")
    machine.prints("mailaddon", "host", "restore")
    assert snapshot(machine) == before


def test_a_host_that_is_made_again_knows_what_the_directory_knows(host: Machine) -> None:
    host.prints("EChangeNetworkSettings", "127.0.0.1", NAME, "127.0.0.1", "new.sys.test")
    host.prints("mailaddon", "host", "restore", "--yes")
    assert "from-192.0.2.10" not in host.read("/etc/postfix/master.cf")
    host.prints("mailaddon", "host", "init", "--yes")
    assert "from-192.0.2.10" in host.read("/etc/postfix/master.cf")
    host.prints("EStartMailServer")
    assert banner(host, 25).startswith("220 new.sys.test ESMTP")


def test_a_machine_without_a_full_name_has_to_be_given_one(machine: Machine) -> None:
    machine.write("/etc/hosts", "127.0.0.1 localhost\n")
    assert "--hostname" in machine.refusal("mailaddon", "host", "init", "--system", "--dry-run")


def test_the_standard_ports_on_every_address(host: Machine) -> None:
    status = host.prints("mailaddon", "host", "status")
    for port in (25, 26, 143, 465, 587, 993, 4190):
        assert f"127.0.0.1 port {port}: answers" in status
    for address in ("127.0.0.1", "127.0.0.77", "::1"):
        with host.smtp(at=address) as smtp:
            assert smtp.sendmail("a@outside.test", "admin@xyz.com", "Subject: one\n\ntext\n") == {}
    inbox(host, 3, "::1")
    with host.network(), pytest.raises(OSError, match="refused"):
        smtplib.SMTP("127.0.0.77", 26, timeout=PATIENCE)
    assert host.certificate(465) == host.certificate(993)
    host.prints("mailaddon", "host", "send", "admin@xyz.com")
    inbox(host, 4)
    assert "It arrived." in host.prints("mailaddon", "host", "read", "admin@xyz.com", "--password", "pw")
    assert "postfix.log:" in host.prints("mailaddon", "host", "log")
    host.prints("EStopMailServer")
    assert host.run("mailaddon", "host", "status").returncode == 1
    with host.network(), pytest.raises(OSError, match="refused"):
        smtplib.SMTP("127.0.0.1", 25, timeout=PATIENCE)


def test_who_guesses_passwords_waits(host: Machine) -> None:
    """Two seconds, then four; how much longer it takes is the machine's affair."""
    for least in (1.5, 3):
        started = time.monotonic()
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            host.imap("admin@xyz.com", "wrong")
        assert time.monotonic() - started > least


def test_one_client_holds_so_many_connections(host: Machine) -> None:
    """Programs of this machine are not counted; 10.9.9.9 stands for somebody else."""
    host.prints("/usr/bin/env", "ip", "address", "add", "10.9.9.9/32", "dev", "lo")
    with contextlib.ExitStack() as stack:
        said = []
        for _count in range(31):
            with host.network():
                connection = socket.create_connection(("10.9.9.9", 25), timeout=PATIENCE)
            stack.enter_context(connection)
            said.append(connection.recv(1000)[:4])
    assert said[:30] == [b"220 "] * 30
    assert said[30] == b"421 "


class Names:
    """A name server that knows outside.test, whose mail goes to 127.0.0.9."""

    def __init__(self, machine: Machine) -> None:
        with machine.network():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind(("127.0.0.1", 53))
        machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.asked: list[tuple[str, int]] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            request, client = self._socket.recvfrom(1000)
            if not request:
                return
            self._socket.sendto(self._answer(request), client)

    def _answer(self, request: bytes) -> bytes:
        labels, position = [], 12
        while request[position]:
            labels.append(request[position + 1 : position + 1 + request[position]].decode())
            position += 1 + request[position]
        (kind,) = struct.unpack("!H", request[position + 1 : position + 3])
        question = request[12 : position + 5]
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        mx = struct.pack("!H", 10) + b"\x02mx\x07outside\x04test\x00"
        known = {("outside.test", 15): mx, ("mx.outside.test", 1): socket.inet_aton("127.0.0.9")}
        data = known.get((name, kind))
        code = 0 if name in {"outside.test", "mx.outside.test"} else 3  # no such name
        head = request[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, int(data is not None), 0, 0)
        if data is None:
            return head + question
        return head + question + b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data

    def stop(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(PATIENCE)
        self._socket.close()


def test_mail_to_the_outside_goes_where_its_name_server_says(host: Machine) -> None:
    host.prints("mailaddon", "host", "init", "--listen", "127.0.0.1", "--listen", "::1", "--yes")
    names = Names(host)
    with host.network():
        outside = Outside("127.0.0.9", 25)
    try:
        with host.smtp(587) as smtp:
            smtp.starttls(context=unverified())
            smtp.login("admin@xyz.com", "pw")
            smtp.sendmail("admin@xyz.com", "someone@outside.test", "Subject: out\n\ntext\n")
            smtp.sendmail("admin@xyz.com", "someone@nowhere.test", "Subject: lost\n\ntext\n")
        (arrival,) = outside.to("someone@outside.test")
        assert arrival.message["Subject"] == "out"
        assert ("outside.test", 15) in names.asked
        inbox(host, 1)  # a bounce: there is no nowhere.test
    finally:
        outside.stop()
        names.stop()
