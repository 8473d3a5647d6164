"""How the daemons of a mail host read the directory: its file, or a PostgreSQL server with a role that sees views only.

Passwords are in files that the daemons' group can read at the most, never in arguments.
"""

import os
import re
from urllib.parse import quote

from mailaddon.directory.store import Directory
from mailaddon.errors import Conflict, MailAddonError, NotConfigured, NotFound
from mailaddon.readiness import reason_of
from mailaddon.records import Problem

from . import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .layout import Instance

_PATIENCE = 5  # s
_PORT = "5432"  # of PostgreSQL
_DENIED = "no-permission"
#: What the reader's URL may set otherwise; a daemon that waits for a server that is away answers nobody.
#: Times in s, but tcp_user_timeout in ms.
_DEFAULTS = {
    "application_name": "mailaddon-lookup",
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


def map_type(instance: "Instance") -> str:
    """What Postfix calls the database."""
    return "pgsql" if instance.in_postgresql else "sqlite"


def for_map(instance: "Instance") -> str:
    """The lines of a map of Postfix."""
    if instance.in_postgresql:
        return f"hosts = {_server(instance)}\ndbname = {reader(instance)}\n"
    return f"dbpath = {instance.directory}\n"


def _server(instance: "Instance") -> str:
    """The server as Postfix names it in its log, where the URL would show the password.

    The URL stands where the database's name does: libpq takes that for all that is not said otherwise.
    """
    given = parameters(instance)
    host = given.get("host", "")
    if not host or "," in host or "hostaddr" in given:  # one default, or several servers: only a URL says that
        return reader(instance)
    if host.startswith("/"):
        return f"unix:{host}"
    return f"inet:{host}:{given.get('port', _PORT)}"  # an IPv6 address without brackets: libpq gets it like this


def for_dovecot(instance: "Instance") -> str:
    """The lines of Dovecot's configuration."""
    if instance.in_postgresql:
        return f"driver = pgsql\nconnect = {reader(instance)}\n"
    return f"driver = sqlite\nconnect = {instance.directory}\n"


def for_policy(instance: "Instance") -> str:
    """The arguments of the policy service; a URL is in a file."""
    if instance.in_postgresql:
        return f"postgresql {_policy_file(instance)}"
    return f"sqlite {instance.directory}"


def files(instance: "Instance") -> "Iterator[tuple[str, str]]":
    """Files that only some databases need, as paths and texts."""
    if instance.in_postgresql:
        yield _policy_file(instance), f"{reader(instance)}\n"


def _policy_file(instance: "Instance") -> str:
    return instance.path("etc", "policy.url")


def parameters(instance: "Instance") -> "dict[str, str]":
    """What libpq makes of the reader's URL.

    Raises:
        NotConfigured: there is none, or it is of no use.
    """
    from psycopg import Error, conninfo

    option = "[backends.postfix]: reader"
    if not instance.reader:
        raise NotConfigured(
            f"{option} is missing; it is the URL of a role that may only look up, such as postgresql://lookup@host/name"
        )
    try:
        found: dict[str, Any] = conninfo.conninfo_to_dict(instance.reader)
        user = conninfo.conninfo_to_dict(instance.directory).get("user")
    except Error:  # what it says quotes passwords
        raise NotConfigured(f"{option} is not a PostgreSQL URL: postgresql://lookup@host/name") from None
    if not found.get("user") or not found.get("dbname"):
        raise NotConfigured(f"{option} names no role or no database: postgresql://lookup@host/name")
    if found["user"] == user:
        raise NotConfigured(f"{option} has the commands' role; daemons read with one that may only look up")
    return {name: str(value) for name, value in found.items()}


def reader(instance: "Instance") -> str:
    """The reader's URL as every libpq and every configuration file takes it: no character in it means anything else.

    Raises:
        NotConfigured: there is none, or it is of no use.
    """
    given = {**_DEFAULTS, **parameters(instance)}
    return "postgresql://?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())


def shown(line: str) -> str:
    """A line of a configuration without the password of a URL."""
    return re.sub(r"(?<=password=)[^&\s]*", "******", line)


def packages(instance: "Instance") -> "dict[str, str]":
    """The files that the daemons need for the database, and Debian's packages that have them."""
    name = map_type(instance)
    return {
        f"/usr/lib/postfix/postfix-{name}.so": f"postfix-{name}",
        f"/usr/lib/dovecot/modules/auth/libdriver_{name}.so": f"dovecot-{name}",
    }


def _directory(instance: "Instance") -> Directory:
    return Directory(instance.path("run"), _PATIENCE, instance.directory)


def _entry(instance: "Instance") -> "dict[str, object]":
    """What the other hosts have to know of this one."""
    ports = {"smtp": layout.SMTP, "lmtp": layout.LMTP, "imap": layout.IMAP, "sieve": layout.SIEVE}
    return {"address": instance.host_address} | {f"{name}_port": instance.port(ports[name]) for name in ports}


def _registered(instance: "Instance", directory: Directory) -> bool:
    entry = _entry(instance)
    with directory.read() as tx:
        row = tx.one(f"SELECT {', '.join(entry)} FROM host WHERE name = ?", instance.host)  # noqa: S608 - our columns
    directory.close()
    return row == tuple(entry.values())


def _register(instance: "Instance") -> None:
    """Tell the other hosts of this one. The first has all that was there before."""
    directory = _directory(instance)
    with directory.write() as tx:
        if tx.one("SELECT 1 FROM host") is None:
            tx.run("UPDATE domain SET mail_host = ?", instance.host)
            tx.run("UPDATE effect SET host = ?", instance.host)
        tx.run("DELETE FROM host WHERE name = ?", instance.host)
        tx.insert("host", name=instance.host, **_entry(instance))
    directory.close()


def forget(instance: "Instance", name: str) -> None:
    """Strike a host out that is gone, with the effects that wait for it.

    Raises:
        NotFound: there is no such host.
        Conflict: it stores domains, or it is this one.
        MailAddonError: the directory cannot be used.
    """
    directory = _directory(instance)
    with directory.write() as tx:
        count = tx.column("SELECT count(*) FROM domain WHERE mail_host = ?", name)[0]
        if count or name == instance.host:
            raise Conflict(f"the host {name} " + (f"stores {count} domains" if count else "is this one"))
        if not tx.run("DELETE FROM host WHERE name = ?", name):
            raise NotFound(f"there is no host {name}")
        tx.run("DELETE FROM effect WHERE host = ?", name)
    directory.close()


def plan(instance: "Instance") -> "Iterator[str]":
    """What `make` would do, line by line.

    Raises:
        MailAddonError: the database cannot be used.
    """
    if not instance.in_postgresql:
        if not os.path.exists(instance.directory):
            yield f"make directory {instance.directory}"
        return
    role, directory = parameters(instance)["user"], _directory(instance)
    upkeep = directory.database.upkeep()
    new = upkeep.version() is None
    if new:
        yield f"make directory {directory.name}"
    if new or upkeep.rights(role)[0]:  # type: ignore[attr-defined] # PostgreSQL's
        yield f"let the role {role} look up in {directory.name}"
    if instance.host and (new or not _registered(instance, directory)):
        yield f"register the host {instance.host} at {instance.host_address}"


def make(instance: "Instance") -> None:
    """Make the directory if there is none, and let the daemons read it.

    Raises:
        MailAddonError: the database cannot be used, or does not know the reader's role.
    """
    steps = list(plan(instance))
    upkeep = _directory(instance).database.upkeep()
    if any(step.startswith("make") for step in steps):
        upkeep.migrate()
    if any(step.startswith("let") for step in steps):
        upkeep.grant(parameters(instance)["user"])  # type: ignore[attr-defined] # PostgreSQL's
    if any(step.startswith("register") for step in steps):
        _register(instance)


def problems(instance: "Instance") -> "Iterator[Problem]":
    """What is wrong with the reader's role."""
    if not instance.in_postgresql:
        return
    import psycopg

    try:
        role, upkeep = parameters(instance)["user"], _directory(instance).database.upkeep()
        hidden, exposed = upkeep.rights(role)  # type: ignore[attr-defined] # PostgreSQL's
        subject = f"role {role}"
        if hidden:
            mend = f"run `mailaddon directory grant {role}`"
            yield Problem(subject=subject, problem=f"it may not read {', '.join(hidden)}", mend=mend, code=_DENIED)
        if exposed:
            mend = "have the daemons read with a role that has no other rights and owns nothing"
            problem = f"it may use the tables {', '.join(exposed)}"
            yield Problem(subject=subject, problem=problem, mend=mend, code="exposed")
        if instance.host and not _registered(instance, _directory(instance)):
            problem = "the other hosts do not know where it is"
            mend = "run `mailaddon host init`"
            yield Problem(subject=f"host {instance.host}", problem=problem, mend=mend, code="not-ready")
        psycopg.connect(reader(instance)).close()
    except MailAddonError as error:
        yield reason_of(error, "directory")
    except psycopg.Error as error:
        mend = "put its password into reader in [backends.postfix], and run `mailaddon host init`"
        problem = f"it cannot log in: {' '.join(str(error).split())}"
        yield Problem(subject=subject, problem=problem, mend=mend, code=_DENIED)
