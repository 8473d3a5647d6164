"""Hosts that share a directory: who performs an effect, and folders that commands on other hosts make necessary."""

import os

from mailaddon.directory.names import find_domain, find_user, is_here, split
from mailaddon.directory.outbox import EVERYWHERE
from mailaddon.errors import Unavailable
from mailaddon.records import NewUser

from .kinds import FAR, FOR_ALL, LEARN, MAILBOX, STORAGE
from .ownership import own_mail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.directory.outbox import Directed, Effect, Outbox, Prepare
    from mailaddon.directory.store import Directory, Transaction

    from .layout import Instance


def directed_to(
    directory: "Directory", effects: "tuple[Effect, ...]", request: object, prepare: "Prepare | None"
) -> "tuple[tuple[Directed, ...], Prepare | None]":
    """Say which host each effect of a change is for.

    Args:
        directory: the directory.
        effects: what the change needs, `FAR` ones included.
        request: of the change.
        prepare: what is done before the commit by a host that stores the mail.

    Returns:
        The effects, and what this host does before the commit.
    """
    with directory.read() as tx:
        domain = find_domain(tx, getattr(request, "domain", ""))
        far = domain is not None and not is_here(tx, domain)
    if domain is None or not far:
        wanted = [(kind, key) for kind, key in effects if kind not in FAR]
        return _directed(wanted, directory.host), prepare
    folder = f"{domain.made_directory} {domain.storage}"
    wanted = [(kind, folder if kind == STORAGE else key) for kind, key in effects]

    def settled(tx: "Transaction") -> None:
        if isinstance(request, NewUser):
            _check_settled(tx, f"{request.user}@{request.domain}")

    return _directed(wanted, domain.mail_host), settled


def _directed(effects: "list[Effect]", there: str) -> "tuple[Directed, ...]":
    return tuple((kind, key, EVERYWHERE if kind in FOR_ALL else there) for kind, key in effects)


def _check_settled(tx: "Transaction", address: str) -> None:
    """Make sure that no mail of a deleted user of this name is left at the host that stores the domain."""
    row = tx.one("SELECT host FROM effect WHERE kind = ? AND key = ?", MAILBOX, address)
    if row:
        raise Unavailable(f"the host {row[0]} has not yet removed the mail of an earlier {address}; try again")


def learnt_elsewhere(directory: "Directory", outbox: "Outbox", name: str, domain_name: str) -> bool:
    """Have the host that stores a mailing list tell the directory who subscribed and left; whether it is another one.

    Raises:
        MailAddonError: the directory cannot be used.
    """
    with directory.read() as tx:
        domain = find_domain(tx, domain_name)
        if domain is None or is_here(tx, domain):
            return False
    outbox.expect((LEARN, f"{name}@{domain_name}", domain.mail_host))
    try:
        with directory.write():
            pass
    finally:
        outbox.expect()
    return True


# What the host that stores the mail does


def agree_on_mailbox(instance: "Instance", directory: "Directory", key: str) -> None:
    """Make a user's folder, or remove it.

    Raises:
        StorageFailed: the file system refuses.
        MailAddonError: the directory cannot be used.
    """
    user, name = split(key)
    with directory.write() as tx:
        domain = find_domain(tx, name)
        if domain is None or not is_here(tx, domain):
            return
        home = os.path.join(domain.storage, user)
        if find_user(tx, domain, user) is None:
            tx.journal.remove(home, domain.storage)
        else:
            tx.journal.make_maildir(home, domain.storage)
            own_mail(tx, instance, name, user)


def remove_storage(directory: "Directory", key: str) -> None:
    """Remove the folder of a domain that is gone.

    Raises:
        StorageFailed: the file system refuses.
        MailAddonError: the directory cannot be used.
    """
    made, _, path = key.partition(" ")
    above = os.path.dirname(path)
    with directory.write() as tx:
        if tx.one("SELECT 1 FROM domain WHERE storage = ?", path) is None:
            tx.journal.remove(path, above)
            if made == "1":
                tx.journal.remove_if_empty_at_end(above)
