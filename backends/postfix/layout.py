"""Where the parts of a mail host are, and under which numbers they run: what `[backends.postfix]` describes.

- etc/postfix, etc/dovecot: configuration, written by `mailaddon host init`
- etc/systemd, etc/logrotate.d: what else the machine may run
- db: the directory, if it is a file, shared with the daemons' group
- spool, data: Postfix's queue and caches
- run: Dovecot's sockets, our locks
- mail: a place for mail; a panel may name any other
- sieve: the scripts that send automatic replies
- lists: mailing lists, run by mlmmj
- log: postfix.log, dovecot.log, effects.log
- replaced: what stood outside the root where a file of ours is now

A private host has all of it below its root. The machine's own has what others look for where they look for it.
"""

import os

from mailaddon import values
from mailaddon.directory.store import on_server
from mailaddon.errors import InvalidArgument, NotConfigured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: Sockets have paths of at most 107 octets; the longest one below the root needs this many.
LONGEST_SOCKET = 45
MAX_ROOT = 107 - LONGEST_SOCKET
#: The offsets of the ports from the base of an instance.
LMTP = 24  # between hosts that share a directory
SMTP = 25
REINJECTION = 26
IMAP = 143
SUBMISSIONS = 465
SUBMISSION = 587
IMAPS = 993
SIEVE = 4190
PORTS = {
    "smtp": SMTP,
    "re-injection": REINJECTION,
    "imap": IMAP,
    "submissions": SUBMISSIONS,
    "submission": SUBMISSION,
    "imaps": IMAPS,
    "sieve": SIEVE,
}
LOOPBACK = "127.0.0.1"
LONGEST_HOST = 32
_IN_HOSTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
#: `listen` on every address that the machine has.
ALL = ["all"]
#: Where the machine's own host has its parts; what is not named here is below the root.
_SYSTEM_PLACES = {
    "etc/postfix": "/etc/postfix",
    "etc/dovecot": "/etc/dovecot",
    "etc/systemd": "/etc/systemd/system",
    "etc/logrotate.d": "/etc/logrotate.d",
    "spool": "/var/spool/postfix",
    "data": "/var/lib/postfix",
    "run/dovecot": "/run/dovecot",
    "run/dovecot-state": "/var/lib/dovecot",
    "log": "/var/log/mailhost",
}

_OPTIONS: "dict[str, Any]" = {
    "system": False,
    "root": "",
    "port_base": 20000,
    "listen": [LOOPBACK],
    "hostname": "mail.localhost",
    "relay": "",
    "certificate": "",
    "key": "",
    "user": "",
    "group": "mailaddon",
    "policy_user": "mailaddon-policy",
    "list_user": "list",
    "mail_uid": 5000,
    "mail_gid": 5000,
    "mail_folders": [],
    "sudoers": "/etc/sudoers.d",
    "reply_days": 1,
    "moderate_lists": False,
    "reader": "",
    "host": "",
    "host_address": "",
}
_SYSTEM_OPTIONS: "dict[str, Any]" = {"root": "/var/lib/mailhost", "port_base": 0, "listen": ALL}


