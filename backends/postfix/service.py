"""The service user: who runs the commands instead of root, and what `mailaddon host init` has to see to for it.

Commands have one program that they may run as root, the helper (see `privileged`). It belongs to root, with the host's
options in it. So does every file that it is made of: whoever could change one of them would be root.
"""

import ast
import grp
import json
import os
import pwd
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from mailaddon import home as homes
from mailaddon.directory import storage
from mailaddon.directory.store import Directory
from mailaddon.errors import MailAddonError, NotConfigured, StorageFailed, Unavailable
from mailaddon.records import Problem
from mailaddon.settings import FILE

from . import ownership, services
from ._record import File
from .files import replace
from .layout import Instance
from .root import SUDO, expect_children

VISUDO = "/usr/sbin/visudo"
_DIRECTORY = 0o660
_SUDOERS_OF_THE_MACHINE = "/etc/sudoers.d"
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
#: What sudoers and the kernel take as it is, for the program's path.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]{1,200}")
#: What the service user may change: it is in no file that root writes.
_NOT_OF_ROOT = "reply_days"
_OPTIONS = re.compile(r"^main\((.*)\)$", re.MULTILINE)
_LEAST_ID = 1
_PATIENCE = 5  # s, for the directory
T = TypeVar("T")


def missing_packages(instance: Instance) -> list[str]:
    """Debian's packages that a service user needs."""
    return ["sudo"] if instance.user and not os.path.exists(SUDO) else []


def accounts(instance: Instance) -> list[list[str]]:
    """The commands that make the service user, or put it into the daemons' group, if that is missing."""
    if not instance.user:
        return []
    try:
        entry = pwd.getpwnam(instance.user)
    except KeyError:
        return [
            ["/usr/sbin/useradd", "--system", "--gid", instance.group, "--no-create-home", "--home-dir", homes.locate(),
             "--shell", "/usr/sbin/nologin", instance.user]
        ]  # fmt: skip
    try:
        group = grp.getgrnam(instance.group)
    except KeyError:
        return [["/usr/sbin/usermod", "--append", "--groups", instance.group, instance.user]]
    if entry.pw_gid == group.gr_gid or instance.user in group.gr_mem:
        return []
    return [["/usr/sbin/usermod", "--append", "--groups", instance.group, instance.user]]


# The helper and the line of sudoers


def sudoers_file(instance: Instance) -> str:
    """Where sudo reads what the service user may do; sudo passes over names with a dot."""
    return os.path.join(instance.sudoers, "mailaddon" + re.sub(r"[^A-Za-z0-9]", "-", instance.root))


def files(instance: Instance) -> Iterator[File]:
    """What only a host with a service user has.

    Raises:
        NotConfigured: a name is unfit for it.
    """
    if not instance.user:
        return
    _check_names(instance)
    helper = (
        f"#!{sys.executable} -I\n"
        f'"""What the commands of the mail host in {instance.root} need root for.\n\n'
        f"{instance.user} may run it by sudo. Written by `mailaddon host init`; the options are those in force.\n"
        '"""\n\n'
        "from mailaddon.backends.postfix.privileged import main\n\n"
        f"main({instance.options()!r})\n"
    )
    rule = (
        f"# The commands of the mail host in {instance.root} run as {instance.user}, and may do this as root.\n"
        f"# Written by `mailaddon host init`.\n"
        f"Defaults!{instance.helper} env_reset, !requiretty\n"
        f"{instance.user} ALL = (root) NOPASSWD: {instance.helper}\n"
    )
    yield File(path=instance.helper, text=helper, mode=0o700)
    yield File(path=sudoers_file(instance), text=rule, mode=0o440)


def _check_names(instance: Instance) -> None:
    if not _NAME.fullmatch(instance.user):
        raise NotConfigured(f"[backends.postfix]: user is {instance.user!r}, which is no name of a user")
    if instance.mail_uid < _LEAST_ID or instance.mail_gid < _LEAST_ID:
        raise NotConfigured("[backends.postfix]: mail must not belong to root")
    if getattr(sys, "frozen", False):
        raise NotConfigured("a service user needs an installation with Python; this is a folder of frozen programs")
    for path in (instance.root, sys.executable):
        if not _PLAIN_PATH.fullmatch(path):
            raise NotConfigured(f"{path} has characters, or a length, that a service user's helper cannot have")


def plan(instance: Instance) -> Iterator[str]:
    """What else `install` would do for the service user."""
    stale = _stale(instance)
    if stale:
        yield f"remove {stale}"


def _stale(instance: Instance) -> str:
    """The line of sudoers of a service user that there is no longer."""
    path = sudoers_file(instance)
    return path if not instance.user and os.path.exists(path) else ""


