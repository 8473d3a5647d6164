"""`MAILADDON_TRACE`: each call as a line, from every front door, without a secret, and without changing the call."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ALL_ON, SCRIPTS, Panel
from harness import Home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import HANGS
from plugins import Failing, answering, raising
from umbrella import mailaddon

import mailaddon as public
from mailaddon import AlreadyExists, MailAddonError, NotSupported, Service, _tracing, records
from mailaddon import settings as _settings
from mailaddon._loading import LoadedBackend
from mailaddon.operations import find
from mailaddon.values import Secret

USER = ("xyz.com", "u1", "correct horse", "Ann", "", "Lee", "1", "1", "1")


@pytest.fixture
def trace(panel: Panel) -> Path:
    """Where the panel's programs record their calls."""
    path = panel.home.parent / "trace.jsonl"
    panel.env["MAILADDON_TRACE"] = str(path)
    return path


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:  # noqa: ARG001 - it sets the environment
    """Where this process records its calls."""
    monkeypatch.setenv("MAILADDON_TRACE", str(tmp_path / "here.jsonl"))
    yield tmp_path / "here.jsonl"
    _tracing._WARNED.clear()  # noqa: SLF001 - a process warns once, and this one runs many tests


def read(path: Path) -> list[dict[str, Any]]:
    assert path.read_bytes().endswith(b"\n")
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def service(plugin: object, home: Path) -> Service:
    return Service(str(home), _settings.load(str(home)), LoadedBackend("test", "test:Test", plugin))


def test_a_command_is_a_line(panel: Panel, trace: Path) -> None:
    panel.add_domain()
    panel.prints("EAddUser", *USER)
    assert panel.prints("EGetForwardList", "xyz.com", "u1") == ""
    panel.refusal("EAddUser", *USER)
    domain, user, listing, again = read(trace)
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    secret = user["arguments"][2]
    assert set(secret) == {"secret"}
    assert user["time"].endswith("Z")
    assert user["pid"] != listing["pid"]
    assert user["microseconds"] > 0
    assert {key: value for key, value in user.items() if key not in {"time", "pid", "microseconds"}} == {
        "version": 1,
        "kind": "call",
        "sdk": public.__version__,
        "operation": "EAddUser",
        "hook": "add_user",
        "backend": "embedded",
        "target": "mailaddon.backends.embedded:EmbeddedBackend",
        "transaction": None,
        "arguments": ["xyz.com", "u1", secret, "Ann", "", "Lee", "1", "1", "1"],
        "ok": True,
        "result": None,
        "error": None,
    }
    assert (listing["result"], listing["ok"]) == ([], True)
    assert domain["arguments"][5] != secret
    assert (again["ok"], again["arguments"][2]) == (False, secret)
    assert again["error"] == {
        "code": "already-exists",
        "message": "user u1@xyz.com already exists",
        "parameter": "",
        "retryable": False,
    }


def test_refused_arguments_are_recorded(panel: Panel, trace: Path) -> None:
    panel.refusal("EAddUser", "xyz.com", "u1", "correct horse")
    panel.refusal("EGetForwardList", "xyz.com")
    panel.refusal("EAddUser", "xyz_com", *USER[1:])
    panel.refusal("EGetForwardList", "xyz.com", b"\xff")
    panel.refusal("EAddUser", *USER[:2], "x" * 1025, *USER[3:])
    panel.env["MAILADDON_BACKEND"] = "nonesuch"
    panel.refusal("EGetForwardList", "xyz.com", "u1")
    few, missing, name, octets, long, backend = read(trace)
    assert [set(argument) for argument in few["arguments"]] == [{"secret"}] * 3, "any of them could be the password"
    assert (few["error"]["code"], few["backend"], few["microseconds"]) == ("usage", None, 0)
    assert missing["arguments"] == ["xyz.com"]
    assert (name["error"]["parameter"], name["arguments"][0]) == ("DomainName", "xyz_com")
    assert octets["arguments"] == ["xyz.com", "\udcff"]
    assert long["arguments"][2]["form"] == "too-long"
    assert backend["error"]["code"] == "backend-unusable"
    assert not list(panel.home.glob("directory*"))


