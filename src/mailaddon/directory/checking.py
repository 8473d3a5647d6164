"""Whether the directory is whole and agrees with mail storage: what `mailaddon doctor` asks."""

import os
import stat

from ..records import Problem
from . import storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .store import Directory, Transaction

_MOST = 20  # problems of one sort that are worth listing one by one


def problems(directory: "Directory") -> list[Problem]:
    """What is wrong, and the mend. Nothing is changed, except that what a killed process left behind is put right.

    Raises:
        Unavailable, StorageFailed, UpgradeNeeded: the directory cannot be read at all.
    """
    with directory.read() as tx:
        return [*_rights(directory.home), *directory.database.upkeep().problems(tx), *_mail(tx)]


def _rights(home: str) -> "Iterator[Problem]":
    if os.stat(home).st_mode & stat.S_IRWXO:
        yield Problem(
            subject=home,
            problem="it holds password hashes and is open to other users",
            mend=f"chmod o= {home}",
            code="exposed",
        )


def _mail(tx: "Transaction") -> "Iterator[Problem]":
    count = 0
    rows = tx.all(
        "SELECT n.name, d.storage FROM domain AS d JOIN domain_name AS n ON n.domain_id = d.id AND n.kind = 'primary'"
        " WHERE d.mail_host = ?",
        tx.directory.host,
    )
    for name, folder in rows:
        users = set(
            tx.column(
                "SELECT a.local_part FROM address AS a JOIN domain AS d ON d.id = a.domain_id"
                " WHERE d.storage = ? AND a.kind = 'user'",
                folder,
            )
        )
        for problem in _domain_mail(name, folder, users):
            count += 1
            if count <= _MOST:
                yield problem
    if count > _MOST:
        yield Problem(
            subject="mail storage", problem=f"{count - _MOST} more like these", mend="mend those first", code="damaged"
        )


def _domain_mail(name: str, folder: str, users: set[str]) -> "Iterator[Problem]":
    try:
        descriptor = storage.open_folder(folder)
    except OSError as error:
        yield Problem(
            subject=name,
            problem=storage.refused("opened", folder, error).message,
            mend=f"put the folder {folder} back, or mount what it is on",
            code="missing-file",
        )
        return
    try:
        present = set(os.listdir(descriptor))
    finally:
        os.close(descriptor)
    for user in sorted(users - present):
        yield Problem(
            subject=f"{user}@{name}",
            problem=f"the mailbox {os.path.join(folder, user)} is missing",
            mend="restore it from a backup, or make an empty folder there",
            code="missing-file",
        )
    for other in sorted(present - users):
        yield Problem(
            subject=name,
            problem=f"{os.path.join(folder, other)} belongs to no user",
            mend="move it away",
            severe=False,
            code="damaged",
        )
