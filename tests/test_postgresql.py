"""The directory in PostgreSQL: where it differs from the file. What it has in common is tested on both databases."""

import json
import re
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from conftest import Panel
from harness import FLAGS, Home, database, disagreements, rows_of
from postgresql_server import PASSWORD, USER, Server
from test_transcripts import FOLDER, replay
from umbrella import mailaddon

from mailaddon.directory import Directory, _postgresql, schema
from mailaddon.directory.journal import Journal
from mailaddon.directory.names import DOMAIN_FEATURES
from mailaddon.directory.store import SCHEMA_VERSION
from mailaddon.errors import NotConfigured, StorageFailed, Unavailable


@pytest.fixture
def url(postgresql_url: str) -> str:
    """An empty place for a directory."""
    return postgresql_url


@pytest.fixture
def home(postgresql_home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A domain and a user, in PostgreSQL, and this process in their home."""
    monkeypatch.setenv("MAILADDON_HOME", str(postgresql_home.path))
    return postgresql_home


def umbrella(*arguments: str) -> tuple[int, str]:
    """Run `mailaddon directory`; its status and what it prints."""
    result = mailaddon("directory", *arguments)
    return result.exit_code, result.output


# One suite, both databases: programs


@pytest.mark.parametrize("name", ["EAddDomain", "EChangeNetworkSettings"])
def test_the_programs_say_the_same(name: str, panel: Panel, url: str) -> None:
    replay(FOLDER / f"{name}.txt", panel, f'directory = "{url}"\n')


# The schema


def in_sqlite(home: Home) -> dict[str, Any]:
    """What the file's catalogue says."""
    with closing(database(home)) as connection:
        found: dict[str, Any] = {}
        objects = connection.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"
        ).fetchall()
        for kind, name, sql in objects:
            if kind in {"table", "view"}:
                columns = connection.execute(
                    f'SELECT name, "notnull" OR pk, dflt_value FROM pragma_table_info("{name}")'
                )
                found[name] = {row[0]: (bool(row[1]), row[2]) if kind == "table" else None for row in columns}
            if kind == "table":
                keys = connection.execute(
                    f'SELECT id, "table", "from", on_delete FROM pragma_foreign_key_list("{name}")'
                )
                rows = keys.fetchall()
                found[f"{name}: keys"] = sorted(
                    (
                        next(row[1] for row in rows if row[0] == number),
                        sorted(row[2] for row in rows if row[0] == number),
                    )
                    for number in {row[0] for row in rows}
                )
                found[f"{name}: checks"] = sql.count("CHECK (")
                found[f"{name}: cascades"] = len({row[0] for row in rows if row[3] == "CASCADE"})
                found[f"{name}: unique"] = sorted(
                    [row[0] for row in connection.execute(f'SELECT name FROM pragma_index_info("{index[0]}")')]
                    for index in connection.execute(
                        f"SELECT name FROM pragma_index_list(\"{name}\") WHERE \"unique\" AND origin IN ('u', 'c')"
                    ).fetchall()
                )
        found["indexes"] = sorted(name for kind, name, sql in objects if kind == "index")
        found["triggers"] = sorted(name for kind, name, sql in objects if kind == "trigger")
        return found


