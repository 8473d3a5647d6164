"""How many pages a call reads: with 100 users, with 100,000, and with 100,000 domains and 1,000,000 users.

SQLite counts the pages; no clock is involved. Each call has a fresh connection, as a process has, so nothing is in its
cache. What a call reads then is the way from the root to a leaf of each B-tree that it touches: one page or two in a
tree of a hundred entries, three in one of a million. Beyond these levels nothing may grow by more than 30%.
"""

import _sqlite3
import ctypes
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailaddon import Service
from mailaddon.directory import Directory
from mailaddon.operations import find

USERS = 10  # per domain
SMALL, MIDDLE, LARGE = 10, 10_000, 100_000
CHEAP = "events = false\n[password]\nargon2id_memory = 8\nargon2id_time = 1\n"
CACHE_MISS = 8
#: Per domain: ten users, of whom the first is the owner and the second has an alias and two forwards; a list of two.
FILL = """
WITH RECURSIVE d (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM d WHERE i < :domains)
INSERT INTO domain (id, ip_address, ip_based, mailbox_directory, made_directory, storage, max_mailboxes, mailboxes,
    owner_id, catch_all_local_part, catch_all_domain, suspended, mailing_lists, domain_aliases, distribution_lists,
    spam_filters, user_aliases, forwards, autoresponders, web_access, created, changed)
SELECT i, '192.0.2.' || (i % 256), 0, :mail, 0, printf('%s/d%06d.example', :mail, i), -1, 10, i * 12 + 1, 'u01',
    printf('d%06d.example', i), 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0 FROM d;

INSERT INTO domain_name (name, domain_id, kind) SELECT printf('d%06d.example', id), id, 'primary' FROM domain;

WITH RECURSIVE n (j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM n WHERE j < 10)
INSERT INTO address (id, domain_id, local_part, kind, created)
SELECT d.id * 12 + j, d.id, printf('u%02d', j), 'user', 0 FROM domain AS d CROSS JOIN n;

INSERT INTO user (id, domain_id, password, first_name, middle_name, last_name, suspended, keep_copy, forwards,
    autoresponders, web_access, created, changed)
SELECT id, domain_id, '{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
    'Ann', '', 'Lee', 0, 1, 1, 1, 1, 0, 0 FROM address;

INSERT INTO address (id, domain_id, local_part, kind, user_id, created)
SELECT id * 12 + 11, id, 'alias', 'alias', id * 12 + 2, 0 FROM domain;
INSERT INTO address (id, domain_id, local_part, kind, created)
SELECT id * 12 + 12, id, 'team', 'distribution', 0 FROM domain;

INSERT INTO forward (user_id, domain, local_part)
SELECT id * 12 + 2, n.column1, 'u02' FROM domain CROSS JOIN (VALUES ('alternatemail.com'), ('mymail.com')) AS n;
INSERT INTO list_member (list_id, list_kind, domain, local_part)
SELECT id * 12 + 12, 'distribution', printf('d%06d.example', id), n.column1
FROM domain CROSS JOIN (VALUES ('u03'), ('u04')) AS n;
"""


