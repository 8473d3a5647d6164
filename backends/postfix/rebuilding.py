"""`mailaddon host rebuild`: after a restore, everything that follows from the directory is made again."""

import os
from typing import TYPE_CHECKING

from mailaddon.directory import storage

from . import root
from .kinds import DOMAIN, FLUSH, NETWORK, RELOAD
from .ownership import own_mail

if TYPE_CHECKING:
    from mailaddon.directory.outbox import Outbox
    from mailaddon.directory.store import Directory, Transaction

    from .layout import Instance

_DOMAINS = """
SELECT n.name, d.id, d.storage FROM domain_name AS n JOIN domain AS d ON d.id = n.domain_id
WHERE n.kind = 'primary' AND d.mail_host = ? ORDER BY 1
"""
_USERS = "SELECT local_part FROM address WHERE domain_id = ? AND kind = 'user' ORDER BY 1"


def rebuild(instance: "Instance", directory: "Directory", outbox: "Outbox") -> tuple[int, int]:
    """Make missing mailboxes, give all to the mail's owner, and write scripts, lists and addresses again.

    Returns:
        How many domains have their mail here, and how many mailboxes were missing.

    Raises:
        StorageFailed, Unavailable: something refuses; repeating it goes on.
    """
    made, host = 0, directory.host
    with directory.read() as tx:
        domains = tx.all(_DOMAINS, host)
    for name, domain_id, folder in domains:
        missing: list[str] = []

        def own(tx: "Transaction", name: str = name, missing: list[str] = missing) -> None:
            for user in missing:
                own_mail(tx, instance, name, user)

        outbox.expect((DOMAIN, name, host), prepare=own)
        with directory.write() as tx:
            users = tx.column(_USERS, domain_id)
            missing += [user for user in users if not _exists(os.path.join(folder, user))]
            for user in missing:
                tx.journal.make_maildir(os.path.join(folder, user), folder)
        made += len(missing)
        root.do(instance, "give", folder, *users)  # much mail takes long, so nobody has to wait for this
    outbox.expect(*((kind, "", host) for kind in (NETWORK, RELOAD, FLUSH)))
    with directory.write():
        pass
    outbox.expect()
    return len(domains), made


def _exists(path: str) -> bool:
    try:
        return storage.exists(path)
    except OSError as error:
        raise storage.refused("reached", path, error) from None