def in_postgresql(home: Home) -> dict[str, Any]:
    """What the database's catalogue says."""
    with psycopg.connect(home.location) as connection:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql.replace("@", "current_schema()::regnamespace")).fetchall()

        found: dict[str, Any] = {}
        tables = rows("SELECT relname, relkind FROM pg_class WHERE relnamespace = @ AND relkind IN ('r', 'v')")
        for name, kind in tables:
            if name == "schema_version":
                continue
            columns = rows(
                f"SELECT column_name, is_nullable = 'NO', column_default FROM information_schema.columns"
                f" WHERE table_schema = current_schema() AND table_name = '{name}'"
            )
            found[name] = {
                row[0]: (row[1], row[2] and row[2].split("::")[0]) if kind == "r" else None for row in columns
            }
            if kind == "v":
                continue
            constraints = rows(
                "SELECT contype, confrelid::regclass::text, confdeltype,"
                " array(SELECT attname::text FROM pg_attribute AS a"
                " WHERE a.attrelid = conrelid AND a.attnum = ANY (conkey)) FROM pg_constraint"
                f" WHERE conrelid = '\"{name}\"'::regclass"
            )
            found[f"{name}: keys"] = sorted((row[1].strip('"'), sorted(row[3])) for row in constraints if row[0] == "f")
            found[f"{name}: checks"] = sum(row[0] == "c" for row in constraints)
            found[f"{name}: cascades"] = sum(row[0] == "f" and row[2] == "c" for row in constraints)
            found[f"{name}: unique"] = sorted(
                row[0]
                for row in rows(
                    "SELECT array(SELECT attname::text FROM pg_attribute WHERE attrelid = indexrelid ORDER BY attnum)"
                    f" FROM pg_index WHERE indrelid = '\"{name}\"'::regclass AND indisunique AND NOT indisprimary"
                )
            )
        found["indexes"] = sorted(
            row[0]
            for row in rows(
                "SELECT relname FROM pg_class WHERE relnamespace = @ AND relkind = 'i'"
                " AND oid NOT IN (SELECT conindid FROM pg_constraint)"
            )
        )
        found["triggers"] = sorted(
            row[0]
            for row in rows(
                "SELECT tgname FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid"
                " WHERE NOT tgisinternal AND c.relnamespace = @"
            )
        )
        return found


def test_both_databases_have_the_same_tables_constraints_indexes_and_views(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.add_domain("xyz.com")
    wanted, found = in_sqlite(other), in_postgresql(home)
    assert found.keys() == wanted.keys()
    for name, what in wanted.items():
        assert found[name] == what, name


def test_texts_are_ordered_octet_by_octet(home: Home) -> None:
    home.add_user("xyz.com", "b", "a-c", "a_b", "ab", "a.d")
    with rows_of(home) as rows:
        names = [row[0] for row in rows("SELECT local_part FROM lookup_mailbox ORDER BY 1")]
    assert names == sorted(names)


def test_constraints_hold_whoever_writes(home: Home) -> None:
    with psycopg.connect(home.location, autocommit=True) as connection:
        for sql in (
            "UPDATE domain SET suspended = 2",
            "UPDATE \"user\" SET password = 'plain'",
            "UPDATE \"user\" SET password = '{PLAIN}'",
            "UPDATE domain SET max_mailboxes = 1",
            "UPDATE domain SET owner_id = 0",
            "UPDATE domain SET catch_all_domain = NULL",
            "DELETE FROM address WHERE local_part = 'admin'",
            "INSERT INTO domain_name (name, domain_id, kind) SELECT 'second', domain_id, kind FROM domain_name",
        ):
            with pytest.raises(psycopg.IntegrityError):
                connection.execute(sql)


# Settings


def place(home: Home, location: str) -> str:
    """What a command says when the directory is elsewhere."""
    home.location = location
    home.set(lock_timeout=1)
    outcome = home.call("EGetCatchallUser", "xyz.com")
    assert PASSWORD not in outcome.error
    assert "p@ss" not in outcome.error
    return outcome.code or outcome.output.strip()


def test_a_password_in_the_url(home: Home, server: Server) -> None:
    schema_name = home.location.rpartition("%3D")[2]
    assert place(home, server.url(schema_name, password=PASSWORD, host="127.0.0.1")) == "admin@xyz.com"
    assert place(home, server.url(schema_name, password=PASSWORD + "x", host="127.0.0.1")) == "not-configured"
    assert place(home, server.url(schema_name, host="127.0.0.1")) == "not-configured"
    assert place(home, server.url(schema_name, user="nobody", password=PASSWORD)) == "not-configured"


def test_a_password_in_a_file(home: Home, server: Server, tmp_path: Path) -> None:
    schema_name = home.location.rpartition("%3D")[2]
    file = tmp_path / "passwords"
    written = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"127.0.0.1:{server.port}:*:{USER}:{written}\n")
    file.chmod(0o600)
    assert place(home, f"{server.url(schema_name, host='127.0.0.1')}&passfile={file}") == "admin@xyz.com"


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://u:p@ss/word@127.0.0.1/mail",
        "postgresql://u:p%zz@ss@127.0.0.1/mail",
        "postgresql://127.0.0.1/mail?p@ss=1",
        "postgres:u:p@ss@127.0.0.1/mail",
        "mysql://u:p@ss@127.0.0.1/mail",
        "directory.sqlite3",
    ],
)
def test_what_is_no_url(home: Home, location: str) -> None:
    assert place(home, location) == "not-configured"


