"""Settings: what may stand in mailaddon.toml, where each value comes from, and the compiled form beside the file."""

import marshal
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Panel

from mailaddon import settings
from mailaddon.errors import NotConfigured
from mailaddon.settings import FILE, SETTINGS, Setting, load

COMPILED = ".mailaddon.toml.compiled"
LONG_AGO = 1_000_000_000


@pytest.fixture
def file(home: Path) -> Path:
    return home / FILE


def write(file: Path, text: "str | bytes", *, seconds: float = LONG_AGO) -> None:
    """Write the settings at some time; what was written long ago may be compiled."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(file, (seconds, seconds))


def refusal(file: Path, text: "str | bytes") -> str:
    write(file, text)
    with pytest.raises(NotConfigured) as caught:
        load(str(file.parent))
    return str(caught.value)


# The table


def test_defaults_are_values_that_may_stand_in_the_file() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert setting.check(setting.default) == setting.default
        assert setting.description.endswith(".")


def test_without_a_file_everything_is_default(file: Path) -> None:
    found = load(str(file.parent))
    assert found.values == {setting.name: setting.default for setting in SETTINGS}
    assert set(found.sources.values()) == {"default"}
    assert found.backends == {}
    assert not (file.parent / COMPILED).exists()


def test_home_that_does_not_exist_has_the_defaults(tmp_path: Path) -> None:
    assert load(str(tmp_path / "nowhere"))["messages"] == "stderr"


def test_tables_and_dotted_names_are_the_same(file: Path) -> None:
    write(file, 'lock_timeout = 5\npassword.scheme = "BLF-CRYPT"\n[forwards]\nkeep_copy = false\n')
    found = load(str(file.parent))
    assert (found["lock_timeout"], found["password.scheme"], found["forwards.keep_copy"]) == (5, "BLF-CRYPT", False)
    assert found.sources["lock_timeout"] == str(file)
    assert found.sources["events"] == "default"


def test_environment_overrides_the_backend(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, 'backend = "acme"\n')
    assert load(str(file.parent))["backend"] == "acme"
    monkeypatch.setenv("MAILADDON_BACKEND", "other")
    found = load(str(file.parent))
    assert (found["backend"], found.sources["backend"]) == ("other", "MAILADDON_BACKEND")
    monkeypatch.setenv("MAILADDON_BACKEND", "")
    assert load(str(file.parent))["backend"] == "acme"


def test_tables_of_backends_are_the_vendors_own(file: Path) -> None:
    table = 'host = "mx"\nports = [25, 587]\nweight = 0.5\nsince = 2024-05-01\n'
    write(file, f"[backends.acme]\n{table}[backends.acme.tls]\non = true\n")
    wanted = {"host": "mx", "ports": [25, 587], "weight": 0.5, "since": "2024-05-01", "tls": {"on": True}}
    for _ in ("parsed", "compiled"):
        assert load(str(file.parent)).backends == {"acme": wanted}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("lock_timout = 5", "'lock_timout' is not a setting; `mailaddon settings` lists them all"),
        ("[password]\ncost = 5", "'password.cost' is not a setting"),
        ("[lock_timeout]\nseconds = 5", "'lock_timeout.seconds' is not a setting"),
        ("lock_timeout = '5'", "setting lock_timeout is '5'; a whole number is needed"),
        ("lock_timeout = 5.0", "a whole number is needed"),
        ("lock_timeout = true", "a whole number is needed"),
        ("lock_timeout = 0", "setting lock_timeout is 0; at least 1 is needed"),
        ("events = 1", "true or false is needed"),
        ("events = 'yes'", "true or false is needed"),
        ("backend = 1", "a text is needed"),
        ("plugins = 'x'", "a list is needed"),
        ("plugins = ['x', 1]", "a list of texts is needed"),
        ("messages = 'STDERR'", "one of stderr, stdout, both is needed"),
        ("password.scheme = 'MD5'", "one of ARGON2ID, BLF-CRYPT, SHA512-CRYPT is needed"),
        ("password.blf_crypt_cost = 3", "at least 4 is needed"),
        ("backends = 1", "'backends' is not a table"),
        ("backends = [1]", "'backends' is not a table"),
        ("events = ", "is not valid TOML"),
        ("events = true\nevents = true", "is not valid TOML"),
        (b"messages = '\xff'", "is not valid TOML"),
        (b"\x00", "is not valid TOML"),
    ],
)
def test_refused_settings(file: Path, text: "str | bytes", reason: str) -> None:
    assert reason in refusal(file, text)
    assert not (file.parent / COMPILED).exists()


def test_error_says_where(file: Path) -> None:
    assert refusal(file, "x = 1").startswith(str(file))


def test_file_that_cannot_be_read(file: Path) -> None:
    file.mkdir()
    with pytest.raises(NotConfigured, match=r"mailaddon\.toml cannot be read: Is a directory"):
        load(str(file.parent))


def test_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(NotConfigured, match="cannot be read: Not a directory"):
        load(str(tmp_path / "home"))


def test_setting_without_rules_takes_any_value_of_its_type() -> None:
    setting = Setting("x", "", "A text.")
    assert setting.check("anything") == "anything"


# The compiled form


def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(path: str) -> Any:
        raise AssertionError(f"{path} is parsed")

    monkeypatch.setattr(settings, "_parse", parse)


def test_compiled_form_is_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, "lock_timeout = 5\n[backends.acme]\nx = 1\n")
    load(str(file.parent))
    compiled = file.parent / COMPILED
    assert compiled.stat().st_mode & 0o777 == 0o600
    unparsed(monkeypatch)
    found = load(str(file.parent))
    assert (found["lock_timeout"], found.backends, found.sources["lock_timeout"]) == (5, {"acme": {"x": 1}}, str(file))


def test_recent_file_is_not_compiled_yet(file: Path) -> None:
    """It may change again without its time changing."""
    write(file, "lock_timeout = 5\n", seconds=time.time())
    assert load(str(file.parent))["lock_timeout"] == 5
    assert not (file.parent / COMPILED).exists()
    write(file, "lock_timeout = 6\n", seconds=time.time() + 3600)
    assert load(str(file.parent))["lock_timeout"] == 6
    assert not (file.parent / COMPILED).exists()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("lock_timeout = 60", LONG_AGO), ("lock_timeout = 6", LONG_AGO + 1), ("events=true", LONG_AGO)],
)
def test_changed_file_is_parsed_again(file: Path, text: str, seconds: int) -> None:
    write(file, "lock_timeout = 5")
    load(str(file.parent))
    write(file, text, seconds=seconds)
    for _ in ("parsed", "compiled"):
        assert load(str(file.parent))["lock_timeout"] == (6 if text.endswith("6") else 60)


def test_replaced_file_is_parsed_again(file: Path) -> None:
    """An editor writes another file and renames it; size and time may be the same."""
    write(file, "lock_timeout = 5")
    load(str(file.parent))
    other = file.parent / "other"
    write(other, "lock_timeout = 6")
    other.replace(file)
    assert load(str(file.parent))["lock_timeout"] == 6


def test_removed_file_leaves_the_defaults(file: Path) -> None:
    write(file, "lock_timeout = 5")
    load(str(file.parent))
    file.unlink()
    assert load(str(file.parent))["lock_timeout"] == 60


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"not marshal",
        b"\xe9",
        marshal.dumps(None),
        marshal.dumps(7),
        marshal.dumps("abc"),
        marshal.dumps((1, 2)),
        marshal.dumps((1, 2, 3, 4)),
        marshal.dumps(((1, sys.hexversion, 0, 0, 0), {"lock_timeout": 1}, {})),
        marshal.dumps(((), {}, {}))[:-1],
    ],
)
def test_corrupt_compiled_form_is_ignored_and_replaced(
    file: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, "lock_timeout = 5")
    (file.parent / COMPILED).write_bytes(content)
    assert load(str(file.parent))["lock_timeout"] == 5
    unparsed(monkeypatch)
    assert load(str(file.parent))["lock_timeout"] == 5


def test_compiled_form_of_another_python_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, "lock_timeout = 5")
    load(str(file.parent))
    monkeypatch.setattr(sys, "hexversion", sys.hexversion + 1)
    with monkeypatch.context() as patched:
        unparsed(patched)
        with pytest.raises(AssertionError, match="is parsed"):
            load(str(file.parent))
    assert load(str(file.parent))["lock_timeout"] == 5


def test_home_that_cannot_be_written_to_costs_time_only(file: Path) -> None:
    write(file, "lock_timeout = 5")
    (file.parent / COMPILED).mkdir()
    assert load(str(file.parent))["lock_timeout"] == 5
    assert load(str(file.parent))["lock_timeout"] == 5
    assert sorted(path.name for path in file.parent.iterdir()) == [COMPILED, FILE]


def test_value_that_has_no_compiled_form_is_parsed_each_time(file: Path) -> None:
    write(file, "[backends.acme]\nnumber = " + "9" * 40 + "\n")
    for _ in range(2):
        assert load(str(file.parent)).backends == {"acme": {"number": int("9" * 40)}}


# In a process


def test_command_refuses_unfit_settings(panel: Panel) -> None:
    panel.add_domain()
    panel.settings("lock_timeout = 0\n")
    line = panel.refusal("EGetCatchallUser", "xyz.com")
    assert line == "EGetCatchallUser: setting lock_timeout is 0; at least 1 is needed [not-configured]"
    assert "[usage]" in panel.refusal("EGetCatchallUser"), "a wrong call is refused for what it is"


def test_command_that_wrote_the_compiled_form_uses_it(panel: Panel) -> None:
    panel.add_domain()
    write(panel.home / FILE, 'webmail.url = "https://a.example/"')
    for _ in range(2):
        assert panel.prints("EGetMailURL", "xyz.com") == "https://a.example/\n"
    assert (panel.home / COMPILED).exists()
    write(panel.home / FILE, 'webmail.url = "https://b.example/"', seconds=LONG_AGO + 1)
    assert panel.prints("EGetMailURL", "xyz.com") == "https://b.example/\n"
