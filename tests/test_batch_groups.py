"""`mailaddon batch` in groups, all or nothing, and as a rehearsal."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from harness import USER_FLAGS, Home, disagreements, lines, tree
from mailaddon.backends.embedded import EmbeddedBackend
from umbrella import SCRIPTS, mailaddon

from mailaddon import Context, hookimpl, records
from mailaddon.cli import _batch_running as running
from mailaddon.directory.store import Directory
from mailaddon.errors import StorageFailed, Unavailable

Line = dict[str, Any]


@pytest.fixture
def home(tmp_path: Path, directory: str, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path, directory=directory)
    made.add_domain("xyz.com")
    made.add_user("xyz.com", "u1")
    monkeypatch.setenv("MAILADDON_HOME", str(made.path))
    return made


def add(user: str, domain: str = "xyz.com") -> Line:
    return {"command": "EAddUser", "arguments": [domain, user, "s3cr3t-m4rk", "", "", "", *USER_FLAGS], "id": user}


def delete(user: str) -> Line:
    return {"command": "EDeleteUser", "arguments": ["xyz.com", user]}


ALIASES = {"command": "EGetUserAliasList", "arguments": ["xyz.com", "u1"]}


def run(*options: str, given: list[Line]) -> Result:
    return mailaddon("batch", *options, given="".join(json.dumps(line) + "\n" for line in given))


def codes(result: Result) -> list[str]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return ["ok" if one["ok"] else one["error"]["code"] for one in found]


def there(home: Home, *users: str) -> list[bool]:
    with home.service() as service:
        found = [home.call("EGetForwardList", "xyz.com", user, service=service).status == 0 for user in users]
    assert disagreements(home) == []
    return found


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions are committed: one entry for each."""
    found: list[int] = []
    for database in ("_sqlite.SQLite", "_postgresql.PostgreSQL"):
        module, name = database.split(".")
        cls = getattr(__import__(f"mailaddon.directory.{module}", fromlist=[name]), name)
        original = cls.commit
        monkeypatch.setattr(cls, "commit", lambda self, c, o=original: (found.append(1), o(self, c))[1])
    return found


def test_calls_share_a_commit_and_are_answered_in_order(home: Home, commits: list[int]) -> None:
    result = run("--group", "10", given=[add(f"n{number}") for number in range(35)])
    assert codes(result) == ["ok"] * 35
    assert [json.loads(line)["line"] for line in result.stdout.splitlines()] == list(range(1, 36))
    assert len(commits) == 4
    assert all(there(home, *(f"n{number}" for number in range(35))))
    assert "s3cr3t-m4rk" not in result.output


def test_a_refused_call_takes_nothing_of_its_neighbours_with_it(home: Home) -> None:
    home.deliver("xyz.com", "u1", count=2)
    given = [add("a"), add("a"), delete("nobody"), {"command": "nonsense"}, delete("u1"), add("u1"), delete("admin")]
    result = run("--group", "100", given=[*given, add("b", "no.com"), add("c")])
    expected = ["ok", "already-exists", "not-found", "usage", "ok", "ok", "conflict", "not-found", "ok"]
    assert codes(result) == expected
    assert result.exit_code == 1
    assert there(home, "a", "b", "c", "u1") == [True, False, True, True]
    assert os.listdir(home.maildir("xyz.com", "u1") / "cur") == []


def test_a_call_sees_what_its_group_has_done_so_far(home: Home) -> None:
    alias = {"command": "EAddUserAlias", "arguments": ["xyz.com", "u1", "a11"]}
    result = run("--group", "10", given=[alias, ALIASES, {**alias, "command": "EDeleteUserAlias"}, ALIASES])
    assert [json.loads(line)["result"] for line in result.stdout.splitlines()] == [None, ["a11"], None, []]
    assert there(home, "u1") == [True]


