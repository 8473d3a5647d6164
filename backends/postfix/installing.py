"""`mailaddon host init`: making a private instance, and saying beforehand what that would change."""

import difflib
import grp
import json
import os
import pwd
from collections.abc import Iterator

from mailaddon.errors import NotConfigured, StorageFailed

from . import certificates, databases, services
from ._record import File
from .configuration import DAEMONS, MLMMJ, PROGRAMS, PYTHON, files
from .files import replace, settle, split_block
from .layout import Instance

PACKAGES = {
    f"{PROGRAMS}/postfix": "postfix",
    services.DOVECOT: "dovecot-core",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    services.SIEVEC: "dovecot-sieve",
    "/usr/lib/dovecot/managesieve": "dovecot-managesieved",
    MLMMJ: "mlmmj",
    certificates.OPENSSL: "openssl",
    PYTHON: "python3",
    f"{DAEMONS}/master": "postfix",
}


def missing_packages(instance: Instance) -> list[str]:
    """Debian's packages that a mail host needs and the machine does not have."""
    needed = {**PACKAGES, **databases.packages(instance)}
    return sorted({package for path, package in needed.items() if not os.path.exists(path)})


def folders(instance: Instance) -> "list[tuple[str, int, str, str]]":
    """Every folder: its path, rights, owner and group."""
    i = instance
    return [
        (i.root, 0o755, "root", "root"),
        *([] if i.in_postgresql else [(i.path("db"), 0o2770, "root", i.group)]),
        (i.path("etc"), 0o755, "root", "root"),
        (i.path("etc", "postfix"), 0o755, "root", "root"),
        (i.path("etc", "postfix", "sql"), 0o750, "root", "postfix"),
        (i.path("etc", "dovecot"), 0o755, "root", "root"),
        (i.path("spool"), 0o755, "root", "root"),
        (i.path("data"), 0o700, "postfix", "postfix"),
        (i.path("run"), 0o755, "root", "root"),
        (i.path("mail"), 0o711, "root", "root"),
        (i.path("sieve"), 0o2750, "root", f"{i.mail_gid}"),
        (i.path("lists"), 0o711, "root", "root"),
        (i.path("log"), 0o755, "root", "root"),
    ]


def gid_of(group: str) -> int:
    """The number of a group, given by name or number."""
    return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid


def accounts(instance: Instance) -> "list[list[str]]":
    """The commands that make the group and the users that are missing."""
    commands = []
    names = {entry.gr_name: entry.gr_mem for entry in grp.getgrall()}
    if instance.group not in names:
        commands.append(["/usr/sbin/groupadd", "--system", instance.group])
    if instance.policy_user not in {entry.pw_name for entry in pwd.getpwall()}:
        commands.append(
            ["/usr/sbin/useradd", "--system", "--gid", instance.group, "--no-create-home", "--home-dir", "/nonexistent",
             "--shell", "/usr/sbin/nologin", instance.policy_user]
        )  # fmt: skip
    if "postfix" not in names.get(instance.group, ()):
        commands.append(["/usr/sbin/usermod", "--append", "--groups", instance.group, "postfix"])
    return commands


def settings_text(instance: Instance) -> str:
    """What mailaddon.toml has to say. A URL may have a password in it, and has been read from there."""
    directory = "" if instance.in_postgresql else f"directory = {json.dumps(instance.directory)}\n"
    return (
        f'backend = "postfix"\n{directory}\n'
        f"[backends.postfix]\nroot = {json.dumps(instance.root)}\nport_base = {instance.port_base}\n"
        f"hostname = {json.dumps(instance.hostname)}\nrelay = {json.dumps(instance.relay)}\n"
    )


def plan(instance: Instance) -> Iterator[str]:
    """What `install` would do, line by line; nothing, if everything is as it has to be."""
    yield from (" ".join(command) for command in accounts(instance))
    yield from (f"make folder {path}" for path, *_rights in folders(instance) if not os.path.isdir(path))
    if certificates.needed(instance):
        yield f"make a certificate for {instance.hostname}"
    for file in files(instance):
        present = read(file.path)
        if bare(present) != bare(file.text):
            yield from (
                databases.shown(line.rstrip("\n"))
                for line in difflib.unified_diff(
                    present.splitlines(), file.text.splitlines(), file.path, file.path, lineterm=""
                )
            )
    yield from databases.plan(instance)


def read(path: str) -> str:
    """A file's text, or "" if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def bare(text: str) -> str:
    """A configuration without the lines that come from the directory."""
    before, _block, after = split_block(text)
    return before + after


def install(instance: Instance) -> None:
    """Make what is missing, and give every file the content and the rights that it has to have.

    Raises:
        NotConfigured: the machine lacks something, or the caller is not root.
        StorageFailed: the file system refuses.
    """
    if os.geteuid() != 0:
        raise NotConfigured("Postfix and Dovecot start as root, so this needs root")
    missing = missing_packages(instance)
    if missing:
        raise NotConfigured(f"missing packages: apt-get install --no-install-recommends {' '.join(missing)}")
    for command in accounts(instance):
        services.run(*command)
    try:
        for path, mode, owner, group in folders(instance):
            os.makedirs(path, exist_ok=True)
            os.chown(path, pwd.getpwnam(owner).pw_uid, gid_of(group))
            os.chmod(path, mode)
        if certificates.needed(instance):
            certificates.issue(instance, instance.hostname)
        for file in files(instance):
            _write(file)
    except OSError as error:
        raise StorageFailed(f"{error.filename or instance.root} cannot be made: {error.strerror}") from None
    databases.make(instance)


def _write(file: File) -> None:
    present = read(file.path)
    text = file.text
    if split_block(present)[2]:  # the block from the directory stays as it is
        before, _block, after = split_block(text)
        text = before + split_block(present)[1] + after
    gid = gid_of(file.group) if file.group else 0
    if text != present:
        replace(file.path, text.encode(), file.mode, gid)
        settle(file.path)
    os.chown(file.path, 0, gid)
    os.chmod(file.path, file.mode)
