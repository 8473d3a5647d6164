"""What runs first in a frozen program.

PyInstaller's own start imports its importers and reads archives, which takes longer than a command does. A folder
without archives needs none of it on Linux: the interpreter finds its modules by itself. What is left is here.
"""

import gc
import os
import sys
from _frozen_importlib_external import (  # what importlib.machinery is made of, without importing it
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

#: What PyInstaller's loader leaves in the environment for a second start of itself.
_OF_THE_LOADER = (
    "_PYI_ARCHIVE_FILE",
    "_PYI_APPLICATION_HOME_DIR",
    "_PYI_PARENT_PROCESS_LEVEL",
    "_PYI_LINUX_PROCESS_NAME",
)
_LIBRARIES = "LD_LIBRARY_PATH"
PLUGINS = "plugins"
#: How many objects are made before cycles among them are looked for: loading modules makes thousands, and all stay.
_GARBAGE = 50_000


def begin() -> None:
    """Be a frozen program: find modules and plugins, and leave the environment as the caller had it."""
    inside: str = sys._MEIPASS  # type: ignore[attr-defined] # noqa: SLF001 - where the loader says that the modules are
    sys.frozen = True  # type: ignore[attr-defined]
    gc.set_threshold(_GARBAGE)
    sys.path[:] = places(sys.path, inside, sys.executable)
    sys.path_hooks.insert(0, finders(inside))
    restore(os.environ)


def places(path: list[str], inside: str, program: str) -> list[str]:
    """Where modules are looked for: in the bundle, then in the folder of plugins beside its programs.

    Args:
        path: `sys.path`, as the loader set it.
        inside: the folder of the bundle's modules.
        program: the program that runs.
    """
    others = [place for place in path if place != inside and not place.endswith(".zip")]
    return [inside, *others, os.path.join(os.path.dirname(program), PLUGINS)]


def finders(inside: str) -> "Callable[[str], FileFinder]":
    """What finds modules in the bundle's folders, where nearly all are compiled: it looks for the compiled form first.

    Args:
        inside: the folder of the bundle's modules.
    """

    def finder(place: str) -> FileFinder:
        if not place.startswith(inside):
            raise ImportError(place, path=place)
        return FileFinder(
            place,
            (SourcelessFileLoader, [".pyc"]),
            (ExtensionFileLoader, EXTENSION_SUFFIXES),
            (SourceFileLoader, [".py"]),
        )

    return finder


def restore(environment: "MutableMapping[str, str]") -> None:
    """Undo what the loader did to the environment: what a program starts must not get the bundle's libraries."""
    for name in _OF_THE_LOADER:
        environment.pop(name, None)
    environment.pop(_LIBRARIES, None)
    before = environment.pop(f"{_LIBRARIES}_ORIG", None)
    if before is not None:
        environment[_LIBRARIES] = before
