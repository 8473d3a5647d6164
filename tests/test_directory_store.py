"""The SQLite file: made once and privately, transactions whole or not at all, waiting, and what errors become."""

import gc
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from harness import SCRIPTS, USER_FLAGS, Home, database, disagreements
from patience import HANGS, wait_for

from mailaddon.directory import Directory, store
from mailaddon.directory._sqlite_upkeep import create, statements
from mailaddon.directory.schema import MIGRATIONS
from mailaddon.errors import StorageFailed, Unavailable, UpgradeNeeded


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.add_domain("xyz.com")
    return made


def add_filter(tx: store.Transaction, address: str = "a.example") -> None:
    tx.insert("spam_filter", domain_id=1, address=address, type="DOMAIN")


def count(home: Home) -> int:
    with closing(database(home)) as connection:
        return int(connection.execute("SELECT count(*) FROM spam_filter").fetchone()[0])


# Making the file


def test_the_file_is_made_with_the_first_call(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.refusal("EGetCatchallUser", "xyz.com") == "not-found"
    assert sorted(os.listdir(home.path)) == ["directory.sqlite3", "mailaddon.toml"]
    assert (home.path / "directory.sqlite3").stat().st_mode & 0o777 == 0o600
    with closing(database(home)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_files_beside_it_are_private_too(home: Home) -> None:
    with home.directory.write() as tx:
        add_filter(tx)
        beside = [path for path in home.path.iterdir() if path.name.startswith("directory.sqlite3-")]
        assert {path.stat().st_mode & 0o777 for path in beside} == {0o600}
        assert len(beside) == 2


def test_statements_stay_compiled_from_one_change_to_the_next(home: Home) -> None:
    """Switching foreign keys on has SQLite compile every statement anew, so it is done once, and before a change."""
    directory = home.directory
    with directory.read() as tx:
        assert tx.one("PRAGMA foreign_keys") == (0,)
    traced: list[str] = []
    directory.database.connection().set_trace_callback(traced.append)  # type: ignore[attr-defined] # SQLite's
    for number in range(3):
        with directory.write() as tx:
            assert tx.one("PRAGMA foreign_keys") == (1,)
            add_filter(tx, f"a{number}.example")
    assert traced.count("PRAGMA foreign_keys = ON") == 1


def test_what_a_killed_maker_left_is_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for suffix in ("", "-wal", "-shm"):
        (home.path / f"directory.sqlite3.new{suffix}").write_text("half of it")
    home.add_domain("xyz.com")
    assert disagreements(home) == []


def test_many_threads_make_it_once(tmp_path: Path) -> None:
    path = str(tmp_path / "directory.sqlite3")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(create, [path] * 50))
    assert os.listdir(tmp_path) == ["directory.sqlite3"]


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be made"):
        create(str(tmp_path / "nowhere" / "directory.sqlite3"))


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    content = b"no database at all" * 100
    (home.path / "directory.sqlite3").write_bytes(content)
    assert home.refusal("EGetCatchallUser", "xyz.com") == "storage-failed"
    assert (home.path / "directory.sqlite3").read_bytes() == content


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.path / "directory.sqlite3").mkdir()
    assert home.refusal("EGetCatchallUser", "xyz.com") == "storage-failed"


# Versions


