"""Groups: many transactions that become durable together, each of them whole or not at all."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from harness import Home, disagreements, rows_of, tree

from mailaddon.directory import journal as journals
from mailaddon.directory import users
from mailaddon.directory.journal import Journal
from mailaddon.directory.store import Directory
from mailaddon.errors import NotFound, NotSupported, StorageFailed, Unavailable
from mailaddon.operations import OPERATIONS
from mailaddon.records import NewUser
from mailaddon.values import Secret

HASH = "{SHA512-CRYPT}$6$salt$" + "x" * 86


class Stop(Exception):
    """Ends a transaction."""


@pytest.fixture
def home(tmp_path: Path, directory: str) -> Home:
    made = Home(tmp_path, directory=directory)
    made.add_domain("xyz.com")
    made.add_user("xyz.com", "u1", "u2")
    return made


def new(name: str) -> NewUser:
    return NewUser(
        domain="xyz.com",
        user=name,
        password=Secret("pw"),
        first_name="",
        middle_name="",
        last_name="",
        forwards=True,
        autoresponders=True,
        web_access=True,
    )


def add(kit: Directory, name: str) -> None:
    with kit.write() as tx:
        users.add(tx, new(name), HASH)


def delete(kit: Directory, name: str) -> None:
    with kit.write() as tx:
        users.delete(tx, "xyz.com", name)


def fail(kit: Directory, *, after_adding: str = "", after_deleting: str = "") -> None:
    with suppress(Stop), kit.write() as tx:
        if after_adding:
            users.add(tx, new(after_adding), HASH)
        if after_deleting:
            users.delete(tx, "xyz.com", after_deleting)
        raise Stop


def names(home: Home) -> list[str]:
    with rows_of(home) as rows:
        return sorted(row[0] for row in rows("SELECT local_part FROM address WHERE kind = 'user'"))


def subjects(home: Home, user: str) -> int:
    place = home.maildir("xyz.com", user) / "cur"
    return len(os.listdir(place)) if place.exists() else 0


def test_parts_become_durable_together(home: Home) -> None:
    kit = home.directory
    with kit.together():
        add(kit, "u3")
        add(kit, "u4")
        assert names(home) == ["admin", "u1", "u2"]
        with kit.read() as tx:
            assert tx.one("SELECT count(*) FROM user") == (5,)
    assert names(home) == ["admin", "u1", "u2", "u3", "u4"]
    assert disagreements(home) == []


def test_a_part_that_fails_takes_nothing_of_its_neighbours_with_it(home: Home) -> None:
    kit = home.directory
    home.deliver("xyz.com", "u1", count=2)
    with kit.together():
        add(kit, "u3")
        fail(kit, after_adding="u4", after_deleting="u1")
        assert subjects(home, "u1") == 2
        assert not home.maildir("xyz.com", "u4").exists()
        with pytest.raises(NotFound):
            delete(kit, "nobody")
        delete(kit, "u2")
    assert names(home) == ["admin", "u1", "u3"]
    assert subjects(home, "u1") == 2
    assert disagreements(home) == []


def test_a_group_that_fails_leaves_everything_as_it_was(home: Home) -> None:
    kit = home.directory
    home.deliver("xyz.com", "u1", count=2)
    before = tree(home.mail)
    with suppress(Stop), kit.together():
        add(kit, "u3")
        delete(kit, "u1")
        fail(kit, after_adding="u5")
        add(kit, "u1")  # in the place of the one that was there
        delete(kit, "u3")
        delete(kit, "u1")
        add(kit, "u1")
        raise Stop
    assert tree(home.mail) == before
    assert names(home) == ["admin", "u1", "u2"]
    assert disagreements(home) == []


def test_who_is_added_again_has_no_mail_of_the_one_before(home: Home) -> None:
    kit = home.directory
    home.deliver("xyz.com", "u1", count=2)
    with kit.together():
        delete(kit, "u1")
        add(kit, "u1")
    assert subjects(home, "u1") == 0
    assert names(home) == ["admin", "u1", "u2"]
    assert disagreements(home) == []


def test_a_rehearsal_touches_nothing(home: Home) -> None:
    kit = home.directory
    home.deliver("xyz.com", "u1", count=2)
    before = tree(home.mail)
    with kit.together(rehearsal=True):
        delete(kit, "u1")
        add(kit, "u1")
        add(kit, "u3")
        assert tree(home.mail) == before
        fail(kit, after_adding="u4")
        with kit.read() as tx:
            assert tx.one("SELECT count(*) FROM user") == (4,)
    assert tree(home.mail) == before
    assert names(home) == ["admin", "u1", "u2"]
    assert disagreements(home) == []


def test_a_group_that_only_reads_keeps_nobody_waiting(home: Home) -> None:
    kit, other = home.directory, home.directory
    with kit.together(), kit.read() as tx:
        assert tx.one("SELECT count(*) FROM user") == (3,)
        add(other, "u3")
    assert names(home) == ["admin", "u1", "u2", "u3"]


def test_what_is_prepared_cannot_become_a_part(home: Home) -> None:
    kit = home.directory
    with kit.together(), pytest.raises(NotSupported):
        kit.write(journal=Journal(str(home.path)))
    with kit.together(), pytest.raises(RuntimeError):
        kit.together().__enter__()


def test_a_group_is_of_one_thread(home: Home) -> None:
    kit = home.directory
    found: list[object] = []
    with kit.together() as group:
        thread = threading.Thread(target=lambda: found.append(kit.group))
        thread.start()
        thread.join()
        assert kit.group is group
    assert found == [None]
    assert kit.group is None


def test_a_part_that_cannot_be_taken_back_undoes_the_group(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = home.directory
    home.deliver("xyz.com", "u1", count=2)

    def refuse(*_paths: str) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(StorageFailed), kit.together():  # noqa: PT012 - of which part says the test
        add(kit, "u3")
        with monkeypatch.context() as patch:
            patch.setattr(journals, "_move_back", refuse)
            fail(kit, after_deleting="u1")
        with pytest.raises(StorageFailed):
            add(kit, "u4")
    assert names(home) == ["admin", "u1", "u2"]
    assert subjects(home, "u1") == 2
    assert disagreements(home) == []


def test_a_database_that_undoes_everything_fails_the_group(home: Home) -> None:
    """As a full disk makes SQLite do, and a lost connection PostgreSQL."""
    kit = home.directory
    with pytest.raises(StorageFailed), kit.together():  # noqa: PT012 - as above
        add(kit, "u3")
        with suppress(Stop, StorageFailed), kit.write() as tx:
            tx.run("ROLLBACK")
            raise Stop
        with pytest.raises(StorageFailed):
            add(kit, "u4")
    assert names(home) == ["admin", "u1", "u2"]
    assert disagreements(home) == []


def test_a_connection_that_breaks_fails_the_group(home: Home) -> None:
    if not home.in_postgresql:
        return
    kit = home.directory
    with pytest.raises(Unavailable), kit.together():  # noqa: PT012 - as above
        add(kit, "u3")
        with suppress(Unavailable), kit.write() as tx:
            tx.run("SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(Unavailable), kit.read():
            pass
    with kit.together():
        add(kit, "u4")
    assert names(home) == ["admin", "u1", "u2", "u4"]
    assert disagreements(home) == []


def test_a_journal_that_has_been_cut_off_still_says_that_it_has_begun(home: Home) -> None:
    """Or who holds the lock next would not wait for a process that is busy dying."""
    kit = home.directory
    with kit.together():
        fail(kit, after_adding="u3")
        add(kit, "u4")
        (token,) = journals.pending(str(home.path))
        assert (home.path / "journal" / token).read_text().startswith("begun\n")


def test_what_cannot_be_a_part_is_named_by_its_hook() -> None:
    from mailaddon.backends.postfix import PostfixBackend

    assert PostfixBackend.alone < {operation.hook for operation in OPERATIONS}


def test_a_journal_longer_than_a_block_is_read_both_ways(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "_BLOCK", 50)  # shorter than any line
    kit = home.directory
    before = tree(home.mail)
    with suppress(Stop), kit.together():
        for number in range(5):
            add(kit, f"n{number}")
        raise Stop
    assert tree(home.mail) == before
    with kit.together():
        for number in range(5):
            add(kit, f"n{number}")
        for number in range(3):
            delete(kit, f"n{number}")
    assert names(home) == ["admin", "n3", "n4", "u1", "u2"]
    assert disagreements(home) == []


@pytest.mark.parametrize("torn", [False, True])
def test_a_killed_group_is_taken_back_step_by_step(home: Home, *, torn: bool) -> None:
    """A mailbox that was deleted comes back with its empty folders, though a new one had taken its place."""
    home.deliver("xyz.com", "u1", count=2)
    before = tree(home.mail)
    child = os.fork()
    if not child:
        kit = Directory(str(home.path), 20, home.location)
        kit.together().__enter__()
        for step, name in ((delete, "u1"), (add, "u1"), (delete, "u2"), (add, "u3"), (delete, "u3"), (add, "u2")):
            step(kit, name)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (token,) = journals.pending(str(home.path))
    if torn:
        with (home.path / "journal" / token).open("ab") as file:
            file.write(b"moved\t/no")
    home.must("EGetForwardList", "xyz.com", "u1")
    assert tree(home.mail) == before
    assert disagreements(home) == []


def test_what_is_taken_back_already_may_be_taken_back_again(home: Home) -> None:
    """Who takes back may be killed over it; a mailbox without any mail must not go the second time."""
    journal = Journal(str(home.path))
    with home.directory.write():
        journal.begin()
        journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        trash = journal._entries[-1][2]  # noqa: SLF001
        os.rename(trash, home.mail / "xyz.com/u1")
    journal.release()
    home.must("EGetForwardList", "xyz.com", "u1")
    assert disagreements(home) == []


def test_others_get_their_turn_between_groups(home: Home) -> None:
    """Who writes group after group leaves no time for an SQLite file's other writers otherwise."""
    home.set(lock_timeout=10)
    kit = home.directory
    over = threading.Event()

    def write_on_and_on() -> None:
        number = 0
        while not over.is_set():
            with kit.together():
                until = time.monotonic() + 0.4
                while time.monotonic() < until:
                    add(kit, f"n{number}")
                    number += 1
        kit.close()

    thread = threading.Thread(target=write_on_and_on)
    thread.start()
    try:
        for number in range(3):
            home.must("EAddUserAlias", "xyz.com", "u1", f"a{number}")
    finally:
        over.set()
        thread.join()


def test_a_folder_that_goes_with_a_domain_is_made_again_by_the_next(home: Home) -> None:
    place = home.mail / "own"
    home.add_domain("one.com", folder=str(place))
    with home.service() as service:
        plugin = service.backend.plugin
        with plugin.transaction():  # type: ignore[attr-defined] # the directory's backend has it
            assert home.call("EDeleteDomain", "one.com", service=service).status == 0
            added = ("EAddDomain", "two.com", "192.0.2.1", str(place), "5", "admin", "pw", "0", *("1",) * 8)
            assert home.call(*added, service=service).status == 0
    home.must("EDeleteDomain", "two.com")
    assert not place.exists()
