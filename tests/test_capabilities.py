"""What a plugin declares about its hooks: it agrees with them or is refused, and whoever asks is told the sentence."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import Panel
from plugins import Plugin
from umbrella import answer, mailaddon

from mailaddon import BackendUnusable, NotSupported, _loading, hookimpl, records
from mailaddon._contract import MARK, SUPPORT
from mailaddon._loading import LoadedBackend
from mailaddon.capabilities import Support, check_declared, of
from mailaddon.operations import COMMANDS, OPERATIONS

REASON = "the server has one address for all domains"


class Declared(Plugin):
    """Says something of each kind."""

    capabilities: ClassVar = {
        "change_domain_ip": ("unsupported", REASON),
        "pre_export_domain": ("not-implemented", "planned for 2.0"),
        "suspend_domain": ("unsupported", "domains are always on"),
        "get_forward_list": ("full", ""),
        "get_user_alias_list": ("partial", "the first hundred only"),
    }

    @hookimpl
    def get_forward_list(self) -> list[str]:
        return []

    @hookimpl
    def get_user_alias_list(self) -> list[str]:
        return []

    @hookimpl(partial="an address outside of the server is refused")
    def set_catchall_user(self, request: records.CatchAll) -> None: ...

    @hookimpl(specname="get_autoresponder", partial="the subject is lost")
    def reply(self) -> records.AutoResponder:
        return records.AutoResponder(subject="", message="away")

    @hookimpl
    def add_forward(self, request: records.Forward) -> None: ...

    def lacks(self, hook: str) -> str:
        return "forwards are switched off on this server" if hook == "add_forward" else ""


def loaded(plugin: Any) -> LoadedBackend:
    return LoadedBackend("acme", "x:y", plugin)


def test_each_member_has_a_docstring_and_is_what_plugins_write() -> None:
    assert tuple(Support) == SUPPORT
    for level in Support:
        assert level.__doc__
        assert level.__doc__.endswith(".")
    assert len({level.__doc__ for level in Support}) == len(Support)


def test_declared_seen_and_set_up_are_one_list() -> None:
    found = of(loaded(Declared()))
    assert list(found) == [operation.command for operation in OPERATIONS]
    seen = {name: (str(one.support), one.reason, one.declared) for name, one in found.items()}
    assert seen["EChangeDomainIP"] == ("unsupported", REASON, True)
    assert seen["EPreExportDomain"] == ("not-implemented", "planned for 2.0", True)
    assert seen["EGetForwardList"] == ("full", "", True)
    assert seen["EGetUserAliasList"] == ("partial", "the first hundred only", True)
    assert seen["ESetCatchallUser"] == ("partial", "an address outside of the server is refused", True)
    assert seen["EGetAutoResponder"] == ("partial", "the subject is lost", True)
    assert seen["EAddForward"] == ("not-implemented", "forwards are switched off on this server", True)
    assert seen["EAddUser"] == ("not-implemented", "acme has no hook for it", False)
    assert [name for name, one in found.items() if one.usable] == [
        *("EGetUserAliasList", "EGetForwardList", "ESetCatchallUser", "EGetAutoResponder")
    ]
    assert [name for name, one in found.items() if one.succeeds] == [
        operation.command for operation in COMMANDS if operation.placeholder
    ]
    assert str(of(loaded(Declared()), as_set_up=False)["EAddForward"].support) == "full"


def test_a_hook_that_is_marked_stays_one_for_pluggy() -> None:
    _loading.check(Declared)
    assert getattr(Declared.set_catchall_user, MARK)["partial"].startswith("an address outside")
    assert "partial" not in getattr(Declared.get_forward_list, MARK)


@pytest.mark.parametrize(
    ("hook", "entry", "mend"),
    [
        ("add_usr", ("full", ""), "add_usr is no operation's hook; did you mean add_user"),
        ("check", ("full", ""), "check is no operation's hook; `mailaddon commands --json`"),
        ("add_user", "unsupported", "add_user is 'unsupported'; a pair of full, partial, "),
        (
            "add_user",
            ("sometimes", "x"),
            "a pair of full, partial, not-implemented, unsupported and a sentence is needed",
        ),
        ("add_user", ("unsupported", ""), "add_user is unsupported and does not say why"),
        ("add_user", ("unsupported", "one\ntwo"), "on one line"),
        ("add_user", ("not-implemented", None), "does not say why"),
        ("add_user", ("full", ""), "declared as full and there is no such hook; add it, or declare not-implemented"),
        ("add_user", ("partial", "x"), "declared as partial and there is no such hook; add it"),
        ("get_forward_list", ("unsupported", "x"), "there is such a hook; remove it, or declare full or partial"),
        ("get_forward_list", ("not-implemented", "x"), "there is such a hook; remove it"),
        ("set_catchall_user", ("partial", "x"), "set_catchall_user is declared twice"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused_with_the_mend(hook: str, entry: Any, mend: str) -> None:
    plugin = type("Wrong", (Declared,), {"capabilities": {hook: entry}})()
    with pytest.raises(BackendUnusable) as refusal:
        check_declared(plugin)
    assert mend in str(refusal.value)
    with pytest.raises(BackendUnusable):
        of(loaded(plugin))


def test_all_faults_are_told_at_once() -> None:
    plugin = type("Wrong", (Declared,), {"capabilities": {"add_usr": ("full", ""), "add_user": ("full", "")}})
    with pytest.raises(BackendUnusable, match=r"add_usr is no .*; add_user is declared as full"):
        check_declared(plugin())
    for wrong in ([("add_user", "full")], "add_user"):
        with pytest.raises(BackendUnusable, match="are no table"):
            check_declared(type("Wrong", (Declared,), {"capabilities": wrong})())
    with pytest.raises(BackendUnusable, match="does not say in what"):
        check_declared(type("Mute", (Plugin,), {"add_user": hookimpl(partial=" ")(lambda self: None)})())  # noqa: ARG005


def test_a_refusal_tells_the_declared_sentence() -> None:
    backend = loaded(Declared())
    for hook, said in (
        ("change_domain_ip", f"not supported by acme: {REASON}"),
        ("pre_export_domain", "not supported by acme: planned for 2.0"),
        ("add_user", "not supported by acme"),
    ):
        with pytest.raises(NotSupported) as refusal:
            backend.call(hook, records.Server())
        assert str(refusal.value) == backend.lacking(hook) == said


class TestInstalled:
    """As a vendor's package, through the front doors."""

    @pytest.fixture(autouse=True)
    def vendor(self, panel: Panel, home: Path) -> Panel:  # noqa: ARG002 - the fixture sets the environment
        source = Path(__file__).read_text()
        begin = source.index("class Declared(Plugin)")
        body = source[begin : source.index("\n\n\ndef loaded", begin)]
        head = "from typing import ClassVar\nfrom plugins import Plugin\nfrom mailaddon import hookimpl, records\n"
        panel.env["PYTHONPATH"] = f"{panel.home}:{Path(__file__).parent}"
        (panel.home / "vendor.py").write_text(f"{head}REASON = {REASON!r}\n{body}\n")
        panel.env["MAILADDON_BACKEND"] = "vendor:Declared"
        return panel

    def test_a_command_tells_the_sentence(self, vendor: Panel) -> None:
        line = vendor.refusal("EChangeDomainIP", "xyz.com", "192.0.2.1")
        assert line == f"EChangeDomainIP: not supported by vendor:Declared: {REASON} [not-supported]"
        assert vendor.prints("ESuspendDomain", "xyz.com") == ""
        done = vendor.run("mailaddon", "batch", stdin=None, input=b'{"command": "EAddForward", "arguments": []}\n')
        assert b"usage" in done.stdout

    def test_one_backends_table(self, vendor: Panel) -> None:
        lines = vendor.prints("mailaddon", "backends", "vendor:Declared", "--capabilities").splitlines()
        assert lines[0].split() == ["OPERATION", "SUPPORT", "WHY"]
        rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines[1:]}
        assert len(rows) == len(OPERATIONS)
        assert rows["EChangeDomainIP"] == ["unsupported", REASON]
        assert rows["EGetForwardList"] == ["full"]
        assert rows["ESuspendDomain"] == ["unsupported", "domains are always on; succeeds without doing anything"]

    def test_json(self, vendor: Panel) -> None:
        (one,) = json.loads(vendor.prints("mailaddon", "backends", "vendor:Declared", "--json"))["backends"]
        assert one["capabilities"]["ESuspendDomain"] == {
            "hook": "suspend_domain",
            "support": "unsupported",
            "reason": "domains are always on",
            "declared": True,
            "succeeds": True,
        }
        assert one["operations"]["ESuspendDomain"] is False
        assert "readiness" not in one

    def test_one_that_lies_is_refused_when_it_is_linked(self, vendor: Panel) -> None:
        distribution = vendor.home / "lying-1.0.dist-info"
        distribution.mkdir()
        (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: lying\nVersion: 1.0\n")
        (distribution / "entry_points.txt").write_text("[mailaddon.backends]\nlying = lying:Lying\n")
        (vendor.home / "lying.py").write_text(
            "from vendor import Declared\nclass Lying(Declared):\n    capabilities = {'add_user': ('full', '')}\n"
        )
        vendor.env["MAILADDON_BACKEND"] = "lying"
        line = vendor.refusal("EGetForwardList", "xyz.com", "u1")
        assert "add_user is declared as full and there is no such hook; add it, or declare not-implemented" in line
        assert line.endswith("[backend-unusable]")
        done = vendor.run("mailaddon", "backends", "lying", "--capabilities")
        assert (done.returncode, b"there is no such hook; add it" in done.stderr) == (1, True)


def test_an_unknown_name_is_refused(home: Path) -> None:  # noqa: ARG001 - the fixture sets the environment
    result = mailaddon("backends", "nonesuch", "--capabilities")
    assert result.exit_code == 1
    assert "no backend 'nonesuch' is installed" in result.stderr


def test_the_built_in_ones_agree_with_themselves(home: Path) -> None:  # noqa: ARG001 - as above
    found = {one["name"]: one for one in answer("backends", "--json")["backends"]}
    start = found["embedded"]["capabilities"]["EStartMailServer"]
    assert (start["support"], start["succeeds"]) == ("unsupported", True)
    assert found["executable"]["capabilities"]["show"]["support"] == "unsupported"
    assert found["postfix"]["capabilities"] is None
