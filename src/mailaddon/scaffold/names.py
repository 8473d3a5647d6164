"""What a new package and its parts are called."""

from __future__ import annotations

import keyword
import re
import sys

from .. import __version__
from .._loading import entry_points
from .._record import Record
from ..errors import AlreadyExists, InvalidArgument
from ..values import shown

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 64
#: What a name may stand in: Python, TOML, YAML and Markdown, between quotes.
_VENDOR = re.compile(r"[\w .,&+()-]*\w[\w .,&+()-]*")
#: Names of this project.
_OURS = {"mailaddon", "mail-addon-sdk"}


class Names(Record):
    """The names that a template can use, each as `$name`."""

    package: str  # of the distribution and its folder, as pip installs it
    module: str  # as Python imports it
    backend: str  # as the setting `backend` has it
    cls: str  # of the backend's class
    vendor: str  # as a person reads it
    code: str  # <vendor> in the codes of errors, x-<vendor>-<name>
    sdk: str  # the SDK's version


def names(package: str, backend: str = "", vendor: str = "") -> Names:
    """The names of a new package.

    Args:
        package: its own.
        backend: the backend's; "" for the first word of the package's.
        vendor: who makes it; "" for the backend's name as a heading has it.

    Raises:
        InvalidArgument: one of them cannot be such a name.
        AlreadyExists: a backend of this name is installed.
    """
    _check(package, "NAME", "acme-mail")
    module = package.replace("-", "_")
    if package in _OURS or module in sys.stdlib_module_names or keyword.iskeyword(module):
        raise InvalidArgument(f"{package!r} is the name of something else already", parameter="NAME")
    backend = backend or package.partition("-")[0]
    _check(backend, "--backend", "acme")
    taken = {point.name: point.value for point in entry_points()}.get(backend, module)
    if taken.partition(":")[0].partition(".")[0] != module:
        raise AlreadyExists(
            f"a backend {backend} is installed already, {taken}; another name is needed", parameter="--backend"
        )
    vendor = vendor or backend.replace("-", " ").title()
    if not _VENDOR.fullmatch(vendor) or len(vendor) > _LONGEST:
        raise InvalidArgument(
            f"{shown(vendor)} does not fit; up to {_LONGEST} letters, digits, spaces and .,&+()- do",
            parameter="--vendor",
        )
    return Names(
        package=package,
        module=module,
        backend=backend,
        cls="".join(word.capitalize() for word in backend.split("-")) + "Backend",
        vendor=vendor,
        code=backend,
        sdk=__version__,
    )


def _check(name: str, parameter: str, example: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise InvalidArgument(
            f"{shown(name)} does not fit; up to {_LONGEST} small letters and digits do, a letter first, '-' between"
            f" words: {example} for example",
            parameter=parameter,
        )
