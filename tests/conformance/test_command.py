"""`mailaddon conformance` as a vendor calls it: what it drives, what it prints, the reports, the exit status."""

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from addon_sets import ADDONS, legacy, sample
from conformance.mutants import MUTANTS, SAMPLES, target
from umbrella import mailaddon

from mailaddon.conformance import GROUPS, VERSION, all_cases


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home."""
    found = tmp_path.resolve() / "home"
    found.mkdir()
    monkeypatch.setenv("MAILADDON_HOME", str(found))
    return found


def test_cases_are_listed() -> None:
    lines = mailaddon("conformance", "--list").stdout.splitlines()
    assert len(lines) == 1 + len(all_cases())
    chosen = mailaddon("conformance", "--list", "--only", "idna", "--only", "FORWARDS/eaddforward/rep*").stdout
    assert [line.split()[0] for line in chosen.splitlines()[1:]] == [
        "forwards/EAddForward/repeated",
        "idna/an-internationalised-domain",
        "idna/an-internationalised-address",
    ]
    assert VERSION in mailaddon("conformance", "--kit-version").stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "one of --addon, --directory and --backend is needed"),
        (("--backend", "embedded", "--addon", "A/B/1"), "one of --addon, --directory and --backend is needed"),
        (("--addon", "A/B/1"), "mailaddon conformance: no add-on 'A/B/1' is registered"),
        (("--directory", "/nowhere"), "there is no folder '/nowhere'"),
        (("--directory", ".", "--environment", "X"), "NAME=VALUE is needed"),
        (("--backend", "embedded", "--only", "nothing"), "is no group and fits no case; the groups are basic"),
        (("--backend", "embedded", "--home", ".", "--setting", "x = 1"), "--setting is for a scratch home"),
    ],
)
def test_what_is_refused(options: tuple[str, ...], said: str) -> None:
    result = mailaddon("conformance", *options)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_backend_in_a_scratch_home(home: Path) -> None:
    options = ("--backend", "embedded", "--setting", "webmail.url = 'https://mail.example/'", "--seed", "7")
    result = mailaddon("conformance", *options, "--only", "webmail/one*", "--only", "scale", "--size", "20")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Conformance kit {VERSION} on backend embedded, seed 7\n")
    assert re.search(r"^EGetMailURL +1$", result.stdout, re.MULTILINE)
    assert "3 passed, 0 failed, 0 skipped; the mandatory group was not tried" in result.stdout
    assert list(home.iterdir()) == [], "the home of everyday is left alone"


def test_a_home_with_settings_of_its_own(home: Path, tmp_path: Path) -> None:
    options = ("--backend", "embedded", "--home", str(home), "--mail", str(tmp_path / "mail"), "--seed", "1")
    result = mailaddon("conformance", *options, "--only", "basic/EAddUser/done")
    assert result.exit_code == 0, result.output
    assert (home / "directory.sqlite3").exists()
    assert list((tmp_path / "mail").iterdir()) == []


def test_a_registered_add_on(home: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    program, interpreter, parameters = SAMPLES["perl"]
    sample(home, state, program=program, interpreter=interpreter, parameters=parameters)
    options = ("--addon", "acme/SAMPLE/1", "--environment", f"ADDON_STATE={state}", "--watch", str(state))
    result = mailaddon("conformance", *options, "--only", "suspension/*", "--only", "transfer/EPre*/succeeds")
    assert result.exit_code == 0, result.output
    assert "skipped: 1 of transfer: EPreExportUser: there is no EPreExportUser.pl" in result.stdout
    assert "4 skipped" in result.stdout


def test_what_is_kept_elsewhere_is_not_said_to_be_forgotten(home: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    program, interpreter, parameters = SAMPLES["shell"]
    sample(home, state, program=program, interpreter=interpreter, parameters=parameters)
    options = ("--addon", "acme/SAMPLE/1", "--environment", f"ADDON_STATE={state}")
    result = mailaddon("conformance", *options, "--only", "suspension/suspending-*", "--only", "basic/EAddUser/done")
    assert result.exit_code == 0, result.output
    assert "what the add-on keeps is in no watched file" in result.stdout


def test_an_add_on_for_3x_is_called_through_the_sdk(home: Path, tmp_path: Path) -> None:
    legacy(home, tmp_path / "legacy")
    result = mailaddon(
        "conformance", "--addon", "Acme/Legacy/3", "--only", "basic/EAddUser/done", "--only", "catch-all"
    )
    assert result.exit_code == 0, result.output
    assert "not implemented by a 3.X add-on" in result.stdout


BROKEN = next(mutant for mutant in MUTANTS if mutant.fault == "lets a user forward to itself")


def test_a_failure_in_every_report(tmp_path: Path) -> None:
    reports = {name: tmp_path / f"report.{name}" for name in ("junit", "json", "markdown", "html")}
    with target(mutant=BROKEN) as broken:
        state = broken.watched[-1]
        options = ["--directory", str(state.parent / "programs"), "--extension", ".sh", "--interpreter", "sh"]
        options += ["--environment", f"ADDON_STATE={state}", "--seed", "5", "--only", "forwards/a-*"]
        options += [word for name, path in reports.items() for word in (f"--{name}", str(path))]
        result = mailaddon("conformance", *options, "--only", "transfer/an-*")
        assert result.exit_code == 1, result.output
        check_the_transcript(result.stdout, tmp_path)
    assert f"failed: {BROKEN.case} [seed 5]: EAddForward" in result.stdout
    check_reports(reports)


def check_the_transcript(output: str, folder: Path) -> None:
    """What is printed of the first failure can be run, and shows the same."""
    script = output.partition("The first of them, for a shell:\n\n")[2].rpartition("\n\n")[0]
    (folder / "script").write_text(script)
    done = subprocess.run(["sh", str(folder / "script")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, "the last call is the one that should have been refused"
    assert done.stderr == ""


def check_reports(reports: dict[str, Path]) -> None:
    """Each report has the failure, with its calls."""
    content = json.loads(reports["json"].read_text())
    assert (content["version"], content["kit"], content["passed"], content["seed"]) == (1, VERSION, False, 5)
    assert content["groups"]["forwards"] == {"passed": 0, "failed": 2, "skipped": 0}
    failed = next(one for one in content["cases"] if one["outcome"] == "failed")
    assert failed["name"] == BROKEN.case
    assert "EAddForward.sh" in failed["transcript"]
    suites = ET.fromstring(reports["junit"].read_text())
    assert [suite.get("name") for suite in suites] == ["forwards", "transfer"]
    failure = next(suites.iter("failure"))
    assert failure.text == failed["transcript"]
    assert [one.get("message") for one in suites.iter("skipped")] == [
        one["reason"] for one in content["cases"] if one["outcome"] == "skipped"
    ]
    markdown = reports["markdown"].read_text()
    assert "| EAddForward | ❌ 0/2 |" in markdown
    assert f"## {BROKEN.case}\n" in markdown
    page = reports["html"].read_text()
    assert '<td class="failed">0/2</td>' in page
    assert f"<b>{BROKEN.case}</b>" in page
    assert "http" not in page.replace("https://", ""), "it needs nothing else"


def test_a_report_instead_of_the_table() -> None:
    result = mailaddon("conformance", "--backend", "embedded", "--only", "basic/EAddUser/done", "--json", "-")
    assert json.loads(result.stdout)["counts"] == {"passed": 1, "failed": 0, "skipped": 0}
    result = mailaddon("conformance", "--backend", "embedded", "--only", "idna", "--json", "/nowhere/at/all")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_the_groups_are_documented() -> None:
    page = ADDONS.parents[1].joinpath("docs", "conformance.md").read_text(encoding="utf-8")
    assert [group for group in GROUPS if f"`{group}`" not in page] == []
    for mutant in MUTANTS:
        assert f"| {mutant.fault} | `{mutant.case}` |" in page, mutant
