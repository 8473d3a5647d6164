"""The journal of what a transaction does in mail storage: taken back, finished, and found again after a kill."""

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from harness import Home, disagreements, tree
from patience import PATIENCE

from mailaddon.directory import journal as journals
from mailaddon.directory.journal import Journal
from mailaddon.errors import StorageFailed, Unavailable


class Stop(Exception):
    """Ends a transaction."""


@pytest.fixture
def home(tmp_path: Path, directory: str) -> Home:
    made = Home(tmp_path, directory=directory)
    made.add_domain("xyz.com")
    made.add_user("xyz.com", "u1")
    return made


def folders(home: Home) -> set[str]:
    return {name for name, content in tree(home.mail).items() if content is None}


def pending(home: Home) -> list[str]:
    return journals.pending(str(home.path))


def forget(journal: Journal) -> None:
    """Be killed: the lock goes, the journal stays."""
    journal.release()


# Taken back


def test_what_was_made_is_removed_when_the_block_raises(home: Home) -> None:
    before = folders(home)
    with suppress(Stop), home.directory.write() as tx:
        assert tx.journal.make_maildir(str(home.mail / "a/b/new"), str(home.mail / "a/b"))
        assert (home.mail / "a/b/new/Maildir/tmp").is_dir()
        raise Stop
    assert folders(home) == before
    assert pending(home) == []


def test_what_others_put_into_a_folder_that_was_made_stays(home: Home) -> None:
    with suppress(Stop), home.directory.write() as tx:
        tx.journal.make_maildir(str(home.mail / "a/new"), str(home.mail / "a"))
        (home.mail / "a/other/Maildir/new").mkdir(parents=True)  # empty, but somebody's mailbox
        raise Stop
    assert {name for name in folders(home) if name.startswith("a")} == {
        "a",
        "a/other",
        "a/other/Maildir",
        "a/other/Maildir/new",
    }


def test_what_existed_before_stays(home: Home) -> None:
    with suppress(Stop), home.directory.write() as tx:
        assert not tx.journal.make_maildir(str(home.mail / "xyz.com/u1"), str(home.mail / "xyz.com"))
        raise Stop
    assert disagreements(home) == []


def test_a_folder_is_private_from_the_domain_on(home: Home) -> None:
    home.add_domain("abc.com", folder=str(home.mail / "deep/er"))
    modes = {str(path.relative_to(home.mail)): path.stat().st_mode & 0o777 for path in home.mail.rglob("*")}
    assert modes["deep"] & 0o700 == 0o700
    assert modes["deep/er/abc.com"] == modes["deep/er/abc.com/admin/Maildir/cur"] == 0o700


def test_a_removed_tree_comes_back_when_the_block_raises(home: Home) -> None:
    home.deliver("xyz.com", "u1", count=3)
    before = tree(home.mail)
    with suppress(Stop), home.directory.write() as tx:
        tx.journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        assert not (home.mail / "xyz.com/u1").exists()
        raise Stop
    assert tree(home.mail) == before
    assert pending(home) == []


def test_a_dry_run_leaves_no_trace(home: Home) -> None:
    before = tree(home.mail)
    with home.directory.write(dry_run=True) as tx:
        tx.journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        tx.journal.make_maildir(str(home.mail / "xyz.com/new"), str(home.mail / "xyz.com"))
    assert tree(home.mail) == before
    assert pending(home) == []


def test_removing_what_is_not_there_writes_nothing_down(home: Home) -> None:
    with home.directory.write() as tx:
        tx.journal.remove(str(home.mail / "xyz.com/nobody"), str(home.mail))
        assert not tx.journal.used


# Finished


def test_a_removed_tree_is_purged_when_the_block_ends(home: Home) -> None:
    home.deliver("xyz.com", "u1")
    with home.directory.write() as tx:
        tx.journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        assert any(name.startswith(".mailaddon-trash-") for name in folders(home))
    assert not any("u1" in name or "trash" in name for name in folders(home))
    assert pending(home) == []


def test_the_note_of_a_commit_goes_with_a_later_transaction(home: Home) -> None:
    with home.directory.write() as tx:
        tx.journal.make_folder(str(home.mail / "a"), str(home.mail / "a"))
    with home.directory.write() as tx:
        assert tx.all("SELECT token FROM storage_commit") == []