@pytest.mark.parametrize(("version", "advice"), [(0, "mailaddon directory upgrade"), (99, "install the SDK")])
def test_a_file_of_another_version_is_left_alone(home: Home, version: int, advice: str) -> None:
    with closing(database(home)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    for call in (("EGetCatchallUser", "xyz.com"), ("ESuspendDomain", "xyz.com")):
        outcome = home.call(*call)
        assert outcome.code == "upgrade-needed"
        assert advice in outcome.error


def test_migrations_run_in_order_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.add_domain("xyz.com")
    more = (
        "CREATE TABLE more (id INTEGER) STRICT;\n-- a comment; with a semicolon\n",
        "ALTER TABLE more ADD x TEXT;\n",
    )
    monkeypatch.setattr("mailaddon.directory.schema.MIGRATIONS", (*MIGRATIONS, *more))
    upkeep = home.directory.database.upkeep()
    assert list(upkeep.migrate()) == [len(MIGRATIONS) + 1, len(MIGRATIONS) + 2]
    assert list(upkeep.migrate()) == []
    with pytest.raises(UpgradeNeeded), home.directory.read():
        pass
    monkeypatch.setattr(store, "SCHEMA_VERSION", len(MIGRATIONS) + 2)
    with home.directory.read() as tx:
        assert tx.all("SELECT x FROM more") == []


def test_a_failing_migration_takes_the_ones_before_it_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ("CREATE TABLE more (id INTEGER);\n", "CREATE TABLE domain (id INTEGER);\n")
    monkeypatch.setattr("mailaddon.directory.schema.MIGRATIONS", (*MIGRATIONS, *bad))
    with pytest.raises(StorageFailed):
        home.directory.database.upkeep().migrate()
    with home.directory.read() as tx:
        assert tx.column("PRAGMA user_version") == [len(MIGRATIONS)]
        assert tx.all("SELECT 1 FROM sqlite_master WHERE name = 'more'") == []


def test_the_version_in_the_code_is_that_of_the_migrations() -> None:
    assert len(MIGRATIONS) == store.SCHEMA_VERSION


def test_a_script_is_split_into_its_statements() -> None:
    script = "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\n  SELECT 1;\nEND;\n"
    assert [statement.split()[1] for statement in statements(script)] == ["TABLE", "TRIGGER"]
    assert "".join(statements(script)) == script


# Transactions


def test_a_block_that_raises_changes_nothing(home: Home) -> None:
    with suppress(ZeroDivisionError), home.directory.write() as tx:
        add_filter(tx)
        raise ZeroDivisionError
    assert count(home) == 0


def test_a_dry_run_changes_nothing(home: Home) -> None:
    with home.directory.write(dry_run=True) as tx:
        add_filter(tx)
        assert tx.all("SELECT address FROM spam_filter") == [("a.example",)]
    assert count(home) == 0


def test_a_reader_sees_one_state_throughout(home: Home) -> None:
    reader, writer = home.directory, Directory(str(home.path), 5)
    with reader.read() as tx:
        with writer.write() as other:
            add_filter(other)
        assert tx.all("SELECT * FROM spam_filter") == []
    writer.close()
    assert count(home) == 1


def test_the_order_of_statements_ends_with_the_block(home: Home) -> None:
    with home.directory.read() as tx:
        pass
    with pytest.raises(RuntimeError), home.directory.read() as tx:
        raise RuntimeError
    unopened = home.directory.read()
    with pytest.raises(RuntimeError, match="inside its with block"):
        unopened.all("SELECT 1")
    del tx


def test_a_duplicate_is_no_error_and_another_violation_is_one(home: Home) -> None:
    with home.directory.write() as tx:
        assert tx.insert_new("spam_filter", domain_id=1, address="a.example", type="DOMAIN")
        assert not tx.insert_new("spam_filter", domain_id=1, address="a.example", type="DOMAIN")
    with pytest.raises(StorageFailed), home.directory.write() as tx:
        tx.insert_new("spam_filter", domain_id=9, address="a.example", type="NONE")
    assert count(home) == 1


def test_a_violation_found_at_the_commit_undoes_everything(home: Home) -> None:
    before = sorted(home.mail.rglob("*"))

    def work() -> None:
        with home.directory.write() as tx:
            add_filter(tx)
            tx.journal.make_maildir(str(home.mail / "xyz.com/new"), str(home.mail / "xyz.com"))
            tx.run("UPDATE domain SET owner_id = 99")  # deferred

    with pytest.raises(StorageFailed, match="constraint"):
        work()
    assert count(home) == 0
    assert sorted(home.mail.rglob("*")) == before
    assert disagreements(home) == []


def test_a_full_disk_undoes_everything(home: Home) -> None:
    before = sorted(home.mail.rglob("*"))

    def work() -> None:
        with home.directory.write() as tx:
            tx.journal.make_maildir(str(home.mail / "xyz.com/new"), str(home.mail / "xyz.com"))
            tx.run("PRAGMA max_page_count = 1")
            for number in range(10_000):
                add_filter(tx, f"x{number}.example")

    with pytest.raises(StorageFailed, match="full"):
        work()
    assert count(home) == 0
    assert sorted(home.mail.rglob("*")) == before
    assert disagreements(home) == []


# Waiting


def test_a_writer_waits_for_another(home: Home) -> None:
    order = []

    def slow() -> None:
        directory = Directory(str(home.path), 10)
        with directory.write() as tx:
            order.append("begun")
            time.sleep(0.5)
            add_filter(tx, "first.example")
            order.append("first")
        directory.close()

    thread = threading.Thread(target=slow)
    thread.start()
    while not order:
        time.sleep(0.01)
    with home.directory.write() as tx:
        order.append("second")
        assert tx.column("SELECT address FROM spam_filter") == ["first.example"]
    thread.join()
    assert order == ["begun", "first", "second"]


def test_a_writer_gives_up_after_its_time(home: Home) -> None:
    impatient = Directory(str(home.path), 0.3)
    with home.directory.write():
        started = time.monotonic()
        with pytest.raises(Unavailable, match="busy"), impatient.write():
            pass
        assert time.monotonic() - started > 0.2
        with impatient.read():
            pass  # readers do not wait
    with impatient.write():
        pass
    impatient.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_waiting_command_can_be_ended(home: Home, number: signal.Signals) -> None:
    with home.directory.write():
        process = subprocess.Popen(
            [os.path.join(SCRIPTS, "EAddUser"), "xyz.com", "u1", "pw", "", "", "", *USER_FLAGS],
            env=home.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_for(lambda: str(home.file) in files_of(process.pid))
        assert process.poll() is None
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=HANGS)
    assert (process.returncode, stdout) == (1, b"")
    assert stderr.decode().endswith("[interrupted]\n")
    assert home.refusal("EGetForwardList", "xyz.com", "u1") == "not-found"


def test_each_thread_has_its_own_connection(home: Home) -> None:
    directory = home.directory
    mine = directory.database.connection()
    assert directory.database.connection() is mine
    others = []

    def other() -> None:
        others.append(directory.database.connection())
        directory.close()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert others[0] is not mine
    directory.close()
    directory.close()
    assert directory.database.connection() is not mine


def test_a_thread_that_ends_closes_its_connection(home: Home) -> None:
    directory = home.directory
    opened = []

    def work() -> None:
        with directory.read() as tx:
            opened.append(len(open_files(home)))
            assert tx.column("SELECT 1") == [1]

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    del thread
    gc.collect()
    assert opened[0] > 0
    assert open_files(home) == []


def open_files(home: Home) -> list[str]:
    """This process's open files of the directory."""
    return [path for path in files_of(os.getpid()) if path.startswith(str(home.path))]


def files_of(pid: int) -> list[str]:
    """A process's open files."""
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # the descriptor with which they were listed, and what has been closed since
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found
