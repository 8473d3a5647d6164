"""The tasks find what a machine lacks and say so, and they notice when the tree has changed."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tasks() -> ModuleType:
    """tasks.py, which is no part of the installation."""
    spec = importlib.util.spec_from_file_location("tasks", ROOT / "tasks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_older_interpreters_get_as_far_as_the_message(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ast.parse((ROOT / "tasks.py").read_text(), feature_version=(3, 6))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed, this is 3.9"):
        tasks.main()


def test_usage_lists_the_tasks() -> None:
    for arguments in ([], ["tset"], ["test", "demo"]):
        done = subprocess.run(
            [sys.executable, ROOT / "tasks.py", *arguments], check=False, capture_output=True, encoding="utf-8"
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert re.findall(r"^  (\w+) ", done.stderr, re.MULTILINE)[:3] == ["demo", "hostdemo", "test"]


def test_the_makefile_and_the_guide_for_contributors_know_the_tasks(tasks: ModuleType) -> None:
    names = {task.__name__ for task in tasks.TASKS}
    (targets,) = re.findall(r"^(demo .*):$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets.split()) == names
    assert set(re.findall(r"^python3 tasks\.py (\w+)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)) == names


def test_missing_programs_are_named_to_who_cannot_install_them(
    tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program in {"doveadm", "strace"} else program)
    monkeypatch.setattr(tasks.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tasks, "FILES", {})
    assert tasks.for_tests() == ["dovecot-core", "strace"]
    with pytest.raises(SystemExit, match="as root: apt-get install --no-install-recommends dovecot-core strace"):
        tasks.debian(tasks.for_tests())
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    with pytest.raises(SystemExit, match=r"missing on this machine .*: strace"):
        tasks.debian(["strace"])


def test_root_gets_them_installed(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(shutil, "which", lambda program: program)
    monkeypatch.setattr(tasks.os, "geteuid", lambda: 0)
    monkeypatch.setattr(tasks, "run", lambda *command, env: calls.append((*command, env["DEBIAN_FRONTEND"])))
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    tasks.debian(tasks.for_virtual_environments())
    assert calls == [
        ("apt-get", "-q", "update", "noninteractive"),
        ("apt-get", "-q", "-y", "install", "--no-install-recommends", package, "noninteractive"),
    ]
    tasks.debian([])
    assert len(calls) == 2


def test_a_changed_source_is_noticed(tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "ROOT", str(tmp_path))
    source = tmp_path / "src" / "mailaddon" / "errors.py"
    source.parent.mkdir(parents=True)
    source.write_text("one")
    (tmp_path / "setup.py").write_text("two")
    found = [tasks.fingerprint()]
    (source.parent / "__pycache__").mkdir()
    (source.parent / "__pycache__" / "errors.pyc").write_text("three")
    (tmp_path / "src" / "mail_addon_sdk.egg-info").mkdir()
    (tmp_path / "src" / "mail_addon_sdk.egg-info" / "PKG-INFO").write_text("four")
    assert tasks.fingerprint() == found[0], "what is made of the sources is no source"
    source.write_text("One")
    found.append(tasks.fingerprint())
    source.rename(source.with_name("mistakes.py"))
    found.append(tasks.fingerprint())
    (tmp_path / "setup.py").unlink()
    found.append(tasks.fingerprint())
    assert len(set(found)) == 4


def test_outcomes_are_counted(tasks: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text('<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>')
    assert tasks.outcomes(str(report)) == {"passed": 3, "failed": 2, "errors": 1, "skipped": 3}
    assert tasks.outcomes(str(tmp_path / "absent")) == {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