def build(home: Path, domains: int) -> None:
    """Make a directory with so many domains, in one transaction."""
    home.mkdir(mode=0o700)
    (home / "mailaddon.toml").write_text(CHEAP)
    directory = Directory(str(home))
    connection = directory.database.connection()  # type: ignore[attr-defined] # an SQLite file
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA cache_size = -500000")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    for name, _ in triggers:  # the number of users is inserted, not counted
        connection.execute(f"DROP TRIGGER {name}")
    values = {"domains": domains, "mail": str(home.parent / "mail")}
    for statement in FILL.split(";")[:-1]:
        connection.execute(statement, {key: value for key, value in values.items() if f":{key}" in statement})
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("COMMIT")
    directory.close()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The directories, by their numbers of domains."""
    folder = tmp_path_factory.mktemp("size").resolve()
    found = {domains: folder / str(domains) for domains in (SMALL, MIDDLE, LARGE)}
    for domains, home in found.items():
        build(home, domains)
    return found


def misses(connection: object) -> int:
    """How many pages a connection has read from the file so far.

    CPython's connection begins with its pointer to SQLite's. The function is found in the library that CPython's module
    is linked to.
    """
    library = ctypes.CDLL(_sqlite3.__file__)
    handle = ctypes.c_void_p.from_address(id(connection) + object.__basicsize__)
    present, highest = ctypes.c_int(), ctypes.c_int()
    assert library.sqlite3_db_status(handle, CACHE_MISS, ctypes.byref(present), ctypes.byref(highest), 0) == 0
    assert present.value > 0
    return present.value


def cost(home: Path, command: str, *arguments: str) -> tuple[int, Any]:
    """How many pages a call reads on a fresh connection, and its result."""
    with Service.open(str(home)) as service:
        result = service.run(find(command), arguments)
        return misses(service.backend.plugin._directory.database.connection()), result  # type: ignore[attr-defined] # noqa: SLF001


#: A call in a domain, and how many B-trees it reads from or writes to that grow with the directory. Those of EAddUser:
#: domain_name, domain, address and its four indexes, user and its index.
CALLS: dict[str, tuple[Callable[[str], tuple[str, ...]], int]] = {
    "EAddUser": (lambda domain: ("EAddUser", domain, "new", "s3cret", "Ann", "", "Lee", "1", "1", "1"), 9),
    "EGetForwardList": (lambda domain: ("EGetForwardList", domain, "u02"), 5),
    "resolve, a user": (lambda domain: ("resolve", f"u01@{domain}"), 6),
    "resolve, a forward": (lambda domain: ("resolve", f"alias@{domain}"), 6),
    "resolve, a list": (lambda domain: ("resolve", f"team@{domain}"), 7),
    "resolve, the catch-all": (lambda domain: ("resolve", f"nobody@{domain}"), 6),
    "resolve, not hosted": (lambda domain: ("resolve", f"u01@no.{domain}"), 1),
}
#: Levels that a tree of a million entries has more than one of a hundred.
LEVELS = 2
WITHIN = 1.3


def test_page_reads_grow_with_the_depth_of_trees_only(homes: dict[int, Path]) -> None:
    chosen = random.Random(1)
    numbers = {domains: [1, domains // 2, domains, *chosen.sample(range(2, domains), 7)] for domains in homes}
    for label, (call, trees) in CALLS.items():
        small, middle, large = (
            statistics.mean(cost(homes[domains], *call(f"d{number:06}.example"))[0] for number in set(numbers[domains]))
            for domains in (SMALL, MIDDLE, LARGE)
        )
        print(f"{label:24} pages with 100 users {small:5.1f}, 100,000 {middle:5.1f}, 1,000,000 {large:5.1f}")  # noqa: T201
        assert large - LEVELS * trees <= WITHIN * small, label
        assert large <= WITHIN * middle, label


def test_the_large_directory_is_one(homes: dict[int, Path]) -> None:
    """What is measured answers rightly, and breaks no constraint."""
    directory = Directory(str(homes[LARGE]))
    with directory.read() as tx:
        assert tx.one("SELECT count(*) FROM domain") == (LARGE,)
        assert tx.one("SELECT count(*) FROM user") == tx.one("SELECT sum(mailboxes) FROM domain")
        assert tx.all("PRAGMA foreign_key_check") == []
    directory.close()
    _, forwards = cost(homes[LARGE], "EGetForwardList", "d099999.example", "u02")
    assert forwards == ["u02@alternatemail.com", "u02@mymail.com"]
    _, resolution = cost(homes[LARGE], "resolve", "nobody@d099999.example")
    assert (resolution.action, resolution.targets[0].address) == ("catch-all", "u01@d099999.example")
