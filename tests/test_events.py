"""Change events, followed: while the file comes, is renamed, replaced, emptied, and has lines that are no events."""

import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from addon_shop import PASSWORD, Shop
from patience import HANGS, wait_for
from umbrella import SCRIPTS, mailaddon

from mailaddon import InvalidArgument, Panel, StorageFailed, UsageError, home
from mailaddon._events import Events
from mailaddon.panel import Event


def line(number: int, operation: str = "EAddUser", **changes: object) -> str:
    keys = {"domain": "xyz.com", "user": f"u{number}"}
    event = {"version": 1, "time": "2026-01-31T12:00:00.123Z", "operation": operation, "backend": "embedded"}
    return json.dumps({**event, "keys": keys, "before": None, "after": {"n": number}, **changes}) + "\n"


def users(events: Iterator[Event]) -> list[str]:
    return [event.keys["user"] for event in events]


class Reader:
    """Reads events in a thread, one after another."""

    def __init__(self, folder: Path, **options: bool) -> None:
        self.got: list[str] = []
        self._enough = threading.Event()
        self.events = Events(str(folder), stopped=self._enough.is_set, **options)  # type: ignore[arg-type] # flags only
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for event in self.events:
            self.got.append(event.keys["user"])

    def wait_for(self, *wanted: str) -> None:
        wait_for(lambda: len(self.got) >= len(wanted))
        assert self.got == list(wanted)

    def end(self) -> None:
        self._enough.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    """How to begin to read; each ends with the test."""
    made: list[Reader] = []

    def make(**options: bool) -> Reader:
        made.append(Reader(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def append(folder: Path, *lines: str) -> None:
    for text in lines:
        home.append_line(str(folder / "events.jsonl"), text.encode())


# What is there


def test_what_is_there_already(tmp_path: Path) -> None:
    append(tmp_path, *map(line, range(5)))
    assert users(Events(str(tmp_path), follow=False)) == ["u0", "u1", "u2", "u3", "u4"]
    assert users(Events(str(tmp_path), follow=False, last=2)) == ["u3", "u4"]
    assert users(Events(str(tmp_path), follow=False, last=9)) == ["u0", "u1", "u2", "u3", "u4"]
    assert users(Events(str(tmp_path / "nowhere"), follow=False)) == []


def test_an_event_has_its_fields_and_its_line(tmp_path: Path) -> None:
    append(tmp_path, line(1, more="later"))
    (event,) = Events(str(tmp_path), follow=False)
    assert (event.time, event.operation, event.backend) == ("2026-01-31T12:00:00.123Z", "EAddUser", "embedded")
    assert (event.before, event.after) == (None, {"n": 1})
    assert event.line + "\n" == line(1, more="later")


def test_an_ended_iteration_stays_ended(tmp_path: Path) -> None:
    events = Events(str(tmp_path), follow=False)
    assert list(events) == []
    append(tmp_path, line(1))
    assert list(events) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "{",
        "[]",
        "1e999999",
        "[" * 100_000,
        "\ud800",
        json.dumps({"version": 1}),
        json.dumps({**json.loads(line(1)), "version": 2}),
        json.dumps({**json.loads(line(1)), "keys": []}),
        json.dumps({**json.loads(line(1)), "operation": None}),
    ],
)
def test_a_line_that_is_no_event_is_left_out_and_counted(wrong: str, tmp_path: Path) -> None:
    octets = wrong.encode("utf-8", "surrogatepass") + b"\n"
    (tmp_path / "events.jsonl").write_bytes(line(1).encode() + octets + line(2).encode())
    events = Events(str(tmp_path), follow=False)
    assert users(events) == ["u1", "u2"]
    assert events.skipped == 1