def test_a_home_that_is_not_there_is_not_made_for_a_trace(panel: Panel, trace: Path) -> None:
    panel.home.rmdir()
    panel.refusal("EAddUser", "xyz_com", *USER[1:])
    panel.env["MAILADDON_HOME"] = "relative"
    panel.refusal("EAddUser", "xyz_com", *USER[1:])
    first, second = read(trace)
    assert first["arguments"][2] != second["arguments"][2], "without a home, each process has a key of its own"
    assert not panel.home.exists()


def test_nothing_is_imported_without_the_variable(panel: Panel, trace: Path) -> None:
    panel.add_domain()
    for value, expected in ((str(trace), True), ("", False), (None, False)):
        env = {key: text for key, text in panel.env.items() if not key.startswith(("COVERAGE", "MAILADDON_TRACE"))}
        env |= {} if value is None else {"MAILADDON_TRACE": value}
        for words in (("EGetForwardList", "xyz.com", "admin"), ("EGetForwardList", "xyz.com")):
            command = [sys.executable, "-X", "importtime", SCRIPTS / words[0], *words[1:]]
            done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=HANGS)
            assert (b"mailaddon._tracing" in done.stderr) is expected
            assert (b"hashlib" in done.stderr) is False


@pytest.mark.parametrize("place", ["nowhere/trace", "", "fifo", "/dev/full"])
def test_a_trace_that_cannot_be_written_changes_nothing(panel: Panel, place: str) -> None:
    panel.add_domain()
    panel.prints("EAddUserAlias", "xyz.com", "admin", "a11")
    path = panel.home.parent / place
    if place == "fifo":
        os.mkfifo(path)
    panel.env["MAILADDON_TRACE"] = str(path)
    done = panel.run("EGetUserAliasList", "xyz.com", "admin")
    assert (done.returncode, done.stdout) == (0, b"a11\n")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"mailaddon: warning: the trace {str(path)!r} cannot be written: ")
    done = panel.run("EGetUserAliasList", "xyz.com")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines()[1].endswith("[usage]")
    calls = b'{"command": "EGetUserAliasList", "arguments": ["xyz.com", "admin"]}\n' * 3
    done = panel.run("mailaddon", "batch", stdin=None, input=calls)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert len(done.stderr.splitlines()) == 1, "a process says it once"