def check_sudoers(text: str, path: str) -> None:
    """Make sure that sudo understands a file; one that it does not would stop it for everybody.

    Raises:
        Unavailable: it does not.
        OSError: it cannot be asked.
    """
    trial = f"{path}.{os.getpid()}.tmp"  # sudo passes over names with a dot
    replace(trial, text.encode(), 0o440)
    try:
        services.run(VISUDO, "-c", "-q", "-f", trial)
    finally:
        os.unlink(trial)


def check_code(instance: Instance) -> None:
    """Make sure that nobody but root can change what the helper is made of.

    Raises:
        NotConfigured: somebody can.
    """
    if instance.user:
        _check_names(instance)
        for path in changeable(instance):
            raise NotConfigured(
                f"{path} can be changed by others than root, and the helper of a service user would run it as root;"
                " install the SDK as root, in folders of root"
            )


def changeable(instance: Instance) -> Iterator[str]:
    """What the helper is made of, with the folders above it, and others than root can change."""
    above = os.path.dirname(instance.root)
    command = "import sys; print('\\n'.join(sys.path))"
    paths = services.run(sys.executable, "-I", "-c", command).splitlines()
    groups = _groups(instance.user)
    seen: set[str] = set()
    for path in (sys.executable, *paths, above):
        yield from (part for part in _parts(path, seen) if _is_changeable(part, groups))
    walked: set[str] = set()
    for path in paths:
        yield from _changeable_below(path, groups, seen, walked)


def _changeable_below(top: str, groups: set[int], seen: set[str], walked: set[str]) -> Iterator[str]:
    """What can be changed in a folder, and where its links lead to: Python follows them."""
    top = os.path.realpath(top)
    if top in walked:
        return
    walked.add(top)
    for folder, folders, names in os.walk(top):
        for path in (os.path.join(folder, name) for name in (*folders, *names)):
            if _is_changeable(path, groups):
                yield path
            elif os.path.islink(path):
                yield from (part for part in _parts(path, seen) if _is_changeable(part, groups))
                if os.path.isdir(path):
                    yield from _changeable_below(path, groups, seen, walked)


def _groups(user: str) -> set[int]:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return set()
    return {entry.pw_gid, *(group.gr_gid for group in grp.getgrall() if user in group.gr_mem)}


def _parts(path: str, seen: set[str]) -> Iterator[str]:
    """A path's folders from the top, itself, and where links on the way lead to."""
    while path not in seen:
        seen.add(path)
        if path != "/":
            yield from _parts(os.path.dirname(path), seen)
        if not os.path.lexists(path):
            return
        yield path
        if not os.path.islink(path):
            return
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))


def _is_changeable(path: str, groups: set[int]) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:  # gone since its folder was read
        return False
    if status.st_uid != 0:
        return True
    if stat.S_ISLNK(status.st_mode) or status.st_mode & stat.S_ISVTX:  # others cannot rename root's files in /tmp
        return False
    return bool(status.st_mode & 0o002 or (status.st_mode & 0o020 and status.st_gid in groups))


# What belongs to the service user


def check_options(instance: Instance, home: str, given: Iterable[str] = ()) -> None:
    """Make sure that the service user has not changed what is for root to say.

    The settings are the service user's own, and what they say goes into files that root's processes obey.

    Args:
        instance: the host as it is to be.
        home: where the settings are.
        given: what root has said otherwise.

    Raises:
        NotConfigured: it may have.
    """
    path = os.path.join(home, FILE)
    if not os.path.exists(path) or os.lstat(path).st_uid == 0:
        return
    present = _options_in_force(instance)
    changed = [
        name
        for name, value in instance.options().items()
        if name not in {_NOT_OF_ROOT, *given} and present.get(name) != value
    ]
    if present and changed:
        raise NotConfigured(
            f"{path}, which {instance.user or 'another user'} can write, does not say what the host was made with:"
            f" {', '.join(changed)}; if it is right, `chown root {path}` and run this again"
        )


def _options_in_force(instance: Instance) -> dict[str, Any]:
    try:
        with open(instance.helper, encoding="utf-8") as file:
            found = _OPTIONS.search(file.read())
    except OSError:  # it is not there, or for root only
        return {}
    options: dict[str, Any] = ast.literal_eval(found[1]) if found else {}
    return options


def settle(instance: Instance, before: str) -> None:
    """Make the files that daemons and commands write to, and give who runs the commands what is its own.

    Args:
        instance: the host.
        before: who has run them so far.

    Raises:
        StorageFailed: the file system refuses.
        Unavailable: the directory does not say where mail is.
    """
    givers = {0, *(entry.pw_uid for entry in pwd.getpwall() if entry.pw_name == before)}
    stale = _stale(instance)
    if stale:
        os.unlink(stale)
        if os.path.exists(instance.helper):
            os.unlink(instance.helper)
    owner, group = pwd.getpwnam(instance.owner).pw_uid, grp.getgrnam(instance.group).gr_gid
    try:
        for path, mode, uid in written(instance):
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, mode)
            os.fchown(descriptor, uid, group)
            os.fchmod(descriptor, mode)
            os.close(descriptor)
        for name in ("db", "sieve"):
            if os.path.exists(instance.path(name)):
                ownership.hand_over(instance.path(name), owner, givers)
        if not instance.in_postgresql:  # it may have been restored
            descriptor = os.open(instance.directory, os.O_RDONLY | os.O_NOFOLLOW)
            os.fchown(descriptor, owner, group)
            os.fchmod(descriptor, _DIRECTORY)
            os.close(descriptor)
    except OSError as error:
        raise StorageFailed(f"{error.filename or instance.root} cannot be given away: {error.strerror}") from None
    if before != instance.owner:
        _hand_over_mail(instance, owner, givers)


