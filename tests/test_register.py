"""RegisterMailAddon as a panel's administrator calls it: arguments, refusals, warnings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mailaddon.register import split
from patience import HANGS
from umbrella import SCRIPTS, program

from mailaddon.errors import UsageError
from mailaddon.operations import COMMANDS

SIX = ("VendorName", "MailServerName", "MailServerVersion", "vbs", "cscript", "//nologo")
SEVEN = ("VendorName", "MailServerName", "MailServerVersion", "exe", "", "", "1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def register(*arguments: "str | bytes", **options: object) -> "subprocess.CompletedProcess[bytes]":
    return program("RegisterMailAddon", *arguments, **options)


def kept(home: Path) -> list[dict[str, object]]:
    content = json.loads((home / "addons.json").read_text(encoding="utf-8"))
    assert content["version"] == 1
    return list(content["registrations"])


def refused(result: "subprocess.CompletedProcess[bytes]", code: str) -> str:
    assert result.returncode == 1
    assert result.stdout == b""
    message = result.stderr.decode()
    assert message.startswith("RegisterMailAddon: ")
    assert message.endswith(f" [{code}]\n")
    assert message.count("\n") == 1
    return message


def test_the_guides_example_for_a_3x_add_on(home: Path, tmp_path: Path) -> None:
    result = register("VendorName", "MailServerName", "MailServerVersion", "exe", "", "", "1")
    assert (result.returncode, result.stdout) == (0, b"")
    (one,) = kept(home)
    registered = one.pop("registered")
    assert one == {
        "vendor": "VendorName",
        "server": "MailServerName",
        "version": "MailServerVersion",
        "extension": "exe",
        "interpreter": "",
        "interpreter_parameters": "",
        "compliant_3x": True,
        "directory": str(tmp_path),
        "active": True,
    }
    assert str(registered).endswith("Z")


def test_the_guides_example_for_an_interpreter(home: Path) -> None:
    result = register("VendorName", "MailServerName", "MailServerVersion", "vbs", "cscript", "//nologo")
    assert (result.returncode, result.stdout) == (0, b"")
    (one,) = kept(home)
    assert (one["extension"], one["interpreter"], one["interpreter_parameters"]) == ("vbs", "cscript", "//nologo")
    assert one["compliant_3x"] is False


def test_registering_again_replaces_and_keeps_the_active_one(home: Path) -> None:
    assert register(*SIX).returncode == 0
    assert register("Other", *SIX[1:]).returncode == 0
    assert register("VENDORNAME", "mailservername", "MailServerVersion", "exe", "", "").returncode == 0
    other, again = kept(home)
    assert (other["vendor"], other["active"]) == ("Other", False)
    assert (again["vendor"], again["extension"], again["active"]) == ("VENDORNAME", "exe", True)


def test_the_script_in_the_tree_registers_too(home: Path) -> None:
    script = Path(__file__).parent.parent / "register" / "RegisterMailAddon.py"
    subprocess.run([sys.executable, str(script), *SIX], check=True, capture_output=True, timeout=HANGS)
    assert len(kept(home)) == 1


@pytest.mark.parametrize("seventh", ["0", "", "yes", "11", "--help", "-1"])
def test_only_1_in_the_seventh_means_3x(home: Path, seventh: str) -> None:
    assert register(*SIX, seventh).returncode == 0
    assert kept(home)[0]["compliant_3x"] is False


@pytest.mark.parametrize(
    ("argv", "arguments", "directory"),
    [
        (SIX, SIX, ""),
        (SEVEN, SEVEN, ""),
        (("--directory", "D", *SIX), SIX, "D"),
        (("--directory", "D", *SEVEN), SEVEN, "D"),
        ((*SIX, "--directory", "D"), SIX, "D"),
        ((*SEVEN, "--directory", "D"), SEVEN, "D"),
        (("--directory=D", *SIX), SIX, "D"),
        (("--directory=D", *SEVEN), SEVEN, "D"),
        ((*SIX, "--directory=D"), SIX, "D"),
        ((*SEVEN, "--directory=D=E"), SEVEN, "D=E"),
        # as many arguments as the guide's: nothing is an option
        (("--directory", *SIX[1:]), ("--directory", *SIX[1:]), ""),
        ((*SIX[:4], "--directory", "D"), (*SIX[:4], "--directory", "D"), ""),
        ((*SIX, "--directory"), (*SIX, "--directory"), ""),
        (("--help", *SIX[1:]), ("--help", *SIX[1:]), ""),
        # neither place
        ((*SIX[:3], "--directory", "D", *SIX[3:]), (*SIX[:3], "--directory", "D", *SIX[3:]), ""),
    ],
)
def test_where_the_directory_may_stand(argv: tuple[str, ...], arguments: tuple[str, ...], directory: str) -> None:
    assert split(argv) == (list(arguments), directory)


def test_the_directory_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        split(("--directory=D", *SIX, "--directory=E"))


def test_the_directory_is_kept_absolute(home: Path, tmp_path: Path) -> None:
    (tmp_path / "Ä b").mkdir()
    assert register("--directory", "Ä b/../Ä b", *SIX).returncode == 0
    assert kept(home)[0]["directory"] == str(tmp_path / "Ä b")


def test_the_directory_is_read_as_utf8_in_any_locale(home: Path, tmp_path: Path) -> None:
    (tmp_path / "Ä b").mkdir()
    assert register(*SIX, f"--directory={tmp_path}/Ä b", env={**os.environ, "LC_ALL": "C"}).returncode == 0
    assert kept(home)[0]["directory"] == str(tmp_path / "Ä b")


def test_a_directory_must_be_a_folder(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(register("--directory=file", *SIX), "not-found")
    refused(register("--directory=none", *SIX), "not-found")
    refused(register(b"--directory=\xff", *SIX), "invalid-argument")
    assert not (home / "addons.json").exists()


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    call = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    path = os.path.join(SCRIPTS, "RegisterMailAddon")
    result = subprocess.run(["sh", "-c", call, "sh", gone, path, *SIX], capture_output=True, timeout=HANGS, check=False)
    refused(result, "not-found")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "usage"),
        (SIX[:5], "usage"),
        ((*SEVEN, "8"), "usage"),
        (("", *SIX[1:]), "invalid-argument"),
        (("  ", *SIX[1:]), "invalid-argument"),
        (("V\n", *SIX[1:]), "invalid-argument"),
        ((b"\xff", *SIX[1:]), "invalid-argument"),
        (("V" * 65536, *SIX[1:]), "invalid-argument"),
        ((*SIX[:3], "../exe", "", ""), "invalid-argument"),
        ((*SIX[:5], "a\0".replace("\0", "\x1b")), "invalid-argument"),
    ],
)
def test_a_refusal_is_one_line_and_changes_nothing(home: Path, arguments: tuple[str, ...], code: str) -> None:
    refused(register(*arguments), code)
    assert not (home / "addons.json").exists()


def test_right_to_left_and_combining_characters_are_kept(home: Path) -> None:
    assert register("חברה", "e\u0301", "1", "", "", "").returncode == 0
    assert (kept(home)[0]["vendor"], kept(home)[0]["server"]) == ("חברה", "e\u0301")
    assert register("חברה", "\u00e9", "1", "", "", "").returncode == 0
    assert len(kept(home)) == 1


def test_help_and_version() -> None:
    shown = register("--help")
    assert shown.returncode == 0
    assert b"3.XCompliantAPI" in shown.stdout
    assert b"--directory DIR" in shown.stdout
    assert register("--version").stdout.startswith(b"RegisterMailAddon ")


def test_missing_programs_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "eadddomain.EXE").touch()
    (tmp_path / "EgetForwardList.exe").touch()
    (tmp_path / "EAddUser.exe").mkdir()
    (tmp_path / "EAddUser").touch()
    result = register(*SIX[:3], ".exe", "", "")
    assert (result.returncode, result.stdout) == (0, b"")
    warning = result.stderr.decode()
    assert warning.startswith("RegisterMailAddon: warning: 50 of 52 programs are missing in ")
    assert "EEditDomain.exe" in warning
    assert warning.count("\n") == 1


def test_no_warning_when_all_programs_are_there(tmp_path: Path) -> None:
    for operation in COMMANDS:
        (tmp_path / operation.executables[-1]).touch()
    assert register(*SIX[:3], "", "", "").stderr == b""


def test_of_a_3x_add_on_only_the_3x_programs_are_expected(tmp_path: Path) -> None:
    for operation in COMMANDS:
        if operation.legacy_parameters is not None:
            (tmp_path / f"{operation.command}.exe").touch()
    assert register(*SEVEN).stderr == b""
    assert b"programs are missing" in register(*SEVEN[:6]).stderr


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_closed_streams_change_nothing(home: Path, streams: str) -> None:
    path = os.path.join(SCRIPTS, "RegisterMailAddon")
    result = subprocess.run(
        ["sh", "-c", f'"$@" {streams}', "sh", path, *SIX], check=False, timeout=HANGS, stderr=subprocess.DEVNULL
    )
    assert result.returncode == 0
    assert len(kept(home)) == 1


def test_help_into_a_closed_pipe_exits_with_1() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    path = os.path.join(SCRIPTS, "RegisterMailAddon")
    result = subprocess.run([path, "--help"], stdout=writer, stderr=subprocess.PIPE, check=False, timeout=HANGS)
    os.close(writer)
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert result.stderr.endswith(b"[storage-failed]\n")


def test_an_unwritable_home_is_refused(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "addons.json").mkdir()
    refused(register(*SIX), "storage-failed")
    home_file = tmp_path / "file"
    home_file.touch()
    refused(register(*SIX, env={**os.environ, "MAILADDON_HOME": str(home_file)}), "not-configured")
    refused(register(*SIX, env={**os.environ, "MAILADDON_HOME": "relative"}), "not-configured")
