"""What has to be done outside the directory after a change. Each function brings one thing in line with the directory.

Performing an effect again changes nothing, and one whose reason has gone meanwhile does what is right now.
"""

import os
import time

from mailaddon.errors import MailAddonError

from . import kinds, network, root, services
from .files import remove_tree, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.directory.outbox import Effect
    from mailaddon.directory.store import Directory, Transaction

    from .layout import Instance

#: Only deliveries get as far as this: the folder `sieve` can be entered by the mail's group alone.
_READABLE = 0o644
_ADDRESSES = """
SELECT a.local_part || '@' || n.name FROM address AS u
JOIN lookup_name AS n ON n.domain_id = u.domain_id
JOIN domain AS d ON d.id = u.domain_id
JOIN address AS a ON a.domain_id = u.domain_id AND (a.id = u.id OR (a.user_id = u.id AND d.user_aliases = 1))
WHERE u.id = ? ORDER BY 1
"""


def perform(instance: "Instance", directory: "Directory", effect: "Effect") -> bool:
    """Perform one effect; whether it is done. Why it is not, the log says."""
    kind, key = effect
    try:
        if kind == kinds.KICK:
            root.do(instance, "kick", key)
        elif kind == kinds.FLUSH:
            root.do(instance, "flush")
        elif kind == kinds.RELOAD:
            root.do(instance, "reload-postfix")
        elif kind == kinds.IMPORT:
            from .transfer import finish_imports

            return finish_imports(instance, directory, key)
        elif kind in _ALONE:
            _alone(instance, directory, kind, key)
        else:
            with directory.read() as tx:
                _AGREE[kind](instance, tx, key)
    except (MailAddonError, OSError) as error:
        _log(instance, f"{kind} {key}: {error}")
        return False
    return True


#: What has transactions of its own.
_ALONE = frozenset({kinds.LEARN, kinds.MAILBOX, kinds.STORAGE})


def _alone(instance: "Instance", directory: "Directory", kind: str, key: str) -> None:
    from . import lists, shared

    if kind == kinds.MAILBOX:
        shared.agree_on_mailbox(instance, directory, key)
    elif kind == kinds.STORAGE:
        shared.remove_storage(directory, key)
    else:
        name, _, domain = key.partition("@")
        lists.learn(instance, directory, name, domain)


def _log(instance: "Instance", text: str) -> None:
    from mailaddon.home import append_line

    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        append_line(instance.path("log", "effects.log"), f"{moment} {' '.join(text.split())}\n".encode())
    except OSError:
        return  # the effect stays stored, which `mailaddon host check` sees


def _sieve(instance: "Instance", tx: "Transaction", key: str) -> None:
    user, _, domain = key.partition("@")
    path = instance.script(domain, user)
    row = tx.one(
        "SELECT id, subject, message FROM lookup_autoresponder WHERE local_part = ? AND domain = ? AND address = ?",
        user,
        domain,
        key,
    )
    if row is None:
        _remove_script(path)
    else:
        _write_script(instance, path, row, key, tx.column(_ADDRESSES, row[0]))


def _remove_script(path: str) -> None:
    for name in (path, f"{path[: -len('.sieve')]}.svbin"):
        try:
            os.unlink(name)
        except FileNotFoundError:
            continue


def _write_script(
    instance: "Instance", path: str, row: "tuple[int, str, str]", address: str, addresses: "list[str]"
) -> None:
    from .sieve import vacation

    _user_id, subject, message = row
    script = vacation(subject, message, address, addresses, instance.reply_days).encode()
    try:
        with open(path, "rb") as file:
            if file.read() == script and os.path.exists(f"{path[: -len('.sieve')]}.svbin"):
                return
    except FileNotFoundError:
        pass
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.mkdir(folder)
        os.chmod(folder, 0o755)  # noqa: S103 - see _READABLE
    replace(path, script, _READABLE)
    # Delivery runs as the mail's owner, who may not write beside the script.
    services.run(services.SIEVEC, "-c", instance.dovecot, path)
    os.chmod(f"{path[: -len('.sieve')]}.svbin", _READABLE)


def _domain(instance: "Instance", tx: "Transaction", key: str) -> None:
    row = tx.one("SELECT domain_id FROM domain_name WHERE name = ? AND kind = 'primary'", key)
    if row is None:
        remove_tree(instance.path("sieve", key))
        if os.path.isdir(instance.path("lists", key)):
            root.do(instance, "list-remove", f"*@{key}")
        return
    users = tx.column(
        "SELECT a.local_part FROM address AS a JOIN autoresponder AS r ON r.user_id = a.id WHERE a.domain_id = ?",
        row[0],
    )
    for user in users:
        _sieve(instance, tx, f"{user}@{key}")
    _remove_scripts_but(instance.path("sieve", key), users)
    for name in tx.column("SELECT local_part FROM address WHERE domain_id = ? AND kind = 'mailing'", row[0]):
        _list(instance, tx, f"{name}@{key}")


def _remove_scripts_but(folder: str, users: "list[str]") -> None:
    """Remove the scripts of users who have no automatic reply: a restored folder may have some."""
    if os.path.isdir(folder):
        wanted = {f"{user}.{ending}" for user in users for ending in ("sieve", "svbin")}
        for name in os.listdir(folder):
            if name not in wanted:
                os.unlink(os.path.join(folder, name))


def _list(instance: "Instance", tx: "Transaction", key: str) -> None:
    from .lists import agree

    agree(instance, tx, key)


def _member(instance: "Instance", tx: "Transaction", key: str) -> None:
    from .lists import agree_on_member

    agree_on_member(instance, tx, key)


def _network(instance: "Instance", tx: "Transaction", _key: str) -> None:
    """The host's name and the addresses that mail goes out from."""
    row = tx.one("SELECT ip_address, fqdn FROM server")
    name = row[1] if row else instance.hostname
    own = row[0] if row else ""
    addresses = tx.column("SELECT DISTINCT ip_address FROM domain ORDER BY ip_address")
    if network.differs(instance, name, own, addresses):
        root.do(instance, "network", name, own or "-", *addresses)


_AGREE = {
    kinds.DOMAIN: _domain,
    kinds.LIST: _list,
    kinds.MEMBER: _member,
    kinds.NETWORK: _network,
    kinds.SIEVE: _sieve,
}
