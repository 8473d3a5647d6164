"""The service: what a hook returns is checked, changes are recorded, and pluggy takes the same way as none."""

import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pluggy
import pytest
from conftest import Panel
from mailaddon.backends.embedded import EmbeddedBackend
from plugins import Empty, Plugin, Watching, answering, raising

from mailaddon import Service, records, settings
from mailaddon._contract import CONTRACT
from mailaddon._json import encode
from mailaddon._loading import LoadedBackend, check, check_contract
from mailaddon.errors import (
    BackendUnusable,
    BadResult,
    MailAddonError,
    NotConfigured,
    NotFound,
    NotSupported,
    VendorError,
)
from mailaddon.operations import COMMANDS, OPERATIONS, find
from mailaddon.records import AutoResponder, Change, DomainRef
from mailaddon.values import Secret

QUICK = "[password]\nargon2id_memory = 8\nargon2id_time = 1\n"
USER = ("xyz.com", "u1", "mark3d-s3cret", "Ann", "", "Lee", "1", "1", "1")


def service(home: Path, plugin: object, *wrappers: object) -> Service:
    return Service(str(home), settings.load(str(home)), LoadedBackend("test", "tests:Test", plugin, wrappers))


def run(where: Service, command: str, *arguments: str) -> Any:
    return where.run(find(command), arguments)


def events(home: Path) -> list[dict[str, Any]]:
    path = home / "events.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# Results


def fits(text: str) -> Iterator[str]:
    yield from text.split()


@pytest.mark.parametrize(
    ("command", "result", "seen"),
    [
        ("ESuspendUser", None, None),
        ("ESuspendUser", Change(), None),
        ("ESuspendUser", Change(before={"a": 1}, after={"a": 2}), None),
        ("EGetForwardList", [], []),
        ("EGetForwardList", ["b@x.com", "a@x.com"], ["a@x.com", "b@x.com"]),
        ("EGetForwardList", ("b", "ä", "A"), ["A", "b", "ä"]),
        ("EGetForwardList", {"b", "a"}, ["a", "b"]),
        ("EGetForwardList", fits("b a"), ["a", "b"]),
        ("EGetMailURL", "https://webmail.example.net/", "https://webmail.example.net/"),
        ("EGetAutoResponder", None, None),
        ("EGetAutoResponder", AutoResponder(subject="", message="\n"), AutoResponder(subject="", message="\n")),
    ],
)
def test_result_that_fits(home: Path, command: str, result: object, seen: object) -> None:
    operation = find(command)
    assert run(service(home, answering(operation.hook, result)), command, *operation.example[0]) == seen


@pytest.mark.parametrize(
    ("command", "result"),
    [
        *[("ESuspendUser", result) for result in (True, 0, "", "done", [], {}, {"after": {}}, Change, DomainRef)],
        ("EGetForwardList", None),
        ("EGetForwardList", "a@x.com"),
        ("EGetForwardList", 7),
        ("EGetForwardList", [""]),
        ("EGetForwardList", ["a@x.com", None]),
        ("EGetForwardList", ["a@x.com", 1]),
        ("EGetForwardList", [b"a@x.com"]),
        ("EGetForwardList", ["a@x.com\nb@x.com"]),
        ("EGetForwardList", ["a\x1b[31m"]),
        ("EGetForwardList", ["a\u2028b"]),
        ("EGetMailURL", None),
        ("EGetMailURL", ""),
        ("EGetMailURL", 1),
        ("EGetMailURL", "https://a/\n"),
        ("EGetMailURL", ["https://a/"]),
        ("EGetAutoResponder", ""),
        ("EGetAutoResponder", ("On holiday", "Back.")),
        ("EGetAutoResponder", AutoResponder(subject="a\nb", message="")),
        ("EGetAutoResponder", AutoResponder(subject="a\rb", message="")),
        ("EGetAutoResponder", AutoResponder(subject=None, message="")),  # type: ignore[arg-type]
        ("EGetAutoResponder", AutoResponder(subject="", message=b"")),  # type: ignore[arg-type]
        ("show", None),
        ("show", {"domain": "xyz.com"}),
        ("show", DomainRef(domain="xyz.com")),
        ("resolve", "mailbox"),
        ("domains", None),
    ],
)
def test_result_that_breaks_the_contract(home: Path, command: str, result: object) -> None:
    operation = find(command)
    with pytest.raises(BadResult) as caught:
        run(service(home, answering(operation.hook, result)), command, *operation.example[0])
    assert str(caught.value).startswith(f"hook {operation.hook} returned ")
    assert str(caught.value).endswith(f"; the contract says {operation.output}")
    assert events(home) == []