def test_no_password_is_shown(home: Home, server: Server) -> None:
    home.location = server.url(password=PASSWORD, host="127.0.0.1") + "&password=" + quote(PASSWORD)
    home.set()
    for arguments in (["settings"], ["settings", "--json"], ["directory", "status"], ["doctor"]):
        output = mailaddon(*arguments).output
        assert "127.0.0.1" in output
        assert not re.search(r"p@ss|s3cr|p%40ss", output), arguments


def test_without_psycopg(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "mailaddon.directory._postgresql", raising=False)
    assert home.refusal("EGetCatchallUser", "xyz.com") == "not-configured"
    assert "pip install 'mail-addon-sdk[postgresql]'" in home.call("EGetCatchallUser", "xyz.com").error


def test_a_server_that_is_not_there(home: Home) -> None:
    assert place(home, "postgresql://127.0.0.1:1/mail") == "unavailable"
    assert place(home, "postgresql://%2Fnowhere/mail") == "unavailable"


def test_a_database_in_another_encoding(home: Home, server: Server) -> None:
    with server.administrator() as connection:
        connection.execute(
            f"CREATE DATABASE latin OWNER {USER} ENCODING LATIN1 TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
        )
    assert place(home, server.url().replace("/mail?", "/latin?")) == "not-configured"
    assert place(home, server.url().replace("/mail?", "/absent?")) == "not-configured"


def test_a_place_where_nothing_may_be_made(home: Home, server: Server) -> None:
    with server.administrator() as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
    assert place(home, server.url("public", user="stranger")) == "not-configured"
    assert place(home, server.url("absent")) == "not-configured"


def test_errors_have_codes(home: Home) -> None:
    failure = home.directory.database.failure
    assert type(failure(psycopg.errors.DiskFull("no space"))) is StorageFailed
    assert type(failure(psycopg.errors.InsufficientPrivilege("no"))) is NotConfigured
    for error in (psycopg.errors.TooManyConnections, psycopg.errors.AdminShutdown, psycopg.errors.LockNotAvailable):
        assert type(failure(error("later"))) is Unavailable
    assert type(failure(psycopg.OperationalError("the connection is closed"))) is Unavailable
    assert type(failure(psycopg.errors.CheckViolation("no"))) is StorageFailed


def test_what_a_row_has_in_it_is_in_no_message(home: Home) -> None:
    with pytest.raises(StorageFailed) as caught, home.directory.write() as tx:
        tx.run("UPDATE user SET password = ?, suspended = 2", "{PLAIN}s3cret")
    assert "s3cret" not in str(caught.value)


# Versions


def set_version(home: Home, version: int) -> None:
    with psycopg.connect(home.location) as connection:
        connection.execute("UPDATE schema_version SET version = %s", (version,))


