"""What the tests of the embedded backend share: a home, commands in this process and as programs, and what must agree.

`Home.call` takes the same way as a program does (the operation's parser, the service, the printing), without a process
of its own. `Home.program` starts the installed program.
"""

import os
import re
import sqlite3
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from patience import HANGS

from mailaddon import MailAddonError, Service
from mailaddon.command import printed
from mailaddon.directory import Directory
from mailaddon.operations import find

SCRIPTS = sysconfig.get_path("scripts")
#: Hashes that cost nothing.
QUICK = {"password.argon2id_memory": 8, "password.argon2id_time": 1}
FLAGS = ("1",) * 8
USER_FLAGS = ("1",) * 3
#: Where a test with many commands need not wait for the disk; None for the usual place.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
MAILDIR = ("cur", "new", "tmp")
#: What tests have opened and the fixture `closing_time` closes.
OPENED: list[Directory] = []
#: Rows that miss their other half.
_HALVES = {
    "user": "SELECT a.id FROM address AS a LEFT JOIN user AS u ON u.id = a.id WHERE a.kind = 'user' AND u.id IS NULL",
    "domain": "SELECT d.id FROM domain AS d LEFT JOIN domain_name AS n ON n.domain_id = d.id AND n.kind = 'primary'"
    " WHERE n.name IS NULL",
}
#: Files and folders that only exist while something is being done.
_LEFTOVER = re.compile(r"\.mailaddon-|\.tmp$|\.new(-wal|-shm)?$|\.partial$")


class Outcome(NamedTuple):
    """What a caller of a command sees."""

    status: int
    code: str  # "" on success
    output: str
    error: str = ""

    @property
    def seen(self) -> tuple[int, str, str]:
        """What has to be the same whoever runs the command: the wording of a refusal may differ."""
        return self.status, self.code, self.output


