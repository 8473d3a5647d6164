"""One program, run to its end: started without a shell, read while it runs, ended with its children when it is late.

A program gets a session and a process group of its own, `/dev/null` as standard input, the default signals, and no
descriptor of ours but the two pipes that it writes to. Both are read for as long as it runs, so it never waits for us,
whatever it writes; of what is not asked for only the beginning and the end are kept.

The program's own end is what counts, not the end of its output: a child of it may hold the pipes open for as long as it
likes. What such a child writes is read for another `LINGER` seconds.
"""

import _signal  # type: ignore[import-not-found] # what signal is made of, without importing enum
import os
import select
import time

from mailaddon import NotConfigured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Handler = Callable[[int, object], object]

#: How many octets of a stream are kept, of its beginning and of its end; an even number, for UTF-16.
KEPT = 1 << 14
#: How many seconds a program has between SIGTERM and SIGKILL, and after that to be gone.
GRACE = 2.0
#: For how many seconds the pipes are read after the program itself has ended, if somebody else holds them open.
LINGER = 0.5
_STDERR = 2
#: No pipe holds more, so one read takes all that was in it.
_PIECE = 1 << 20
#: For how many seconds at most the system is asked to wait; its numbers end somewhere.
_LONGEST = 3600.0
#: How often (seconds) the program is looked at, where its end cannot be waited for together with its output.
_LOOK = 0.02
_ENDING = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM)
_RESET = (*_ENDING, _signal.SIGCHLD, _signal.SIGPIPE, _signal.SIGQUIT, _signal.SIGXFSZ)


class Kept:
    """The beginning and the end of a stream.

    Attributes:
        size: how many octets the stream had.
    """

    __slots__ = ("_head", "_tail", "size")

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self.size = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        room = KEPT - len(self._head)
        self._head += piece[:room]
        if len(piece) > room:
            self._tail = (self._tail + piece[room:])[-KEPT:]

    @property
    def parts(self) -> tuple[bytes, bytes]:
        """The stream's beginning and end; the end is empty if the beginning is all there was."""
        if self.size <= 2 * KEPT:
            return self._head + self._tail, b""
        return self._head, self._tail[self.size % 2 :]  # from an even octet on


class Ended:
    """How a program ended.

    Attributes:
        status: its exit status; the negative number of the signal that ended it.
        output: what it wrote to standard output.
        errors: what it wrote to standard error.
        late: whether it was ended because it took too long.
        too_much: whether it was ended because it wrote too much.
    """

    __slots__ = ("errors", "late", "output", "status", "too_much")

    def __init__(self) -> None:
        self.status = 0
        self.output = Kept()
        self.errors = Kept()
        self.late = False
        self.too_much = False


def run(
    command: "Sequence[str]",
    environment: "Mapping[bytes, bytes]",
    seconds: float,
    *,
    take: "Callable[[bytes], None] | None" = None,
    most: int | None = None,
) -> Ended:
    """Run a program and wait for its end.

    Args:
        command: the program's absolute path, and its arguments.
        environment: all of its environment.
        seconds: how long it may run.
        take: gets standard output piece by piece.
        most: how many octets of standard output `take` may get; a program that writes more is ended.

    Raises:
        OSError: it cannot be started.
        NotConfigured: this process ignores SIGCHLD, so it could not learn how a program ends.
    """
    _expect_children()
    signals = _Signals()
    try:
        child = _Child(command, environment)
        try:
            signals.pass_on_to(child.pid)
            return child.watched(seconds, take, most)
        finally:
            child.close()
    finally:
        signals.restore()


def _expect_children() -> None:
    """Have the system keep the exit status of children for us; who started this process may have said otherwise."""
    if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
        try:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        except ValueError:  # not the main thread
            raise NotConfigured("this process ignores SIGCHLD, so it cannot learn how a program ends") from None


