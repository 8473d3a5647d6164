"""Whatever a caller passes, and whatever the machine does: 0 or 1, one honest line, and no traceback.

Every command gets every hostile argument in every place: all of them inside this process, through the code that a
command runs, and a sample of them as real processes.
"""

import ctypes
import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from conftest import ALL_ON, SCRIPTS, Done, Panel
from patience import HANGS, wait_for

from mailaddon import command
from mailaddon.errors import ERRORS
from mailaddon.operations import COMMANDS
from mailaddon.operations.model import Operation

MARK = "mark3d-s3cret"
CHEAP = "[password]\nargon2id_memory = 8\nargon2id_time = 1\n"
HOSTILE = {
    "empty": b"",
    "space": b" ",
    "minus one": b"-1",
    "minus": b"-",
    "end of options": b"--",
    "help": b"--help",
    "option": b"-x",
    "assignment": b"--user=x",
    "quote": b"'",
    "double quotes": b'""',
    "backslash": b"\\",
    "newline": b"xyz.com\nfoo.com",
    "return": b"a\rb",
    "tab": b"a\tb",
    "escape": b"\x1b[31mred",
    "delete": b"\x7f",
    "64 kB": b"x" * 65536,
    "64 kB of labels": b"x." * 32768,
    "not UTF-8": b"\xff\xfe",
    "cut UTF-8": b"u\xe2\x82",
    "overlong UTF-8": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80",
    "noncharacter": "\uffff".encode(),
    "parent": b"../../etc/passwd",
    "absolute parent": b"/../../etc",
    "root": b"/",
    "right to left": "\u202egro.elpmaxe".encode(),
    "combining": "e\u0301\u0301\u0301".encode(),
    "line separator": "a\u2028b".encode(),
    "emoji": "\U0001f4a9".encode(),
    "joiner": "\u200d".encode(),
    "shell": b"$(id);`id`|id&",
    "format": b"%s%n{0}{}",
    "glob": b"*",
    "sql": b"' OR 1=1; DROP TABLE user; --",
    "zero": b"0",
    "huge number": b"9" * 400,
    "wide digit": "\uff11".encode(),
    "at": b"@",
    "only quotes": b'"@xyz.com',
}
IDS = [operation.command for operation in COMMANDS]


def arguments_of(operation: Operation, panel: Panel) -> list[bytes]:
    """Arguments that the command accepts, its paths in a place of their own, its passwords marked."""
    example = operation.example[0] or [parameter.kind.example for parameter in operation.parameters]
    chosen = []
    for parameter, argument in zip(operation.parameters, example, strict=True):
        if parameter.kind.secret:
            chosen.append(MARK.encode())
        elif parameter.field == "location":
            chosen.append(os.fsencode(panel.home.parent / "data"))
        elif parameter.kind.key == "path":
            chosen.append(os.fsencode(panel.mail))
        else:
            chosen.append(argument.encode())
    return chosen


def ends(program: str, words: list[str]) -> int:
    """Run a command in this process; the status that it would exit with."""
    return command._run(program, command._perform, words, stdout_open=True)  # noqa: SLF001 - main() ends the process


def check(program: str, status: int, output: bytes, errors: bytes, secrets: "list[bytes]") -> str:
    """What has to hold however a command ends; the code of its refusal, or ""."""
    assert status in {0, 1}
    for secret in secrets:
        assert secret not in output + errors
    if status == 0:
        assert errors == b""
        output.decode()
        return ""
    assert output == b""
    line = errors.decode()
    assert line.endswith("]\n")
    assert line.startswith(f"{program}: ")
    assert line[:-1].isprintable(), "no line break, and nothing that a terminal obeys"
    assert len(line) < 2000
    code = line[:-2].rpartition(" [")[2]
    assert code in ERRORS
    assert code != "internal"
    return code


