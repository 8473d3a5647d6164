"""`mailaddon run`: named options, prompts, passwords, results."""

import json
import os
import pty
import select
import subprocess
import termios
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from patience import HANGS, PATIENCE, wait_for
from umbrella import FLAGS, SCRIPTS, answer, batch, domain, mailaddon

from mailaddon.operations import OPERATIONS
from mailaddon.operations.model import Operation

EDIT = ("run", "EEditUser", "--domain-name", "a.com", "--user-name", "u1")
NAMES = ("--first-name", "", "--middle-name", "", "--last-name", "")
FEATURES = ("--user-enable-forwards", "1", "--user-enable-autoresponders", "1", "--user-enable-web-access", "1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", "umbrella:Small")
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.command)
def test_every_operation_has_its_options(operation: Operation) -> None:
    shown = mailaddon("run", operation.command.upper(), "--help")
    assert shown.exit_code == 0
    assert operation.summary.split()[0] in shown.stdout
    for parameter in operation.parameters:
        assert f"--{parameter.option} " in shown.stdout


def test_help_lists_all_operations() -> None:
    shown = mailaddon("run", "--help").stdout
    assert all(f"\n  {operation.command} " in shown for operation in OPERATIONS)


@pytest.mark.usefixtures("small")
def test_named_options_and_the_result_as_the_program_prints_it() -> None:
    shown = mailaddon("run", "egetuserALIASlist", "--user-name", "U1", "--domain-name", "XYZ.com")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "a11\na12\n", "")


@pytest.mark.usefixtures("small")
def test_the_result_as_json() -> None:
    found = answer("run", "EGetUserAliasList", "--user-name", "u1", "--domain-name", "xyz.com", "--json")
    assert found == {"version": 1, "command": "EGetUserAliasList", "ok": True, "result": ["a11", "a12"]}


