"""`mailaddon addons` and `mailaddon completion`."""

import os
import subprocess
from pathlib import Path

import pytest
from patience import HANGS
from umbrella import SCRIPTS, answer, mailaddon

from mailaddon import registrations
from mailaddon.registrations import Registration


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    for version in ("1.0", "2.0"):
        one = Registration(
            vendor="Acme",
            server="Post Office",
            version=version,
            extension="vbs",
            interpreter="cscript",
            interpreter_parameters="//nologo,//B",
            compliant_3x=version == "1.0",
            directory=str(tmp_path),
        )
        registrations.register(str(tmp_path / "home"), one)
    return tmp_path / "home"


def test_listing(tmp_path: Path) -> None:
    first, second = answer("addons", "list", "--json")["registrations"]
    assert list(first) == list(Registration._fields)
    assert (first["version"], first["active"], second["version"], second["active"]) == ("1.0", True, "2.0", False)
    lines = mailaddon("addons", "list").stdout.splitlines()
    assert lines[1] == f"*  Acme/Post Office/1.0  cscript //nologo,//B *.vbs  yes  {tmp_path}"
    assert lines[2].startswith("   Acme/Post Office/2.0 ")


def test_nothing_to_list(home: Path) -> None:
    (home / "addons.json").unlink()
    assert mailaddon("addons", "list").stdout == "no add-on is registered\n"
    assert answer("addons", "list", "--json")["registrations"] == []


def test_showing_one(tmp_path: Path) -> None:
    (tmp_path / "EADDUSER.VBS").touch()
    found = answer("addons", "show", "acme/post office/2.0", "--json")
    assert found["registration"]["interpreter_parameters"] == "//nologo,//B"
    assert found["parameters"] == ["//nologo", "//B"]
    assert "EAddDomain.vbs" in found["missing"]
    assert "EAddUser.vbs" not in found["missing"]
    text = mailaddon("addons", "show", "ACME/POST OFFICE/2.0").stdout
    assert "active       no\n" in text
    assert "missing      51: EAddDomain.vbs, " in text


def test_activating_and_removing() -> None:
    assert mailaddon("addons", "activate", "acme/POST office/2.0").stdout == "Acme/Post Office/2.0 is active\n"
    assert [one["active"] for one in answer("addons", "list", "--json")["registrations"]] == [False, True]
    removed = mailaddon("addons", "remove", "acme/post office/2.0").stdout
    assert removed == "Acme/Post Office/2.0 is removed; no add-on is active now\n"
    assert mailaddon("addons", "remove", "acme/post office/1.0").stdout == "Acme/Post Office/1.0 is removed\n"
    for action in ("activate", "remove", "show"):
        refused = mailaddon("addons", action, "acme/post office/1.0")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.endswith("[not-found]\n")


def test_a_damaged_file_is_refused(home: Path) -> None:
    (home / "addons.json").write_text("{")
    refused = mailaddon("addons", "list")
    assert refused.exit_code == 1
    assert refused.stderr.endswith("[storage-failed]\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script(shell: str) -> None:
    shown = mailaddon("completion", shell)
    assert shown.exit_code == 0
    assert "_MAILADDON_COMPLETE" in shown.stdout


def test_an_unknown_shell() -> None:
    assert mailaddon("completion", "cmd").exit_code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("mailaddon re", "resolve"),
        ("mailaddon run EAddU", "EAddUser"),
        ("mailaddon run EAddUser --user-n", "--user-name"),
        ("mailaddon addons act", "activate"),
    ],
)
def test_completing(words: str, expected: str) -> None:
    asked = {"_MAILADDON_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    call = [os.path.join(SCRIPTS, "mailaddon")]
    shown = subprocess.run(call, env={**os.environ, **asked}, capture_output=True, check=True, timeout=HANGS, text=True)
    assert f"plain,{expected}" in shown.stdout.splitlines()
