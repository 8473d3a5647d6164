"""Finding domains and users by name, and what a refusal says when they are not there."""

from __future__ import annotations

from .._record import Record
from ..errors import AlreadyExists, Conflict, FeatureDisabled, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .store import Transaction

#: What the directory calls a kind of address, for a person.
KINDS = {"user": "user", "alias": "user alias", "distribution": "distribution list", "mailing": "mailing list"}
#: A feature's column -> what it is called, and the parameter that switches it.
FEATURES = {
    "mailing_lists": ("mailing lists", "EnableMailingLists"),
    "domain_aliases": ("domain aliases", "EnableDomainAliases"),
    "distribution_lists": ("distribution lists", "EnableDistributonLists"),
    "spam_filters": ("spam filters", "EnableSpamFilters"),
    "user_aliases": ("user aliases", "EnableUserAliases"),
    "forwards": ("forwards", "EnableForwards"),
    "autoresponders": ("autoresponders", "EnableAutoResponders"),
    "web_access": ("web access", "EnableWebAccess"),
}
DOMAIN_FEATURES = tuple(FEATURES)
USER_FEATURES = ("forwards", "autoresponders", "web_access")


class Domain(Record):
    """A row of `domain` with its primary name."""

    name: str
    id: int
    ip_address: str
    ip_based: int
    mailbox_directory: str
    made_directory: int
    storage: str
    max_mailboxes: int
    mailboxes: int
    owner_id: int
    catch_all_local_part: str | None
    catch_all_domain: str | None
    suspended: int
    mailing_lists: int
    domain_aliases: int
    distribution_lists: int
    spam_filters: int
    user_aliases: int
    forwards: int
    autoresponders: int
    web_access: int
    mail_host: str

    @property
    def catch_all(self) -> str:
        """The catch-all's address, or ""."""
        return f"{self.catch_all_local_part}@{self.catch_all_domain}" if self.catch_all_domain else ""


class User(Record):
    """A row of `user` with its local part."""

    name: str
    id: int
    password: str
    first_name: str
    middle_name: str
    last_name: str
    suspended: int
    keep_copy: int
    forwards: int
    autoresponders: int
    web_access: int


_DOMAIN_COLUMNS = ", ".join(["n.name", *(f"d.{column}" for column in Domain._fields[1:])])
_USER_COLUMNS = ", ".join(["a.local_part", *(f"u.{column}" for column in User._fields[1:])])
_DOMAIN_BY_NAME = (
    f"SELECT {_DOMAIN_COLUMNS} FROM domain_name AS n JOIN domain AS d ON d.id = n.domain_id"  # noqa: S608 - our columns
    " WHERE n.name = ? AND n.kind = 'primary'"
)
_DOMAIN_BY_ID = (
    f"SELECT {_DOMAIN_COLUMNS} FROM domain AS d JOIN domain_name AS n ON n.domain_id = d.id AND n.kind = 'primary'"  # noqa: S608
    " WHERE d.id = ?"
)
_USER_BY_NAME = (
    f"SELECT {_USER_COLUMNS} FROM address AS a JOIN user AS u ON u.id = a.id"  # noqa: S608 - our columns
    " WHERE a.domain_id = ? AND a.local_part = ?"
)
_USERS = (
    f"SELECT {_USER_COLUMNS} FROM address AS a JOIN user AS u ON u.id = a.id"  # noqa: S608 - our columns
    " WHERE a.domain_id = ? AND a.kind = 'user' ORDER BY a.local_part"
)


def find_domain(tx: "Transaction", name: str) -> Domain | None:
    """The domain with this primary name."""
    row = tx.one(_DOMAIN_BY_NAME, name)
    return Domain(**dict(zip(Domain._fields, row, strict=True))) if row else None


def is_here(tx: "Transaction", domain: Domain) -> bool:
    """Whether this host stores a domain's mail."""
    return domain.mail_host == tx.directory.host


