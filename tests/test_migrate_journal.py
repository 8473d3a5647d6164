"""A migration that is killed, or whose journal is lost, full, or somebody else's."""

import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from moving import ACCEPTING, ON, QUICK, SHELL, Place, environment, rich_place, small_place, to, told
from umbrella import SCRIPTS, mailaddon

from mailaddon import MailAddonError, NotFound


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with two rich domains in its embedded backend."""
    return rich_place(tmp_path, monkeypatch)


@pytest.fixture
def second(tmp_path: Path) -> Place:
    """An empty home that takes hashes."""
    return Place(tmp_path.resolve() / "second", ACCEPTING)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with one domain and one user, and nothing in the way."""
    return small_place(tmp_path, monkeypatch)


# Kills, and the journal


def journal(place: Place) -> Path:
    """The journal of a migration to this place."""
    return place.home / "migrations" / "embedded-to-embedded.jsonl"


@pytest.mark.usefixtures("first")
def test_a_call_that_was_made_but_not_noted_is_no_failure(second: Place) -> None:
    assert to(second).exit_code == 0
    lines = journal(second).read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"done"' not in line]
    journal(second).write_text("".join(kept) + '{"done": "EAddUser xyz')  # torn by a kill
    result = to(second)
    assert result.exit_code == 0, result.output
    assert sorted(journal(second).read_text().splitlines()) == sorted(
        [*map(str.rstrip, lines), '{"done": "EAddUser xyz']
    )


def test_a_name_that_somebody_else_has_taken_meanwhile_is_a_failure(small: Place, second: Place) -> None:
    small.calls(("EAddUserAlias", "xyz.com", "u1", "a2"))
    assert to(second).exit_code == 0
    lines = journal(second).read_text().splitlines(keepends=True)
    journal(second).write_text("".join(line for line in lines if "EAddUserAlias" not in line))
    second.calls(("EDeleteUserAlias", "xyz.com", "u1", "a2"), ("EAddUserAlias", "xyz.com", "admin", "a2"))
    result = to(second)
    assert result.exit_code == 1
    assert "EAddUserAlias xyz.com u1 a2: user alias a2@xyz.com already exists [already-exists]" in result.stdout
    assert "u1 a1" not in result.stdout


@pytest.mark.usefixtures("small")
def test_a_domain_that_is_gone_although_the_journal_has_it(second: Place) -> None:
    assert to(second).exit_code == 0
    second.calls(("EDeleteDomain", "xyz.com"))
    assert "--restart forgets the journal" in to(second).stderr
    again = journal(second).read_text()
    assert to(second, "--restart", "--dry-run").exit_code == 0
    assert "does not exist" in to(second, "--restart", "no.com").stderr
    assert journal(second).read_text() == again, "nothing is forgotten before something new begins"
    assert to(second, "--restart").exit_code == 0
    assert second.call("EGetUserAliasList", "xyz.com", "u1") == ["a1"]


def test_a_journal_is_one_migrations_and_one_process(small: Place, second: Place, tmp_path: Path) -> None:
    file = tmp_path / "journals" / "mine"
    assert to(second, "--journal", str(file)).exit_code == 0
    small.shell()
    other = mailaddon("migrate", "--from", "embedded", "--to", SHELL, "--journal", str(file))
    assert "is of another migration: embedded in " in other.stderr
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = to(second, "--journal", str(file))
    assert "another process is migrating with the journal" in result.stderr
    assert "[unavailable]" in result.stderr
    assert "cannot be kept" in to(second, "--journal", f"{file}/below").stderr
    assert "the journal /dev/full is no file" in to(second, "--journal", "/dev/full").stderr