def test_every_operation_passes_a_record_of_its_request(home: Path) -> None:
    for operation in OPERATIONS:
        watching = Watching()
        plugin = answering(operation.hook, _fitting(operation.output))
        run(service(home, plugin, watching), operation.command, *operation.example[0])
        ((hook, request),) = watching.seen
        assert (hook, type(request)) == (operation.hook, getattr(records, operation.request))


def _fitting(output: str) -> Any:
    if output in {"none", "autoresponder"}:
        return None
    if output in {"lines", "text"}:
        return [] if output == "lines" else "x"
    record = getattr(records, output)
    return record(**dict.fromkeys(record._fields))


# What a backend lacks


def test_missing_hook_is_not_supported(home: Path) -> None:
    empty = service(home, Empty())
    for operation in OPERATIONS:
        if operation.placeholder:
            assert run(empty, operation.command, *operation.example[0]) is None
        else:
            with pytest.raises(NotSupported, match=r"^not supported by test$"):
                run(empty, operation.command, *operation.example[0])
    assert events(home) == [], "nothing has changed"


def test_placeholder_does_not_hide_a_refusal(home: Path) -> None:
    for command in ("ESuspendDomain", "EResumeDomain"):
        with pytest.raises(NotFound):
            run(service(home, raising(find(command).hook, NotFound("no"))), command, "xyz.com")


def test_wrong_arguments_never_reach_the_backend(home: Path) -> None:
    watching = Watching()
    for words in ((), ("xyz",), ("xyz.com", "u1", "u2")):
        with pytest.raises(MailAddonError):
            run(service(home, Empty(), watching), "ESuspendUser", *words)
    assert watching.seen == []


# Refusals


def test_errors_of_a_hook_are_the_callers(home: Path) -> None:
    error = VendorError("x-acme-licence-expired", "the licence expired", retryable=True)
    with pytest.raises(VendorError) as caught:
        run(service(home, raising("add_user", error)), "EAddUser", *USER)
    assert (caught.value.code, caught.value.retryable, str(caught.value)) == (error.code, True, "the licence expired")
    defect = RuntimeError("x")
    with pytest.raises(RuntimeError):
        run(service(home, raising("add_user", defect)), "EAddUser", *USER)
    assert events(home) == []


def test_password_in_a_refusal_is_masked(home: Path) -> None:
    for text in ("doveadm pw -p mark3d-s3cret failed", "mark3d-s3cret", "'mark3d-s3cret'mark3d-s3cret"):
        with pytest.raises(NotConfigured) as caught:
            run(service(home, raising("add_user", NotConfigured(text))), "EAddUser", *USER)
        assert "mark3d" not in str(caught.value)
        assert "******" in str(caught.value)


# Events


