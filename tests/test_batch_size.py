"""A batch takes no more memory for many lines than for few: each measurement is a process's highest resident size."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Home
from umbrella import SCRIPTS

LARGE = 10  # times the small one
WITHIN = 4 << 10  # KiB; the same run takes 1 MiB more or less


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.add_domain("xyz.com")
    return made


def highest(home: Home, count: int, calls: Iterator[str], *options: str) -> int:
    """The highest resident size (KiB) of a run; every call succeeds."""
    path = home.folder / "in"
    with path.open("w") as file:
        file.writelines(calls)
    command = [os.path.join(SCRIPTS, "mailaddon"), "batch", *options, str(path)]
    with (home.folder / "out").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, env=home.environment(covered=False))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    with (home.folder / "out").open("rb") as output:
        assert sum(1 for line in output if b'"ok": true' in line) == count
    return usage.ru_maxrss


def reads(count: int) -> Iterator[str]:
    line = json.dumps({"command": "EGetForwardList", "arguments": ["xyz.com", "admin"]}) + "\n"
    return (line for _ in range(count))


def writes(count: int, name: str) -> Iterator[str]:
    for number in range(count):
        yield json.dumps({"command": "EAddUserAlias", "arguments": ["xyz.com", "admin", f"{name}{number}"]}) + "\n"


def table(count: int, name: str) -> Iterator[str]:
    yield "Alias,Name\n"
    for number in range(count):
        yield f"{name}{number}@xyz.com,Ann\n"


def test_two_hundred_thousand_lines(home: Home) -> None:
    count = 200_000
    few = highest(home, count // LARGE, reads(count // LARGE), "--group", "1000")
    many = highest(home, count, reads(count), "--group", "1000")
    assert abs(many - few) < WITHIN


@pytest.mark.parametrize("options", [("--group", "500", "--journal", "journal"), ("--all",), ("--dry-run",)], ids=str)
def test_changes(home: Home, options: tuple[str, ...]) -> None:
    given = [str(home.folder / part) if part == "journal" else part for part in options]
    few = highest(home, 2000, writes(2000, "few"), *given)
    (home.folder / "journal").unlink(missing_ok=True)
    assert abs(highest(home, 20_000, writes(20_000, "many"), *given) - few) < WITHIN


def test_a_table(home: Home) -> None:
    names = ("--column", "Alias=UserAlias@DomainName", "--set", "UserName=admin")
    options = ("--csv", "--command", "EAddUserAlias", "--group", "500", *names)
    few = highest(home, 2000, table(2000, "few"), *options)
    assert abs(highest(home, 20_000, table(20_000, "many"), *options) - few) < WITHIN


def test_mailboxes_in_one_transaction(home: Home) -> None:
    """What is done in mail storage is noted in a file, not in memory."""

    def users(count: int, name: str) -> Iterator[str]:
        for number in range(count):
            given = ["xyz.com", f"{name}{number}", "pw", "", "", "", 1, 1, 1]
            yield json.dumps({"command": "EAddUser", "arguments": given}) + "\n"

    few = highest(home, 500, users(500, "few"), "--all")
    assert abs(highest(home, 5000, users(5000, "many"), "--all") - few) < WITHIN
