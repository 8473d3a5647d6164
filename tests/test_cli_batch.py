"""`mailaddon batch`: JSON lines in, JSON lines out."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
from patience import HANGS
from umbrella import FLAGS, SCRIPTS, domain, mailaddon

from mailaddon._arguments import accepted
from mailaddon.cli import _batch_calls as module
from mailaddon.operations import OPERATIONS
from mailaddon.service import Service


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", "umbrella:Small")


def answers(*lines: "str | bytes | dict[str, Any]", status: int, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    encoded = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    given = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in encoded)
    result = mailaddon("batch", *options, given=given)
    assert result.exit_code == status, result.output
    assert result.stderr == ""
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(one["version"] == 1 for one in found)
    return found


def codes(found: list[dict[str, Any]]) -> list[str]:
    return ["ok" if one["ok"] else one["error"]["code"] for one in found]


def test_a_working_day_in_order(home: Path) -> None:
    mail = str(home / "mail")
    found = answers(
        {"command": "EAddDomain", "arguments": ["xyz.com", "192.0.2.1", mail, "-1", "admin", "pw", "0", *FLAGS]},
        {"command": "EAddUser", "arguments": ["xyz.com", "u1", "pw", "", "", "", "1", "1", "1"], "id": 7},
        {"command": "eadduseralias", "arguments": {"DomainName": "xyz.com", "UserName": "u1", "UserAlias": "a12"}},
        {"command": "EAddUserAlias", "arguments": {"domain": "xyz.com", "user": "u1", "alias": "a11"}, "id": [None]},
        {"command": "EgetUserAliasList", "arguments": ["xyz.com", "u1"], "id": "x"},
        {"command": "EGetAutoResponder", "arguments": ["xyz.com", "u1"]},
        {"command": "resolve", "arguments": ["a11@xyz.com"]},
        {"command": "domains"},
        status=0,
    )
    assert [one["line"] for one in found] == list(range(1, 9))
    assert [one["id"] for one in found] == [None, 7, None, [None], "x", None, None, None]
    assert found[4] == {
        "version": 1,
        "line": 5,
        "id": "x",
        "command": "EGetUserAliasList",
        "ok": True,
        "result": ["a11", "a12"],
    }
    assert found[5]["result"] is None
    assert found[6]["result"]["action"] == "alias"
    assert found[7]["result"] == ["xyz.com"]


def test_numbers_and_truth_values_are_their_digits() -> None:
    domain()
    features = {parameter.name: False for parameter in accepted(_operation("EEditDomain"))[3:]}
    arguments = {"DomainName": "xyz.com", "max_mailboxes": 5, "SiteType": True, **features}
    (edited, shown) = answers(
        {"command": "EEditDomain", "arguments": arguments}, {"command": "show", "arguments": ["xyz.com"]}, status=0
    )
    assert edited["ok"]
    assert (shown["result"]["max_mailboxes"], shown["result"]["ip_based"]) == (5, True)
    assert not any(shown["result"]["features"].values())


def _operation(command: str) -> Any:
    return next(operation for operation in OPERATIONS if operation.command == command)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "is not JSON"),
        ('{"command": "EGetMailURL", "arguments": ["a.com"]', "is not JSON"),
        ("[1]", "is not an object"),
        ('"EGetMailURL"', "is not an object"),
        (b'{"command": "\xff"}', "not valid UTF-8"),
        ("[" * 100_000, "nesting"),
        ('{"id": 1' + "0" * 5000 + "}", "too large"),
        ('{"id": NaN}', "too large"),
        ("{}", '"command" is not a text'),
        ({"command": 1}, '"command" is not a text'),
        ({"command": "nonsense"}, "is not a command"),
        ({"command": "RegisterMailAddon", "arguments": ["a"] * 6}, "a program of its own"),
        ({"command": "domains", "arguments": "x"}, "neither a list nor an object"),
        ({"command": "domains", "extra": 1}, "'extra' cannot be there"),
        ({"command": "show", "arguments": []}, "1 argument expected, 0 given"),
        ({"command": "show", "arguments": {}}, "DomainName missing"),
        ({"command": "show", "arguments": {"nonsense": "x"}}, "has no argument 'nonsense'"),
        ({"command": "show", "arguments": {"domain": "a.com", "DomainName": "a.com"}}, "given twice"),
        ({"command": "show", "arguments": [None]}, "is not a text, a whole number"),
        ({"command": "show", "arguments": [1.5]}, "is not a text, a whole number"),
    ],
)
@pytest.mark.usefixtures("small")
def test_a_bad_line_is_an_error_of_that_line(line: "str | bytes | dict[str, Any]", message: str) -> None:
    good = {"command": "EGetUserAliasList", "arguments": ["a.com", "u"]}
    found = answers(good, line, good, status=1)
    assert codes(found) == ["ok", "usage", "ok"]
    assert message in found[1]["error"]["message"]
    assert (found[1]["line"], found[1]["error"]["retryable"]) == (2, False)


@pytest.mark.usefixtures("small")
def test_refusals_have_code_parameter_and_retryable() -> None:
    invalid, unsupported, vendor = answers(
        {"command": "EGetUserAliasList", "arguments": ["xyz", "u"]},
        {"command": "EDeleteUser", "arguments": ["xyz.com", "u"]},
        {"command": "EGetUserAliasList", "arguments": ["xyz.com", "vendor"]},
        status=1,
    )
    assert (invalid["error"]["code"], invalid["error"]["parameter"]) == ("invalid-argument", "DomainName")
    assert (unsupported["error"]["code"], unsupported["error"]["parameter"]) == ("not-supported", "")
    assert (vendor["error"]["code"], vendor["error"]["retryable"]) == ("x-acme-licence", True)
    assert vendor["error"]["message"] == "the licence has expired"


def test_half_a_surrogate_pair_comes_back_as_it_was() -> None:
    (one,) = answers('{"command": "domains", "id": "\\ud800", "arguments": []}', status=0)
    assert one["id"] == "\ud800"
    (one,) = answers('{"command": "show", "arguments": ["\\ud800.com"]}', status=1)
    assert one["error"]["message"] == "the text is not valid UTF-8"


def test_empty_lines_are_skipped_and_the_last_needs_no_end() -> None:
    result = mailaddon("batch", given='\n  \r\n{"command": "domains"}\r\n\n{"command": "domains"}')
    assert [json.loads(line)["line"] for line in result.stdout.splitlines()] == [3, 5]
    assert mailaddon("batch", given="").stdout == ""


@pytest.mark.usefixtures("small")
def test_stopping_and_going_on() -> None:
    good, bad = {"command": "EGetUserAliasList", "arguments": ["a.com", "u"]}, {"command": "nonsense"}
    assert codes(answers(good, bad, good, status=1, options=("--stop-on-error",))) == ["ok", "usage"]
    assert codes(answers(good, bad, good, status=1, options=("--keep-going",))) == ["ok", "usage", "ok"]


@pytest.mark.usefixtures("small")
def test_a_defect_is_that_lines_and_is_logged_without_the_password(home: Path) -> None:
    good = {"command": "EGetUserAliasList", "arguments": ["a.com", "u"]}
    bad = {"command": "EAddUser", "arguments": ["a.com", "u", "s3cr3t-m4rk", "", "", "", "1", "1", "1"]}
    found = answers(good, bad, good, status=1)
    assert codes(found) == ["ok", "internal", "ok"]
    reference = found[1]["error"]["message"].split()[3].rstrip(";")
    log = (home / "log" / "errors.log").read_text()
    assert reference in log
    assert "s3cr3t-m4rk" not in log + json.dumps(found)


def test_no_password_in_the_output() -> None:
    domain()
    calls = [
        {"command": "EAddUser", "arguments": ["xyz.com", "u1", "s3cr3t-m4rk", "", "", "", "1", "1", "1"]},
        {"command": "EAddUser", "arguments": ["xyz.com", "u1", "s3cr3t-m4rk", "", "", "", "1", "1", "1"]},
        {"command": "EAddUser", "arguments": ["xyz.com", "u2", "s3cr3t-m4rk\0", "", "", "", "1", "1", "1"]},
        {"command": "EAddUser", "arguments": ["xyz.com", "u3", "s3cr3t-m4rk" * 100, "", "", "", "1", "1", "1"]},
        {"command": "show", "arguments": ["xyz.com"]},
    ]
    found = answers(*calls, '{"command": "EAddUser", "arguments": ["s3cr3t-m4rk"', status=1)
    assert codes(found) == ["ok", "already-exists", "invalid-argument", "invalid-argument", "ok", "usage"]
    assert "s3cr3t-m4rk" not in json.dumps(found)


@pytest.mark.usefixtures("small")
def test_a_line_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE", 100)
    good = json.dumps({"command": "EGetUserAliasList", "arguments": ["a.com", "u"]})
    found = answers(good, "x" * 1000, good, "x" * 99, good + " " * (100 - len(good) - 1), "x" * 100, good, status=1)
    assert codes(found) == ["ok", "usage", "ok", "usage", "ok", "usage", "ok"]
    assert [one["line"] for one in found] == list(range(1, 8))
    assert "longer than 100 octets" in found[1]["error"]["message"]


def test_an_unusable_backend_ends_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", "nowhere:Backend")
    result = mailaddon("batch", given='{"command": "domains"}\n')
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("[backend-unusable]\n")


@pytest.mark.usefixtures("small")
def test_one_service_serves_all_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened = []
    original = Service.open.__func__  # type: ignore[attr-defined] # a class method
    monkeypatch.setattr(Service, "open", classmethod(lambda cls: opened.append(1) or original(cls)))
    line = json.dumps({"command": "EGetUserAliasList", "arguments": ["a.com", "u"]}) + "\n"
    (tmp_path / "many.jsonl").write_text(line * 2000)
    result = mailaddon("batch", str(tmp_path / "many.jsonl"))
    assert (result.exit_code, len(result.stdout.splitlines()), len(opened)) == (0, 2000, 1)


def test_a_caller_can_talk_to_the_process() -> None:
    call = [os.path.join(SCRIPTS, "mailaddon"), "batch"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(json.dumps({"command": "domains", "id": number}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(timeout=HANGS) == 0


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    line = b'{"command": "domains"}\n'
    call = f"'{os.path.join(SCRIPTS, 'mailaddon')}' batch | head -n 1; exit 0"
    result = subprocess.run(["sh", "-c", call], input=line * 5000, capture_output=True, check=False, timeout=HANGS)
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == b""


@pytest.mark.parametrize("piped", [False, True])
def test_a_progress_bar_on_a_terminal(tmp_path: Path, *, piped: bool) -> None:
    (tmp_path / "in.jsonl").write_text('{"command": "domains"}\n' * 20)
    terminal, end = pty.openpty()
    call = f"'{os.path.join(SCRIPTS, 'mailaddon')}' batch"
    whole = f"cat in.jsonl | {call}" if piped else f"{call} in.jsonl"
    result = subprocess.run(
        ["sh", "-c", whole], stdout=subprocess.PIPE, stderr=end, check=False, timeout=HANGS, cwd=tmp_path
    )
    os.close(end)
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:
            break
    os.close(terminal)
    assert result.returncode == 0, shown
    assert len(result.stdout.splitlines()) == 20
    assert b"mailaddon batch" in shown
    if not piped:
        assert b"100%" in shown


def test_field_names_and_the_guides_names_never_mean_different_arguments() -> None:
    for operation in OPERATIONS:
        fields = {parameter.field: parameter for parameter in accepted(operation)}
        for parameter in accepted(operation):
            assert fields.get(parameter.name.lower(), parameter) is parameter
