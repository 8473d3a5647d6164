"""The schema makes wrong states impossible: whatever SQL is tried against it, a constraint refuses it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from harness import Home, database, disagreements

USER = (
    "INSERT INTO user (id, domain_id, password, first_name, middle_name, last_name, suspended, keep_copy, forwards,"
    " autoresponders, web_access, created, changed) VALUES ({id}, {domain}, '{password}', '', '', '',"
    " {flag}, 1, 1, 1, 1, 0, 0)"
)
DOMAIN = (
    "INSERT INTO domain (ip_address, ip_based, mailbox_directory, made_directory, storage, max_mailboxes, owner_id,"
    " suspended, mailing_lists, domain_aliases, distribution_lists, spam_filters, user_aliases, forwards,"
    " autoresponders, web_access, created, changed) VALUES ('192.0.2.1', {flag}, '/m', 0, '{storage}', {limit},"
    " {owner}, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0)"
)
ADDRESS = "INSERT INTO address (domain_id, local_part, kind, user_id, created) VALUES ({0}, '{1}', '{2}', {3}, 0)"


#: In the directory: xyz.com (1) with admin (1), u1 (2), its alias a11 (3), the lists team (4) and news (5), and
#: foo.com (2) with admin (6).
EXPECTED = [(1, 1, "admin"), (2, 1, "u1"), (3, 1, "a11"), (4, 1, "team"), (5, 1, "news"), (6, 2, "admin")]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small directory."""
    home = Home(tmp_path_factory.mktemp("schema"))
    home.add_domain("xyz.com", limit="3")
    home.add_user("xyz.com", "u1")
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    home.must("EAddForward", "xyz.com", "u1", "out@example.org")
    home.must("EAddDistributionList", "xyz.com", "team")
    home.must("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com")
    home.must("EAddMailingList", "xyz.com", "news")
    home.must("EAddMailingListMember", "xyz.com", "news", "", "u1@xyz.com")
    home.must("ESetAutoResponder", "xyz.com", "u1", "s", "m")
    home.must("EAddSpamFilter", "xyz.com", "example.org", "DOMAIN")
    home.add_domain("foo.com")
    return home.path / "directory.sqlite3"


