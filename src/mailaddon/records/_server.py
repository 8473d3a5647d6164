"""Requests about the server as a whole, or about any address."""

from __future__ import annotations

from .._record import Record


class Server(Record):
    """A request about the server as a whole: no field."""


class NetworkChange(Record):
    """EChangeNetworkSettings: the server's primary address and host name, before and after."""

    old_ip: str
    old_fqdn: str
    new_ip: str
    new_fqdn: str


class EmailAddress(Record):
    """Any address, hosted here or not."""

    address: str
