"""`mailaddon backends`: what is installed, and why something cannot be used."""

import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import pytest
from umbrella import Small, answer, mailaddon

from mailaddon import BackendUnusable, Context, _loading, hookimpl
from mailaddon.operations import COMMANDS, OPERATIONS


class Outdated(Small):
    contract = (0, 9)


class Misspelt(Small):
    @hookimpl
    def add_usr(self, request: object) -> None: ...


class Failing(Small):
    def __init__(self, context: Context) -> None:
        raise OSError(f"{context.name} has no socket")


class Particular(Small):
    def __init__(self, context: Context) -> None:
        raise BackendUnusable(f"{context.name} is not\nlicensed")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins of all kinds, as if their packages were installed."""
    module = ModuleType("vendors")
    for plugin in (Small, Outdated, Misspelt, Failing, Particular):
        setattr(module, plugin.__name__, plugin)
    monkeypatch.setitem(sys.modules, "vendors", module)
    names = ("Small", "Outdated", "Misspelt", "Failing", "Particular", "Absent")
    points = [
        importlib.metadata.EntryPoint(name.lower(), f"vendors:{name}", _loading.ENTRY_POINT_GROUP) for name in names
    ]
    (tmp_path / "vendors_broken.py").write_text("raise RuntimeError('half an upgrade')")
    monkeypatch.syspath_prepend(tmp_path)
    broken = importlib.metadata.EntryPoint("broken", "vendors_broken:Backend", _loading.ENTRY_POINT_GROUP)
    gone = importlib.metadata.EntryPoint("gone", "vendors_gone:Backend", _loading.ENTRY_POINT_GROUP)
    present = _loading.entry_points()
    monkeypatch.setattr(_loading, "entry_points", lambda: [*present, *points, broken, gone])


def test_the_embedded_one_is_configured_and_supports_the_guide() -> None:
    one, programs, host = answer("backends", "--json")["backends"]
    assert (programs["name"], programs["usable"]) == ("executable", True)
    assert all(programs["operations"][operation.command] for operation in COMMANDS)
    assert (host["name"], host["usable"]) == ("postfix", False)
    assert "mailaddon host init" in host["reason"]
    assert (one["name"], one["configured"], one["usable"], one["reason"]) == ("embedded", True, True, "")
    assert (one["distribution"], one["contract"]) == ("mail-addon-sdk", "1.0")
    assert one["distribution_version"] == importlib.metadata.version("mail-addon-sdk")
    assert set(one["operations"]) == {operation.command for operation in OPERATIONS}
    text = mailaddon("backends").stdout.splitlines()
    assert text[1].split()[:2] == ["*", "embedded"]


@pytest.mark.usefixtures("installed")
def test_unusable_ones_say_why() -> None:
    found = {one["name"]: one for one in answer("backends", "--json")["backends"]}
    reasons = {name: one["reason"] for name, one in found.items() if not one["usable"]}
    assert set(reasons) == {"outdated", "misspelt", "failing", "particular", "absent", "broken", "gone", "postfix"}
    assert "contract 0.9" in reasons["outdated"]
    assert "add_usr" in reasons["misspelt"]
    assert "OSError: failing has no socket" in reasons["failing"]
    assert "has no Absent" in reasons["absent"]
    assert "RuntimeError: half an upgrade" in reasons["broken"]
    assert "vendors_gone" in reasons["gone"]
    assert all(one["operations"] is None for one in found.values() if not one["usable"])
    assert found["small"]["operations"]["EEditUser"] is True
    lines = mailaddon("backends").stdout.splitlines()
    assert len(lines) == 1 + len(found)
    assert any("unusable: particular is not licensed" in line for line in lines)
    assert any(line.split()[0] == "small" and line.endswith(f"5 of {len(OPERATIONS)}") for line in lines)


@pytest.mark.usefixtures("installed")
def test_capabilities_per_operation() -> None:
    lines = mailaddon("backends", "--capabilities").stdout.splitlines()
    assert lines[0].split() == ["OPERATION", "embedded", "executable", "small"]
    assert lines[1].split() == ["EAddDomain", "full", "full", "not-implemented"]
    suspend = next(line for line in lines if line.startswith("ESuspendDomain"))
    assert suspend.endswith("not-implemented (succeeds without doing anything)")
    assert any(line.startswith("gone: unusable: ") for line in lines)


def test_one_that_is_configured_by_its_place_is_listed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_BACKEND", "umbrella:Small")
    found = {one["name"]: one for one in answer("backends", "--json")["backends"]}
    assert found["umbrella:Small"]["configured"]
    assert not found["embedded"]["configured"]
    monkeypatch.setenv("MAILADDON_BACKEND", "nowhere")
    found = {one["name"]: one for one in answer("backends", "--json")["backends"]}
    assert "no backend 'nowhere' is installed" in found["nowhere"]["reason"]
