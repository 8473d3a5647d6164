"""A vendor's package beside the SDK: built into a wheel, installed, selected, used; broken ones, with the reason."""

import json
import os
import shutil
import sys
import textwrap
from pathlib import Path

import pytest
from harness import FLAGS, USER_FLAGS, Home, Outcome, lines, outcome_of
from test_packaging import NOT_SHIPPED, ROOT, Installation, plain_environment, run

EXAMPLE = Path(__file__).parent / "plugin_example"
#: Entry point -> the module's text, and what the reason has to say.
BROKEN = {
    "missing": ("import acme_lib_that_is_not_installed\n", "acme_lib_that_is_not_installed"),
    "wrong-module": ("", "has no Backend"),
    "crashing": ("raise RuntimeError('the vendor made a mistake')\n", "the vendor made a mistake"),
    "not-starting": (
        """
        class Backend:
            contract = (1, 0)
            def __init__(self, context): raise OSError(111, "Acme does not answer")
        """,
        "Acme does not answer",
    ),
    "old": ("class Backend:\n    contract = (0, 9)\n    def __init__(self, context): pass\n", "contract 0.9"),
    "newer": ("class Backend:\n    contract = (1, 999)\n    def __init__(self, context): pass\n", "contract 1.999"),
    "undeclared": ("class Backend:\n    def __init__(self, context): pass\n", "declares no contract"),
    "wrong-argument": (
        """
        from mailaddon import hookimpl
        class Backend:
            contract = (1, 0)
            def __init__(self, context): pass
            @hookimpl
            def add_user(self, domain, user): pass
        """,
        "add_user",
    ),
    "misspelt": (
        """
        from mailaddon import hookimpl
        class Backend:
            contract = (1, 0)
            def __init__(self, context): pass
            @hookimpl
            def add_usr(self, request): pass
        """,
        "add_usr",
    ),
}
#: One that loads, and returns what no hook may return.
CARELESS = """
    from mailaddon import hookimpl
    class Backend:
        contract = (1, 0)
        def __init__(self, context): pass
        @hookimpl
        def get_user_alias_list(self, request): return "a11\\na12"
        @hookimpl
        def get_forward_list(self, request): return [b"octets"]
        @hookimpl
        def get_mail_url(self, request): return None
        @hookimpl
        def add_user(self, request): return {"password": request.password}
        @hookimpl
        def get_autoresponder(self, request): return ("subject", "message")
        @hookimpl
        def delete_user(self, request): raise KeyError(request.user)
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of the SDK, of the vendor's package, and of broken ones."""
    folder = tmp_path_factory.mktemp("wheels")
    broken = folder / "broken"
    broken.mkdir()
    points = []
    for name, (text, _reason) in {**BROKEN, "careless": (CARELESS, "")}.items():
        module = f"broken_{name.replace('-', '_')}"
        (broken / f"{module}.py").write_text(textwrap.dedent(text))
        points.append(f'{name} = "{module}:Backend"\n')
    modules = json.dumps(sorted(path.stem for path in broken.glob("*.py")))
    (broken / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "acme-broken"\nversion = "0.1"\n'
        f'[project.entry-points."mailaddon.backends"]\n{"".join(points)}'
        f"[tool.setuptools]\npy-modules = {modules}\n"
    )
    project = shutil.copytree(ROOT, folder / "project", ignore=NOT_SHIPPED)
    example = shutil.copytree(EXAMPLE, folder / "example", ignore=NOT_SHIPPED)
    for source in (project, example, broken):
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, source, env=plain_environment())
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A fresh virtual environment with all of them."""
    installation = Installation(tmp_path_factory.mktemp("installation"))
    installation.install(*wheels)
    return installation


class Vendor(Home):
    """A home in the fresh environment."""

    def __init__(self, folder: Path, installed: Installation) -> None:
        super().__init__(folder)
        self.installed = installed

    def run(self, command: str, *arguments: str, **environment: str) -> Outcome:
        """Run a program of the fresh environment."""
        env = {**plain_environment(), "MAILADDON_HOME": str(self.path), **environment}
        done = self.installed.panel.run(str(self.installed.scripts / command), *arguments, env=env)
        return outcome_of(done.returncode, done.stdout, done.stderr)

    def configure(self, toml: str) -> None:
        """Write mailaddon.toml."""
        (self.path / "mailaddon.toml").write_text(toml)

    def add_domain_by_program(self) -> Outcome:
        """Add xyz.com with its owner."""
        return self.run("EAddDomain", "xyz.com", "192.0.2.1", "/m", "5", "admin", "s3cret", "0", *FLAGS)


@pytest.fixture
def vendor(tmp_path: Path, installed: Installation) -> Vendor:
    made = Vendor(tmp_path, installed)
    made.configure('backend = "acme"\n')
    return made


def test_commands_run_through_the_vendor_s_package(vendor: Vendor) -> None:
    assert vendor.add_domain_by_program().seen == (0, "", "")
    assert vendor.run("EAddUser", "xyz.com", "u1", "s3cret", "", "", "", *USER_FLAGS).seen == (0, "", "")
    for alias in ("a12", "A11"):
        assert vendor.run("EAddUserAlias", "xyz.com", "u1", alias).seen == (0, "", "")
    assert vendor.run("EGetUserAliasList", "XYZ.com", "u1").seen == (0, "", "a11\na12\n")
    assert vendor.run("EGetMailURL", "xyz.com").seen == (0, "", "https://acme.example/xyz.com\n")
    assert json.loads((vendor.path / "acme.json").read_text()) == {"xyz.com": {"admin": [], "u1": ["a12", "a11"]}}
    assert not (vendor.path / "directory.sqlite3").exists()
    assert vendor.run("EDeleteUser", "xyz.com", "u1").seen == (0, "", "")
    assert vendor.run("EDeleteDomain", "xyz.com").seen == (0, "", "")
    assert vendor.run("EDeleteDomain", "xyz.com").error == "EDeleteDomain: domain xyz.com does not exist [not-found]\n"


def test_the_environment_selects_it_too(vendor: Vendor) -> None:
    vendor.configure("")
    assert vendor.run("EGetMailURL", "xyz.com").code == "not-found"
    assert (vendor.path / "directory.sqlite3").exists()
    other = Vendor(vendor.folder / "other", vendor.installed)
    outcome = other.run(
        "EAddDomain", "xyz.com", "192.0.2.1", "/m", "5", "admin", "pw", "0", *FLAGS, MAILADDON_BACKEND="acme"
    )
    assert outcome.seen == (0, "", "")
    assert (other.path / "acme.json").exists()
    assert not (other.path / "directory.sqlite3").exists()


def test_it_gets_its_own_settings(vendor: Vendor) -> None:
    path = vendor.folder / "elsewhere.json"
    vendor.configure(f'backend = "acme"\n[backends.acme]\npath = "{path}"\nlicensed_users = 2\n')
    assert vendor.add_domain_by_program().status == 0
    assert path.exists()
    assert vendor.run("EAddUser", "xyz.com", "u1", "s3cret", "", "", "", *USER_FLAGS).status == 0
    refused = vendor.run("EAddUser", "xyz.com", "u2", "s3cret", "", "", "", *USER_FLAGS)
    assert refused.seen == (1, "x-acme-licence", "")
    assert refused.error == "EAddUser: the licence is for 2 users [x-acme-licence]\n"
    vendor.configure('backend = "acme"\n[backends.acme]\nlicensed_users = "many"\n')
    assert vendor.run("EGetMailURL", "xyz.com").code == "not-configured"


def test_what_it_lacks_is_not_supported_or_a_placeholder(vendor: Vendor) -> None:
    outcome = vendor.run("EAddMailingList", "xyz.com", "news")
    assert outcome == Outcome(1, "not-supported", "", "EAddMailingList: not supported by acme [not-supported]\n")
    for command in ("ESuspendDomain", "EResumeDomain"):
        assert vendor.run(command, "xyz.com") == Outcome(0, "", "", "")
    for command in ("EStartMailServer", "EStopMailServer"):
        assert vendor.run(command) == Outcome(0, "", "", "")
    assert vendor.run("ESuspendUser", "xyz.com", "u1").code == "not-supported"


def test_arguments_are_validated_before_it_is_loaded(vendor: Vendor) -> None:
    vendor.configure('backend = "missing"\n')
    assert vendor.run("EAddUser", "xyz").code == "usage"
    assert vendor.run("EGetUserAliasList", "xyz", "u1").code == "invalid-argument"
    assert vendor.run("EGetUserAliasList", "--help").status == 0


def test_changes_through_it_are_events(vendor: Vendor) -> None:
    vendor.add_domain_by_program()
    (event,) = [json.loads(line) for line in lines((vendor.path / "events.jsonl").read_text())]
    assert (event["operation"], event["backend"], event["after"]) == ("EAddDomain", "acme", {"owner": "admin"})
    assert "s3cret" not in json.dumps(event)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_unusable_and_says_why(vendor: Vendor, name: str) -> None:
    vendor.configure(f'backend = "{name}"\n')
    outcome = vendor.run("EGetUserAliasList", "xyz.com", "u1")
    assert outcome.seen == (1, "backend-unusable", "")
    assert BROKEN[name][1] in outcome.error
    assert outcome.error.count("\n") == 1
    # the second time it is found as it was written down the first time, if it was
    assert vendor.run("EGetUserAliasList", "xyz.com", "u1").seen == (1, "backend-unusable", "")


def test_one_that_is_not_installed_is_unusable(vendor: Vendor) -> None:
    vendor.configure('backend = "nobody"\n')
    outcome = vendor.run("EGetMailURL", "xyz.com")
    assert outcome.code == "backend-unusable"
    assert "acme" in outcome.error  # what is installed


def test_one_that_has_gone_is_unusable(vendor: Vendor) -> None:
    """The link that was written down leads nowhere any more."""
    vendor.add_domain_by_program()
    links = vendor.path / ".backends.linked"
    assert "acme\tacme_mail:AcmeBackend\n" in links.read_text()
    links.write_text("acme\tacme_before:Backend\n")
    assert vendor.run("EGetMailURL", "xyz.com").status == 0  # it moved: found again
    assert "acme\tacme_mail:AcmeBackend\n" in links.read_text()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("EGetUserAliasList", "xyz.com", "u1"), "bad-result"),
        (("EGetForwardList", "xyz.com", "u1"), "bad-result"),
        (("EGetMailURL", "xyz.com"), "bad-result"),
        (("EGetAutoResponder", "xyz.com", "u1"), "bad-result"),
        (("EAddUser", "xyz.com", "u1", "s3cret", "", "", "", *USER_FLAGS), "bad-result"),
        (("EDeleteUser", "xyz.com", "u1"), "internal"),
    ],
)
def test_a_careless_one_breaks_nothing(vendor: Vendor, command: tuple[str, ...], code: str) -> None:
    vendor.configure('backend = "careless"\n')
    outcome = vendor.run(*command)
    assert outcome.seen == (1, code, "")
    assert outcome.error.count("\n") == 1
    assert "Traceback" not in outcome.error
    assert "s3cret" not in outcome.error
    assert "s3cret" not in "".join(path.read_text() for path in vendor.path.rglob("*") if path.is_file())


def test_mailaddon_lists_them_with_what_is_wrong(vendor: Vendor) -> None:
    listed = vendor.run("mailaddon", "backends", "--json")
    assert listed.status == 0, listed
    found = {entry["name"]: entry for entry in json.loads(listed.output)["backends"]}
    assert set(found) == {"embedded", "executable", "postfix", "acme", "careless", *BROKEN}
    acme = found["acme"]
    assert (acme["distribution"], acme["distribution_version"], acme["usable"]) == ("acme-mail", "2.1", True)
    assert acme["configured"]
    capable = {name for name, has in acme["operations"].items() if has}
    assert capable == {
        "EAddDomain",
        "EDeleteDomain",
        "EAddUser",
        "EDeleteUser",
        "EAddUserAlias",
        "EGetUserAliasList",
        "EGetMailURL",
        "domains",
    }
    for name, (_text, reason) in BROKEN.items():
        assert not found[name]["usable"]
        assert reason in found[name]["reason"]


def test_the_umbrella_command_drives_it(vendor: Vendor) -> None:
    vendor.add_domain_by_program()
    given = ("--domain-name", "xyz.com", "--user-name", "admin", "--user-alias", "boss")
    assert vendor.run("mailaddon", "run", "EAddUserAlias", *given).status == 0
    assert vendor.run("EGetUserAliasList", "xyz.com", "admin").output == "boss\n"


def test_the_example_is_typed(installed: Installation) -> None:
    """A vendor's type checker finds every name, and the hooks' signatures."""
    config = ["--strict", "--cache-dir", os.devnull, "--python-executable", str(installed.scripts / "python")]
    run(sys.executable, "-m", "mypy", *config, str(EXAMPLE / "acme_mail"), cwd=EXAMPLE, env=plain_environment())
