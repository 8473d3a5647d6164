"""The folders of mailing lists, in which mlmmj works as a user of its own; what makes and changes them is root.

The folders above a list's belong to root, so mlmmj can put nothing in their place. What is in a list's folder is never
followed through a link.
"""

import os
import stat

from mailaddon.directory import storage

from . import layout, services
from .files import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layout import Instance

SUBSCRIBE = "/usr/bin/mlmmj-sub"
UNSUBSCRIBE = "/usr/bin/mlmmj-unsub"
MAINTAIN = "/usr/bin/mlmmj-maintd"
TEXTS = "/usr/share/mlmmj/text.skel/en"
_FOLDERS = (
    "incoming", "queue", "queue/discarded", "archive", "text", "subconf", "unsubconf", "bounce", "control",
    "moderation", "subscribers.d", "digesters.d", "requeue", "nomailsubs.d",
)  # fmt: skip
#: Files of a list that has moderation; a list without it has none of them.
_MODERATION = ("modnonsubposts", "moderators", "notifymod")


def folder(instance: "Instance", name: str, domain: str) -> str:
    """Where mlmmj keeps a list."""
    return instance.path("lists", domain, name)


def make(instance: "Instance", name: str, domain: str, owner: str, members: "Sequence[str]") -> None:
    """Make a list's folder beside its place, so that nobody sees half of it.

    Args:
        instance: the host.
        name: the list's.
        domain: its domain.
        owner: the address of who answers for the list.
        members: who gets its mail.

    Raises:
        OSError: the file system refuses.
        Unavailable: mlmmj refuses.
    """
    import shutil

    path = folder(instance, name, domain)
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        os.mkdir(above)
        os.chmod(above, 0o711)  # noqa: S103 - the list's owner passes through it
    new = f"{path}.new"
    remove_tree(new)
    os.mkdir(new, 0o700)
    for part in _FOLDERS:
        os.mkdir(os.path.join(new, part))
    for text in os.listdir(TEXTS):
        shutil.copyfile(os.path.join(TEXTS, text), os.path.join(new, "text", text))
    for file, content in {**_control(instance, name, [domain], owner), "index": ""}.items():
        with open(os.path.join(new, file), "w", encoding="utf-8") as stream:
            stream.write(content)
    _give(instance, new)
    for member in members:
        subscribe(instance, new, member)
    os.rename(new, path)


def _give(instance: "Instance", path: str) -> None:
    """Give a new folder away, itself last: until then nobody but root can enter it."""
    import pwd

    user = pwd.getpwnam(instance.list_user)
    for parent, folders, files in os.walk(path, topdown=False):
        for entry in (*folders, *files):
            os.chown(os.path.join(parent, entry), user.pw_uid, user.pw_gid, follow_symlinks=False)
    os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def settle(instance: "Instance", name: str, domains: "Sequence[str]", owner: str) -> None:
    """Have a list's settings be as they are today; files that an administrator has added to them stay.

    Args:
        instance: the host.
        name: the list's.
        domains: its domain, and the other names of that.
        owner: the address of who answers for the list.

    Raises:
        OSError: the file system refuses.
    """
    import pwd

    user = pwd.getpwnam(instance.list_user)
    wanted = _control(instance, name, domains, owner)
    place = storage.open_folder(os.path.join(folder(instance, name, domains[0]), "control"))
    try:
        for file in {*wanted, *(f"control/{file}" for file in _MODERATION)}:
            short = file.removeprefix("control/")
            content = wanted.get(file)
            if content is None:
                _remove(place, short)
            elif not _is_there(place, short) or "".join(_lines(place, short)) != content:
                _replace(place, short, content, user.pw_uid, user.pw_gid)
    finally:
        os.close(place)


def _is_there(place: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(place: int, name: str) -> None:
    if _is_there(place, name):
        os.unlink(name, dir_fd=place)


def _replace(place: int, name: str, content: str, uid: int, gid: int) -> None:
    new = f"{name}.new"
    _remove(place, new)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(new, flags, 0o644, dir_fd=place), "w", encoding="utf-8") as file:
        os.fchown(file.fileno(), uid, gid)
        file.write(content)
    os.rename(new, name, src_dir_fd=place, dst_dir_fd=place)


def _control(instance: "Instance", name: str, domains: "Sequence[str]", owner: str) -> "dict[str, str]":
    domain = domains[0]
    address = f"{name}@{domain}"
    headers = (
        f"List-Id: <{name}.{domain}>\n"
        f"List-Post: <mailto:{address}>\n"
        f"List-Help: <mailto:{name}+help@{domain}>\n"
        f"List-Subscribe: <mailto:{name}+subscribe@{domain}>\n"
        f"List-Unsubscribe: <mailto:{name}+unsubscribe@{domain}>\n"
        f"Precedence: list\nReply-To: {address}\n"
    )
    moderation = {"modnonsubposts": "", "moderators": f"{owner}\n", "notifymod": ""}
    return {
        "control/listaddress": "".join(f"{name}@{host}\n" for host in domains),
        "control/owner": f"{owner}\n",
        "control/relayhost": "127.0.0.1\n",
        "control/smtpport": f"{instance.port(layout.REINJECTION)}\n",
        "control/smtphelo": f"{instance.hostname}\n",
        "control/delimiter": "+\n",
        "control/customheaders": headers,
        "control/delheaders": "List-\nReply-To:\nPrecedence:\n",
        "control/subonlypost": "",
        "control/notifysub": "",
        **({f"control/{file}": text for file, text in moderation.items()} if instance.moderate_lists else {}),
    }


def maintain(instance: "Instance", path: str) -> None:
    """Have mlmmj do what is due: send digests, probe and drop members whose mail bounces, forget open questions.

    Raises:
        Unavailable: mlmmj refuses.
    """
    services.run(MAINTAIN, "-F", "-L", path, user=instance.list_user)


def subscribe(instance: "Instance", path: str, member: str) -> None:
    """Have a list's mail sent to an address.

    Raises:
        Unavailable: mlmmj refuses.
    """
    services.run(SUBSCRIBE, "-L", path, "-a", member, "-f", "-q", "-s", user=instance.list_user)


def unsubscribe(instance: "Instance", path: str, member: str) -> None:
    """Have a list's mail no longer sent to an address.

    Raises:
        Unavailable: mlmmj refuses.
    """
    services.run(UNSUBSCRIBE, "-L", path, "-a", member, "-q", "-s", user=instance.list_user)


def subscribers(path: str) -> "set[str]":
    """Everybody who gets a list's mail.

    Raises:
        OSError: the folder cannot be read, or is not as mlmmj makes it.
    """
    found: set[str] = set()
    for kind in ("subscribers.d", "digesters.d", "nomailsubs.d"):
        place = storage.open_folder(os.path.join(path, kind))
        try:
            for name in os.listdir(place):
                if not name.startswith("."):
                    found.update(line.strip().lower() for line in _lines(place, name) if "@" in line)
        finally:
            os.close(place)
    return found


def _lines(place: int, name: str) -> "list[str]":
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(name, flags, dir_fd=place), encoding="utf-8", errors="replace") as file:
        return file.readlines() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else []