class _Signals:
    """Has the signals after which this process ends itself end the program first.

    Only the main thread can have handlers; for a program that another thread has started, nothing is done.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Handler] = {}
        self._pid = 0
        self._waiting: list[int] = []  # signals that came while the program was being started
        for number in _ENDING:
            handler = _signal.getsignal(number)
            if callable(handler):
                try:
                    _signal.signal(number, self._end)
                except ValueError:
                    return
                self._handlers[number] = handler

    def pass_on_to(self, pid: int) -> None:
        """From now on there is a program; what came before is passed on to it now."""
        self._pid = pid
        self._deliver()

    def restore(self) -> None:
        """Put the handlers back. What came too early for a program that could not be started reaches them now."""
        for number, handler in self._handlers.items():
            _signal.signal(number, handler)
        self._deliver()

    def _deliver(self) -> None:
        while self._waiting:
            self._end(self._waiting.pop(), None, late=True)

    def _end(self, number: int, frame: object, *, late: bool = False) -> None:
        if not self._pid and not late:
            self._waiting.append(number)
            return
        if self._pid:
            _signal_group(self._pid, _signal.SIGTERM)
        self._handlers[number](number, frame)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or become somebody else's


def _inheritable() -> list[int]:
    """What a program would inherit beside the standard descriptors; who started this process may have left it open."""
    found = []
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return []  # a system that does not show them
    for name in names:
        try:
            if int(name) > _STDERR and os.get_inheritable(int(name)):
                found.append(int(name))
        except OSError:
            continue  # closed meanwhile
    return found


class _Child:
    """A running program."""

    def __init__(self, command: "Sequence[str]", environment: "Mapping[bytes, bytes]") -> None:
        self._ended = Ended()
        self._streams: dict[int, Kept] = {}
        self._exit = -1  # a descriptor that can be read once the program has ended, where the system has such
        self._signals = [_signal.SIGKILL, _signal.SIGTERM]  # taken from the end
        self._deadline = 0.0
        self._gone = False
        self._given_up = False
        self._reaped = False
        writing = []
        try:
            for stream in (self._ended.output, self._ended.errors):
                reading, end = os.pipe()
                self._streams[reading] = stream
                writing.append(end)
            self.pid = os.posix_spawn(
                command[0].encode(),  # UTF-8 whatever the locale, as everything that a command is given
                [part.encode() for part in command],
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, writing[0], 1),
                    (os.POSIX_SPAWN_DUP2, writing[1], 2),
                    *[(os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _inheritable()],
                ],
                setsid=True,
                setsigmask=(),
                setsigdef=_RESET,
            )
        except BaseException:
            self._close_streams()
            raise
        finally:
            for descriptor in writing:
                os.close(descriptor)
        try:
            self._exit = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            pass  # an old kernel: the program is looked at from time to time

    def watched(self, seconds: float, take: "Callable[[bytes], None] | None", most: int | None) -> Ended:
        """Read until the program has ended, and end it if it has to be."""
        poller = select.poll()
        for descriptor in (*self._streams, self._exit):
            if descriptor >= 0:
                poller.register(descriptor, select.POLLIN)
        self._deadline = time.monotonic() + seconds
        while (self._streams or not self._gone) and not self._given_up:
            wait = min(max(self._deadline - time.monotonic(), 0), _LONGEST)
            if self._exit < 0 and not self._gone:
                wait = min(wait, _LOOK)
            for descriptor, _event in poller.poll(wait * 1000 + 1):
                if descriptor != self._exit and not self._read(descriptor, take, most):
                    poller.unregister(descriptor)
            if not self._gone and self._has_ended():
                # What it had written is in the pipes now, so the next round reads it, whatever the time.
                self._gone = True
                self._deadline = time.monotonic() + (0 if self._must_go else LINGER)
                if self._exit >= 0:
                    poller.unregister(self._exit)
            else:
                self._press()
        if self._gone:
            self._reap()
        return self._ended

    def _press(self) -> None:
        """Do what the time or the amount of output asks for."""
        if self._ended.too_much and self._signals:
            self._deadline = 0.0
            self._signals = [_signal.SIGKILL]
        if time.monotonic() < self._deadline:
            return
        if self._gone or not self._signals:
            self._given_up = True
            return
        self._ended.late = not self._ended.too_much
        _signal_group(self.pid, self._signals.pop())
        self._deadline = time.monotonic() + GRACE

    @property
    def _must_go(self) -> bool:
        return self._ended.late or self._ended.too_much

    def _read(self, descriptor: int, take: "Callable[[bytes], None] | None", most: int | None) -> bool:
        """Read a piece; whether there may be more."""
        piece = os.read(descriptor, _PIECE)
        if not piece:
            del self._streams[descriptor]
            os.close(descriptor)
            return False
        stream = self._streams[descriptor]
        stream.feed(piece)
        if take is not None and stream is self._ended.output:
            if most is not None and stream.size > most:
                self._ended.too_much = True
            else:
                take(piece)
        return True

    def _has_ended(self) -> bool:
        """Whether the program has ended; it stays a zombie, so its number is not given to anybody else yet."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            raise self._taken() from None

    def _taken(self) -> NotConfigured:
        self._reaped = True
        return NotConfigured("another part of this process has taken the program's exit status")

    def _reap(self) -> None:
        if self._must_go:
            _signal_group(self.pid, _signal.SIGKILL)  # its children, who may have ignored the first signal
        try:
            _pid, status = os.waitpid(self.pid, 0)
        except ChildProcessError:
            raise self._taken() from None
        self._reaped = True
        self._ended.status = os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Leave nothing behind: no descriptor, no process, no zombie."""
        self._close_streams()
        if not self._reaped:  # whoever watched was interrupted, or the system cannot end it
            _signal_group(self.pid, _signal.SIGKILL)
            deadline = time.monotonic() + GRACE
            while not self._reaped and time.monotonic() < deadline:
                try:
                    self._reaped = os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
                except ChildProcessError:  # somebody else has taken it
                    self._reaped = True
                time.sleep(0 if self._reaped else _LOOK)
        if self._exit >= 0:
            os.close(self._exit)

    def _close_streams(self) -> None:
        for descriptor in self._streams:
            os.close(descriptor)
        self._streams.clear()