def test_change_is_recorded(home: Path) -> None:
    change = Change(before={"suspended": False, "names": ("a", None)}, after={"suspended": True, "n": {"x": [1, -2]}})
    run(service(home, answering("suspend_user", change)), "ESuspendUser", "XYZ.com", "U1")
    (event,) = events(home)
    assert list(event) == ["version", "time", "operation", "backend", "keys", "before", "after"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
    assert event == {
        "version": 1,
        "operation": "ESuspendUser",
        "backend": "test",
        "keys": {"domain": "xyz.com", "user": "u1"},
        "before": {"suspended": False, "names": ["a", None]},
        "after": {"suspended": True, "n": {"x": [1, -2]}},
    }
    assert (home / "events.jsonl").stat().st_mode & 0o777 == 0o600


def test_every_change_and_nothing_else_is_recorded(home: Path) -> None:
    for operation in OPERATIONS:
        before = len(events(home))
        plugin = answering(operation.hook, _fitting(operation.output))
        run(service(home, plugin), operation.command, *operation.example[0])
        recorded = events(home)[before:]
        assert [event["operation"] for event in recorded] == [operation.command] * operation.changes
        for event in recorded:
            keys = {p.field for p in operation.parameters if p.key}
            assert (set(event["keys"]), event["before"], event["after"]) == (keys, None, None)


def test_events_can_be_switched_off(home: Path) -> None:
    (home / "mailaddon.toml").write_text("events = false\n")
    run(service(home, answering("suspend_user", None)), "ESuspendUser", "xyz.com", "u1")
    assert events(home) == []


def test_event_that_cannot_be_written_does_not_fail_the_change(home: Path) -> None:
    (home / "events.jsonl").mkdir()
    assert run(service(home, answering("suspend_user", None)), "ESuspendUser", "xyz.com", "u1") is None


@pytest.mark.parametrize("odd", [1.5, {1, 2}, object(), b"x", {"a": 0.5}])
def test_change_without_a_json_form_is_recorded_all_the_same(home: Path, odd: object) -> None:
    run(service(home, answering("suspend_user", Change(after={"odd": odd}))), "ESuspendUser", "xyz.com", "u1")
    (event,) = events(home)
    assert (event["operation"], event["before"], event["after"]) == ("ESuspendUser", None, None)


def test_text_of_any_kind_is_one_line_of_an_event(home: Path) -> None:
    text = 'a\nb\r\t"\\\x00\x7f\u2028\U0001f4a9\x1f/'
    run(service(home, answering("suspend_user", Change(after={text: text}))), "ESuspendUser", "xyz.com", "u1")
    run(service(home, answering("suspend_user", Change(after={"x": "\ud800"}))), "ESuspendUser", "xyz.com", "u1")
    first, second = events(home)
    assert first["after"] == {text: text}
    assert second["after"] == {"x": "?"}


def test_no_password_is_in_an_event(home: Path) -> None:
    """Not even when a plugin takes the whole request for the change."""
    request = records.NewUser(**find("EAddUser").parse(USER))
    change = Change(before={"password": Secret("mark3d-s3cret")}, after=request.as_dict())
    run(service(home, answering("add_user", change)), "EAddUser", *USER)
    assert "mark3d" not in (home / "events.jsonl").read_text()
    (event,) = events(home)
    assert event["after"]["password"] == event["before"]["password"] == "******"
    assert event["keys"] == {"domain": "xyz.com", "user": "u1"}


def test_json_is_json() -> None:
    for value in (None, True, False, 0, -1, 10**30, "", "ü\n", [], [[]], {}, {"a": [{"b": None}]}, (1, "x")):
        assert json.loads(encode(value)) == (list(value) if isinstance(value, tuple) else value)
    with pytest.raises(TypeError, match="float has no JSON form here"):
        encode(0.5)


# With pluggy and without


def play(where: Service, mail: Path) -> list[object]:
    """Two hundred calls that succeed and fail in every way, and what comes of each."""
    data = str(mail.parent / "data")
    script = [
        ("EAddDomain", "xyz.com", "192.0.2.10", str(mail), "3", "admin", "s3cret", "0", *"11111111"),
        *[("EAddUser", "xyz.com", name, *USER[2:]) for name in ("u1", "u2", "u3", "u2")],
        ("EDeleteUser", "xyz.com", "admin"),
        ("EPostExportDomain", "xyz.com", str(mail), data, "admin", *"11111111"),
        ("EPostExportUser", "xyz.com", "u1", str(mail), data, "1", "1", "1"),
        *[(o.command, *_arguments(o.command, o.example[0], str(mail), data)) for o in COMMANDS for _ in range(2)],
        ("EAddUser", *USER),
        *[(o.command, *_arguments(o.command, o.example[0], str(mail), data)) for o in reversed(COMMANDS)],
        ("domains",),
        ("show", "xyz.com"),
        ("resolve", "u1@xyz.com"),
        ("EDeleteDomain", "xyz.com"),
        ("show", "xyz.com"),
    ]
    found: list[object] = []
    for command, *arguments in script:
        try:
            found.append((command, run(where, command, *arguments)))
        except MailAddonError as error:
            found.append((command, error.code, str(error)))
    return found


def _arguments(command: str, example: tuple[str, ...], mail: str, data: str) -> list[str]:
    changed = {"/var/mail/xyz.com": mail, "foo.com": "xyz.com"}
    words = [data if word.startswith("/var/backups") else changed.get(word, word) for word in example]
    return ["other.com", *words[1:]] if command in {"EAddDomain", "EDeleteDomain"} else words


def test_pluggy_gives_the_same_results_as_the_direct_way(tmp_path: Path) -> None:
    found = {}
    for way in ("direct", "pluggy"):
        panel = Panel(_made(tmp_path / way))
        panel.settings(QUICK)
        if way == "pluggy":
            panel.settings('plugins = ["plugins:Watching", "plugins:Watching"]\n' + QUICK)
        with Service.open(str(panel.home)) as where:
            results = play(where, panel.mail)
        found[way] = [str(result).replace(str(tmp_path / way), "") for result in results]
        recorded = [{**event, "time": ""} for event in events(panel.home)]
        found[f"{way} events"] = [json.dumps(event).replace(str(tmp_path / way), "") for event in recorded]
    assert found["pluggy"] == found["direct"]
    assert found["pluggy events"] == found["direct events"]
    codes = {code for result in found["direct"] for code in re.findall(r"', '([a-z-]+)', ", result)}
    assert {"not-found", "already-exists", "limit-reached", "not-configured", "conflict"} <= codes


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder.resolve()


def test_plugins_wrap_in_the_order_of_the_setting(home: Path) -> None:
    order = []

    class First(Watching):
        def __init__(self) -> None:
            super().__init__()
            self.seen = _Noting(order, "outer")  # type: ignore[assignment]

    class Second(Watching):
        def __init__(self) -> None:
            super().__init__()
            self.seen = _Noting(order, "inner")  # type: ignore[assignment]

    backend = LoadedBackend("test", "", answering("suspend_user", None), [Second(), First()])
    where = Service(str(home), settings.load(str(home)), backend)
    run(where, "ESuspendUser", "xyz.com", "u1")
    assert order == ["outer", "inner"]


class _Noting:
    def __init__(self, order: list[str], name: str) -> None:
        self._order = order
        self._name = name

    def append(self, _call: object) -> None:
        self._order.append(self._name)


def test_wrapper_may_refuse_and_may_change_the_result(home: Path) -> None:
    from mailaddon import hookimpl

    class Vetoing(Plugin):
        @hookimpl(wrapper=True)
        def get_forward_list(self, request: records.UserRef) -> Iterator[None]:
            if request.user == "u2":
                raise NotFound("not for you")
            found = yield
            return [*found, "copy@example.org"]

    where = service(home, answering("get_forward_list", ["x@example.org"]), Vetoing())
    assert run(where, "EGetForwardList", "xyz.com", "u1") == ["copy@example.org", "x@example.org"]
    with pytest.raises(NotFound, match="not for you"):
        run(where, "EGetForwardList", "xyz.com", "u2")


def test_hooks_marked_by_pluggy_itself_are_hooks(home: Path) -> None:
    marker = pluggy.HookimplMarker("mailaddon")

    class Marked(Plugin):
        @marker
        def get_forward_list(self, request: records.UserRef) -> list[str]:
            return [f"{request.user}@example.org"]

        @marker(specname="get_user_alias_list")
        def aliases(self) -> list[str]:
            return ["a11"]

        def suspend_user(self) -> None:
            raise AssertionError("it is not marked")

    for wrappers in ((), (Watching(),)):
        where = service(home, Marked(), *wrappers)
        assert run(where, "EGetForwardList", "xyz.com", "u1") == ["u1@example.org"]
        assert run(where, "EGetUserAliasList", "xyz.com", "u1") == ["a11"]
        with pytest.raises(NotSupported):
            run(where, "ESuspendUser", "xyz.com", "u1")


# Loading


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", r"no backend 'nothing' is installed; installed: .*embedded"),
        ("plugins:Nothing", "cannot be imported from plugins:Nothing: plugins has no Nothing"),
        ("no.such.module:X", "cannot be imported from no.such.module:X: No module named 'no'"),
        (":X", "is not module:attribute"),
        ("plugins:", "is not module:attribute"),
        ("plugins:Foreign", r"was written for contract 2\.0, this SDK has 1\.0"),
        ("plugins:Broken", r"does not start: RuntimeError: no server for plugins:Broken"),
        ("plugins:CONTRACT", "does not start: TypeError"),
    ],
)
def test_unusable_backend(home: Path, name: str, reason: str) -> None:
    with pytest.raises(BackendUnusable, match=reason):
        Service.open(str(home), name)
    (home / "mailaddon.toml").write_text(f'plugins = ["{name}"]\n')
    with pytest.raises(BackendUnusable, match=reason):
        Service.open(str(home))


