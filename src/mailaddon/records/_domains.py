"""Requests about domains."""

from __future__ import annotations

from .._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..values import Secret


class DomainRef(Record):
    """A domain, by its name."""

    domain: str


class DomainFeatures(Record):
    """Which features a domain has. In a transfer: which parts go along."""

    mailing_lists: bool
    domain_aliases: bool
    distribution_lists: bool
    spam_filters: bool
    user_aliases: bool
    forwards: bool
    autoresponders: bool
    web_access: bool


class NewDomain(DomainFeatures):
    """A domain to add, with its owner, who becomes the first user and the catch-all."""

    domain: str
    ip_address: str
    mailbox_directory: str  # absolute, normalised
    max_mailboxes: int  # -1: unlimited
    owner: str  # local part
    owner_password: Secret
    ip_based: bool


class DomainChange(DomainFeatures):
    """New limits and features of a domain."""

    domain: str
    max_mailboxes: int  # -1: unlimited
    ip_based: bool | None = None  # None: as it is


class DomainAddress(Record):
    """The new IP address of a domain."""

    domain: str
    ip_address: str


class DomainAlias(Record):
    """Another name of a domain."""

    domain: str
    alias: str


class DomainTransfer(DomainFeatures):
    """An export or import of a domain; the flags say which parts."""

    domain: str
    mailbox_directory: str
    location: str  # the folder that holds the exported data
    owner: str


class CatchAll(Record):
    """Where mail to unknown local parts of a domain goes."""

    domain: str
    address: str  # "": nowhere, it is refused
