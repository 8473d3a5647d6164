"""Mailing lists, which mlmmj runs: a folder for each, and its subscribers kept in step with the directory.

People subscribe and leave by mail, so mlmmj's subscribers are the truth while a list's folder exists. The directory
learns from them before a command looks at the members, and tells them what a command has changed.
"""

import os
import pwd

from mailaddon.directory.lists import MAILING, insert_member, list_id
from mailaddon.directory.names import find_domain, split

from . import layout, services
from .files import remove_tree
from .kinds import MEMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.directory.store import Directory, Transaction

    from .layout import Instance

SUBSCRIBE = "/usr/bin/mlmmj-sub"
UNSUBSCRIBE = "/usr/bin/mlmmj-unsub"
TEXTS = "/usr/share/mlmmj/text.skel/en"
_FOLDERS = (
    "incoming", "queue", "queue/discarded", "archive", "text", "subconf", "unsubconf", "bounce", "control",
    "moderation", "subscribers.d", "digesters.d", "requeue", "nomailsubs.d",
)  # fmt: skip
_MEMBERS = "SELECT local_part || '@' || domain FROM list_member WHERE list_id = ? ORDER BY 1"
_LIST = (
    "SELECT a.id, o.local_part FROM domain_name AS n JOIN domain AS d ON d.id = n.domain_id"
    " JOIN address AS a ON a.domain_id = d.id AND a.local_part = ? AND a.kind = 'mailing'"
    " JOIN address AS o ON o.id = d.owner_id WHERE n.name = ? AND n.kind = 'primary'"
)


def folder(instance: "Instance", name: str, domain: str) -> str:
    """Where mlmmj keeps a list."""
    return instance.path("lists", domain, name)


def agree(instance: "Instance", tx: "Transaction", key: str) -> None:
    """Make a list's folder with the directory's members if it is missing, or remove it if the list is gone.

    Raises:
        OSError: the file system refuses.
        Unavailable: mlmmj refuses.
    """
    name, domain = split(key)
    path = folder(instance, name, domain)
    row = tx.one(_LIST, name, domain)
    if row is None:
        remove_tree(path)
    elif not os.path.isdir(path):
        _make(instance, path, name, domain, row[1])
        for address in tx.column(_MEMBERS, row[0]):
            _subscribe(path, address)


def _make(instance: "Instance", path: str, name: str, domain: str, owner: str) -> None:
    """Make the folder beside its place, so nobody sees half of it."""
    import shutil

    user = pwd.getpwnam(instance.list_user)
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        os.mkdir(above)
        os.chmod(above, 0o711)  # noqa: S103 - the list's owner passes through it
    new = f"{path}.new"
    remove_tree(new)
    for part in _FOLDERS:
        os.makedirs(os.path.join(new, part))
    for text in os.listdir(TEXTS):
        shutil.copyfile(os.path.join(TEXTS, text), os.path.join(new, "text", text))
    for file, content in {**_control(instance, name, domain, owner), "index": ""}.items():
        with open(os.path.join(new, file), "w", encoding="utf-8") as stream:
            stream.write(content)
    for parent, folders, files in os.walk(new):
        for entry in (*folders, *files):
            os.chown(os.path.join(parent, entry), user.pw_uid, user.pw_gid)
    os.chown(new, user.pw_uid, user.pw_gid)
    os.chmod(new, 0o700)
    os.rename(new, path)


def _control(instance: "Instance", name: str, domain: str, owner: str) -> "dict[str, str]":
    address = f"{name}@{domain}"
    headers = (
        f"List-Id: <{name}.{domain}>\n"
        f"List-Post: <mailto:{address}>\n"
        f"List-Help: <mailto:{name}+help@{domain}>\n"
        f"List-Subscribe: <mailto:{name}+subscribe@{domain}>\n"
        f"List-Unsubscribe: <mailto:{name}+unsubscribe@{domain}>\n"
        f"Precedence: list\nReply-To: {address}\n"
    )
    return {
        "control/listaddress": f"{address}\n",
        "control/owner": f"{owner}@{domain}\n",
        "control/relayhost": "127.0.0.1\n",
        "control/smtpport": f"{instance.port(layout.REINJECTION)}\n",
        "control/smtphelo": f"{instance.hostname}\n",
        "control/delimiter": "+\n",
        "control/customheaders": headers,
        "control/delheaders": "List-\nReply-To:\nPrecedence:\n",
        "control/subonlypost": "",
        "control/notifysub": "",
    }


def agree_on_member(instance: "Instance", tx: "Transaction", key: str) -> None:
    """Subscribe one member, or unsubscribe it, as the directory says.

    Args:
        instance: the host.
        tx: a transaction.
        key: the list's address and the member's.

    Raises:
        OSError: the file system refuses.
        Unavailable: mlmmj refuses.
    """
    address, _, member = key.partition(" ")
    name, domain = split(address)
    path = folder(instance, name, domain)
    row = tx.one(_LIST, name, domain)
    if row is None or not os.path.isdir(path):
        agree(instance, tx, address)
        return
    local_part, host = split(member)
    wanted = tx.one(
        "SELECT 1 FROM list_member WHERE list_id = ? AND domain = ? AND local_part = ?", row[0], host, local_part
    )
    present = member in subscribers(path)
    if wanted and not present:
        _subscribe(path, member)
    elif present and not wanted:
        services.run(UNSUBSCRIBE, "-L", path, "-a", member, "-q", "-s")


def _subscribe(path: str, member: str) -> None:
    services.run(SUBSCRIBE, "-L", path, "-a", member, "-f", "-q", "-s")


def subscribers(path: str) -> "set[str]":
    """Everybody who gets a list's mail."""
    found: set[str] = set()
    for kind in ("subscribers.d", "digesters.d", "nomailsubs.d"):
        place = os.path.join(path, kind)
        for name in os.listdir(place):
            if not name.startswith("."):
                with open(os.path.join(place, name), encoding="utf-8", errors="replace") as file:
                    found.update(line.strip().lower() for line in file if "@" in line)
    return found


def learn(instance: "Instance", directory: "Directory", name: str, domain: str) -> None:
    """Bring the directory's members in line with mlmmj's; the caller holds the lock of the effects.

    Raises:
        MailAddonError: the directory cannot be used.
        OSError: the list's folder cannot be read.
    """
    path = folder(instance, name, domain)
    if not os.path.isdir(path):
        return
    present = subscribers(path)
    with directory.read() as tx:
        row = tx.one(_LIST, name, domain)
        if row is None or set(tx.column(_MEMBERS, row[0])) == present:
            return
    with directory.write() as tx:
        found = find_domain(tx, domain)
        if found is None:
            return
        row_id = list_id(tx, MAILING, found, name)
        known = set(tx.column(_MEMBERS, row_id))
        # What a command has just changed and not yet told mlmmj is not for mlmmj to say.
        start = f"{name}@{domain} "
        keys = tx.column("SELECT key FROM effect WHERE kind = ?", MEMBER)
        untold = {key[len(start) :] for key in keys if key.startswith(start)}
        for address in present - known - untold:
            insert_member(tx, MAILING, row_id, address, "")
        for address in known - present - untold:
            local_part, host = split(address)
            tx.run(
                "DELETE FROM list_member WHERE list_id = ? AND domain = ? AND local_part = ?", row_id, host, local_part
            )