def test_half_a_line_is_waited_for(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    begun = reader()
    append(tmp_path, line(1), line(2)[:30])
    begun.wait_for("u1")
    append(tmp_path, line(2)[30:] + line(3))
    begun.wait_for("u1", "u2", "u3")
    assert begun.events.skipped == 0
    append(tmp_path, line(4)[:-1])
    assert users(Events(str(tmp_path), follow=False)) == ["u1", "u2", "u3"], "its end is not there yet"


def test_following_begins_behind_what_is_there(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    append(tmp_path, *map(line, range(2000)), line(2000)[:40])
    begun = reader()
    append(tmp_path, line(2000)[40:], line(2001))
    begun.wait_for("u2000", "u2001")


def test_the_file_comes_later(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    begun = reader()
    append(tmp_path, line(1))
    begun.wait_for("u1")


# Rotation


def test_the_file_is_renamed_and_a_new_one_comes(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    begun = reader()
    path = tmp_path / "events.jsonl"
    append(tmp_path, line(1))
    begun.wait_for("u1")
    for number in range(2, 8, 3):
        with path.open("a") as late:
            path.rename(tmp_path / f"events.{number}")
            late.write(line(number))
        append(tmp_path, line(number + 1), line(number + 2))
        wait_for(lambda number=number: len(begun.got) >= number + 2)
    assert begun.got == ["u1", "u2", "u3", "u4", "u5", "u6", "u7"], "also what was written late"


def test_the_file_is_emptied(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    begun = reader()
    append(tmp_path, line(1), line(2))
    begun.wait_for("u1", "u2")
    path = tmp_path / "events.jsonl"
    os.truncate(path, 0)
    append(tmp_path, line(3))
    begun.wait_for("u1", "u2", "u3")


def test_the_file_is_removed_and_comes_again(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    begun = reader()
    append(tmp_path, line(1))
    begun.wait_for("u1")
    (tmp_path / "events.jsonl").unlink()
    append(tmp_path, line(2))
    begun.wait_for("u1", "u2")


def test_what_is_torn_by_a_rotation_is_counted(tmp_path: Path, reader: Callable[..., Reader]) -> None:
    begun = reader()
    append(tmp_path, line(1), line(2)[:30])
    begun.wait_for("u1")
    (tmp_path / "events.jsonl").rename(tmp_path / "old")
    append(tmp_path, line(3))
    begun.wait_for("u1", "u3")
    assert begun.events.skipped == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(StorageFailed, match="Is a directory"):
        list(Events(str(tmp_path), follow=False))


# Panel


def test_a_panel_follows_its_own_changes_until_it_is_closed(shop: Shop) -> None:
    shop.program("ESuspendUser.sh", "exit 0")
    shop.program("EAddUser.sh", "exit 0")
    got: list[Event] = []
    with Panel(home=str(shop.home)) as panel:
        events = panel.events()
        thread = threading.Thread(target=lambda: got.extend(events))
        thread.start()
        panel.suspend_user(domain="xyz.com", user="u1")
        panel.add_user(domain="xyz.com", user="u2", password=PASSWORD)
        assert users(panel.events(follow=False)) == ["u1", "u2"]
    thread.join(30)
    assert not thread.is_alive()
    assert [event.operation for event in got][:2] in ([], ["ESuspendUser"], ["ESuspendUser", "EAddUser"])
    assert PASSWORD not in repr(got)


def test_events_are_chosen_by_domain_and_command(tmp_path: Path) -> None:
    append(tmp_path, line(1), line(2, "EDeleteUser"), line(3, keys={"domain": "foo.com", "user": "u3"}))
    with Panel("embedded", str(tmp_path)) as panel:
        assert users(panel.events(follow=False, domain="XYZ.com")) == ["u1", "u2"]
        assert users(panel.events(follow=False, operations=["edeleteuser"])) == ["u2"]
        assert users(panel.events(follow=False, domain="xyz.com", operations=["EAddUser", "EEditUser"])) == ["u1"]
        assert users(panel.events(follow=False, domain="xyz.com", last=1)) == ["u2"]
        with pytest.raises(InvalidArgument):
            panel.events(domain="xyz")
        with pytest.raises(UsageError):
            panel.events(operations=["ENothing"])


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    append(tmp_path, line(1), line(2))
    before = sorted(os.listdir("/proc/self/fd"))
    events = Events(str(tmp_path), from_start=True)
    next(events)
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    del events
    assert sorted(os.listdir("/proc/self/fd")) == before


# From a shell


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process's home, with three events."""
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path))
    append(tmp_path, line(1), line(2, "ESetCatchallUser", keys={"domain": "a.com"}), line(3))
    return tmp_path


def test_a_line_for_each_event(own: Path) -> None:
    shown = mailaddon("panel", "watch", "--no-follow")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "2026-01-31T12:00:00.123Z  EAddUser  domain=xyz.com  user=u1",
        "2026-01-31T12:00:00.123Z  ESetCatchallUser  domain=a.com",
        "2026-01-31T12:00:00.123Z  EAddUser  domain=xyz.com  user=u3",
    ]
    shown = mailaddon("panel", "watch", "--no-follow", "--json", "--last", "1", "--domain", "xyz.com")
    assert shown.stdout == line(3)
    shown = mailaddon("panel", "watch", "--no-follow", "--operation", "esetcatchalluser", "--operation", "EEditUser")
    assert len(shown.stdout.splitlines()) == 1
    assert own.exists()


def test_what_a_terminal_would_obey_is_not_printed(own: Path) -> None:
    append(own, line(4, keys={"domain": "xyz.com", "user": "\x1b[31mu4\n\u202e"}))
    shown = mailaddon("panel", "watch", "--no-follow", "--last", "1")
    assert shown.stdout == "2026-01-31T12:00:00.123Z  EAddUser  domain=xyz.com  user=?[31mu4??\n"


def test_what_is_left_out_is_mentioned(own: Path) -> None:
    append(own, "nothing\n", "{}\n", line(4))
    shown = mailaddon("panel", "watch", "--no-follow", "--json")
    assert len(shown.stdout.splitlines()) == 4
    assert shown.stderr == "mailaddon panel watch: left out so far: 2 that are no events\n"


def test_events_that_are_not_written_are_mentioned(own: Path) -> None:
    (own / "mailaddon.toml").write_text("events = false\n")
    assert mailaddon("panel", "watch", "--no-follow").stderr == (
        "mailaddon panel watch: the setting events is false, so changes are not written down\n"
    )


@pytest.mark.parametrize("wrong", [("--domain", "xyz"), ("--operation", "ENothing"), ("--last", "-1")])
def test_unfit_options(wrong: tuple[str, str], own: Path) -> None:
    assert own.exists()
    shown = mailaddon("panel", "watch", "--no-follow", *wrong)
    assert shown.exit_code in {1, 2}
    assert shown.stdout == ""


def watching(*options: str, **streams: object) -> "subprocess.Popen[bytes]":
    call = [os.path.join(SCRIPTS, "mailaddon"), "panel", "watch", *options]
    return subprocess.Popen(call, stdin=subprocess.DEVNULL, **{"stderr": subprocess.PIPE, **streams})  # type: ignore[call-overload,no-any-return]


def test_ctrl_c_ends_it_quietly(own: Path) -> None:
    with watching("--last", "1", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(b"user=u3\n")
        append(own, line(4))
        assert process.stdout.readline().endswith(b"user=u4\n")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=HANGS)
    assert (process.returncode, output, errors) == (0, b"", b"")


def test_a_closed_pipe_ends_it_quietly_before_the_next_event(own: Path) -> None:
    assert own.exists()
    with watching("--last", "1", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_pipe_that_is_closed_while_much_is_printed(own: Path) -> None:
    append(own, *map(line, range(3000)))
    with watching("--from-start", "--json", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def until(master: int, end: bytes) -> None:
    """Read from a terminal until this has been printed."""
    printed = b""
    while not printed.endswith(end):
        printed += os.read(master, 1000)


def test_on_a_terminal(own: Path) -> None:
    master, slave = pty.openpty()
    try:
        with watching("--last", "1", stdout=slave, stderr=slave) as process:
            os.close(slave)
            until(master, b"user=u3\r\n")
            append(own, line(4))
            until(master, b"user=u4\r\n")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
    finally:
        os.close(master)
