"""Whether the directory is whole and agrees with mail storage: what `mailaddon doctor` asks."""

import _sqlite3 as sqlite
import os
import stat

from ..records import Problem
from . import storage
from .store import Directory, failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .store import Transaction

_MOST = 20  # problems of one sort that are worth listing one by one


def problems(directory: Directory) -> list[Problem]:
    """What is wrong, and the mend. Nothing is changed, except that what a killed process left behind is put right.

    Raises:
        Unavailable, StorageFailed, UpgradeNeeded: the directory cannot be read at all.
    """
    found = list(_rights(directory))
    with directory.read() as tx:
        try:
            found += _file(tx)
            found += _mail(tx)
        except sqlite.Error as error:
            raise failure(error, directory.path) from None
    return found


def _rights(directory: Directory) -> "Iterator[Problem]":
    for path in (directory.home, directory.path):
        if os.path.exists(path) and os.stat(path).st_mode & stat.S_IRWXO:
            yield Problem(
                subject=path,
                problem="it holds password hashes and is open to other users",
                mend=f"chmod o= {path}",
            )


def _file(tx: "Transaction") -> "Iterator[Problem]":
    restore = "stop the panel, keep a copy of the home, and restore the directory from a backup or from exports"
    for (result,) in tx.all(f"PRAGMA quick_check({_MOST})"):
        if result != "ok":
            yield Problem(subject=tx.directory.path, problem=f"the database is damaged: {result}", mend=restore)
    for row in tx.all("PRAGMA foreign_key_check")[:_MOST]:
        yield Problem(
            subject=tx.directory.path, problem=f"a row of {row[0]} refers to nothing in {row[2]}", mend=restore
        )


def _mail(tx: "Transaction") -> "Iterator[Problem]":
    count = 0
    rows = tx.all(
        "SELECT n.name, d.storage FROM domain AS d JOIN domain_name AS n ON n.domain_id = d.id AND n.kind = 'primary'"
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
        yield Problem(subject="mail storage", problem=f"{count - _MOST} more like these", mend="mend those first")


def _domain_mail(name: str, folder: str, users: set[str]) -> "Iterator[Problem]":
    try:
        descriptor = storage.open_folder(folder)
    except OSError as error:
        yield Problem(
            subject=name,
            problem=storage.refused("opened", folder, error).message,
            mend=f"put the folder {folder} back, or mount what it is on",
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
        )
    for other in sorted(present - users):
        yield Problem(
            subject=name,
            problem=f"{os.path.join(folder, other)} belongs to no user",
            mend="move it away",
            severe=False,
        )