def _hand_over_mail(instance: Instance, owner: int, givers: set[int]) -> None:
    """Domains' folders belong to who runs the commands; the users' ones in them stay as they are."""
    for path in as_commands(instance, lambda: storages(instance)):
        try:
            ownership.hand_over(path, owner, givers, alone=True)
        except FileNotFoundError:
            continue  # there is no mail
        except OSError as error:
            raise storage.refused("given away", path, error) from None


def present_user(instance: Instance) -> str:
    """Who has run the commands so far."""
    return _options_in_force(instance).get("user") or "root"


def storages(instance: Instance) -> list[str]:
    """The folders of all domains' mail.

    Raises:
        MailAddonError: the directory cannot be used.
    """
    directory = Directory(instance.path("run"), _PATIENCE, instance.directory)
    try:
        with directory.read() as tx:
            return tx.column("SELECT storage FROM domain ORDER BY storage")
    finally:
        directory.close()


def as_commands(instance: Instance, work: Callable[[], T]) -> T:
    """What something says that root should not do itself, as it trusts the directory: as who runs the commands.

    Args:
        instance: the host.
        work: its result has a form in JSON; it is done in a process apart.

    Raises:
        NotConfigured, Unavailable: it cannot be done.
    """
    if os.geteuid() != 0 or not instance.user:
        return work()
    expect_children()
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            homes.become(pwd.getpwnam(instance.user))
            with open(writing, "w", encoding="utf-8") as file:
                try:
                    json.dump({"result": work()}, file)
                except MailAddonError as error:
                    json.dump({"error": error.message}, file)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(process, 0)
    said = json.loads(text or '{"error": "it ended without a word"}')
    if "error" in said:
        raise Unavailable(f"as {instance.user}: {said['error']}")
    return said["result"]  # type: ignore[no-any-return] # what work says


def written(instance: Instance) -> list[tuple[str, int, int]]:
    """Files in folders of root that others write to, with their rights and owners."""
    owner = pwd.getpwnam(instance.owner).pw_uid
    agent = [(instance.path("run", "follow.pid"), 0o644, owner), (instance.path("log", "follow.log"), 0o640, owner)]
    return [
        *(agent if instance.in_postgresql else ()),
        (instance.path("run", "effects.lock"), 0o600, owner),
        (instance.path("log", "effects.log"), 0o640, owner),
        (instance.path("log", "postfix.log"), 0o640, 0),
        (instance.path("log", "dovecot.log"), 0o640, 0),
    ]


def give_home(instance: Instance, home: str) -> None:
    """Give the home to the service user, if there is one, and keep others from reading the settings.

    Raises:
        StorageFailed: the file system refuses, or something in it is not ours to give.
    """
    try:
        if instance.user:
            ownership.hand_over(home, pwd.getpwnam(instance.user).pw_uid, {0})
        descriptor = storage.open_folder(os.path.realpath(home))
        try:
            os.fchmod(descriptor, homes.PRIVATE_FOLDER)
            settings = os.open(FILE, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.fchmod(settings, os.fstat(settings).st_mode & 0o640)
            os.close(settings)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage.refused("given to the service user", error.filename or home, error) from None


# What is wrong


def problems(instance: Instance, home: str) -> Iterator[Problem]:
    """What is wrong with the service user's helper and home."""
    if not instance.user:
        return
    mend = "run `mailaddon host init` as root"
    for path in changeable(instance):
        yield Problem(
            subject=path,
            problem="others than root can change it, and the helper runs it as root",
            mend="install the SDK as root, in folders of root",
            code="exposed",
        )
        break
    path = sudoers_file(instance)
    if instance.sudoers == _SUDOERS_OF_THE_MACHINE and os.geteuid() == 0:
        try:
            services.run(SUDO, "-n", "-l", "-U", instance.user, instance.helper)
        except Unavailable:
            problem = f"sudo does not let {instance.user} run the helper"
            yield Problem(subject=path, problem=problem, mend=mend, code="no-permission")
    try:
        check_options(instance, home)
    except NotConfigured as error:
        path = os.path.join(home, FILE)
        yield Problem(subject=path, problem=error.message, mend="see the message", code="misconfigured")
