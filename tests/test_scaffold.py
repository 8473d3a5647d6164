"""`mailaddon new`: what it writes type-checks and passes the contract, and what it refuses."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import Result
from umbrella import mailaddon

from mailaddon import NotFound
from mailaddon.scaffold import writing
from mailaddon.scaffold.names import names

FILES = {
    ".github/workflows/ci.yml",
    ".gitignore",
    "README.md",
    "build.spec",
    "pyproject.toml",
    "src/acme_mail/__init__.py",
    "src/acme_mail/backend.py",
    "src/acme_mail/py.typed",
    "tests/test_backend.py",
}


def new(folder: Path, *arguments: str) -> Result:
    """Make a package in a folder."""
    return mailaddon("new", *arguments, "--directory", str(folder))


def files(folder: Path) -> set[str]:
    """The files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_says_what_it_writes_and_how_to_go_on(home: Path, tmp_path: Path) -> None:
    result = new(tmp_path, "acme-mail")
    assert result.exit_code == 0, result.output
    assert files(tmp_path / "acme-mail") == FILES
    written, _, further = result.stdout.partition("\n\n")
    assert set(written.splitlines()) == {str(tmp_path / "acme-mail" / name) for name in FILES}
    assert f"  cd {tmp_path}/acme-mail\n" in further
    assert "  mailaddon conformance --backend acme --only basic\n" in further
    assert list(home.iterdir()) == []


def test_every_file_is_what_its_name_says(tmp_path: Path) -> None:
    arguments = ("north-mail-2", "--backend", "north-star", "--vendor", "Nørth & Star (Inc.)")
    assert new(tmp_path, *arguments).exit_code == 0
    folder = tmp_path / "north-mail-2"
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "$" not in text.replace("${{ ", "").replace("$cls", "$"), path
            if path.suffix in {".py", ".spec"}:
                ast.parse(text)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == "north-mail-2"
    assert project["project"]["authors"] == [{"name": "Nørth & Star (Inc.)"}]
    assert project["project"]["entry-points"]["mailaddon.backends"] == {"north-star": "north_mail_2:NorthStarBackend"}
    assert 'resolved(["north-mail-2"])' in (folder / "build.spec").read_text()
    assert "${{ matrix.python }}" in (folder / ".github" / "workflows" / "ci.yml").read_text()


def test_it_type_checks_and_passes_its_tests_at_once(tmp_path: Path) -> None:
    assert new(tmp_path, "acme-mail").exit_code == 0
    folder = tmp_path / "acme-mail"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment |= {"MYPYPATH": "src", "PYTHONPATH": "src"}
    for tool in (["mypy", "--cache-dir", os.devnull], ["pytest", "-q", "-p", "no:cacheprovider"]):
        done = subprocess.run(
            [sys.executable, "-m", *tool], cwd=folder, env=environment, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stdout.decode()


def test_it_is_a_backend_that_programs_use(home: Path, tmp_path: Path) -> None:
    assert new(tmp_path, "acme-mail").exit_code == 0
    (home / "mailaddon.toml").write_text("[backends.\"acme_mail:AcmeBackend\"]\nwebmail = 'https://{domain}/'\n")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "acme-mail" / "src"),
        "MAILADDON_BACKEND": "acme_mail:AcmeBackend",
    }

    def prints(*words: str) -> str:
        command = [os.path.join(os.path.dirname(sys.executable), words[0]), *words[1:]]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, encoding="utf-8")
        return done.stdout

    prints("EAddDomain", "xyz.com", "192.0.2.1", "/m", "5", "admin", "s3cret", "0", *"11111111")
    assert prints("EGetMailURL", "xyz.com") == "https://xyz.com/\n"
    assert prints("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"


def test_what_its_files_call_is_there(tmp_path: Path) -> None:
    assert new(tmp_path, "acme-mail").exit_code == 0
    called = set()
    for path in (tmp_path / "acme-mail").rglob("*"):
        if path.is_file():
            called |= set(re.findall(r"^.*mailaddon (conformance) (.*)$", path.read_text(), re.MULTILINE))
    assert called
    for command, words in called:
        known = mailaddon(command, "--help").stdout
        assert all(f" {option} " in known for option in re.findall(r"--[a-z]+", words)), words


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["Acme-Mail"], "NAME: 'Acme-Mail' does not fit; up to 64 small letters"),
        (["acme_mail"], "acme-mail for example [invalid-argument]"),
        (["-acme"], "No such option"),
        (["../acme"], "NAME: '../acme' does not fit"),
        (["a" * 65], "does not fit"),
        (["acme-"], "does not fit"),
        ([""], "NAME: '' does not fit"),
        (["json"], "NAME: 'json' is the name of something else already [invalid-argument]"),
        (["mailaddon"], "is the name of something else already"),
        (["class"], "is the name of something else already"),
        (["acme", "--backend", "embedded"], "--backend: a backend embedded is installed already"),
        (["acme", "--backend", "a:b"], "--backend: 'a:b' does not fit"),
        (["acme", "--vendor", 'A"B'], "--vendor: 'A\"B' does not fit; up to 64 letters"),
        (["acme", "--vendor", "A\nB"], "--vendor: 'A\\nB' does not fit"),
        (["acme", "--vendor", "..."], "--vendor: '...' does not fit"),
    ],
)
def test_names_that_do_not_fit_are_refused(tmp_path: Path, arguments: list[str], reason: str) -> None:
    result = new(tmp_path, *arguments)
    assert result.exit_code != 0
    assert reason in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "acme-mail").symlink_to(tmp_path / "nowhere")
    result = new(tmp_path, "acme-mail")
    assert result.exit_code == 1
    assert result.stderr == (
        f"mailaddon new: NAME: {tmp_path}/acme-mail exists already; nothing is overwritten [already-exists]\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["acme-mail"]


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    result = new(tmp_path / "nowhere", "acme-mail")
    assert result.stderr == f"mailaddon new: --directory: there is no folder '{tmp_path}/nowhere' [not-found]\n"
    assert "cannot be written" in new(Path("/proc"), "acme-mail").stderr


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    result = new(tmp_path, "acme-mail")
    assert result.stderr.endswith("acme-mail cannot be written: No space left on device [storage-failed]\n")
    assert list(tmp_path.iterdir()) == []


def test_an_installation_without_templates_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_SUFFIX", ".gone")
    with pytest.raises(NotFound, match="this installation has no templates"):
        writing.rendered(names("acme-mail"))
