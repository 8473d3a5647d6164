"""The doctor's examination of what is installed: Python, the package, what it depends on, the programs."""

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from importlib import import_module, metadata

from .. import __version__
from ..operations import COMMANDS, REGISTER
from ._finding import Finding, trouble, well

DISTRIBUTION = "mail-addon-sdk"
_OLDEST_PYTHON = (3, 11)
_SHOWN = 5
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?:>=\s*(?P<least>[0-9.]+))?$")


def python() -> Iterator[Finding]:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        wanted = ".".join(map(str, _OLDEST_PYTHON))
        yield trouble("python", f"{version} at {sys.executable}", f"install into Python {wanted} or newer")
    else:
        yield well("python", f"{version} at {sys.executable}")


def package() -> Iterator[Finding]:
    """Where mailaddon is imported from, and whether that is what was installed."""
    where = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if _frozen():
        yield well("package", f"mailaddon {__version__}, frozen, in {where}")
        return
    mend = f"{sys.executable} -m pip install --force-reinstall {DISTRIBUTION}"
    try:
        installed = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        yield trouble("package", f"mailaddon is imported from {where}, but {DISTRIBUTION} is not installed", mend)
        return
    if installed != __version__:
        found = f"mailaddon {__version__} is imported from {where}, but {DISTRIBUTION} {installed} is installed"
        yield trouble("package", found, f"remove the copy in {where}, or {mend}")
    else:
        yield well("package", f"mailaddon {__version__} from {where}")


def dependencies() -> Iterator[Finding]:
    """Whether each dependency is there, new enough, and can be imported."""
    if _frozen():
        return
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return  # `package` has said it
    modules: dict[str, list[str]] = {}
    for module, distributions in metadata.packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(_normal(distribution), []).append(module)
    for requirement in required:
        if "extra ==" not in requirement:
            yield _dependency(requirement.partition(";")[0].strip(), modules)


def _dependency(requirement: str, modules: dict[str, list[str]]) -> Finding:
    understood = _REQUIREMENT.match(requirement)
    name, least = understood.group("name", "least") if understood else (re.split(r"[^\w.-]", requirement)[0], None)
    mend = f"{sys.executable} -m pip install '{requirement}'"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return trouble(name, "not installed", mend)
    if least is not None and _numbers(version) < _numbers(least):
        return trouble(name, f"{version} is too old, {least} is needed", mend)
    for module in modules.get(_normal(name), ()):
        try:
            import_module(module)
        except Exception as error:  # noqa: BLE001 - a broken library can fail in any way
            found = f"{module} cannot be imported: {type(error).__name__}: {error}"
            return trouble(name, found, f"{sys.executable} -m pip install --force-reinstall '{requirement}'")
    return well(name, version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[a-z+-]", version)[0]))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def programs() -> Iterator[Finding]:
    """Whether every program is installed, can be executed, and has an interpreter."""
    ending = os.path.splitext(sys.executable)[1] if _frozen() else ""  # programs that are frozen are named alike
    every = [name for operation in (*COMMANDS, REGISTER) for name in operation.executables] + ["mailaddon"]
    names = [name + ending for name in every]
    folder = max(_script_folders(), key=lambda one: sum(os.path.exists(os.path.join(one, name)) for name in names))
    mend = f"{sys.executable} -m pip install --force-reinstall {DISTRIBUTION}"
    if _frozen():
        mend = f"copy the bundle again; `sha256sum -c SHA256SUMS` in {folder} says what of it is damaged"
    faults = {name: fault for name in names if (fault := _fault(os.path.join(folder, name)))}
    for fault in sorted(set(faults.values())):
        some = [name for name in names if faults.get(name) == fault]
        shown = ", ".join(some[:_SHOWN]) + (", …" if len(some) > _SHOWN else "")
        yield trouble("programs", f"{len(some)} of {len(names)} in {folder} {fault}: {shown}", mend)
    if not faults:
        yield well("programs", f"all {len(names)} in {folder}")
    first = shutil.which(f"EAddUser{ending}")
    if first and not faults and os.path.realpath(os.path.dirname(first)) != os.path.realpath(folder):
        found = f"PATH finds {first} first, which belongs to another installation"
        yield trouble("programs", found, f"put {folder} first, or call the programs by their full paths", severe=False)


def _script_folders() -> list[str]:
    if _frozen():
        return [os.path.dirname(sys.executable)]
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    return [os.path.dirname(sys.executable), *[sysconfig.get_path("scripts", scheme) for scheme in schemes]]


def _fault(path: str) -> str:
    if not os.path.isfile(path):
        return "are missing"
    if not os.access(path, os.X_OK):
        return "cannot be executed"
    with open(path, "rb") as file:
        first = file.readline(4096)
    if first.startswith(b"#!") and not os.path.exists(os.fsdecode(first[2:].split(b" -")[0].strip())):
        return f"have an interpreter that does not exist, {os.fsdecode(first[2:].strip())}"
    return ""


def _frozen() -> bool:
    return bool(getattr(sys, "frozen", False))