@pytest.mark.usefixtures("small")
def test_refusals() -> None:
    for arguments, line in (
        (("--user-name", "absent"), "user absent@xyz.com does not exist [not-found]"),
        (("--user-name", "vendor"), "the licence has expired [x-acme-licence]"),
        (("--user-name", "a@b"), "UserName: 'a@b' has other characters than letters, digits, '.', '_' and '-'; give"),
        ((), "missing: --user-name; they are asked for only on a terminal [usage]"),
    ):
        refused = mailaddon("run", "EGetUserAliasList", "--domain-name", "xyz.com", *arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.startswith(f"mailaddon run EGetUserAliasList: {line}")
        assert refused.stderr.count("\n") == 1


@pytest.mark.usefixtures("small")
def test_a_refusal_as_json() -> None:
    refused = mailaddon("run", "EGetUserAliasList", "--domain-name", "a.com", "--user-name", "vendor", "--json")
    assert (refused.exit_code, refused.stderr) == (1, "")
    assert json.loads(refused.stdout) == {
        "version": 1,
        "ok": False,
        "error": {
            "code": "x-acme-licence",
            "message": "the licence has expired",
            "parameter": "",
            "retryable": True,
        },
    }


@pytest.mark.parametrize("name", ["nonsense", "RegisterMailAddon", ""])
def test_what_is_no_operation_is_refused(name: str) -> None:
    refused = mailaddon("run", name)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.endswith("[usage]\n")


def test_validation_comes_before_the_backend(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", "nowhere:Backend")
    assert "[invalid-argument]" in mailaddon("run", "show", "--domain-name", "com").stderr
    assert not home.exists()
    assert "[backend-unusable]" in mailaddon("run", "show", "--domain-name", "a.com").stderr


@pytest.mark.usefixtures("small")
def test_the_optional_parameter_of_the_longer_form() -> None:
    flags = [part for one in _options("EEditDomain") if one.startswith("--enable") for part in (one, "1")]
    arguments = ("run", "EEditDomain", "--domain-name", "a.com", "--max-mailboxes", "-1", *flags)
    assert "ip_based=None" in mailaddon(*arguments).stderr
    assert "ip_based=True" in mailaddon(*arguments, "--site-type", "1").stderr
    assert "It may be left out." in " ".join(mailaddon("run", "EEditDomain", "--help").stdout.split())


def _options(command: str) -> list[str]:
    (operation,) = [one for one in OPERATIONS if one.command == command]
    return [f"--{parameter.option}" for parameter in operation.longer or operation.parameters]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("given", ["s3cret", "s3cret\n", "s3cret\r\n", "s3cret\nmore\n"])
def test_a_password_on_standard_input(given: str) -> None:
    shown = mailaddon(*EDIT, *NAMES, *FEATURES, "--password-stdin", given=given)
    assert (shown.exit_code, shown.stderr) == (0, "got True\n")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("given", "code"),
    [(b"\xff\n", "invalid-argument"), (b"x" * 4000, "invalid-argument"), (b"a\0b", "invalid-argument")],
)
def test_an_unfit_password_on_standard_input(given: bytes, code: str) -> None:
    refused = mailaddon(*EDIT, *NAMES, *FEATURES, "--password-stdin", given=given)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("mailaddon run EEditUser: Password: ")
    assert refused.stderr.endswith(f"[{code}]\n")


@pytest.mark.usefixtures("small")
def test_two_passwords_are_refused() -> None:
    refused = mailaddon(*EDIT, *NAMES, *FEATURES, "--password-stdin", "--password", "other", given="s3cret\n")
    assert refused.exit_code == 1
    assert "give one" in refused.stderr


def test_only_commands_with_a_password_read_one() -> None:
    assert "--password-stdin" not in mailaddon("run", "ESuspendUser", "--help").stdout
    assert mailaddon("run", "ESuspendUser", "--password-stdin").exit_code == 2


@pytest.mark.usefixtures("small")
def test_values_that_look_like_options() -> None:
    arguments = ("--first-name", "--json", "--middle-name", "--help", "--last-name", "-1", "--password", "s3cret")
    shown = mailaddon(*EDIT, *arguments, *FEATURES)
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", "got True\n")


@pytest.mark.usefixtures("small")
def test_invalid_utf8_in_an_option() -> None:
    call = [
        os.path.join(SCRIPTS, "mailaddon"),
        "run",
        "EGetUserAliasList",
        "--domain-name",
        b"\xff.com",
        "--user-name",
        "u",
    ]
    refused = subprocess.run(call, capture_output=True, check=False, timeout=HANGS)
    assert (refused.returncode, refused.stdout) == (1, b"")
    expected = b"mailaddon run EGetUserAliasList: DomainName: the text is not valid UTF-8 [invalid-argument]\n"
    assert refused.stderr == expected


class Terminal:
    """A person in front of the command."""

    def __init__(self, *arguments: str) -> None:
        self.shown = ""
        self.read = 0
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(os.path.join(SCRIPTS, "mailaddon"), ["mailaddon", *arguments])

    def answers(self, question: str, text: str, *, hidden: bool = False) -> None:
        while question not in self.shown[self.read :]:
            assert select.select([self.terminal], [], [], PATIENCE)[0], self.shown
            self.shown += os.read(self.terminal, 65536).decode()
        self.read = self.shown.index(question, self.read) + len(question)
        if hidden:  # the echo is turned off when the question has been asked; what is typed before is lost
            wait_for(lambda: not termios.tcgetattr(self.terminal)[3] & termios.ECHO)
        os.write(self.terminal, f"{text}\n".encode())

    def status(self) -> int:
        while True:
            try:
                more = os.read(self.terminal, 65536)
            except OSError:  # its other end is closed
                more = b""
            if not more:
                break
            self.shown += more.decode()
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.usefixtures("small")
def test_what_is_missing_is_asked_for_on_a_terminal() -> None:
    person = Terminal("run", "EEditUser", "--domain-name", "a.com", *FEATURES, "--middle-name", "x")
    person.answers("UserName (Name of the mail domain user): ", "not a name")
    person.answers("Error: ", "")  # the question is asked again
    person.answers("UserName (Name of the mail domain user): ", "u1")
    person.answers("Password (The user's password): ", "s3cret", hidden=True)
    person.answers("Repeat for confirmation: ", "another", hidden=True)
    person.answers("Password (The user's password): ", "s3cret", hidden=True)
    person.answers("Repeat for confirmation: ", "s3cret", hidden=True)
    person.answers("FirstName (First name of the user): ", "")
    person.answers("LastName (Last name of the user): ", "")
    assert person.status() == 0
    assert "got True" in person.shown
    assert "s3cret" not in person.shown
    assert "another" not in person.shown


@pytest.mark.usefixtures("small")
def test_an_empty_answer_is_a_value_where_it_may_be_one() -> None:
    person = Terminal("run", "ESetCatchallUser", "--domain-name", "a.com")
    person.answers("CatchallUserEmailAddress (Where mail to unknown names of the domain goes): ", "")
    assert person.status() == 0
    assert "address=''" in person.shown


def test_the_trees_of_the_sdks_own_operations() -> None:
    domain()
    assert mailaddon("run", "show", "--domain-name", "xyz.com").stdout.startswith(
        "xyz.com\n├─ name-based on 192.0.2.10\n"
    )
    assert "mailbox" in mailaddon("run", "RESOLVE", "--address", "admin@xyz.com").stdout
    assert mailaddon("run", "domains").stdout == "xyz.com\n"
    assert answer("run", "show", "--domain-name", "xyz.com", "--json")["result"]["owner"] == "admin"


def test_what_moving_a_domain_needs_to_know() -> None:
    domain()
    batch(
        ["EAddUser", "xyz.com", "u1", "s3cret", "", "", "", *FLAGS[:3]],
        ["EAddMailingList", "xyz.com", "news"],
        ["EAddMailingListMember", "xyz.com", "news", "", "b@example.org"],
        ["EAddMailingListMember", "xyz.com", "news", "Ann Lee", "a@example.org"],
    )
    assert mailaddon("run", "users", "--domain-name", "xyz.com").stdout == "admin\nu1\n"
    listing = ("run", "mailing-list", "--domain-name", "xyz.com", "--mailing-list-name", "news")
    assert mailaddon(*listing).stdout == "a@example.org  Ann Lee\nb@example.org\n"
    member = {"domain": "xyz.com", "name": "news", "address": "a@example.org", "display_name": "Ann Lee"}
    assert answer(*listing, "--json")["result"]["members"][0] == member
    hash_ = mailaddon("run", "password-hash", "--domain-name", "xyz.com", "--user-name", "u1").stdout
    assert PasswordHasher().verify(hash_.strip().removeprefix("{ARGON2ID}"), "s3cret")
    assert mailaddon("run", "password-schemes").stdout == ""
    Path(os.environ["MAILADDON_HOME"], "mailaddon.toml").write_text("[password]\naccept_hashes = true\n")
    assert "ARGON2ID\n" in mailaddon("run", "password-schemes").stdout
    assert "not-found" in mailaddon("run", "users", "--domain-name", "abc.com").stderr
    assert "not-found" in mailaddon(*listing[:-1], "team").stderr


def test_an_autoresponder_is_printed_byte_for_byte() -> None:
    domain()
    batch(["ESetAutoResponder", "xyz.com", "admin", "Gone", "until\n\nMonday"])
    arguments = ("run", "EGetAutoResponder", "--domain-name", "xyz.com", "--user-name", "admin")
    assert mailaddon(*arguments).stdout_bytes == b"Gone\nuntil\n\nMonday"
    assert answer(*arguments, "--json")["result"] == {"subject": "Gone", "message": "until\n\nMonday"}
    batch(["EDeleteAutoResponder", "xyz.com", "admin"])
    assert mailaddon(*arguments).stdout_bytes == b""
    assert answer(*arguments, "--json")["result"] is None
