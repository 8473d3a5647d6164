"""A machine of a test's own: its /etc, /var and /run are copies, its network and its processes are nobody else's."""

import contextlib
import ctypes
import imaplib
import os
import smtplib
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from mailhost.host import unverified
from patience import HANGS, PATIENCE

SCRIPTS = Path(sysconfig.get_path("scripts"))
#: The first process: it makes the machine, and when its standard input ends, which it does however the tests end, it
#: ends, and with it all processes, mounts and addresses of the machine.
_INIT = """
import fcntl, os, shutil, signal, socket, struct, subprocess, sys, time

def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)

mount("-t", "tmpfs", "layers", "/mnt")
# A copy, not a layer: what other tests change in theirs meanwhile must not show.
for again in range(100):
    # Who makes a user or a host on the real machine writes files there that are gone in the next moment.
    if subprocess.run(["cp", "--archive", "/etc", "/mnt/etc"], stderr=subprocess.DEVNULL).returncode == 0:
        break
    shutil.rmtree("/mnt/etc")
    time.sleep(0.1)
else:
    sys.exit("/etc cannot be copied")
for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid"):
    if os.path.exists(f"/mnt/etc/{name}.lock"):  # of a process of the real machine
        os.unlink(f"/mnt/etc/{name}.lock")
mount("--bind", "/mnt/etc", "/etc")
os.mkdir("/mnt/upper")
os.mkdir("/mnt/work")
mount("-t", "overlay", "overlay", "-o", "lowerdir=/var,upperdir=/mnt/upper,workdir=/mnt/work", "/var")
for place, rights in {
    "/run": "0755", "/var/lib/mailaddon": "0700", "/var/lib/mailhost": "0755", "/var/spool/postfix": "0755"
}.items():
    os.makedirs(place, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"mode={rights}", "empty", place)
with socket.socket() as up:
    fcntl.ioctl(up, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS: up and running
socket.sethostname("machine")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody else collects what has lost its parent
print("ready", flush=True)
sys.stdin.read()
"""
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class Machine:
    """What runs on it, and a way in.

    Attributes:
        root: its folders, as they are seen from outside.
    """

    def __init__(self) -> None:
        self._init = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc",
             sys.executable, "-c", _INIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._init.stdout
        assert self._init.stdout.readline() == b"ready\n"
        children = Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children")
        self.pid = int(children.read_text(encoding="ascii"))
        self.root = Path(f"/proc/{self.pid}/root")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._init.communicate(timeout=HANGS)

    def run(self, program: str | Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a program: one of ours, or one of the machine's by its path."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAILADDON_")}
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--ipc", "--uts", "--"]
        return subprocess.run(
            [*enter, SCRIPTS / program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            cwd="/",
            env=inherited,
            timeout=HANGS,
            check=False,
        )

    def prints(self, program: str | Path, *arguments: str) -> str:
        done = self.run(program, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def refusal(self, program: str | Path, *arguments: str) -> str:
        done = self.run(program, *arguments)
        assert done.returncode == 1, done
        return done.stderr

    @contextlib.contextmanager
    def network(self) -> Iterator[None]:
        """Have this thread make its connections on the machine; they stay there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as ours, open(f"/proc/{self.pid}/ns/net", "rb") as theirs:
            assert libc.setns(theirs.fileno(), _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(ours.fileno(), _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())

    def smtp(self, port: int = 25, at: str = "127.0.0.1") -> smtplib.SMTP:
        with self.network():
            return smtplib.SMTP(at, port, "client.test", timeout=PATIENCE)

    def imap(self, user: str, password: str = "pw", at: str = "127.0.0.1") -> imaplib.IMAP4:
        with self.network():
            session = imaplib.IMAP4(at, 143, timeout=PATIENCE)
        try:
            session.starttls(unverified())
            session.login(user, password)
        except BaseException:
            session.shutdown()
            raise
        return session

    def certificate(self, port: int) -> bytes:
        """What a service shows that speaks TLS from the first octet."""
        with self.network():
            return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace")

    def write(self, path: str, text: str) -> Path:
        target = self.root / path.lstrip("/")
        target.write_text(text, encoding="utf-8")
        return target
