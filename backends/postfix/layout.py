"""Where the parts of a mail host are, and under which numbers they run: what `[backends.postfix]` describes.

- etc/postfix, etc/dovecot: configuration, written by `mailaddon host init`
- db: the directory, shared with the daemons' group
- spool, data: Postfix's queue and caches
- run: Dovecot's sockets, our locks
- mail: a place for mail; a panel may name any other
- sieve: the scripts that send automatic replies
- lists: mailing lists, run by mlmmj
- log: postfix.log, dovecot.log, effects.log
"""

import os

from mailaddon.errors import NotConfigured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: Sockets have paths of at most 107 octets; the longest one below the root needs this many.
LONGEST_SOCKET = 45
MAX_ROOT = 107 - LONGEST_SOCKET
#: The offsets of the ports from the base of an instance.
SMTP = 25
REINJECTION = 26
IMAP = 143
SUBMISSION = 587
SIEVE = 4190
PORTS = {"smtp": SMTP, "re-injection": REINJECTION, "imap": IMAP, "submission": SUBMISSION, "sieve": SIEVE}

_OPTIONS: "dict[str, Any]" = {
    "root": "",
    "port_base": 20000,
    "listen": "127.0.0.1",
    "hostname": "mail.localhost",
    "relay": "",
    "group": "mailaddon",
    "policy_user": "mailaddon",
    "list_user": "list",
    "mail_uid": 5000,
    "mail_gid": 5000,
    "reply_days": 1,
}


class Instance:
    """One mail host.

    Attributes:
        root: the folder that holds everything, short enough for sockets.
        port_base: what is added to the usual ports: 20000 makes IMAP 20143.
        listen: the address that the services listen at.
        hostname: what the host calls itself until EChangeNetworkSettings says otherwise.
        relay: `host:port` that takes mail to the outside; "": such mail is refused.
        group: the group that shares the directory with the daemons.
        policy_user: who the policy service runs as.
        list_user: who owns the mailing lists.
        mail_uid: who owns the mail.
        mail_gid: its group.
        reply_days: after how many days a sender gets the same automatic reply again.
    """

    root: str
    port_base: int
    listen: str
    hostname: str
    relay: str
    group: str
    policy_user: str
    list_user: str
    mail_uid: int
    mail_gid: int
    reply_days: int

    def __init__(self, options: "Mapping[str, Any]") -> None:
        for name in options:
            if name not in _OPTIONS:
                raise NotConfigured(f"[backends.postfix]: {name!r} is not an option; known: {', '.join(_OPTIONS)}")
        for name, default in _OPTIONS.items():
            value = options.get(name, default)
            if type(value) is not type(default):
                raise NotConfigured(f"[backends.postfix]: {name} is {value!r}; a {type(default).__name__} is needed")
            setattr(self, name, value)
        if not os.path.isabs(self.root):
            raise NotConfigured("[backends.postfix] has no root, an absolute path; `mailaddon host init` makes one")
        if len(os.fsencode(self.root)) > MAX_ROOT:
            raise NotConfigured(
                f"[backends.postfix]: root {self.root} is longer than {MAX_ROOT} octets, too long for sockets"
            )

    def path(self, *parts: str) -> str:
        """A path below the root."""
        return os.path.join(self.root, *parts)

    def port(self, offset: int) -> int:
        """One of the instance's ports."""
        return self.port_base + offset

    @property
    def directory(self) -> str:
        """The directory's file."""
        return self.path("db", "mail.db")

    @property
    def postfix(self) -> str:
        """The folder of Postfix's configuration."""
        return self.path("etc", "postfix")

    @property
    def dovecot(self) -> str:
        """Dovecot's configuration."""
        return self.path("etc", "dovecot", "dovecot.conf")

    def script(self, domain: str, user: str) -> str:
        """The Sieve script with a user's automatic reply."""
        return self.path("sieve", domain, f"{user}.sieve")
