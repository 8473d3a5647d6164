"""Killed commands: the directory and the mail agree after the next command, and repeating the killed one completes it.

Kills come at a random instant within the command's duration, and, by `strace`, before each single system call that
changes a file.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import FLAGS, MEMORY, SCRIPTS, Home, Outcome, database, disagreements, lines
from patience import HANGS

RANDOM_KILLS = 50  # of each command
MOST_KILLS = 120  # of one command before its system calls; of more, each run takes others
#: System calls that change files or decide when changes last.
CHANGING = (
    "mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,"
    "write,pwrite64,ftruncate,fsync,fdatasync,utimensat"
)
FEATURES = ("1",) * 8


class Scene:
    """What a command is killed in: a home that is put back before each kill, and what has to be true afterwards."""

    def __init__(self, home: Home, *command: str, kept: str = "kept") -> None:
        self.home = home
        self.command = command
        self._kept = home.folder / kept
        # A settings file that has just changed is not compiled: a file less that a kill could leave behind.
        future = time.time() + 3600
        os.utime(home.path / "mailaddon.toml", (future, future))
        for name in ("home", "mail", "export"):
            (home.folder / name).mkdir(exist_ok=True)
            shutil.copytree(home.folder / name, self._kept / name)

    def put_back(self) -> None:
        """Make everything as it was."""
        for name in ("home", "mail", "export"):
            shutil.rmtree(self.home.folder / name)
            shutil.copytree(self._kept / name, self.home.folder / name)

    def start(self, *tracer: str) -> "subprocess.Popen[bytes]":
        """Start the command."""
        return subprocess.Popen(
            [*tracer, os.path.join(SCRIPTS, self.command[0]), *self.command[1:]],
            env=self.home.environment(covered=False) | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def duration(self) -> float:
        """How long the command takes (s)."""
        self.put_back()
        started = time.monotonic()
        assert self.start().wait(HANGS) == 0
        return time.monotonic() - started

    def instants(self) -> Iterator[tuple[str, int]]:
        """Every system call of the command that changes something: its name, and the how manieth of that name."""
        self.put_back()
        trace = self.home.folder / "trace"
        assert self.start("strace", "-qq", "-o", str(trace), "-e", f"trace={CHANGING}").wait(HANGS) == 0
        counts: Counter[str] = Counter()
        for line in trace.read_text(errors="replace").splitlines():
            found = re.match(r"(\w+)\(", line)
            if found:
                counts[found[1]] += 1
                yield found[1], counts[found[1]]

    def kill_after(self, delay: float) -> int:
        """Run the command and kill it; its exit status."""
        process = self.start()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        return process.wait(HANGS)

    def kill_at(self, call: str, number: int) -> int:
        """Run the command and kill it before a system call; the exit status."""
        inject = f"inject={call}:signal=KILL:when={number}"
        return self.start("strace", "-qq", "-o", "/dev/null", "-e", inject).wait(HANGS)


Check = Callable[[Home, Outcome], None]


def sound(home: Home) -> None:
    """What has to be true after any command."""
    assert disagreements(home) == []


def play(scene: Scene, kill: Callable[[], int], after: Check, codes: set[str]) -> int:
    """Kill the command; check; repeat it; check. How the killed one ended."""
    scene.put_back()
    status = kill()
    assert scene.home.call("EGetCatchallUser", "foo.com").code in {"", "not-found"}
    sound(scene.home)
    after(scene.home, Outcome(status, "killed", ""))
    repeated = scene.home.call(*scene.command)
    assert repeated.code in codes | {""}, repeated
    sound(scene.home)
    after(scene.home, Outcome(0, "", ""))
    return status


def kill_everywhere(scene: Scene, after: Check, codes: set[str]) -> None:
    """Kill the command before each system call that changes something."""
    instants = list(scene.instants())
    assert len(instants) > 10
    instants = random.sample(instants, min(len(instants), MOST_KILLS))
    statuses = []
    for call, number in instants:
        try:
            statuses.append(play(scene, lambda c=call, n=number: scene.kill_at(c, n), after, codes))
        except AssertionError as error:
            raise AssertionError(f"killed before {call} number {number}: {error}") from error
    assert statuses.count(-signal.SIGKILL) > 0.9 * len(instants)


def kill_at_random(scene: Scene, after: Check, codes: set[str]) -> None:
    """Kill the command at random instants; who was too late with it kills the next one earlier."""
    chosen = random.Random()
    duration = scene.duration()
    kills = 0
    while kills < RANDOM_KILLS:
        delay = chosen.uniform(0.3, 1) * duration
        try:
            status = play(scene, lambda d=delay: scene.kill_after(d), after, codes)
        except AssertionError as error:
            raise AssertionError(f"killed after {delay:.4f} s: {error}") from error
        assert status in {0, -signal.SIGKILL}
        kills += status != 0
        duration *= 1.03 if status else 0.9


WAYS = pytest.mark.parametrize("way", [kill_everywhere, kill_at_random])
Way = Callable[[Scene, Check, set[str]], None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory, if there is such a place: hundreds of commands wait for the disk otherwise."""
    made = Path(tempfile.mkdtemp(prefix="mailaddon-crash-", dir=MEMORY))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def home(folder: Path) -> Home:
    """One domain with mail."""
    made = Home(folder)
    made.add_domain("foo.com")
    made.deliver("foo.com", "admin", count=1)
    return made


