"""The modules of a bundle: which ones, and how they are compiled so that two builds are the same.

The standard library is taken whole, because nobody knows what a plugin will import. What is left out needs a library
that cannot be shipped along (readline and gdbm are GPL, Berkeley DB's is AGPL or proprietary), or a screen (tkinter,
curses), or a second Kerberos (nis), or is nothing that a program uses (tests, an editor, pip's wheel, the 2to3
translator, the topics of the interactive help).
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import Unavailable

#: Top-level modules of the standard library that are left out, and what belongs to them.
LEFT_OUT = {
    "tkinter": ("tkinter", "_tkinter", "turtle", "turtledemo"),
    "curses": ("curses", "_curses", "_curses_panel"),
    "readline": ("readline",),
    "dbm's C libraries": ("_dbm", "_gdbm"),
    "nis": ("nis",),
    "pydoc_data": ("pydoc_data",),
    "distutils": ("distutils",),
    "ensurepip": ("ensurepip",),
    "idlelib": ("idlelib",),
    "lib2to3": ("lib2to3",),
    "test": (
        "test",
        "_ctypes_test",
        "_testbuffer",
        "_testcapi",
        "_testclinic",
        "_testclinic_limited",
        "_testexternalinspection",
        "_testimportmultiple",
        "_testinternalcapi",
        "_testlimitedcapi",
        "_testmultiphase",
        "_testsinglephase",
        "_xxtestfuzz",
        "xxlimited",
        "xxlimited_35",
        "xxsubtype",
    ),
}
WITHOUT = frozenset(name for row in LEFT_OUT.values() for name in row)
#: What builds, installs or freezes, and is never a part of what it makes.
TOOLS = (
    "PyInstaller",
    "pip",
    "setuptools",
    "pkg_resources",
    "_distutils_hack",
    "coverage",
    "pytest",
    "_pytest",
    "mypy",
)
#: Those of this project whose docstrings are printed: by `--help`, in the list of errors, as titles of cases.
_HELPFUL = re.compile(r"\.errors$|\.cli\b|\.conformance\.cases\b")
_TESTS = {"test", "tests", "idle_test"}
_COMPILER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compiling.py")


class Module(NamedTuple):
    """A module to be compiled.

    Attributes:
        source: its file.
        target: its place in the bundle, with "/" and without an extension: `email/mime/__init__`.
        optimize: 0, or 2 for no docstrings and no assertions.
    """

    source: str
    target: str
    optimize: int = 0


def standard_library(folder: str = "") -> Iterator[Module]:
    """The standard library's modules, without what is left out and without its own tests."""
    top = folder or sysconfig.get_path("stdlib")
    for path, folders, files in os.walk(top):
        inside = os.path.relpath(path, top)
        parts = [] if inside == os.curdir else inside.split(os.sep)
        folders[:] = sorted(name for name in folders if _is_package(name) and (parts or name not in WITHOUT))
        for name in sorted(files):
            stem, extension = os.path.splitext(name)
            if extension == ".py" and (parts or stem not in WITHOUT):
                yield Module(os.path.join(path, name), "/".join([*parts, stem]), optimize=2)


def _is_package(folder: str) -> bool:
    return folder.isidentifier() and folder not in _TESTS | {"__pycache__"}


def extensions() -> Iterator[str]:
    """The standard library's modules in C, as files."""
    folder = sysconfig.get_config_var("DESTSHARED") or os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload")
    if not os.path.isdir(folder):  # Windows: they stand beside Python
        folder = os.path.join(sys.base_prefix, "DLLs")
    for name in sorted(os.listdir(folder)):
        if name.endswith((".so", ".pyd")) and name.partition(".")[0] not in WITHOUT:
            yield os.path.join(folder, name)


def of_packages(pure: Iterable[tuple[str, str | None, str]], whole: Iterable[str] = ()) -> Iterator[Module]:
    """The modules that an analysis found outside the standard library.

    Args:
        pure: PyInstaller's list of modules: name, file, kind.
        whole: packages whose docstrings and assertions stay: a vendor's, who may need them.
    """
    kept = frozenset(whole)
    library = os.path.join(sysconfig.get_path("stdlib"), "")
    installed = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("purelib", "platlib"))
    for name, source, _kind in pure:
        if source in {None, "-"} or name.partition(".")[0] in {*WITHOUT, *TOOLS}:
            continue
        path = str(source)
        if path.startswith(library) and not path.startswith((*installed, os.path.join(library, "dist-packages", ""))):
            continue
        is_package = os.path.splitext(os.path.basename(path))[0] == "__init__"
        top = name.partition(".")[0]
        optimize = 0 if top in kept or (top == "mailaddon" and _HELPFUL.search(name)) else 2
        yield Module(path, name.replace(".", "/") + ("/__init__" if is_package else ""), optimize)


def compile_all(modules: Iterable[Module], folder: str) -> list[tuple[str, str]]:
    """Compile modules, in a process of its own that has nothing else loaded.

    What is marshalled says which objects are used elsewhere in the process, so a build under a debugger, or one whose
    coverage is measured, would have other octets. Lines are kept, columns are not: there is no source to show them in.

    Args:
        modules: what to compile.
        folder: where to put it.

    Returns:
        Pairs of the place in the bundle and the file.

    Raises:
        Unavailable: something cannot be compiled.
    """
    chosen = sorted({module.target: module for module in modules}.values())
    rows = [
        (row.source, os.path.join(folder, *f"{row.target}.pyc".split("/")), row.target, row.optimize) for row in chosen
    ]
    environment = {"PYTHONHASHSEED": "0"} | {
        name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    done = subprocess.run(  # noqa: S603 - this interpreter and a file beside this one
        [sys.executable, "-S", "-s", "-B", "-W", "ignore", "-X", "no_debug_ranges", _COMPILER],
        input=json.dumps(rows).encode(),
        env=environment,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"the modules cannot be compiled: {done.stderr.decode('utf-8', 'replace').strip()}")
    refused = set(json.loads(done.stdout))
    return [(f"{target}.pyc", path) for _source, path, target, _optimize in rows if target not in refused]
