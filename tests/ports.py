"""Ports for servers of tests, which no other test is given meanwhile.

They are below the range that the system gives to clients, so that nobody has one by chance while a server is down. A
name in the kernel keeps each from other test processes, from when it is chosen until it is given back, or until this
process ends.
"""

import errno
import random
import socket
from collections.abc import Iterable

#: Without the standard ports plus 20000, which people give to private mail hosts.
_FIRST, _LAST = 10000, 19000
_kept: dict[int, list[socket.socket]] = {}


def take(offsets: Iterable[int] = (0,)) -> int:
    """A number that makes a free port with each of these offsets."""
    wanted = sorted(set(offsets))
    numbers = [number for number in range(_FIRST, _LAST) if number not in _kept]
    for base in random.sample(numbers, len(numbers)):
        names = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _offset in wanted]
        try:
            for name, offset in zip(names, wanted, strict=True):
                name.bind(f"\0mailaddon-tests-port-{base + offset}")
            for offset in wanted:
                _try(base + offset)
        except OSError as error:
            for name in names:
                name.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        _kept[base] = names
        return base
    raise AssertionError("no free ports")


def _try(port: int) -> None:
    """Make sure that nothing uses a port on any address."""
    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        with socket.socket(family) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((everywhere, port))


def give_back(base: int) -> None:
    """Let others have the ports."""
    for name in _kept.pop(base, ()):
        name.close()