def test_a_folder_that_cannot_be_purged_now_is_purged_by_a_later_transaction(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> None:
        raise OSError(5, "Input/output error", path)

    with monkeypatch.context() as patch:
        patch.setattr(journals.storage, "purge", fail)
        home.must("EDeleteUser", "xyz.com", "u1")
        assert len(pending(home)) == 1
    home.must("EGetForwardList", "xyz.com", "admin")
    assert disagreements(home) == []


# Killed


def left(home: Home, *, committed: bool = False) -> Journal:
    """Delete u1's mailbox in a transaction whose process is killed, before or after it committed."""
    journal = Journal(str(home.path))
    with home.directory.write() as tx:
        journal.begin()
        journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
        if committed:
            tx.run("DELETE FROM address WHERE local_part = 'u1'")
            tx.run("INSERT INTO storage_commit (token) VALUES (?)", journal.token)
    forget(journal)
    return journal


@pytest.mark.parametrize("reading", [True, False])
def test_an_uncommitted_removal_is_taken_back_by_whoever_comes_next(home: Home, *, reading: bool) -> None:
    home.deliver("xyz.com", "u1", count=2)
    before = tree(home.mail)
    left(home)
    assert tree(home.mail) != before
    with home.directory.read() if reading else home.directory.write():
        assert tree(home.mail) == before
    assert disagreements(home) == []


def test_a_committed_removal_is_finished_by_whoever_comes_next(home: Home) -> None:
    home.deliver("xyz.com", "u1", count=2)
    left(home, committed=True)
    assert any("trash" in name for name in folders(home))
    home.must("EGetForwardList", "xyz.com", "admin")
    assert disagreements(home) == []
    assert home.refusal("EGetForwardList", "xyz.com", "u1") == "not-found"


def test_mail_that_cannot_be_moved_back_is_kept(home: Home) -> None:
    messages = home.deliver("xyz.com", "u1", count=2)
    left(home)
    home.maildir("xyz.com", "u1").joinpath("new").mkdir(parents=True)
    (home.maildir("xyz.com", "u1") / "new" / "later").write_bytes(b"delivered meanwhile")
    home.must("EGetForwardList", "xyz.com", "u1")
    found = [content for content in tree(home.mail).values() if content is not None]
    assert sorted(found) == sorted([*messages.values(), b"delivered meanwhile"])
    assert len(pending(home)) == 1
    # once the place is free again, everything comes back
    os.rename(home.mail / "xyz.com/u1", home.mail / "aside")
    home.must("EGetForwardList", "xyz.com", "u1")
    assert len(os.listdir(home.maildir("xyz.com", "u1") / "cur")) == 2
    assert pending(home) == []


def test_half_a_line_was_never_acted_on(home: Home) -> None:
    before = tree(home.mail)
    folder = home.path / "journal"
    (folder / "1-1").write_text(f"begun\npurge\t{home.mail}/xyz.com")
    home.must("EGetForwardList", "xyz.com", "u1")
    assert tree(home.mail) == before
    assert pending(home) == []


def test_a_journal_of_a_living_process_is_left_alone_by_readers(home: Home) -> None:
    journal = Journal(str(home.path))
    journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
    assert not journals.abandoned(str(home.path))
    with home.directory.read():
        assert not (home.mail / "xyz.com/u1").exists()
    journal.undo()
    assert disagreements(home) == []


def test_what_is_prepared_without_the_lock_does_not_hold_up_others(home: Home) -> None:
    journal = Journal(str(home.path))
    journal.make_folder(str(home.mail / "staging"), str(home.mail / "staging"))
    home.must("ESuspendUser", "xyz.com", "u1")  # who waited for the journal would be refused in the end
    assert (home.mail / "staging").is_dir()
    with home.directory.write(journal=journal):
        pass
    assert (home.mail / "staging").is_dir()
    assert pending(home) == []


def test_who_takes_the_lock_from_a_dying_process_waits_until_its_steps_can_be_taken_back(home: Home) -> None:
    """A killed process loses the database's lock and the journal's one after the other."""
    home.deliver("xyz.com", "u1")
    before = tree(home.mail)
    journal = Journal(str(home.path))
    with home.directory.write():
        journal.begin()
        journal.remove(str(home.mail / "xyz.com/u1"), str(home.mail))
    seen = []

    def write() -> None:
        with home.directory.write():
            seen.append(tree(home.mail))

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(0.3)
    assert not seen
    forget(journal)
    thread.join(PATIENCE)
    assert seen == [before]


def test_a_process_that_does_not_finish_makes_others_unavailable(home: Home) -> None:
    journal = Journal(str(home.path))
    journal.begin()
    journal.make_folder(str(home.mail / "a"), str(home.mail / "a"))
    home.set(lock_timeout=1)
    assert home.refusal("ESuspendUser", "xyz.com", "u1") == "unavailable"
    journal.undo()
    home.must("ESuspendUser", "xyz.com", "u1")


def test_a_journal_that_goes_while_others_look_is_no_problem(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "pending", lambda _home: ["1-1"])
    with home.directory.write():
        pass


def test_a_journal_is_made_again_when_it_was_taken_for_abandoned(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between making and locking it, whoever looks for abandoned journals may lock it first and remove it."""
    real = fcntl.flock
    stolen = []

    def steal(descriptor: int, mode: int) -> None:
        if not stolen:
            stolen.append(os.readlink(f"/proc/self/fd/{descriptor}"))
            os.unlink(stolen[0])
        real(descriptor, mode)

    monkeypatch.setattr(fcntl, "flock", steal)
    journal = Journal(str(home.path))
    journal.make_folder(str(home.mail / "a"), str(home.mail / "a"))
    assert os.path.exists(stolen[0])
    journal.undo()


# The file system refuses


def test_a_journal_that_cannot_be_written_refuses_and_changes_nothing(home: Home) -> None:
    (home.path / "journal").rmdir()
    (home.path / "journal").write_text("in the way")
    assert home.refusal("EDeleteUser", "xyz.com", "u1") == "storage-failed"
    (home.path / "journal").unlink()
    assert disagreements(home) == []


def test_journals_that_cannot_be_listed_are_not_taken_for_none(home: Home) -> None:
    """Otherwise the notes of commits would go, and committed removals would be taken back."""
    left(home, committed=True)
    token = pending(home)[0]
    os.rename(home.path / "journal", home.path / "aside")
    (home.path / "journal").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be read"), home.directory.write():
        pass
    (home.path / "journal").unlink()
    os.rename(home.path / "aside", home.path / "journal")
    with home.directory.write() as tx:
        assert tx.column("SELECT token FROM storage_commit") == [token]
    assert disagreements(home) == []


def test_patience_with_a_dying_process_ends(home: Home) -> None:
    journal = Journal(str(home.path))
    journal.begin()
    journal.make_folder(str(home.mail / "a"), str(home.mail / "a"))
    with pytest.raises(Unavailable):
        Journal.over(str(home.path), journal.token, 0)
    journal.undo()
    assert Journal.over(str(home.path), journal.token, 0) is None
