"""Requests about users."""

from __future__ import annotations

from .._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..values import Secret


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


class AutoResponderSetting(Record):
    """The reply that a user's mailbox sends."""

    domain: str
    user: str
    subject: str
    message: str
