"""What tests of backends, and of what calls them, are made of.

    FakeBackend       the reference model as a backend, with faults on demand
    Fault             one of those faults
    Model             the reference model: what the commands mean, in plain Python
    BackendContract   a pytest class: everything that a backend has to do
    ModelContract     a pytest class: random commands, the backend beside the model; a part of BackendContract

The classes for pytest need `pip install mail-addon-sdk[testing]`. Nothing here is imported before it is used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract import BackendContract, ModelContract
    from .fake import FakeBackend
    from .faults import Fault
    from .model import Model

__all__ = ["BackendContract", "FakeBackend", "Fault", "Model", "ModelContract"]

_HOMES = {
    "BackendContract": "contract",
    "FakeBackend": "fake",
    "Fault": "faults",
    "Model": "model",
    "ModelContract": "contract",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mailaddon.testing' has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
