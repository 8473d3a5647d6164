"""What the SDK's own read operations return."""

from __future__ import annotations

from .._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._domains import DomainFeatures
    from ._lists import MailingListMember
    from ._users import UserFeatures


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
