"""How far a backend supports each operation, and why it does not.

A plugin declares it beside its hooks. A hook that says nothing is `full`, an operation without a hook that says nothing
is `not-implemented`:

    class AcmeBackend:
        capabilities = {"change_domain_ip": ("unsupported", "the server has one address for all domains")}

        @hookimpl(partial="an address of another domain of this server is refused")
        def set_catchall_user(self, request): ...

`of(loaded)` is what a loaded backend can do as it is set up, with what its `lacks` says. E* commands never import this
module.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from ._contract import MARK, PARTIAL, SUPPORT
from ._loading import implementation
from ._record import Record
from .errors import BackendUnusable
from .operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._loading import LoadedBackend
    from .operations.model import Operation

__all__ = ["Capability", "Support", "check_declared", "of"]


class Support(StrEnum):
    """How far a backend supports an operation. The docstring of each member says what it means."""

    def __new__(cls, name: str, meaning: str) -> Self:
        """A text, as it stands in JSON and in declarations, with its docstring."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.__doc__ = meaning
        return member

    FULL = "full", "The operation does all that its page says."
    PARTIAL = "partial", "There is a hook, and it refuses or leaves out something that the operation's page grants."
    NOT_IMPLEMENTED = (
        "not-implemented",
        "There is no hook, or nothing behind it as it is set up, though the mail server could do it: it may come.",
    )
    UNSUPPORTED = "unsupported", "The mail server has nothing of the kind, so no hook will ever be there."


_WITH_HOOK = (Support.FULL, Support.PARTIAL)
_BY_HOOK = {operation.hook: operation for operation in OPERATIONS}


class Capability(Record):
    """What a backend can do of one operation.

    Attributes:
        operation: the command's name.
        hook: its hook.
        support: how far it is supported.
        reason: one sentence, of which `full` has none.
        declared: whether the plugin says so itself, or it was seen from its hooks.
        succeeds: whether the command succeeds without the hook, as the guide grants for what a server cannot do.
    """

    operation: str
    hook: str
    support: Support
    reason: str = ""
    declared: bool = False
    succeeds: bool = False

    @property
    def usable(self) -> bool:
        """Whether there is something behind the operation."""
        return self.support in _WITH_HOOK


def of(loaded: LoadedBackend, *, as_set_up: bool = True) -> dict[str, Capability]:
    """What a loaded backend can do of every operation: by the command's name, in the table's order.

    Args:
        loaded: the backend.
        as_set_up: whether to ask it what it lacks as it is set up; if not, its hooks and declarations alone count.

    Raises:
        BackendUnusable: its declarations contradict its hooks.
        MailAddonError: what it lacks could not be found out.
    """
    check_declared(loaded.plugin)
    return {operation.command: _capability(loaded, operation, as_set_up) for operation in OPERATIONS}


def _capability(loaded: LoadedBackend, operation: Operation, as_set_up: bool) -> Capability:  # noqa: FBT001 - a column
    known: dict[str, Any] = {"operation": operation.command, "hook": operation.hook}
    table = getattr(loaded.plugin, "capabilities", {})
    method = implementation(loaded.plugin, operation.hook)
    if method is None:
        support, reason = table.get(operation.hook, (Support.NOT_IMPLEMENTED, f"{loaded.name} has no hook for it"))
        declared = operation.hook in table
        return Capability(
            **known, support=_level(support), reason=reason, declared=declared, succeeds=operation.placeholder
        )
    if lacking := loaded.lacking(operation.hook) if as_set_up else "":
        return Capability(**known, support=Support.NOT_IMPLEMENTED, reason=lacking, declared=True)
    partial = getattr(method, MARK).get(PARTIAL, "")
    if partial:
        return Capability(**known, support=Support.PARTIAL, reason=partial, declared=True)
    support, reason = table.get(operation.hook, (Support.FULL, ""))
    return Capability(**known, support=_level(support), reason=reason, declared=operation.hook in table)


def check_declared(plugin: object) -> None:
    """Make sure that what a plugin declares and the hooks that it has agree.

    Raises:
        BackendUnusable: they do not; the message says how to mend it, for all that is wrong.
    """
    table = getattr(plugin, "capabilities", {})
    if not hasattr(table, "items"):
        raise BackendUnusable(
            "its capabilities are no table; they are hook -> (support, sentence), for example"
            ' {"change_domain_ip": ("unsupported", "the server has one address for all domains")}'
        )
    faults = [*_table_faults(plugin, table), *_mark_faults(plugin, table)]
    if faults:
        raise BackendUnusable("its capabilities do not fit: " + "; ".join(faults))


def _table_faults(plugin: object, table: Mapping[str, Any]) -> Iterator[str]:
    for hook, entry in table.items():
        if hook not in _BY_HOOK:
            near = get_close_matches(str(hook), _BY_HOOK, 1)
            mend = f"did you mean {near[0]}" if near else "`mailaddon commands --json` has the names of all"
            yield f"{hook} is no operation's hook; {mend}"
        elif not (isinstance(entry, tuple | list) and len(entry) == 2 and entry[0] in SUPPORT):  # noqa: PLR2004 - a pair
            yield f"{hook} is {entry!r}; a pair of {', '.join(SUPPORT)} and a sentence is needed"
        else:
            yield from _entry_faults(hook, str(entry[0]), entry[1], there=implementation(plugin, hook) is not None)


def _entry_faults(hook: str, support: str, reason: object, *, there: bool) -> Iterator[str]:
    if not isinstance(reason, str) or not (reason.isprintable() and (reason.strip() or support == Support.FULL)):
        yield f"{hook} is {support} and does not say why; add one sentence, on one line"
    if support in _WITH_HOOK and not there:
        yield f"{hook} is declared as {support} and there is no such hook; add it, or declare not-implemented"
    if support not in _WITH_HOOK and there:
        yield f"{hook} is declared as {support} and there is such a hook; remove it, or declare full or partial"


def _mark_faults(plugin: object, table: Mapping[str, Any]) -> Iterator[str]:
    for hook in _BY_HOOK:
        method = implementation(plugin, hook)
        partial = getattr(method, MARK).get(PARTIAL, "") if method is not None else ""
        if not partial:
            continue
        if not isinstance(partial, str) or not partial.isprintable() or not partial.strip():
            yield f"{hook} is partial and does not say in what; give hookimpl(partial=…) one sentence, on one line"
        if hook in table:
            yield f"{hook} is declared twice; leave it out of the table, or leave partial= out of hookimpl"


def _level(name: str) -> Support:
    return next(level for level in Support if level == name)
