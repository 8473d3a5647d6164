"""How many pages of the directory a call reads when there are 100 users, and when there are a million.

    python3 tasks.py bench

runs it. Pages are counted by SQLite (`SQLITE_DBSTATUS_CACHE_MISS`), so neither the machine nor its neighbours matter.
Each call has a fresh connection, as a process would have. The large directory is made of copies of one domain's rows;
its mail folders are not made.
"""

import _sqlite3
import ctypes
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mailaddon import Service, operations
from mailaddon.directory import Directory, Transaction

USERS = 10  # per domain
DOMAINS = {"small": 10, "large": 100_000}
BATCH = 2_000  # domains per transaction
AIM = 1.3
CHEAP = '[password]\nscheme = "ARGON2ID"\nargon2id_time = 1\nargon2id_memory = 8\n'
MODEL = "d0.example"
CACHE_MISS = 8
#: What has to be different in a copy: columns that hold a domain's id, and columns that hold an address's.
DOMAIN_IDS = {"domain": ("id",), "domain_name": ("domain_id",), "address": ("domain_id",), "user": ("domain_id",)}
ADDRESS_IDS = {"domain": ("owner_id",), "address": ("id", "user_id"), "user": ("id",), "forward": ("user_id",)}
TABLES = ("domain", "domain_name", "address", "user", "forward")


def prepare(home: Path) -> None:
    """Make a directory with the model: a domain with ten users, an alias and a forward."""
    home.mkdir()
    (home / "mailaddon.toml").write_text(CHEAP)
    with Service.open(str(home)) as service:
        flags = ["1"] * 8
        run(service, "EAddDomain", MODEL, "192.0.2.10", str(home / "mail"), "-1", "admin", "p", "0", *flags)
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


def pages(home: Path, command: str, *arguments: str) -> int:
    """How many pages a call reads."""
    with Service.open(str(home)) as service:
        run(service, command, *arguments)
        return misses(service.backend.plugin._directory.database.connection())  # type: ignore[attr-defined] # noqa: SLF001


def misses(connection: object) -> int:
    """SQLite's counter of pages that a connection read from the file.

    CPython's connection object begins with its pointer to SQLite's; the function is found in the library that
    CPython's module is linked to.
    """
    library = ctypes.CDLL(_sqlite3.__file__)
    handle = ctypes.c_void_p.from_address(id(connection) + object.__basicsize__)
    present, highest = ctypes.c_int(), ctypes.c_int()
    status = library.sqlite3_db_status(handle, CACHE_MISS, ctypes.byref(present), ctypes.byref(highest), 0)
    if status != 0 or present.value == 0:
        raise RuntimeError("SQLite does not count")
    return present.value


def main() -> None:
    """Measure, and print a table."""
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size, domains in DOMAINS.items():
            home = Path(folder).resolve() / size
            began = time.perf_counter()
            prepare(home)
            multiply(home, domains)
            megabytes = (home / "directory.sqlite3").stat().st_size / 1e6
            print(
                f"{size}: {domains:,} domains, {domains * USERS:,} users, {megabytes:,.1f} MB, "
                f"made in {time.perf_counter() - began:.0f} s"
            )
            domain = f"d{domains // 2}.example"
            for label, call in {
                "`EGetForwardList`": ("EGetForwardList", domain, "u1"),
                "`mailaddon resolve`, a forward": ("resolve", f"a1@{domain}"),
                "`mailaddon resolve`, the catch-all": ("resolve", f"nobody@{domain}"),
                "`EAddUser`": ("EAddUser", domain, "new", "p", "Ann", "", "Lee", "1", "1", "1"),
                "`EDeleteUser`": ("EDeleteUser", domain, "new"),
            }.items():
                found.setdefault(label, {})[size] = pages(home, *call)
    print("\n| Call | Pages read, 100 users | 1,000,000 users | Ratio | Aim |\n| --- | ---: | ---: | ---: | ---: |")
    for label, counts in found.items():
        print(f"| {label} | {counts['small']} | {counts['large']} | {counts['large'] / counts['small']:.2f} | {AIM} |")


if __name__ == "__main__":
    main()
