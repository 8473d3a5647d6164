"""What is shipped works: sdist, wheel, an editable installation, a vendor's package beside them.

Everything is made of a copy of the tree and installed into fresh virtual environments.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ALL_ON, Panel
from test_docs import code

import mailaddon
from mailaddon import operations

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {name for row in (*operations.COMMANDS, operations.REGISTER) for name in row.executables} | {"mailaddon"}
#: Folders of the tree, and where they are installed.
PACKAGES = {"src/mailaddon": "mailaddon", "backends": "mailaddon/backends", "register": "mailaddon/register"}
NOT_SHIPPED = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
)


def run(*command: str | Path, **options: object) -> str:
    """Run a program that has to succeed; what it prints."""
    given = {"capture_output": True, "encoding": "utf-8", **options}
    done = subprocess.run(command, check=False, **given)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plain_environment() -> dict[str, str]:
    """The environment without what would reach into the installation, or measure it."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAILADDON", "COVERAGE"))
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("tree") / "project", ignore=NOT_SHIPPED))


@pytest.fixture(scope="module")
def artefacts(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("artefacts")
    run(sys.executable, "-m", "build", "--outdir", folder, tree, env=plain_environment())
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


class Installation:
    """A fresh virtual environment, and a panel that uses the programs in it."""

    def __init__(self, folder: Path) -> None:
        self.scripts = folder / "venv" / "bin"
        run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        self.panel = Panel(folder)
        self.panel.env = {**plain_environment(), "MAILADDON_HOME": str(self.panel.home), "PATH": str(self.scripts)}

    def install(self, *what: str | Path) -> None:
        """Install packages with this environment's pip."""
        pip = (sys.executable, "-m", "pip", "--python", self.scripts / "python", "install", "-q")
        run(*pip, *what, env=plain_environment())

    def prints(self, program: str, *arguments: str | Path) -> str:
        """Run a program of the installation; what it prints."""
        return run(self.scripts / program, *arguments, env=self.panel.env)

    def works(self) -> None:
        """Let a domain come, be used, and go."""
        mail = self.panel.mail
        assert {path.name for path in self.scripts.iterdir()} >= PROGRAMS
        self.prints("EAddDomain", "xyz.com", "192.0.2.10", mail, "10", "admin", "s3cret", "0", *ALL_ON)
        self.prints("EAddUser", "xyz.com", "u1", "s3cret", "Ann", "", "Lee", "1", "1", "1")
        self.prints("EAddUserAlias", "xyz.com", "u1", "a12")
        self.prints("EAddUserAlias", "xyz.com", "u1", "a11")
        assert self.prints("EGetUserAliasList", "xyz.com", "u1") == "a11\na12\n"
        assert "└─ u1@xyz.com" in self.prints("mailaddon", "resolve", "a11@xyz.com")
        self.prints("RegisterMailAddon", "Acme", "Mail", "1", "", "", "", "--directory", self.scripts)
        assert "Acme/Mail/1" in self.prints("mailaddon", "addons", "list")
        assert "PROBLEM" not in self.prints("mailaddon", "doctor")
        self.prints("EDeleteDomain", "xyz.com")
        assert not list(mail.iterdir())
        for program in PROGRAMS:
            assert mailaddon.__version__ in self.prints(program, "--version")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A virtual environment without anything in it."""
    return Installation(tmp_path.resolve())


def modules(tree: Path) -> set[str]:
    """The files that have to be in the wheel, as they are named there."""
    return {"mailaddon/py.typed"} | {
        f"{package}/{path.relative_to(tree / folder)}"
        for folder, package in PACKAGES.items()
        for path in [*(tree / folder).rglob("*.py"), *(tree / folder).rglob("*.template")]
    }


def test_the_wheel_has_all_modules_and_programs_and_nothing_else(tree: Path, artefacts: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(artefacts[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    scripts = {name for name in names if ".data/scripts/" in name}
    assert {Path(name).name for name in scripts} == PROGRAMS - {"mailaddon"}
    assert names - scripts == modules(tree)


def test_the_sdist_has_what_building_and_testing_takes(tree: Path, artefacts: tuple[Path, Path]) -> None:
    with tarfile.open(artefacts[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for path in tree.rglob("*"):
        if path.is_file():
            assert str(path.relative_to(tree)) in names


def test_the_wheel_works_and_a_vendors_package_beside_it(
    installation: Installation, artefacts: tuple[Path, Path], tmp_path: Path
) -> None:
    installation.install(artefacts[1])
    installation.works()
    vendor = tmp_path / "acme-mail"
    vendor.mkdir()
    page = ROOT / "docs" / "plugin-contract.md"
    (vendor / "pyproject.toml").write_text(code(page, "toml")[0])
    (vendor / "acme_mail.py").write_text(code(page, "python")[0])
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, vendor, env=plain_environment())
    installation.install(next(tmp_path.glob("acme_mail-*.whl")))
    assert "acme-mail 1.0" in installation.prints("mailaddon", "backends")
    installation.panel.env["MAILADDON_BACKEND"] = "acme"
    installation.prints("EAddDomain", "xyz.com", "192.0.2.10", "/var/mail", "10", "admin", "s3cret", "0", *ALL_ON)
    installation.prints("EAddUserAlias", "xyz.com", "admin", "a11")
    assert installation.prints("EGetUserAliasList", "xyz.com", "admin") == "a11\n"
    assert (installation.panel.home / "acme.json").read_text() == '{"xyz.com": {"admin": ["a11"]}}'


def test_the_sdist_works(installation: Installation, artefacts: tuple[Path, Path]) -> None:
    installation.install(artefacts[0])
    installation.works()


def test_an_editable_installation_works_and_a_type_checker_finds_all_of_it(
    installation: Installation, tree: Path, tmp_path: Path
) -> None:
    installation.install("-e", tree)
    installation.works()
    page = installation.prints("python", tree / "commands" / "EAddUser.py", "--help")
    assert page == installation.prints("EAddUser", "--help")
    program = tmp_path / "program.py"
    program.write_text("import mailaddon.backends.embedded\nimport mailaddon.register\nfrom mailaddon import Service\n")
    command = (sys.executable, "-m", "mypy", "--strict", "--python-executable", installation.scripts / "python")
    run(*command, "--cache-dir", os.devnull, program, env=plain_environment(), cwd=tmp_path)
    errors = tree / "src" / "mailaddon" / "errors.py"
    present = errors.read_text()
    try:
        errors.write_text(present.replace("MaxMailBoxes leaves no room.", "There is no room."))
        assert "There is no room." in installation.prints("EAddUser", "--help")
    finally:
        errors.write_text(present)