def test_an_older_schema_is_upgraded_when_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    set_version(home, SCHEMA_VERSION - 1)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], "CREATE TABLE later (id INTEGER);"))
    assert home.refusal("EGetCatchallUser", "xyz.com") == "upgrade-needed"
    assert umbrella("status")[0] == 1
    assert umbrella("upgrade") == (
        0,
        f"upgraded {home.directory.name} to schema version {SCHEMA_VERSION}: migrations {SCHEMA_VERSION}\n",
    )
    assert "nothing to do" in umbrella("upgrade")[1]
    assert home.must("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"


def test_a_newer_schema_is_left_alone(home: Home) -> None:
    set_version(home, SCHEMA_VERSION + 1)
    assert home.refusal("EGetCatchallUser", "xyz.com") == "upgrade-needed"
    assert "install the SDK that wrote it" in umbrella("status")[1]


def test_a_failing_migration_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    set_version(home, SCHEMA_VERSION - 1)
    bad = "CREATE TABLE later (id INTEGER);\nCREATE TABLE later (id INTEGER);\n"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], bad))
    assert umbrella("upgrade")[0] == 1
    with rows_of(home) as rows:
        assert rows("SELECT version, to_regclass('later') FROM schema_version") == [(SCHEMA_VERSION - 1, None)]


# What an administrator does


def test_status_and_schema(home: Home) -> None:
    code, output = umbrella("status")
    assert code == 0
    assert home.directory.name in output
    assert [line.split()[-1] for line in output.splitlines()[-3:]] == ["1", "2", "0"]
    code, script = umbrella("schema")
    assert (code, "STRICT" in script, 'CREATE TABLE "user"' in script) == (0, False, True)


def test_the_printed_schema_can_be_run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_HOME", str(Home(tmp_path, directory=url).path))
    assert umbrella("status") == (0, f"{Directory('/', 1, url).name} does not exist yet; the first command makes it\n")
    with psycopg.connect(url) as connection:
        connection.execute(umbrella("schema")[1])
    assert umbrella("upgrade")[0] == 1  # but it is not ours


@pytest.mark.usefixtures("home")
def test_a_backup_is_postgresqls_own(tmp_path: Path) -> None:
    code, output = umbrella("backup", str(tmp_path / "copy"))
    assert (code, "pg_dump" in output) == (1, True)


def test_the_doctor_names_settings_that_lose_what_is_stored(home: Home) -> None:
    home.path.chmod(0o700)
    output = mailaddon("doctor").output
    assert "fsync is off" in output


def test_a_role_that_looks_up(home: Home, server: Server) -> None:
    with server.administrator() as connection, suppress(psycopg.errors.DuplicateObject):
        connection.execute('CREATE ROLE "look\'up" LOGIN')
    assert umbrella("grant", "nobody")[0] == 1
    code, output = umbrella("grant", "look'up")
    assert (code, "lookup_mailbox" in output) == (0, True)
    with psycopg.connect(server.conninfo("look'up"), autocommit=True) as connection:
        connection.execute(f"SET search_path = {home.location.rpartition('%3D')[2]}")
        assert connection.execute("SELECT count(*) FROM lookup_mailbox").fetchone() == (2,)
        names = connection.execute(
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        )
        for name, kind in names.fetchall():
            if kind == "r":
                for sql in (f'SELECT 1 FROM "{name}"', f'DELETE FROM "{name}"'):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(sql)
            elif kind == "v":
                connection.execute(f'SELECT 1 FROM "{name}"')
                with pytest.raises(psycopg.Error):
                    connection.execute(f'DELETE FROM "{name}"')


def test_a_file_has_no_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_HOME", str(Home(tmp_path).path))
    code, output = umbrella("grant", "postfix")
    assert (code, "groups and rights" in output) == (1, True)


# Copies


def furnish(home: Home) -> None:
    """One of everything."""
    home.add_domain("foo.com", limit="10")
    home.add_user("foo.com", "u1", "u2")
    for command in (
        ("EAddDomainAlias", "foo.com", "foo.net"),
        ("EAddUserAlias", "foo.com", "u1", "a11"),
        ("EAddForward", "foo.com", "u1", "u2@foo.com"),
        ("EAddDistributionList", "foo.com", "team"),
        ("EAddDistributionListMember", "foo.com", "team", "u1@foo.com"),
        ("EAddMailingList", "foo.com", "news"),
        ("EAddMailingListMember", "foo.com", "news", "Ann Lée", "ann@example.org"),
        ("EAddSpamFilter", "foo.com", "spam.example", "DOMAIN"),
        ("ESetAutoResponder", "foo.com", "u1", "away, 50 % of the time?", "until 'Monday'"),
        ("ESuspendUser", "foo.com", "u2"),
        ("EChangeNetworkSettings", "192.0.2.1", "old.example", "192.0.2.2", "new.example"),
    ):
        home.must(*command)
    home.add_user("foo.com", "gone")
    home.must("EDeleteUser", "foo.com", "gone")


