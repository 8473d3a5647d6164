"""What a bundle says of itself: a bill of materials (CycloneDX 1.5, JSON) and a list of checksums.

Both are made of the finished folder and stand in it, as `sbom.cdx.json` and `SHA256SUMS`; `sha256sum -c SHA256SUMS` in
the folder checks the whole bundle. Neither has a random number or the current time.
"""

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from typing import Any
from urllib.parse import quote

from .libraries import Library
from .options import Options
from .vendor import stated

SBOM = "sbom.cdx.json"
CHECKSUMS = "SHA256SUMS"
_CLASSIFIERS = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
}


def digest(path: str) -> str:
    """A file's SHA-256."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(folder: str) -> Iterator[str]:
    """All files below a folder, sorted, with "/"."""
    found = [
        os.path.relpath(os.path.join(path, name), folder).replace(os.sep, "/")
        for path, _folders, names in os.walk(folder)
        for name in names
    ]
    yield from sorted(found)


def checksums(folder: str) -> str:
    """The lines of SHA256SUMS."""
    return "".join(f"{digest(os.path.join(folder, name))}  {name}\n" for name in files(folder) if name != CHECKSUMS)


def sbom(
    folder: str,
    inside: str,
    options: Options,
    distributions: Iterable[Distribution],
    libraries: Iterable[Library],
    loader: Distribution,
    moment: int,
) -> dict[str, Any]:
    """The bill of materials.

    Args:
        folder: the finished bundle.
        inside: the name of its folder of modules.
        options: what the bundle is.
        distributions: what is in it.
        libraries: the shared libraries that are in it.
        loader: PyInstaller, whose loader each program begins with.
        moment: the time (s since 1970) that the bundle says it was made at.
    """
    main = {"type": "application", "bom-ref": "bundle", "name": options.name, "version": options.version}
    if options.vendor:
        main["publisher"] = options.vendor
    components = [
        _component("CPython", platform.python_version(), "PSF-2.0", f"pkg:generic/cpython@{platform.python_version()}"),
        _component(
            "PyInstaller bootloader",
            loader.version,
            "GPL-2.0-or-later WITH Bootloader-exception",
            f"pkg:pypi/pyinstaller@{loader.version}",
        ),
        *[_of_distribution(found) for found in sorted(distributions, key=lambda one: one.name.lower())],
        *[_of_library(one, os.path.join(folder, inside, *one.place.split("/"))) for one in libraries],
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
            "component": main,
        },
        "components": components,
        "dependencies": [{"ref": "bundle", "dependsOn": sorted(str(one["bom-ref"]) for one in components)}],
    }


def _component(name: str, version: str, licence: str, purl: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version}
    if licence:
        found["licenses"] = [{"expression": licence}]
    return {**found, "purl": purl}


def _of_distribution(found: Distribution) -> dict[str, Any]:
    name = found.name.lower().replace("_", "-")
    purl = f"pkg:pypi/{quote(name)}@{quote(found.version)}"
    component = _component(found.name, found.version, "", purl)
    stated = licence(found)
    if stated:
        component["licenses"] = [stated]
    return component


def licence(found: Distribution) -> dict[str, Any]:
    """A distribution's licence as CycloneDX has it: an SPDX expression, else a name as its metadata says it."""
    expression = stated(found, "License-Expression")
    if expression:
        return {"expression": expression}
    classifiers = [text for text in found.metadata.get_all("Classifier") or () if text.startswith("License ::")]
    for text in classifiers:
        if text in _CLASSIFIERS:
            return {"expression": _CLASSIFIERS[text]}
    named = stated(found, "License").partition("\n")[0]
    named = named or (classifiers[0].rpartition(" :: ")[2] if classifiers else "")
    return {"license": {"name": named}} if named else {}


def _of_library(library: Library, path: str) -> dict[str, Any]:
    name = os.path.basename(library.place)
    found: dict[str, Any] = {"type": "file", "bom-ref": f"file:{library.place}", "name": name}
    if library.package:
        found["version"] = library.version
        found["purl"] = f"pkg:deb/debian/{quote(library.package)}@{quote(library.version)}"
    return {**found, "hashes": [{"alg": "SHA-256", "content": digest(path)}]}


def write(folder: str, bill: dict[str, Any]) -> None:
    """Write both files into a bundle."""
    with open(os.path.join(folder, SBOM), "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(bill, ensure_ascii=False, indent=1) + "\n")
    with open(os.path.join(folder, CHECKSUMS), "w", encoding="utf-8", newline="\n") as file:
        file.write(checksums(folder))


def settle(folder: str, moment: int) -> None:
    """Give every file and folder the rights and the time that do not depend on who made them, and when."""
    for path, _folders, names in os.walk(folder, topdown=False):
        for name in names:
            file = os.path.join(path, name)
            if not os.path.islink(file):
                os.chmod(file, 0o755 if os.stat(file).st_mode & 0o100 else 0o644)
            os.utime(file, (moment, moment), follow_symlinks=os.utime not in os.supports_follow_symlinks)
        os.chmod(path, 0o755)  # noqa: S103 - others run the programs
        os.utime(path, (moment, moment))
