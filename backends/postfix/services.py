"""Starting and stopping Postfix and Dovecot by their own process ids, and the few commands that they are given.

Output goes to a file in memory, never to a pipe: the daemons inherit it and would keep a pipe open for ever.
"""

import os
import signal
import time

from mailaddon.directory.storage import MAILDIR
from mailaddon.errors import Unavailable

from . import layout
from .root import expect_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .layout import Instance

POSTFIX = "/usr/sbin/postfix"
DOVECOT = "/usr/sbin/dovecot"
DOVEADM = "/usr/bin/doveadm"
POSTQUEUE = "/usr/sbin/postqueue"
SIEVEC = "/usr/bin/sievec"
SYSTEMCTL = "/usr/bin/systemctl"
SETPRIV = "/usr/bin/setpriv"
_PATIENCE = 60.0  # s, for a command
_READY = 60.0  # s, from a start to an answer on every port
_TURN = 3600  # s, for somebody else's import into the same mailbox
_STEP = 0.02  # s
_OUR_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def postfix_pid(instance: "Instance") -> int:
    """The process of a running Postfix, or 0."""
    return _living(instance.path("spool", "pid", "master.pid"), "master")


def dovecot_pid(instance: "Instance") -> int:
    """The process of a running Dovecot, or 0."""
    return _living(instance.path("run", "dovecot", "master.pid"), "dovecot")


def running(instance: "Instance") -> "list[str]":
    """What runs, as systemd calls it."""
    found = {"postfix": postfix_pid(instance), "dovecot": dovecot_pid(instance)}
    return [name for name, pid in found.items() if pid]


def processes(instance: "Instance") -> "tuple[int, int]":
    """The processes of Postfix and Dovecot, 0 for one that does not run; who is not root has to be told.

    Raises:
        MailAddonError: nobody tells.
    """
    from . import root

    postfix, dovecot = root.do(instance, "status").split()
    return int(postfix), int(dovecot)


def supervised(instance: "Instance") -> bool:
    """Whether systemd starts and stops the services: the machine's own, where it is the machine's first process."""
    return instance.system and os.path.isdir("/run/systemd/system")


def systemctl(instance: "Instance", *arguments: str) -> None:
    """Have systemd read its units anew and do something, about the machine's own host; nothing where it does not run.

    Raises:
        Unavailable: it refuses.
    """
    if supervised(instance):
        run(SYSTEMCTL, "daemon-reload")
        if arguments:
            run(SYSTEMCTL, *arguments)


def _living(path: str, name: str) -> int:
    try:
        with open(path, "rb") as file:
            pid = int(file.read())
    except (OSError, ValueError):
        return 0
    found, state, _parent = _process(str(pid))
    return pid if found == name and state != "Z" else 0


def _process(pid: str) -> "tuple[str, str, int]":
    """A process's name, state and parent; `"", "", 0` if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # The name stands in parentheses, and may have some itself.
            name, _, rest = file.read().partition("(")[2].rpartition(")")
    except OSError:
        return "", "", 0
    state, parent, *_more = rest.split()
    return name, state, int(parent)


class Exclusively:
    """Let one process at a time start or stop the services."""

    def __init__(self, instance: "Instance") -> None:
        self._path = instance.path("run", "services.lock")
        self._descriptor = -1

    def __enter__(self) -> None:
        import fcntl

        try:
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be used: {error.strerror}; run `mailaddon host init`") from None
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)


def program(name: str) -> str:
    """Where one of our own programs is installed."""
    import sys
    import sysconfig

    if getattr(sys, "frozen", False):  # beside this one, and named alike: `.exe` or nothing
        return os.path.join(os.path.dirname(sys.executable), name + os.path.splitext(sys.executable)[1])
    return os.path.join(sysconfig.get_path("scripts"), name)


class Paused:
    """Stop what runs, and start it again afterwards."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._running = running(instance)

    def __enter__(self) -> None:
        stop(self._instance)

    def __exit__(self, *_error: object) -> None:
        for name in self._running:
            launch(self._instance, name)


