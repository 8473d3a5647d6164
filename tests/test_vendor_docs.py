"""The pages for vendors: what they show is run, and what they list is complete."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from conftest import Panel
from test_docs import DOCS, typed
from umbrella import mailaddon

from mailaddon import operations
from mailaddon.cli._schema import schema
from mailaddon.testing import BackendContract, Fault

TESTING = DOCS / "testing.md"


def code(page: Path, language: str) -> list[str]:
    """The blocks of a page that are in this language; "" for those that say none."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for name, text in blocks if name == language]


def documented(page: Path, heading: str) -> set[str]:
    """The names in the first column of the table under a heading, or behind a sentence."""
    table = page.read_text(encoding="utf-8").partition(heading)[2].partition("| --- |")[2].partition("\n\n")[0]
    return {
        name for cell in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE) for name in re.findall(r"`([^`]*)`", cell)
    }


def test_the_fakes_example_is_what_really_happens(panel: Panel, tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(code(TESTING, "python")[1])
    printed = code(TESTING, "")[1]
    done = subprocess.run([sys.executable, script], env=panel.env, check=False, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")
    assert typed(tmp_path, panel.env, "busy.py") == "Success: no issues found in 1 source file\n"


def test_the_settings_of_the_fake_are_accepted(panel: Panel) -> None:
    panel.settings(code(TESTING, "toml")[0])
    panel.add_domain()
    panel.add_user("u1")
    assert panel.prints("EGetUserAliasList", "xyz.com", "u1") == ""
    panel.add_user("u2")
    assert panel.run("EAddUser", "xyz.com", "u3", "p", "", "", "", "1", "1", "1").returncode < 0
    assert panel.prints("EGetUserAliasList", "xyz.com", "u3") == ""


def test_the_classs_example_passes(tmp_path: Path) -> None:
    (tmp_path / "acme_mail.py").write_text(
        "from mailaddon.testing import FakeBackend\nclass AcmeBackend(FakeBackend): ...\n"
    )
    (tmp_path / "test_acme.py").write_text(code(TESTING, "python")[0])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "webmail or random", str(tmp_path)]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^[4-9] passed", done.stdout, re.MULTILINE), done.stdout


def test_the_fields_of_a_fault_are_all_documented() -> None:
    assert documented(TESTING, "A `Fault` has these fields") == set(Fault._fields)


def test_what_a_class_may_set_is_all_documented() -> None:
    named = documented(TESTING, "What a class that inherits from it may set or replace")
    own = {
        name
        for cls in BackendContract.__mro__[:2]
        for name in vars(cls)
        if not name.startswith(("_", "test", "pytest"))
    }
    assert named == own - {"target"}


def test_the_keys_of_the_schema_are_all_documented() -> None:
    named = documented(DOCS / "other-languages.md", "For each command under `$defs`")
    found = {key for name in ("EAddUser", "EGetForwardList") for key in schema()["$defs"][name]}
    assert {name for name in named if name.startswith("x-")} == {key for key in found if key.startswith("x-")}


def test_the_call_of_the_example_is_one_by_the_schema() -> None:
    (call,) = code(DOCS / "other-languages.md", "json")
    jsonschema.validate(json.loads(call), schema())


def test_the_shells_example_refuses_as_the_page_says(tmp_path: Path) -> None:
    program = tmp_path / "EAddUserAlias.sh"
    program.write_text(code(DOCS / "other-languages.md", "sh")[0])
    done = subprocess.run(["sh", program, "xyz.com"], check=False, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("[usage]\n")
    assert subprocess.run(["sh", program, "xyz.com", "u1", "a11"], check=False).returncode == 0


def test_every_command_that_has_changed_since_3x_is_listed() -> None:
    page = (DOCS / "moving-3x-add-ons.md").read_text(encoding="utf-8")
    for operation in operations.COMMANDS:
        changed = operation.legacy_status == "updated" or operation.legacy_output
        assert (f"[{operation.command}](commands/" in page) == bool(changed)
        if operation.legacy_status == "new":
            assert operation.command in page.partition("New in 10.3.1")[2]


@pytest.mark.parametrize("page", ["tutorial.md", "testing.md", "other-languages.md", "moving-3x-add-ons.md"])
def test_the_subcommands_that_the_pages_name_exist(page: str) -> None:
    for name in set(re.findall(r"(?:`|\$ )mailaddon ([a-z]+)", (DOCS / page).read_text(encoding="utf-8"))):
        if name != "freeze":  # comes with the programs that need no Python
            assert mailaddon(name, "--help").exit_code == 0, name
