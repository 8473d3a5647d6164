"""The shared libraries of a bundle: which ones are taken, and where they come from."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Container, Iterable, Sequence
from importlib.util import find_spec
from typing import NamedTuple

Row = tuple[str, str, str]  # as PyInstaller lists files: place in the bundle, file, kind
#: A library that was put into a wheel, and renamed for that.
_RENAMED = re.compile(r"(lib.+)-[0-9a-f]{8}(\.so(?:\.\d+)*)")
_NEEDS = re.compile(r"required from (\S+):\n((?:\s+0x.*\n?)+)")
_NEEDED = re.compile(r"0x\S+ 0x\S+ \d+ (\S+)")
_DEFINED = re.compile(r"^\d+ 0x\S+ 0x\S+ (\S+)", re.MULTILINE)


class Library(NamedTuple):
    """A shared library.

    Attributes:
        place: its place in the bundle.
        package: the machine's package that it is from, "" if that is not known.
        version: the package's.
    """

    place: str
    package: str = ""
    version: str = ""


def not_wanted() -> list[str]:
    """Modules that would only bring a second copy of a library.

    psycopg finds the machine's libpq by ctypes, and PyInstaller then ships it with all that it needs, Kerberos, LDAP
    and GnuTLS among them. `psycopg_binary` brings a libpq of its own, and only that one is used.
    """
    return ["psycopg.pq._pq_ctypes", "psycopg_c"] if find_spec("psycopg_binary") else []


def not_asked_for(required: Container[str]) -> list[str]:
    """Modules that psycopg converts the types of if they happen to be installed; numpy alone is as large as the rest.

    Args:
        required: the distributions that plugins need; what is among them is wanted.
    """
    return [name for name in ("numpy", "shapely") if name not in required]


def kept(binaries: Iterable[Row]) -> list[Row]:
    """The libraries that a bundle needs; of what is there twice a link to the one that is taken.

    The links that PyInstaller makes to libraries of packages are left out: packages find their own without.
    """
    files = [row for row in binaries if row[2] != "SYMLINK"]
    again = copies(files, versions([row[1] for row in files])) if sys.platform == "linux" else {}
    return [(row[0], again[row[0]], "SYMLINK") if row[0] in again else row for row in files]


class Versions(NamedTuple):
    """What `objdump` says of a library: the versions of symbols that it has, and those that it needs, by library."""

    has: frozenset[str]
    needs: dict[str, frozenset[str]]


def copies(files: Iterable[Row], known: dict[str, Versions]) -> dict[str, str]:
    """The libraries that are there under their usual name as well, and what to link to: place -> target.

    A package that brings `libcrypto-3a0647ea.so.3` can use `libcrypto.so.3`, which Python's own modules need anyhow, if
    that has every version of a symbol that is asked for. A process then has one of them, too.

    Args:
        files: PyInstaller's list of libraries.
        known: of each file, its versions.
    """
    rows = list(files)
    usual = {row[0]: row for row in rows if not os.path.dirname(row[0])}
    found = {row[0]: usual[name] for row in rows if (name := _usual_name(row[0])) in usual}
    while True:
        users = [known[row[1]] for row in rows if row[0] not in found and row[1] in known]
        unfit = [
            place
            for place, (_, file, _) in found.items()
            if any(user.needs.get(os.path.basename(place), frozenset()) - known[file].has for user in users)
        ]
        if not unfit:
            return {place: os.path.relpath(row[0], os.path.dirname(place)) for place, row in found.items()}
        for place in unfit:
            del found[place]


def _usual_name(place: str) -> str:
    """`libcrypto.so.3` of `psycopg_binary.libs/libcrypto-3a0647ea.so.3`; "" of other names."""
    renamed = _RENAMED.fullmatch(os.path.basename(place))
    return renamed[1] + renamed[2] if renamed and os.path.dirname(place) else ""


def versions(files: Sequence[str]) -> dict[str, Versions]:
    """The versions of symbols in libraries, by file; PyInstaller needs the same program of binutils."""
    found: dict[str, Versions] = {}
    if not files:
        return found
    for part in ("\n" + "\n".join(_lines("objdump", "-p", *files))).split(":     file format")[1:]:
        needs = {block[0]: frozenset(_NEEDED.findall(block[1])) for block in _NEEDS.findall(part)}
        found[files[len(found)]] = Versions(frozenset(_DEFINED.findall(part)), needs)
    return found


def described(binaries: Iterable[Row]) -> list[Library]:
    """The libraries that are no modules, with the Debian packages that they are from, where dpkg knows."""
    chosen = sorted((place, file) for place, file, kind in binaries if kind == "BINARY")
    owners = _owners([file for _place, file in chosen])
    return [Library(place.replace(os.sep, "/"), *owners.get(file, ())) for place, file in chosen]


def _owners(files: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The Debian package and its version, by file."""
    dpkg = shutil.which("dpkg-query")
    if not (dpkg and files):
        return {}
    asked = {name: file for file in files for name in _names(file)}
    lines = _lines(dpkg, "--search", *asked)
    packages = {path: package for package, _, path in (line.partition(": ") for line in lines)}
    versions = dict(
        line.split(" ", 1)
        for line in _lines(dpkg, "--show", "--showformat", "${Package} ${Version}\n", *_each(packages))
    )
    found = {}
    for path, package in packages.items():
        name = package.partition(":")[0]
        if path in asked and name in versions:
            found[asked[path]] = (name, versions[name])
    return found


def _each(packages: dict[str, str]) -> list[str]:
    return sorted({name for name in packages.values() if "," not in name and " " not in name})


def _names(file: str) -> set[str]:
    """How dpkg may know a file: `/lib` has been a link to `/usr/lib` for longer than packages say so."""
    names = {file, os.path.realpath(file)}
    return (
        names | {name.removeprefix("/usr") for name in names} | {f"/usr{name}" for name in names if name[:5] == "/lib/"}
    )


def _lines(*command: str) -> list[str]:
    """What a program says; dpkg-query ends with 1 if it does not know one of the files."""
    done = subprocess.run(  # noqa: S603 - dpkg-query and objdump, and names of files
        command,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
    )
    return done.stdout.splitlines()