@pytest.fixture
def db(prepared: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A copy of it."""
    shutil.copy(prepared, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = OFF")
        assert connection.execute("SELECT id, domain_id, local_part FROM address ORDER BY id").fetchall() == EXPECTED
        yield connection


def refused(db: sqlite3.Connection, *statements: str) -> str:
    """Try statements as one transaction, which has to fail; why it did."""
    db.execute("BEGIN")
    reason = ""
    try:
        for statement in [*statements, "COMMIT"]:
            db.execute(statement)
    except sqlite3.Error as error:
        reason = str(error)
    if db.in_transaction:
        db.execute("ROLLBACK")
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    return reason


WRONG = {
    # domains
    "no domain without an owner": [DOMAIN.format(flag=0, storage="/m/a", limit=-1, owner=0)],
    "no owner from another domain": ["UPDATE domain SET owner_id = 6 WHERE id = 1"],
    "no owner that is an alias": ["UPDATE domain SET owner_id = 3 WHERE id = 1"],
    "no deleting of the owner alone": ["DELETE FROM address WHERE id = 1"],
    "no two domains in one place": ["UPDATE domain SET storage = '/x'"],
    "no limit of zero": ["UPDATE domain SET max_mailboxes = 0 WHERE id = 1"],
    "no limit below -1": ["UPDATE domain SET max_mailboxes = -2 WHERE id = 1"],
    "no limit below the users": ["UPDATE domain SET max_mailboxes = 1 WHERE id = 1"],
    "no flag but 0 and 1": ["UPDATE domain SET forwards = 2"],
    "no flag that is text": ["UPDATE domain SET suspended = 'yes'"],
    "no half a catch-all": ["UPDATE domain SET catch_all_domain = NULL"],
    "no other half a catch-all": ["UPDATE domain SET catch_all_local_part = NULL"],
    # names
    "no name twice": ["INSERT INTO domain_name VALUES ('foo.com', 1, 'alias')"],
    "no second primary name": ["INSERT INTO domain_name VALUES ('new.com', 1, 'primary')"],
    "no name of no domain": ["INSERT INTO domain_name VALUES ('new.com', 9, 'alias')"],
    "no other kind of name": ["INSERT INTO domain_name VALUES ('new.com', 1, 'other')"],
    # addresses: one namespace per domain
    "no list named as a user": [ADDRESS.format(1, "u1", "distribution", "NULL")],
    "no user named as an alias": [ADDRESS.format(1, "a11", "user", "NULL")],
    "no alias named as a list": [ADDRESS.format(1, "team", "alias", 2)],
    "no mailing list named as a list": [ADDRESS.format(1, "team", "mailing", "NULL")],
    "no alias of nobody": [ADDRESS.format(1, "new", "alias", "NULL")],
    "no alias of another domain's user": [ADDRESS.format(1, "new", "alias", 6)],
    "no alias of a list": [ADDRESS.format(1, "new", "alias", 4)],
    "no alias of an alias": [ADDRESS.format(1, "new", "alias", 3)],
    "no user that is somebody's alias": [ADDRESS.format(1, "new", "user", 2)],
    "no address in no domain": [ADDRESS.format(9, "new", "distribution", "NULL")],
    "no other kind of address": [ADDRESS.format(1, "new", "robot", "NULL")],
    "no moving of an alias to another domain": ["UPDATE address SET domain_id = 2 WHERE id = 3"],
    # users
    "no user without an address": [USER.format(id=99, domain=1, password="{A}x", flag=0)],
    "no user on a list's address": [USER.format(id=4, domain=1, password="{A}x", flag=0)],
    "no user in another domain than its address": ["UPDATE user SET domain_id = 2 WHERE id = 2"],
    "no user turned into a list": ["UPDATE address SET kind = 'distribution' WHERE id = 2"],
    "no plain password": ["UPDATE user SET password = 's3cret'"],
    "no empty password": ["UPDATE user SET password = ''"],
    "no scheme without a hash": ["UPDATE user SET password = '{ARGON2ID}'"],
    "no user without a name": ["UPDATE user SET last_name = NULL"],
    "no user beyond the limit": [
        ADDRESS.format(1, "n1", "user", "NULL"),
        USER.format(id=7, domain=1, password="{A}x", flag=0),
        ADDRESS.format(1, "n2", "user", "NULL"),
        USER.format(id=8, domain=1, password="{A}x", flag=0),
    ],
    # what hangs on them
    "no forward of nobody": ["INSERT INTO forward VALUES (99, 'example.org', 'x')"],
    "no forward of an alias": ["INSERT INTO forward VALUES (3, 'example.org', 'x')"],
    "no forward twice": ["INSERT INTO forward VALUES (2, 'example.org', 'out')"],
    "no member of a user": ["INSERT INTO list_member VALUES (2, 'distribution', 'example.org', 'x', NULL)"],
    "no member of the other kind": ["INSERT INTO list_member VALUES (4, 'mailing', 'example.org', 'x', 'Ann')"],
    "no member twice": ["INSERT INTO list_member VALUES (4, 'distribution', 'xyz.com', 'u1', NULL)"],
    "no display name in a distribution list": [
        "INSERT INTO list_member VALUES (4, 'distribution', 'example.org', 'x', 'Ann')"
    ],
    "no mailing list member without one": ["INSERT INTO list_member VALUES (5, 'mailing', 'example.org', 'x', NULL)"],
    "no other type of filter": ["INSERT INTO spam_filter VALUES (1, 'example.net', 'REGEX')"],
    "no filter twice": ["INSERT INTO spam_filter VALUES (1, 'example.org', 'DOMAIN')"],
    "no filter of no domain": ["INSERT INTO spam_filter VALUES (9, 'example.org', 'DOMAIN')"],
    "no second autoresponder": ["INSERT INTO autoresponder VALUES (2, 's', 'm', 0)"],
    "no autoresponder of a list": ["INSERT INTO autoresponder VALUES (4, 's', 'm', 0)"],
    "no second server": [
        "INSERT INTO server VALUES (1, '192.0.2.1', 'a.example')",
        "INSERT INTO server VALUES (2, '192.0.2.2', 'b.example')",
    ],
    "no text where a number belongs": ["UPDATE user SET created = 'today'"],
}


@pytest.mark.parametrize("statements", WRONG.values(), ids=WRONG)
def test_a_wrong_state_is_refused(db: sqlite3.Connection, statements: list[str]) -> None:
    reason = refused(db, *statements)
    assert "constraint" in reason.lower() or "cannot store" in reason


def test_right_states_are_not_refused(db: sqlite3.Connection) -> None:
    """The statements above are refused for what they say, not for how they say it."""
    db.execute("BEGIN")
    db.execute(ADDRESS.format(1, "new", "alias", 2))
    db.execute(ADDRESS.format(1, "list", "distribution", "NULL"))
    db.execute(ADDRESS.format(2, "u1", "distribution", "NULL"))
    db.execute("INSERT INTO address (id, domain_id, local_part, kind, created) VALUES (20, 1, 'n', 'user', 0)")
    db.execute(USER.format(id=20, domain=1, password="{A}x", flag=0))
    db.execute("INSERT INTO domain_name VALUES ('new.com', 1, 'alias')")
    db.execute(
        DOMAIN.format(flag=0, storage="/m/a", limit=-1, owner=30).replace("(ip_", "(id, ip_").replace("('1", "(7, '1")
    )
    db.execute("INSERT INTO address (id, domain_id, local_part, kind, created) VALUES (30, 7, 'o', 'user', 0)")
    db.execute(USER.format(id=30, domain=7, password="{A}x", flag=1))
    db.execute("INSERT INTO list_member VALUES (4, 'distribution', 'example.org', 'x', NULL)")
    db.execute("INSERT INTO list_member VALUES (5, 'mailing', 'example.org', 'x', '')")
    db.execute("INSERT INTO spam_filter VALUES (1, 'example.org', 'EMAIL')")
    db.execute("COMMIT")
    assert db.execute("SELECT mailboxes FROM domain ORDER BY id").fetchall() == [(3,), (1,), (1,)]


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("DELETE FROM address WHERE id = 2", {"address": 4, "user": 2, "forward": 0, "autoresponder": 0}),
        ("DELETE FROM user WHERE id = 2", {"user": 2, "forward": 0, "autoresponder": 0}),
        ("DELETE FROM address WHERE id = 4", {"address": 5, "list_member": 1}),
        ("DELETE FROM domain WHERE id = 1", {"domain": 1, "domain_name": 1, "address": 1, "user": 1, "spam_filter": 0}),
    ],
)
def test_what_belongs_to_a_row_goes_with_it(db: sqlite3.Connection, statement: str, left: dict[str, int]) -> None:
    db.execute(statement)
    counts = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in left}
    assert counts == left
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_number_of_mailboxes_follows_every_change(db: sqlite3.Connection) -> None:
    assert db.execute("SELECT mailboxes FROM domain WHERE id = 1").fetchone() == (2,)
    db.execute("DELETE FROM address WHERE id = 2")
    assert db.execute("SELECT mailboxes FROM domain WHERE id = 1").fetchone() == (1,)


def test_ids_are_never_reused(db: sqlite3.Connection) -> None:
    (highest,) = db.execute("SELECT max(id) FROM address").fetchone()
    db.execute("DELETE FROM domain WHERE id = 2")
    db.execute(ADDRESS.format(1, "new", "distribution", "NULL"))
    assert db.execute("SELECT id FROM address WHERE local_part = 'new'").fetchone()[0] > highest


def test_every_foreign_key_is_found_by_an_index(db: sqlite3.Connection) -> None:
    """Otherwise deleting one row would look through whole tables."""
    tables = [
        row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    ]
    for table in tables:
        keys: dict[int, list[str]] = {}
        for row in db.execute(f"PRAGMA foreign_key_list({table})"):
            keys.setdefault(row[0], []).append(row[3])
        for columns in keys.values():
            condition = " AND ".join(f"{column} = 1" for column in columns)
            plan = [row[-1] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {condition}")]
            assert all(step.startswith("SEARCH") for step in plan), (table, columns, plan)


def test_all_tables_are_strict(db: sqlite3.Connection) -> None:
    listed = [row for row in db.execute("PRAGMA table_list") if row[0] == "main" and row[2] == "table"]
    strict = {row[1]: row[5] for row in listed if not row[1].startswith("sqlite")}
    assert "user" in strict
    assert set(strict.values()) == {1}


def test_what_the_tests_themselves_would_notice(tmp_path: Path) -> None:
    """`disagreements` finds what it is there to find."""
    home = Home(tmp_path)
    home.add_domain("xyz.com")
    assert disagreements(home) == []
    (home.mail / "xyz.com/ghost").mkdir()
    (home.mail / "xyz.com/admin/Maildir/tmp").rmdir()
    (home.path / "journal/1-1").write_text("")
    with closing(database(home)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE domain SET mailboxes = 3, owner_id = 99")
    found = "\n".join(disagreements(home))
    for part in ("counts 3 users and has 1", "foreign key", "ghost belongs to nobody", "has no", "journal 1-1 is left"):
        assert part in found
