"""The directory in PostgreSQL with many writers, and with a server that goes away: nothing is lost or done twice."""

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from harness import FLAGS, USER_FLAGS, Home, disagreements, rows_of
from patience import PATIENCE, wait_for
from postgresql_server import PASSWORD, USER, Server

from mailaddon.directory import Directory
from mailaddon.directory.journal import Journal
from mailaddon.directory.store import Undecided
from mailaddon.errors import StorageFailed, Unavailable


@pytest.fixture
def url(postgresql_url: str) -> str:
    """An empty place for a directory."""
    return postgresql_url


@pytest.fixture
def home(postgresql_home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A domain and a user, in PostgreSQL, and this process in their home."""
    monkeypatch.setenv("MAILADDON_HOME", str(postgresql_home.path))
    return postgresql_home


# Many at once


def test_forty_processes_at_once_on_an_empty_place(tmp_path: Path, url: str) -> None:
    home = Home(tmp_path, directory=url)

    def add(number: int) -> int:
        arguments = (f"d{number}.com", "192.0.2.10", str(home.mail), "-1", "admin", "pw", "0", *FLAGS)
        return home.program("EAddDomain", *arguments).status

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(add, range(40))) == [0] * 40
    assert disagreements(home) == []
    with rows_of(home) as rows:
        assert rows("SELECT count(*) FROM domain") == [(40,)]


def test_forty_writers_of_one_name_are_one_winner(home: Home) -> None:
    def add(_number: int) -> str:
        return home.call("EAddUser", "xyz.com", "one", "pw", "", "", "", *USER_FLAGS).code

    with ThreadPoolExecutor(40) as pool:
        codes = list(pool.map(add, range(40)))
    assert sorted(codes) == ["", *["already-exists"] * 39]
    assert disagreements(home) == []


def test_writers_wait_and_readers_do_not(home: Home) -> None:
    home.set(lock_timeout=1)
    with home.directory.write():
        assert home.must("EGetCatchallUser", "xyz.com"), "who waited would not have got it"
        assert home.refusal("ESuspendUser", "xyz.com", "u1") == "unavailable"
    home.must("ESuspendUser", "xyz.com", "u1")


def test_places_in_one_database_do_not_wait_for_each_other(home: Home, server: Server, tmp_path: Path) -> None:
    with server.schema() as url:
        other = Home(tmp_path / "other", directory=url, lock_timeout=1)
        with home.directory.write():
            other.add_domain("xyz.com")


def test_homes_that_share_a_database_leave_each_others_commits(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other", directory=home.location)
    other.mail.joinpath("x").mkdir()
    left = Journal(str(other.path), shared=True)
    with other.directory.write() as tx:
        left.begin()
        left.remove(str(other.mail / "x"), str(other.mail))
        tx.run("INSERT INTO storage_commit (token) VALUES (?)", left.token)
    left.release()
    for _try in range(2):
        home.must("EEditUser", "xyz.com", "u1", "", "", "", "", *USER_FLAGS)
        with rows_of(home) as rows:
            assert (left.token,) in rows("SELECT token FROM storage_commit")
    for _try in range(2):
        with other.directory.write():
            pass
    with rows_of(home) as rows:
        assert rows("SELECT token FROM storage_commit") == []
    assert os.listdir(other.mail) == []


# A server that goes away


def break_connection(home: Home, tx: Any) -> None:
    """Break a transaction's connection from the other end."""
    (number,) = tx.column("SELECT pg_backend_pid()")
    with psycopg.connect(home.location, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (number,))
    broken, _, _ = select.select([tx.connection.raw], [], [], PATIENCE)
    assert broken, "it is told so"


@pytest.fixture
def opened(home: Home) -> Iterator[Directory]:
    """A directory with a connection."""
    directory = home.directory
    with directory.read():
        pass
    yield directory
    directory.close()


@pytest.mark.parametrize("writes", [False, True])
def test_a_connection_that_broke_since_is_made_again(home: Home, opened: Directory, *, writes: bool) -> None:
    with opened.read() as tx:
        break_connection(home, tx)
    with opened.write() if writes else opened.read() as tx:
        assert tx.one("SELECT count(*) FROM user") == (2,)


def test_a_connection_that_breaks_before_the_commit(home: Home, opened: Directory) -> None:
    def change() -> None:
        with opened.write() as tx:
            tx.journal.make_maildir(str(home.mail / "xyz.com/new"), str(home.mail / "xyz.com"))
            tx.run("DELETE FROM address WHERE local_part = 'u1'")
            break_connection(home, tx)

    with pytest.raises(Unavailable):
        change()
    assert disagreements(home) == []
    with opened.write() as tx:
        assert tx.one("SELECT count(*) FROM user") == (2,)


def delete(home: Home, directory: Directory, *, arrives: bool, then: "Callable[[], object]" = bool) -> None:
    """Delete u1 in a transaction whose connection breaks when it ends, with the commit or before it."""
    with directory.write() as tx:
        tx.run("DELETE FROM address WHERE local_part = 'u1'")
        tx.journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        raw: Any = tx.connection.raw  # type: ignore[attr-defined]
        execute = raw.execute

        def lose(sql: str, *values: Any) -> Any:
            if sql == "COMMIT":
                if arrives:
                    execute(sql)
                raw.close()
                then()
            return execute(sql, *values)

        raw.execute = lose


def test_an_answer_that_is_lost_is_asked_for_again(home: Home, opened: Directory) -> None:
    delete(home, opened, arrives=True)
    assert disagreements(home) == []
    assert home.refusal("EGetForwardList", "xyz.com", "u1") == "not-found"


def test_a_commit_that_never_arrived_has_not_happened(home: Home, opened: Directory) -> None:
    with pytest.raises(Unavailable):
        delete(home, opened, arrives=False)
    assert disagreements(home) == []
    home.must("EGetForwardList", "xyz.com", "u1")


@pytest.mark.parametrize("arrives", [True, False])
def test_when_nobody_can_be_asked_whoever_comes_next_decides(
    home: Home, monkeypatch: pytest.MonkeyPatch, *, arrives: bool
) -> None:
    def away() -> None:
        raise Unavailable("no answer")

    directory = Directory(str(home.path), 0.5, home.location)
    with pytest.raises(Undecided):
        delete(
            home, directory, arrives=arrives, then=lambda: monkeypatch.setattr(directory.database, "_connected", away)
        )
    assert len(os.listdir(home.path / "journal")) == 1
    assert home.call("EGetForwardList", "xyz.com", "u1").code == ("not-found" if arrives else "")
    assert disagreements(home) == []


def test_a_change_that_an_error_has_undone_is_not_reported_as_made(opened: Directory) -> None:
    with pytest.raises(StorageFailed, match="undone"), opened.write() as tx, suppress(psycopg.Error):
        tx.run("UPDATE domain SET suspended = 2")
    with opened.read() as tx:
        assert tx.one("SELECT suspended FROM domain") == (0,)


def test_a_server_that_restarts_under_load_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Every command is repeated until it succeeds; none may find that it had succeeded before."""
    server = Server()
    try:
        with server.administrator():
            home = Home(tmp_path, directory=server.url("load", password=PASSWORD, host="127.0.0.1"), lock_timeout=10)
        with psycopg.connect(server.conninfo(USER)) as connection:
            connection.execute("CREATE SCHEMA load")
        home.add_domain("xyz.com")
        over = threading.Event()
        unexpected: list[str] = []
        tries = 0
        done = [0] * 6

        def suffers() -> None:
            before = tries
            wait_for(lambda: tries > before)

        def grows() -> None:
            before = list(done)
            wait_for(lambda: all(map(int.__gt__, done, before)))

        def work(worker: int) -> int:
            nonlocal tries
            number = 0
            while not over.is_set():
                number += 1
                while code := home.call(
                    "EAddUser", "xyz.com", f"w{worker}-{number}", "pw", "", "", "", *USER_FLAGS
                ).code:
                    tries += 1
                    if code != "unavailable":
                        unexpected.append(code)
                        return number
                    time.sleep(0.02)
                done[worker] = number
            return number

        with ThreadPoolExecutor(6) as pool:
            jobs = [pool.submit(work, worker) for worker in range(6)]
            for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT):
                grows()
                server.stop(how)
                suffers()
                server.start()
            grows()
            over.set()
            added = sum(job.result(PATIENCE) for job in jobs)
        assert unexpected == []
        home.must("EGetForwardList", "xyz.com", "admin")
        assert disagreements(home) == []
        with rows_of(home) as rows:
            assert rows("SELECT count(*) FROM user") == [(added + 1,)]
    finally:
        server.remove()


def test_the_server_ends_with_the_tests_that_started_it() -> None:
    code = "import os, postgresql_server; print(postgresql_server.Server().folder, flush=True); os.abort()"
    tests = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], cwd=tests, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT
    folder = Path(done.stdout.strip())
    wait_for(lambda: not (folder / "data/postmaster.pid").exists())
    shutil.rmtree(folder)
