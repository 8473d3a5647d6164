"""What the installed commands ask of the kernel: files, processes, connections, synchronisations, counted.

Clocks differ from machine to machine and from minute to minute; these counts do not, so they are what keeps a start
short. They are limits: raise one only with a reason, and write down what it costs (docs/startup.md).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import SCRIPTS, Panel
from system_calls import Beyond, Trace, empty_program

#: What an operation on the embedded backend opens in its home.
READ = [".mailaddon.toml.compiled", "directory.sqlite3", "directory.sqlite3-shm", "directory.sqlite3-wal", "journal"]
WRITTEN = sorted([*READ, "events.jsonl"])
#: What SQLite opens besides when it writes.
BY_SQLITE = {"/dev/urandom"}


class Call(NamedTuple):
    """A call, and the most that it may do beyond an empty program.

    Attributes:
        words: the command and its arguments; `{n}` is another number each time.
        status: how it ends.
        modules: modules of its own that it loads.
        opens: files and folders that it opens, the modules among them.
        stats: how often it looks at a file without opening it, or at an open one.
        syncs: how often it waits for the disk.
        files: what it opens in its home.
    """

    words: str
    status: int
    modules: int
    opens: int
    stats: int
    syncs: int
    files: list[str]


CALLS = (
    Call("EGetUserAliasList xyz.com admin", 0, 25, 36, 215, 0, READ),
    Call("EGetForwardList xyz.com admin", 0, 25, 36, 215, 0, READ),
    Call("EGetUserAliasList xyz.com nobody", 1, 25, 37, 215, 0, sorted([*READ, "mailaddon.toml"])),
    Call("EGetDomainAliasList xyz.com", 0, 26, 37, 220, 0, READ),
    Call("EGetMailingListList xyz.com", 0, 26, 37, 220, 0, READ),
    Call("EAddUserAlias xyz.com admin a{n}", 0, 27, 41, 225, 5, WRITTEN),
    Call("EAddForward xyz.com admin a{n}@example.org", 0, 27, 41, 225, 5, WRITTEN),
    Call("EAddMailingList xyz.com list{n}", 0, 27, 41, 225, 5, WRITTEN),
    Call("EGetUserAliasList xyz.com u{n}'", 1, 9, 14, 80, 0, ["mailaddon.toml"]),
    Call("EGetUserAliasList xyz.com", 1, 9, 14, 80, 0, ["mailaddon.toml"]),
    Call("EAddDomain", 1, 10, 15, 85, 0, ["mailaddon.toml"]),
    Call("EGetUserAliasList --version", 0, 9, 13, 80, 0, []),
)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trace]:
    """Runs a command under `strace`, on a home that has been used before."""
    panel = Panel(tmp_path_factory.mktemp("calls").resolve())
    panel.settings("[password]\nargon2id_time = 1\n")
    os.utime(panel.home / "mailaddon.toml", (1_000_000_000, 1_000_000_000))  # long enough ago to be compiled
    panel.add_domain()
    panel.prints("EAddUserAlias", "xyz.com", "admin", "a0")  # takes over what the command before has left

    def run(*command: "str | bytes | Path") -> Trace:
        return Trace(panel, *command)

    run.panel = panel  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize("call", CALLS, ids=[call.words for call in CALLS])
def test_a_command_does_no_more_than_this(call: Call, traced: Callable[..., Trace], tmp_path: Path) -> None:
    home = traced.panel.home  # type: ignore[attr-defined]
    empty = traced(*empty_program(tmp_path, *(("_sqlite3", "__future__") if "journal" in call.files else ())))
    name = call.words.split()[0]
    for n in (1, 2):  # the first one compiles what the installer has not
        trace = traced(SCRIPTS / name, *call.words.format(n=n).split()[1:])
    assert trace.status == call.status, trace.output
    beyond = Beyond(trace, empty, home)
    assert beyond.files == call.files
    assert set(beyond.elsewhere) <= {str(SCRIPTS), str(SCRIPTS / name), str(home), *BY_SQLITE}
    assert len(beyond.modules) <= call.modules, beyond.modules
    assert beyond.calls["openat"] <= call.opens
    assert beyond.calls["stat"] + beyond.calls["access"] + beyond.calls["readlink"] <= call.stats
    assert beyond.calls["fsync"] <= call.syncs
    assert beyond.calls["write"] <= 1, "what is printed is written at once, and so is an event"
    assert trace.calls["execve"] == 1
    for never in ("clone", "socket", "connect", "pipe", "pipe2"):
        assert trace.calls[never] == 0


def test_help_opens_nothing_of_a_home(traced: Callable[..., Trace], tmp_path: Path) -> None:
    empty = traced(*empty_program(tmp_path, "shlex", "textwrap"))
    beyond = Beyond(traced(SCRIPTS / "EAddUser", "--help"), empty, traced.panel.home)  # type: ignore[attr-defined]
    assert beyond.files == []
    assert set(beyond.elsewhere) <= {str(SCRIPTS), str(SCRIPTS / "EAddUser")}
    assert len(beyond.modules) <= 10


def test_what_a_program_does_on_top_is_seen(traced: Callable[..., Trace], tmp_path: Path) -> None:
    """The counts above mean something: they see a library, a file and a process too many."""
    empty = traced(*empty_program(tmp_path))
    assert empty.status == 0
    program = tmp_path / "busy"
    extra = tmp_path / "extra"
    program.write_text(
        f"import json, os\nos.fsync(os.open({str(extra)!r}, os.O_CREAT | os.O_WRONLY))\n"
        "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\nos.stat('/')\nos._exit(0)\n"
    )
    busy = traced(empty_program(tmp_path)[0], program)
    beyond = Beyond(busy, empty, tmp_path)
    assert any("json" in path for path in beyond.elsewhere)
    assert "extra" in beyond.files
    assert beyond.calls["stat"] > 0
    assert beyond.calls["fsync"] == 1
    assert (busy.calls["execve"], busy.calls["clone"]) == (2, 1)
