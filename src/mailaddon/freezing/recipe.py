"""PyInstaller's part: one analysis of all programs, one program of each, one shared folder of everything else.

Not one file per program: such a program unpacks itself at each start, which takes longer than most commands do. Not
MERGE, which is made for those. No archive of modules, which would be a part of each program and has to be read at each
start. This module runs inside PyInstaller, which `build.spec` or `mailaddon freeze` has started.
"""

import marshal
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from ..operations import COMMANDS, REGISTER
from . import libraries, manifest, modules, programs, vendor, windows
from .libraries import Row
from .options import Options, checked, moment

INSIDE = "_internal"
#: The distribution that this is a part of.
OURS = "mail-addon-sdk"
#: The one that makes programs of it.
LOADER = "pyinstaller"
#: Postfix runs its source, with the machine's Python.
POLICY = "mailaddon.backends.postfix.policy"
#: What is found by name and is no part of a bundle: that source, and a class for pytest, which a bundle does not have.
_LEFT_OUT = {POLICY, "mailaddon.testing.contract"}
#: Ours with files beside its modules: `mailaddon new` writes a package from them.
TEMPLATES = "mailaddon.scaffold"
#: Of PyInstaller's hooks the one that reads an archive at each start, so that sources can be found: there are none.
_SLOW = "pyi_rth_inspect"
#: A version of the format that does not say which objects are used elsewhere in the process.
_UNSHARED = 2


def build(options: Options | None = None) -> str:
    """Make a bundle in PyInstaller's folder for results; the bundle's folder.

    Raises:
        MailAddonError: an option does not fit, or a plugin is not installed.
    """
    from PyInstaller.building.api import COLLECT, PYZ
    from PyInstaller.config import CONF

    wanted, when, work = checked(options or Options()), moment(), str(CONF["workpath"])
    os.environ["SOURCE_DATE_EPOCH"] = str(when)  # what Windows programs say they were made at
    plugins = [vendor.plugin(name) for name in wanted.plugins]
    _say(f"looking at what {wanted.title} needs")
    analysis = analysed(plugins, os.path.join(work, "programs"))
    chosen = {*modules.standard_library(), *modules.of_packages(analysis.pure, _packages(plugins))}
    _say(f"compiling {len(chosen)} modules")
    compiled = modules.compile_all(chosen, os.path.join(work, "modules"))
    datas = [row for row in analysis.datas if _is_wanted(row)]
    datas += [(os.path.join(*place.split("/")), path, "DATA") for place, path in compiled]
    binaries = libraries.kept(analysis.binaries)
    sources = [*(module.source for module in chosen), *(row[1] for row in (*analysis.binaries, *analysis.datas))]
    owners = [*owning(sources), vendor.installed(OURS), *plugins]
    datas += _metadata(owners, os.path.join(work, "metadata"))
    _say(f"making {len(programs.names())} programs")
    empty = PYZ([])
    made = list(_programs(wanted, beginning(empty, analysis.scripts), os.path.join(work, "started")))
    _say("putting it together")
    COLLECT(*made, binaries, datas, name=wanted.name, strip=sys.platform == "linux", upx=False)
    folder = os.path.join(str(CONF["distpath"]), wanted.name)
    finish(folder, wanted, owners, binaries, when)
    return folder


def _is_wanted(row: Row) -> bool:
    """Whether a file of the analysis is taken: no archive, no link, no metadata, of which `_metadata` chooses."""
    top = row[0].split(os.sep)[0]
    return not (row[2] == "SYMLINK" or top.endswith((".zip", ".dist-info", ".egg-info")))


def _say(text: str) -> None:
    sys.stderr.write(f"mailaddon freeze: {text}\n")
    sys.stderr.flush()


def analysed(plugins: Sequence[Distribution], folder: str) -> Any:
    """PyInstaller's analysis of all programs and plugins.

    Args:
        plugins: the distributions to be frozen in.
        folder: where to write the programs that are analysed.
    """
    from PyInstaller.building.build_main import Analysis

    scripts = programs.write(folder, {name: programs.body(name) for name in programs.names()})
    packages = _packages(plugins)
    unwanted = [*libraries.not_wanted(), *libraries.not_asked_for(vendor.required(plugins))]
    return Analysis(
        [path for _name, path in scripts],
        hiddenimports=hidden(packages),
        datas=[*vendor.data_files(_folders(packages)), *_texts()],
        excludes=[*modules.WITHOUT, *modules.TOOLS, *unwanted, *_LEFT_OUT],
        noarchive=False,  # its list of modules is what is compiled; no archive is made of it
        optimize=0,
    )


def _packages(plugins: Iterable[Distribution]) -> list[str]:
    return [name for found in plugins for name in vendor.packages(found)]