def waiting(instance: "Instance") -> int:
    """How many messages wait in Postfix's queue."""
    places = [instance.path("spool", queue) for queue in ("maildrop", "incoming", "active", "deferred", "hold")]
    return sum(len(files) for place in places for _folder, _folders, files in os.walk(place))


def run(*command: str, user: str = "") -> str:
    """Run a program to its end; what it printed.

    Args:
        command: the program and its arguments.
        user: who runs it, with its own group only; "": who runs this.

    Raises:
        Unavailable: it failed, and why as far as it says.
    """
    status, text = _run(*command, user=user)
    if status != 0:
        raise failed(status, text, *command)
    return text


def failed(status: int, text: str, *command: str) -> Unavailable:
    """What the failure of a program means to a caller."""
    return Unavailable(f"{' '.join(command)} failed with status {status}: {text or 'it says nothing'}")


def _run(
    *command: str,
    patience: float | None = _PATIENCE,
    folders: tuple[int, ...] = (),
    environment: "dict[str, str] | None" = None,
    user: str = "",
) -> tuple[int, str]:
    """Run a program to its end; its status, and what it printed.

    Args:
        command: the program and its arguments.
        patience: how long (s) it may take; None: as long as it likes.
        folders: descriptors that it gets.
        environment: what it gets besides the path and the locale.
        user: who runs it; "": who runs this.

    Raises:
        NotConfigured: how it ends cannot be learnt.
        Unavailable: it cannot be started, or takes too long.
    """
    import subprocess

    expect_children()
    with open(os.memfd_create("output"), "w+b", buffering=0) as output:
        try:
            done = subprocess.run(  # noqa: S603 - our programs, with names that were validated
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_OUR_ENVIRONMENT | (environment or {}),
                cwd="/",
                umask=0o022,
                timeout=patience,
                pass_fds=folders,
                check=False,
                **(_as(user) if user else {}),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{' '.join(command[:3])} does not work: {error}") from None
        output.seek(0)
        return done.returncode, output.read().decode("utf-8", "replace").strip()


def _as(user: str) -> "dict[str, Any]":
    import pwd

    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def start(instance: "Instance") -> None:
    """Start what does not run, wait until every port answers, and have waiting mail delivered.

    Raises:
        Unavailable: a service does not start; the message has its own last words.
    """
    if not os.path.exists(instance.path("etc", "policy.py")):
        raise Unavailable(f"{instance.root} is no mail host yet: run `mailaddon host init`")
    launch(instance, "dovecot")
    if not postfix_pid(instance):
        check(instance)
    launch(instance, "postfix")
    deadline = time.monotonic() + _READY
    for name, offset in layout.PORTS.items():
        while missing := silent(instance, offset):
            if time.monotonic() > deadline or not (postfix_pid(instance) and dovecot_pid(instance)):
                raise Unavailable(
                    f"{name} does not answer at {', '.join(missing)} port {instance.port(offset)}:"
                    f" {last_words(instance, 'postfix.log', 0)} {last_words(instance, 'dovecot.log', 0)}"
                )
            time.sleep(_STEP)
    flush(instance)


def launch(instance: "Instance", name: str) -> None:
    """Start one service with the configuration that there is, and wait until it runs.

    Raises:
        Unavailable: it does not start; the message has its own last words.
    """
    if name == "postfix":
        command, pid = [POSTFIX, "-c", instance.postfix, "start"], postfix_pid
    else:
        command, pid = [DOVECOT, "-c", instance.dovecot], dovecot_pid
    if supervised(instance):
        # Debian's postfix.service counts as started also when no Postfix runs any more.
        command = [SYSTEMCTL, "restart", f"{name}.service"]
    _start(name.capitalize(), instance, f"{name}.log", pid, *command)


def _start(name: str, instance: "Instance", log: str, pid: "Callable[[Instance], int]", *command: str) -> None:
    if pid(instance):
        return
    before = _size(instance.path("log", log))
    try:
        run(*command)
    except Unavailable as error:
        if not pid(instance):  # another command may have been faster
            raise Unavailable(f"{name} does not start: {error} {last_words(instance, log, before)}") from None
    deadline = time.monotonic() + _READY
    while not pid(instance):
        if time.monotonic() > deadline:
            raise Unavailable(f"{name} does not start: {last_words(instance, log, before)}")
        time.sleep(_STEP)


def check(instance: "Instance") -> None:
    """Make sure that Postfix accepts its configuration; a reload with one that it does not accept would hang it.

    Raises:
        Unavailable: it does not.
    """
    stamp = " ".join(
        f"{status.st_mtime_ns} {status.st_size}"
        for status in (os.stat(os.path.join(instance.postfix, name)) for name in ("main.cf", "master.cf"))
    )
    checked = instance.path("run", "checked")
    try:
        with open(checked, encoding="ascii") as file:
            if file.read() == stamp:
                return
    except OSError:
        pass
    try:
        run(POSTFIX, "-c", instance.postfix, "check")
    except Unavailable:
        reason = _overheard(POSTFIX, "-c", instance.postfix, "check")
        raise Unavailable(f"Postfix's configuration is unfit: {reason}") from None
    with open(checked, "w", encoding="ascii") as file:
        file.write(stamp)


def _overheard(*command: str) -> str:
    """What a program says to a terminal: Postfix complains to one, or to a log that it has to find first."""
    import contextlib
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):  # it has said then what it has to say
            subprocess.run(  # noqa: S603 - our programs
                command,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                env=_OUR_ENVIRONMENT,
                timeout=_PATIENCE,
                check=False,
            )
        os.write(theirs, b".\n")  # so that there is something to read
        return os.read(ours, 4096).decode("utf-8", "replace").rstrip(".\r\n")
    finally:
        os.close(ours)
        os.close(theirs)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def last_words(instance: "Instance", log: str, since: int) -> str:
    """The last complaint in a log after an offset."""
    try:
        with open(instance.path("log", log), "rb") as file:
            file.seek(max(since, _size(file.name) - 10_000))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    told = [line for line in lines if any(word in line for word in ("fatal:", "Fatal:", "panic:", "Error:", "error:"))]
    return told[-1] if told else ""


