"""Requests about lists and spam filters."""

from __future__ import annotations

from .._record import Record


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