def test_forty_processes_share_a_trace(panel: Panel, trace: Path) -> None:
    panel.env.pop("MAILADDON_TRACE")
    panel.add_domain()
    panel.settings("lock_timeout = 60\n[password]\nargon2id_memory = 8\nargon2id_time = 1\n")
    panel.env["MAILADDON_TRACE"] = str(trace)
    commands = [
        [SCRIPTS / "EEditUser", "xyz.com", "admin", "one password", "A" * 200, "", f"{number}", "1", "1", "1"]
        for number in range(40)
    ]
    running = [
        subprocess.Popen(command, env=panel.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for command in commands
    ]
    said = [(*process.communicate(timeout=HANGS), process.returncode) for process in running]
    assert set(said) == {(b"", b"", 0)}
    lines = read(trace)
    assert len({line["pid"] for line in lines}) == len(lines) == 40
    assert {line["arguments"][5] for line in lines} == {str(number) for number in range(40)}
    assert len({line["arguments"][2]["secret"] for line in lines}) == 1, "one key, whichever process made it"
    assert [path.name for path in panel.home.glob(".trace*")] == [".trace.key"]
    assert stat.S_IMODE((panel.home / ".trace.key").stat().st_mode) == 0o600


def test_batch(panel: Panel, trace: Path) -> None:
    panel.add_domain()
    trace.unlink()
    calls = [
        {"command": "EAddUserAlias", "arguments": ["xyz.com", "admin", "a1"]},
        {"command": "EAddUserAlias", "arguments": ["xyz.com", "admin", "a1"]},
        {"command": "EAddUserAlias", "arguments": ["xyz.com", "admin"]},
        {"command": "ENothing", "arguments": []},
    ]
    lines = "".join(json.dumps(call) + "\n" for call in calls).encode()

    def kinds(*options: str) -> list[tuple[Any, ...]]:
        panel.run("mailaddon", "batch", *options, stdin=None, input=lines)
        found = read(trace)
        trace.unlink()
        return [
            (line["kind"], line["ok"], (line["error"] or {}).get("code"), bool(line["transaction"]))
            if line["kind"] == "call"
            else (line["kind"], line["committed"])
            for line in found
        ]

    done, twice, few = (
        ("call", True, None, False),
        ("call", False, "already-exists", False),
        ("call", False, "usage", False),
    )
    assert kinds() == [done, twice, few]
    panel.prints("EDeleteUserAlias", "xyz.com", "admin", "a1")
    trace.unlink()
    within = [(*one[:3], True) for one in (done, twice)]
    assert sorted(kinds("--dry-run")) == sorted([few, *within, ("end", False)])
    assert sorted(kinds("--all")) == sorted([*within, ("end", False)])
    assert sorted(kinds("--group", "10")) == sorted([few, *within, ("end", True)])


def test_csv(panel: Panel, trace: Path) -> None:
    panel.run(
        *("mailaddon", "batch", "--csv", "--command", "EGetForwardList"),
        stdin=None,
        input=b"DomainName,UserName\nx,u1\n",
    )
    (line,) = read(trace)
    assert (line["arguments"], line["error"]["code"]) == (["x", "u1"], "invalid-argument")


def test_the_other_front_doors(home: Path, here: Path) -> None:
    assert mailaddon("run", "EGetForwardList", "--domain-name", "x", "--user-name", "u1").exit_code == 1
    assert mailaddon("show", "x").exit_code == 1
    assert mailaddon("domains").exit_code != 0
    with public.Panel("embedded", str(home)) as panel:
        for attempt in (
            lambda: panel.call("EGetForwardList", "x", "u1"),
            lambda: panel.get_forward_list(domain="x", user="u"),
        ):
            with pytest.raises(MailAddonError):
                attempt()
        assert list(panel.list_domains()) == []
    with Service.open(str(home)) as opened, pytest.raises(MailAddonError):
        opened.run(find("EGetForwardList"), ["xyz.com"])
    assert [(line["operation"], line["ok"]) for line in read(here)] == [
        ("EGetForwardList", False),
        ("show", False),
        ("EGetForwardList", False),
        ("EGetForwardList", False),
        ("domains", True),
        ("EGetForwardList", False),
    ]


def test_results_of_every_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "installation")
    home.add_domain("xyz.com")
    path = tmp_path / "trace"
    monkeypatch.setenv("MAILADDON_TRACE", str(path))
    home.must("ESetAutoResponder", "xyz.com", "admin", "Away", "Back.\nSoon.")
    home.must("EGetAutoResponder", "xyz.com", "admin")
    home.must("resolve", "admin@xyz.com")
    home.must("show", "xyz.com")
    stored = home.must("password-hash", "xyz.com", "admin").strip()
    _set, reply, tree, domain, hashed = (line["result"] for line in read(path))
    assert reply == {"subject": "Away", "message": "Back.\nSoon."}
    assert (tree["action"], tree["targets"]) == ("mailbox", [])
    assert domain["users"][0]["features"]["forwards"] is True
    assert (set(hashed), hashed["form"]) == ({"secret", "form"}, "hash")
    assert stored not in path.read_text()