def content(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Every table."""
    directory = home.directory
    with directory.read() as tx:
        tables = directory.database.upkeep().columns(tx.connection)
        tables = {name: columns for name, columns in tables.items() if name != "storage_commit"}  # it comes and goes
        found = {name: sorted(tx.all(f"SELECT {', '.join(tables[name])} FROM {name}"), key=str) for name in tables}
    directory.close()
    return found


def exported(home: Home, folder: Path) -> Any:
    """The settings in an export of foo.com."""
    folder.mkdir()
    for command in ("EPreExportDomain", "EPostExportDomain"):
        home.must(command, "foo.com", str(home.mail), str(folder), "admin", *FLAGS)
    return json.loads((folder / "foo.com.mailaddon/settings.json").read_text())


@pytest.mark.parametrize("start", ["sqlite", "postgresql"])
def test_a_copy_is_the_same_in_the_other_database(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    with server.schema() as first, server.schema() as second:
        home = Home(tmp_path, directory=first if start == "postgresql" else "")
        monkeypatch.setenv("MAILADDON_HOME", str(home.path))
        furnish(home)
        before, settings = content(home), exported(home, tmp_path / "export")
        highest = max(row[0] for row in before["address"])
        for number, target in enumerate((str(tmp_path / "copy.sqlite3"), second)):
            code, output = umbrella("copy", "--to", target)
            assert (code, "address         6" in output) == (0, True), output
            home.location = target
            home.set()
            assert content(home) == before
            assert exported(home, tmp_path / f"export{number}") == settings
            assert disagreements(home) == []
        # ids that were given once are not given again
        home.add_user("foo.com", "new")
        with rows_of(home) as rows:
            assert rows("SELECT id FROM address WHERE local_part = 'new'")[0][0] > highest + 1
        code, output = umbrella("copy", "--from", str(tmp_path / "copy.sqlite3"))
        assert (code, "is not empty" in output) == (1, True)


def test_copies_that_make_no_sense(home: Home, tmp_path: Path) -> None:
    assert umbrella("copy")[0] == 2
    assert umbrella("copy", "--from", str(tmp_path / "absent"))[0] == 1
    assert umbrella("copy", "--to", home.location)[0] == 1


def test_a_copy_that_fails_leaves_nothing(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    with psycopg.connect(home.location) as connection:
        connection.execute("UPDATE domain SET mailboxes = 7")  # no longer what its triggers counted
    assert umbrella("copy", "--to", str(target))[0] == 1
    with Directory(str(home.path), 5, str(target)).read() as tx:
        assert tx.one("SELECT count(*) FROM domain") == (0,)


def test_commits_that_are_not_over_are_copied(home: Home, tmp_path: Path) -> None:
    home.deliver("xyz.com", "u1")
    left = Journal(str(home.path))
    with home.directory.write() as tx:
        left.begin()
        left.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        tx.run("DELETE FROM address WHERE local_part = 'u1'")
        tx.run("INSERT INTO storage_commit (token) VALUES (?)", left.token)
    target = str(tmp_path / "copy.sqlite3")
    assert umbrella("copy", "--to", target)[0] == 0
    left.release()
    home.location = target
    home.set()
    home.must("EGetForwardList", "xyz.com", "admin")
    assert disagreements(home) == []


# Speed


ADDRESS = "local_part = 'u3' AND domain = 'd77.com'"
LOOKUPS = {
    "lookup_name": "name = 'd77.com'",
    "lookup_mailbox": ADDRESS,
    "lookup_alias": ADDRESS,
    "lookup_catch_all": "domain = 'd77.com'",
    "lookup_mailing_list": ADDRESS,
    "lookup_refusal": ADDRESS,
    "lookup_sender": ADDRESS,
    "lookup_autoresponder": ADDRESS,
    "lookup_host": "domain = 'd77.com'",
    "lookup_domain": "name = 'd77.com'",
    "lookup_list": ADDRESS,
    "lookup_list_member": "list_id = 1",
    "lookup_spam_filter": "domain = 'd77.com' AND address = 'spam.test'",
}
#: 2,000 domains with 5 users: enough for the planner to take a wrong way, if there were one.
MANY = """
INSERT INTO domain (ip_address, mailbox_directory, max_mailboxes, created, changed, storage, owner_id, {0}) SELECT
    ip_address, mailbox_directory, -1, 0, 0, '/mail/' || n, 0, {0} FROM domain, generate_series(1, 2000) AS n;
INSERT INTO domain_name SELECT 'd' || substr(storage, 7) || '.com', id, 'primary' FROM domain WHERE owner_id = 0;
INSERT INTO address (domain_id, local_part, kind, created)
    SELECT id, 'u' || n, 'user', 0 FROM domain, generate_series(1, 5) AS n WHERE owner_id = 0;
INSERT INTO "user" (id, domain_id, password, first_name, middle_name, last_name, created, changed, {1}) SELECT
    a.id, a.domain_id, '{{PLAIN}}x', '', '', '', 0, 0, {2} FROM address AS a WHERE a.created = 0;
UPDATE domain SET owner_id = (SELECT max(id) FROM "user" AS u WHERE u.domain_id = domain.id);
ANALYZE
"""


@pytest.fixture
def many(home: Home) -> Home:
    """The same among many others."""
    of_user = ("suspended", "keep_copy", "forwards", "autoresponders", "web_access")
    of_domain = ("ip_based", "made_directory", "suspended", *DOMAIN_FEATURES)
    with psycopg.connect(home.location) as connection:
        connection.execute(MANY.format(", ".join(of_domain), ", ".join(of_user), ", ".join("1" for _flag in of_user)))
    return home


def check_plan(plan: str) -> None:
    """Large tables are reached through indexes only."""
    assert not re.search(r'Seq Scan on (address|"user"|domain|domain_name)\b', plan), plan


def test_every_lookup_follows_indexes(many: Home) -> None:
    with rows_of(many) as rows:
        views = rows("SELECT viewname FROM pg_views WHERE schemaname = current_schema()")
        assert {view for (view,) in views} == set(LOOKUPS)
        for view, condition in LOOKUPS.items():
            check_plan("\n".join(line for (line,) in rows(f"EXPLAIN SELECT * FROM {view} WHERE {condition}")))


def test_every_statement_of_a_command_follows_indexes(many: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {}
    real = _postgresql.Session.execute

    def execute(session: Any, statement: str, values: Any = (), /) -> Any:
        said[statement] = values
        return real(session, statement, values)

    monkeypatch.setattr(_postgresql.Session, "execute", execute)
    many.add_domain("abc.com")
    many.add_user("abc.com", "u1", "u2")
    for command in (
        ("EAddUserAlias", "abc.com", "u1", "a11"),
        ("EAddForward", "abc.com", "u1", "u2+x@abc.com"),
        ("EAddDistributionList", "abc.com", "team"),
        ("EAddDistributionListMember", "abc.com", "team", "u1@abc.com"),
        ("ESuspendUser", "abc.com", "u1"),
        ("EGetUserAliasList", "abc.com", "u1"),
        ("EDeleteUser", "abc.com", "u2"),
        ("EAddDomainAlias", "abc.com", "abc.net"),
        ("EDeleteDomain", "abc.com"),
    ):
        many.must(*command)
    monkeypatch.undo()
    explained = 0
    with many.directory.read() as tx:
        for statement, values in said.items():
            if "storage_commit" not in statement and statement.split()[0] in {"SELECT", "UPDATE", "DELETE"}:
                check_plan("\n".join(tx.column(f"EXPLAIN {statement}", *values)))
                explained += 1
    assert explained > 20
