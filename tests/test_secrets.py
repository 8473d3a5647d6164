"""No password reaches anything that is written: marked ones go through every command that takes one, in every way.

Each password contains the mark, so it is found in whatever form it is repeated: as text, escaped, in base64 or hex.
"""

import base64
import json
import os
import pty
import signal
import subprocess
import termios
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import FLAGS, SCRIPTS, USER_FLAGS, Home, database
from patience import HANGS, wait_for

from mailaddon.operations import OPERATIONS

MARK = "Geheim7319"
PASSWORDS = {
    "plain": f"{MARK}",
    "non-ASCII": f"pä{MARK}ß🔑",
    "quotes": f"'\"{MARK}\\n`$(id)",
    "lines": f"{MARK}\n{MARK}\t",
    "option": f"--{MARK}",
    "short words in it": f"u1 {MARK} xyz.com",
}
SCHEME = "{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$"
NO_HASH = f"{SCHEME}{MARK}"
PLUGIN = """
    import subprocess
    from mailaddon import CONTRACT, NotFound, VendorError, hookimpl, records

    class Backend:
        contract = CONTRACT

        def __init__(self, context):
            self.how = context.options["how"]

        def work(self, password, request):
            if self.how == "message":
                raise RuntimeError(f"cannot store {password}")
            if self.how == "representation":
                raise KeyError(password)
            if self.how == "octets":
                raise ValueError(f"cannot store {password.encode()!r}")
            if self.how == "request":
                raise ValueError(request)
            if self.how == "chain":
                try:
                    raise KeyError(password)
                except KeyError as error:
                    raise ValueError([password, request]) from error
            if self.how == "note":
                error = ValueError("no")
                error.add_note(f"while storing {password}")
                raise error
            if self.how == "process":
                subprocess.run(["false", "-p", password], check=True)
            if self.how == "group":
                raise ExceptionGroup(f"all with {password}", [ValueError(password), KeyError(str(password))])
            if self.how == "refusal":
                raise NotFound(f"no place for {password}")
            if self.how == "vendor refusal":
                raise VendorError("x-acme-no", f"no place for {password}")
            if self.how == "result":
                return [password]
            if self.how == "change":
                return records.Change(before={"password": password}, after={"all": [str(password)], password: "x"})
            if self.how == "recursion":
                return self.work(password, request)
            if self.how == "exit":
                raise SystemExit(password)
            if self.how == "assertion":
                assert password == "", password

        @hookimpl
        def add_domain(self, request):
            return self.work(request.owner_password, request)

        @hookimpl
        def add_user(self, request):
            return self.work(request.password, request)

        @hookimpl
        def edit_user(self, request):
            return self.work(request.password, request)
"""
WAYS = (
    "message",
    "representation",
    "octets",
    "request",
    "chain",
    "note",
    "process",
    "group",
    "refusal",
    "vendor refusal",
    "result",
    "change",
    "recursion",
    "exit",
    "assertion",
)