class Instance:
    """One mail host.

    Args:
        options: the table `[backends.postfix]`.
        directory: the setting; anything but a URL stands for the file in the root.

    Attributes:
        system: whether it is the machine's own: /etc/postfix, /etc/dovecot and the standard ports.
        root: the folder that holds everything else, short enough for sockets.
        port_base: what is added to the usual ports: 20000 makes IMAP 20143.
        listen: the addresses that the services listen at, or `ALL`.
        hostname: what the host calls itself until EChangeNetworkSettings says otherwise.
        relay: `host:port` that takes mail to the outside; "": a private host refuses such mail, the machine's own asks
            the name servers.
        certificate: an administrator's certificate with its chain; "": one that the host signs itself.
        key: its key.
        user: who runs the commands; "": root.
        group: the group that shares the directory with the daemons.
        policy_user: who the policy service runs as.
        list_user: who owns the mailing lists.
        mail_uid: who owns the mail.
        mail_gid: its group.
        mail_folders: below which folders a user other than root may keep mail; none: `mail` in the root.
        sudoers: where sudo reads who may do what.
        reply_days: after how many days a sender gets the same automatic reply again.
        moderate_lists: whether a mailing list's post by an outsider goes to the domain's owner, and is not refused.
        reader: the URL with which the daemons read a directory in PostgreSQL; "" for a file.
        host: what the hosts that share the directory call this one; "" where there is one only.
        host_address: where the others reach it.
        directory: where the directory is: its file, or the URL with which commands read and write it.
        in_postgresql: whether it is a URL.
    """

    system: bool
    root: str
    port_base: int
    listen: list[str]
    hostname: str
    relay: str
    certificate: str
    key: str
    user: str
    group: str
    policy_user: str
    list_user: str
    mail_uid: int
    mail_gid: int
    mail_folders: list[str]
    sudoers: str
    reply_days: int
    moderate_lists: bool
    reader: str
    host: str
    host_address: str

    def __init__(self, options: "Mapping[str, Any]", directory: str = "") -> None:
        for name in options:
            if name not in _OPTIONS:
                raise NotConfigured(f"[backends.postfix]: {name!r} is not an option; known: {', '.join(_OPTIONS)}")
        defaults = _OPTIONS | _SYSTEM_OPTIONS if options.get("system") is True else _OPTIONS
        for name, default in defaults.items():
            value = options.get(name, default)
            if name == "listen" and type(value) is str:
                value = [value]
            if type(value) is not type(default):
                raise NotConfigured(f"[backends.postfix]: {name} is {value!r}; a {type(default).__name__} is needed")
            setattr(self, name, value)
        self._places = _SYSTEM_PLACES if self.system else {}
        self.in_postgresql = on_server(directory)
        self.directory = directory if self.in_postgresql else self.path("db", "mail.db")
        self._check()
        if self.host:
            self._check_host()

    def _check(self) -> None:
        if not os.path.isabs(self.root):
            raise NotConfigured("[backends.postfix] has no root, an absolute path; `mailaddon host init` makes one")
        if len(os.fsencode(self.root)) > MAX_ROOT:
            raise NotConfigured(
                f"[backends.postfix]: root {self.root} is longer than {MAX_ROOT} octets, too long for sockets"
            )
        if not self.listen or not all(type(address) is str for address in self.listen):
            raise NotConfigured(
                f"[backends.postfix]: listen is {self.listen!r}; an address or a list of them is needed"
            )
        if bool(self.certificate) != bool(self.key):
            raise NotConfigured("[backends.postfix]: certificate and key go together")
        for path in (self.certificate, self.key):
            if path and not os.path.isabs(path):
                raise NotConfigured(f"[backends.postfix]: {path} is not an absolute path")
        if not all(type(folder) is str and os.path.isabs(folder) for folder in self.mail_folders):
            raise NotConfigured(f"[backends.postfix]: mail_folders is {self.mail_folders!r}; absolute paths are needed")
        if self.user == "root":
            self.user = ""
        if self.user and self.user in {self.policy_user, self.list_user}:
            raise NotConfigured(f"[backends.postfix]: user {self.user} can be neither policy_user nor list_user")

    def _check_host(self) -> None:
        """Both stand in queries and in the daemons' configuration."""
        if not self.in_postgresql:
            raise NotConfigured("[backends.postfix]: host is for hosts that share a directory in PostgreSQL")
        if len(self.host) > LONGEST_HOST or not set(self.host) <= _IN_HOSTS:
            raise NotConfigured(
                f"[backends.postfix]: host {self.host!r} is not a name of letters, digits and hyphens in lower case,"
                f" {LONGEST_HOST} at the most"
            )
        if not self.host_address and self.listen != ALL:
            self.host_address = self.listen[0]
        try:
            self.host_address = values.ip_address(self.host_address)
        except InvalidArgument:
            raise NotConfigured("[backends.postfix]: host_address is not an IP address of this host") from None

    def path(self, *parts: str) -> str:
        """Where a part of the host is."""
        wanted = "/".join(parts)
        for place, path in self._places.items():
            if wanted == place or wanted.startswith(f"{place}/"):
                return path + wanted[len(place) :]
        return os.path.join(self.root, wanted)

    def port(self, offset: int) -> int:
        """One of the instance's ports."""
        return self.port_base + offset

    def addresses(self, offset: int) -> "list[str]":
        """Where a port can be reached from this machine; the host's own way in is for the machine only."""
        return [LOOPBACK] if offset == REINJECTION or self.listen == ALL else self.listen

    def options(self) -> "dict[str, Any]":
        """Every option; instead of a URL, which may have a password in it, what shows whether it is another one."""
        from hashlib import sha256

        found = {name: getattr(self, name) for name in _OPTIONS}
        return {**found, "reader": sha256(self.reader.encode()).hexdigest() if self.reader else ""}

    @property
    def owner(self) -> str:
        """Who owns what commands write."""
        return self.user or "root"

    @property
    def folders_of_mail(self) -> "list[str]":
        """Below which folders a user other than root may keep mail."""
        return self.mail_folders or [self.path("mail")]

    @property
    def helper(self) -> str:
        """The program that the user runs as root."""
        return self.path("etc", "mailaddon-host-helper")

    @property
    def label(self) -> str:
        """What tells this host from others on the machine."""
        return "mailhost" if self.system else f"mailhost-{self.port_base}"

    @property
    def certificate_file(self) -> str:
        """The certificate in force."""
        return self.certificate or self.path("etc", "certificate.pem")

    @property
    def key_file(self) -> str:
        """The key in force."""
        return self.key or self.path("etc", "key.pem")

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
