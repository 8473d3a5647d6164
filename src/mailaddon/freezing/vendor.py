"""A vendor's plugin: an installed distribution that has backends."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import parseaddr
from importlib.metadata import Distribution, PackageNotFoundError, distributions

from .._contract import ENTRY_POINT_GROUP
from ..errors import InvalidArgument, NotFound
from .options import NAME, Options, checked

#: Files of a distribution's own folder that say what it is, and not how it came here.
_ABOUT = ("METADATA", "PKG-INFO", "entry_points.txt", "top_level.txt")
_REQUIRED = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dll", ".dylib")


def plugin(name: str) -> Distribution:
    """The installed distribution of a plugin.

    Raises:
        NotFound: it is not installed, or has no backend.
    """
    try:
        found = installed(name)
    except PackageNotFoundError:
        raise NotFound(
            f"no distribution {name!r} is installed; `pip install` it beside this one", parameter="--with"
        ) from None
    if not backends(found):
        raise NotFound(f"{name} has no entry point in the group {ENTRY_POINT_GROUP}", parameter="--with")
    return found


def installed(name: str) -> Distribution:
    """The installed distribution of a name, rather than what a build has left in a source tree.

    Raises:
        PackageNotFoundError: there is none.
    """
    found = list(distributions(name=name)) if name else []  # of no name, all would be found
    if not found:
        raise PackageNotFoundError(name)
    return next((one for one in found if one.read_text("METADATA") is not None), found[0])


def backends(found: Distribution) -> dict[str, str]:
    """The backends of a distribution: name -> `module:attr`."""
    return {point.name: point.value for point in found.entry_points if point.group == ENTRY_POINT_GROUP}


def resolved(
    plugins: Sequence[str],
    *,
    name: str | None = None,
    version: str | None = None,
    vendor: str | None = None,
    extension: str | None = None,
    backend: str | None = None,
) -> Options:
    """The bundle that is asked for; what is not said is taken from the first plugin.

    Raises:
        NotFound: a plugin is not installed, or has no backend.
        InvalidArgument: an option does not fit, or the backend has to be chosen.
    """
    found = [plugin(one) for one in plugins]
    default = Options()
    first = found[0] if found else None
    known = {point: target for one in found for point, target in backends(one).items()}
    if backend is None:
        own = sorted(backends(first)) if first else [""]
        if len(own) > 1:
            raise InvalidArgument(
                f"{plugins[0]} has several backends; one of {', '.join(own)} is needed", parameter="--backend"
            )
        (backend,) = own
    elif backend not in known:
        raise InvalidArgument(
            f"{backend!r} is in no plugin; {', '.join(sorted(known)) or 'none'} would be", parameter="--backend"
        )
    return checked(
        Options(
            name=name if name is not None else (first.name if first else NAME),
            version=version if version is not None else (first.version if first else default.version),
            vendor=vendor if vendor is not None else (_maker(first) if first else ""),
            extension=default.extension if extension is None else _dotted(extension),
            backend=backend,
            plugins=tuple(one.name for one in found),
        )
    )


def _dotted(extension: str) -> str:
    return f".{extension}" if extension and not extension.startswith(".") else extension


def _maker(found: Distribution) -> str:
    """Who makes a distribution, by its metadata; "" if that does not say."""
    for field in ("Author", "Maintainer"):
        if stated(found, field):
            return stated(found, field)
    for field in ("Author-email", "Maintainer-email"):
        display, address = parseaddr(stated(found, field))
        if display or address:
            return display or address
    return ""


def stated(found: Distribution, field: str) -> str:
    """What a distribution's metadata has in a field, the first time; "" if it has none."""
    return str((found.metadata.get_all(field) or [""])[0]).strip()


def packages(found: Distribution) -> list[str]:
    """The top-level modules of a distribution."""
    named = (found.read_text("top_level.txt") or "").split()
    of_files = {file.parts[0].partition(".")[0] for file in found.files or () if file.suffix == ".py"}
    of_points = {target.partition(":")[0].partition(".")[0] for target in backends(found).values()}
    return sorted(name for name in {*named, *of_files, *of_points} if name.isidentifier())


def required(plugins: Iterable[Distribution]) -> set[str]:
    """The names of all distributions that plugins need, directly or not, in lower case; their extras' needs too."""
    found: set[str] = set()
    rest = [line for one in plugins for line in one.requires or ()]
    while rest:
        match = _REQUIRED.match(rest.pop())
        name = match[0].lower() if match else ""
        if name and name not in found:
            found.add(name)
            rest += [line for one in distributions(name=name) for line in one.requires or ()]
    return found


def data_files(folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What packages have beside code: file, and the folder in the bundle.

    Args:
        folders: those of the packages.
    """
    for top in folders:
        above = os.path.dirname(top)
        for path, inner, files in os.walk(top):
            inner[:] = sorted(name for name in inner if name != "__pycache__")
            for name in sorted(files):
                if os.path.splitext(name)[1] not in _CODE:
                    yield os.path.join(path, name), os.path.relpath(path, above)


def about(found: Distribution) -> Iterator[tuple[str, str]]:
    """What a bundle keeps of a distribution's metadata: the file's name there, and its text.

    Where it was installed from, and with which tool, is left out: two machines would have different bundles.
    """
    folder = f"{found.name.replace('-', '_')}-{found.version}.dist-info"
    for name in _ABOUT:
        text = found.read_text(name)
        if text is not None:
            yield f"{folder}/{'METADATA' if name == 'PKG-INFO' else name}", text
    for file in found.files or ():
        place = "/".join(file.parts)
        if ".dist-info/" in place and _is_licence(file.parts[-1], place):
            yield f"{folder}/licenses/{file.parts[-1]}", file.read_text(encoding="utf-8")


def _is_licence(name: str, place: str) -> bool:
    return "/licenses/" in place or name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE"))
