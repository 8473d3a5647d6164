"""Who owns mail folders: the mail's owner has the users' folders, and who runs the commands has the ones above them.

A domain's folder can be passed through by the mail's owner but not written to, so that a delivery that is under way
while a user is deleted cannot bring the folder back.

Root may do this for another user, who can rename what is below while it happens. So nothing is changed by its name:
each folder and file is opened first, never through a link, and changed if it belongs to one of the two.
"""

import errno
import os
import stat

from mailaddon.directory import storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from mailaddon.directory.store import Transaction

    from .layout import Instance

_PASSABLE = 0o710
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = _OPEN | os.O_DIRECTORY


def own_mail(tx: "Transaction", instance: "Instance", domain_name: str, user: str) -> None:
    """Give mail folders to the mail's owner.

    Args:
        tx: the transaction that has made them.
        instance: the host.
        domain_name: the domain.
        user: one of its users; "" for all.

    Raises:
        StorageFailed, Unavailable: it is not possible; then the change is undone.
    """
    from mailaddon.directory.names import get_domain

    from . import root

    domain = get_domain(tx, domain_name)
    all_users = "SELECT local_part FROM address WHERE domain_id = ? AND kind = 'user'"
    users = [user] if user else tx.column(all_users, domain.id)
    root.do(instance, "give", domain.storage, *users)


def give(instance: "Instance", folder: str, users: "Sequence[str]") -> None:
    """Give users' folders to the mail's owner, and let it pass through the domain's.

    Args:
        instance: the host.
        folder: the domain's.
        users: the names of folders in it.

    Raises:
        StorageFailed: the file system refuses, or something belongs to somebody else.
    """
    commander, _group = _commander(instance)
    path = folder
    try:
        descriptor = storage.open_folder(folder)
        try:
            if commander and os.fstat(descriptor).st_uid != commander:
                raise PermissionError(errno.EPERM, "it belongs to somebody else")
            os.fchown(descriptor, -1, instance.mail_gid)
            os.fchmod(descriptor, _PASSABLE)
            for name in users:
                path = os.path.join(folder, name)
                below = os.open(name, _FOLDER, dir_fd=descriptor)
                try:
                    _own(below, _Change(commander, instance.mail_uid, instance.mail_uid, instance.mail_gid))
                finally:
                    os.close(below)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage.refused("given to the mail's owner", path, error) from None


def give_tree(instance: "Instance", path: str) -> None:
    """Give a folder with everything in it to the mail's owner.

    Raises:
        OSError: the file system refuses, a part of the path is a link, or something in it belongs to somebody else.
    """
    commander, _group = _commander(instance)
    descriptor = storage.open_folder(path)
    try:
        _own(descriptor, _Change(commander, instance.mail_uid, instance.mail_uid, instance.mail_gid))
    finally:
        os.close(descriptor)


def owners(instance: "Instance") -> "set[int] | None":
    """Whose files root may look into for who runs the commands; None: anybody's."""
    commander, _group = _commander(instance)
    return {commander, instance.mail_uid} if commander else None


def check_place(instance: "Instance", path: str) -> None:
    """Make sure that who runs the commands owns the folder above a path: what is there may be given and taken.

    Raises:
        OSError: somebody else does, the folder does not exist, or a part of it is a link.
    """
    commander, _group = _commander(instance)
    descriptor = storage.open_folder(os.path.dirname(path))
    try:
        if commander and os.fstat(descriptor).st_uid != commander:
            raise PermissionError(errno.EPERM, f"{os.path.dirname(path)} belongs to somebody else")
    finally:
        os.close(descriptor)


def take_tree(instance: "Instance", path: str) -> None:
    """Give a folder with everything in it to who runs the commands.

    Raises:
        OSError: the file system refuses, or a part of the path is a link.
    """
    _take(instance, path, folders_only=False)


def take(instance: "Instance", path: str) -> None:
    """Give a folder, with the folders in it, to who runs the commands, to be removed.

    Nobody needs a file to remove it from a folder, and Dovecot may have given a file another name in a mailbox.

    Raises:
        StorageFailed: the file system refuses.
    """
    try:
        _take(instance, path, folders_only=True)
    except OSError as error:
        raise storage.refused("taken from the mail's owner", path, error) from None


