"""A probe finds out what an add-on's programs can do, and starts none that changes anything."""

import json
from pathlib import Path

import pytest
from addon_sets import legacy, sample
from addon_shop import Shop
from mailaddon.backends.executable.options import DELETED
from umbrella import mailaddon

from mailaddon import InvalidArgument, NotConfigured, Panel, UsageError
from mailaddon._panel.records import STATES, TROUBLE
from mailaddon.operations import COMMANDS, find
from mailaddon.registrations import DELETED_COMMANDS, remove

READING = [one.command for one in COMMANDS if not one.changes and one.output != "none"]


@pytest.fixture
def full(shop: Shop) -> Shop:
    """An add-on whose every program notes that it was started, and that refuses whatever it is asked."""
    names = [operation.command for operation in COMMANDS]
    for name in (*names, *DELETED_COMMANDS):
        shop.program(f"{name}.sh", f"echo \"$@\" >>'{shop.folder}/{name}.started'; echo 'no such domain'; exit 1")
    return shop


def started(shop: Shop) -> dict[str, list[str]]:
    """Which programs were started, and with which arguments."""
    return {path.stem: path.read_text().splitlines() for path in shop.folder.glob("*.started")}


def states(shop: Shop, **options: str) -> dict[str, str]:
    with Panel(home=str(shop.home)) as panel:
        return {one.command: one.state for one in panel.probe(**options)}  # type: ignore[arg-type] # all are texts


def found(shop: Shop, command: str) -> tuple[str, str]:
    with Panel(home=str(shop.home)) as panel:
        return next((one.state, one.found) for one in panel.probe() if one.command == command)


def test_no_program_that_changes_something_is_ever_started(full: Shop) -> None:
    seen = states(full)
    assert sorted(started(full)) == sorted(READING)
    for name, calls in started(full).items():
        (words,) = (call.split(" ") for call in calls)
        assert len(words) == len(find(name).parameters)
        assert words[0].startswith("probe-")
        assert words[0].endswith(".invalid")
        assert all(word.startswith("probe-") for word in words[1:])
    assert list(seen) == [*(one.command for one in COMMANDS), *DELETED_COMMANDS]
    for name, state in seen.items():
        assert state == ("deleted" if name in DELETED_COMMANDS else "answers" if name in READING else "present")


def test_what_is_asked_about_can_be_said(full: Shop) -> None:
    states(full, domain="XYZ.com", user="u1")
    calls = started(full)
    assert calls["EGetForwardList"] == ["XYZ.com u1".lower()]
    assert calls["EGetCatchallUser"] == ["xyz.com"]
    assert calls["EGetMailingListMemberList"][0].startswith("xyz.com probe-")
    with Panel(home=str(full.home)) as panel:
        with pytest.raises(UsageError):
            panel.probe(user="u1")
        with pytest.raises(InvalidArgument):
            panel.probe(domain="--help")


@pytest.mark.parametrize(
    ("script", "state", "words"),
    [
        ("exit 0", "answers", "0 lines"),
        ("echo a@b.com", "answers", "1 line"),
        ("echo 'no such domain'; exit 3", "answers", "no such domain [addon-failed]"),
        ("exit 3", "answers", "EGetForwardList.sh failed with exit status 3 and said nothing [addon-failed]"),
        ("echo 'it is not there [not-found]'; exit 1", "answers", "it is not there [not-found]"),
        ("echo 'not an address'", "wrong-answer", "bad-result"),
        ("echo 'error: no such domain' >&2", "wrong-answer", "bad-result"),
        ("kill -SEGV $$", "wrong-answer", "signal 11"),
        ("echo 'two arguments [usage]'; exit 1", "wrong-answer", "[usage]"),
        ("echo 'the database is busy [unavailable]'; exit 1", "late", "[unavailable]"),
        ("echo 'no disk [storage-failed]'; exit 1", "unusable", "[storage-failed]"),
        ("sleep 60", "late", "EGetForwardList.sh did not end within 1 seconds"),
    ],
)
def test_what_an_answer_is(script: str, state: str, words: str, shop: Shop) -> None:
    shop.options("timeout = 1" if script.startswith("sleep") else "timeout = 100")
    shop.program("EGetForwardList.sh", script)
    seen, said = found(shop, "EGetForwardList")
    assert seen == state
    assert words in said
    assert seen in STATES


def test_a_probe_is_less_patient_than_a_call(shop: Shop) -> None:
    """The options give an hour; one second is what the probe gives."""
    shop.options("timeout = 3600\ntimeouts.EGetForwardList = 3000")
    shop.program("EGetForwardList.sh", "sleep 600")
    with Panel(home=str(shop.home)) as panel:
        state = next(one.state for one in panel.probe(seconds=1) if one.command == "EGetForwardList")
    assert state == "late"


