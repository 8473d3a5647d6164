"""Everything that the commands of a mail host need root for, and what the program says that does it for a service user.

`mailaddon host init` writes that program: it belongs to root, knows the host's options, and calls `main`. Whoever calls
it can be anybody who has become the service user, so every verb takes texts only, looks at each of them before it does
anything, and trusts nothing that the service user can write: neither settings nor directory are read.

Nothing of this is asked of root by a daemon.
"""

import os
import sys

from mailaddon import values
from mailaddon.errors import InvalidArgument, MailAddonError, StorageFailed, UsageError

from .layout import Instance
from .root import MORE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

_MOST_INPUT = 1 << 26  # octets


# What arguments have to be. A text that had to be put right first is none that a command of ours has sent.


def _same(text: str, value: str) -> str:
    if text != value:
        raise InvalidArgument(f"{values.shown(text)} is not written as a command writes it")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise InvalidArgument(f"{values.shown(text)} has a character that cannot be in a name")
    return text


def _host_name(text: str) -> str:
    return _same(text, values.domain_name(text))


def _ip_address(text: str) -> str:
    return _same(text, values.ip_address(text))


def _address(text: str) -> str:
    return _same(text, values.address(text))


def _local_name(text: str) -> str:
    return _same(text, values.local_part(text))


def _hosted(text: str) -> tuple[str, str]:
    """The name and the domain of an address of this host."""
    name, at, domain = text.partition("@")
    if not at:
        raise InvalidArgument(f"{values.shown(text)} is not an address")
    return _local_name(name), _host_name(domain)


def _mail_folder(instance: Instance, text: str) -> str:
    """A path below a folder in which mail may be."""
    path = _same(text, values.absolute_path(text))
    if instance.user and not any(path.startswith(f"{folder}/") for folder in instance.folders_of_mail):
        allowed = ", ".join(instance.folders_of_mail)
        raise StorageFailed(
            f"{values.shown(path)} is not below {allowed}; mail_folders in [backends.postfix] says where"
        )
    return path


# What is done


def _start(instance: Instance) -> None:
    from . import services

    with services.Exclusively(instance):
        services.start(instance)


def _stop(instance: Instance) -> None:
    from . import services

    with services.Exclusively(instance):
        services.stop(instance)


def _status(instance: Instance) -> str:
    from . import services

    return f"{services.postfix_pid(instance)} {services.dovecot_pid(instance)}\n"


def _reload_postfix(instance: Instance) -> None:
    from . import services

    services.reload(instance)


def _reload_dovecot(instance: Instance) -> None:
    from . import services

    services.reload_dovecot(instance)


def _reconnect_dovecot(instance: Instance) -> None:
    from . import services

    services.reconnect_dovecot(instance)


def _flush(instance: Instance) -> None:
    from . import services

    services.flush(instance)


def _kick(instance: Instance, users: str) -> None:
    from . import services

    if users.startswith("*@"):
        _host_name(users[2:])
    else:
        _hosted(users)
    services.kick(instance, users)


def _network(instance: Instance, name: str, own: str, *addresses: str) -> None:
    from . import network

    if name != instance.hostname:  # an administrator's name is right as it is
        _host_name(name)
    checked = [_ip_address(address) for address in addresses]
    network.agree(instance, name, "" if own == "-" else _ip_address(own), checked)


def _give(instance: Instance, folder: str, *users: str) -> None:
    from . import ownership

    ownership.give(instance, _mail_folder(instance, folder), [_local_name(user) for user in users])


def _take(instance: Instance, path: str) -> None:
    from . import ownership

    ownership.take(instance, _mail_folder(instance, path))


def _export(instance: Instance, address: str, home: str, target: str) -> None:
    from . import transfer

    _hosted(address)
    transfer.copy_out(instance, address, _mail_folder(instance, home), _same(target, values.absolute_path(target)))


def _import(instance: Instance, address: str, home: str, source: str) -> None:
    from . import transfer

    _hosted(address)
    transfer.take_in(instance, address, _mail_folder(instance, home), _mail_folder(instance, source))


def _list_make(instance: Instance, address: str, owner: str, *members: str) -> None:
    from . import mlmmj

    name, domain = _hosted(address)
    mlmmj.make(instance, name, domain, _address(owner), [_address(member) for member in members])


def _list_settle(instance: Instance, name: str, owner: str, domain: str, *aliases: str) -> None:
    from . import mlmmj

    domains = [_host_name(host) for host in (domain, *aliases)]
    mlmmj.settle(instance, _local_name(name), domains, _address(owner))


def _list_maintain(instance: Instance, address: str) -> None:
    from . import mlmmj

    mlmmj.maintain(instance, mlmmj.folder(instance, *_hosted(address)))


def _list_remove(instance: Instance, address: str) -> None:
    from . import mlmmj
    from .files import remove_tree

    if address.startswith("*@"):
        remove_tree(instance.path("lists", _host_name(address[2:])))
    else:
        remove_tree(mlmmj.folder(instance, *_hosted(address)))


