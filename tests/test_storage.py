"""Mail folders: made and removed without ever leaving the domain's own place, whatever somebody put there."""

import errno
import gc
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from harness import FLAGS, Home, descriptors, disagreements, tree

from mailaddon.directory import storage


@pytest.fixture
def home(tmp_path: Path, directory: str) -> Home:
    made = Home(tmp_path, directory=directory)
    made.add_domain("xyz.com")
    made.add_user("xyz.com", "u1")
    made.deliver("xyz.com", "u1", count=2)
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is none of the SDK's business, with the shape of a domain's mail."""
    folder = tmp_path / "outside"
    for path in ("u1/Maildir/cur", "xyz.com/u1/Maildir/cur", "Maildir/cur", "admin/Maildir/cur"):
        (folder / path).mkdir(parents=True)
        (folder / path / "letter").write_bytes(b"precious")
    return folder


def replace_by_link(path: Path, target: Path) -> None:
    """What an attacker does who can write to the folder above."""
    os.rename(path, f"{path}.moved")
    path.symlink_to(target)


# Attacks


PLACES = ["xyz.com/u1/Maildir/cur", "xyz.com/u1/Maildir", "xyz.com/u1", "xyz.com", "."]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", ["EDeleteUser xyz.com u1", "EDeleteDomain xyz.com"])
def test_a_delete_never_follows_a_link(home: Home, outside: Path, command: str, place: str) -> None:
    before = tree(outside)
    replace_by_link(home.mail / place, outside)
    outcome = home.call(*command.split())
    assert tree(outside) == before
    # A link above what is deleted is refused; one that is or is inside what is deleted is removed itself.
    above = {"EDeleteUser xyz.com u1": {"xyz.com", "."}, "EDeleteDomain xyz.com": {"."}}[command]
    assert outcome.code == ("storage-failed" if place in above else "")
    assert bool(outcome.status) == (home.call("EGetForwardList", "xyz.com", "u1").status == 0)


@pytest.mark.parametrize("place", ["xyz.com", "."])
def test_a_user_is_not_made_behind_a_link(home: Home, outside: Path, place: str) -> None:
    before = tree(outside)
    replace_by_link(home.mail / place, outside)
    assert home.refusal("EAddUser", "xyz.com", "u2", "pw", "", "", "", "1", "1", "1") == "storage-failed"
    assert tree(outside) == before
    assert home.refusal("EGetForwardList", "xyz.com", "u2") == "not-found"


@pytest.mark.parametrize("name", ["u2", "u2/Maildir", "u2/Maildir/new"])
def test_a_link_in_the_place_of_a_new_mailbox_is_refused(home: Home, outside: Path, name: str) -> None:
    before = tree(outside)
    link = home.mail / "xyz.com" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    assert home.refusal("EAddUser", "xyz.com", "u2", "pw", "", "", "", "1", "1", "1") in {"storage-failed", "conflict"}
    assert tree(outside) == before
    assert home.refusal("EGetForwardList", "xyz.com", "u2") == "not-found"


@pytest.mark.parametrize("link", ["mail", "mail/abc.com", "mail/abc.com/admin", "mail/dangling"])
def test_a_domain_is_not_made_behind_a_link(home: Home, outside: Path, tmp_path: Path, link: str) -> None:
    before = tree(outside)
    place = tmp_path / link
    if place.exists():
        os.rename(place, f"{place}.moved")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside if link != "mail/dangling" else tmp_path / "nowhere")
    folder = str(place if link == "mail/dangling" else home.mail)
    code = home.refusal("EAddDomain", "abc.com", "192.0.2.1", folder, "5", "admin", "pw", "0", *FLAGS)
    assert code in {"storage-failed", "conflict"}
    assert tree(outside) == before
    assert not (tmp_path / "nowhere").exists()
    assert home.refusal("EGetCatchallUser", "abc.com") == "not-found"


def test_a_file_in_the_place_of_a_folder_is_refused(home: Home) -> None:
    (home.mail / "xyz.com/u2").write_text("mail?")
    assert home.refusal("EAddUser", "xyz.com", "u2", "pw", "", "", "", "1", "1", "1") == "storage-failed"
    (home.mail / "file").write_text("mail?")
    refused = home.call("EAddDomain", "abc.com", "192.0.2.1", f"{home.mail}/file", "5", "admin", "pw", "0", *FLAGS)
    assert refused.code == "storage-failed"


def test_links_inside_a_deleted_mailbox_are_removed_not_followed(home: Home, outside: Path) -> None:
    before = tree(outside)
    (home.maildir("xyz.com", "u1") / "cur" / "link").symlink_to(outside / "u1/Maildir/cur/letter")
    (home.maildir("xyz.com", "u1") / ".Sent").symlink_to(outside)
    home.must("EDeleteUser", "xyz.com", "u1")
    assert tree(outside) == before
    assert disagreements(home) == []


def test_a_folder_that_is_swapped_for_a_link_all_the_time_is_never_followed(home: Home, outside: Path) -> None:
    """The race that checking first and acting by path loses."""
    before = tree(outside)
    target = home.mail / "xyz.com"
    stop = threading.Event()

    link = home.mail / "link"
    link.symlink_to(outside)

    def swap() -> None:
        moves = [(target, home.mail / "moved"), (link, target), (target, link), (home.mail / "moved", target)]
        while not stop.is_set():
            for source, place in moves:
                with suppress(OSError):  # a command may just have made the folder that is missing
                    os.rename(source, place)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for number in range(60):
            home.call("EAddUser", "xyz.com", f"w{number}", "pw", "", "", "", "1", "1", "1")
            home.call("EDeleteUser", "xyz.com", f"w{number}")
    finally:
        stop.set()
        thread.join()
    assert tree(outside) == before


# What is there already


@pytest.mark.parametrize("path", ["u2/Maildir/cur/letter", "u2/letter", "u2/.hidden", "u2/Maildir/.Sent/cur/letter"])
def test_a_folder_with_files_does_not_become_a_mailbox(home: Home, path: str) -> None:
    file = home.mail / "xyz.com" / path
    file.parent.mkdir(parents=True)
    file.write_text("of somebody else")
    assert home.refusal("EAddUser", "xyz.com", "u2", "pw", "", "", "", "1", "1", "1") == "conflict"
    assert file.read_text() == "of somebody else"
    assert home.refusal("EGetForwardList", "xyz.com", "u2") == "not-found"


def test_a_folder_with_files_does_not_become_a_domain_s(home: Home) -> None:
    file = home.mail / "abc.com/old/letter"
    file.parent.mkdir(parents=True)
    file.write_text("of somebody else")
    code = home.refusal("EAddDomain", "abc.com", "192.0.2.1", str(home.mail), "5", "admin", "pw", "0", *FLAGS)
    assert code == "conflict"
    assert tree(home.mail / "abc.com") == {"old": None, "old/letter": b"of somebody else"}


def test_empty_folders_are_no_obstacle(home: Home) -> None:
    (home.mail / "xyz.com/u2/Maildir/cur").mkdir(parents=True)
    home.add_user("xyz.com", "u2")
    assert disagreements(home) == []


@pytest.mark.parametrize("path", ["xyz.com", "xyz.com/u1", "xyz.com/u1/Maildir", "xyz.com/new"])
def test_mail_inside_another_domain_s_mail_is_refused(home: Home, path: str) -> None:
    before = tree(home.mail)
    refused = home.call("EAddDomain", "abc.com", "192.0.2.1", f"{home.mail}/{path}", "5", "admin", "pw", "0", *FLAGS)
    assert (refused.code, refused.error.split(":")[0]) == ("conflict", "MailBoxDirectory")
    assert tree(home.mail) == before


def test_mail_around_another_domain_s_mail_is_refused(home: Home) -> None:
    home.add_domain("inner.com", folder=f"{home.mail}/abc.com/deep")
    refused = home.call("EAddDomain", "abc.com", "192.0.2.1", str(home.mail), "5", "admin", "pw", "0", *FLAGS)
    assert refused.code == "conflict"
    home.add_domain("abc.co", folder=str(home.mail))  # alike is not inside
    home.add_domain("abc.com.net", folder=str(home.mail))


def test_many_domains_share_a_mailbox_directory(home: Home) -> None:
    home.add_domain("abc.com")
    home.must("EDeleteDomain", "xyz.com")
    assert sorted(os.listdir(home.mail)) == ["abc.com"]
    assert disagreements(home) == []


def test_a_mailbox_directory_that_was_made_goes_when_it_is_empty(home: Home) -> None:
    folder = home.mail / "own"
    home.add_domain("abc.com", folder=str(folder))
    home.add_domain("def.com", folder=str(folder))
    home.must("EDeleteDomain", "abc.com")
    assert os.listdir(folder) == ["def.com"]
    home.must("EDeleteDomain", "def.com")
    assert not folder.exists()
    folder2 = home.mail / "second"
    home.add_domain("ghi.com", folder=str(folder2))
    home.must("EDeleteDomain", "ghi.com")
    assert not folder2.exists()


def test_a_mailbox_directory_that_existed_stays(home: Home) -> None:
    home.must("EDeleteDomain", "xyz.com")
    assert os.listdir(home.mail) == []


def test_a_delete_succeeds_when_the_mail_is_gone_already(home: Home) -> None:
    storage.purge(str(home.mail / "xyz.com/u1"))
    home.must("EDeleteUser", "xyz.com", "u1")
    storage.purge(str(home.mail / "xyz.com"))
    home.must("EDeleteDomain", "xyz.com")
    assert disagreements(home) == []


# The functions themselves


def test_a_folder_is_opened_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.close(storage.open_folder(str(tmp_path / "a/b")))
    with pytest.raises(OSError, match=r".") as refused:
        storage.open_folder(str(tmp_path / "link/b"))
    assert refused.value.errno in {errno.ELOOP, errno.ENOTDIR}
    assert "symbolic link" in str(storage.refused("used", "/x", refused.value))
    with pytest.raises(FileNotFoundError):
        storage.open_folder(str(tmp_path / "a/c"))


def test_what_is_missing_of_a_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "file").write_text("")
    assert storage.missing_from(str(tmp_path / "a")) == ""
    assert storage.missing_from(str(tmp_path / "a/b/c")) == str(tmp_path / "a/b")
    with pytest.raises(NotADirectoryError):
        storage.missing_from(str(tmp_path / "file/b"))


def test_existence_includes_dangling_links(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert storage.exists(str(tmp_path / "dangling"))
    assert not storage.exists(str(tmp_path / "nowhere"))
    assert not storage.exists(str(tmp_path / "nowhere/below"))
    assert storage.exists("/tmp")


def test_files_at_any_depth_are_found(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    assert not storage.has_files(str(tmp_path / "a"))
    assert not storage.has_files(str(tmp_path / "nowhere"))
    (tmp_path / "a/b/c/link").symlink_to(tmp_path)
    assert storage.has_files(str(tmp_path / "a"))


def test_only_a_tree_without_files_is_removed_as_empty(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "c/d").mkdir(parents=True)
    (tmp_path / "c/d/file").write_text("")
    for name in ("a", "c", "nowhere"):
        storage.remove_if_empty(str(tmp_path / name))
    assert sorted(tree(tmp_path)) == ["c", "c/d", "c/d/file"]
    storage.remove_folder_if_empty(str(tmp_path / "c"))
    storage.remove_folder_if_empty(str(tmp_path / "nowhere/below"))
    assert (tmp_path / "c/d/file").exists()


def test_purging_removes_whatever_is_there(tmp_path: Path) -> None:
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep/file").write_text("")
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/link").symlink_to(tmp_path / "keep")
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "keep")
    for name in ("a", "file", "link", "nowhere", "nowhere/below"):
        storage.purge(str(tmp_path / name))
    assert sorted(tree(tmp_path)) == ["keep", "keep/file"]


def test_moving_moves_links_and_does_not_follow_them(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    storage.move(str(tmp_path / "link"), str(tmp_path / "moved"))
    assert (tmp_path / "moved").is_symlink()
    with pytest.raises(OSError, match=r"."):
        storage.move(str(tmp_path / "moved/x"), str(tmp_path / "y"))


def test_a_folder_is_made_although_others_remove_it_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deleted domain's empty MailBoxDirectory goes while another domain moves in."""
    real = os.mkdir
    removed = []

    def mkdir(path: str, mode: int, *, dir_fd: int) -> None:
        if path == "c" and len(removed) < 3:
            removed.append(path)
            os.rmdir(tmp_path / "a/b")
        real(path, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", mkdir)
    storage.make(str(tmp_path / "a/b/c"), str(tmp_path / "a/b/c"))
    assert (tmp_path / "a/b/c").is_dir()
    assert len(removed) == 3


@pytest.mark.parametrize("work", [storage.make_maildir, storage.make])
def test_two_makers_of_one_folder_do_not_disturb_each_other(tmp_path: Path, work: Callable[[str, str], None]) -> None:
    path = str(tmp_path / "a/b/c")
    threads = [threading.Thread(target=work, args=(path, path)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.path.isdir(path)


def test_descriptors_are_given_back(home: Home, outside: Path) -> None:
    gc.collect()  # what earlier tests have left open
    before = descriptors()
    (home.mail / "link").symlink_to(outside)
    for path in ("xyz.com", "link/u1", "nowhere/x", "xyz.com/u1/Maildir/cur/x/y"):
        for work in (storage.open_folder, storage.missing_from, storage.exists, storage.has_files, storage.purge):
            with suppress(OSError):
                found = work(str(home.mail / "copy" / path))
                if work is storage.open_folder:
                    assert isinstance(found, int)
                    os.close(found)
    with suppress(OSError):
        storage.make(str(home.mail / "link/a"), str(home.mail))
    assert descriptors() <= before
