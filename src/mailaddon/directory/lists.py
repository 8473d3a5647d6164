"""Distribution lists and mailing lists, their members, and spam filters."""

from ..errors import AlreadyExists, NotFound
from .names import KINDS, Domain, check_feature, check_free, get_domain, kind_of, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import SpamFilter
    from .store import Transaction

DISTRIBUTION = "distribution"
MAILING = "mailing"
_FEATURE = {DISTRIBUTION: "distribution_lists", MAILING: "mailing_lists"}


def add(tx: "Transaction", kind: str, domain_name: str, name: str) -> None:
    """Add a list without members.

    Raises:
        NotFound: there is no such domain.
        AlreadyExists: something in the domain has the name.
        FeatureDisabled: the domain may have no lists of this kind.
    """
    domain = get_domain(tx, domain_name)
    check_feature(domain, _FEATURE[kind])
    check_free(tx, domain, name, kind)
    insert(tx, kind, domain, name)


def insert(tx: "Transaction", kind: str, domain: Domain, name: str) -> int:
    """Add a list whose name is free; its id."""
    return tx.insert("address", domain_id=domain.id, local_part=name, kind=kind, created=tx.now)


def delete(tx: "Transaction", kind: str, domain_name: str, name: str) -> None:
    """Delete a list with its members' entries; lists and catch-alls that it was in lose it.

    Raises:
        NotFound: there is no such list.
    """
    from . import routing

    domain = get_domain(tx, domain_name)
    tx.run("DELETE FROM address WHERE id = ?", list_id(tx, kind, domain, name))
    routing.leave_lists(tx, domain, [name])
    routing.clear_catch_alls(tx, domain, [name])


def list_id(tx: "Transaction", kind: str, domain: Domain, name: str) -> int:
    """The id of a list.

    Raises:
        NotFound: there is none of this kind; the message says so when something else has the name.
    """
    row = tx.one("SELECT id FROM address WHERE domain_id = ? AND local_part = ? AND kind = ?", domain.id, name, kind)
    if row is None:
        present = kind_of(tx, domain, name)
        hint = f"; it is a {KINDS[present]}" if present else ""
        raise NotFound(f"{KINDS[kind]} {name}@{domain.name} does not exist{hint}")
    return int(row[0])


def lists(tx: "Transaction", kind: str, domain_name: str) -> list[str]:
    """The names of a domain's lists of one kind.

    Raises:
        NotFound: there is no such domain.
    """
    domain = get_domain(tx, domain_name)
    return tx.column(
        "SELECT local_part FROM address WHERE domain_id = ? AND kind = ? ORDER BY local_part", domain.id, kind
    )


def members(tx: "Transaction", kind: str, domain_name: str, name: str) -> list[str]:
    """The addresses of a list's members.

    Raises:
        NotFound: there is no such list.
    """
    row_id = list_id(tx, kind, get_domain(tx, domain_name), name)
    return tx.column("SELECT local_part || '@' || domain FROM list_member WHERE list_id = ?", row_id)


def add_member(
    tx: "Transaction", kind: str, domain_name: str, name: str, address: str, display_name: str | None = None
) -> None:
    """Add a member to a list.

    Args:
        tx: the transaction.
        kind: of the list.
        domain_name: the list's domain.
        name: the list's local part.
        address: the member.
        display_name: the member's name; None in a distribution list.

    Raises:
        NotFound: there is no such list.
        AlreadyExists: the address is a member.
        FeatureDisabled: the domain may have no lists of this kind.
    """
    domain = get_domain(tx, domain_name)
    row_id = list_id(tx, kind, domain, name)
    check_feature(domain, _FEATURE[kind])
    if not insert_member(tx, kind, row_id, address, display_name):
        raise AlreadyExists(f"{address} is a member of {KINDS[kind]} {name}@{domain.name} already")


def insert_member(tx: "Transaction", kind: str, row_id: int, address: str, display_name: str | None) -> bool:
    """Add a member; whether it was none before."""
    local_part, host = split(address)
    return tx.insert_new(
        "list_member", list_id=row_id, list_kind=kind, domain=host, local_part=local_part, display_name=display_name
    )


def delete_member(tx: "Transaction", kind: str, domain_name: str, name: str, address: str) -> None:
    """Delete a member from a list.

    Raises:
        NotFound: there is no such list, or the address is no member.
    """
    domain = get_domain(tx, domain_name)
    row_id = list_id(tx, kind, domain, name)
    local_part, host = split(address)
    deleted = tx.run(
        "DELETE FROM list_member WHERE list_id = ? AND domain = ? AND local_part = ?", row_id, host, local_part
    )
    if not deleted:
        raise NotFound(f"{address} is not a member of {KINDS[kind]} {name}@{domain.name}")


def filters(tx: "Transaction", domain_name: str) -> list[str]:
    """The addresses of a domain's spam filters of all types.

    Raises:
        NotFound: there is no such domain.
    """
    domain = get_domain(tx, domain_name)
    return tx.column("SELECT DISTINCT address FROM spam_filter WHERE domain_id = ? ORDER BY address", domain.id)


def add_filter(tx: "Transaction", request: "SpamFilter") -> None:
    """Add a spam filter.

    Raises:
        NotFound: there is no such domain.
        AlreadyExists: the filter exists.
        FeatureDisabled: the domain may have no spam filters.
    """
    domain = get_domain(tx, request.domain)
    check_feature(domain, "spam_filters")
    if not tx.insert_new("spam_filter", domain_id=domain.id, address=request.address, type=request.type):
        raise AlreadyExists(f"{request.type} spam filter {request.address} of domain {domain.name} already exists")


def delete_filter(tx: "Transaction", domain_name: str, address: str) -> None:
    """Delete every spam filter with this address.

    Raises:
        NotFound: there is no such domain, or no such filter.
    """
    domain = get_domain(tx, domain_name)
    if not tx.run("DELETE FROM spam_filter WHERE domain_id = ? AND address = ?", domain.id, address):
        raise NotFound(f"domain {domain.name} has no spam filter {address}")
