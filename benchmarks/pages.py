"""How many pages of the directory a call reads when there are 100 users, and when there are a million.

Pages are counted by SQLite (`SQLITE_DBSTATUS_CACHE_MISS`), so neither the machine nor its neighbours matter. Each call
has a fresh connection, as a process would have.
"""

import _sqlite3
import ctypes
import os
from pathlib import Path

import directories
from measuring import Bench, Result, Table

from mailaddon import Service

SIZES = (100, 1_000_000)
QUICK = (100, 10_000)
CACHE_MISS = 8


def pages(home: Path, command: str, *arguments: str) -> int:
    """How many pages a call reads."""
    with Service.open(str(home)) as service:
        directories.run(service, command, *arguments)
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


def measure(bench: Bench) -> Result:
    """Count in a small and in a large directory."""
    sizes = QUICK if bench.quick else SIZES
    found: dict[str, list[int]] = {}
    for users in sizes:
        home = directories.directory(bench, users)
        domain, new = f"d{users // directories.USERS // 2}.example", f"new{os.getpid()}"
        for label, call in {
            "`EGetForwardList`": ("EGetForwardList", domain, "u1"),
            "`mailaddon resolve`, a forward": ("resolve", f"a1@{domain}"),
            "`mailaddon resolve`, the catch-all": ("resolve", f"nobody@{domain}"),
            "`EAddUser`": ("EAddUser", domain, new, "p", "Ann", "", "Lee", "1", "1", "1"),
            "`EDeleteUser`": ("EDeleteUser", domain, new),
        }.items():
            found.setdefault(label, []).append(pages(home, *call))
    rows = [[label, *map(str, counts), f"{counts[-1] / counts[0]:.2f}"] for label, counts in found.items()]
    columns = ["Call", *(f"{users:,} users" for users in sizes), "Ratio"]
    return Result(
        "Pages of the SQLite file that a call reads, as SQLite counts them, so that no clock and no neighbour matters."
        " A call reads the way from the root to a leaf of each B-tree that it touches, a level or two longer in"
        " a large one; what it reads besides is the same, as `tests/test_size.py` holds.",
        [Table("Pages read", columns, rows)],
        timed=False,
    )
