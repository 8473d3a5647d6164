"""`mailaddon batch --journal`: killed at any instant, the same command goes on; nothing is lost, nothing done twice."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from harness import MEMORY, USER_FLAGS, Home, disagreements, rows_of
from test_crash import Scene
from umbrella import SCRIPTS, mailaddon

from mailaddon import AlreadyExists, Context, NotFound, hookimpl, records
from mailaddon.errors import Unavailable

Line = dict[str, Any]
KILLS = 15


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, if there is such a place."""
    made = Path(tempfile.mkdtemp(prefix="mailaddon-batch-", dir=MEMORY))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def home(folder: Path, directory: str, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(folder, directory=directory)
    made.add_domain("xyz.com")
    monkeypatch.setenv("MAILADDON_HOME", str(made.path))
    return made


def add(user: str) -> Line:
    return {"command": "EAddUser", "arguments": ["xyz.com", user, "s3cr3t-m4rk", "", "", "", *USER_FLAGS]}


def delete(user: str) -> Line:
    return {"command": "EDeleteUser", "arguments": ["xyz.com", user]}


def working_day(users: int) -> list[Line]:
    """Calls whose outcomes depend on all before them: a second run of any would end otherwise."""
    found: list[Line] = []
    for number in range(users):
        found.append(add(f"n{number}"))
        if number % 3 == 0:
            found.append(add(f"n{number}"))  # refused
        if number % 4 == 1:
            found += [delete(f"n{number - 1}"), delete(f"n{number - 1}")]  # the second is refused
        if number % 8 == 2:
            found.append(add(f"n{number - 2}"))  # again; refused if it is there
        found.append({"command": "users", "arguments": ["xyz.com"]})
    return found


def written(home: Home, calls: list[Line]) -> str:
    path = home.folder / "in.jsonl"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls))
    return str(path)


def run(*options: str, given: "list[Line] | None" = None) -> Result:
    text = None if given is None else "".join(json.dumps(line) + "\n" for line in given)
    return mailaddon("batch", *options, given=text)


def answers(output: "bytes | str") -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def users(home: Home) -> list[str]:
    with rows_of(home) as rows:
        return sorted(row[0] for row in rows("SELECT local_part FROM address WHERE kind = 'user'"))


def left_over(home: Home) -> int:
    with rows_of(home) as rows:
        return len(rows("SELECT name FROM progress"))