def test_hooks_that_do_not_fit_the_contract(home: Path) -> None:
    from plugins import Misnamed, Misshapen

    for plugin, reason in ((Misnamed, "add_usr"), (Misshapen, "add_user")):
        with pytest.raises(BackendUnusable, match=f"its hooks do not fit the contract: .*{reason}"):
            check(plugin)
    check(EmbeddedBackend)
    check(Watching)
    (home / "mailaddon.toml").write_text('plugins = ["plugins:Misnamed"]\n')
    with pytest.raises(BackendUnusable, match="add_usr"):
        Service.open(str(home))


@pytest.mark.parametrize("declared", [None, "1.0", (1,), (1, 0, 0), [1, 0], 1.0])
def test_plugin_declares_its_contract(declared: object) -> None:
    plugin = Empty()
    plugin.contract = declared  # type: ignore[assignment]
    with pytest.raises(BackendUnusable, match=r"backend x declares no contract; a plugin has contract = \(1, 0\)"):
        check_contract("x", plugin)


def test_contract_of_the_same_major_number_fits() -> None:
    plugin = Empty()
    check_contract("x", plugin)
    plugin.contract = (CONTRACT[0], CONTRACT[1] + 1)
    with pytest.raises(BackendUnusable, match=r"was written for contract 1\.1, this SDK has 1\.0"):
        check_contract("x", plugin)


