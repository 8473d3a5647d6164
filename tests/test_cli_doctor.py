"""`mailaddon doctor`: each kind of broken installation is found and has a mend."""

import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from umbrella import Small, mailaddon

from mailaddon import Context, hookimpl, records, registrations
from mailaddon.cli import _diagnosis, _installation
from mailaddon.registrations import Registration

# ruff: noqa: SLF001 - the examinations are looked at one by one


class Troubled(Small):
    """A backend whose own check finds something, or does not work."""

    found: Any = ()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.closed = False

    @hookimpl
    def check(self) -> list[records.Problem]:
        if isinstance(self.found, Exception):
            raise self.found
        return list(self.found)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("MAILADDON_HOME", str(home))
    monkeypatch.delenv("MAILADDON_BACKEND", raising=False)
    return home


def examined(status: int) -> dict[str, list[dict[str, Any]]]:
    result = mailaddon("doctor", "--json")
    assert result.exit_code == status, result.output
    content = json.loads(result.stdout)
    assert content["version"] == 1
    assert content["ok"] is (status == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in content["findings"]:
        assert set(finding) == {"subject", "found", "ok", "severe", "mend", "code"}
        assert finding["ok"] or finding["mend"]
        found.setdefault(finding["subject"], []).append(finding)
    return found


def test_a_sound_installation() -> None:
    found = examined(0)
    expected = {"python", "package", "click", "pluggy", "programs", "home", "space", "settings", "backend", "add-ons"}
    assert expected <= set(found)
    assert [one for findings in found.values() for one in findings if one["severe"]] == []
    shown = mailaddon("doctor").stdout
    assert "ok       programs: all 55 in " in shown


def test_every_dependency_of_the_project_is_understood() -> None:
    required = importlib.metadata.requires("mail-addon-sdk") or []
    for requirement in required:
        if "extra ==" not in requirement:
            assert _installation._REQUIREMENT.match(requirement.partition(";")[0].strip()), requirement


def test_dependencies(monkeypatch: pytest.MonkeyPatch) -> None:
    required = ["nonesuch>=1.0", "click>=99.1", "pluggy", "idna>=3.7; python_version > '3'", "x>=1; extra == 'y'"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _name: required)
    monkeypatch.setitem(sys.modules, "pluggy", None)
    found = {one.subject: one for one in _installation.dependencies()}
    assert set(found) == {"nonesuch", "click", "pluggy", "idna"}
    assert found["nonesuch"].found == "not installed"
    assert "99.1 is needed" in found["click"].found
    assert "pip install 'click>=99.1'" in found["click"].mend
    assert "cannot be imported" in found["pluggy"].found
    assert found["idna"].ok


def test_a_package_that_is_not_the_installed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_installation, "__version__", "0.0.1")
    (one,) = _installation.package()
    assert "mailaddon 0.0.1 is imported from" in one.found
    monkeypatch.setattr(_installation, "DISTRIBUTION", "nonesuch")
    (one,) = _installation.package()
    assert one.found.endswith("but nonesuch is not installed")
    assert list(_installation.dependencies()) == []


def test_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_installation, "_OLDEST_PYTHON", (99, 0))
    (one,) = _installation.python()
    assert one.severe
    assert "Python 99.0" in one.mend


def test_a_frozen_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert [one.ok for one in (*_installation.package(), *_installation.dependencies())] == [True]
    assert _installation._script_folders() == [os.path.dirname(sys.executable)]


def test_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_installation, "_script_folders", lambda: [str(tmp_path / "empty"), str(tmp_path)])
    for name, content, mode in (
        ("EAddUser", f"#!{sys.executable}\n", 0o755),
        ("EAddDomain", "#!/nowhere/python -IS\n", 0o755),
        ("EEditUser", f"#!{sys.executable}\n", 0o644),
    ):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    found = [one.found for one in _installation.programs()]
    first = "EEditDomain, ESuspendDomain, EResumeDomain, EDeleteDomain, EPreImportDomain"
    assert found == [
        f"52 of 55 in {tmp_path} are missing: {first}, …",
        f"1 of 55 in {tmp_path} cannot be executed: EEditUser",
        f"1 of 55 in {tmp_path} have an interpreter that does not exist, /nowhere/python -IS: EAddDomain",
    ]


