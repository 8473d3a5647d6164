"""The cost of a call does not grow with the directory: every query finds its rows by an index."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import FLAGS, USER_FLAGS, Home, database

from mailaddon import Service

#: Tables of one row, or of none but after a kill.
TINY = {"server", "storage_commit", "CONSTANT"}
#: Every command and read operation, in an order in which each finds what it needs.
CALLS: list[tuple[str, ...]] = [
    ("EAddUser", "xyz.com", "new", "pw", "Ann", "", "Lee", *USER_FLAGS),
    ("EEditUser", "xyz.com", "new", "other", "Ann", "B", "Lee", *USER_FLAGS),
    ("ESuspendUser", "xyz.com", "new"),
    ("EResumeUser", "xyz.com", "new"),
    ("EAddUserAlias", "xyz.com", "new", "alias"),
    ("EGetUserAliasList", "xyz.com", "new"),
    ("EAddForward", "xyz.com", "new", "u1@xyz.com"),
    ("EAddForward", "xyz.com", "new", "out@example.org"),
    ("EGetForwardList", "xyz.com", "new"),
    ("EDeleteForward", "xyz.com", "new", "out@example.org"),
    ("ESetAutoResponder", "xyz.com", "new", "away", "text"),
    ("EGetAutoResponder", "xyz.com", "new"),
    ("EDeleteAutoResponder", "xyz.com", "new"),
    ("EAddDistributionList", "xyz.com", "team"),
    ("EAddDistributionListMember", "xyz.com", "team", "alias@xyz.com"),
    ("EAddDistributionListMember", "xyz.com", "team", "out@example.org"),
    ("EDeleteDistributionListMember", "xyz.com", "team", "out@example.org"),
    ("EGetDistributionListMemberList", "xyz.com", "team"),
    ("EAddMailingList", "xyz.com", "news"),
    ("EAddMailingListMember", "xyz.com", "news", "Ann", "new@xyz.com"),
    ("EDeleteMailingListMember", "xyz.com", "news", "new@xyz.com"),
    ("EGetMailingListMemberList", "xyz.com", "news"),
    ("EDeleteMailingList", "xyz.com", "news"),
    ("ESetCatchallUser", "foo.com", "new+x@xyz.com"),
    ("EGetCatchallUser", "foo.com"),
    ("EAddSpamFilter", "xyz.com", "spam@example.org", "EMAIL"),
    ("EGetSpamFilterList", "xyz.com"),
    ("EDeleteSpamFilter", "xyz.com", "spam@example.org"),
    ("EAddDomainAlias", "xyz.com", "xyz.net"),
    ("EGetDomainAliasList", "xyz.com"),
    ("resolve", "alias@xyz.net"),
    ("resolve", "nobody@foo.com"),
    ("EDeleteUserAlias", "xyz.com", "new", "alias"),
    ("EDeleteUser", "xyz.com", "new"),
    ("EDeleteDistributionList", "xyz.com", "team"),
    ("EDeleteDomainAlias", "xyz.com", "xyz.net"),
    ("EEditDomain", "xyz.com", "-1", *FLAGS),
    ("EChangeDomainIP", "xyz.com", "192.0.2.99"),
    ("ESuspendDomain", "xyz.com"),
    ("EResumeDomain", "xyz.com"),
    ("EGetMailURL", "xyz.com"),
    ("EGetDistributionListList", "foo.com"),
    ("EGetMailingListList", "foo.com"),
    ("show", "foo.com"),
    ("EAddDomain", "new.com", "192.0.2.1", "/MAIL", "5", "admin", "pw", "0", *FLAGS),
    ("EDeleteDomain", "new.com"),
    ("EDeleteDomain", "foo.com"),
    ("EChangeNetworkSettings", "203.0.113.1", "old.example.net", "203.0.113.2", "new.example.net"),
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path, webmail__url="https://mail.example.net/", events=False)
    made.add_domain("xyz.com")
    made.add_domain("foo.com")
    made.add_user("xyz.com", "u1", "u2")
    return made


def grow(home: Home, users: int, domains: int) -> None:
    """Add rows without mail folders: users with an alias, a forward and a place in a list, and domains."""
    with closing(database(home)) as connection:
        connection.execute("BEGIN")
        (hash_,) = connection.execute("SELECT password FROM user LIMIT 1").fetchone()
        (domain_id,) = connection.execute("SELECT domain_id FROM domain_name WHERE name = 'xyz.com'").fetchone()
        crowd = row(connection, "address", domain_id=domain_id, local_part="crowd", kind="distribution", created=0)
        for number in range(users):
            user = row(connection, "address", domain_id=domain_id, local_part=f"f{number}", kind="user", created=0)
            add_user(connection, user, domain_id, hash_)
            row(
                connection,
                "address",
                domain_id=domain_id,
                local_part=f"a{number}",
                kind="alias",
                user_id=user,
                created=0,
            )
            row(connection, "forward", user_id=user, domain="example.org", local_part=f"x{number}")
            member = {"list_id": crowd, "list_kind": "distribution", "domain": "xyz.com", "local_part": f"f{number}"}
            row(connection, "list_member", **member)
        for number in range(domains):
            add_domain(home, connection, f"d{number}.example", hash_)
        connection.execute("COMMIT")


def row(connection: Any, table: str, **values: object) -> int:
    """Insert a row; its id."""
    sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
    return int(connection.execute(sql, list(values.values())).lastrowid)


def add_user(connection: Any, user_id: int, domain_id: int, password: str) -> None:
    """Insert the row of a user."""
    names = dict.fromkeys(("first_name", "middle_name", "last_name"), "")
    flags = dict.fromkeys(("keep_copy", "forwards", "autoresponders", "web_access"), 1)
    times = {"suspended": 0, "created": 0, "changed": 0}
    row(connection, "user", id=user_id, domain_id=domain_id, password=password, **names, **flags, **times)


def add_domain(home: Home, connection: Any, name: str, password: str) -> None:
    """Insert the rows of a domain with an owner."""
    copied = connection.execute("SELECT * FROM domain LIMIT 1")
    columns = [column[0] for column in copied.description]
    values = dict(zip(columns, copied.fetchone(), strict=True))
    values |= {"id": None, "storage": f"{home.mail}/{name}", "mailboxes": 0, "owner_id": 0}
    domain_id = row(connection, "domain", **values)
    row(connection, "domain_name", name=name, domain_id=domain_id, kind="primary")
    owner = row(connection, "address", domain_id=domain_id, local_part="admin", kind="user", created=0)
    add_user(connection, owner, domain_id, password)
    connection.execute("UPDATE domain SET owner_id = ?, catch_all_domain = ? WHERE id = ?", (owner, name, domain_id))


def play(home: Home, service: Service) -> Iterator[tuple[str, ...]]:
    """Run all calls; each is given before it runs."""
    for call in CALLS:
        yield call
        outcome = home.call(*[argument.replace("/MAIL", str(home.mail)) for argument in call], service=service)
        assert outcome.status == 0, (call, outcome)


def connection_of(service: Service) -> Any:
    """The connection that the embedded backend uses in this thread."""
    return service.backend.plugin._directory.database.connection()  # type: ignore[attr-defined] # noqa: SLF001


def test_no_query_looks_through_a_table(home: Home) -> None:
    grow(home, 20, 20)
    with home.service() as service, closing(database(home)) as planner:
        seen: set[str] = set()
        connection_of(service).set_trace_callback(seen.add)
        for _call in play(home, service):
            pass
        connection_of(service).set_trace_callback(None)
        wrong = []
        queries = {sql for sql in seen if re.match(r"\s*(SELECT|UPDATE|DELETE)\b", sql)}
        assert len(queries) > 90
        for sql in queries:
            for *_numbers, step in planner.execute(f"EXPLAIN QUERY PLAN {sql}"):
                scanned = re.match(r"SCAN (?:TABLE )?(\w+)", step)
                if scanned and scanned[1] not in TINY and "VIRTUAL" not in step:
                    wrong.append((sql, step))
        assert wrong == []


def test_the_work_of_a_call_does_not_grow(home: Home) -> None:
    """Counted in instructions of SQLite's virtual machine, so that what constraints and triggers do counts too."""
    counts = []
    for users, domains in ((10, 10), (1500, 1500)):
        grown = Home(home.folder / str(users), webmail__url="https://mail.example.net/", events=False)
        for name in ("xyz.com", "foo.com"):
            grown.add_domain(name)
        grown.add_user("xyz.com", "u1", "u2")
        grow(grown, users, domains)
        counts.append(list(instructions(grown)))
    for call, small, large in zip(CALLS, *counts, strict=True):
        if call[0] != "EChangeNetworkSettings":
            assert large <= small * 1.3 + 20, (call, small, large)


def instructions(home: Home) -> Iterator[int]:
    """How many instructions each call takes."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    with home.service() as service:
        connection = connection_of(service)
        connection.set_progress_handler(step, 1)
        calls = play(home, service)
        next(calls)
        for _call in calls:
            yield count
            count = 0
        yield count
        connection.set_progress_handler(None, 0)


def test_listing_domains_reads_an_index_alone(home: Home) -> None:
    with closing(database(home)) as connection:
        plan = list(connection.execute("EXPLAIN QUERY PLAN SELECT name FROM domain_name WHERE kind = 'primary'"))
    assert all("INDEX" in step[-1] or "PRIMARY KEY" in step[-1] or "SCAN domain_name" in step[-1] for step in plan)
