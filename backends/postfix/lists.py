"""Mailing lists, which mlmmj runs: a folder for each, and its subscribers kept in step with the directory.

People subscribe and leave by mail, so mlmmj's subscribers are the truth while a list's folder exists. The directory
learns from them before a command looks at the members, and tells them what a command has changed.
"""

import os

from mailaddon.directory.lists import MAILING, insert_member, list_id
from mailaddon.directory.names import find_domain, split

from . import root
from .kinds import MEMBER
from .mlmmj import folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.directory.store import Directory, Transaction

    from .layout import Instance

#: The addresses of a list.
MEMBERS = "SELECT local_part || '@' || domain FROM list_member WHERE list_id = ? ORDER BY 1"
_LIST = (
    "SELECT a.id, o.local_part FROM domain_name AS n JOIN domain AS d ON d.id = n.domain_id"
    " JOIN address AS a ON a.domain_id = d.id AND a.local_part = ? AND a.kind = 'mailing'"
    " JOIN address AS o ON o.id = d.owner_id WHERE n.name = ? AND n.kind = 'primary'"
)
_ALIASES = (
    "SELECT n.name FROM address AS a JOIN domain_name AS n ON n.domain_id = a.domain_id AND n.kind = 'alias'"
    " WHERE a.id = ? ORDER BY n.name"
)


def agree(instance: "Instance", tx: "Transaction", key: str) -> None:
    """Have a list's folder with the directory's members and with today's settings, or none if the list is gone.

    Raises:
        OSError: the file system refuses.
        Unavailable: mlmmj refuses.
    """
    name, domain = split(key)
    row = tx.one(_LIST, name, domain)
    there = os.path.isdir(folder(instance, name, domain))
    if row is None:
        if there:
            root.do(instance, "list-remove", key)
        return
    if not there:
        # With all members at once: who is missing in the folder counts as one who has left.
        root.do(instance, "list-make", key, f"{row[1]}@{domain}", *tx.column(MEMBERS, row[0]))
    root.do(instance, "list-settle", name, f"{row[1]}@{domain}", domain, *tx.column(_ALIASES, row[0]))


def subscribers(instance: "Instance", key: str) -> "set[str]":
    """Everybody who gets a list's mail.

    Raises:
        OSError, Unavailable: its folder cannot be read.
    """
    return set(root.do(instance, "list-members", key).splitlines())


def agree_on_member(instance: "Instance", tx: "Transaction", key: str) -> None:
    """Subscribe one member, or unsubscribe it, as the directory says.

    Args:
        instance: the host.
        tx: a transaction.
        key: the list's address and the member's.

    Raises:
        OSError: the file system refuses.
        Unavailable: mlmmj refuses.
    """
    address, _, member = key.partition(" ")
    name, domain = split(address)
    path = folder(instance, name, domain)
    row = tx.one(_LIST, name, domain)
    if row is None or not os.path.isdir(path):
        agree(instance, tx, address)
        return
    local_part, host = split(member)
    wanted = tx.one(
        "SELECT 1 FROM list_member WHERE list_id = ? AND domain = ? AND local_part = ?", row[0], host, local_part
    )
    present = member in subscribers(instance, address)
    if wanted and not present:
        root.do(instance, "list-subscribe", address, member)
    elif present and not wanted:
        root.do(instance, "list-unsubscribe", address, member)


def learn(instance: "Instance", directory: "Directory", name: str, domain: str) -> None:
    """Bring the directory's members in line with mlmmj's; the caller holds the lock of the effects.

    Raises:
        MailAddonError: the directory cannot be used.
        OSError: the list's folder cannot be read.
    """
    if not os.path.isdir(folder(instance, name, domain)):
        return
    present = subscribers(instance, f"{name}@{domain}")
    with directory.read() as tx:
        row = tx.one(_LIST, name, domain)
        if row is None or set(tx.column(MEMBERS, row[0])) == present:
            return
    with directory.write() as tx:
        found = find_domain(tx, domain)
        if found is None:
            return
        row_id = list_id(tx, MAILING, found, name)
        known = set(tx.column(MEMBERS, row_id))
        # What a command has just changed and not yet told mlmmj is not for mlmmj to say.
        start = f"{name}@{domain} "
        keys = tx.column("SELECT key FROM effect WHERE kind = ?", MEMBER)
        untold = {key[len(start) :] for key in keys if key.startswith(start)}
        for address in present - known - untold:
            insert_member(tx, MAILING, row_id, address, "")
        for address in known - present - untold:
            local_part, host = split(address)
            tx.run(
                "DELETE FROM list_member WHERE list_id = ? AND domain = ? AND local_part = ?", row_id, host, local_part
            )
