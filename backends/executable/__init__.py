"""Any registered add-on, in any language, for 10.3.1 or for 3.X, behind the same operations.

Each hook runs the program that the add-on has for the command, and reads what it prints. An add-on is called as a panel
calls it: by the registration that RegisterMailAddon made, with the guide's arguments in the guide's order.
"""

import os

from mailaddon import CONTRACT, NotSupported, hookimpl
from mailaddon.operations import COMMANDS

from . import programs
from .calling import Addon
from .options import DELETED, Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mailaddon import Context, records
    from mailaddon.operations.model import Operation
    from mailaddon.registrations import Registration


#: What is said of a command that 3.X did not have.
NOT_IMPLEMENTED = "not implemented by a 3.X add-on"


class ExecutableBackend:
    """One hook per command of the operation table; several threads may call them at once."""

    contract = CONTRACT
    capabilities = dict.fromkeys(
        ("resolve_address", "get_domain", "get_mailing_list", "get_password_hash"),
        ("unsupported", "no command of an add-on says that"),
    )

    def __init__(self, context: "Context") -> None:
        self._home = os.path.normpath(context.home)
        self._options = Options(context.options)

    def perform(self, operation: "Operation", request: "records.Record") -> "Any":
        """Run the program of a command.

        Raises:
            MailAddonError: no add-on can be called, its program failed, or it broke the contract.
        """
        addon = Addon(self._home, self._options)
        _expected(addon, operation)
        if addon.registration.compliant_3x:
            from . import legacy

            return legacy.perform(addon, operation, request)
        return addon.call(operation, operation.arguments(request), request)

    def addon(self) -> "Registration":
        """The add-on in force.

        Raises:
            MailAddonError: there is none.
        """
        return programs.in_force(self._home, self._options.addon)

    def lacks(self, hook: str) -> str:
        """Why the add-on in force has no program behind a hook; "" if it has one."""
        if hook == "list_password_schemes":
            return ""
        addon = Addon(self._home, self._options)
        try:
            if hook in DELETED:
                self._listing(addon, hook)
            else:
                programs.located(addon.registration, _expected(addon, _BY_HOOK[hook]))
        except NotSupported as error:
            return str(error)
        return ""

    @hookimpl
    def list_domains(self, request: "records.Server") -> "Any":
        return self._listed("list_domains", request)

    @hookimpl
    def list_users(self, request: "records.DomainRef") -> "Any":
        return self._listed("list_users", request)

    @hookimpl
    def list_password_schemes(self) -> tuple[str, ...]:
        return self._options.password_schemes

    def _listed(self, hook: str, request: "Any") -> "Any":
        from . import legacy

        addon = Addon(self._home, self._options)
        operation = self._listing(addon, hook)
        domain = getattr(request, "domain", "")
        arguments = [text.replace("{domain}", domain) for text in self._options.listings[operation.command]]
        return addon.call(operation, arguments, request, read=legacy.reader(addon, operation, request))

    def _listing(self, addon: "Addon", hook: str) -> "Operation":
        """The command that 10.3.1 has deleted and that lists what the hook asks for.

        Raises:
            NotSupported: the options do not name it, or the add-on does not have it.
        """
        operation = DELETED[hook]
        if operation.command not in self._options.listings:
            raise NotSupported(
                f"no command of 10.3.1 lists that; one of 3.X, {operation.command}, is called if listings in"
                " [backends.executable] names it"
            )
        programs.located(addon.registration, operation)
        return operation

    @hookimpl
    def check(self) -> "list[records.Problem]":
        """What keeps the add-on from being called."""
        from .checking import problems

        return problems(self._home, self._options)


_BY_HOOK = {operation.hook: operation for operation in COMMANDS}


def _expected(addon: "Addon", operation: "Operation") -> "Operation":
    """The command, if an add-on of this kind has it.

    Raises:
        NotSupported: 3.X had no such command.
    """
    if addon.registration.compliant_3x and operation.legacy_parameters is None:
        raise NotSupported(NOT_IMPLEMENTED)
    return operation


def _hook(operation: "Operation") -> "Callable[[ExecutableBackend, Any], Any]":
    def hook(self: ExecutableBackend, request: "Any") -> "Any":
        return self.perform(operation, request)

    hook.__name__ = operation.hook
    return hookimpl(hook)


for _operation in COMMANDS:
    setattr(ExecutableBackend, _operation.hook, _hook(_operation))