@pytest.fixture
def full(home: Home) -> Home:
    """Another domain, which has everything."""
    home.add_domain("xyz.com", folder=str(home.mail / "own"))
    home.add_user("xyz.com", "u1", "u2")
    for user in ("admin", "u1", "u2"):
        home.deliver("xyz.com", user, count=3, folder=str(home.mail / "own"))
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    home.must("EAddForward", "xyz.com", "u1", "out@example.org")
    home.must("ESetAutoResponder", "xyz.com", "u1", "away", "text")
    home.must("EAddDistributionList", "foo.com", "team")
    home.must("EAddDistributionListMember", "foo.com", "team", "u1@xyz.com")
    home.must("ESetCatchallUser", "xyz.com", "u1@xyz.com")
    return home


def mail_of(home: Home, user: str, domain: str = "xyz.com", folder: str = "own") -> int:
    """How many messages a user has."""
    place = home.maildir(domain, user, folder=str(home.mail / folder)) / "cur"
    return len(os.listdir(place)) if place.exists() else 0


# The four commands


@WAYS
def test_add_domain(home: Home, way: Way) -> None:
    def after(home: Home, done: Outcome) -> None:
        found = home.call("EGetCatchallUser", "new.com")
        assert found.seen in {(0, "", "admin@new.com\n"), (1, "not-found", "")}
        assert found.status == 0 or done.status != 0
        assert (home.mail / "made/deep/new.com/admin/Maildir/cur").exists() == (found.status == 0)
        assert (home.mail / "made").exists() == (found.status == 0)

    command = ("EAddDomain", "new.com", "192.0.2.1", f"{home.mail}/made/deep", "5", "admin", "pw", "0", *FLAGS)
    way(Scene(home, *command), after, {"already-exists"})


@WAYS
def test_delete_user(full: Home, way: Way) -> None:
    def after(home: Home, done: Outcome) -> None:
        found = home.call("EGetForwardList", "xyz.com", "u1")
        assert found.seen in {(0, "", "out@example.org\n"), (1, "not-found", "")}
        there = found.status == 0
        assert not there or done.status != 0
        assert mail_of(home, "u1") == (3 if there else 0)
        assert lines(home.must("EGetDistributionListMemberList", "foo.com", "team")) == ["u1@xyz.com"] * there
        assert lines(home.must("EGetCatchallUser", "xyz.com")) == ["u1@xyz.com"] * there
        assert mail_of(home, "u2") == 3

    way(Scene(full, "EDeleteUser", "xyz.com", "u1"), after, {"not-found"})


@WAYS
def test_delete_domain(full: Home, way: Way) -> None:
    def after(home: Home, done: Outcome) -> None:
        found = home.call("EGetForwardList", "xyz.com", "u1")
        assert found.seen in {(0, "", "out@example.org\n"), (1, "not-found", "")}
        there = found.status == 0
        assert not there or done.status != 0
        for user in ("admin", "u1", "u2"):
            assert mail_of(home, user) == (3 if there else 0)
        assert lines(home.must("EGetDistributionListMemberList", "foo.com", "team")) == ["u1@xyz.com"] * there
        assert (home.mail / "own").exists() == there
        assert mail_of(home, "admin", "foo.com", "") == 1

    way(Scene(full, "EDeleteDomain", "xyz.com"), after, {"not-found"})


def transfer(home: Home, command: str) -> tuple[str, ...]:
    return (command, "xyz.com", f"{home.mail}/own", f"{home.folder}/export", "admin", *FEATURES)


