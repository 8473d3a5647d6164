"""What hooks get and give: one immutable record per shape of request, and the few shapes of results.

Every text in a request has been validated and is in its canonical form (lower case, ASCII domain names), so a hook
never checks a name again. Fields have the field's own names; which guide parameter fills which one stands in the
operation table. A field added later has a default, so a plugin written today keeps working.
"""

from __future__ import annotations

from ._record import Record
from .values import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "AutoResponder",
    "AutoResponderSetting",
    "CatchAll",
    "Change",
    "DomainAddress",
    "DomainAlias",
    "DomainChange",
    "DomainFeatures",
    "DomainInfo",
    "DomainRef",
    "DomainTransfer",
    "EmailAddress",
    "Forward",
    "ListInfo",
    "ListMember",
    "ListRef",
    "MailingListInfo",
    "MailingListMember",
    "NetworkChange",
    "NewDomain",
    "NewUser",
    "Problem",
    "Record",
    "Resolution",
    "Secret",
    "Server",
    "SpamFilter",
    "SpamFilterRef",
    "UserAlias",
    "UserChange",
    "UserFeatures",
    "UserInfo",
    "UserRef",
    "UserTransfer",
]


# Requests


class Server(Record):
    """A request about the server as a whole: no field."""


class NetworkChange(Record):
    """EChangeNetworkSettings: the server's primary address and host name, before and after."""

    old_ip: str
    old_fqdn: str
    new_ip: str
    new_fqdn: str


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


class ListRef(Record):
    """A distribution list or a mailing list, by its name."""

    domain: str
    name: str


class ListMember(Record):
    """A member of a list, by its address."""

    domain: str
    name: str
    address: str


class MailingListMember(ListMember):
    """A member to be added to a mailing list."""

    display_name: str


class SpamFilterRef(Record):
    """Every filter of a domain with this address, whatever its type."""

    domain: str
    address: str


class SpamFilter(SpamFilterRef):
    """What a domain blocks: mail from an address, from a domain and its subdomains, or from a host or network."""

    type: str  # EMAIL, IP or DOMAIN


class UserRef(Record):
    """A user, by domain and local part."""

    domain: str
    user: str


class UserFeatures(Record):
    """Which features a user has; in force only as far as the domain has them too."""

    forwards: bool
    autoresponders: bool
    web_access: bool


class NewUser(UserFeatures):
    """A user to add."""

    domain: str
    user: str
    password: Secret
    first_name: str
    middle_name: str
    last_name: str


class UserChange(NewUser):
    """New values for every field of a user; an empty password keeps the present one."""


class UserTransfer(UserFeatures):
    """An export or import of one user; the flags say which parts."""

    domain: str
    user: str
    mailbox_directory: str
    location: str


class UserAlias(Record):
    """Another local part of a user."""

    domain: str
    user: str
    alias: str


class Forward(Record):
    """An address that a user's mail is forwarded to."""

    domain: str
    user: str
    address: str


class CatchAll(Record):
    """Where mail to unknown local parts of a domain goes."""

    domain: str
    address: str  # "": nowhere, it is refused


class AutoResponderSetting(Record):
    """The reply that a user's mailbox sends."""

    domain: str
    user: str
    subject: str
    message: str


class EmailAddress(Record):
    """Any address, hosted here or not."""

    address: str


# Results


class Change(Record):
    """What an operation changed, for the change event. Returning it is optional; it never holds a secret."""

    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


class AutoResponder(Record):
    """A user's autoresponder."""

    subject: str
    message: str


class UserInfo(Record):
    """A user as the directory has it."""

    id: int
    user: str
    suspended: bool
    first_name: str
    middle_name: str
    last_name: str
    features: UserFeatures
    aliases: Sequence[str]
    forwards: Sequence[str]
    keep_copy: bool  # of forwarded mail
    autoresponder: bool


class ListInfo(Record):
    """A list as the directory has it."""

    id: int
    name: str
    kind: str  # distribution or mailing
    members: int


class MailingListInfo(Record):
    """A mailing list with its members."""

    domain: str
    name: str
    members: Sequence[MailingListMember]  # by address


class DomainInfo(Record):
    """A domain as the directory has it."""

    id: int
    domain: str
    aliases: Sequence[str]
    ip_address: str
    ip_based: bool
    mailbox_directory: str
    owner: str
    catch_all: str
    max_mailboxes: int
    mailboxes: int
    suspended: bool
    features: DomainFeatures
    users: Sequence[UserInfo]
    lists: Sequence[ListInfo]
    spam_filters: Sequence[str]


class Resolution(Record):
    """Where mail to an address goes, and why: a tree whose leaves are mailboxes, outside addresses and refusals.

    `action` is one of `mailbox`, `alias`, `domain-alias`, `forward`, `list`, `catch-all`, `mailing-list`, `outside`,
    `deferred`, `refused`, `loop`.
    """

    address: str
    action: str
    reason: str
    targets: Sequence[Resolution] = ()


class Problem(Record):
    """Something that a backend's check found, and the mend."""

    subject: str
    problem: str
    mend: str
    severe: bool = True
    code: str = "other"  # one of `readiness.REASONS`, or x-<vendor>-<name>
