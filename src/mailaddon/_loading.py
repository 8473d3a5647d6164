"""From a backend's name to its hooks.

A name is looked up among the entry points once, when the backend is first used; pluggy then checks its hooks against
the contract, and what was found is written down as `module:attr` in the home (a link). An E* call imports that module
and calls one method. pluggy itself runs at call time only when there is something for it to do: several plugins, or
wrappers.
"""

import os
import sys

from ._contract import CONTRACT, ENTRY_POINT_GROUP, MARK, PROJECT, RENAMED, Context
from .errors import BackendUnusable, MailAddonError, NotSupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.metadata import EntryPoint
    from typing import Any

    from ._record import Record
    from .records import Problem
    from .registrations import Registration
    from .settings import Settings

_LINKS = ".backends.linked"
_EXECUTABLE = "executable"
#: What needs no link: the default, and what a panel that calls add-ons uses as often.
_BUILT_IN = {
    "embedded": "mailaddon.backends.embedded:EmbeddedBackend",
    _EXECUTABLE: "mailaddon.backends.executable:ExecutableBackend",
}


class LoadedBackend:
    """A backend, ready to be called.

    Attributes:
        name: its configured name.
        target: where it was found, `module:attr`.
        plugin: the object that has the hooks.
    """

    __slots__ = ("_manager", "name", "plugin", "target")

    def __init__(self, name: str, target: str, plugin: object, wrappers: "Sequence[object]" = ()) -> None:
        self.name = name
        self.target = target
        self.plugin = plugin
        self._manager = _managed(plugin, *wrappers) if wrappers else None

    def supports(self, hook: str) -> bool:
        """Whether the plugin implements the hook."""
        return implementation(self.plugin, hook) is not None

    def lacking(self, hook: str) -> str:
        """Why the backend, as it is set up, has nothing behind a hook; "" if it has.

        Raises:
            MailAddonError: it could not be found out.
        """
        if not self.supports(hook):
            return self._refusal(hook)
        lacks = getattr(self.plugin, "lacks", None)
        return str(lacks(hook)) if lacks is not None else ""

    def call(self, hook: str, request: "Record") -> "Any":
        """Run one hook.

        Raises:
            NotSupported: the plugin does not implement it.
            MailAddonError: the hook refused.
            Exception: the hook failed in a way that the contract does not know.
        """
        method = implementation(self.plugin, hook)
        if method is None:
            raise NotSupported(self._refusal(hook))
        takes = None if self._manager else _arguments(self.plugin, hook, method)
        if takes is not None:
            return method(request) if takes else method()
        manager = self._manager or _managed(self.plugin)
        return getattr(manager.hook, hook)(request=request)

    def _refusal(self, hook: str) -> str:
        """Why there is no hook, as far as the plugin declares it."""
        _support, reason = getattr(self.plugin, "capabilities", {}).get(hook, ("", ""))
        return f"not supported by {self.name}" + (f": {reason}" if reason else "")

    def problems(self) -> "list[Problem]":
        """What the backend's own check finds.

        Raises:
            BadResult: the hook returned something else than problems, or one with a code that nobody knows.
            MailAddonError: as `call`.
        """
        from .readiness import checked
        from .records import Server

        return checked(self.call("check", Server())) if self.supports("check") else []

    def addon(self) -> "Registration | None":
        """The registered add-on that answers, if the backend is one that calls such.

        Raises:
            MailAddonError: there is none that could be called.
        """
        addon = getattr(self.plugin, "addon", None)
        return None if addon is None else addon()

    @property
    def transactional(self) -> bool:
        """Whether several calls can be one transaction. A wrapper would be told of what is undone afterwards."""
        return self._manager is None and hasattr(self.plugin, "transaction")

    def alone(self, hook: str) -> bool:
        """Whether a hook's call cannot be a part of a larger transaction."""
        return not self.transactional or hook in getattr(self.plugin, "alone", ())

    def close(self) -> None:
        """Let the plugin give back what it holds."""
        close = getattr(self.plugin, "close", None)
        if close is not None:
            close()


def implementation(plugin: object, hook: str) -> "Callable[..., Any] | None":
    method = getattr(plugin, hook, None)
    options = getattr(method, MARK, None)
    if isinstance(options, dict) and (options.get("specname") or hook) == hook:
        return method
    return next(_renamed(plugin, hook), None)


def _renamed(plugin: object, hook: str) -> "Iterator[Callable[..., Any]]":
    """What implements a hook under another name."""
    if hook in RENAMED or "pluggy" in sys.modules:  # whose own marker may have been used
        for name in dir(type(plugin)):
            method = getattr(plugin, name, None) if name != hook else None
            options = getattr(method, MARK, None)
            if isinstance(options, dict) and options.get("specname") == hook:
                yield method  # type: ignore[misc] # only functions have the mark


def _arguments(plugin: object, hook: str, method: "Callable[..., Any]") -> "tuple[str, ...] | None":
    """What an implementation takes that can be called without pluggy: the request or nothing; None if it cannot be.

    It can be where pluggy would do nothing but that: it is the only one, no wrapper, and an ordinary method without any
    default, because pluggy leaves an argument that has one alone.
    """
    function = getattr(type(plugin), hook, None)
    if type(function) is not type(load) or getattr(method, "__func__", None) != function:
        return None
    options = getattr(function, MARK)
    if options.get("wrapper") or options.get("hookwrapper"):
        return None
    if function.__defaults__ or "__wrapped__" in function.__dict__:
        return None
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    return names if names in {(), ("request",)} and next(_renamed(plugin, hook), None) is None else None