def test_backend_gets_its_context(home: Path) -> None:
    (home / "mailaddon.toml").write_text('[backends."plugins:Empty"]\nhost = "mx"\n')
    with Service.open(str(home), "plugins:Empty") as where:
        plugin = where.backend.plugin
        assert isinstance(plugin, Empty)
        assert plugin.options == {"host": "mx"}
        assert (where.backend.name, where.backend.target) == ("plugins:Empty", "plugins:Empty")
    assert plugin.closed == 1


def test_backend_without_close_is_left(home: Path) -> None:
    service(home, object()).close()


def test_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    Service.open(str(home)).close()
    assert home.stat().st_mode & 0o777 == 0o700
    os.chmod(home, 0o755)
    Service.open(str(home)).close()
    assert home.stat().st_mode & 0o777 == 0o755, "what somebody else made is left as it is"


# Threads


def test_one_service_serves_several_threads(panel: Panel, home: Path) -> None:
    panel.settings(QUICK)
    failures: list[BaseException] = []
    with Service.open(str(home)) as where:
        flags = ("0", *"11111111")
        run(where, "EAddDomain", "xyz.com", "192.0.2.10", str(panel.mail), "-1", "admin", "s3cret", *flags)

        def work(thread: int) -> None:
            try:
                for number in range(10):
                    name = f"a{thread}-{number}"
                    run(where, "EAddUserAlias", "xyz.com", "admin", name)
                    assert name in run(where, "EGetUserAliasList", "xyz.com", "admin")
            except BaseException as error:  # noqa: BLE001 - a thread cannot fail a test by itself
                failures.append(error)
            finally:
                where.close()

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(run(where, "EGetUserAliasList", "xyz.com", "admin")) == 40
    assert len(events(home)) == 41