def _take(instance: "Instance", path: str, *, folders_only: bool) -> None:
    commander, group = _commander(instance)
    change = _Change(commander, instance.mail_uid, commander, group, leave_others=True, folders_only=folders_only)
    descriptor = storage.open_folder(path)
    try:
        _own(descriptor, change)
    finally:
        os.close(descriptor)


def _commander(instance: "Instance") -> tuple[int, int]:
    """Who runs the commands, and its group."""
    if not instance.user:
        return 0, 0
    import pwd

    entry = pwd.getpwnam(instance.user)
    return entry.pw_uid, entry.pw_gid


class _Change:
    """Who gets what belongs to one of the two; where root runs the commands, whoever it belongs to."""

    def __init__(
        self,
        commander: int,
        mail_uid: int,
        uid: int,
        gid: int,
        *,
        leave_others: bool = False,
        folders_only: bool = False,
    ) -> None:
        self._from = {commander, mail_uid} if commander else None
        self._to = uid, gid
        self._leave_others = leave_others
        self._folders_only = folders_only

    def apply(self, descriptor: int) -> None:
        """Change the owner of an open folder or file.

        Raises:
            OSError: it belongs to somebody else, or the file system refuses.
        """
        status = os.fstat(descriptor)
        if self._folders_only and not stat.S_ISDIR(status.st_mode):
            return
        uid, gid = self._to
        if self._from is None or status.st_uid in self._from:
            if (status.st_uid, status.st_gid) != (uid, gid):
                os.fchown(descriptor, uid, gid)
        elif not self._leave_others:
            raise PermissionError(errno.EPERM, "something in it belongs to somebody else")


def _own(descriptor: int, change: _Change) -> None:
    """Change the owner of an open folder with everything in it."""
    change.apply(descriptor)
    for name, flags in _entries(descriptor):
        below = os.open(name, flags, dir_fd=descriptor)
        try:
            mode = os.fstat(below).st_mode  # it may be another one by now
            if stat.S_ISDIR(mode):
                _own(below, change)
            elif stat.S_ISREG(mode):
                change.apply(below)
        finally:
            os.close(below)


def hand_over(path: str, uid: int, givers: "Container[int]", *, alone: bool = False) -> None:
    """Give a user all that others have in a folder, and the folder.

    Args:
        path: the folder.
        uid: who gets it.
        givers: whose files these may have been; what belongs to anybody else stays as it is.
        alone: not what is in the folder.

    Raises:
        OSError: a file has another name somewhere else, or the file system refuses.
    """
    above, name = os.path.split(path)
    descriptor = storage.open_folder(os.path.join(os.path.realpath(above), name))  # above it are no folders of users
    try:
        _hand_over(descriptor, uid, givers, alone=alone)
    finally:
        os.close(descriptor)


def _hand_over(descriptor: int, uid: int, givers: "Container[int]", *, alone: bool) -> None:
    status = os.fstat(descriptor)
    if status.st_uid != uid and status.st_uid not in givers:
        return
    if stat.S_ISREG(status.st_mode):
        if status.st_nlink != 1 and status.st_uid != uid:
            raise PermissionError(errno.EPERM, "a file in it has another name somewhere else")
    elif not alone:
        for name, flags in _entries(descriptor):
            below = os.open(name, flags, dir_fd=descriptor)
            try:
                _hand_over(below, uid, givers, alone=False)
            finally:
                os.close(below)
    if status.st_uid != uid:
        os.fchown(descriptor, uid, -1)


def _entries(descriptor: int) -> "list[tuple[str, int]]":
    """The folders and files in an open folder, and how to open them; links, sockets and the like are left out."""
    with os.scandir(descriptor) as entries:
        found = [(entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
    return [
        (name, _FOLDER if stat.S_ISDIR(mode) else _OPEN)
        for name, mode in found
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode)
    ]
