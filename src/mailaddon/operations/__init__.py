"""The operation table: the one place where commands are written down.

52 backend commands and RegisterMailAddon of the Mail Server API Guide (10.3.1), in the guide's order, and the SDK's
own read operations behind them. Parsing, help, usage errors, installed programs, options, documentation, the plugin
contract and the tests' cases are derived from here. A further command is one entry here and one hook, and nothing else.

The rows stand in the modules beside this one, a group in each. A command needs one row, so `find` loads one group after
another until it has that row; the whole table is made when it is first asked for (PEP 562).
"""

from ..errors import UsageError
from ..values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .domains import DOMAIN_OPERATIONS
    from .model import Operation
    from .registration import REGISTER
    from .sdk import SDK_OPERATIONS
    from .users import USER_OPERATIONS

    #: The guide's 52 backend commands, in its order.
    COMMANDS = DOMAIN_OPERATIONS + USER_OPERATIONS
    #: Every operation that a backend can have a hook for.
    OPERATIONS = COMMANDS + SDK_OPERATIONS

__all__ = [
    "COMMANDS",
    "DOMAIN_OPERATIONS",
    "OPERATIONS",
    "REGISTER",
    "SDK_OPERATIONS",
    "USER_OPERATIONS",
    "Operation",
    "find",
]


#: Where a name of the table is.
_HOMES = {
    "DOMAIN_OPERATIONS": "domains",
    "Operation": "model",
    "REGISTER": "registration",
    "SDK_OPERATIONS": "sdk",
    "USER_OPERATIONS": "users",
}
#: The groups in the order in which `find` looks for a command: what panels call most often comes first.
_GROUPS = ("USER_OPERATIONS", "DOMAIN_OPERATIONS", "SDK_OPERATIONS", "REGISTER")
_by_name: "dict[str, dict[str, Operation]]" = {}


def __getattr__(name: str) -> object:
    """Make a part of the table when it is first used."""
    home = _HOMES.get(name)
    if home is not None:
        import sys

        module = f"{__name__}.{home}"
        __import__(module)  # and not importlib, whose own import an E* command would pay for
        found: object = getattr(sys.modules[module], name)
    elif name == "COMMANDS":
        from .domains import DOMAIN_OPERATIONS
        from .users import USER_OPERATIONS

        found = DOMAIN_OPERATIONS + USER_OPERATIONS
    elif name == "OPERATIONS":
        from . import COMMANDS
        from .sdk import SDK_OPERATIONS

        found = COMMANDS + SDK_OPERATIONS
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def find(name: str) -> "Operation":
    """The operation with this name, in any case, with or without `.exe`.

    Raises:
        UsageError: there is none.
    """
    wanted = name.lower().removesuffix(".exe")
    for group in _GROUPS:
        operation = _names(group).get(wanted)
        if operation is not None:
            return operation
    raise UsageError(f"{shown(name)} is not a command; `mailaddon commands` lists them all")


def _names(group: str) -> "dict[str, Operation]":
    """The operations of a group by their names in lower case."""
    found = _by_name.get(group)
    if found is None:
        rows = __getattr__(group)
        operations: Iterator[Operation] = iter(rows if isinstance(rows, tuple) else (rows,))
        found = {n.lower(): operation for operation in operations for n in (operation.command, *operation.other_names)}
        _by_name[group] = found
    return found