def test_a_server_that_is_busy_is_asked_again(small: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailaddon.migration.running._PAUSES", (0, 0))
    state = small.shell("password_schemes = ['ARGON2ID']\nenvironment.PATH = '/usr/bin:/bin'")
    programs = state / "programs"
    sample = programs.joinpath("EAddUser.sh").resolve()
    programs.joinpath("EAddUser.sh").unlink()
    # Done, and then said to be busy: the next attempt finds it there.
    programs.joinpath("EAddUser.sh").write_text(
        f"[ -e {tmp_path}/once ] || {{ : >{tmp_path}/once; sed s/EUser/x/ {sample} >{tmp_path}/EAddUser.sh;"
        f" sh -u {tmp_path}/EAddUser.sh \"$@\"; echo 'EAddUser: busy [unavailable]' >&2; exit 1; }}\n"
        f'cp {sample} {tmp_path}/EAddUser.sh; exec sh -u {tmp_path}/EAddUser.sh "$@"\n'
    )
    mail = f"{tmp_path.resolve()}/shell/mail"
    result = mailaddon("migrate", "--from", "embedded", "--to", SHELL, "--mailbox-directory", mail)
    assert result.exit_code == 0, result.output
    assert small.call("EGetUserAliasList", "xyz.com", "u1", backend=SHELL) == ["a1"]


FULL = """
mount -t tmpfs -o size=8k tmpfs "$PLACE" || exit 99
head -c 4096 /dev/zero >"$PLACE/filler"
"$@" --journal "$PLACE/journal" && exit 98
rm "$PLACE/filler"
exec "$@" --journal "$PLACE/journal"
"""


def test_a_disk_that_gets_full_under_the_journal(small: Place, second: Place, tmp_path: Path) -> None:
    small.calls(*(("EAddUserAlias", "xyz.com", "u1", f"alias-{number}") for number in range(100)))
    place = tmp_path / "disk"
    place.mkdir()
    call = [os.path.join(SCRIPTS, "mailaddon"), "migrate", "--from", "embedded", "--to", "embedded"]
    call += ["--to-home", str(second.home), "--mailbox-directory", f"{tmp_path.resolve()}/moved"]
    flags = "-m" if os.geteuid() == 0 else "-Urm"
    command = ["unshare", flags, "sh", "-c", FULL, "sh", *call]
    env = {**environment(small.home), "PLACE": str(place)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 99 or "unshare failed" in done.stderr:
        return  # no mounts here
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == (
        f"mailaddon migrate: the journal {place}/journal cannot be kept: No space left on device [storage-failed]\n"
    )
    assert done.stdout.splitlines()[-1] == "no difference"
    assert len(second.call("EGetUserAliasList", "xyz.com", "u1")) == 101


def killed_at(call: list[str], file: Path, lines: int, home: Path) -> int:
    """Run a migration and kill it once its journal has so many lines; its status if it ended before."""
    process = subprocess.Popen(call, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    with process.stdout:
        while process.poll() is None:
            if file.exists() and file.read_bytes().count(b"\n") >= lines:
                process.kill()
                break
            time.sleep(0.005)
        output = process.stdout.read()
    status = process.wait()
    assert status in {0, -signal.SIGKILL}, output
    return status


def test_a_thousand_users_there_and_back_killed_three_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path = tmp_path.resolve()
    source, target = Place(tmp_path / "first", QUICK), Place(tmp_path / "second", ACCEPTING)
    calls: list[tuple[str, ...]] = [
        ("EAddDomain", "xyz.com", "192.0.2.1", f"{tmp_path}/mail", "-1", "admin", "s3cret", "0", *ON)
    ]
    for number in range(1, 1000):
        user = f"u{number}"
        calls.append(("EAddUser", "xyz.com", user, f"s3cret-{number}", "Ann", "", f"Lee {number}", "1", "1", "1"))
        if number % 4 == 0:
            calls.append(("EAddUserAlias", "xyz.com", user, f"a{number}"))
            calls.append(("EAddForward", "xyz.com", user, f"f{number}@example.org"))
        if number % 100 == 0:
            calls.append(("ESetAutoResponder", "xyz.com", user, f"Away {number}", "Back\n\non Monday"))
            calls.append(("ESuspendUser", "xyz.com", user))
    source.calls(*calls)
    source.shell()
    before = told(source.home, monkeypatch)
    inventory = tmp_path / "inventory"
    inventory.write_text("".join(json.dumps(state) + "\n" for state in before))
    program = os.path.join(SCRIPTS, "mailaddon")
    there = [program, "migrate", "--from", "embedded", "--to", SHELL, "--mailbox-directory", f"{tmp_path}/shell/mail"]
    back = [program, "migrate", "--from", SHELL, "--to", "embedded", "--to-home", str(target.home)]
    back += ["--names", str(inventory), "--mailbox-directory", f"{tmp_path}/mail/moved"]
    for call, file, kills in (
        (there, source.home / "migrations" / "embedded-to-Acme-Sample-1.jsonl", (100, 1100)),
        (back, target.home / "migrations" / "Acme-Sample-1-to-embedded.jsonl", (700,)),
    ):
        for lines in kills:
            assert killed_at(call, file, lines, source.home) == -signal.SIGKILL
        done = subprocess.run(call, env=environment(source.home), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "no difference"), done.stdout + done.stderr
    after = told(target.home, monkeypatch)
    assert after == [{**before[0], "mailbox_directory": f"{tmp_path}/mail/moved"}]


def test_refusals_of_calls_reach_nobody_as_a_traceback(small: Place, second: Place) -> None:
    second.home.joinpath("mailaddon.toml").write_text("lock_timeout = 0\n")
    result = to(second)
    assert (result.exit_code, "[not-configured]" in result.stderr) == (1, True)
    with pytest.raises(MailAddonError):
        second.call("domains")
    with pytest.raises(NotFound):
        small.call("users", "no.com")