def hidden(packages: Iterable[str]) -> list[str]:
    """What is imported by name, and so is not seen: backends, subcommands, hashes, the C modules of the library."""
    from PyInstaller.utils.hooks import collect_submodules

    return [
        *(name for name in collect_submodules("mailaddon") if name not in _LEFT_OUT),
        "passlib.handlers.sha2_crypt",
        "_argon2_cffi_bindings",
        "bcrypt",
        *(os.path.basename(path).partition(".")[0] for path in modules.extensions()),
        *(name for package in packages for name in (package, *collect_submodules(package))),
    ]


def _folders(packages: Iterable[str]) -> Iterator[str]:
    for name in packages:
        spec = find_spec(name)
        yield from (spec.submodule_search_locations or ()) if spec else ()


def _texts() -> Iterator[tuple[str, str]]:
    """Files that are no modules: what Postfix runs, the templates, and Python's licence."""
    spec = find_spec(POLICY)
    assert spec is not None
    assert spec.origin is not None
    yield spec.origin, os.path.join(*POLICY.split(".")[:-1])
    for path, folder in vendor.data_files(_folders([TEMPLATES])):
        yield path, os.path.join(*TEMPLATES.split(".")[:-1], folder)
    for place in (
        os.path.join(os.path.dirname(os.__file__), "LICENSE.txt"),
        os.path.join(sys.base_prefix, "LICENSE.txt"),
    ):
        if os.path.isfile(place):
            yield place, "python-licence"
            return


def owning(sources: Iterable[str]) -> list[Distribution]:
    """The installed distributions that files are from, each once, by name."""
    wanted = {os.path.realpath(path) for path in sources if path}
    found: dict[str, Distribution] = {}
    for one in distributions():
        folder = os.path.realpath(str(one.locate_file("")))
        if (
            one.name not in found
            and one.name != LOADER
            and any(os.path.join(folder, *file.parts) in wanted for file in one.files or ())
        ):
            found[one.name] = vendor.installed(one.name)
    return [found[name] for name in sorted(found)]


def _metadata(owners: Iterable[Distribution], folder: str) -> Iterator[Row]:
    """What the bundle keeps of the distributions' metadata, written into a folder."""
    for place, text in sorted({row for one in owners for row in vendor.about(one)}):
        path = os.path.join(folder, *place.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        yield os.path.join(*place.split("/")), path, "DATA"


def beginning(empty: Any, scripts: Iterable[Row], system: str = sys.platform) -> list[Any]:
    """What a program runs before its own text.

    On Linux that is nothing: nothing is in an archive, so Python's own importers find all. The loader wants an archive,
    though, and PyInstaller's object for it would bring PyInstaller's importers along.

    Args:
        empty: an archive without modules.
        scripts: the hooks and programs that the analysis found.
        system: `sys.platform` of the machine.
    """
    if system == "linux":
        return [[(os.path.basename(empty.name), empty.name, "PYZ")]]
    return [empty, [row for row in scripts if row[0].startswith("pyi_") and row[0] != _SLOW]]


def _programs(options: Options, first: list[Any], folder: str) -> Iterator[Any]:
    from PyInstaller.building.api import EXE

    texts = {name: programs.text(name, options.facts) for name in programs.names()}
    for name, path in programs.write(folder, texts):
        with unshared():
            yield EXE(
                *first,
                [(name, path, "PYSOURCE-2")],
                name=f"{name}{options.extension}",
                contents_directory=INSIDE,
                exclude_binaries=True,
                console=True,
                version=resource(name, options, folder) if sys.platform == "win32" else None,
                upx=False,
            )


def resource(name: str, options: Options, folder: str) -> str:
    """Write a program's version resource into a folder; the file's path."""
    path = os.path.join(folder, f"{name}.version.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(windows.resource(name, purpose(name), options))
    return path


def purpose(name: str) -> str:
    """What a program does, in a sentence."""
    for row in (*COMMANDS, REGISTER):
        if name in row.executables:
            return row.summary
    return "The Mail Server API of a hosting panel, in front of any mail server."


@contextmanager
def unshared() -> Iterator[None]:
    """Have PyInstaller marshal its programs in a form that is the same in every process."""
    from PyInstaller.archive import writers

    def dumps(value: Any) -> bytes:
        return marshal.dumps(value, _UNSHARED)

    usual = writers.marshal
    writers.marshal = SimpleNamespace(dumps=dumps, loads=marshal.loads)
    try:
        yield
    finally:
        writers.marshal = usual


def finish(folder: str, options: Options, owners: Sequence[Distribution], binaries: Iterable[Row], when: int) -> None:
    """Write the bill of materials and the checksums, and settle times and rights."""
    once = list({one.name: one for one in owners}.values())
    described = libraries.described(binaries)
    bill = manifest.sbom(folder, INSIDE, options, once, described, vendor.installed(LOADER), when)
    manifest.write(folder, bill)
    manifest.settle(folder, when)
