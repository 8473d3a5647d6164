"""Who may do what with every file, folder and socket of a mail host: one table, for documentation and check."""

from __future__ import annotations

import glob
import grp
import os
import pwd
import stat

from mailaddon import home as homes
from mailaddon.records import Problem, Record
from mailaddon.settings import FILE

from .configuration import files
from .installing import folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .layout import Instance

_INIT = "run `mailaddon host init`"
_PRIVATE = 0o700
_SHOWN = 3  # of the same kind


class Right(Record):
    """The rights of a path.

    Attributes:
        path: below the root, or absolute; `*` stands for any name, `<mail>` for where domains keep their mail.
        mode: its rights.
        owner: by name or number; "" for any.
        group: as the owner.
        needed: who needs them, for a person.
        made: whether it is always there.
        at_most: whether it may have fewer rights.
    """

    path: str
    mode: int
    owner: str
    group: str
    needed: str
    made: bool = False
    at_most: bool = False


#: Who needs what `host init` makes.
_NEEDED = {
    ".": "everybody passes through",
    "etc": "everybody reads what has no secret in it",
    "etc/postfix": "Postfix",
    "etc/postfix/main.cf": "Postfix, and commands that look at the marked block",
    "etc/postfix/master.cf": "as main.cf",
    "etc/postfix/sql": "proxymap",
    "etc/postfix/sql/*": "proxymap",
    "etc/dovecot": "Dovecot",
    "etc/dovecot/dovecot.conf": "Dovecot, and sievec for commands",
    "etc/dovecot/dovecot-sql.conf.ext": "Dovecot's master, before it gives up root",
    "etc/policy.py": "policy service",
    "etc/policy.url": "policy service",
    "etc/systemd": "systemd",
    "etc/systemd/*": "systemd",
    "etc/logrotate.d": "logrotate",
    "etc/logrotate.d/*": "logrotate",
    "etc/mailaddon-host-helper": "sudo, for commands; what it is made of belongs to root, too",
    "db": "commands write; proxymap, auth workers and policy service read",
    "spool": "Postfix",
    "data": "Postfix",
    "run": "everybody passes through",
    "mail": "passed through",
    "sieve": "commands write, deliveries read",
    "lists": "passed through; only root makes lists",
    "log": "root writes; commands and `host log` read",
}
#: Sockets of Dovecot that everybody may use: they tell nothing, or only about who asks.
_OPEN_SOCKETS = frozenset({"auth-userdb", "dns-client", "imap-urlauth", "indexer", "stats-writer"})


def table(instance: Instance) -> list[Right]:
    """Every row."""
    i = instance
    mail = f"{i.mail_uid}"
    file = [
        Right(path="db/mail.db", mode=0o660, owner=i.owner, group=i.group, needed="as `db`; it has all hashes"),
        Right(path="db/mail.db-*", mode=0o660, owner="", group=i.group, needed="as `db`", at_most=True),
    ]
    follower = [
        Right(path="run/follow.pid", mode=0o644, owner=i.owner, group=i.group, needed="`host follow`", made=True),
        Right(path="log/follow.log", mode=0o640, owner=i.owner, group=i.group, needed="`host follow`", made=True),
    ]
    return [
        *_made(i),
        Right(path="etc/key.pem", mode=0o600, owner="root", group="root", needed="masters, before they give up root"),
        Right(path="etc/certificate.pem", mode=0o644, owner="root", group="root", needed="everybody is shown it"),
        *(follower if i.in_postgresql else file),
        Right(path="replaced", mode=_PRIVATE, owner="root", group="root", needed="`host restore`"),
        Right(path="run/effects.lock", mode=0o600, owner=i.owner, group=i.group, needed="commands", made=True),
        Right(path="run/services.lock", mode=0o600, owner="root", group="root", needed="start and stop"),
        Right(path="log/effects.log", mode=0o640, owner=i.owner, group=i.group, needed="commands", made=True),
        Right(path="log/postfix.log", mode=0o640, owner="", group=i.group, needed="as `log`", made=True),
        Right(path="log/dovecot.log", mode=0o640, owner="", group=i.group, needed="as `log`", made=True),
        Right(
            path="<mail>/*",
            mode=0o710,
            owner=i.owner,
            group=f"{i.mail_gid}",
            needed="passed through only: a late delivery cannot bring back a deleted mailbox",
        ),
        Right(path="<mail>/*/*", mode=_PRIVATE, owner=mail, group=f"{i.mail_gid}", needed="deliveries and sessions"),
        Right(path="sieve/*", mode=0o2755, owner=i.owner, group="", needed="who may enter `sieve`", at_most=True),
        Right(path="sieve/*/*", mode=0o644, owner=i.owner, group="", needed="who may enter `sieve`", at_most=True),
        Right(path="lists/*", mode=0o711, owner="root", group="root", needed="passed through"),
        Right(path="lists/*/*", mode=_PRIVATE, owner=i.list_user, group="", needed="mlmmj"),
        *(
            Right(path=f"spool/{name}", mode=_PRIVATE, owner="postfix", group="root", needed="Postfix: mail that waits")
            for name in ("active", "bounce", "corrupt", "defer", "deferred", "hold", "incoming")
        ),
        Right(path="spool/private", mode=_PRIVATE, owner="postfix", group="root", needed="Postfix: its sockets"),
        Right(path="spool/public", mode=0o710, owner="postfix", group="postdrop", needed="Postfix's own programs"),
        Right(path="spool/maildrop", mode=0o730, owner="postfix", group="postdrop", needed="Postfix's own programs"),
        Right(path="run/dovecot/login", mode=0o750, owner="root", group="dovenull", needed="logins of strangers"),
        Right(path="run/dovecot/token-login", mode=0o750, owner="root", group="dovenull", needed="as `login`"),
        Right(path="run/dovecot/auth-postfix", mode=0o600, owner="postfix", group="", needed="submission: passwords"),
        Right(path="run/dovecot/lmtp-postfix", mode=0o600, owner="postfix", group="", needed="Postfix delivers"),
        Right(
            path="run/dovecot/auth-worker", mode=0o600, owner="dovecot", group="", needed="Dovecot reads the directory"
        ),
        Right(path="run/dovecot/auth-master", mode=0o600, owner="root", group="", needed="Dovecot, doveadm of root"),
    ]


