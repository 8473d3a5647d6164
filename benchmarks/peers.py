"""Other projects' provisioning commands, installed below `build` by name, from Debian and PyPI.

Nothing of theirs is started as a service, and nothing is installed into the system: packages are unpacked. What cannot
be had is left out, and the page says so.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from measuring import ROOT, Bench, Taking, say, seconds

sys.path.insert(0, str(ROOT / "tests"))

import postfixadmin

PLACE = ROOT / "build" / "peers"
PATIENCE = 300  # s, for a registry
_MAILMAN = """[mailman]
site_owner: admin@xyz.com
layout: here
[paths.here]
var_dir: {folder}
[mta]
incoming: mailman.mta.null.NullMTA
"""


class Unavailable(Exception):
    """A peer cannot be had; the message says why."""


class Peer(NamedTuple):
    """A command that can be measured.

    Attributes:
        name: what the page calls it.
        does: what one call does.
        taking: one call.
        version: of the package.
    """

    name: str
    does: str
    taking: Taking
    version: str


def unpacked(package: str) -> Path:
    """The folder of a Debian package's files.

    Raises:
        Unavailable: it cannot be downloaded.
    """
    target = PLACE / package
    if not target.exists():
        folder = PLACE / "packages"
        folder.mkdir(parents=True, exist_ok=True)
        say(f"comparison: Debian's package {package}, unpacked only")
        output_of(["apt-get", "-q", "download", package], folder)
        new = target.with_name(f"{package}.new")
        shutil.rmtree(new, ignore_errors=True)
        output_of(["dpkg-deb", "--extract", str(next(folder.glob(f"{package}_*.deb"))), str(new)], folder)
        new.rename(target)
    return target


def output_of(command: list[str], folder: Path) -> str:
    """What a program prints.

    Raises:
        Unavailable: it is missing, fails or does not end.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, timeout=PATIENCE, check=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise Unavailable(f"`{' '.join(command)}` failed: {last}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"`{' '.join(command)}` failed: {error}") from None
    return done.stdout.strip()


def _debian(package: str) -> str:
    """The version of a Debian package that was unpacked, here or by tasks.py, or is installed."""
    for folder in (PLACE / "packages", ROOT / "build" / "packages"):
        for file in folder.glob(f"{package}_*.deb"):
            return f"{package} {output_of(['dpkg-deb', '--field', str(file), 'Version'], folder)}"
    return f"{package} {output_of(['dpkg-query', '--show', '--showformat', '${Version}', package], ROOT)}"


def bare(command: str, *arguments: str) -> Callable[[], float]:
    """An interpreter that does nothing, if it is there.

    Raises:
        Unavailable: it is not.
    """
    path = shutil.which(command)
    if path is None:
        raise Unavailable(f"{command} is not installed")
    return lambda: seconds([path, *arguments], os.environ)


@contextmanager
def postfixadmin_on(kind: str, bench: Bench) -> Iterator[Peer]:
    """PostfixAdmin's command, in PHP, on `sqlite` or `mariadb`.

    Raises:
        Unavailable: something that it needs is missing.
    """
    if not any((place / "usr/share/postfixadmin").exists() for place in postfixadmin.PLACES):
        unpacked("postfixadmin").rename(postfixadmin.PLACES[0])
    needed = ["/usr/bin/php"] + ["/usr/sbin/mariadbd"] * (kind == "mariadb")
    for program in needed:
        if not os.path.exists(program):
            raise Unavailable(f"{program} is not installed")
    folder = bench.work / f"postfixadmin-{kind}"
    folder.mkdir()
    with ExitStack() as stack:
        if kind == "mariadb":
            made = stack.enter_context(postfixadmin.in_mariadb(folder))
        else:
            made = postfixadmin.in_sqlite(folder)
        made.domain("xyz.com", "--mailboxes", "0", "--aliases", "0")
        script = folder / "postfixadmin" / "scripts" / "postfixadmin-cli.php"
        numbers = iter(range(1_000_000))
        password = ("--password", "s3cret-12", "--password2", "s3cret-12", "--welcome-mail", "0")

        def add() -> float:
            call = ["/usr/bin/php", "-q", str(script), "mailbox", "add", f"u{next(numbers)}@xyz.com", *password]
            return seconds(call, {"PATH": "/usr/bin:/bin"})

        php = output_of(["/usr/bin/php", "-r", "echo PHP_VERSION;"], folder)
        database = "MariaDB" if kind == "mariadb" else "SQLite"
        version = f"{_debian('postfixadmin')}, PHP {php}"
        yield Peer(f"postfixadmin-cli, {database}", "adds a mailbox (MD5-CRYPT)", add, version)


@contextmanager
def chasquid(bench: Bench) -> Iterator[Peer]:
    """The command of chasquid, a compiled program, on a text file.

    Raises:
        Unavailable: the package cannot be had.
    """
    program = unpacked("chasquid") / "usr" / "bin" / "chasquid-util"
    folder = bench.work / "chasquid"
    folder.mkdir()
    numbers = iter(range(1_000_000))

    def add() -> float:
        user = f"u{next(numbers)}@xyz.com"
        return seconds(
            [str(program), f"-C={folder}", "user-add", user, "--password=s3cret-12"], {"PATH": "/usr/bin:/bin"}
        )

    yield Peer("chasquid-util", "adds a user (scrypt)", add, _debian("chasquid"))


@contextmanager
def mailman(bench: Bench) -> Iterator[Peer]:
    """Mailman's command, in Python, in a virtual environment of its own, on SQLite.

    Raises:
        Unavailable: the package cannot be had.
    """
    place = PLACE / "mailman"
    program = place / "bin" / "mailman"
    if not program.exists():
        say("comparison: PyPI's package mailman, in a virtual environment")
        shutil.rmtree(place, ignore_errors=True)
        PLACE.mkdir(parents=True, exist_ok=True)
        output_of([sys.executable, "-m", "venv", str(place)], PLACE)
        output_of([str(place / "bin" / "python"), "-m", "pip", "install", "-q", "mailman"], PLACE)
    folder = bench.work / "mailman"
    folder.mkdir()
    configuration = folder / "mailman.cfg"
    configuration.write_text(_MAILMAN.format(folder=folder))
    numbers = iter(range(1_000_000))
    root = ["--run-as-root"] if os.geteuid() == 0 else []

    def add() -> float:
        call = [str(program), "-C", str(configuration), *root, "create", "-d", f"list{next(numbers)}@xyz.com"]
        return seconds(call, {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"})

    show = "import importlib.metadata; print(importlib.metadata.version('mailman'))"
    version = output_of([str(place / "bin" / "python"), "-c", show], folder)
    yield Peer("mailman create", "creates a list", add, f"mailman {version}")