@pytest.mark.parametrize("operation", COMMANDS, ids=IDS)
def test_hostile_arguments(
    operation: Operation, panel: Panel, home: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert home == panel.home
    panel.settings(CHEAP)
    panel.add_domain()
    accepted = arguments_of(operation, panel)
    program = operation.executables[0]
    for position, parameter in enumerate(operation.parameters):
        for hostile in HOSTILE.values():
            words = [*accepted[:position], hostile, *accepted[position + 1 :]]
            given = [os.fsdecode(word) for word in words]
            if given in (["--help"], ["--version"]):
                continue
            status = ends(program, given)
            secrets = [MARK.encode(), *([hostile] if parameter.kind.secret and len(hostile) > 6 else [])]
            code = check(program, status, *capfdbinary.readouterr(), secrets)
            try:
                hostile.decode()
            except UnicodeDecodeError:
                assert code == "invalid-argument"
    assert not (home / "log").exists()


@pytest.mark.parametrize("operation", COMMANDS, ids=IDS)
def test_wrong_counts(operation: Operation, home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    right = {len(operation.parameters), len(operation.longer or operation.parameters)}
    for count in set(range(25)) - right:
        for word in ("x", "", MARK):
            status = ends(operation.command, [word] * count)
            output, errors = capfdbinary.readouterr()
            assert check(operation.command, status, output, errors, [MARK.encode()]) == "usage"
    assert list(home.iterdir()) == [], "a usage error touches nothing"


def uncovered(panel: Panel) -> dict[str, str]:
    """The environment of processes that are many and show nothing new to a coverage measurement."""
    return {key: value for key, value in panel.env.items() if not key.startswith("COVERAGE")}


def test_hostile_arguments_of_real_processes(panel: Panel) -> None:
    panel.settings(CHEAP)
    panel.add_domain()
    panel.add_user("u1")
    calls: list[tuple[str, list[bytes], list[bytes]]] = []
    hostile = list(HOSTILE.values())
    for operation in COMMANDS:
        accepted = arguments_of(operation, panel)
        for name in operation.executables:
            for position, parameter in enumerate(operation.parameters):
                for step in (0, 13, 26):
                    word = hostile[(len(calls) + step) % len(hostile)]
                    secrets = [MARK.encode(), *([word] if parameter.kind.secret and len(word) > 6 else [])]
                    calls.append((name, [*accepted[:position], word, *accepted[position + 1 :]], secrets))
            calls.append((name, [b"--help", b"--version"], []))
    assert len(calls) > 500
    env = uncovered(panel)

    def run(call: tuple[str, list[bytes], list[bytes]]) -> None:
        name, words, secrets = call
        if words in ([b"--help"], [b"--version"]):
            return
        done = panel.run(name, *words, env=env)
        check(name, done.returncode, done.stdout, done.stderr, secrets)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, calls))
    assert not (panel.home / "log").exists()
    assert integrity(panel) == "ok"


def integrity(panel: Panel) -> str:
    connection = sqlite3.connect(panel.home / "directory.sqlite3")
    try:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


# Arguments are never options


@pytest.mark.parametrize("password", ["--help", "--version", "-1", "a\nb", " ", "'\"$(id)", "pässwörd", "x" * 1024])
def test_any_text_is_a_password(panel: Panel, password: str) -> None:
    panel.settings(CHEAP)
    panel.add_domain()
    panel.add_user("u1", password=password)
    connection = sqlite3.connect(panel.home / "directory.sqlite3")
    (stored,) = connection.execute("SELECT password FROM user ORDER BY id DESC LIMIT 1").fetchone()
    connection.close()
    assert stored.startswith("{ARGON2ID}$argon2id$")
    assert PasswordHasher().verify(stored.removeprefix("{ARGON2ID}"), password)


@pytest.mark.parametrize("message", ["-n", "--help", "--", "-\n-"])
def test_any_text_is_a_message(panel: Panel, message: str) -> None:
    panel.settings(CHEAP)
    panel.add_domain()
    panel.prints("ESetAutoResponder", "xyz.com", "admin", message.partition("\n")[0], message)
    assert panel.prints("EGetAutoResponder", "xyz.com", "admin") == f"{message.partition(chr(10))[0]}\n{message}"


# Locales and environments


