"""`mailaddon panel`: call, list and use. Probing and watching have tests of their own."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from addon_shop import PASSWORD, Shop, alive
from conftest import ALL_ON
from patience import wait_for
from umbrella import SCRIPTS, answer, mailaddon, program

from mailaddon import registrations

ADD = ("xyz.com", "u1", PASSWORD, "Ann", "", "Lee", "1", "1", "1")


@pytest.fixture(autouse=True)
def shop(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose home is this process's and whose programs do as they are told by their arguments."""
    for name in os.environ:
        if name.startswith("MAILADDON_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MAILADDON_HOME", str(shop.home))
    (shop.home / "mailaddon.toml").write_text('backend = "executable"\n')
    shop.program("EGetForwardList.sh", "printf 'b@b.com\\na@b.com\\n'")
    shop.program("EGetDistributionListList.sh", "echo team")
    shop.program("EGetAutoResponder.sh", "printf 'Subject\\nno line end'")
    shop.program("EAddUser.sh", 'echo "user $2@$1 already exists [already-exists]" >&2; exit 1')
    shop.program("EEditUser.sh", 'echo "got $3"; exit 9')
    shop.program("ESetAutoResponder.sh", f"for one; do printf '%s\\0' \"$one\"; done >'{shop.folder}/arguments'")
    shop.program("EGetMailURL.sh", "exit 0")
    return shop


def called(*words: "str | bytes", **options: object) -> "subprocess.CompletedProcess[bytes]":
    return program("mailaddon", "panel", "call", *words, **options)


CALLS: list[tuple["str | bytes", ...]] = [
    ("EGetForwardList", "xyz.com", "u1"),
    ("EGetDistributionListList", "xyz.com"),
    ("EGetDistributionList", "xyz.com"),
    ("EGetAutoResponder", "xyz.com", "u1"),
    ("EAddUser", *ADD),
    ("EEditUser", *ADD),
    ("EGetMailURL", "xyz.com"),
    ("EDeleteUser", "xyz.com", "u1"),
    ("EStartMailServer",),
    ("EGetForwardList", "xyz.com"),
    ("EGetForwardList", "xyz.com", "u1", "--json"),
    ("EGetForwardList", "--", "xyz.com", "u1"),
    ("EGetForwardList", "--addon", "x/y/z"),
    ("EGetForwardList", "xyz.com", "--help"),
    ("EGetForwardList", "xyz.com", b"\xff"),
    ("EGetForwardList", "--help"),
    ("EGetForwardList", "--version"),
    ("EGetDistributionList", "--version"),
    ("EAddUser", "xyz.com", "u1", "--help", "--version", "-h", "--", "1", "1", "1"),
    ("EAddDomain", "b\u00fccher.example", "192.0.2.300", "/mail", "-1", "admin", "-p", "0", *ALL_ON),
]


@pytest.mark.parametrize("messages", ["stderr", "both"])
@pytest.mark.parametrize("call", CALLS, ids=[str(number) for number in range(len(CALLS))])
def test_a_call_is_the_programs_own(call: tuple["str | bytes", ...], messages: str, shop: Shop) -> None:
    """The same output, octet by octet, and the same exit status."""
    (shop.home / "mailaddon.toml").write_text(f'backend = "executable"\nmessages = "{messages}"\n')
    expected, found = program(*call), called(*call)
    assert (found.returncode, found.stdout, found.stderr) == (expected.returncode, expected.stdout, expected.stderr)
    assert PASSWORD.encode() not in found.stdout + found.stderr
    assert found.returncode == (0 if not found.stderr else 1)


@pytest.mark.parametrize("redirected", [">&-", ">/dev/full", "2>&-", ">&- 2>&- <&-"])
def test_a_call_is_the_programs_own_also_where_nothing_can_be_printed(redirected: str) -> None:
    words = ("EGetForwardList", "xyz.com", "u1")
    done = [
        subprocess.run(
            ["sh", "-c", f'exec "$@" {redirected}', "sh", *call], capture_output=True, check=False, cwd=SCRIPTS
        )
        for call in ([os.path.join(SCRIPTS, words[0]), *words[1:]], [f"{SCRIPTS}/mailaddon", "panel", "call", *words])
    ]
    first, second = ((one.returncode, one.stdout, one.stderr) for one in done)
    assert first == second


def test_a_call_goes_to_add_ons_whatever_the_backend_is(shop: Shop) -> None:
    (shop.home / "mailaddon.toml").write_text('backend = "embedded"\n')
    assert called("egetforwardlist", "xyz.com", "u1").stdout == b"a@b.com\nb@b.com\n"
    assert not (shop.home / "directory.sqlite3").exists()


def test_no_argument_is_an_option_and_each_arrives_as_it_is(shop: Shop) -> None:
    strange = "--help $(id) `id` ; rm -rf * | 'x' \"y\" \\ \n\t\u20ac\U0001f600 %s @file"
    done = called("ESetAutoResponder", "xyz.com", "u1", "--addon", strange)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    given = shop.folder.joinpath("arguments").read_bytes().decode().split("\0")
    assert given == ["xyz.com", "u1", "--addon", strange, ""]


