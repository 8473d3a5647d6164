"""`mailaddon settings`: what is in force, from where, and the file to begin with."""

import re
import tomllib
from pathlib import Path

import pytest
from umbrella import answer, mailaddon

from mailaddon import settings
from mailaddon.cli.settings import template
from mailaddon.settings import SETTINGS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAILADDON_BACKEND", raising=False)
    return tmp_path / "home"


def written(home: Path, content: str) -> None:
    home.mkdir()
    (home / "mailaddon.toml").write_text(content, encoding="utf-8")


def test_defaults(home: Path) -> None:
    found = answer("settings", "--json")
    assert (found["home"], found["home_source"], found["exists"]) == (str(home), "MAILADDON_HOME", False)
    assert {one["name"]: one["value"] for one in found["settings"]} == {one.name: one.default for one in SETTINGS}
    assert {one["source"] for one in found["settings"]} == {"default"}
    assert all(one["description"] for one in found["settings"])
    text = mailaddon("settings").stdout
    assert "mailaddon settings --init" in text
    for setting in SETTINGS:
        assert f"\n{setting.name} = " in text
    assert not home.exists()


def test_where_each_value_comes_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(
        home, 'backend = "x"\nevents = false\n[password]\nscheme = "BLF-CRYPT"\n[backends.acme]\nkey = "s3cr3t-m4rk"\n'
    )
    monkeypatch.setenv("MAILADDON_BACKEND", "umbrella:Small")
    found = answer("settings", "--json")
    values = {one["name"]: (one["value"], one["source"]) for one in found["settings"]}
    path = str(home / "mailaddon.toml")
    assert values["backend"] == ("umbrella:Small", "MAILADDON_BACKEND")
    assert values["events"] == (False, path)
    assert values["password.scheme"] == ("BLF-CRYPT", path)
    assert values["lock_timeout"] == (60, "default")
    assert found["backends"] == {"acme": ["key"]}
    text = mailaddon("settings").stdout
    assert f'password.scheme = "BLF-CRYPT"  ({path})' in text
    assert 'backend = "umbrella:Small"  (MAILADDON_BACKEND)' in text
    assert "[backends.acme] sets key" in text
    assert "s3cr3t-m4rk" not in text + str(found)


def test_a_wrong_file_is_refused(home: Path) -> None:
    written(home, "events = 1\n")
    refused = mailaddon("settings")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "mailaddon settings: setting events is 1; true or false is needed [not-configured]\n"


def test_the_template_is_written_once(home: Path) -> None:
    shown = mailaddon("settings", "--init")
    path = home / "mailaddon.toml"
    assert (shown.exit_code, shown.stdout) == (0, f"{path} written\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert {one["source"] for one in answer("settings", "--json")["settings"]} == {"default"}
    path.write_text("events = false\n")
    refused = mailaddon("settings", "--init")
    assert refused.exit_code == 1
    assert refused.stderr.endswith("[already-exists]\n")
    assert path.read_text() == "events = false\n"


def test_the_template_with_json(home: Path) -> None:
    assert answer("settings", "--init", "--json")["exists"] is True
    assert (home / "mailaddon.toml").exists()


def test_a_file_that_cannot_be_written(home: Path) -> None:
    home.mkdir()
    (home / "mailaddon.toml").symlink_to("/proc/nowhere/mailaddon.toml")
    refused = mailaddon("settings", "--init")  # a link is not followed
    assert refused.stderr.endswith("exists already and is left as it is [already-exists]\n")


def test_the_template_without_its_comment_signs_is_the_defaults(home: Path) -> None:
    names = "|".join(setting.name.rpartition(".")[2] for setting in SETTINGS)
    written(home, re.sub(rf"(?m)^# ((?:{names}) = )", r"\1", template()))
    found = settings.load(str(home))
    assert found.values == {setting.name: setting.default for setting in SETTINGS}
    assert set(found.sources.values()) == {str(home / "mailaddon.toml")}
    assert tomllib.loads(template()).keys() <= {"webmail", "forwards", "password"}


def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "file"))
    assert mailaddon("settings", "--init").stderr.endswith("[not-configured]\n")
    assert mailaddon("settings").stderr.endswith("[not-configured]\n")
    monkeypatch.setenv("MAILADDON_HOME", "relative")
    assert mailaddon("settings").stderr.endswith("[not-configured]\n")