def _managed(*plugins: object) -> "Any":
    """A pluggy manager over plugins; what is registered last wraps what came before.

    Raises:
        BackendUnusable: a hook is unknown to the contract or has other arguments.
    """
    import pluggy

    from .hookspecs import Backend

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Backend)
    try:
        for plugin in plugins:
            manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise BackendUnusable(f"its hooks do not fit the contract: {error}") from None
    return manager


def load(name: str, home: str, settings: "Settings") -> LoadedBackend:
    """The backend of this name: one that `mailaddon backends` lists, `module:attr`, or a registered add-on's.

    An add-on's name, `VENDOR/SERVER/VERSION`, stands for the backend `executable` with that add-on in its options.

    Raises:
        BackendUnusable: there is none, it cannot be imported or made, or it was written for another contract.
    """
    wrappers = [_make(plugin, _target(plugin, home), home, settings) for plugin in settings["plugins"]]
    target = _target(name, home)
    return LoadedBackend(name, target, _make(name, target, home, settings), wrappers[::-1])


def _target(name: str, home: str) -> str:
    if "/" in name:
        return _BUILT_IN[_EXECUTABLE]
    return name if ":" in name else _BUILT_IN.get(name) or _linked(name, home)


def _make(name: str, target: str, home: str, settings: "Settings") -> object:
    if "/" in name:
        options = {**settings.backends.get(_EXECUTABLE, {}), "addon": name}
    else:
        options = settings.backends.get(name, {})
    context = Context(name=name, home=home, settings=settings.values, options=options)
    try:
        plugin: object = _import(target)(context)
    except MailAddonError:
        raise
    except ImportError as error:
        raise BackendUnusable(f"backend {name} cannot be imported from {target}: {error}") from None
    except Exception as error:
        raise BackendUnusable(f"backend {name} ({target}) does not start: {type(error).__name__}: {error}") from error
    check_contract(name, plugin)
    return plugin


def _import(target: str) -> "Callable[[Context], object]":
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        raise ImportError(f"{target!r} is not module:attribute")
    __import__(module)
    found = getattr(sys.modules[module], attribute, None)
    if found is None:
        raise ImportError(f"{module} has no {attribute}")
    return found  # type: ignore[no-any-return] # calling it shows whether it is one


def check_contract(name: str, plugin: object) -> None:
    """Make sure that a plugin was written for this contract.

    Raises:
        BackendUnusable: it declares none, or one that does not fit.
    """
    declared = getattr(plugin, "contract", None)
    if not (isinstance(declared, tuple) and len(declared) == len(CONTRACT)):
        raise BackendUnusable(f"backend {name} declares no contract; a plugin has contract = {CONTRACT}")
    if declared[0] != CONTRACT[0] or declared[1] > CONTRACT[1]:
        ours, theirs = (".".join(map(str, version)) for version in (CONTRACT, declared))
        raise BackendUnusable(f"backend {name} was written for contract {theirs}, this SDK has {ours}")


def _linked(name: str, home: str) -> str:
    """The `module:attr` of an installed plugin: as written down, else as its entry point says, and written down."""
    path = os.path.join(home, _LINKS)
    links = _read_links(path)
    if name in links:
        try:
            _import(links[name])
        except Exception:  # noqa: BLE001, S110 - it moved, is gone or is broken; the entry points know, and say so
            pass
        else:
            return links[name]
    target = link(name)
    _write_links(path, {**links, name: target})
    return target


def link(name: str) -> str:
    """Find an installed plugin by its entry point and have pluggy check its hooks.

    Raises:
        BackendUnusable: it is not installed, cannot be imported, or does not fit the contract.
    """
    found = {point.name: point for point in entry_points()}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise BackendUnusable(f"no backend {name!r} is installed; installed: {known}")
    target = found[name].value
    try:
        plugin = _import(target)
    except Exception as error:
        raise BackendUnusable(f"backend {name} cannot be imported from {target}: {_reason(error)}") from error
    check(plugin)
    return target


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"


def check(plugin: object) -> None:
    """Have pluggy check the hooks of a plugin's class without making one, and check what it declares about them.

    Raises:
        BackendUnusable: a hook is unknown to the contract or has other arguments, or is not what is declared of it.
    """
    from .capabilities import check_declared

    bare = object.__new__(plugin) if isinstance(plugin, type) else plugin
    _managed(bare)
    check_declared(bare)


def entry_points() -> "list[EntryPoint]":
    """The installed plugins' entry points, one per name."""
    from importlib.metadata import entry_points as installed

    return list({point.name: point for point in installed(group=ENTRY_POINT_GROUP)}.values())


def _read_links(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("\t", 1) for line in file if "\t" in line)
    except OSError:
        return {}


def _write_links(path: str, links: dict[str, str]) -> None:
    from .home import replace_file

    try:
        replace_file(path, "".join(f"{name}\t{target}\n" for name, target in sorted(links.items())).encode())
    except OSError:
        return  # a read-only home only costs the time of finding it again
