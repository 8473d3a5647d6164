"""Domains and their other names."""

import os

from ..errors import AlreadyExists, Conflict, LimitReached, NotFound
from .names import DOMAIN_FEATURES, Domain, check_feature, get_domain, is_here, owner_of_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import Change, DomainAddress, DomainAlias, DomainChange, NewDomain
    from .store import Transaction


def check_new(tx: "Transaction", name: str, mailbox_directory: str) -> str:
    """Make sure that a domain can be added.

    Returns:
        The folder of its mail.

    Raises:
        AlreadyExists: the name is taken.
        Conflict: its mail would lie inside another domain's mail, or the other way round.
    """
    check_name_free(tx, name)
    folder = os.path.join(mailbox_directory, name)
    above = []
    path = folder
    while path != "/":
        above.append(path)
        path = os.path.dirname(path)
    row = tx.one(f"SELECT storage FROM domain WHERE storage IN ({', '.join('?' * len(above))})", *above)  # noqa: S608
    row = row or tx.one("SELECT storage FROM domain WHERE storage > ? AND storage < ?", folder + "/", folder + "0")
    if row:
        raise Conflict(f"{folder} overlaps {row[0]}, where another domain's mail is", parameter="MailBoxDirectory")
    return folder


def check_name_free(tx: "Transaction", name: str) -> None:
    """Make sure that no domain has this name.

    Raises:
        AlreadyExists: one has, as its name or as an alias.
    """
    owner = owner_of_name(tx, name)
    if owner == name:
        raise AlreadyExists(f"domain {name} already exists")
    if owner:
        raise AlreadyExists(f"domain {name} already exists as an alias of {owner}")


def add(tx: "Transaction", new: "NewDomain", password: str) -> Domain:
    """Add a domain with its owner, its catch-all and its folders.

    Args:
        tx: the transaction.
        new: the domain.
        password: the owner's, hashed.

    Raises:
        AlreadyExists, Conflict: as `check_new`, and when the folder holds files already.
        StorageFailed: the folders cannot be made.
    """
    from .users import insert_user

    domain = insert_domain(tx, new)
    owner_id = insert_user(tx, domain, new.owner, password, ("", "", ""), (True, True, True))
    tx.run(
        "UPDATE domain SET owner_id = ?, catch_all_local_part = ?, catch_all_domain = ? WHERE id = ?",
        owner_id,
        new.owner,
        new.domain,
        domain.id,
    )
    return get_domain(tx, new.domain)


def insert_domain(tx: "Transaction", new: "NewDomain") -> Domain:
    """Add a domain without anybody in it; the transaction has to give it an owner before it ends.

    Raises:
        AlreadyExists, Conflict, StorageFailed: as `add`.
    """
    from .users import check_unused

    folder = check_new(tx, new.domain, new.mailbox_directory)
    if folder not in tx.journal.gone:
        check_unused(folder)
    there = _exists(new.mailbox_directory) and not tx.journal.removes_if_empty(new.mailbox_directory)
    domain_id = tx.insert(
        "domain",
        ip_address=new.ip_address,
        ip_based=int(new.ip_based),
        mailbox_directory=new.mailbox_directory,
        made_directory=int(not there),
        storage=folder,
        max_mailboxes=new.max_mailboxes,
        owner_id=0,
        suspended=0,
        mail_host=tx.directory.host,
        created=tx.now,
        changed=tx.now,
        **{feature: int(getattr(new, feature)) for feature in DOMAIN_FEATURES},
    )
    tx.insert("domain_name", name=new.domain, domain_id=domain_id, kind="primary")
    return get_domain(tx, new.domain)


def _exists(path: str) -> bool:
    from . import storage

    try:
        return not storage.missing_from(path)
    except OSError as error:
        raise storage.refused("used", path, error) from None


def edit(tx: "Transaction", change: "DomainChange") -> "Change":
    """Replace a domain's limit and features.

    Raises:
        NotFound: there is no such domain.
        LimitReached: it has more users than the new limit.
    """
    domain = get_domain(tx, change.domain)
    if domain.mailboxes > change.max_mailboxes != -1:
        raise LimitReached(
            f"{domain.mailboxes} users exist in domain {domain.name}, more than the limit {change.max_mailboxes}",
            parameter="MaxMailBoxes",
        )
    after: dict[str, object] = {"max_mailboxes": change.max_mailboxes}
    after |= {feature: int(getattr(change, feature)) for feature in DOMAIN_FEATURES}
    if change.ip_based is not None:
        after["ip_based"] = int(change.ip_based)
    return update(tx, domain, after)