def test_another_installation_first_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "EAddUser").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    warning = examined(0)["programs"][-1]
    assert (warning["ok"], warning["severe"]) == (False, False)
    assert str(tmp_path / "EAddUser") in warning["found"]


def test_a_home_that_is_not_there_yet(home: Path) -> None:
    home.rmdir()
    assert "does not exist yet" in examined(0)["home"][0]["found"]
    assert not home.exists()


def test_a_home_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for place, words in (
        (str(tmp_path / "file"), "is not a folder"),
        (str(tmp_path / "file" / "below"), "cannot be looked at"),
        ("relative", "an absolute path is needed"),
    ):
        monkeypatch.setenv("MAILADDON_HOME", place)
        assert words in examined(1)["home"][0]["found"]
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    (one,) = _diagnosis._folder(str(tmp_path / "new" / "home"))
    assert "cannot be made" in one.found


def test_rights_of_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.chmod(0o750)
    assert examined(0)["home"][0]["mend"] == f"chmod 0700 {home}"
    home.chmod(0o755)
    assert "0755" in examined(1)["home"][0]["found"]
    home.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    first, second = _diagnosis._folder(str(home))
    assert "cannot be read and written" in first.found
    assert "this is user 12345" in second.found


def test_space(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, severe in ((1 << 20, True), (100 << 20, False)):
        monkeypatch.setattr("shutil.disk_usage", lambda _path, free=free: type("Usage", (), {"free": free}))
        (one,) = _diagnosis._space(str(home / "not" / "there"))
        assert (one.ok, one.severe) == (False, severe)


def test_settings(home: Path) -> None:
    (home / "mailaddon.toml").write_text("nonsense = 1\n")
    found = examined(1)
    assert "'nonsense' is not a setting" in found["settings"][0]["found"]
    assert "backend" not in found
    (home / "mailaddon.toml").write_text("events = false\n")
    assert examined(0)["settings"][0]["found"] == str(home / "mailaddon.toml")


def test_a_backend_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", "nowhere:Backend")
    assert "nowhere" in examined(1)["backend"][0]["found"]


def test_the_backends_own_check(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", f"{__name__}:Troubled")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Troubled.__module__])
    assert examined(0)["backend"][0]["ok"]
    mild = records.Problem(subject="queue", problem="it is long", mend="wait", severe=False)
    monkeypatch.setattr(Troubled, "found", (mild,))
    assert examined(0)[f"backend {__name__}:Troubled, queue"][0]["mend"] == "wait"
    monkeypatch.setattr(Troubled, "found", (mild.replace(severe=True),))
    examined(1)
    assert "PROBLEM  backend" in mailaddon("doctor").stdout
    assert "mend: wait" in mailaddon("doctor").stdout
    monkeypatch.setattr(Troubled, "found", ("text",))
    assert "returned a str" in examined(1)["backend"][0]["found"]
    monkeypatch.setattr(Troubled, "found", RuntimeError("defect"))
    assert "internal error, reference" in examined(1)["backend"][0]["found"]
    assert "RuntimeError: defect" in (home / "log" / "errors.log").read_text()


def test_registrations(home: Path, tmp_path: Path) -> None:
    one = Registration(
        vendor="V",
        server="s",
        version="1",
        extension="exe",
        interpreter="",
        interpreter_parameters="",
        compliant_3x=False,
        directory=str(tmp_path),
    )
    registrations.register(str(home), one)
    assert "52 programs are missing" in examined(0)["add-ons"][0]["found"]
    registrations.register(str(home), one.replace(directory=str(tmp_path / "gone")))
    assert "does not exist" in examined(1)["add-ons"][0]["found"]
    (home / "addons.json").write_text("{")
    assert "damaged" in examined(1)["add-ons"][0]["found"]
