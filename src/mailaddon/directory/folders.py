"""How mail goes into an export and comes out of it: as the folders of files that it is stored in.

This is for mail that no server has open. A backend whose server keeps more about a mailbox than its files passes an
object of its own to `exporting` and `importing`.
"""

import os

from . import storage, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .journal import Journal

_MESSAGES = frozenset({"cur", "new"})


class Folders:
    """Copies files, and moves them into place."""

    def copy(self, address: str, home: str, target: str) -> None:  # noqa: ARG002 - others need the address
        """Make an export's folder of one user a copy of the user's mail; it may be an earlier copy.

        Args:
            address: the user.
            home: where the user's mail is; it may be gone.
            target: the folder in the export; it is made.

        Raises:
            OSError: the file system refuses.
            Unavailable, StorageFailed: the mail cannot be copied.
        """
        trees.mirror(home, target)

    def install(self, journal: "Journal", staging: str, domain_folder: str, new: set[str]) -> None:
        """Put staged mail in its place, inside the transaction that imports its users.

        Args:
            journal: the transaction's.
            staging: has a folder for each user; it is on the same file system, and purged afterwards.
            domain_folder: has a folder for each user too.
            new: the users that this transaction has made.

        Raises:
            StorageFailed: the file system refuses.
        """
        home = domain_folder
        try:
            for name in sorted(trees.names(staging)):
                home = os.path.join(domain_folder, name)
                _install(journal, os.path.join(staging, name), home, new=name in new)
        except OSError as error:
            raise storage.refused("put in place", home, error) from None


def _install(journal: "Journal", staged: str, home: str, *, new: bool) -> None:
    if new:
        storage.remove_if_empty(home)  # the empty Maildir that this transaction made
        journal.move(staged, home)
        storage.make_maildir(home, home)
        return
    for folder in trees.folders(staged):
        journal.make_folder(os.path.join(home, folder), home)
    journal.move_all(_moves(staged, home))


def _moves(staged: str, home: str) -> list[tuple[str, str]]:
    """Which staged files go where; messages that are there under any flags stay as they are."""
    present = {_message_key(name) for name in trees.files(home)}
    return [
        (os.path.join(staged, name), os.path.join(home, name))
        for name in trees.files(staged)
        if _message_key(name) not in present
    ]


def _message_key(name: str) -> str:
    """The same for a message whatever its flags, and whether it is new or was seen."""
    folder, _, file_name = name.rpartition("/")
    parent, _, last = folder.rpartition("/")
    if last in _MESSAGES:
        return f"{parent}/cur/{file_name.partition(':')[0]}"
    return name