@pytest.mark.parametrize(
    "words", [("ENothing", "x"), ("RegisterMailAddon", "--help"), ("resolve", "u1@xyz.com"), ("",), ("-x",)]
)
def test_what_is_no_command_of_an_add_on(words: tuple[str, ...]) -> None:
    refused = mailaddon("panel", "call", *words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("mailaddon panel call: ")
    assert refused.stderr.endswith(" [usage]\n")


def test_help_comes_before_the_command_only() -> None:
    assert mailaddon("panel", "call", "--help").stdout.startswith("Usage: mailaddon panel call COMMAND [ARGUMENTS]")
    assert mailaddon("panel", "call").exit_code == 2


def test_an_add_on_by_its_name(shop: Shop) -> None:
    other = shop.folder.parent / "other"
    other.mkdir()
    shop.registered(vendor="Other", directory=str(other))
    (other / "EGetForwardList.sh").write_text("#!/bin/sh\necho other@b.com\n")
    (other / "EGetForwardList.sh").chmod(0o755)
    call = ("call", "EGetForwardList", "xyz.com", "u1")
    assert program("mailaddon", "panel", "--addon", "other/MAIL/1", *call).stdout == b"other@b.com\n"
    unknown = program("mailaddon", "panel", "--addon", "a/b/c", *call)
    assert (unknown.returncode, unknown.stdout) == (1, b"")
    assert unknown.stderr == (
        b"EGetForwardList: [backends.executable]: no add-on 'a/b/c' is registered;"
        b" registered: Acme/Mail/1, Other/Mail/1 [not-configured]\n"
    )
    for words in (("--addon", "embedded", *call), ("--addon", "a/b/c", "list"), ("--addon", "a/b/c", "watch")):
        refused = mailaddon("panel", *words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.endswith("[usage]\n")


def test_a_signal_ends_the_call_and_its_program(shop: Shop) -> None:
    new, pid = shop.folder / "new", shop.folder / "pid"
    shop.program("EStartMailServer.sh", f"echo $$ >'{new}'; mv '{new}' '{pid}'; sleep 600")
    call = [os.path.join(SCRIPTS, "mailaddon"), "panel", "call", "EStartMailServer"]
    with subprocess.Popen(call, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        wait_for(pid.exists)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert process.stderr.read() == b"EStartMailServer: ended by signal 15 [interrupted]\n"
    assert process.returncode == 1
    wait_for(lambda: not alive(int(pid.read_text())))


def test_a_change_is_an_event_without_the_password(shop: Shop) -> None:
    shop.program("EAddUser.sh", "exit 0")
    assert called("EAddUser", *ADD).returncode == 0
    (event,) = map(json.loads, (shop.home / "events.jsonl").read_text().splitlines())
    assert event["keys"] == {"domain": "xyz.com", "user": "u1"}
    assert PASSWORD not in (shop.home / "events.jsonl").read_text()


# List and use


def test_the_list_is_the_one_of_addons() -> None:
    assert answer("panel", "list", "--json") == answer("addons", "list", "--json")
    assert mailaddon("panel", "list").stdout == mailaddon("addons", "list").stdout


def test_use_makes_an_add_on_the_active_one(shop: Shop) -> None:
    shop.registered(vendor="Other")
    used = mailaddon("panel", "use", "other/mail/1")
    assert (used.exit_code, used.stdout) == (0, "Other/Mail/1 is active\n")
    assert [one.active for one in registrations.load(str(shop.home))] == [False, True]
    refused = mailaddon("panel", "use", "other/mail/2")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("mailaddon panel use: no add-on 'other/mail/2' is registered")


def test_use_says_what_decides_otherwise(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.registered(vendor="Other")
    path = shop.home / "mailaddon.toml"
    path.write_text('backend = "executable"\nbackends.executable.addon = "other/mail/1"\n')
    assert mailaddon("panel", "use", "Other/Mail/1").stdout == "Other/Mail/1 is active\n"
    assert mailaddon("panel", "use", "Acme/Mail/1").stdout.splitlines()[1:] == [
        f"but {path} has addon = 'other/mail/1' in [backends.executable], which is called instead; remove that line"
    ]
    path.write_text("")
    assert mailaddon("panel", "use", "Acme/Mail/1").stdout.partition("\n")[2] == (
        "the E* programs do not call it, as the setting backend is 'embedded'; to have them do so, write backend ="
        f' "executable" into {path}\n'
    )
    monkeypatch.setenv("MAILADDON_BACKEND", "acme/mail/1")
    assert mailaddon("panel", "use", "Acme/Mail/1").stdout == "Acme/Mail/1 is active\n"
    monkeypatch.setenv("MAILADDON_BACKEND", "Other/Mail/1")
    assert mailaddon("panel", "use", "Acme/Mail/1").stdout.partition("\n")[2] == (
        "the E* programs do not call it, as the setting backend is 'Other/Mail/1'; to have them do so, unset"
        ' MAILADDON_BACKEND, or give it the value "executable"\n'
    )


def test_a_home_without_add_ons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "new"))
    assert mailaddon("panel", "list").stdout == "no add-on is registered\n"
    done = called("EStartMailServer")
    assert done.stderr == (
        b"EStartMailServer: no add-on is registered; RegisterMailAddon registers one [not-configured]\n"
    )