def answers(instance: "Instance", offset: int) -> bool:
    """Whether something listens at a port, on every address that the host has."""
    return not silent(instance, offset)


def silent(instance: "Instance", offset: int) -> "list[str]":
    """The addresses of the host where nothing listens at a port."""
    import socket

    found = []
    for address in instance.addresses(offset):
        try:
            socket.create_connection((address, instance.port(offset)), timeout=1).close()
        except OSError:
            found.append(address)
    return found


def stop(instance: "Instance") -> None:
    """Stop what runs, and wait until it has ended.

    Raises:
        Unavailable: a service does not end.
    """
    for name, pid in (("Postfix", postfix_pid), ("Dovecot", dovecot_pid)):
        if pid(instance) and supervised(instance):
            run(SYSTEMCTL, "stop", f"{name.lower()}.service")
        end(instance, name, pid, "root")  # one that somebody else has started is still there


def end(instance: "Instance", name: str, pid: "Callable[[Instance], int]", by: str) -> None:
    """End a process, if it runs, and wait until it is gone.

    Args:
        instance: the host.
        name: what it is called.
        pid: says its process, or 0.
        by: who may end it.

    Raises:
        Unavailable: it does not end.
    """
    process = pid(instance)
    if not process:
        return
    deadline = time.monotonic() + _READY
    try:
        os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError:
        raise Unavailable(f"{name} (process {process}) may be stopped by {by} only") from None
    while pid(instance) == process:
        if time.monotonic() > deadline:
            raise Unavailable(f"{name} (process {process}) does not end")
        time.sleep(_STEP)


