"""The host's name and the addresses that mail goes out from: the marked blocks of main.cf and master.cf."""

import os

from . import certificates, services
from .files import replace_block, split_block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .layout import Instance


def differs(instance: "Instance", name: str, own: str, addresses: "Sequence[str]") -> bool:
    """Whether `agree` would change anything; everybody may ask.

    Raises:
        OSError: the configuration cannot be read.
    """
    for path, block in _blocks(instance, name, own, addresses):
        with open(path, encoding="utf-8") as file:
            if split_block(file.read())[1] != block:
                return True
    return _outdated(instance, name)


def agree(instance: "Instance", name: str, own: str, addresses: "Sequence[str]") -> None:
    """Have the daemons know the host's name and the addresses.

    Args:
        instance: the host.
        name: what it calls itself.
        own: the address that its own mail goes out from; "" for any.
        addresses: those of its domains.

    Raises:
        OSError: a file cannot be written.
        Unavailable: the configuration is unfit.
    """
    changed = False
    for path, block in _blocks(instance, name, own, addresses):
        changed |= replace_block(path, block)
    if _outdated(instance, name):
        certificates.issue(instance, name)
        services.reload_dovecot(instance)
        changed = True
    if changed:
        services.reload(instance)


def _blocks(instance: "Instance", name: str, own: str, addresses: "Sequence[str]") -> "Iterator[tuple[str, str]]":
    bound = f"{_bind(own)}\n" if own else ""
    yield os.path.join(instance.postfix, "main.cf"), f"myhostname = {name}\n{bound}"
    transports = [
        f"from-{address.replace(':', '_')} unix - - n - - smtp -o {_bind(address).replace(' ', '')}\n"
        for address in addresses
    ]
    yield os.path.join(instance.postfix, "master.cf"), "".join(transports)


def _bind(address: str) -> str:
    return f"smtp_bind_address{'6' if ':' in address else ''} = {address}"


def _outdated(instance: "Instance", name: str) -> bool:
    """Whether our own certificate names another host. Somebody else's certificate stays."""
    return certificates.self_signed(instance) and certificates.names(instance) != name