def test_a_defect_is_no_more_than_its_name(home: Path, here: Path) -> None:
    operation = find("EAddUser")
    for error, name in ((RuntimeError("it was correct horse"), "RuntimeError"), (SystemExit(3), "RuntimeError")):
        with pytest.raises(RuntimeError):
            service(raising("add_user", error), home).run(operation, USER)
        line = read(here)[-1]
        assert line["error"] == {"code": "internal", "message": name, "parameter": "", "retryable": False}
    assert "correct horse" not in here.read_text()


def test_a_result_without_a_form_in_json_is_a_text(home: Path, here: Path) -> None:
    info = records.MailingListInfo(domain="xyz.com", name="news", members=[{"share": 0.5}])  # type: ignore[list-item]
    service(answering("get_mailing_list", info), home).run(find("mailing-list"), ["xyz.com", "news"])
    assert read(here)[0]["result"]["members"] == [{"share": "0.5"}]


SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40).filter(
    lambda text: len(text) >= 6 or not text.isascii()  # what is shorter is a part of many words and numbers
)
MARK = "\u2603"  # in every secret, and in nothing else


@given(SECRETS.map(lambda text: MARK + text), st.sampled_from(["refusal", "defect", "chain", "exit", "interrupt"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_secret_is_in_a_trace(home: Path, here: Path, secret: str, how: str) -> None:
    here.unlink(missing_ok=True)
    plugin = Failing()
    plugin.options["how"] = how
    broken = service(plugin, home)
    arguments = (*USER[:2], secret, *USER[3:])
    with pytest.raises((MailAddonError, RuntimeError, KeyError, KeyboardInterrupt)):
        broken.run(find("EAddUser"), arguments)
    with pytest.raises(MailAddonError):
        broken.run(find("EAddUser"), arguments[:-1])
    with pytest.raises(MailAddonError):
        broken.run(find("EAddUser"), ("xyz_com", *arguments[1:]))
    service(answering("get_password_hash", secret if secret.isprintable() else MARK), home).run(
        find("password-hash"), ["xyz.com", "u1"]
    )
    text = here.read_text(encoding="utf-8")
    assert len(read(here)) == 4
    assert MARK not in text
    assert "\\u2603" not in text
    assert json.dumps(secret)[1:-1] not in text


def test_a_sentence_that_a_short_password_could_be_in_is_left_out(home: Path, here: Path) -> None:
    for password, message in (("abc", ""), ("abcdef", "****** is no password")):
        failing = service(raising("add_user", AlreadyExists(f"{password} is no password")), home)
        with pytest.raises(AlreadyExists):
            failing.run(find("EAddUser"), (*USER[:2], password, *USER[3:]))
        assert read(here)[-1]["error"]["message"] == message
    with pytest.raises(NotSupported):
        service(raising("x", KeyError()), home).call(
            find("EEditUser"), {**find("EEditUser").parse(USER), "password": Secret("")}
        )
    assert read(here)[-1]["error"]["message"] == "not supported by test"


def test_a_key_that_cannot_be_kept_is_the_processes(home: Path, here: Path) -> None:
    (home / ".trace.key").mkdir()
    failing = service(raising("add_user", AlreadyExists("no")), home)
    _tracing._KEYS.clear()  # noqa: SLF001 - as another process
    for _attempt in range(2):
        with pytest.raises(AlreadyExists):
            failing.run(find("EAddUser"), USER)
    first, second = read(here)
    assert first["arguments"][2] == second["arguments"][2]


def test_the_longer_form_is_recorded_where_it_was_used(panel: Panel, trace: Path) -> None:
    panel.add_domain()
    panel.prints("EEditDomain", "xyz.com", "20", *ALL_ON)
    assert len(read(trace)[-1]["arguments"]) == 10
    operation = find("EEditDomain")
    assert operation.longer
    words = [parameter.kind.example for parameter in operation.longer]
    panel.prints("EEditDomain", *words)
    assert len(read(trace)[-1]["arguments"]) == len(operation.longer)