def test_events_follow_the_commit(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    events = home.path / "events.jsonl"
    before = events.read_text()
    given = [add("a"), add("a"), add("b")]
    with monkeypatch.context() as patch:
        patch.setattr("mailaddon.directory.store.Transaction._commit", _refuse)
        run("--group", "10", given=given)
        assert events.read_text() == before
    run("--group", "10", given=given)
    told = [json.loads(line)["keys"]["user"] for line in lines(events.read_text().removeprefix(before))]
    assert told == ["a", "b"]


def _refuse(self: Any) -> None:
    self._roll_back()
    self.journal.undo()
    raise StorageFailed("the disk is full")


def test_where_a_group_cannot_be_committed_each_call_is_tried_by_itself(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailaddon.directory.store import Transaction

    original = Transaction._commit  # noqa: SLF001

    def commit(self: Any) -> None:
        if self.one("SELECT 1 FROM address WHERE local_part = 'bad'"):
            _refuse(self)
        original(self)

    monkeypatch.setattr(Transaction, "_commit", commit)
    result = run("--group", "10", given=[add("a"), add("bad"), add("a"), add("b")])
    assert codes(result) == ["ok", "storage-failed", "already-exists", "ok"]
    assert there(home, "a", "bad", "b") == [True, False, True]


def test_where_the_database_has_gone_each_call_says_so_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: Any) -> None:
        self._roll_back()
        self.journal.undo()
        raise Unavailable("it does not answer")

    with monkeypatch.context() as patch:
        patch.setattr("mailaddon.directory.store.Transaction._commit", gone)
        result = run("--group", "10", given=[add("a"), add("u1"), add("b")])
    assert codes(result) == ["unavailable", "already-exists", "unavailable"]
    assert there(home, "a", "b") == [False, False]


@pytest.mark.parametrize("group", ["1", "3"])
def test_the_first_failure_may_end_the_run(home: Home, group: str) -> None:
    result = run("--group", group, "--stop-on-error", given=[add("a"), add("a"), add("b")])
    assert codes(result) == ["ok", "already-exists"]
    assert there(home, "a", "b") == [True, False]


def test_a_group_ends_when_it_has_kept_others_waiting(
    home: Home, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LONGEST", 0.0)
    assert codes(run("--group", "10", given=[add("a"), add("b"), add("c")])) == ["ok"] * 3
    assert len(commits) == 3
    assert there(home, "a", "b", "c") == [True] * 3


def test_exports_and_imports_run_between_groups(home: Home) -> None:
    transfer = ["xyz.com", str(home.mail), str(home.folder / "export"), "admin", *("1",) * 8]
    commands = ["EPreExportDomain", "EPostExportDomain", "EPreImportDomain", "EPostImportDomain"]
    given = [add("a"), add("b"), *({"command": name, "arguments": transfer} for name in commands), delete("a")]
    assert codes(run("--group", "10", given=given)) == ["ok"] * 7
    assert there(home, "a", "b") == [False, True]
    settings = home.folder / "export/xyz.com.mailaddon/settings.json"
    assert {user["name"] for user in json.loads(settings.read_text())["users"]} == {"admin", "u1", "a", "b"}
    refused = run("--all", given=[add("c"), {"command": "EPreExportDomain", "arguments": transfer}])
    assert codes(refused) == ["not-supported"]
    assert there(home, "c") == [False]


def test_who_talks_to_the_process_is_answered_before_a_group_is_full(home: Home) -> None:
    call = [os.path.join(SCRIPTS, "mailaddon"), "batch", "--group", "100"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home.environment()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            line = json.dumps(add(f"n{number}")).encode()
            process.stdin.write(line[:20])
            process.stdin.flush()
            process.stdin.write(line[20:] + b"\n\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == f"n{number}"
            home.must("EAddUserAlias", "xyz.com", "u1", f"a{number}")  # it keeps nobody waiting meanwhile
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert all(there(home, "n0", "n1", "n2"))


# All or nothing


def test_all_or_nothing(home: Home, commits: list[int]) -> None:
    before = tree(home.mail)
    events = (home.path / "events.jsonl").read_text()
    result = run("--all", given=[add("a"), delete("u1"), add("b"), add("a"), add("c")])
    assert (result.exit_code, codes(result)) == (1, ["already-exists"])
    assert json.loads(result.stdout)["line"] == 4
    assert result.stderr == "mailaddon batch: nothing has been changed\n"
    assert commits == []
    assert tree(home.mail) == before
    assert (home.path / "events.jsonl").read_text() == events
    assert there(home, "a", "b", "c", "u1") == [False, False, False, True]
    commits.clear()
    result = run("--all", given=[add("a"), delete("u1"), add("b")])
    assert (result.exit_code, codes(result), commits) == (0, ["ok"] * 3, [1])
    assert there(home, "a", "b", "u1") == [True, True, False]


def test_all_waits_for_nobody_who_writes_its_input(home: Home) -> None:
    call = [os.path.join(SCRIPTS, "mailaddon"), "batch", "--all"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home.environment()) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(add("a")).encode() + b"\n")
        process.stdin.flush()
        home.must("EAddUserAlias", "xyz.com", "u1", "a11")
        output, _ = process.communicate()
        assert json.loads(output)["ok"]
    assert there(home, "a") == [True]


# Rehearsals


def test_a_dry_run_says_what_would_become_of_each_call(home: Home) -> None:
    home.deliver("xyz.com", "u1", count=2)
    before, events = tree(home.mail), (home.path / "events.jsonl").read_text()
    export = {"command": "EPreExportUser", "arguments": ["xyz.com", "u1", str(home.mail), "/x", *USER_FLAGS]}
    given = [add("a"), add("a"), delete("u1"), ALIASES, add("u1"), {"command": "nonsense"}, ALIASES, export]
    result = run("--dry-run", given=given)
    assert codes(result) == ["ok", "already-exists", "ok", "not-found", "ok", "usage", "ok", "ok"]
    assert all(json.loads(line)["dry_run"] for line in result.stdout.splitlines())
    assert result.exit_code == 1
    assert tree(home.mail) == before
    assert (home.path / "events.jsonl").read_text() == events
    assert there(home, "a", "u1") == [False, True]
    assert codes(run("--dry-run", "--stop-on-error", given=given)) == ["ok", "already-exists"]


def test_a_dry_run_costs_no_hashes(home: Home) -> None:
    home.set(password__argon2id_memory=65536, password__argon2id_time=200)
    assert codes(run("--dry-run", given=[add(f"n{number}") for number in range(20)])) == ["ok"] * 20


# Backends without transactions


class Plain:
    """A backend as they were before there were transactions; its users are files."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        self._folder = Path(context.home)

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        (self._folder / f"user-{request.user}").touch(exist_ok=False)

    @hookimpl
    def edit_user(self, request: records.UserChange) -> None:
        raise RuntimeError(f"{request.password} {request.user}")


@contextmanager
def backend(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILADDON_BACKEND", f"test_batch_groups:{name}")
        yield


@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
def test_a_backend_without_transactions_says_so(home: Home) -> None:
    with backend("Plain"):
        grouped = run("--group", "10", given=[add("a"), add("b")])
        assert codes(grouped) == ["ok", "ok"]
        assert grouped.stderr.endswith("commits each call by itself, whatever --group says\n")
        refused = run("--all", given=[add("c")])
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.endswith("[not-supported]\n")
        tried = run("--dry-run", given=[add("c"), add("no one"), delete("c"), {"command": "EStopMailServer"}])
        assert codes(tried) == ["ok", "invalid-argument", "not-supported", "ok"]
        assert "only commands and arguments are checked" in tried.stderr
    assert sorted(path.name for path in home.path.glob("user-*")) == ["user-a", "user-b"]


class Watching:
    """Wraps a hook, and would be told of what is undone afterwards."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        pass

    @hookimpl(wrapper=True)
    def add_user(self, request: records.NewUser) -> Any:  # noqa: ARG002
        return (yield)


@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
def test_with_a_wrapper_each_call_commits_by_itself(home: Home) -> None:
    home.set(plugins=["test_batch_groups:Watching"])
    result = run("--group", "10", given=[add("a"), add("b")])
    assert codes(result) == ["ok", "ok"]
    assert "commits each call by itself" in result.stderr


class Failing(EmbeddedBackend):
    """A backend with defects."""

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        if request.user == "defect":
            raise RuntimeError(f"cannot store {request.password}")
        super().add_user(request)


class NeverBegins(EmbeddedBackend):
    """A backend whose transactions do not begin."""

    def transaction(self, *, rehearsal: bool = False) -> Any:
        raise RuntimeError(f"no transaction today, {rehearsal}")


@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
def test_a_defect_is_that_calls(home: Home) -> None:
    with backend("Failing"):
        result = run("--group", "10", given=[add("a"), add("defect"), add("b")])
    assert codes(result) == ["ok", "internal", "ok"]
    assert there(home, "a", "b") == [True, True]
    with backend("NeverBegins"):
        result = run("--group", "10", given=[add("c"), add("d")])
    assert codes(result) == ["internal", "internal"]
    assert "s3cr3t-m4rk" not in (home.path / "log/errors.log").read_text() + result.output


@pytest.mark.parametrize("options", [("--dry-run", "--all"), ("--dry-run", "--journal", "x"), ("--set", "a=b")])
@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("home")
def test_what_does_not_go_together_is_refused(options: tuple[str, ...]) -> None:
    assert run(*options, given=[]).stderr.endswith("[usage]\n")


@pytest.mark.parametrize("directory", ["sqlite"], indirect=True)
def test_a_reader_waits_for_no_group(home: Home) -> None:
    kit = Directory(str(home.path), 1, home.location)
    with home.service() as service, service.transaction() as transaction:
        operation = service_operation("EAddUser")
        transaction.call(operation, operation.parse(add("a")["arguments"]))
        with kit.read() as tx:
            assert tx.one("SELECT 1 FROM address WHERE local_part = 'a'") is None
    kit.close()
    assert there(home, "a") == [True]


def service_operation(name: str) -> Any:
    from mailaddon.operations import find

    return find(name)
