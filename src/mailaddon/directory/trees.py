"""Copying folders of mail: whole, up to date, verified, and never through a symbolic link.

Message files never change once they are written (maildir); their names do. So a file is copied again only when its size
or time differs, and a file that vanished while we looked has most likely got another name: the tree is looked at again.
"""

import errno
import hashlib
import os
import stat

from ..errors import Unavailable
from . import storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_CHUNK = 1 << 20
_PRIVATE_FILE = 0o600
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_COPYING = ".mailaddon-copying"
_TRIES = 10


def mirror(source: str, target: str) -> None:
    """Make the target a copy of the source: what is missing or differs is copied, what is too much is removed.

    Args:
        source: a folder; if it does not exist, the target becomes an empty folder.
        target: a folder of our own; it is made.

    Raises:
        OSError: the file system refuses.
        Unavailable: the source kept changing.
    """
    storage.make(target, target)
    for _try in range(_TRIES):
        target_folder = storage.open_folder(target)
        try:
            try:
                source_folder = storage.open_folder(source)
            except FileNotFoundError:
                _remove_but(target_folder, set())
                return
            try:
                if _mirror(source_folder, target_folder):
                    return
            finally:
                os.close(source_folder)
        finally:
            os.close(target_folder)
    raise Unavailable(f"{source} keeps changing while it is copied; try again")


def _mirror(source: int, target: int) -> bool:
    """Copy one folder; whether nothing vanished meanwhile."""
    with os.scandir(source) as entries:
        names = sorted(entry.name for entry in entries)
    kept = set()
    complete = True
    for name in names:
        try:
            status = os.stat(name, dir_fd=source, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                complete &= _mirror_folder(source, target, name)
            elif stat.S_ISREG(status.st_mode):
                _mirror_file(source, target, name, status)
            else:
                continue  # links, sockets and the like are no mail
        except FileNotFoundError:
            complete = False
            continue
        kept.add(name)
    _remove_but(target, kept)
    return complete


def _mirror_folder(source: int, target: int, name: str) -> bool:
    present = _status(target, name)
    if present is not None and not stat.S_ISDIR(present.st_mode):
        os.unlink(name, dir_fd=target)
        present = None
    if present is None:
        os.mkdir(name, storage.PRIVATE, dir_fd=target)
    below = os.open(name, _FOLDER, dir_fd=source)
    try:
        target_below = os.open(name, _FOLDER, dir_fd=target)
        try:
            return _mirror(below, target_below)
        finally:
            os.close(target_below)
    finally:
        os.close(below)


def _mirror_file(source: int, target: int, name: str, status: os.stat_result) -> None:
    present = _status(target, name)
    if present is not None:
        same = (present.st_size, present.st_mtime_ns) == (status.st_size, status.st_mtime_ns)
        if same and stat.S_ISREG(present.st_mode):
            return
        storage.remove(target, name)
    copy_file(source, target, name)


def copy_file(source: int, target: int, name: str) -> str:
    """Copy a file between two folders, with its time; it appears whole or not at all. Its SHA-256, in hexadecimal.

    Raises:
        OSError: the file system refuses.
    """
    reading = os.open(name, _READ, dir_fd=source)
    try:
        if _status(target, _COPYING) is not None:
            os.unlink(_COPYING, dir_fd=target)
        writing = os.open(_COPYING, _WRITE, _PRIVATE_FILE, dir_fd=target)
        try:
            digest = hashlib.sha256()
            while chunk := os.read(reading, _CHUNK):
                digest.update(chunk)
                while chunk:
                    chunk = chunk[os.write(writing, chunk) :]
            status = os.fstat(reading)
            os.utime(writing, ns=(status.st_mtime_ns, status.st_mtime_ns))
        finally:
            os.close(writing)
        os.rename(_COPYING, name, src_dir_fd=target, dst_dir_fd=target)
    finally:
        os.close(reading)
    return digest.hexdigest()


def digest_file(path: str) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """

    def read(folder: int, name: str) -> str:
        descriptor = os.open(name, _READ, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            digest = hashlib.sha256()
            while chunk := os.read(descriptor, _CHUNK):
                digest.update(chunk)
            return digest.hexdigest()
        finally:
            os.close(descriptor)

    return storage.within(path, read)


def read_file(path: str, owners: "Container[int] | None" = None) -> bytes:
    """A file's content, not read through a link.

    Args:
        path: the file.
        owners: whose it may be; None: anybody's. It may be a name that somebody has given to somebody else's file.

    Raises:
        OSError: it cannot be read, or belongs to somebody else.
    """

    def read(folder: int, name: str) -> bytes:
        with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
            if owners is not None and os.fstat(file.fileno()).st_uid not in owners:
                raise PermissionError(errno.EPERM, "it belongs to somebody else", path)
            return file.read()

    return storage.within(path, read)


def write_file(path: str, content: bytes, owner: tuple[int, int]) -> None:
    """Write a private file, whole or not at all, and not through a link.

    Args:
        path: where; its folder is there.
        content: what it has.
        owner: the user and the group that it belongs to from the first moment.

    Raises:
        OSError: it cannot be written.
    """

    def write(folder: int, name: str) -> None:
        if _status(folder, _COPYING) is not None:
            os.unlink(_COPYING, dir_fd=folder)
        with os.fdopen(os.open(_COPYING, _WRITE, _PRIVATE_FILE, dir_fd=folder), "wb") as file:
            os.fchown(file.fileno(), *owner)
            file.write(content)
        os.rename(_COPYING, name, src_dir_fd=folder, dst_dir_fd=folder)

    storage.within(path, write)


def files(path: str) -> "Iterator[str]":
    """The paths of all files below a folder, relative to it, sorted. A link counts as a file.

    Raises:
        OSError: it cannot be read.
    """
    for name, is_folder in _entries(path):
        if is_folder:
            for below in files(os.path.join(path, name)):
                yield f"{name}/{below}"
        else:
            yield name


def folders(path: str) -> "Iterator[str]":
    """The paths of all folders below a folder, relative to it, each before what is in it.

    Raises:
        OSError: it cannot be read.
    """
    for name, is_folder in _entries(path):
        if is_folder:
            yield name
            for below in folders(os.path.join(path, name)):
                yield f"{name}/{below}"


def names(path: str) -> set[str]:
    """What is in a folder.

    Raises:
        OSError: it cannot be read.
    """
    return {name for name, _is_folder in _entries(path)}


def _entries(path: str) -> "list[tuple[str, bool]]":
    descriptor = storage.open_folder(path)
    try:
        with os.scandir(descriptor) as entries:
            return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    finally:
        os.close(descriptor)


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _remove_but(folder: int, kept: set[str]) -> None:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name not in kept]
    for name in names:
        storage.remove(folder, name)