def test_programs_that_cannot_be_started(shop: Shop) -> None:
    shop.program("EAddUser.sh", "touch ran", rights=0o644)
    shop.program("EGetForwardList.sh", b"no program\n")
    shop.program("EDeleteUser.sh", "touch ran")
    assert found(shop, "EAddUser")[0] == "unusable"
    assert "give it the run bit" in found(shop, "EAddUser")[1]
    assert found(shop, "EGetForwardList")[0] == "unusable"
    assert found(shop, "EDeleteUser")[0] == "present"
    assert found(shop, "EEditUser")[0] == "missing"
    shop.registered(interpreter="cscript")
    state, said = found(shop, "EDeleteUser")
    assert state == "unusable"
    assert said.startswith("the interpreter 'cscript' of the add-on Acme/Mail/1 is not found")
    assert found(shop, "EEditUser")[0] == "missing"


def test_without_an_add_on_there_is_nothing_to_probe(shop: Shop) -> None:
    remove(str(shop.home), shop.registration.name)
    with Panel(home=str(shop.home)) as panel, pytest.raises(NotConfigured):
        panel.probe()


def test_an_add_on_for_3x(home: Path, tmp_path: Path) -> None:
    legacy(home, tmp_path / "addon")
    programs = tmp_path / "addon" / "programs"
    (programs / "egetdomainlist.VBS").touch()
    with Panel() as panel:
        seen = {one.command: one.state for one in panel.probe()}
    for operation in COMMANDS:
        if operation.legacy_parameters is None:
            assert seen[operation.command] == "not-in-3.x"
        else:
            assert seen[operation.command] == ("answers" if operation.command in READING else "present")
    assert seen["EGetDomainList"] == "deleted"
    assert "EGetUserList" not in seen


def test_the_deleted_commands_are_no_commands() -> None:
    known = {name.lower() for one in COMMANDS for name in one.names}
    assert not {name.lower() for name in DELETED_COMMANDS} & known
    assert {one.command for one in DELETED.values()} <= set(DELETED_COMMANDS)
    assert set(STATES) > TROUBLE


def test_another_backend_can_be_probed_too(home: Path) -> None:
    assert home.exists()
    with Panel("embedded") as panel:
        seen = {one.command: one.state for one in panel.probe()}
    assert set(seen) == {one.command for one in COMMANDS}
    assert seen["EGetForwardList"] == "answers"
    assert seen["EAddUser"] == "present"
    assert seen["EStartMailServer"] == "missing"


# From a shell


def test_a_healthy_add_on_from_a_shell(full: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_HOME", str(full.home))
    shown = mailaddon("panel", "probe")
    assert shown.exit_code == 0, shown.output
    head, _, heading, *_rows = shown.stdout.splitlines()
    assert head == f"Acme/Mail/1 in {full.folder}"
    assert heading.split() == ["COMMAND", "STATE", "FOUND"]
    assert shown.stdout.splitlines()[-1] == "11 answers, 41 present, 10 deleted"
    assert shown.stderr == ""
    assert set(started(full)) == set(READING)


def test_trouble_is_the_exit_status(full: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_HOME", str(full.home))
    full.program("EAddUser.sh", "exit 0", rights=0o600)
    shown = mailaddon("panel", "--addon", "acme/mail/1", "probe", "--json", "--domain", "xyz.com", "--timeout", "50")
    assert shown.exit_code == 1
    content = json.loads(shown.stdout)
    assert (content["version"], content["ok"], content["addon"]["server"]) == (1, False, "Mail")
    assert list(content["programs"][0]) == ["command", "state", "found"]
    assert [one["command"] for one in content["programs"] if one["state"] == "unusable"] == ["EAddUser"]
    unknown = mailaddon("panel", "--addon", "acme/mail/2", "probe", "--json")
    assert (unknown.exit_code, json.loads(unknown.stdout)["error"]["code"]) == (1, "not-configured")


@pytest.mark.parametrize(("program", "interpreter"), [("addon.sh", "sh"), ("addon.pl", "perl")])
def test_a_missing_program_is_no_trouble(program: str, interpreter: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    sample(home, tmp_path / "state", program=program, interpreter=interpreter)
    (home / "mailaddon.toml").write_text(f"backends.executable.environment.ADDON_STATE = '{tmp_path}/state'\n")
    shown = mailaddon("panel", "probe")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[-1] == "11 answers, 33 present, 8 missing"
