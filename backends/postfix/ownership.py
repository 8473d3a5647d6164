"""Who owns mail folders: the mail's owner has the users' folders, and nobody but root the ones above them.

A domain's folder can be passed through by the mail's owner but not written to, so that a delivery that is under way
while a user is deleted cannot bring the folder back.
"""

import os

from mailaddon.directory import storage
from mailaddon.directory.names import get_domain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.directory.store import Transaction

    from .layout import Instance

_PASSABLE = 0o710


def own_mail(tx: "Transaction", instance: "Instance", domain_name: str, user: str) -> None:
    """Give mail folders to the mail's owner.

    Args:
        tx: the transaction that has made them.
        instance: the host.
        domain_name: the domain.
        user: one of its users; "" for all.

    Raises:
        StorageFailed: the file system refuses; then the change is undone.
    """
    domain = get_domain(tx, domain_name)
    all_users = "SELECT local_part FROM address WHERE domain_id = ? AND kind = 'user'"
    users = [user] if user else tx.column(all_users, domain.id)
    path = domain.storage
    try:
        descriptor = storage.open_folder(path)
        try:
            os.fchown(descriptor, -1, instance.mail_gid)
            os.fchmod(descriptor, _PASSABLE)
        finally:
            os.close(descriptor)
        for name in users:
            path = os.path.join(domain.storage, name)
            give(path, instance.mail_uid, instance.mail_gid)
    except OSError as error:
        raise storage.refused("given to the mail's owner", path, error) from None


def give(path: str, uid: int, gid: int) -> None:
    """Give a folder with everything in it away.

    Raises:
        OSError: the file system refuses, or a part of the path is a link.
    """
    descriptor = storage.open_folder(path)
    try:
        _own(descriptor, uid, gid)
    finally:
        os.close(descriptor)


def _own(descriptor: int, uid: int, gid: int) -> None:
    """Give a folder with everything in it away, without following a link."""
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.fchown(descriptor, uid, gid)
    with os.scandir(descriptor) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if is_folder:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            try:
                _own(below, uid, gid)
            finally:
                os.close(below)
        else:
            os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
