"""The agent of a mail host whose directory is in PostgreSQL: `mailaddon host follow`, beside Postfix and Dovecot.

Postfix does not ask a server again for a minute after it was away, and Dovecot for some seconds, unless they are told
to. The agent sees the server come back and tells them. It also performs what commands have left over.

It is known by a lock that it holds, so a process that has its number by chance is not mistaken for it.
"""

import os
import signal
import sys
import time

from mailaddon.errors import MailAddonError, StorageFailed, Unavailable

from . import root, services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from mailaddon.directory.outbox import Outbox
    from mailaddon.directory.store import Directory

    from .layout import Instance

LOG = "follow.log"
_BEAT = 20.0  # s, after which the server is asked whether it is there
_PAUSE = 0.3  # s, between two tries to reach it
_READY = 60.0  # s, from a start to holding the lock
_STEP = 0.02  # s


def _lock(instance: "Instance") -> str:
    return instance.path("run", "follow.pid")


def pid(instance: "Instance") -> int:
    """The process of a running agent, or 0."""
    import fcntl

    try:
        descriptor = os.open(_lock(instance), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(descriptor, 20) or b"0")
    else:
        return 0
    finally:
        os.close(descriptor)


def follow(instance: "Instance", directory: "Directory", outbox: "Outbox") -> None:
    """Be the agent, until SIGTERM.

    Raises:
        Unavailable: there is one already.
        NotConfigured: the server refuses to be used.
        OSError: the lock cannot be used.
    """
    import fcntl

    descriptor = os.open(_lock(instance), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unavailable(f"process {pid(instance)} follows already") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    _say("follows")
    away = False
    while True:
        try:
            _attend(instance, directory, outbox, was_away=away)
        except Unavailable as error:
            if not away:
                _say(error.message)
            away = True
            directory.close()
        time.sleep(_PAUSE)


def _end(_number: int, _frame: "FrameType | None") -> None:
    sys.exit(0)


def _say(text: str) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stderr.write(f"{moment} {' '.join(text.split())}\n")
    sys.stderr.flush()


def _attend(instance: "Instance", directory: "Directory", outbox: "Outbox", *, was_away: bool) -> None:
    """Do what there is to do for as long as the server is there.

    Raises:
        Unavailable: it is not there any more.
    """
    database = directory.database
    session = database.listen(instance.host)  # type: ignore[attr-defined] # PostgreSQL's
    try:
        if was_away:
            _say("the server is back")
            _remind(instance)
        while True:
            try:
                outbox.perform()
            except (OSError, StorageFailed) as error:  # a full disk, of this machine or the server's
                _say(f"{error}")
            session.heard(_BEAT)
    except database.error as error:
        raise Unavailable(database.failure(error).message) from None
    finally:
        session.close()


def _remind(instance: "Instance") -> None:
    """Have Postfix and Dovecot ask the server again, and deliver what has waited."""
    for verb in ("reconnect-dovecot", "reload-postfix", "flush"):
        try:
            root.do(instance, verb)
        except MailAddonError as error:
            _say(error.message)


def start(instance: "Instance", home: str) -> None:
    """Start the agent, unless it runs or the directory is a file.

    Raises:
        Unavailable: it does not start; the message has its last words.
    """
    import subprocess

    if not instance.in_postgresql or pid(instance):
        return
    log = instance.path("log", LOG)
    with open(log, "ab") as output:
        started = subprocess.Popen(  # noqa: S603 - our own program
            [services.program("mailaddon"), "host", "follow"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "MAILADDON_HOME": home},
            cwd="/",
            umask=0o022,
            start_new_session=True,
        )
    deadline = time.monotonic() + _READY
    while not pid(instance):
        if started.poll() is not None or time.monotonic() > deadline:
            with open(log, encoding="utf-8", errors="replace") as file:
                *_before, last = ["", *file]
            raise Unavailable(f"`mailaddon host follow` does not start: {last.strip()}")
        time.sleep(_STEP)
    started.returncode = 0  # it stays when this process ends; Python warns of children that nobody waits for


def stop(instance: "Instance") -> None:
    """Stop the agent, if it runs, and wait until it has ended.

    Raises:
        Unavailable: it does not end.
    """
    services.end(instance, "`mailaddon host follow`", pid, "its user")
