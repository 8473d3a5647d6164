"""What a plugin is made with: the contract's version, the marker for hooks, and what a plugin is told when it starts.

The marker is pluggy's `HookimplMarker("mailaddon")` in effect: it leaves the same options in the same attribute, so a
pluggy plugin manager recognises the hooks. It does so without importing pluggy, which costs a process more than
everything else an E* command does.
"""

from __future__ import annotations

from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar, overload

    Function = TypeVar("Function", bound=Callable[..., Any])

#: The contract's version, major and minor. A plugin declares the one it was written for as its attribute `contract`;
#: the same major number and a minor number no higher than this one fit.
CONTRACT = (1, 0)
#: pluggy's name of the project; the attribute that marks a hook is made of it.
PROJECT = "mailaddon"
MARK = "mailaddon_impl"
#: The hooks that some function somewhere implements under a name of its own, by the option `specname`.
RENAMED: set[str] = set()
#: What `@hookimpl(partial=…)` leaves among a hook's options; the levels of support, which `capabilities` explains.
PARTIAL = "partial"
SUPPORT = ("full", PARTIAL, "not-implemented", "unsupported")
#: Where plugins announce themselves.
ENTRY_POINT_GROUP = "mailaddon.backends"


class Context(Record):
    """What a backend is told when it is made.

    Attributes:
        name: the backend's configured name.
        home: the folder of all state, absolute; it exists.
        settings: every setting of the SDK by its dotted name, for example `password.scheme`.
        options: the table `[backends.<name>]` of `mailaddon.toml`, as it stands there.
    """

    name: str
    home: str
    settings: "Mapping[str, Any]"
    options: "Mapping[str, Any]" = {}  # noqa: RUF012 - a default of an immutable record, never written to


if TYPE_CHECKING:

    @overload
    def hookimpl(function: Function, /) -> Function: ...
    @overload
    def hookimpl(
        *,
        wrapper: bool = False,
        optionalhook: bool = False,
        tryfirst: bool = False,
        trylast: bool = False,
        specname: str | None = None,
        partial: str = "",
    ) -> Callable[[Function], Function]: ...


def hookimpl(
    function: "Callable[..., Any] | None" = None,
    /,
    *,
    wrapper: bool = False,
    optionalhook: bool = False,
    tryfirst: bool = False,
    trylast: bool = False,
    specname: "str | None" = None,
    partial: str = "",
) -> "Any":
    """Mark a method as the implementation of the hook of the same name, with or without pluggy's options.

    Args:
        function: the method.
        wrapper: as pluggy's, and so are the next four.
        optionalhook: see above.
        tryfirst: see above.
        trylast: see above.
        specname: see above.
        partial: one sentence about what the hook cannot do, where it does not do all that the operation asks for.
    """

    def mark(marked: "Callable[..., Any]") -> "Callable[..., Any]":
        if specname:
            RENAMED.add(specname)
        options = {
            "wrapper": wrapper,
            "hookwrapper": False,
            "optionalhook": optionalhook,
            "tryfirst": tryfirst,
            "trylast": trylast,
            "specname": specname,
        }
        setattr(marked, MARK, options if not partial else {**options, PARTIAL: partial})
        return marked

    return mark if function is None else mark(function)
