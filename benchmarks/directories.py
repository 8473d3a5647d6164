"""Directories of any size, made of copies of one domain's rows and kept between runs.

Mail folders are not made.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import SETTINGS, Bench, say

from mailaddon import Service, operations
from mailaddon.directory import Directory, Transaction
from mailaddon.directory.store import SCHEMA_VERSION

USERS = 10  # per domain
BATCH = 2_000  # domains per transaction
MODEL = "d0.example"
#: What has to be different in a copy: columns that hold a domain's id, and columns that hold an address's.
DOMAIN_IDS = {"domain": ("id",), "domain_name": ("domain_id",), "address": ("domain_id",), "user": ("domain_id",)}
ADDRESS_IDS = {"domain": ("owner_id",), "address": ("id", "user_id"), "user": ("id",), "forward": ("user_id",)}
TABLES = ("domain", "domain_name", "address", "user", "forward")


def directory(bench: Bench, users: int) -> Path:
    """The home of a directory with so many users, made if there is none of this schema yet."""
    home = bench.cache / f"directory-{SCHEMA_VERSION}-{users}"
    if not home.exists():
        began = time.perf_counter()
        new, mail = bench.cache / f"{home.name}.{os.getpid()}.new", bench.cache / f"{home.name}-mail"
        for left in (new, mail):
            shutil.rmtree(left, ignore_errors=True)
        prepare(new, mail)
        multiply(new, users // USERS)
        new.rename(home)
        say(f"made a directory with {users:,} users in {time.perf_counter() - began:.0f} s")
    (home / "mailaddon.toml").write_text(SETTINGS)
    return home


def prepare(home: Path, mail: Path) -> None:
    """Make a directory with the model: a domain with ten users, an alias and a forward."""
    home.mkdir(parents=True)
    (home / "mailaddon.toml").write_text(SETTINGS)
    with Service.open(str(home)) as service:
        flags = ["1"] * 8
        run(service, "EAddDomain", MODEL, "192.0.2.10", str(mail), "-1", "admin", "p", "0", *flags)
        for number in range(1, USERS):
            run(service, "EAddUser", MODEL, f"u{number}", "p", "Ann", "", "Lee", "1", "1", "1")
        run(service, "EAddUserAlias", MODEL, "u1", "a1")
        run(service, "EAddForward", MODEL, "u1", "u1@elsewhere.example")


def run(service: Service, command: str, *arguments: str) -> None:
    """Run a command in this process."""
    service.run(operations.find(command), arguments)


def multiply(home: Path, domains: int) -> None:
    """Copy the model until there are so many domains."""
    directory = Directory(str(home))
    with directory.read() as tx:
        rows = list(model(tx))
    width = sum(table == "address" for table, _ in rows)
    for first in range(1, domains, BATCH):
        with directory.write() as tx:
            tx.run("PRAGMA defer_foreign_keys = ON")  # an alias comes before its user here
            for number in range(first, min(first + BATCH, domains)):
                for table, row in rows:
                    tx.insert(table, **copied(table, row, number, number * width))
    directory.close()


def model(tx: Transaction) -> Iterator[tuple[str, dict[str, object]]]:
    """The rows of the model, by table; the number of users is counted by the directory itself."""
    for table in TABLES:
        names = tx.column("SELECT name FROM pragma_table_info(?)", table)
        for values in tx.all(f"SELECT {', '.join(names)} FROM {table}"):
            row = dict(zip(names, values, strict=True))
            if "mailboxes" in row:
                row["mailboxes"] = 0
            yield table, row


def copied(table: str, row: dict[str, object], domain_shift: int, address_shift: int) -> dict[str, object]:
    """A row of the model as it is in a copy."""
    copy = {
        column: value.replace(MODEL, f"d{domain_shift}.example") if isinstance(value, str) else value
        for column, value in row.items()
    }
    for ids, shift in ((DOMAIN_IDS, domain_shift), (ADDRESS_IDS, address_shift)):
        for column in ids.get(table, ()):
            value = row[column]
            copy[column] = value + shift if isinstance(value, int) else value
    return copy