class Searched(Home):
    """A home whose programs' every word is kept, and searched in the end with everything that they wrote."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.said: list[bytes] = []

    def run(self, command: str, *arguments: "str | bytes", given: bytes | None = None, **environment: str) -> int:
        """Run a program; its exit status."""
        done = subprocess.run(
            [os.path.join(SCRIPTS, command), *arguments],
            capture_output=True,
            input=given or b"",
            env=self.environment(covered=False) | environment,
            timeout=HANGS,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        return done.returncode

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """What was said, and every file."""
        for number, words in enumerate(self.said):
            yield f"output {number}", words
        for path in self.folder.rglob("*"):
            yield f"name {path}", os.fsencode(path)
            if path.is_file():
                yield f"file {path}", path.read_bytes()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Searched]:
    """A home with a domain and a user; when the test ends, no mark is anywhere."""
    made = Searched(tmp_path)
    made.add_domain("xyz.com", limit="3")
    made.add_user("xyz.com", "u1")
    yield made
    searched = list(made.everything())
    assert len(searched) > 10
    for where, content in searched:
        for form in marks():
            assert form not in content, f"{where}: {content[max(0, content.find(form) - 200) :][:400]!r}"


def marks() -> set[bytes]:
    """The mark as it may be written."""
    mark = MARK.encode()
    forms = {mark, mark.hex().encode(), mark.hex().upper().encode(), mark[::-1]}
    for before in range(3):  # whatever stands before it shifts the digits
        forms.add(base64.b64encode(b"x" * before + mark)[4 if before else 0 : -4])
    return forms


def add_domain(home: Searched, password: "str | bytes", name: str = "new.com") -> list["str | bytes"]:
    return ["EAddDomain", name, "192.0.2.1", str(home.mail), "5", "admin", password, "0", *FLAGS]


def add_user(password: "str | bytes", name: str = "u2") -> list["str | bytes"]:
    return ["EAddUser", "xyz.com", name, password, "Ann", "", "Lee", *USER_FLAGS]


def edit_user(password: "str | bytes", name: str = "u1") -> list["str | bytes"]:
    return ["EEditUser", "xyz.com", name, password, "Ann", "", "Lee", *USER_FLAGS]


def every(home: Searched, password: "str | bytes") -> list[list["str | bytes"]]:
    """Every command that takes a password, with this one."""
    return [add_domain(home, password), add_user(password), edit_user(password)]


def play(home: Searched, *call: "str | bytes", status: int, **environment: str) -> None:
    assert home.run(str(call[0]), *call[1:], **environment) == status, home.said[-2:]


def test_these_are_all_commands_with_a_password(home: Searched) -> None:
    table = {operation.command for operation in OPERATIONS if any(p.kind.secret for p in operation.parameters)}
    assert table == {str(call[0]) for call in every(home, "")}


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_accepted(home: Searched, password: str) -> None:
    for call in every(home, password):
        play(home, *call, status=0)
    for command in (["resolve", "u1@xyz.com"], ["show", "xyz.com"], ["doctor"], ["settings"], ["directory", "status"]):
        home.run("mailaddon", *command)


@pytest.mark.parametrize("scheme", ["ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT"])
def test_accepted_under_every_scheme_and_exported(home: Searched, scheme: str) -> None:
    home.set(password__scheme=scheme, password__blf_crypt_cost=4, password__sha512_crypt_rounds=1000)
    for call in every(home, MARK):
        play(home, *call, status=0)
    for command in ("EPreExportDomain", "EPostExportDomain"):
        play(home, command, "xyz.com", str(home.mail), str(home.folder / "export"), "admin", *FLAGS, status=0)
    connection = database(home)
    (hash_,) = connection.execute("SELECT password FROM user WHERE id = 2").fetchone()
    connection.close()
    assert hash_.startswith(f"{{{scheme}}}$")
    assert hash_ in (home.folder / "export" / "xyz.com.mailaddon" / "settings.json").read_text()


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_refused(home: Searched, password: str) -> None:
    home.set(messages="both")
    wrong: list[list[str | bytes]] = [
        add_domain(home, password, "xyz.com"),
        add_domain(home, password, "no domain"),
        add_user(password, "u1"),
        add_user(password, "no user"),
        edit_user(password, "nobody"),
        ["EAddUser", "nowhere.com", "u2", password, "", "", "", *USER_FLAGS],
        ["EAddUser", "xyz.com", "u2", password, "", "", "", "1", "1", "2"],
        ["EAddDomain", "new.com", "192.0.2.1", "relative", "5", "admin", password, "0", *FLAGS],
        ["EAddDomain", "new.com", "192.0.2.1", f"{home.mail}/xyz.com", "5", "admin", password, "0", *FLAGS],
    ]
    for call in every(home, password):
        wrong += [call[:-1], [*call, "1"], call[:4], [call[0], password], [*call, password]]
    for call in wrong:
        play(home, *call, status=1)
    play(home, *add_user("pw", "u3"), status=0)
    play(home, *add_user(password, "u4"), status=1)  # the limit


@pytest.mark.parametrize(
    "password",
    [
        f"{MARK}{'x' * 1024}",
        f"{MARK}\udcff".encode("utf-8", "surrogateescape"),
        NO_HASH,
        f"{SCHEME}c2FsdHNhbHQ${MARK}",
    ],
    ids=["too long", "not UTF-8", "no hash", "hash"],
)
@pytest.mark.parametrize("accept", [True, False])
def test_refused_for_itself(home: Searched, password: "str | bytes", *, accept: bool) -> None:
    home.set(password__accept_hashes=accept)
    whole = isinstance(password, str) and password.count("$") == 5
    for call in every(home, password):
        if not (whole and accept):  # a hash that is accepted is stored as it is
            play(home, *call, status=1)


def test_refused_for_its_length_under_bcrypt(home: Searched) -> None:
    home.set(password__scheme="BLF-CRYPT")
    for call in every(home, MARK * 10):
        play(home, *call, status=1)


@pytest.mark.parametrize(
    "failure", ["busy", "damaged", "another version", "no storage", "no backend", "bad settings", "cost"]
)
def test_a_backend_that_fails(home: Searched, failure: str) -> None:
    home.set(lock_timeout=1)
    calls = every(home, MARK)
    if failure == "busy":
        with home.directory.write():
            for call in calls:
                play(home, *call, status=1)
        return
    if failure == "damaged":
        (home.path / "directory.sqlite3").write_bytes(b"no database" * 1000)
    elif failure == "another version":
        connection = database(home)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    elif failure == "no storage":
        os.rename(home.mail, home.folder / "moved")
        home.mail.symlink_to(home.folder / "moved")
        calls = calls[:2]  # changing a password needs none
    elif failure == "no backend":
        home.set(backend="acme")
    elif failure == "bad settings":
        home.set(nonsense=True)
    else:
        home.set(password__argon2id_parallelism=9)
    for call in calls:
        play(home, *call, status=1)


@pytest.fixture
def plugin(home: Searched) -> Searched:
    """A backend that repeats the password in every way."""
    (home.folder / "acme_plugin.py").write_text(textwrap.dedent(PLUGIN))
    return home


def choose(home: Searched, how: str) -> None:
    """Let the plugin fail in one way."""
    (home.path / "mailaddon.toml").write_text(
        f'backend = "acme_plugin:Backend"\n[backends."acme_plugin:Backend"]\nhow = "{how}"\n'
    )


@pytest.mark.parametrize("password", [PASSWORDS["non-ASCII"], PASSWORDS["quotes"], PASSWORDS["lines"]])
@pytest.mark.parametrize("how", WAYS)
def test_a_hook_that_repeats_it(plugin: Searched, how: str, password: str) -> None:
    choose(plugin, how)
    for call in every(plugin, password):
        play(plugin, *call, status=0 if how == "change" else 1, PYTHONPATH=str(plugin.folder))
    log = plugin.path / "log" / "errors.log"
    assert log.exists() == (how not in {"refusal", "vendor refusal", "result", "change"})
    lines = [json.dumps({"command": call[0], "arguments": call[1:]}).encode() for call in every(plugin, password)]
    plugin.run("mailaddon", "batch", given=b"\n".join(lines), PYTHONPATH=str(plugin.folder))
    for call in every(plugin, password):
        run_with_options(plugin, call, PYTHONPATH=str(plugin.folder))


def run_with_options(home: Searched, call: list["str | bytes"], **environment: str) -> int:
    """`mailaddon run` with the password on standard input, if it is one line."""
    operation = next(operation for operation in OPERATIONS if operation.command == call[0])
    options: list[str | bytes] = []
    given = b""
    for parameter, value in zip(operation.parameters, call[1:], strict=True):
        if parameter.kind.secret and "\n" not in str(value):
            given = str(value).encode() + b"\n"
            options.append("--password-stdin")
        else:
            options += [f"--{parameter.option}", value]
    return home.run("mailaddon", "run", str(call[0]), *options, given=given, **environment)


# The umbrella command


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_named_options(home: Searched, password: str) -> None:
    for call in every(home, password):
        assert run_with_options(home, call) == 0, home.said[-2:]
        run_with_options(home, call)
    given = password.encode() + b"\n"
    user = ["--domain-name", "xyz.com", "--user-name", "u1"]
    for wrong in (
        ["EAddUser", *user, "--password", password],  # others are missing
        ["EAddUser", *user, "--password", password, "--password-stdin"],
        ["EAddUser", *user, "--password-stdin", "--no-such-option"],
        ["EAddUser", "--password-stdin"],
        ["EGetUserAliasList", *user, "--json"],
    ):
        home.run("mailaddon", "run", *wrong, given=given)
        home.run("mailaddon", "run", *wrong, "--json", given=given)


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_a_batch(home: Searched, password: str) -> None:
    calls = every(home, password)
    requests: list[object] = [{"command": call[0], "arguments": call[1:], "id": 1} for call in [*calls, *calls]]
    requests += [
        {"command": "EAddUser", "arguments": ["xyz.com", "u9", password]},
        {"command": "EAddUser", "arguments": {"Password": password}},
        {"command": "EAddUser", "arguments": {"DomainName": "xyz.com", "Password": [password]}},
        {"command": "EAddUser", "arguments": ["xyz.com", "u9", {"Password": password}]},
        {"command": "EAddUser", "arguments": password},
        {"command": "ENothing", "arguments": [password]},
        {"command": ["EAddUser", password], "arguments": []},
        [password],
        password,
    ]
    lines = [json.dumps(request) for request in requests]
    broken = ['{"command": "EAddUser", "arguments": ["xyz.com", "u9", "' + MARK, "{'" + MARK + "'}", MARK]
    home.run("mailaddon", "batch", given="\n".join([*lines, *broken]).encode())
    home.run("mailaddon", "batch", "--stop-on-error", given="\n".join(broken).encode() + b"\xff" + MARK.encode())


def test_the_prompt_does_not_show_it(home: Searched) -> None:
    """On a terminal it is asked for twice, and not echoed."""
    child, terminal = pty.fork()
    if child == 0:
        program = os.path.join(SCRIPTS, "mailaddon")
        options = ["--domain-name", "xyz.com", "--user-name", "u2", "--first-name", "", "--middle-name", ""]
        flags = [f"--user-enable-{name}=1" for name in ("forwards", "autoresponders", "web-access")]
        os.execve(program, [program, "run", "EAddUser", *options, "--last-name", "", *flags], home.environment())
    seen = b""
    answers = 0
    while True:
        try:
            read = os.read(terminal, 1024)
        except OSError:
            break
        if not read:
            break
        seen += read
        if seen.count(b": ") > answers < 2:
            answers += 1
            wait_for(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)  # it asks first
            os.write(terminal, MARK.encode() + b"\n")
    _pid, status = os.waitpid(child, 0)
    os.close(terminal)
    home.said.append(seen)
    assert os.waitstatus_to_exitcode(status) == 0, seen
    assert home.must("EGetForwardList", "xyz.com", "u2") == ""


# Commands that do not end by themselves


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_ended_or_killed(home: Searched, number: signal.Signals) -> None:
    for call in every(home, MARK):
        for delay in (0.02, 0.05, 0.2):
            with home.directory.write():
                process = subprocess.Popen(
                    [os.path.join(SCRIPTS, str(call[0])), *call[1:]],
                    env=home.environment(covered=False),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                time.sleep(delay)
                process.send_signal(number)
                home.said += process.communicate(timeout=HANGS)


def test_the_search_finds_what_it_is_there_to_find(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    for content in (
        MARK,
        repr(PASSWORDS["quotes"]),
        base64.b64encode(f"ab{MARK}cd".encode()).decode(),
        MARK.encode().hex(),
    ):
        (tmp_path / "file").write_text(content)
        assert any(form in words for _where, words in searched.everything() for form in marks()), content
