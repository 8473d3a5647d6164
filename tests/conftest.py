"""What the tests share: a home of their own, and the installed programs, run as a panel runs them."""

import os
import signal
import subprocess
import sysconfig
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from addon_shop import Shop
from bundles import of_this_run, plain_bundle, vendor_bundle
from harness import OPENED, Home, descriptors
from patience import HANGS
from postgresql_server import Server
from sampling import choose, measuring

SCRIPTS = Path(sysconfig.get_path("scripts"))
ALL_ON = ("1",) * 8
Done = subprocess.CompletedProcess[bytes]


class Panel:
    """Runs installed programs on an installation of its own.

    Attributes:
        home: `MAILADDON_HOME`.
        mail: a folder for mail.
        env: the environment of the programs.
        programs: their folder.
    """

    def __init__(self, folder: Path) -> None:
        self.programs = SCRIPTS
        self.home = folder / "home"
        self.mail = folder / "mail"
        self.home.mkdir(mode=0o700)
        self.mail.mkdir()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAILADDON_")}
        self.env = {**inherited, "MAILADDON_HOME": str(self.home)}

    def run(self, program: str, *arguments: "str | bytes", timeout: float = HANGS, **options: object) -> Done:
        """Run a program to its end, whatever that is."""
        command = [self.programs / program, *arguments]
        given = {"stdin": subprocess.DEVNULL, "capture_output": True, "env": self.env, **options}
        return subprocess.run(command, check=False, timeout=timeout, **given)

    def prints(self, program: str, *arguments: "str | bytes", **options: object) -> str:
        """Run a program that has to succeed; what it prints."""
        done = self.run(program, *arguments, **options)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode()

    def refusal(self, program: str, *arguments: "str | bytes", **options: object) -> str:
        """Run a program that has to refuse; the line that it refuses with."""
        done = self.run(program, *arguments, **options)
        assert (done.returncode, done.stdout) == (1, b"")
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith(f"{program}: ")
        return line

    def settings(self, toml: str) -> None:
        """Replace the settings."""
        (self.home / "mailaddon.toml").write_text(toml, encoding="utf-8")

    def add_domain(self, name: str = "xyz.com") -> None:
        """Add a domain of ten mailboxes with every feature and the owner admin."""
        self.prints("EAddDomain", name, "192.0.2.10", str(self.mail), "10", "admin", "s3cret", "0", *ALL_ON)

    def add_user(self, name: str, domain: str = "xyz.com", password: str = "s3cret") -> None:
        """Add a user with every feature."""
        self.prints("EAddUser", domain, name, password, "Ann", "", "Lee", "1", "1", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Have a place for bundles, which the workers share, and programs that end by the signals that tests send."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:  # by the shell, for a job in the background, or by nohup
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if not hasattr(config, "workerinput"):
        config.add_cleanup(of_this_run())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Choose the tests whose programs are measured."""
    choose(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Measure the programs of a chosen test, those of its fixtures too."""
    with measuring(item):
        return (yield)


@pytest.fixture(autouse=True)
def closing_time() -> Iterator[None]:
    """Close the directories that a test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    """An installation without anything in it."""
    return Panel(tmp_path.resolve())


@pytest.fixture
def home(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of an installation that this process is in."""
    for name in os.environ:
        if name.startswith("MAILADDON_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MAILADDON_HOME", str(panel.home))
    return panel.home


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The frozen programs, as `pyinstaller build.spec` makes them."""
    return plain_bundle()


@pytest.fixture(scope="session")
def acme_bundle() -> Path:
    """Those of the vendor in tests/plugin_example, as `mailaddon freeze` makes them."""
    return vendor_bundle()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this test run's own."""
    made = Server()
    yield made
    made.remove()


@pytest.fixture
def postgresql_url(server: Server) -> Iterator[str]:
    """An empty place for a directory."""
    with server.schema() as url:
        yield url


@pytest.fixture
def postgresql_home(tmp_path: Path, postgresql_url: str) -> Home:
    """A domain and a user, in PostgreSQL."""
    made = Home(tmp_path, directory=postgresql_url)
    made.add_domain("xyz.com")
    made.add_user("xyz.com", "u1")
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def directory(request: pytest.FixtureRequest) -> str:
    """The setting `directory`, for either database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop, after which this process has no child and no descriptor more than before."""
    children, opened = _children(), descriptors()
    yield Shop(tmp_path.resolve())
    assert _children() <= children
    assert descriptors() <= opened


def _children() -> set[str]:
    """This process's children; servers of other tests are some."""
    found = set()
    for task in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError):  # a thread that has ended
            found.update(Path(f"/proc/self/task/{task}/children").read_text(encoding="ascii").split())
    return found