def _made(instance: Instance) -> Iterator[Right]:
    for path, mode, owner, group in folders(instance):
        yield _needed(instance, path, mode, owner, group)
    for file in files(instance):
        yield _needed(instance, file.path, file.mode, "root", file.group or "root")


def _needed(instance: Instance, path: str, mode: int, owner: str, group: str) -> Right:
    name = os.path.relpath(path, instance.root) if f"{path}/".startswith(f"{instance.root}/") else path
    needed = _NEEDED.get(name) or _NEEDED.get(f"{os.path.dirname(name)}/*", "the machine")
    if os.path.dirname(path) == instance.sudoers:
        needed = "sudo"
    return Right(path=name, mode=mode, owner=owner, group=group, needed=needed, made=True)


def documented(instance: Instance) -> str:
    """The table as Markdown; what has everything in common is one line."""
    rows: dict[tuple[str, str], list[str]] = {}
    for right in table(instance):
        name = f"{os.path.dirname(right.path)}/*" if right.path.startswith("etc/postfix/sql/") else right.path
        rights = f"{right.owner or 'any'}, {right.group or 'any'}, {right.mode:04o}{' at most' * right.at_most}"
        names = rows.setdefault((rights, right.needed), [])
        if f"`{name}`" not in names:
            names.append(f"`{name}`")
    lines = [f"| {', '.join(names)} | {rights} | {needed} |\n" for (rights, needed), names in rows.items()]
    return "".join(["| What | Owner, group, rights | Who needs it |\n| --- | --- | --- |\n", *lines])


def problems(instance: Instance, storages: Iterable[str]) -> Iterator[Problem]:
    """What has other rights than the table says.

    Args:
        instance: the host.
        storages: the folders of all domains' mail.
    """
    for right in table(instance):
        found = [problem for path in _paths(instance, right, storages) for problem in _problem(path, right)]
        yield from found[:_SHOWN]
        if len(found) > _SHOWN:
            problem = f"{len(found) - _SHOWN} more like this"
            yield Problem(subject=right.path, problem=problem, mend=_INIT, code=found[-1].code)
    yield from _sockets(instance)


def _paths(instance: Instance, right: Right, storages: Iterable[str]) -> Iterator[str]:
    if right.path == "<mail>/*":
        yield from storages
    elif right.path == "<mail>/*/*":
        for folder in storages:
            yield from _below(folder)
    elif "*" in right.path:
        yield from glob.iglob(glob.escape(instance.root) + "/" + right.path)
    else:
        yield right.path if os.path.isabs(right.path) else instance.path(*right.path.split("/"))


def _below(folder: str) -> Iterator[str]:
    """The users' folders; what is on its way to be removed is none."""
    try:
        with os.scandir(folder) as entries:
            yield from (entry.path for entry in entries if not entry.name.startswith("."))
    except OSError:
        return  # that it cannot be used is found out elsewhere


def _problem(path: str, right: Right) -> Iterator[Problem]:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        if right.made:
            yield Problem(subject=path, problem="it does not exist", mend=_INIT, code="missing-file")
        return
    except PermissionError:
        return  # only root can look at everything
    mode = stat.S_IMODE(status.st_mode)
    fits = not mode & ~right.mode if right.at_most else mode == right.mode
    fits &= _is(right.owner, status.st_uid, group=False) and _is(right.group, status.st_gid, group=True)
    if stat.S_ISLNK(status.st_mode):
        mend = "put the folder or file itself there"
        yield Problem(subject=path, problem="it is a symbolic link", mend=mend, code="misconfigured")
    elif not fits:
        wanted = f"{right.owner or 'any'}:{right.group or 'any'} {right.mode:04o}"
        code = "exposed" if mode & ~right.mode else "no-permission"
        yield Problem(subject=path, problem=f"its rights are not {wanted}", mend=_INIT, code=code)


def _is(wanted: str, number: int, *, group: bool) -> bool:
    if not wanted:
        return True
    if wanted.isdigit():
        return int(wanted) == number
    try:
        return number == (grp.getgrnam(wanted).gr_gid if group else pwd.getpwnam(wanted).pw_uid)
    except KeyError:
        return False


def _sockets(instance: Instance) -> Iterator[Problem]:
    folder = instance.path("run", "dovecot")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return  # Dovecot has never run
    for name in names:
        try:
            status = os.lstat(os.path.join(folder, name))
        except FileNotFoundError:  # gone since the folder was read
            continue
        if stat.S_ISSOCK(status.st_mode) and status.st_mode & 0o007 and name not in _OPEN_SOCKETS:
            yield Problem(
                subject=os.path.join(folder, name),
                problem="everybody may use this socket",
                mend="give its unix_listener in dovecot.conf another mode",
                code="exposed",
            )


def of_home(instance: Instance, home: str) -> Iterator[Problem]:
    """What others can read in the home, where hashes and passwords may be."""
    for path, most in ((home, homes.PRIVATE_FOLDER), (os.path.join(home, FILE), 0o640)):
        right = Right(path=path, mode=most, owner=instance.owner, group="", needed="commands", at_most=True)
        yield from _problem(path, right)
