"""The life of a command as its caller sees it: what is printed where, and what becomes of defects."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ALL_ON, SCRIPTS, Panel
from patience import HANGS

import mailaddon
from mailaddon import command
from mailaddon.errors import ERRORS, InternalError, MailAddonError, NotFound, VendorError
from mailaddon.operations import COMMANDS, REGISTER, find
from mailaddon.operations.model import Operation
from mailaddon.records import AutoResponder
from mailaddon.values import Secret

EXECUTABLES = [(operation, name) for operation in COMMANDS for name in operation.executables]
IDS = [name for _, name in EXECUTABLES]
MARK = "mark3d-s3cret"
USER = ("xyz.com", "u1", MARK, "Ann", "", "Lee", "1", "1", "1")


# Help


@pytest.mark.parametrize(("operation", "name"), EXECUTABLES, ids=IDS)
def test_help_says_everything_that_the_table_says(operation: Operation, name: str) -> None:
    text = command.information(operation, name, "--help")
    sections = re.findall(r"^([A-Z ]+)$", text, re.MULTILINE)
    assert sections[:2] == ["NAME", "SYNOPSIS"]
    assert sections[-4:] == ["OUTPUT", "EXIT STATUS", "ERRORS", "EXAMPLE"]
    assert f"{name} - " in text
    parameters = [f"    {parameter.name}\n" for parameter in operation.parameters]
    places = [text.index(parameter) for parameter in parameters]
    assert places == sorted(places), "in the order of the arguments"
    assert ("PARAMETERS" in sections) == bool(parameters)
    flat = " ".join(text.split())
    for parameter in operation.parameters:
        assert parameter.kind.accepts[1:] in flat
    for code in (*operation.errors, "usage", "invalid-argument", "internal"):
        assert re.search(
            rf"^    {code} +{re.escape((ERRORS[code].__doc__ or '').splitlines()[0])}$", text, re.MULTILINE
        )
    for note in operation.notes:
        assert note in flat
    assert f"$ {name}" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_help_and_version_of_a_program(panel: Panel) -> None:
    text = panel.prints("EAddUser", "--help")
    assert text.startswith(
        "NAME\n    EAddUser - adds a user with a mailbox\n\nSYNOPSIS\n    EAddUser DomainName UserName "
    )
    assert panel.prints("EAddUser", "--version") == f"EAddUser {mailaddon.__version__}\n"
    assert panel.prints("EGetDistributionList", "--help").count("EGetDistributionList ") > 1
    assert list(panel.home.iterdir()) == []


def test_help_is_special_as_the_only_argument_only(panel: Panel) -> None:
    assert "[usage]" in panel.refusal("EGetCatchallUser", "--help", "xyz.com")
    assert "[usage]" in panel.refusal("EGetForwardList", "-h")
    assert "DomainName: '--help'" in panel.refusal("EGetForwardList", "--help", "--version")
    assert "DomainName: '-h'" in panel.refusal("EGetCatchallUser", "-h")


# Where messages go


@pytest.mark.parametrize(("chosen", "streams"), [("stderr", (0, 1)), ("stdout", (1, 0)), ("both", (1, 1))])
def test_refusal_goes_where_the_setting_says(panel: Panel, chosen: str, streams: tuple[int, int]) -> None:
    panel.settings(f'messages = "{chosen}"\n')
    panel.add_domain()
    refusals = {
        ("EGetForwardList", "xyz.com", "u1"): "EGetForwardList: user u1@xyz.com does not exist [not-found]\n",
        ("EGetForwardList", "xyz.com"): "EGetForwardList: 2 arguments expected, 1 given; "
        "usage: EGetForwardList DomainName UserName [usage]\n",
    }
    for words, line in refusals.items():
        done = panel.run(*words)
        assert done.returncode == 1
        assert (done.stdout.decode(), done.stderr.decode()) == (line * streams[0], line * streams[1])
    assert panel.run("EGetCatchallUser", "xyz.com").stdout == b"admin@xyz.com\n", "results go to standard output"


@pytest.mark.parametrize("settings", ["messages = 1\n", "no toml", 'messages = "nowhere"\n'])
def test_refusal_goes_to_standard_error_when_the_settings_are_unfit(panel: Panel, settings: str) -> None:
    panel.settings(settings)
    assert panel.refusal("EGetForwardList").endswith("[usage]")
    assert panel.refusal("EGetForwardList", "xyz.com", "u1").endswith("[not-configured]")


# Defects


def failing(panel: Panel, how: str, more: str = "") -> None:
    panel.settings(f'{more}backend = "plugins:Failing"\n[backends."plugins:Failing"]\nhow = "{how}"\n')
    panel.env["PYTHONPATH"] = str(Path(__file__).parent)


@pytest.mark.parametrize("how", ["defect", "chain", "exit", "interrupt", "recursion", "no such way"])
def test_defect_is_one_line_with_a_reference(panel: Panel, how: str) -> None:
    failing(panel, how)
    line = panel.refusal("EAddUser", *USER)
    log = panel.home / "log" / "errors.log"
    match = re.fullmatch(r"EAddUser: internal error, reference (\d{8}-\d{6}-\d+); details in (.*) \[internal\]", line)
    assert match, line
    assert match[2] == str(log)
    text = log.read_text()
    assert text.startswith(f"{match[1]} EAddUser\n")
    assert "Traceback (most recent call last):" in text
    assert "plugins.py" in text
    assert MARK not in line + text
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700
    assert not (panel.home / "events.jsonl").exists()

    again = panel.refusal("EAddUser", *USER)
    assert again != line
    assert log.read_text().count(" EAddUser\n") == 2, "the log grows, it is not replaced"


@pytest.mark.parametrize("password", [MARK, "a'b\"c\\d", "x\ny", "pässwörd", "p"])
def test_no_password_is_in_the_log(panel: Panel, password: str) -> None:
    failing(panel, "defect")
    line = panel.refusal("EAddUser", "xyz.com", "u1", password, *USER[3:])
    text = (panel.home / "log" / "errors.log").read_text()
    assert "RuntimeError" in text.replace("******", "p")
    for form in (password, repr(password)[1:-1], password.encode().decode("latin-1")):
        assert form not in text.replace("******", "")
        assert len(form) == 1 or form not in line
    assert "******" in text


def test_log_that_cannot_be_written(panel: Panel) -> None:
    failing(panel, "defect")
    (panel.home / "log").write_text("")
    line = panel.refusal("EAddUser", *USER)
    assert line.endswith("details in no log, it cannot be written [internal]")


def test_refusal_of_a_plugin_is_one_line_without_the_password(panel: Panel) -> None:
    failing(panel, "refusal")
    line = panel.refusal("EAddUser", *USER)
    assert line == "EAddUser: user u1 already exists, and ****** is no password [already-exists]"
    failing(panel, "vendor")
    assert panel.refusal("EAddUser", *USER) == "EAddUser: the licence expired [x-acme-licence-expired]"
    failing(panel, "surrogate")
    assert panel.refusal("EAddUser", *USER) == "EAddUser: half \\ud800 a character [already-exists]"


def test_result_that_breaks_the_contract_is_not_printed(panel: Panel) -> None:
    failing(panel, "")
    line = panel.refusal("EGetForwardList", "xyz.com", "u1")
    assert line.endswith("[bad-result]")
    assert panel.refusal("EGetCatchallUser", "xyz.com").endswith("not supported by plugins:Failing [not-supported]")
    assert panel.prints("ESuspendDomain", "xyz.com") == "", "as the guide grants"


def test_backend_of_the_environment(panel: Panel) -> None:
    panel.env["MAILADDON_BACKEND"] = "nothing"
    assert panel.refusal("EGetCatchallUser", "xyz.com").endswith("[backend-unusable]")
    assert panel.refusal("EGetCatchallUser").endswith("[usage]"), "a wrong call loads no backend"


def test_what_a_plugin_prints_is_no_result(panel: Panel) -> None:
    panel.env["PYTHONPATH"] = str(Path(__file__).parent)
    panel.env["MAILADDON_BACKEND"] = "plugins:Talking"
    done = panel.run("EGetUserAliasList", "xyz.com", "u1")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"a11\n", b"looking it up\n")


def test_plugin_around_the_backend(panel: Panel) -> None:
    """pluggy at work in a process of its own."""
    panel.settings('plugins = ["plugins:Watching"]\n')
    panel.env["PYTHONPATH"] = str(Path(__file__).parent)
    panel.add_domain()
    panel.add_user("u1")
    assert panel.prints("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"
    line = panel.refusal("EAddUser", *USER)
    assert line == "EAddUser: user u1@xyz.com already exists [already-exists]"


# In this process


def ends(program: str, *words: str) -> int:
    return command._run(program, command._perform, list(words), stdout_open=True)  # noqa: SLF001


def test_unknown_command(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert home.exists()
    assert ends("ENothing") == 1
    assert capfd.readouterr() == (
        "",
        "ENothing: 'ENothing' is not a command; `mailaddon commands` lists them all [usage]\n",
    )


def test_other_spellings_are_the_same_command(panel: Panel, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    panel.add_domain()
    for name in ("egetcatchalluser", "EGETCATCHALLUSER.EXE", "EGetCatchallUser.exe"):
        assert ends(name, "xyz.com") == 0
        assert capfd.readouterr() == ("admin@xyz.com\n", "")
    assert ends("EdeleteDomainAlias", "xyz.com", "xyz.net") == 1
    assert capfd.readouterr().err.startswith("EdeleteDomainAlias: xyz.net is not an alias")
    assert home.exists()


@pytest.mark.parametrize(
    ("name", "result", "text"),
    [
        ("EAddUser", None, ""),
        ("EGetForwardList", [], ""),
        ("EGetForwardList", ["a", "b"], "a\nb\n"),
        ("EGetMailURL", "https://x/", "https://x/\n"),
        ("EGetAutoResponder", None, ""),
        ("EGetAutoResponder", AutoResponder(subject="S", message="a\nb"), "S\na\nb"),
        ("EGetAutoResponder", AutoResponder(subject="", message=""), "\n"),
        ("EGetAutoResponder", AutoResponder(subject="S", message="a\r\n"), "S\na\r\n"),
    ],
)
def test_printed(name: str, result: object, text: str) -> None:
    assert command.printed(find(name), result) == text


def test_line_ends_are_the_platforms_but_a_message_is_printed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LINE_END", "\r\n")
    assert command.printed(find("EGetForwardList"), ["a", "b"]) == "a\r\nb\r\n"
    assert command.printed(find("EGetAutoResponder"), AutoResponder(subject="S", message="a\nb\n")) == "S\r\na\nb\n"


def test_decoded_names_the_parameter_that_is_not_text() -> None:
    with pytest.raises(MailAddonError) as caught:
        command.decoded(find("EAddForward"), ["xyz.com", "u1", "\udcff@x.com"])
    assert caught.value.parameter == "UserForward"


def test_logged_masks_all_forms_of_a_password(home: Path) -> None:
    secret = Secret("mark3d'\n")
    error = command.logged("EAddUser", RuntimeError(f"{secret!s} {str.__repr__(secret)} {[str(secret)]}"), [secret])
    assert isinstance(error, InternalError)
    assert "mark3d" not in (home / "log" / "errors.log").read_text()


# The list of errors


def test_error_is_one_line() -> None:
    assert str(NotFound("a\n b\t\tc ")) == "a b c"
    assert str(NotFound("no", parameter="UserName")) == "UserName: no"


def test_list_of_errors_is_closed_and_documented() -> None:
    documented = dict(re.findall(r"^      (\w+) +([a-z-]+)   ", mailaddon.errors.__doc__ or "", re.MULTILINE))
    assert {cls.__name__: code for code, cls in ERRORS.items()} == documented
    for code, cls in ERRORS.items():
        assert (cls.code, cls.exit_status) == (code, 1)
        assert 400 <= cls.http_status < 600
        assert cls.__doc__
        assert cls("x").retryable is (code in {"unavailable", "storage-failed", "interrupted"})
    assert set(REGISTER.errors) <= set(ERRORS)


@pytest.mark.parametrize("code", ["licence-expired", "x-", "x-acme", "acme-x-y", ""])
def test_vendors_code_has_the_vendors_prefix(code: str) -> None:
    with pytest.raises(ValueError, match="x-<vendor>-<name>"):
        VendorError(code, "no")
    assert VendorError("x-acme-licence-expired", "no").code not in ERRORS


# The environment


def test_home_is_made_at_the_first_call(panel: Panel) -> None:
    panel.home.rmdir()
    panel.env["MAILADDON_HOME"] = str(panel.home / "deep" / "er")
    panel.add_domain()
    made = panel.home / "deep" / "er"
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in made.iterdir() if path.is_file()} == {
        "directory.sqlite3": 0o600,
        "events.jsonl": 0o600,
    }


def test_two_homes_are_two_installations(panel: Panel, tmp_path: Path) -> None:
    other = Panel(_made(tmp_path / "other"))
    panel.add_domain()
    other.add_domain()
    panel.prints("EAddUserAlias", "xyz.com", "admin", "a11")
    assert other.prints("EGetUserAliasList", "xyz.com", "admin") == ""


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder.resolve()


def test_home_of_a_user_without_the_variable(panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailaddon import home

    monkeypatch.delenv("MAILADDON_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home.locate() == str(tmp_path / "mailaddon")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home.locate() == str(tmp_path / ".local" / "share" / "mailaddon")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert home.locate() == "/var/lib/mailaddon"
    monkeypatch.setenv("MAILADDON_HOME", f"{panel.home}//x/../")
    assert home.locate() == str(panel.home)


def test_standard_input_is_not_read(panel: Panel) -> None:
    """A panel may leave it open, and something else may need what is in it."""
    words = [SCRIPTS / "EAddDomain", "xyz.com", "192.0.2.10", panel.mail, "10", "admin", "s3cret", "0", *ALL_ON]
    reading, writing = os.pipe()
    os.write(writing, b"untouched")
    done = subprocess.run(words, env=panel.env, stdin=reading, capture_output=True, check=False, timeout=HANGS)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert os.read(reading, 100) == b"untouched"
    os.close(reading)
    os.close(writing)
