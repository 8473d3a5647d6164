"""`mailaddon replay`: the same comes out on the same backend, and what comes out otherwise on another one is shown."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from addon_sets import sample
from conftest import ALL_ON, SCRIPTS, Panel
from harness import tree
from patience import HANGS
from replaying import Noting

from mailaddon import BackendUnusable, InvalidArgument, NotFound
from mailaddon.replay import replay

DAY = """
EAddDomain xyz.com 192.0.2.10 $MAIL 10 admin s3cret-of-admin 0 1 1 1 1 1 1 1 1
EAddUser xyz.com u1 s3cret-of-u1 Ann - Lee 1 1 1
EAddUser xyz.com u1 s3cret-of-u1 Ann - Lee 1 1 1
EAddUser xyz.com u2
EAddUser XYZ.com U.1. s3cret-of-u1 Ann - Lee 1 1 1
EEditUser xyz.com u1 n3w-s3cret Ann B. Lee 1 1 1
EAddUserAlias xyz.com u1 a11
EAddUserAlias xyz.com u1 a12
EGetUserAliasList xyz.com u1
ESetAutoResponder xyz.com u1 Away Back.
EGetAutoResponder xyz.com u1
EAddMailingList xyz.com news
EGetMailingListMemberList xyz.com news
ESuspendDomain xyz.com
EResumeDomain xyz.com
EPreExportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EPostExportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EDeleteDomain xyz.com
EPreImportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EPostImportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EGetUserAliasList xyz.com u1
EGetMailURL xyz.com
EStopMailServer
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A panel's day, recorded: every command a process of its own."""
    folder = tmp_path_factory.mktemp("day").resolve()
    panel = Panel(folder)
    panel.settings("[password]\nargon2id_memory = 8\nargon2id_time = 1\n")
    trace = folder / "trace.jsonl"
    panel.env["MAILADDON_TRACE"] = str(trace)
    for line in DAY.split("\n")[1:-1]:
        name, *words = line.replace("$MAIL", str(panel.mail)).replace("$DATA", str(folder / "data")).split()
        panel.run(name, *words)
    panel.prints("mailaddon", "show", "xyz.com")
    panel.prints("mailaddon", "run", "password-hash", "--domain-name", "xyz.com", "--user-name", "u1")
    assert len(trace.read_bytes().splitlines()) == DAY.count("\n") + 1
    return trace


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Writes a trace of such calls; a text is a line as it stands."""

    def write(*calls: "dict[str, Any] | str | bytes") -> str:
        lines = []
        for call in calls:
            line = json.dumps({**CALL, **call}) if isinstance(call, dict) else call
            lines.append(line if isinstance(line, bytes) else line.encode())
        path = tmp_path / "written.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return str(path)

    return write


CALL: dict[str, Any] = {
    "version": 1,
    "kind": "call",
    "operation": "domains",
    "arguments": [],
    "transaction": None,
    "ok": True,
    "result": [],
    "error": None,
}
DOMAIN: dict[str, Any] = {
    "operation": "EAddDomain",
    "arguments": ["xyz.com", "192.0.2.10", "/nowhere/of/ours", "10", "admin", {"secret": "a1"}, "0", *ALL_ON],
    "result": None,
}


def test_a_day_is_the_same_again(day: Path, panel: Panel) -> None:
    before, mail = tree(day.parent), tree(panel.home)
    done = panel.run("mailaddon", "replay", str(day), "--backend", "embedded")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "25 calls on embedded: all came out as recorded\n"
    assert tree(day.parent) == before, "the replay touches nothing where the calls were recorded"
    assert tree(panel.home) == mail, "nor the home of who runs it"


def test_a_days_trace_has_no_password(day: Path) -> None:
    text = day.read_text()
    assert "s3cret" not in text
    assert "{ARGON2" not in text


def test_another_backend_shows_where_it_differs(day: Path, panel: Panel) -> None:
    panel.env["PYTHONPATH"] = str(Path(__file__).parent)
    call = ("mailaddon", "replay", str(day), "--backend", "replaying:Losing")
    done = panel.run(*call)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.decode() == (
        'line 9: EGetUserAliasList "xyz.com" "u1"\n'
        '  recorded: ["a11", "a12"]\n'
        '  replayed: ["a11"]\n'
        "9 calls on replaying:Losing: 1 came out otherwise; what follows was not run, --keep-going does\n"
    )
    assert panel.run(*call, "--until", "8").returncode == 0
    done = panel.run(*call, "--keep-going", "--json")
    assert done.returncode == 1
    content = json.loads(done.stdout)
    lines = [one["line"] for one in content["differences"]]
    assert (content["version"], content["ok"], content["calls"], content["complete"]) == (1, False, 25, True)
    assert lines == [9, 21, 24]
    assert content["differences"][0] == {
        "line": 9,
        "operation": "EGetUserAliasList",
        "arguments": ["xyz.com", "u1"],
        "recorded": {"ok": True, "result": ["a11", "a12"]},
        "replayed": {"ok": True, "result": ["a11"]},
        "reason": "",
    }


def test_codes_of_errors_are_compared_and_sentences_are_not(written: Callable[..., str]) -> None:
    absent = {"operation": "EGetMailURL", "arguments": ["xyz.com"], "ok": False, "result": None}
    same = {**absent, "error": {"code": "not-found", "message": "anything"}}
    assert replay(written(same), "embedded").same
    (one,) = replay(written({**absent, "error": {"code": "unavailable"}}), "embedded").differences
    assert one.recorded is not None
    assert one.replayed is not None
    assert (one.recorded.code, one.replayed.code) == ("unavailable", "not-found")
    assert "xyz.com" in one.replayed.message
    (one,) = replay(written({**absent, "ok": True, "result": "https://x"}), "embedded").differences
    assert one.as_json()["replayed"]["error"]["code"] == "not-found"


def test_passwords_are_generated_the_same_for_the_same(written: Callable[..., str]) -> None:
    user = {"operation": "EAddUser", "result": None}

    def words(secret: object) -> list[object]:
        return ["xyz.com", "u1", secret, "Ann", "", "Lee", "1", "1", "1"]

    failed = {"operation": "EEditUser", "ok": False, "result": None}
    invalid = {"error": {"code": "invalid-argument"}}
    calls = (
        DOMAIN,
        {**user, "arguments": words({"secret": "b2"})},
        {**user, "arguments": words({"secret": "a1"})},
        {**failed, "arguments": words(""), "error": {"code": "internal"}},
        {**failed, "arguments": words({"secret": "c3", "form": "too-long"}), **invalid},
        {**failed, "arguments": words({"secret": "c3", "form": "with-nul"}), **invalid},
        {**failed, "arguments": [{"secret": "d4"}] * 3, "error": {"code": "usage"}},
    )
    Noting.seen.clear()
    assert replay(written(*calls), "replaying:Noting").differences == []
    owner, folder, other, same, kept = Noting.seen
    assert owner == same != other
    assert min(len(owner), len(other)) >= 16
    assert kept == ""
    assert re.search(r"/mailaddon-replay-\w+/files/nowhere/of/ours$", folder)
    replay(written(*calls), "replaying:Noting")
    assert Noting.seen[5] != owner, "nobody who has the trace knows the passwords of a replay"


def test_paths_are_as_recorded_if_that_is_asked_for(written: Callable[..., str], tmp_path: Path) -> None:
    mail = {**DOMAIN, "arguments": [*DOMAIN["arguments"][:2], str(tmp_path / "mail"), *DOMAIN["arguments"][3:]]}
    root = {**mail, "arguments": [*mail["arguments"][:2], "/", *mail["arguments"][3:]]}
    refused = {**root, "ok": False, "error": {"code": "invalid-argument"}}
    assert replay(written(refused, mail), "embedded").same
    assert not (tmp_path / "mail").exists()
    assert replay(written(refused, mail), "embedded", same_paths=True).same
    assert (tmp_path / "mail" / "xyz.com" / "admin").is_dir()


def test_what_was_not_committed_is_left_out(written: Callable[..., str]) -> None:
    def end(name: str, committed: bool) -> dict[str, Any]:  # noqa: FBT001 - a table
        return {"kind": "end", "transaction": name, "committed": committed}

    calls = [{**DOMAIN, "transaction": name} for name in ("undone", "killed", "done")]
    listed = {"result": ["xyz.com"]}
    report = replay(written(calls[0], end("undone", False), calls[1], calls[2], end("done", True), listed), "embedded")
    assert (report.same, report.calls, report.skipped) == (True, 2, 2)


def test_a_given_home_is_used_with_its_settings_and_data(written: Callable[..., str], panel: Panel) -> None:
    panel.settings('webmail.url = "https://webmail.example.net/"\n')
    path = written(
        DOMAIN, {"operation": "EGetMailURL", "arguments": ["xyz.com"], "result": "https://webmail.example.net/"}
    )
    done = panel.run("mailaddon", "replay", path, "--home", str(panel.home))
    assert (done.returncode, done.stderr) == (0, b"")
    assert panel.prints("mailaddon", "run", "domains") == "xyz.com\n"
    settings = str(panel.home / "mailaddon.toml")
    assert panel.run("mailaddon", "replay", path, "--settings", settings).returncode == 0
    assert b"there is no web interface" in panel.run("mailaddon", "replay", path).stdout
    done = panel.run("mailaddon", "replay", path, "--settings", settings, "--home", str(panel.home))
    assert (done.returncode, b"leave out --settings" in done.stderr) == (1, True)
    done = panel.run("mailaddon", "replay", path, "--settings", "/nowhere.toml")
    assert (done.returncode, b"/nowhere.toml cannot be read" in done.stderr) == (1, True)


def test_an_add_on_is_called_as_it_is_registered(written: Callable[..., str], panel: Panel, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    sample(panel.home, state, program="addon.sh", interpreter="sh")
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[backends.executable.environment]\nADDON_STATE = "{state}"\n')
    path = written(
        DOMAIN,
        {"operation": "EGetDomainAliasList", "arguments": ["xyz.com"]},
        {"operation": "show", "arguments": ["xyz.com"], "ok": False, "error": {"code": "not-supported"}},
    )
    done = panel.run("mailaddon", "replay", path, "--backend", "Acme/Sample/1", "--settings", str(settings))
    assert done.stdout.decode() == "3 calls on Acme/Sample/1: all came out as recorded\n"
    (panel.home / "addons.json").unlink()
    done = panel.run("mailaddon", "replay", path, "--backend", "Acme/Sample/1")
    assert (done.returncode, b"[not-configured]" in done.stdout) == (1, True)


def test_a_replay_is_not_recorded_into_what_it_reads(written: Callable[..., str], panel: Panel) -> None:
    path = written({})
    panel.env["MAILADDON_TRACE"] = path
    done = panel.run("mailaddon", "replay", path)
    assert (done.returncode, b"MAILADDON_TRACE names the same file" in done.stderr) == (1, True)
    panel.env["MAILADDON_TRACE"] = f"{path}.again"
    assert panel.run("mailaddon", "replay", path).returncode == 0
    again = json.loads(Path(f"{path}.again").read_text())
    assert (again["operation"], again["result"]) == ("domains", [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"version": 1, "kind": "ca', "Unterminated string"),
        (b"\xff\xfe", "it is not UTF-8"),
        ("", "Expecting value"),
        ("[]", 'there is no "kind"'),
        ("9" * 5000, "a number or the nesting is too large"),
        ("[" * 100_000, "a number or the nesting is too large"),
        ({"kind": "other"}, 'there is no "kind"'),
        ({"version": 2}, "its version is 2; this SDK reads version 1"),
        ({"operation": "ENothing"}, "'ENothing' is not a command"),
        ({"operation": None}, '"operation" is None'),
        ({"operation": "RegisterMailAddon"}, "which no backend has a part in"),
        ({"arguments": [1]}, '"arguments" is no list of texts'),
        ({"arguments": [{"password": "x"}]}, '"arguments" is no list of texts'),
        ({"arguments": None}, '"arguments" is no list of texts'),
        ({"ok": False}, 'neither "ok" is true nor is there an "error"'),
        ({"ok": None}, 'neither "ok" is true'),
    ],
)
def test_a_line_that_cannot_be_read_is_named(written: Callable[..., str], line: Any, reason: str) -> None:
    path = written({}, line, {"result": ["lost.com"]})
    with pytest.raises(InvalidArgument) as refusal:
        replay(path, "embedded")
    assert f"line 2 of {path} is no line of a trace: " in str(refusal.value)
    assert reason in str(refusal.value)
    report = replay(path, "embedded", keep_going=True)
    assert [one.line for one in report.differences] == [2, 3]
    assert reason in report.differences[0].reason
    assert (report.calls, report.complete) == (2, True)


def test_a_line_without_an_end_is_named(written: Callable[..., str], panel: Panel) -> None:
    path = written({}, {})
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 30)
    done = panel.run("mailaddon", "replay", path)
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.decode().splitlines()
    assert f"line 2 of {path} is no line of a trace: " in line
    assert "it has no end, as if the writing process had been stopped" in line
    assert line.endswith("[invalid-argument]")
    done = panel.run("mailaddon", "replay", path, "--keep-going")
    assert done.stdout.decode().splitlines()[0].startswith("line 2: it cannot be read: ")
    assert panel.run("mailaddon", "replay", path, "--until", "1").returncode == 0


def test_what_cannot_be_replayed_at_all(written: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot be read: No such file"):
        replay(str(tmp_path / "none"), "embedded")
    with pytest.raises(NotFound, match="cannot be read: Is a directory"):
        replay(str(tmp_path), "embedded")
    with pytest.raises(BackendUnusable, match="no backend 'nonesuch'"):
        replay(written({}), "nonesuch")


def test_a_bar_on_a_terminal(written: Callable[..., str], panel: Panel) -> None:
    terminal, end = pty.openpty()
    command = [SCRIPTS / "mailaddon", "replay", written(*[{}] * 5)]
    process = subprocess.Popen(command, env=panel.env, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    shown = b""
    try:
        while piece := os.read(terminal, 1 << 16):
            shown += piece
    except OSError:
        pass  # the other end is closed
    os.close(terminal)
    assert process.communicate(timeout=HANGS)[0] == b"5 calls on embedded: all came out as recorded\n"
    assert b"mailaddon replay" in shown


def test_a_long_result_is_cut(written: Callable[..., str], panel: Panel) -> None:
    done = panel.run("mailaddon", "replay", written({"result": ["x" * 5000]}))
    assert done.returncode == 1
    assert "… (5004 characters)" in done.stdout.decode()


def test_the_pages_test_is_one(day: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "tracing.md").read_text()
    (test,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "customer.jsonl").write_bytes(day.read_bytes())
    (tmp_path / "acme_mail.py").write_text("from mailaddon.backends.embedded import EmbeddedBackend as AcmeBackend\n")
    (tmp_path / "test_reports.py").write_text(test)

    def outcome() -> str:
        command = [
            SCRIPTS / "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "addopts=",
            "-o",
            "pythonpath=.",
            "--rootdir",
            ".",
        ]
        return subprocess.run(
            [*command, "test_reports.py"], cwd=tmp_path, check=False, capture_output=True, encoding="utf-8"
        ).stdout

    assert "1 passed" in outcome()
    (tmp_path / "acme_mail.py").write_text(
        "from mailaddon import hookimpl\nfrom mailaddon.backends.embedded import EmbeddedBackend\n"
        "class AcmeBackend(EmbeddedBackend):\n    @hookimpl\n    def get_user_alias_list(self): return []\n"
    )
    assert "1 failed" in outcome()
