"""Whether a backend could work now: reasons with codes, in the doctor, in `backends --ready`, at registration."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from addon_shop import Shop
from conftest import SCRIPTS, Panel
from harness import Home
from plugins import Empty, Plugin
from umbrella import mailaddon

from mailaddon import (
    BadResult,
    MailAddonError,
    NotConfigured,
    Service,
    StorageFailed,
    Unavailable,
    UpgradeNeeded,
    VendorError,
    hookimpl,
)
from mailaddon._loading import LoadedBackend
from mailaddon.readiness import REASONS, is_of_vendor, probe
from mailaddon.records import Problem


def problem(code: str = "other", *, severe: bool = True) -> Problem:
    return Problem(subject="server", problem="it is away", mend="wait", severe=severe, code=code)


class Checked(Plugin):
    """Its check finds what it is told to."""

    found: Any = ()

    @hookimpl
    def check(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def checked(found: Any) -> LoadedBackend:
    return LoadedBackend("acme", "x:y", type("Found", (Checked,), {"found": found})())


def test_what_a_check_finds() -> None:
    assert probe(LoadedBackend("acme", "x:y", Empty())).as_json() == {"ready": True, "problems": []}
    assert probe(checked(None)).ready
    found = probe(checked([problem("behind", severe=False)]))
    assert found.ready
    assert found.as_json()["problems"] == [
        {"subject": "server", "problem": "it is away", "mend": "wait", "severe": False, "code": "behind"}
    ]
    assert not probe(checked([problem("x-acme-licence")])).ready


@pytest.mark.parametrize("code", REASONS)
def test_every_code_on_the_list_is_accepted(code: str) -> None:
    assert [one.code for one in probe(checked([problem(code)])).problems] == [code]
    assert REASONS[code]


@pytest.mark.parametrize("code", ["", "gone", "x-acme", "x--", "X-ACME-GONE", "x-acme-", 7, None])
def test_other_codes_break_the_contract(code: Any) -> None:
    with pytest.raises(BadResult, match=r"it is one of unreachable, .*, or x-<vendor>-<name>"):
        probe(checked([problem(code)]))
    with pytest.raises(BadResult, match="returned a str; the contract says Problem"):
        probe(checked(["it is away"]))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("away"), "unreachable"),
        (NotConfigured("away"), "misconfigured"),
        (UpgradeNeeded("away"), "wrong-version"),
        (StorageFailed("away"), "damaged"),
        (VendorError("x-acme-licence", "away"), "x-acme-licence"),
        (MailAddonError("away"), "internal"),
    ],
)
def test_what_a_check_raises_is_a_reason(error: MailAddonError, code: str) -> None:
    (one,) = probe(checked(error)).problems
    assert (one.code, one.problem, one.severe) == (code, "away", True)
    assert one.code in REASONS or is_of_vendor(one.code)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch, home: Path) -> type[Checked]:  # noqa: ARG001 - it sets the environment
    module = ModuleType("checked_vendor")
    cls = type("Checked", (Checked,), {})
    module.Checked = cls  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "checked_vendor", module)
    monkeypatch.setenv("MAILADDON_BACKEND", "checked_vendor:Checked")
    return cls


def test_backends_ready(vendor: type[Checked]) -> None:
    name = "checked_vendor:Checked"
    assert mailaddon("backends", name, "--ready").stdout == f"{name}: ready\n"
    vendor.found = [problem("unreachable"), problem("x-acme-slow", severe=False)]
    result = mailaddon("backends", name, "--ready")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        f"{name}: not ready",
        "  server: it is away [unreachable]",
        "    mend: wait",
    ]
    result = mailaddon("backends", name, "--ready", "--json")
    assert result.exit_code == 1
    readiness = json.loads(result.stdout)["backends"][0]["readiness"]
    assert (readiness["ready"], [one["code"] for one in readiness["problems"]]) == (
        False,
        ["unreachable", "x-acme-slow"],
    )
    everyone = mailaddon("backends", "--ready")
    assert everyone.exit_code == 0
    assert "postfix: unusable: " in everyone.stdout
    assert "executable: not ready\n  add-on: no add-on is registered" in everyone.stdout
    found = json.loads(mailaddon("backends", "--ready", "--json").stdout)["backends"]
    assert {one["name"]: one["readiness"] for one in found}["postfix"] is None
    vendor.found = [problem("nonsense")]
    assert "hook check gives the code 'nonsense'" in mailaddon("backends", name, "--ready").stderr


def test_the_doctor_gives_codes(vendor: type[Checked]) -> None:
    vendor.found = [problem("no-permission")]
    content = json.loads(mailaddon("doctor", "--json").stdout)
    codes = {one["subject"]: one["code"] for one in content["findings"]}
    assert codes["backend checked_vendor:Checked, server"] == "no-permission"
    assert codes["python"] == ""
    assert "server: it is away [no-permission]\n         mend: wait" in mailaddon("doctor").stdout


SIX = ("Acme", "Mail", "1", "", "", "")


def test_the_own_programs_are_registered_when_their_backend_is_ready(panel: Panel) -> None:
    own = ("--directory", str(SCRIPTS))
    assert panel.prints("RegisterMailAddon", *SIX, *own) == ""
    (panel.home / "addons.json").unlink()
    panel.home.chmod(0o705)
    line = panel.refusal("RegisterMailAddon", *SIX, *own)
    assert line.startswith(
        f"RegisterMailAddon: the backend embedded is not ready: {panel.home}: it holds password hashes"
    )
    assert line.endswith(f" (exposed); mend: chmod o= {panel.home} [not-configured]")
    assert not (panel.home / "addons.json").exists()
    assert panel.run("RegisterMailAddon", *SIX, "--directory", str(panel.mail)).returncode == 0  # not this installation
    panel.settings('backend = "executable"\n')
    assert panel.run("RegisterMailAddon", *SIX, *own).returncode == 0  # a panel's own home


def test_a_backend_that_does_not_answer_is_worth_another_attempt(panel: Panel) -> None:
    module = panel.home / "away.py"
    module.write_text(
        "from mailaddon import records, hookimpl\n"
        "class Away:\n    contract = (1, 0)\n    def __init__(self, context): ...\n"
        "    @hookimpl\n    def check(self):\n"
        "        one = records.Problem(subject='socket', problem='silent', mend='start it', code='unreachable')\n"
        "        return [one, one.replace(subject='port')]\n"
    )
    panel.env |= {"PYTHONPATH": str(panel.home), "MAILADDON_BACKEND": "away:Away"}
    line = panel.refusal("RegisterMailAddon", *SIX, "--directory", str(SCRIPTS))
    assert "socket: silent (unreachable); mend: start it; 1 more, `mailaddon doctor` has them all" in line
    assert line.endswith("[unavailable]")


def test_codes_of_the_directory(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.add_domain("xyz.com")
    home.add_user("xyz.com", "u1")
    home.path.chmod(0o707)
    home.file.chmod(0o604)
    (home.mail / "xyz.com" / "u1").rename(home.mail / "xyz.com" / "stray")
    with home.service() as service:
        codes = [one.code for one in probe(service.backend).problems]
    assert codes == ["exposed", "exposed", "missing-file", "damaged"]


def test_codes_of_an_add_on(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", "", rights=0o644)
    with Service.open(str(shop.home), "executable") as service:
        found = {one.subject: one for one in probe(service.backend).problems}
        assert (found["EGetForwardList"].code, found["EGetForwardList"].severe) == ("no-permission", True)
        assert (found["EAddUser"].code, found["EAddUser"].severe) == ("missing-program", False)
        shop.registered(interpreter="nonesuch")
        (one,) = probe(service.backend).problems
    assert (one.code, one.subject) == ("misconfigured", "add-on")