def update(tx: "Transaction", domain: Domain, after: "dict[str, object]") -> "Change":
    """Set columns of a domain."""
    from ..records import Change

    columns = ", ".join(f"{column} = ?" for column in after)
    tx.run(f"UPDATE domain SET {columns}, changed = ? WHERE id = ?", *after.values(), tx.now, domain.id)  # noqa: S608
    return Change(before={column: getattr(domain, column) for column in after}, after=after)


def set_suspended(tx: "Transaction", name: str, *, suspended: bool) -> "Change":
    """Suspend or resume a domain; its users' own suspensions stay as they are.

    Raises:
        NotFound: there is no such domain.
    """
    return update(tx, get_domain(tx, name), {"suspended": int(suspended)})


def change_ip(tx: "Transaction", change: "DomainAddress") -> "Change":
    """Set a domain's IP address.

    Raises:
        NotFound: there is no such domain.
    """
    return update(tx, get_domain(tx, change.domain), {"ip_address": change.ip_address})


def delete(tx: "Transaction", name: str) -> "Change":
    """Delete a domain, everything in it, its mail, and its addresses' places in other domains' lists and catch-alls.

    Raises:
        NotFound: there is no such domain.
        StorageFailed: its mail cannot be removed; then nothing is.
    """
    from ..records import Change

    domain = get_domain(tx, name)
    names = "SELECT name FROM domain_name WHERE domain_id = ?"
    tx.run(f"DELETE FROM list_member WHERE domain IN ({names})", domain.id)  # noqa: S608 - our text
    tx.run(
        f"UPDATE domain SET catch_all_domain = NULL, catch_all_local_part = NULL WHERE catch_all_domain IN ({names})",  # noqa: S608
        domain.id,
    )
    tx.run("DELETE FROM domain WHERE id = ?", domain.id)
    if is_here(tx, domain):
        _remove_folders(tx, domain)
    return Change(before={"mailboxes": domain.mailboxes, "ip_address": domain.ip_address})


def _remove_folders(tx: "Transaction", domain: Domain) -> None:
    tx.journal.remove(domain.storage, domain.mailbox_directory)
    if domain.made_directory:
        folder = domain.mailbox_directory
        tx.run(  # whoever of its users goes last removes it
            "UPDATE domain SET made_directory = 1 WHERE storage > ? AND storage < ? AND mailbox_directory = ?",
            folder + "/",
            folder + "0",
            folder,
        )
        tx.journal.remove_if_empty_at_end(folder)


def add_alias(tx: "Transaction", request: "DomainAlias") -> None:
    """Give a domain another name.

    Raises:
        NotFound: there is no such domain.
        AlreadyExists: the name is taken.
        FeatureDisabled: the domain may have no aliases.
        ForwardLoop: forwards to the name would now run in a circle.
    """
    domain = get_domain(tx, request.domain)
    check_feature(domain, "domain_aliases")
    check_name_free(tx, request.alias)
    insert_alias(tx, domain, request.alias)


def insert_alias(tx: "Transaction", domain: Domain, alias: str) -> None:
    """Give a domain another name, which is free.

    Raises:
        ForwardLoop: as `add_alias`.
    """
    from . import routing

    tx.insert("domain_name", name=alias, domain_id=domain.id, kind="alias")
    routing.check_forwards_to_domain(tx, alias)


def delete_alias(tx: "Transaction", request: "DomainAlias") -> None:
    """Take a name from a domain.

    Raises:
        NotFound: there is no such domain, or the name is not one of its aliases.
    """
    domain = get_domain(tx, request.domain)
    deleted = tx.run(
        "DELETE FROM domain_name WHERE name = ? AND domain_id = ? AND kind = 'alias'", request.alias, domain.id
    )
    if not deleted:
        raise NotFound(f"{request.alias} is not an alias of domain {domain.name}")


def aliases(tx: "Transaction", name: str) -> list[str]:
    """The other names of a domain.

    Raises:
        NotFound: there is no such domain.
    """
    domain = get_domain(tx, name)
    return tx.column("SELECT name FROM domain_name WHERE domain_id = ? AND kind = 'alias' ORDER BY name", domain.id)