@WAYS
@pytest.mark.parametrize("into", ["nothing", "what the panel has created"])
def test_import_domain(full: Home, way: Way, into: str) -> None:
    for command in ("EPreExportDomain", "EPostExportDomain"):
        full.must(*transfer(full, command))
    full.must("EDeleteDomain", "xyz.com")
    if into != "nothing":
        full.add_domain("xyz.com", folder=str(full.mail / "own"))
        full.add_user("xyz.com", "u2", "u3")
        full.deliver("xyz.com", "u3", count=1, folder=str(full.mail / "own"))
        place = full.maildir("xyz.com", "u2", folder=str(full.mail / "own"))
        (place / "new" / "9.later.host").write_bytes(b"came meanwhile")

    def after(home: Home, done: Outcome) -> None:
        found = home.call("EGetForwardList", "xyz.com", "u1")
        assert found.seen in {(0, "", "out@example.org\n"), (1, "not-found", "")}
        there = found.status == 0
        assert there or done.status != 0
        for user in ("admin", "u1", "u2"):
            assert mail_of(home, user) == (3 if there else 0)
        assert (home.mail / "own").exists() == (there or into != "nothing")
        if into != "nothing":
            assert mail_of(home, "u3") == 1
            assert os.listdir(home.maildir("xyz.com", "u2", folder=str(home.mail / "own")) / "new") == ["9.later.host"]

    way(Scene(full, *transfer(full, "EPostImportDomain")), after, {""})


@WAYS
@pytest.mark.parametrize("command", ["EPreExportDomain", "EPostExportDomain", "EPreImportDomain"])
def test_export_domain(full: Home, way: Way, command: str) -> None:
    """An earlier export can be used until the new one takes its place, and the domain stays as it is."""
    for first in ("EPreExportDomain", "EPostExportDomain"):
        full.must(*transfer(full, first))
    full.must("EAddForward", "xyz.com", "u2", "out@example.org")
    (full.maildir("xyz.com", "u2", folder=str(full.mail / "own")) / "new" / "9.later.host").write_bytes(b"new")
    if command == "EPostExportDomain":
        full.must(*transfer(full, "EPreExportDomain"))

    def after(home: Home, done: Outcome) -> None:
        assert home.must(*transfer(home, "EPreImportDomain")) == ""
        assert lines(home.must("EGetForwardList", "xyz.com", "u2")) == ["out@example.org"]
        assert [mail_of(home, user) for user in ("admin", "u1", "u2")] == [3, 3, 3]
        if command == "EPostExportDomain" and done.status == 0:
            assert os.listdir(home.folder / "export") == ["xyz.com.mailaddon"]
            settings = (home.folder / "export/xyz.com.mailaddon/settings.json").read_text()
            assert settings.count("out@example.org") == 2

    way(Scene(full, *transfer(full, command)), after, {""})


@WAYS
def test_the_first_command_of_a_home(folder: Path, way: Way) -> None:
    """The directory itself is made."""
    home = Home(folder)

    def after(home: Home, done: Outcome) -> None:
        found = home.call("EGetCatchallUser", "foo.com")
        assert found.seen in {(0, "", "admin@foo.com\n"), (1, "not-found", "")}
        assert found.status == 0 or done.status != 0
        assert sorted(os.listdir(home.path)) in (
            ["directory.sqlite3", "journal", "mailaddon.toml"],
            ["directory.sqlite3", "events.jsonl", "journal", "mailaddon.toml"],
            ["directory.sqlite3", "mailaddon.toml"],
        )

    command = ("EAddDomain", "foo.com", "192.0.2.1", f"{home.mail}/own", "5", "admin", "pw", "0", *FLAGS)
    way(Scene(home, *command), after, {"already-exists"})


def test_killed_while_putting_right(full: Home) -> None:
    """Who finishes what a killed command left may be killed over it too."""
    chosen = random.Random()
    scene = Scene(full, "EDeleteDomain", "xyz.com")
    instants = list(scene.instants())
    reader = Scene(full, "EGetCatchallUser", "foo.com", kept="kept by the reader")
    for call, number in instants[len(instants) // 4 :: 2]:
        scene.put_back()
        scene.kill_at(call, number)
        for _time in range(3):
            reader.kill_after(chosen.uniform(0.01, 0.06))
        assert full.must("EGetCatchallUser", "foo.com") == "admin@foo.com\n"
        sound(full)
        there = full.call("EGetForwardList", "xyz.com", "u1").status == 0
        assert [mail_of(full, user) for user in ("admin", "u1", "u2")] == ([3, 3, 3] if there else [0, 0, 0])


def test_ids_are_not_reused_after_a_kill(full: Home) -> None:
    with database(full) as connection:
        highest = connection.execute("SELECT max(id) FROM address").fetchone()[0]
    connection.close()
    Scene(full, "EDeleteUser", "xyz.com", "u2").kill_at("unlink", 1)
    full.add_user("xyz.com", "u9")
    with database(full) as connection:
        assert connection.execute("SELECT id FROM address WHERE local_part = 'u9'").fetchone()[0] > highest
    connection.close()
