"""`mailaddon host init`: making a host, and saying beforehand what that would change."""

import difflib
import grp
import json
import os
import pwd
import socket
import stat
from collections.abc import Iterator, Sequence

from mailaddon.directory.store import Directory
from mailaddon.errors import NotConfigured, StorageFailed, Unavailable

from . import certificates, databases, keeping, layout, service, services, units
from ._record import File
from .configuration import DAEMONS, MLMMJ, PROGRAMS, PYTHON, files, main_cf
from .effects import perform
from .files import replace, settle, split_block
from .kinds import NETWORK
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
_PATIENCE = 5  # s
#: Parameters of Postfix that a reload does not change.
_FROM_THE_START = ("inet_interfaces", "inet_protocols", "queue_directory", "maillog_file", "mail_owner")


def missing_packages(instance: Instance) -> list[str]:
    """Debian's packages that a mail host needs and the machine does not have."""
    needed = {**PACKAGES, **databases.packages(instance)}
    return sorted({package for path, package in needed.items() if not os.path.exists(path)})


def folders(instance: Instance) -> "list[tuple[str, int, str, str]]":
    """Every folder: its path, rights, owner and group."""
    i = instance
    return [
        (i.root, 0o755, "root", "root"),
        *([] if i.in_postgresql else [(i.path("db"), 0o2770, i.owner, i.group)]),
        (i.path("etc"), 0o755, "root", "root"),
        (i.path("etc", "postfix"), 0o755, "root", "root"),
        (i.path("etc", "postfix", "sql"), 0o750, "root", "postfix"),
        (i.path("etc", "dovecot"), 0o755, "root", "root"),
        (i.path("etc", "systemd"), 0o755, "root", "root"),
        (i.path("etc", "logrotate.d"), 0o755, "root", "root"),
        (i.path("spool"), 0o755, "root", "root"),
        (i.path("data"), 0o700, "postfix", "postfix"),
        (i.path("run"), 0o755, "root", "root"),
        (i.path("mail"), 0o711, i.owner, "root"),
        (i.path("sieve"), 0o750, i.owner, f"{i.mail_gid}"),
        (i.path("lists"), 0o711, "root", "root"),
        (i.path("log"), 0o750, "root", i.group),
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
    return commands + service.accounts(instance)


def settings_text(instance: Instance) -> str:
    """What mailaddon.toml has to say. A URL may have a password in it, and has been read from there."""
    directory = "" if instance.in_postgresql else f"directory = {json.dumps(instance.directory)}\n"
    place = "system = true\n" if instance.system else f"port_base = {instance.port_base}\n"
    if not instance.system or instance.root != Instance({"system": True}).root:
        place = f"root = {json.dumps(instance.root)}\n{place}"
    listen = f"listen = {json.dumps(instance.listen)}\n"
    if instance.listen == Instance({"system": instance.system, "root": instance.root}).listen:
        listen = ""
    certificate = f"certificate = {json.dumps(instance.certificate)}\nkey = {json.dumps(instance.key)}\n"
    return (
        f'backend = "postfix"\n{directory}\n'
        f"[backends.postfix]\n{place}hostname = {json.dumps(instance.hostname)}\n"
        f"relay = {json.dumps(instance.relay)}\n{listen}{certificate if instance.certificate else ''}"
        + (f"user = {json.dumps(instance.user)}\n" if instance.user else "")
    )


def plan(instance: Instance, *, in_full: bool = False) -> Iterator[str]:
    """What `install` would do, line by line; nothing, if everything is as it has to be.

    Args:
        instance: the host.
        in_full: show new files line by line, too, not only what changes.
    """
    yield from (" ".join(command) for command in accounts(instance))
    yield from (f"make folder {path}" for path, *_rights in folders(instance) if not os.path.isdir(path))
    if certificates.needed(instance):
        yield f"make a certificate for {instance.hostname}"
    for file in files(instance):
        present = read(file.path)
        if not present and not in_full:
            yield f"write {file.path}"
        elif bare(present) != bare(file.text):
            if present and keeping.outside(instance, file.path):
                yield f"keep {file.path} below {instance.path('replaced')}"
            yield from (
                databases.shown(line.rstrip("\n"))
                for line in difflib.unified_diff(
                    present.splitlines(), file.text.splitlines(), file.path, file.path, lineterm=""
                )
            )
    yield from databases.plan(instance)
    yield from service.plan(instance)


def check_addresses(instance: Instance) -> None:
    """Make sure that `listen` has addresses.

    Raises:
        NotConfigured: it has something else.
    """
    for address in [] if instance.listen == layout.ALL else instance.listen:
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        except OSError:
            raise NotConfigured(f"[backends.postfix]: listen has {address!r}, which is no address") from None


def takes_a_restart(instance: Instance) -> bool:
    """Whether a Postfix that runs takes what is new only when it starts again: its addresses, and where things are."""
    present, wanted = (
        {line for line in text.splitlines() if line.startswith(_FROM_THE_START)}
        for text in (read(os.path.join(instance.postfix, "main.cf")), main_cf(instance))
    )
    return present != wanted


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


def install(instance: Instance, running: Sequence[str] = ()) -> None:
    """Make what is missing, and give every file the content and the rights that it has to have.

    Args:
        instance: the host.
        running: the services that ran with what is replaced, and will again when it is put back.

    Raises:
        NotConfigured: the machine lacks something, or the caller is not root.
        StorageFailed: the file system refuses.
    """
    if os.geteuid() != 0:
        raise NotConfigured("Postfix and Dovecot start as root, so this needs root")
    missing = [*missing_packages(instance), *service.missing_packages(instance)]
    if missing:
        raise NotConfigured(f"missing packages: apt-get install --no-install-recommends {' '.join(missing)}")
    check_addresses(instance)
    certificates.needed(instance)
    service.check_code(instance)
    user_before = service.present_user(instance)
    make_accounts(instance)
    try:
        keeping.keep(
            instance,
            [file for file in files(instance) if _differs(file)],
            [folder for folder in folders(instance) if not _has_rights(*folder)],
            running,
        )
        for path, mode, owner, group in folders(instance):
            os.makedirs(path, exist_ok=True)
            os.chown(path, pwd.getpwnam(owner).pw_uid, gid_of(group))
            os.chmod(path, mode)
        if certificates.needed(instance):
            certificates.issue(instance, instance.hostname)
        for file in files(instance):
            if instance.user and file.path == service.sudoers_file(instance):
                service.check_sudoers(file.text, file.path)
            _write(file)
    except OSError as error:
        raise StorageFailed(f"{error.filename or instance.root} cannot be made: {error.strerror}") from None
    databases.make(instance)
    service.settle(instance, user_before)
    service.as_commands(instance, lambda: _agree_with_directory(instance))
    services.systemctl(instance, "enable", "--now", *units.switched_on(instance))


def make_accounts(instance: Instance) -> None:
    """Make the group and the users that are missing; another `mailaddon host init` may be at it, too.

    Raises:
        Unavailable: one cannot be made.
    """
    for command in accounts(instance):
        try:
            services.run(*command)
        except Unavailable:
            if command in accounts(instance):
                raise


def _agree_with_directory(instance: Instance) -> bool:
    """One that was there before knows addresses and names that the files may not have yet."""
    directory = Directory(instance.path("run"), _PATIENCE, instance.directory)
    try:
        return perform(instance, directory, (NETWORK, ""))
    finally:
        directory.close()


def _text(file: File, present: str) -> str:
    """What a file has to say; the block from the directory stays as it is."""
    if not split_block(present)[2]:
        return file.text
    before, _block, after = split_block(file.text)
    return before + split_block(present)[1] + after


def _differs(file: File) -> bool:
    present = read(file.path)
    return _text(file, present) != present or not _has_rights(file.path, file.mode, "root", file.group or "root")


def _has_rights(path: str, mode: int, owner: str, group: str) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    wanted = (pwd.getpwnam(owner).pw_uid, gid_of(group), mode)
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == wanted


def _write(file: File) -> None:
    present = read(file.path)
    text = _text(file, present)
    gid = gid_of(file.group) if file.group else 0
    if text != present or os.path.islink(file.path):
        replace(file.path, text.encode(), file.mode, gid)
        settle(file.path)
    os.chown(file.path, 0, gid)
    os.chmod(file.path, file.mode)
