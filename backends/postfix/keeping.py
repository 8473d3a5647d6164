"""What stood outside the host's own folder before `mailaddon host init` wrote there, and putting it back.

Each time something is replaced, a folder `replaced/<time>` gets it under its whole path, and `replaced/<time>.json`,
which is written last, says what there was. A host may be brought up to date many times, so putting back goes from the
newest of them to the oldest.
"""

import json
import os
import shutil
import stat
import time
from collections.abc import Iterable, Sequence

from mailaddon.errors import StorageFailed

from ._record import File
from .files import replace
from .layout import Instance

_STATE = ".json"
_DONE = ".restored"


def outside(instance: Instance, path: str) -> bool:
    """Whether a path is not below the host's own folder."""
    return not path.startswith(f"{instance.root}/") and path != instance.root


def keep(
    instance: Instance, files: Iterable[File], folders: Iterable[tuple[str, int, str, str]], running: Sequence[str]
) -> None:
    """Keep what is going to be replaced.

    Args:
        instance: the host.
        files: what will be written.
        folders: what will be made, or given other rights.
        running: the services that ran with what is replaced.

    Raises:
        OSError: it cannot be kept.
    """
    paths = [path for path, *_rights in folders] + [file.path for file in files]
    found = {path: _rights(path) for path in paths if outside(instance, path)}
    if not found:
        return
    place = instance.path("replaced", time.strftime("%Y-%m-%dT%H%M%S", time.gmtime()))
    while os.path.exists(place) or os.path.exists(f"{place}{_STATE}"):
        place += "+"
    os.makedirs(instance.path("replaced"), 0o700, exist_ok=True)
    os.mkdir(place, 0o700)
    for path, rights in found.items():
        if rights and not stat.S_ISDIR(rights["mode"]):
            os.makedirs(os.path.dirname(place + path), 0o700, exist_ok=True)
            _copy(path, place + path)
    state = {"running": list(running), "paths": found}
    replace(f"{place}{_STATE}", f"{json.dumps(state, indent=1)}\n".encode(), 0o600)


def _rights(path: str) -> "dict[str, int] | None":
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return {"mode": status.st_mode, "uid": status.st_uid, "gid": status.st_gid}


def _copy(path: str, to: str) -> None:
    """Copy a file or a link with its owner, rights, times and attributes."""
    shutil.copy2(path, to, follow_symlinks=False)
    status = os.lstat(path)
    os.chown(to, status.st_uid, status.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(to, stat.S_IMODE(status.st_mode))  # a change of the owner may take bits away


def in_force(instance: Instance) -> list[str]:
    """The folders with what has been replaced and not put back, newest first."""
    try:
        names = os.listdir(instance.path("replaced"))
    except FileNotFoundError:
        return []
    found = sorted((name.removesuffix(_STATE) for name in names if name.endswith(_STATE)), reverse=True)
    return [instance.path("replaced", name) for name in found]


def running_before(instance: Instance) -> list[str]:
    """The services that ran before the host took their place."""
    places = in_force(instance)
    return list(_state(places[-1])["running"]) if places else []


def _state(place: str) -> "dict[str, dict[str, dict[str, int] | None]]":
    with open(f"{place}{_STATE}", encoding="utf-8") as file:
        return json.load(file)  # type: ignore[no-any-return]


def put_back(instance: Instance) -> list[str]:
    """Put everything back as it was before the host was made.

    Returns:
        What has been put back, and what has been removed because there was nothing, line by line.

    Raises:
        StorageFailed: the file system refuses; what has been put back stays so, and the rest can be tried again.
    """
    done: dict[str, str] = {}
    for place in in_force(instance):
        paths = _state(place)["paths"]
        # Folders were noted before what is in them.
        for path in reversed(list(paths)):
            try:
                _put_back(path, place + path, paths[path])
            except OSError as error:
                raise StorageFailed(f"{path} cannot be put back: {error.strerror}") from None
            done[path] = "put back" if paths[path] else "removed"
        os.rename(f"{place}{_STATE}", f"{place}{_DONE}")
    return [f"{done[path]}: {path}" for path in sorted(done)]


def _put_back(path: str, kept: str, rights: "dict[str, int] | None") -> None:
    if rights is None:
        _remove(path)
    elif stat.S_ISDIR(rights["mode"]):
        os.makedirs(path, exist_ok=True)
        os.chown(path, rights["uid"], rights["gid"])
        os.chmod(path, stat.S_IMODE(rights["mode"]))
    else:
        temporary = f"{path}.{os.getpid()}.tmp"
        _copy(kept, temporary)
        os.replace(temporary, path)


def _remove(path: str) -> None:
    """Remove a file, or a folder if nobody has put anything else into it."""
    if not os.path.lexists(path):
        return
    if os.path.isdir(path) and not os.path.islink(path):
        if not os.listdir(path):
            os.rmdir(path)
    else:
        os.unlink(path)