class Home:
    """A home of its own with settings, and a folder for mail beside it.

    Args:
        folder: where to make both.
        directory: the setting of that name, which stays.
        settings: others.
    """

    def __init__(self, folder: Path, *, directory: str = "", **settings: Any) -> None:
        self.folder = folder
        self.location = directory
        self.path = folder / "home"
        self.mail = folder / "mail"
        self.path.mkdir(parents=True)
        self.mail.mkdir()
        self.set(**settings)

    def set(self, **settings: Any) -> None:
        """Replace the settings; those of `QUICK` stay. `__` in a name stands for the dot."""
        given = (
            QUICK | {"directory": self.location} | {name.replace("__", "."): value for name, value in settings.items()}
        )
        lines = [f"{name} = {_toml(value)}\n" for name, value in given.items()]
        (self.path / "mailaddon.toml").write_text("".join(lines), encoding="utf-8")

    @property
    def in_postgresql(self) -> bool:
        """Whether its directory is in PostgreSQL."""
        return self.location.startswith("postgresql:")

    @property
    def file(self) -> Path:
        """Its directory's file, if it is not."""
        return Path(self.location or self.path / "directory.sqlite3")

    @property
    def directory(self) -> Directory:
        """The kit's view of it; closed when the test is over."""
        OPENED.append(Directory(str(self.path), 20, self.location))
        return OPENED[-1]

    def service(self) -> Service:
        """The service that a program would open."""
        return Service.open(str(self.path))

    def call(self, command: str, *arguments: str, service: Service | None = None) -> Outcome:
        """Run a command in this process."""
        try:
            operation = find(command)
            fields = operation.parse(arguments)
            if service is not None:
                return Outcome(0, "", printed(operation, service.call(operation, fields)))
            with self.service() as opened:
                return Outcome(0, "", printed(operation, opened.call(operation, fields)))
        except MailAddonError as error:
            return Outcome(1, error.code, "", f"{error}")

    def must(self, command: str, *arguments: str) -> str:
        """Run a command that succeeds, in this process; what it prints."""
        outcome = self.call(command, *arguments)
        assert outcome.status == 0, outcome
        return outcome.output

    def refusal(self, command: str, *arguments: str) -> str:
        """Run a command that is refused, in this process; the code."""
        outcome = self.call(command, *arguments)
        assert outcome.status == 1, outcome
        return outcome.code

    def add_domain(self, name: str, *, limit: str = "-1", folder: str = "", owner: str = "admin") -> None:
        """Add a domain with everything enabled."""
        place = folder or str(self.mail)
        self.must("EAddDomain", name, "192.0.2.10", place, limit, owner, "pw", "0", *FLAGS)

    def add_user(self, domain: str, *users: str) -> None:
        """Add users with everything enabled."""
        for user in users:
            self.must("EAddUser", domain, user, "pw", "", "", "", *USER_FLAGS)

    def environment(self, *, covered: bool = True) -> dict[str, str]:
        """What a program's environment is made of; `covered`: it may take part in measuring coverage."""
        kept = [name for name in os.environ if covered and name.startswith("COV")]
        return {"PATH": os.environ["PATH"], "MAILADDON_HOME": str(self.path)} | {
            name: os.environ[name] for name in kept
        }

    def program(self, command: str, *arguments: str, covered: bool = True, **environment: str) -> Outcome:
        """Run an installed program."""
        done = subprocess.run(
            [os.path.join(SCRIPTS, command), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=self.environment(covered=covered) | environment,
            timeout=HANGS,
            check=False,
        )
        return outcome_of(done.returncode, done.stdout, done.stderr)

    def maildir(self, domain: str, user: str, *, folder: str = "") -> Path:
        """A user's Maildir."""
        return Path(folder or self.mail) / domain / user / "Maildir"

    def deliver(self, domain: str, user: str, *, count: int = 1, folder: str = "") -> dict[str, bytes]:
        """Put messages into a mailbox; name -> content."""
        messages = {
            f"{number}.M{number}.host": f"Subject: {user} {number}\n\ntext\n".encode() for number in range(count)
        }
        for name, content in messages.items():
            (self.maildir(domain, user, folder=folder) / "cur" / f"{name}:2,S").write_bytes(content)
        return messages


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def outcome_of(status: int, stdout: bytes, stderr: bytes) -> Outcome:
    """What a program's caller sees; the code is what the line on standard error ends with."""
    error = stderr.decode()
    found = re.search(r"\[(\S+)\]\n\Z", error)
    return Outcome(status, found[1] if found else "", stdout.decode(), error)


def database(home: Home) -> sqlite3.Connection:
    """The directory's file, opened by Python's own module."""
    connection = sqlite3.connect(home.file, timeout=20, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


Rows = Callable[[str], list[tuple[Any, ...]]]


@contextmanager
def rows_of(home: Home) -> Iterator[Rows]:
    """Asks the database, past the kit's own transactions."""
    if home.in_postgresql:
        with psycopg.connect(home.location) as connection:
            yield lambda sql: connection.execute(re.sub(r"\buser\b(?!')", '"user"', sql)).fetchall()
    else:
        with closing(database(home)) as file:
            yield lambda sql: file.execute(sql).fetchall()


def disagreements(home: Home) -> list[str]:
    """Where the directory contradicts itself, the mail storage or the journal; nothing, if all is well."""
    if not home.in_postgresql and not home.file.exists():
        return [*_files_below(home.mail), *_leftovers(home)]
    with rows_of(home) as rows:
        damaged = [] if home.in_postgresql else [*_damage(rows)]
        return [*damaged, *_wrong_rows(rows), *_wrong_folders(home, rows), *_leftovers(home)]


def _damage(rows: Rows) -> Iterator[str]:
    for (line,) in rows("PRAGMA integrity_check"):
        if line != "ok":
            yield f"integrity: {line}"
    for row in rows("PRAGMA foreign_key_check"):
        yield f"foreign key: {row}"


def _wrong_rows(rows: Rows) -> Iterator[str]:
    yield from (
        f"domain {row[0]} counts {row[1]} users and has {row[2]}"
        for row in rows(
            "SELECT n.name, d.mailboxes, count(u.id) FROM domain AS d"
            " JOIN domain_name AS n ON n.domain_id = d.id AND n.kind = 'primary'"
            " LEFT JOIN user AS u ON u.domain_id = d.id GROUP BY n.name, d.id HAVING d.mailboxes <> count(u.id)"
        )
    )
    yield from (
        f"domain {row[0]} has {row[1]} users and a limit of {row[2]}"
        for row in rows(
            "SELECT id, mailboxes, max_mailboxes FROM domain WHERE max_mailboxes <> -1 AND mailboxes > max_mailboxes"
        )
    )
    for what, sql in _HALVES.items():
        yield from (f"{what} {row[0]} is not whole" for row in rows(sql))


def _wrong_folders(home: Home, rows: Rows) -> Iterator[str]:
    wanted = {
        (row[0], row[1])
        for row in rows(
            "SELECT d.storage, a.local_part FROM domain AS d JOIN address AS a ON a.domain_id = d.id"
            " WHERE a.kind = 'user'"
        )
    }
    for storage, user in sorted(wanted):
        for folder in MAILDIR:
            if not Path(storage, user, "Maildir", folder).is_dir():
                yield f"user {user} has no {storage}/{user}/Maildir/{folder}"
    known = {Path(storage) for storage, _user in wanted}
    for storage in known:
        yield from (
            f"{storage}/{name} belongs to nobody" for name in os.listdir(storage) if (str(storage), name) not in wanted
        )
    for maildir in home.mail.rglob("Maildir"):
        if maildir.parent.parent not in known:
            yield f"{maildir} belongs to nobody"


def _files_below(folder: Path) -> Iterator[str]:
    yield from (f"{path} belongs to nobody" for path in folder.rglob("*") if path.is_file())


def _leftovers(home: Home) -> Iterator[str]:
    journal = home.path / "journal"
    if journal.exists():
        yield from (f"journal {name} is left" for name in sorted(os.listdir(journal)))
    for folder in (home.path, home.mail):
        yield from (f"{path} is left" for path in sorted(folder.rglob("*")) if _LEFTOVER.search(path.name))


def lines(text: str) -> list[str]:
    """The lines that a command printed."""
    assert not text or text.endswith("\n")
    return text.splitlines()


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: files with their content, folders with None."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def all_arguments(*parts: "str | Sequence[str]") -> list[str]:
    """Arguments from texts and lists of texts."""
    return [argument for part in parts for argument in ([part] if isinstance(part, str) else part)]


def descriptors() -> set[str]:
    """This process's descriptors, without sockets, which threads of other tests' servers open and close."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one with which they were listed, and what has been closed since
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                found.add(name)
    return found
