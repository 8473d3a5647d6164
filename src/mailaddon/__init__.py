"""The mail add-on SDK: the Mail Server API of a hosting panel, in front of any mail server.

This is the public face. A plugin, a front door or a script imports from here; modules whose names begin with an
underscore are private. Names are loaded when they are first asked for, because a panel starts a process per call.

    from mailaddon import Backend, Context, NotFound, hookimpl, records
"""

__version__ = "0.1.0"
#: What a frozen program was told of its bundle (`freezing.options.Options.facts`); nothing otherwise.
_bundle: dict[str, str] = {}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import errors, operations, records, values
    from ._contract import CONTRACT, Context, hookimpl
    from .errors import (
        ERRORS,
        AddonFailed,
        AlreadyExists,
        BackendUnusable,
        BadResult,
        Conflict,
        FeatureDisabled,
        ForwardLoop,
        InternalError,
        Interrupted,
        InvalidArgument,
        InvalidExport,
        LimitReached,
        MailAddonError,
        NotConfigured,
        NotFound,
        NotSupported,
        StorageFailed,
        Unavailable,
        UpgradeNeeded,
        UsageError,
        VendorError,
    )
    from .hookspecs import Backend
    from .panel import Panel
    from .service import Service

__all__ = [
    "CONTRACT",
    "ERRORS",
    "AddonFailed",
    "AlreadyExists",
    "Backend",
    "BackendUnusable",
    "BadResult",
    "Conflict",
    "Context",
    "FeatureDisabled",
    "ForwardLoop",
    "InternalError",
    "Interrupted",
    "InvalidArgument",
    "InvalidExport",
    "LimitReached",
    "MailAddonError",
    "NotConfigured",
    "NotFound",
    "NotSupported",
    "Panel",
    "Service",
    "StorageFailed",
    "Unavailable",
    "UpgradeNeeded",
    "UsageError",
    "VendorError",
    "errors",
    "hookimpl",
    "operations",
    "records",
    "values",
]

_MODULES = ("errors", "operations", "records", "values")
_HOMES = {
    "CONTRACT": "_contract",
    "Context": "_contract",
    "hookimpl": "_contract",
    "Backend": "hookspecs",
    "Panel": "panel",
    "Service": "service",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'mailaddon' has no attribute {name!r}")
    import sys

    module = f"{__name__}.{name if name in _MODULES else _HOMES.get(name, 'errors')}"
    __import__(module)  # and not importlib, whose own import an E* command would pay for
    found: object = sys.modules[module] if name in _MODULES else getattr(sys.modules[module], name)
    globals()[name] = found
    return found