def check_here(tx: "Transaction", domain: Domain) -> None:
    """Make sure that this host stores a domain's mail.

    Raises:
        Conflict: another one does.
    """
    if not is_here(tx, domain):
        raise Conflict(f"the mail of domain {domain.name} is on the host {domain.mail_host}; run this there")


def domain_by_id(tx: "Transaction", domain_id: int) -> Domain:
    """The domain with this id, which is known to exist."""
    row = tx.one(_DOMAIN_BY_ID, domain_id)
    assert row is not None
    return Domain(**dict(zip(Domain._fields, row, strict=True)))


def get_domain(tx: "Transaction", name: str) -> Domain:
    """The domain with this primary name.

    Raises:
        NotFound: there is none; the message says so when the name is an alias.
    """
    domain = find_domain(tx, name)
    if domain is None:
        owner = owner_of_name(tx, name)
        raise NotFound(f"domain {name} does not exist" + (f"; it is an alias of {owner}" if owner else ""))
    return domain


def owner_of_name(tx: "Transaction", name: str) -> str:
    """The primary name of the domain that has this name, or ""."""
    row = tx.one(
        "SELECT p.name FROM domain_name AS n JOIN domain_name AS p ON p.domain_id = n.domain_id AND p.kind = 'primary'"
        " WHERE n.name = ?",
        name,
    )
    return str(row[0]) if row else ""


def find_user(tx: "Transaction", domain: Domain, name: str) -> User | None:
    """The user with this local part."""
    row = tx.one(_USER_BY_NAME, domain.id, name)
    return User(**dict(zip(User._fields, row, strict=True))) if row else None


def get_user(tx: "Transaction", domain: Domain, name: str) -> User:
    """The user with this local part.

    Raises:
        NotFound: there is none; the message says so when something else has the name.
    """
    user = find_user(tx, domain, name)
    if user is None:
        kind = kind_of(tx, domain, name)
        raise NotFound(f"user {name}@{domain.name} does not exist" + (f"; it is a {KINDS[kind]}" if kind else ""))
    return user


def users_of(tx: "Transaction", domain: Domain) -> list[User]:
    """Every user of a domain, by name."""
    return [User(**dict(zip(User._fields, row, strict=True))) for row in tx.all(_USERS, domain.id)]


def kind_of(tx: "Transaction", domain: Domain, local_part: str) -> str:
    """What has this local part: a key of `KINDS`, or ""."""
    row = tx.one("SELECT kind FROM address WHERE domain_id = ? AND local_part = ?", domain.id, local_part)
    return str(row[0]) if row else ""


def check_free(tx: "Transaction", domain: Domain, local_part: str, kind: str) -> None:
    """Make sure that nothing in the domain has this local part.

    Raises:
        AlreadyExists: something has; the message says what.
    """
    present = kind_of(tx, domain, local_part)
    if present == kind:
        raise AlreadyExists(f"{KINDS[kind]} {local_part}@{domain.name} already exists")
    if present:
        raise AlreadyExists(f"{local_part}@{domain.name} already exists as a {KINDS[present]}")


def check_feature(domain: Domain, feature: str, user: User | None = None) -> None:
    """Make sure that a domain, and a user where one is given, has a feature.

    Raises:
        FeatureDisabled: one of them has not; the message names the feature.
    """
    name, parameter = FEATURES[feature]
    if not getattr(domain, feature):
        raise FeatureDisabled(f"{name} are disabled for domain {domain.name} ({parameter} is 0)")
    if user is not None and not getattr(user, feature):
        raise FeatureDisabled(f"{name} are disabled for user {user.name}@{domain.name} (User{parameter} is 0)")


def names_of(tx: "Transaction", domain: Domain) -> list[str]:
    """Every name of a domain, the primary one first."""
    return tx.column("SELECT name FROM domain_name WHERE domain_id = ? ORDER BY kind DESC, name", domain.id)


def split(address: str) -> tuple[str, str]:
    """The local part and the domain of a validated address."""
    local_part, _, domain = address.rpartition("@")
    return local_part, domain