@pytest.fixture
def expected(tmp_path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The answers, and the users, of a working day on which nobody is killed."""
    reference = Home(tmp_path / "reference")
    reference.add_domain("xyz.com")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILADDON_HOME", str(reference.path))
        return answers(run(written(reference, working_day(60))).stdout), users(reference)


def test_a_run_that_has_ended_is_not_done_again(home: Home) -> None:
    journal = str(home.folder / "journal")
    calls = [add("a"), add("a"), delete("a")]
    first = run("--journal", journal, "--group", "2", given=calls)
    assert [one["ok"] for one in answers(first.stdout)] == [True, False, True]
    again = run("--journal", journal, "--group", "2", given=calls)
    assert (again.exit_code, again.output) == (1, "")  # one was refused, if not now
    more = run("--journal", journal, given=[*calls, add("b")])
    assert [(one["line"], one["ok"]) for one in answers(more.stdout)] == [(4, True)]
    assert users(home) == ["admin", "b"]
    assert left_over(home) == 0
    assert (home.folder / "journal").stat().st_mode & 0o777 == 0o600
    assert "s3cr3t-m4rk" not in (home.folder / "journal").read_text()


def test_what_was_committed_and_not_noted_is_printed_and_not_done_again(home: Home) -> None:
    """As if it had been killed right after the commit of the second group."""
    journal = home.folder / "journal"
    calls = [add("a"), add("b"), add("b"), add("c"), add("d")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailaddon.cli._batch_journal.Journal.finish", lambda _self: None)
        run("--journal", str(journal), "--group", "2", "--stop-on-error", given=calls)
    kept = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(kept[:-1]) + kept[-1][:9])  # torn, too
    result = run("--journal", str(journal), "--group", "2", given=calls)
    found = answers(result.stdout)
    assert [(one["line"], one["ok"]) for one in found] == [(3, False), (4, True), (5, True)]
    assert result.exit_code == 1
    assert users(home) == ["a", "admin", "b", "c", "d"]
    assert left_over(home) == 0


def test_the_input_has_to_be_the_same(home: Home) -> None:
    journal = str(home.folder / "journal")
    run("--journal", journal, given=[add("a"), add("b")])
    for other in ([add("a"), add("c"), add("d")], [add("a")], []):
        result = run("--journal", journal, given=other)
        assert result.stderr.endswith("[conflict]\n")
    table = "DomainName,UserName\nxyz.com,a\n"
    result = mailaddon("batch", "--csv", "--command", "EDeleteUser", "--journal", journal, given=table)
    assert "is of another batch" in result.stderr
    (home.folder / "notes.txt").write_text("somebody's notes\n")
    assert run("--journal", str(home.folder / "notes.txt"), given=[]).stderr.endswith("[conflict]\n")
    assert (home.folder / "notes.txt").read_text() == "somebody's notes\n"
    assert run("--journal", str(home.folder), given=[]).stderr.endswith("[storage-failed]\n")
    assert run("--journal", "/dev/null", given=[]).stderr.endswith("[not-configured]\n")
    assert users(home) == ["a", "admin", "b"]


def test_only_one_may_run_with_a_journal(home: Home) -> None:
    call = [os.path.join(SCRIPTS, "mailaddon"), "batch", "--journal", str(home.folder / "journal")]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home.environment()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(add("a")).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert run("--journal", str(home.folder / "journal"), given=[]).stderr.endswith("[unavailable]\n")
        process.stdin.close()
        assert process.wait(60) == 0


def test_all_is_done_once(home: Home) -> None:
    journal = home.folder / "journal"
    calls = [add("a"), add("b")]
    refused = run("--all", "--journal", str(journal), given=[*calls, add("a")])
    assert refused.exit_code == 1
    assert users(home) == ["admin"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailaddon.cli._batch_journal.Journal.reach", _killed)
        assert run("--all", "--journal", str(journal), given=calls).exit_code == 1
    again = run("--all", "--journal", str(journal), given=calls)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == "mailaddon batch: what is in the journal was done before\n"
    assert users(home) == ["a", "admin", "b"]
    assert left_over(home) == 0


def _killed(*_arguments: object) -> None:
    raise KeyboardInterrupt


def test_where_nobody_knows_whether_a_group_is_committed_the_backend_is_asked(home: Home) -> None:
    from mailaddon.directory.store import Transaction

    original = Transaction._commit  # noqa: SLF001

    def commit(self: Any) -> None:
        original(self)
        if self.one("SELECT 1 FROM address WHERE local_part = 'b'"):
            self.journal.leave()
            raise Unavailable("it went away while the change was made")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "_commit", commit)
        calls = [add("a"), add("b"), add("b")]
        result = run("--group", "3", "--journal", str(home.folder / "journal"), given=calls)
    assert [one["ok"] for one in answers(result.stdout)] == [True, True, False]
    assert users(home) == ["a", "admin", "b"]


def test_a_database_that_has_gone_ends_the_run_which_goes_on_when_it_is_back(home: Home) -> None:
    from mailaddon.directory.store import Transaction

    original = Transaction._commit  # noqa: SLF001

    def commit(self: Any) -> None:
        if self.one("SELECT 1 FROM address WHERE local_part = 'c'"):
            self._roll_back()
            self.journal.undo()
            raise Unavailable("it does not answer")
        original(self)

    options = ("--group", "2", "--journal", str(home.folder / "journal"))
    calls = [add("a"), add("b"), add("c"), add("d"), add("e")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "_commit", commit)
        result = run(*options, given=calls)
    assert [one["line"] for one in answers(result.stdout)] == [1, 2]
    assert (result.exit_code, result.stderr) == (1, "mailaddon batch: it does not answer [unavailable]\n")
    again = run(*options, given=calls)
    assert [(one["line"], one["ok"]) for one in answers(again.stdout)] == [(3, True), (4, True), (5, True)]
    assert (again.exit_code, users(home)) == (0, ["a", "admin", "b", "c", "d", "e"])


# Killed


def finished(home: Home, call: list[str], output: Path, delays: Iterator[float]) -> int:
    """Run a batch until it ends, killing it after each delay; how many kills hit it."""
    kills = 0
    for delay in delays:
        with output.open("ab") as file:
            process = subprocess.Popen(call, stdout=file, env=home.environment(covered=False))
        try:
            assert process.wait(delay) == 1  # some are refused
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += process.wait(60) == -signal.SIGKILL
            assert home.call("EGetCatchallUser", "xyz.com").status == 0
            assert disagreements(home) == []
        else:
            return kills
    raise AssertionError("it never ends")


@pytest.mark.parametrize("group", ["1", "7", "50"])
def test_killed_again_and_again(home: Home, group: str, expected: tuple[list[dict[str, Any]], list[str]]) -> None:
    wanted, there = expected
    path = written(home, working_day(60))
    chosen = random.Random()
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        shutil.rmtree(home.folder / "batch", ignore_errors=True)
        (home.folder / "batch").mkdir()
        call = [os.path.join(SCRIPTS, "mailaddon"), "batch", "--group", group]
        call += ["--journal", str(home.folder / "batch/journal"), path]
        output = home.folder / "batch/output"
        started = time.monotonic()
        home.program("mailaddon", "settings", covered=False)
        least = time.monotonic() - started
        kills += finished(home, call, output, (chosen.uniform(0.7, 2) * (least + n / 50) for n in range(500)))
        found = {one["line"]: one for one in answers(output.read_bytes())}
        assert [found[line] for line in sorted(found)] == wanted
        assert users(home) == there
        assert left_over(home) == 0
        for user in there:
            if user != "admin":
                home.must("EDeleteUser", "xyz.com", user)
    assert rounds < 20


@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
def test_killed_before_each_system_call_of_a_group(home: Home) -> None:
    """Whatever the instant: the answers of both runs are those of one, and so is the outcome."""
    home.add_user("xyz.com", "old")
    home.deliver("xyz.com", "old", count=2)
    calls = [add("a"), add("a"), delete("old"), delete("nobody"), add("old"), delete("a"), add("b")]
    path = written(home, calls)
    (home.folder / "export").mkdir()
    journal = home.folder / "export/journal"
    call = ["batch", "--group", "4", "--journal", str(journal), path]
    scene = Scene(home, "mailaddon", *call)

    def output() -> list[dict[str, Any]]:
        done = subprocess.run(
            [os.path.join(SCRIPTS, "mailaddon"), *call],
            capture_output=True, check=False, env=home.environment(covered=False), timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        return answers(done.stdout)

    scene.put_back()
    wanted = output()
    assert [one["ok"] for one in wanted] == [True, False, True, False, True, True, True]
    instants = _instants(scene)
    killed = 0
    for name, number in random.sample(instants, min(len(instants), 60)):
        scene.put_back()
        killed += scene.kill_at(name, number) == -signal.SIGKILL
        home.must("EGetCatchallUser", "xyz.com")
        assert disagreements(home) == [], (name, number)
        noted = _line(journal)
        rest = output()
        # What was noted had been printed; what follows is printed now, perhaps once more.
        assert rest == wanted[len(wanted) - len(rest) :], (name, number)
        assert len(rest) >= len(wanted) - noted, (name, number)
        assert users(home) == ["admin", "b", "old"], (name, number)
        assert os.listdir(home.maildir("xyz.com", "old") / "cur") == [], (name, number)
        assert disagreements(home) == [], (name, number)
        assert left_over(home) == 0
    assert killed > 30


def _instants(scene: Scene) -> list[tuple[str, int]]:
    """System calls that change something, of a command that ends with 1."""
    from test_crash import CHANGING

    scene.put_back()
    trace = scene.home.folder / "trace"
    assert scene.start("strace", "-qq", "-o", str(trace), "-e", f"trace={CHANGING}").wait(60) == 1
    counts: dict[str, int] = {}
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        name = line.partition("(")[0]
        if name.isidentifier():
            counts[name] = counts.get(name, 0) + 1
            found.append((name, counts[name]))
    return found


def _line(journal: Path) -> int:
    if not journal.exists():
        return 0
    found = [json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return max((entry.get("line", 0) for entry in found), default=0)


# Backends without transactions


class Plain:
    """A backend as they were before there were transactions; its users are files."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        self._folder = Path(context.home)

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        try:
            (self._folder / f"user-{request.user}").touch(exist_ok=False)
        except FileExistsError:
            raise AlreadyExists(f"user {request.user} already exists") from None
        if request.user == os.environ.get("KILL"):
            os.kill(os.getpid(), signal.SIGKILL)

    @hookimpl
    def delete_user(self, request: records.UserRef) -> None:
        try:
            (self._folder / f"user-{request.user}").unlink()
        except FileNotFoundError:
            raise NotFound(f"user {request.user} does not exist") from None
        if request.user == os.environ.get("KILL"):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deletes", [False, True])
def test_without_transactions_what_was_under_way_counts_as_done(home: Home, *, deletes: bool) -> None:
    calls = [add("a"), add("b"), *([delete("b")] if deletes else []), add("c"), add("a"), delete("nobody")]
    path = written(home, calls)
    call = [os.path.join(SCRIPTS, "mailaddon"), "batch", "--journal", str(home.folder / "journal"), path]
    environment = home.environment() | {
        "MAILADDON_BACKEND": "test_batch_journal:Plain",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    if deletes:
        (home.path / "user-b").touch()  # adding it is refused, and deleting it kills
        calls[1] = add("a")
        path = written(home, calls)
    first = subprocess.run(call, capture_output=True, check=False, env=environment | {"KILL": "b"}, timeout=60)
    assert first.returncode == -signal.SIGKILL
    second = subprocess.run(call, capture_output=True, check=False, env=environment, timeout=60)
    found = answers(first.stdout) + answers(second.stdout)
    assert [one["line"] for one in found] == list(range(1, len(calls) + 1))
    expected = [True, False, True, True, False, False] if deletes else [True, True, True, False, False]
    assert [one["ok"] for one in found] == expected
    assert second.returncode == 1
