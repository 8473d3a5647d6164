"""Folders of mail: made and removed without ever following a symbolic link.

Every path is walked from the root folder by folder, each opened relative to the one before and never through a link
(`O_NOFOLLOW`). A path whose folder somebody replaced by a link is therefore refused, not followed, even when that
happens while we walk. Layout: `<MailBoxDirectory>/<domain>/<user>/Maildir`.
"""

import errno
import os
import stat

from ..errors import StorageFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

MAILDIR = "Maildir"
MAILDIR_FOLDERS = ("cur", "new", "tmp")
#: What holds mail is private; what leads to it can be passed through.
PRIVATE = 0o700
PASSABLE = 0o755
_TRIES = 10
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def refused(action: str, path: str, error: OSError) -> StorageFailed:
    """What an error of the file system means to a caller."""
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return StorageFailed(
            f"{path} cannot be {action}: a part of it is a symbolic link or not a folder; give the real path"
        )
    return StorageFailed(f"{path} cannot be {action}: {error.strerror}")


def open_folder(path: str) -> int:
    """A descriptor of a folder, reached without following a link.

    Raises:
        OSError: a part does not exist (ENOENT), or is a link or a file (ELOOP, ENOTDIR).
    """
    descriptor = os.open("/", _FOLDER)
    for part in path.strip("/").split("/"):
        try:
            below = os.open(part, _FOLDER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def within(path: str, work: "Callable[[int, str], T]") -> "T":
    """Do something with a name in its folder: `work(descriptor of the folder, name)`.

    Raises:
        OSError: the folder cannot be reached, or what the work raises.
    """
    parent, name = os.path.split(path)
    descriptor = open_folder(parent) if parent != "/" else os.open("/", _FOLDER)
    try:
        return work(descriptor, name)
    finally:
        os.close(descriptor)


def exists(path: str) -> bool:
    """Whether there is anything at the path, a dangling link included.

    Raises:
        OSError: the folder above is a link or cannot be read.
    """
    try:
        within(path, lambda folder, name: os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return False
    return True


def missing_from(path: str) -> str:
    """The topmost part of the path that does not exist yet, or "".

    Raises:
        OSError: an existing part is a link or not a folder.
    """
    descriptor = os.open("/", _FOLDER)
    parts = path.strip("/").split("/")
    for depth, part in enumerate(parts, 1):
        try:
            below = os.open(part, _FOLDER, dir_fd=descriptor)
        except FileNotFoundError:
            os.close(descriptor)
            return "/" + "/".join(parts[:depth])
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    return ""


def make(path: str, private_from: str, below: "Sequence[str]" = ()) -> None:
    """Make a folder and what is missing above it; it may exist.

    Args:
        path: the folder.
        private_from: a part of the path; what is made from there on is for its owner alone.
        below: names of folders to be made in it, private ones.

    Raises:
        OSError: a part is a link or not a folder, or the file system refuses.
    """
    for _try in range(_TRIES):
        try:
            return _make(path, private_from, below)
        except FileNotFoundError:  # another process has just removed an empty folder on the way
            continue
    return _make(path, private_from, below)


def _make(path: str, private_from: str, below: "Sequence[str]") -> None:
    descriptor = os.open("/", _FOLDER)
    try:
        walked = ""
        for part in path.strip("/").split("/"):
            walked += "/" + part
            made = _made(descriptor, part, PRIVATE if len(walked) >= len(private_from) else PASSABLE)
            os.close(descriptor)
            descriptor = made
        for name in below:
            os.close(_made(descriptor, name, PRIVATE))
    finally:
        os.close(descriptor)


def _made(descriptor: int, name: str, mode: int) -> int:
    """A folder in an open one, which is made if there is none, opened."""
    try:
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:  # it is rarely missing, and asking to make it costs more than looking
        try:
            os.mkdir(name, mode, dir_fd=descriptor)
        except FileExistsError:
            pass
        return os.open(name, _FOLDER, dir_fd=descriptor)


def make_maildir(home: str, private_from: str) -> None:
    """Make a user's folder with an empty Maildir.

    Raises:
        OSError: as `make`.
    """
    make(os.path.join(home, MAILDIR), private_from, MAILDIR_FOLDERS)


def has_files(path: str) -> bool:
    """Whether anything but folders is below the path (or the path itself is no folder).

    Raises:
        OSError: the file system refuses.
    """
    try:
        descriptor = open_folder(path)
    except FileNotFoundError:
        return False
    try:
        return _has_files(descriptor)
    finally:
        os.close(descriptor)


def _has_files(descriptor: int) -> bool:
    with os.scandir(descriptor) as entries:
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in names:
        if not is_folder:
            return True
        below = os.open(name, _FOLDER, dir_fd=descriptor)
        try:
            if _has_files(below):
                return True
        finally:
            os.close(below)
    return False


def remove_if_empty(path: str) -> None:
    """Remove a tree of folders that has no files; anything else stays as it is.

    Raises:
        OSError: the file system refuses.
    """
    if exists(path) and not has_files(path):
        purge(path)


def remove_folder_if_empty(path: str) -> None:
    """Remove one folder if nothing is in it."""
    try:
        within(path, lambda folder, name: os.rmdir(name, dir_fd=folder))
    except OSError:
        return


def move(source: str, target: str) -> None:
    """Rename a folder or a file within one file system; a link is moved, not followed.

    Raises:
        OSError: the file system refuses.
    """

    def rename(source_folder: int, source_name: str) -> None:
        within(
            target,
            lambda folder, name: os.rename(source_name, name, src_dir_fd=source_folder, dst_dir_fd=folder),
        )

    within(source, rename)


def purge(path: str) -> None:
    """Remove whatever is at the path; a link is removed, not followed. It may be gone, or going, already.

    Raises:
        OSError: the file system refuses.
    """
    try:
        within(path, remove)
    except FileNotFoundError:
        return


def remove(folder: int, name: str) -> None:
    """Remove a file, a link or a tree in an open folder.

    As `shutil.rmtree` does, whose import costs as much as the rest of an E* command.

    Raises:
        OSError: the file system refuses, or somebody else is removing it too.
    """
    if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=folder)
        return
    descriptor = os.open(name, _FOLDER, dir_fd=folder)
    try:
        with os.scandir(descriptor) as entries:
            names = [entry.name for entry in entries]
        for below in names:
            remove(descriptor, below)
    finally:
        os.close(descriptor)
    os.rmdir(name, dir_fd=folder)