@pytest.mark.parametrize("name", ["C", "C.UTF-8", "none", "latin-1"])
def test_output_is_utf_8_whatever_the_locale(panel: Panel, name: str, tmp_path: Path) -> None:
    env = {key: value for key, value in panel.env.items() if not key.startswith(("LC_", "LANG"))}
    # As an interpreter that does not choose UTF-8 by itself where the locale is plain C.
    env |= {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    if name == "latin-1":
        compiled = ["localedef", "--no-archive", "-i", "de_DE", "-f", "ISO-8859-1", str(tmp_path / "de_DE")]
        subprocess.run(compiled, check=True, capture_output=True)
        env |= {"LOCPATH": str(tmp_path), "LC_ALL": "de_DE"}
    elif name != "none":
        env["LC_ALL"] = name
    panel.add_domain("xyz.com")
    panel.prints("EAddForward", "xyz.com", "admin", "jörg@bücher.example", env=env)
    assert panel.prints("EGetForwardList", "xyz.com", "admin", env=env) == "jörg@xn--bcher-kva.example\n"
    panel.prints("ESetAutoResponder", "xyz.com", "admin", "日本", "\u202e\U0001f4a9", env=env)
    assert panel.prints("EGetAutoResponder", "xyz.com", "admin", env=env) == "日本\n\u202e\U0001f4a9"
    line = panel.refusal("EGetForwardList", "xyz.com", "jörg", env=env)
    assert line.startswith("EGetForwardList: UserName: 'jörg' has other characters")
    assert "not valid UTF-8" in panel.refusal("EGetForwardList", "xyz.com", b"j\xf6rg", env=env)


def test_environment_without_anything_but_a_home(panel: Panel) -> None:
    env = {"MAILADDON_HOME": str(panel.home)}
    panel.prints("EAddDomain", "xyz.com", "192.0.2.10", str(panel.mail), "10", "admin", "s3cret", "0", *ALL_ON, env=env)
    assert panel.prints("EGetCatchallUser", "xyz.com", env=env) == "admin@xyz.com\n"
    assert panel.refusal("EGetCatchallUser", env={}).endswith("[usage]")


def test_relative_home_is_refused(panel: Panel) -> None:
    line = panel.refusal("EGetCatchallUser", "xyz.com", env={**panel.env, "MAILADDON_HOME": "home"}, cwd=panel.home)
    assert line == "EGetCatchallUser: MAILADDON_HOME is 'home'; an absolute path is needed [not-configured]"
    assert list(panel.home.iterdir()) == []


# Standard streams


def shell(panel: Panel, redirection: str, *words: str) -> Done:
    """Run a program with what only a shell can say about its streams."""
    line = ["sh", "-c", f'exec "$@" {redirection}', "sh", str(SCRIPTS / words[0]), *words[1:]]
    return subprocess.run(
        line, env=panel.env, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=HANGS
    )


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_standard_output_that_takes_nothing(panel: Panel, redirection: str) -> None:
    panel.add_domain()
    done = shell(panel, redirection, "EGetCatchallUser", "xyz.com")
    assert check("EGetCatchallUser", done.returncode, done.stdout, done.stderr, []) == "storage-failed"
    done = shell(panel, redirection, "EAddUserAlias", "xyz.com", "admin", "a11")
    assert (done.returncode, done.stderr) == (0, b""), "what prints nothing needs no standard output"
    assert panel.prints("EGetUserAliasList", "xyz.com", "admin") == "a11\n"


def test_pipe_that_nobody_reads(panel: Panel) -> None:
    panel.add_domain()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [SCRIPTS / "EGetCatchallUser", "xyz.com"], env=panel.env, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert check("EGetCatchallUser", done.returncode, b"", done.stderr, []) == "storage-failed"


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- 2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_become_no_file_of_ours(panel: Panel, redirection: str) -> None:
    words = ("EAddDomain", "xyz.com", "192.0.2.10", str(panel.mail), "10", "admin", "s3cret", "0", *ALL_ON)
    assert shell(panel, redirection, *words).returncode == 0
    assert shell(panel, redirection, *words).returncode == 1
    assert shell(panel, redirection, "EGetCatchallUser").returncode == 1
    assert integrity(panel) == "ok"
    assert panel.prints("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"


def test_output_that_waits_for_its_reader(panel: Panel) -> None:
    """A pipe holds 64 kB; a longer text is written whole, also when the pipe does not block."""
    panel.add_domain()
    message = "".join(f"line {number:>7}\n" for number in range(9000))
    panel.prints("ESetAutoResponder", "xyz.com", "admin", "long", message)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = subprocess.Popen([SCRIPTS / "EGetAutoResponder", "xyz.com", "admin"], env=panel.env, stdout=writing)
    os.close(writing)
    time.sleep(0.5)
    with open(reading, "rb") as file:
        assert file.read().decode() == f"long\n{message}"
    assert process.wait(HANGS) == 0


# Signals


@pytest.fixture
def locked(panel: Panel) -> Iterator[Panel]:
    """An installation whose directory somebody else writes to all the time."""
    panel.add_domain()
    connection = sqlite3.connect(panel.home / "directory.sqlite3", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield panel
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_a_command_that_waits(locked: Panel, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [SCRIPTS / "EAddUserAlias", "xyz.com", "admin", "a11"],
        env=locked.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: os.path.realpath(locked.home / "directory.sqlite3") in open_files(process.pid))
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(number)
    output, errors = process.communicate(timeout=HANGS)
    assert check("EAddUserAlias", process.returncode, output, errors, []) == "interrupted"


def open_files(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(os.readlink(link))
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


def test_waiting_ends_with_the_patience_that_is_set(locked: Panel) -> None:
    locked.settings("lock_timeout = 100000\n")
    with subprocess.Popen([SCRIPTS / "EAddUserAlias", "xyz.com", "admin", "a12"], env=locked.env) as patient:
        wait_for(lambda: os.path.realpath(locked.home / "directory.sqlite3") in open_files(patient.pid))
        locked.settings("lock_timeout = 1\n")
        started = time.monotonic()
        line = locked.refusal("EAddUserAlias", "xyz.com", "admin", "a11")
        assert time.monotonic() - started >= 1
        assert patient.poll() is None
        patient.kill()
    assert line.endswith("is busy; try again [unavailable]")
    assert locked.prints("EGetUserAliasList", "xyz.com", "admin") == "", "reading waits for nobody"


# Storage that refuses


def as_its_owner() -> None:
    """Let permissions count in the process that is about to start, also for root."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            libc.prctl(24, capability)  # PR_CAPBSET_DROP


def test_home_that_cannot_be_written_to(panel: Panel) -> None:
    panel.home.chmod(0o555)
    line = panel.refusal("EGetCatchallUser", "xyz.com", preexec_fn=as_its_owner)
    assert line.endswith("[storage-failed]")
    assert "cannot be made" in line
    panel.home.chmod(0o755)
    panel.add_domain()
    panel.home.chmod(0o555)
    for words in (("EGetCatchallUser", "xyz.com"), ("EAddUserAlias", "xyz.com", "admin", "a11")):
        done = panel.run(*words, preexec_fn=as_its_owner)
        code = check(words[0], done.returncode, done.stdout, done.stderr, [])
        assert code == "storage-failed" or done.stdout == b"admin@xyz.com\n"
    panel.home.chmod(0o755)
    assert panel.prints("EGetUserAliasList", "xyz.com", "admin") == ""


def test_home_that_cannot_be_made(panel: Panel) -> None:
    panel.home.rmdir()
    panel.home.parent.chmod(0o555)
    line = panel.refusal("EGetCatchallUser", "xyz.com", preexec_fn=as_its_owner)
    panel.home.parent.chmod(0o755)
    assert line.endswith("cannot be made (Permission denied); set MAILADDON_HOME [not-configured]")
    panel.home.write_text("")
    assert panel.refusal("EGetCatchallUser", "xyz.com").endswith("set MAILADDON_HOME [not-configured]")


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_directory_that_is_no_database(panel: Panel, content: bytes) -> None:
    (panel.home / "directory.sqlite3").write_bytes(content)
    for words in (("EGetCatchallUser", "xyz.com"), ("EAddUserAlias", "xyz.com", "admin", "a11")):
        assert panel.refusal(*words).endswith("[storage-failed]")
    assert (panel.home / "directory.sqlite3").read_bytes() == content


def test_files_that_may_not_grow(panel: Panel) -> None:
    """What a full disk does, without a disk: no file may have more than 64 kB."""
    panel.settings(CHEAP)
    panel.add_domain()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    added = []
    codes = set()
    for number in range(60):
        words = ("EAddMailingListMember", "xyz.com", "news", "x" * 250, f"{'a' * 60}@{number}{'b' * 50}.example")
        if number == 0:
            panel.prints("EAddMailingList", "xyz.com", "news")
        done = panel.run(*words, preexec_fn=limited, env=uncovered(panel))
        codes.add(check(words[0], done.returncode, done.stdout, done.stderr, []))
        added += [words[-1]] if done.returncode == 0 else []
    assert "storage-failed" in codes
    assert panel.prints("EGetMailingListMemberList", "xyz.com", "news").split() == sorted(added)
    assert integrity(panel) == "ok"


FULL = """
mount -t tmpfs -o size=1m tmpfs "$PLACE" || exit 99
mkdir "$PLACE/home" "$PLACE/mail"
"$SCRIPTS/EAddDomain" xyz.com 192.0.2.10 "$PLACE/mail" -1 admin s3cret 0 1 1 1 1 1 1 1 1 || exit 98
dd if=/dev/zero of="$PLACE/filler" bs=4k 2>/dev/null
size=$(stat -c %s "$PLACE/filler")
number=0
while [ $number -lt 60 ]; do
    number=$((number + 1))
    truncate -s $((size - 2048 * number)) "$PLACE/filler"
    line=$("$SCRIPTS/EAddUser" xyz.com u$number s3cret "$NAME" "$NAME" "$NAME" 1 1 1 2>&1)
    echo "$? u$number $line"
done
rm "$PLACE/filler"
"$SCRIPTS/EAddUserAlias" xyz.com admin postmaster || exit 97
cp -a "$PLACE/home" "$PLACE/mail" "$COPY"
"""


def test_full_disk(panel: Panel, tmp_path: Path) -> None:
    """A file system of one megabyte that gets two more kilobytes of room for each user, so that all steps fail once.

    It is mounted in a namespace of its own, so that nothing of it stays behind.
    """
    place, copy = tmp_path / "disk", tmp_path / "copy"
    place.mkdir()
    copy.mkdir()
    env = {**uncovered(panel), "MAILADDON_HOME": str(place / "home")}
    env |= {"PLACE": str(place), "COPY": str(copy), "SCRIPTS": str(SCRIPTS), "NAME": "x" * 250}
    flags = "-m" if os.geteuid() == 0 else "-Urm"
    done = subprocess.run(["unshare", flags, "sh", "-c", FULL], env=env, capture_output=True, check=False)
    if done.returncode == 99 or b"unshare failed" in done.stderr:
        return  # no mounts here; then a limit on the size of files has shown it
    assert (done.returncode, done.stderr) == (0, b"")
    added = {"admin"}
    codes = set()
    for line in done.stdout.splitlines(keepends=True):
        status, name, message = line.split(b" ", 2)
        refusal = message if message.strip() else b""
        codes.add(check("EAddUser", int(status), b"", refusal, []))
        added |= {name.decode()} if status == b"0" else set()
    assert codes == {"", "storage-failed"}
    assert {folder.name for folder in (copy / "mail" / "xyz.com").iterdir()} == added
    assert list((copy / "home" / "journal").iterdir()) == []
    connection = sqlite3.connect(copy / "home" / "directory.sqlite3")
    users = {row[0] for row in connection.execute("SELECT local_part FROM address WHERE kind = 'user'")}
    connection.close()
    assert users == added
