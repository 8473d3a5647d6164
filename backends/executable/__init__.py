"""Any registered add-on, in any language, for 10.3.1 or for 3.X, behind the same operations.

Each hook runs the program that the add-on has for the command, and reads what it prints. An add-on is called as a panel
calls it: by the registration that RegisterMailAddon made, with the guide's arguments in the guide's order.
"""

import os

from mailaddon import CONTRACT, hookimpl
from mailaddon.operations import COMMANDS

from .calling import Addon
from .options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mailaddon import Context, records
    from mailaddon.operations.model import Operation


class ExecutableBackend:
    """One hook per command of the operation table; several threads may call them at once."""

    contract = CONTRACT

    def __init__(self, context: "Context") -> None:
        self._home = os.path.normpath(context.home)
        self._options = Options(context.options)

    def perform(self, operation: "Operation", request: "records.Record") -> "Any":
        """Run the program of a command.

        Raises:
            MailAddonError: no add-on can be called, its program failed, or it broke the contract.
        """
        addon = Addon(self._home, self._options)
        if addon.registration.compliant_3x:
            from . import legacy

            return legacy.perform(addon, operation, request)
        return addon.call(operation, operation.arguments(request), request)

    @hookimpl
    def check(self) -> "list[records.Problem]":
        """What keeps the add-on from being called."""
        from .checking import problems

        return problems(self._home, self._options)


def _hook(operation: "Operation") -> "Callable[[ExecutableBackend, Any], Any]":
    def hook(self: ExecutableBackend, request: "Any") -> "Any":
        return self.perform(operation, request)

    hook.__name__ = operation.hook
    return hookimpl(hook)


for _operation in COMMANDS:
    setattr(ExecutableBackend, _operation.hook, _hook(_operation))