def _list_subscribe(instance: Instance, address: str, *members: str) -> None:
    from . import mlmmj

    path = mlmmj.folder(instance, *_hosted(address))
    for member in [_address(member) for member in members]:
        mlmmj.subscribe(instance, path, member)


def _list_unsubscribe(instance: Instance, address: str, member: str) -> None:
    from . import mlmmj

    mlmmj.unsubscribe(instance, mlmmj.folder(instance, *_hosted(address)), _address(member))


def _list_members(instance: Instance, address: str) -> str:
    from . import mlmmj

    return "".join(f"{member}\n" for member in sorted(mlmmj.subscribers(mlmmj.folder(instance, *_hosted(address)))))


#: Each verb: what does it, how many arguments it has, what they are, and what it is for. This is the whole list of what
#: a service user can have done as root.
VERBS: "dict[str, tuple[Callable[..., str | None], int, str, str]]" = {
    "start": (_start, 0, "", "start Postfix and Dovecot"),
    "stop": (_stop, 0, "", "stop them"),
    "status": (_status, 0, "", "print their processes"),
    "reload-postfix": (_reload_postfix, 0, "", "have Postfix read its configuration anew"),
    "reload-dovecot": (_reload_dovecot, 0, "", "have Dovecot read its configuration anew"),
    "reconnect-dovecot": (_reconnect_dovecot, 0, "", "have Dovecot connect to the database anew"),
    "flush": (_flush, 0, "", "try at once what waits in the queue"),
    "kick": (_kick, 1, "USER@DOMAIN or *@DOMAIN", "end open sessions"),
    "network": (
        _network,
        2,
        "NAME OWN-ADDRESS ADDRESS…",
        "write the marked blocks of main.cf and master.cf",
    ),
    "give": (_give, 1, "FOLDER USER…", "give users' mail folders to the mail's owner"),
    "take": (_take, 1, "FOLDER", "give a mail folder back, to be removed"),
    "export": (_export, 3, "USER@DOMAIN FOLDER COPY", "have doveadm copy a user's mail"),
    "import": (_import, 3, "USER@DOMAIN FOLDER COPY", "have doveadm add a copy to a user's mail"),
    "list-make": (_list_make, 2, "LIST OWNER MEMBER…", "make a mailing list's folder"),
    "list-settle": (_list_settle, 3, "NAME OWNER DOMAIN ALIAS…", "bring its settings up to date"),
    "list-maintain": (_list_maintain, 1, "LIST", "have mlmmj do what is due"),
    "list-remove": (_list_remove, 1, "LIST or *@DOMAIN", "remove it, or all of a domain"),
    "list-subscribe": (_list_subscribe, 1, "LIST MEMBER…", "subscribe members"),
    "list-unsubscribe": (_list_unsubscribe, 2, "LIST MEMBER", "unsubscribe one"),
    "list-members": (_list_members, 1, "LIST", "print who is subscribed"),
}


def perform(instance: Instance, verb: str, arguments: "Sequence[str]") -> str:
    """Do what a verb says; what it prints.

    Raises:
        UsageError: there is no such verb, or it has other arguments.
        InvalidArgument: an argument is not what the verb accepts.
        MailAddonError: it is not possible.
        OSError: the file system refuses.
    """
    if verb not in VERBS:
        raise UsageError(f"{values.shown(verb)} is none of {', '.join(VERBS)}")
    work, least, form, _purpose = VERBS[verb]
    if len(arguments) < least or (len(arguments) > least and not form.endswith("…")):
        raise UsageError(f"{verb} takes {form or 'no arguments'}")
    return work(instance, *arguments) or ""


def main(options: "Mapping[str, Any]") -> "NoReturn":
    """Be the helper of one host: a verb and its arguments from `sys.argv`; exit 0, or 1 after one line that says why.

    Args:
        options: the host's, as root wrote them down.
    """
    os.umask(0o022)
    os.chdir("/")
    status = 1
    try:
        verb, *arguments = sys.argv[1:] or [""]
        if arguments == [MORE]:
            arguments = _more()
        said = perform(Instance(options), _printable(verb), [_printable(argument) for argument in arguments])
        sys.stdout.write(said)
        sys.stdout.flush()
        status = 0
    except MailAddonError as error:
        _refuse(f"{error} [{error.code}]")
    except OSError as error:
        _refuse(f"{error} [storage-failed]")
    except Exception as error:  # noqa: BLE001 - a caller gets a line and a status, whatever went wrong
        _refuse(f"{type(error).__name__}: {error} [internal]")
    os._exit(status)


def _more() -> "list[str]":
    """The arguments on standard input."""
    content = sys.stdin.buffer.read(_MOST_INPUT + 1)
    if len(content) > _MOST_INPUT:
        raise UsageError(f"more than {_MOST_INPUT} octets of arguments")
    return [os.fsdecode(argument) for argument in content.split(b"\0")[:-1]]


def _refuse(sentence: str) -> None:
    line = f"{sys.argv[0]}: {' '.join(sentence.split())}\n"
    os.write(2, line.encode("utf-8", "backslashreplace"))
