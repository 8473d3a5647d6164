"""The top of `mailaddon`: help, lazy subcommands, and refusals without a traceback."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from patience import HANGS
from umbrella import SCRIPTS, mailaddon, program

from mailaddon.cli import _application
from mailaddon.cli._application import SUBCOMMANDS, application

LINE = "line.jsonl"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MAILADDON_BACKEND", "umbrella:Small")
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))
    return tmp_path / "home"


def test_the_installed_program_says_its_version() -> None:
    shown = program("mailaddon", "--version")
    assert shown.returncode == 0
    assert shown.stdout.decode() == f"mailaddon {importlib.metadata.version('mail-addon-sdk')}\n"


def test_help_lists_every_subcommand() -> None:
    shown = mailaddon("--help")
    assert shown.exit_code == 0
    assert "Cannot be loaded" not in shown.stdout
    for name in SUBCOMMANDS:
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_help(name: str) -> None:
    shown = mailaddon(name, "--help")
    assert shown.exit_code == 0
    assert f"Usage: mailaddon {name}" in shown.stdout


def test_a_call_that_is_not_understood_exits_with_2() -> None:
    assert mailaddon("nonsense").exit_code == 2
    assert mailaddon("commands", "--nonsense").exit_code == 2
    assert mailaddon("show").exit_code == 2


def test_subcommands_are_loaded_when_asked_for() -> None:
    code = (
        "import sys; from mailaddon.cli._application import application; "
        "application.main(['completion', 'fish'], standalone_mode=False); "
        "assert 'mailaddon.cli.completion' in sys.modules; "
        "assert not {'mailaddon.cli.doctor', 'mailaddon.service', 'mailaddon.directory', 'pluggy'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=HANGS)
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_broken_subcommand_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {**SUBCOMMANDS, "doctor": "mailaddon.nowhere:doctor", "show": "mailaddon.cli.lookups:nothing"}
    monkeypatch.setattr(application, "targets", broken)
    assert "Cannot be loaded: No module named" in mailaddon("--help").stdout
    refused = mailaddon("show", "xyz.com", "--json")
    assert refused.exit_code == 2  # click knows no argument of it
    refused = mailaddon("doctor")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("mailaddon doctor: mailaddon doctor cannot be loaded: ")
    assert mailaddon("commands").exit_code == 0


def test_a_refusal_is_one_line_with_the_commands_whole_name() -> None:
    refused = mailaddon("addons", "remove", "x/y/z")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("mailaddon addons remove: no add-on 'x/y/z' is registered")
    assert refused.stderr.endswith(" [not-found]\n")


def test_a_refusal_is_json_where_json_is_asked_for() -> None:
    refused = mailaddon("addons", "show", "--json", "x/y/z")
    assert (refused.exit_code, refused.stderr) == (1, "")
    content = json.loads(refused.stdout)
    assert (content["version"], content["ok"], content["error"]["code"]) == (1, False, "not-found")
    assert set(content["error"]) == {"code", "message", "parameter", "retryable"}


def test_a_defect_is_a_reference_and_its_details_are_in_the_log(home: Path) -> None:
    values = ("--password", "pässw0rd", "--first-name", "", "--middle-name", "", "--last-name", "")
    flags = [part for name in ("forwards", "autoresponders", "web-access") for part in (f"--user-enable-{name}", "1")]
    refused = mailaddon("run", "EAddUser", "--domain-name", "a.com", "--user-name", "u", *values, *flags)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("mailaddon run EAddUser: internal error, reference ")
    log = (home / "log" / "errors.log").read_text()
    assert "RuntimeError: cannot store ******" in log
    assert "pässw0rd" not in log + refused.stderr


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    call = [os.path.join(SCRIPTS, "mailaddon"), "commands", "--json"]
    result = subprocess.run(call, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=HANGS)
    os.close(writer)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.parametrize("arguments", [("commands",), ("addons", "list", "--json"), ("batch", LINE)])
def test_a_full_disk_is_said(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / LINE).write_text("{}\n")
    call = [os.path.join(SCRIPTS, "mailaddon"), *arguments]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, check=False, timeout=HANGS, cwd=tmp_path)
    assert result.returncode == 1
    assert (
        b": the result cannot be written to standard output: No space left on device [storage-failed]" in result.stderr
    )
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("arguments", [("commands",), ("batch",), ("settings", "--json")])
def test_a_closed_standard_output_is_said(arguments: tuple[str, ...]) -> None:
    call = [os.path.join(SCRIPTS, "mailaddon"), *arguments]
    result = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *call], stderr=subprocess.PIPE, check=False, timeout=HANGS)
    assert result.returncode == 1
    assert result.stderr.startswith(f"mailaddon {arguments[0]}: standard output is closed".encode())


def test_output_is_utf8_in_any_locale(home: Path) -> None:
    home.mkdir()
    (home / "mailaddon.toml").write_text('webmail.url = "https://münchen.example/"\n', encoding="utf-8")
    for locale in ("C", "POSIX", "C.UTF-8"):
        shown = program("mailaddon", "settings", env={**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0"})
        assert "https://münchen.example/".encode() in shown.stdout, locale


def test_without_click_the_mend_is_said() -> None:
    code = "import sys; sys.modules['click'] = None; from mailaddon.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=HANGS)
    assert result.returncode == 1
    assert result.stderr.startswith(b"mailaddon: ")
    assert b"pip install mail-addon-sdk" in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_an_aborted_command_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_application, "import_module", lambda _name: __import__("types").SimpleNamespace(show=command))
    command = click.Command("show", callback=interrupted)
    result = mailaddon("show")
    assert result.exit_code == 1
    assert "Aborted!" in result.stderr