def reload(instance: "Instance") -> None:
    """Have Postfix read its configuration anew and forget what it remembers, if it runs.

    Raises:
        Unavailable: the configuration is unfit.
    """
    if postfix_pid(instance):
        check(instance)
        run(POSTFIX, "-c", instance.postfix, "reload")


def reload_dovecot(instance: "Instance") -> None:
    """Have Dovecot read its configuration anew, if it runs.

    Raises:
        Unavailable: the configuration is unfit.
    """
    if dovecot_pid(instance):
        run(DOVEADM, "-c", instance.dovecot, "reload")


def reconnect_dovecot(instance: "Instance") -> None:
    """Have Dovecot connect to the database anew, if it runs.

    Only the processes that look users up are ended, and it starts them again when they are asked. A reload would end
    deliveries that are under way, too: whoever delivers would get no answer, and send the message again.
    """
    master = dovecot_pid(instance)
    if not master:
        return
    for pid in filter(str.isdigit, os.listdir("/proc")):
        name, _state, parent = _process(pid)
        if (name, parent) == ("auth", master):  # its workers have the name, too
            try:
                os.kill(int(pid), signal.SIGTERM)
            except ProcessLookupError:  # it has just ended by itself
                continue


def flush(instance: "Instance") -> None:
    """Have Postfix try everything that waits, if it runs.

    Raises:
        Unavailable: it refuses.
    """
    if postfix_pid(instance):
        run(POSTQUEUE, "-c", instance.postfix, "-f")


def kick(instance: "Instance", users: str) -> None:
    """End the sessions of users, if Dovecot runs.

    Args:
        instance: the host.
        users: `user@domain`, or `*@domain`.

    Raises:
        Unavailable: Dovecot refuses.
    """
    if dovecot_pid(instance):
        try:
            run(DOVEADM, "-c", instance.dovecot, "kick", "--", users)
        except Unavailable as error:
            if "status 68" not in error.message:  # EX_NOHOST: nobody was there
                raise


def backup(instance: "Instance", user: str, home: int, copy: int) -> tuple[int, str]:
    """Make a copy of a mailbox equal to it, or bring an earlier copy up to date; doveadm's status and words.

    The copy has files of its own: with links to the mailbox's, whoever gives the copy away gives the mailbox away.

    Args:
        instance: the host.
        user: whose mailbox it is.
        home: a descriptor of the user's folder.
        copy: a descriptor of the folder that has the copy; both folders belong to the mail's owner.

    Raises:
        Unavailable: doveadm cannot be started.
    """
    return _doveadm(instance, user, home, copy, "-o", "maildir_copy_with_hardlinks=no", "backup")


def merge(instance: "Instance", user: str, home: int, copy: int) -> tuple[int, str]:
    """Add what a copy has to a mailbox; doveadm's status and words. Two at a time would add a message twice.

    Args:
        instance: the host.
        user: whose mailbox it is.
        home: a descriptor of the user's folder.
        copy: a descriptor of the folder that has the copy; both folders belong to the mail's owner.

    Raises:
        Unavailable: doveadm cannot be started.
    """
    return _doveadm(instance, user, home, copy, "sync", "-1", "-R", "-l", str(_TURN))


def _doveadm(instance: "Instance", user: str, home: int, copy: int, *command: str) -> tuple[int, str]:
    """Run doveadm as the mail's owner, on folders that are open already: their paths may be closed to it, or change.

    It asks nobody who the user is, so Dovecot need not run. It dies with us: nobody else would stop it.
    """
    owner = ("--reuid", str(instance.mail_uid), "--regid", str(instance.mail_gid), "--clear-groups")
    return _run(
        *(SETPRIV, *owner, "--pdeathsig", "TERM", DOVEADM, "-c", instance.dovecot),
        *("-o", f"mail_home=/proc/self/fd/{home}", *command, f"maildir:/proc/self/fd/{copy}/{MAILDIR}"),
        patience=None,
        folders=(home, copy),
        environment={"USER": user, "HOME": f"/proc/self/fd/{home}"},
    )
