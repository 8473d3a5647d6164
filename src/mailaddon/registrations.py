"""The registered add-ons: `addons.json` in the home.

    {"version": 1, "registrations": [{"vendor": …, "server": …, "version": …, "extension": …, "interpreter": …,
     "interpreter_parameters": …, "compliant_3x": …, "directory": …, "active": …, "registered": …}, …]}

The file is replaced as a whole, so whoever reads it, also after a kill, finds the old registrations or the new ones.
Who changes it holds a lock for as long, so of registrations at the same time none is lost. Vendor, server and version
together name a registration, in any case. At most one registration is the active one, which the panel calls.
"""

from __future__ import annotations

import os
import time

from . import _compiled
from . import home as _home
from . import settings as _settings
from ._record import Record
from .errors import NotFound, StorageFailed, Unavailable, UpgradeNeeded
from .operations import COMMANDS
from .values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .operations.model import Operation

FILE = "addons.json"
FILE_VERSION = 1
#: The commands of 3.X that 10.3.1 has deleted.
DELETED_COMMANDS = (
    "EGetDomainList",
    "EGetUserList",
    "EGetUserInfo",
    "EAuthenticateUser",
    "EGetStatus",
    "EConfigureMailServer",
    "EBackupMailServer",
    "ESetMailUrl",
    "EDeleteMailURL",
    "EIsInstalled",
)
_KEPT = ".addons.json.compiled"
_LOCK = ".addons.lock"
_PAUSE = 0.01  # seconds between two attempts at the lock


class Registration(Record):
    """One registered add-on, as RegisterMailAddon was given it."""

    vendor: str
    server: str
    version: str
    extension: str  # without its dot; "": none
    interpreter: str  # "": none, the programs are executed themselves
    interpreter_parameters: str  # as given; `split_parameters` takes them apart
    compliant_3x: bool
    directory: str  # absolute; where the programs are
    active: bool = False
    registered: str = ""  # when, in UTC

    @property
    def name(self) -> str:
        """Vendor, server and version as commands take them: `VENDOR/SERVER/VERSION`."""
        return f"{self.vendor}/{self.server}/{self.version}"


def split_parameters(text: str) -> list[str]:
    """The interpreter's parameters one by one.

    The guide: "If you are passing more than one parameter, then they must be separated by a space ( ) or a comma (,) or
    as required by the interpreter." So both separate, in any number; there is no quoting. For an interpreter that wants
    something else, the registration has the text as it was given.
    """
    return text.replace(",", " ").split()


def expected_programs(registration: Registration) -> list[Operation]:
    """The commands that the panel calls: all of the guide's, of an add-on for 3.X those that 3.X had."""
    return [one for one in COMMANDS if not registration.compliant_3x or one.legacy_parameters is not None]


def missing_programs(registration: Registration) -> list[str]:
    """The file names, in the guide's order, of the programs that are not in the add-on's folder.

    A file's name counts in any case, and so do the other spellings of a command in the guide.
    """
    ending, present = _ending(registration), _present(registration)
    return [
        f"{operation.command}{ending}"
        for operation in expected_programs(registration)
        if not present & {f"{name}{ending}".lower() for name in operation.names}
    ]


def deleted_programs(registration: Registration) -> list[str]:
    """The commands that 10.3.1 has deleted and that the add-on's folder has a program for."""
    ending, present = _ending(registration), _present(registration)
    return [name for name in DELETED_COMMANDS if f"{name}{ending}".lower() in present]


def _ending(registration: Registration) -> str:
    return f".{registration.extension}" if registration.extension else ""


def _present(registration: Registration) -> set[str]:
    """The names of the files in the add-on's folder, in lower case; none if it cannot be read."""
    try:
        with os.scandir(registration.directory.encode()) as entries:
            return {os.fsdecode(entry.name).lower() for entry in entries if entry.is_file()}
    except OSError:
        return set()


#: For who calls more than once: home -> the file's identity, size and time, and what was in it then.
_LOADED: dict[str, tuple[tuple[int, int, int], list[Registration]]] = {}


def load(home: str) -> list[Registration]:
    """All registrations, in the order of their names.

    Raises:
        StorageFailed: the file cannot be read, or is damaged.
        UpgradeNeeded: a newer version of the SDK wrote it.
    """
    path = os.path.join(home, FILE)
    try:
        status = os.stat(path)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known, found = _LOADED.get(home, (None, []))
        if known == stamp:
            return list(found)
        entries = _compiled.load(path, os.path.join(home, _KEPT), _parse)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from None
    found = [Registration(**entry) for entry in entries]
    if _compiled.settled(status):
        _LOADED[home] = stamp, found
    return list(found)


def _parse(path: str) -> list[dict[str, Any]]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(content, dict) or not isinstance(content.get("registrations"), list):
        raise _damaged(path, "there are no registrations in it")
    if content.get("version") != FILE_VERSION:
        raise UpgradeNeeded(f"{path} has version {content.get('version')!r}; this SDK reads version {FILE_VERSION}")
    wanted = dict.fromkeys(Registration._fields, str) | {"compliant_3x": bool, "active": bool}
    entries: list[dict[str, Any]] = content["registrations"]
    for entry in entries:
        if not isinstance(entry, dict) or {key: type(value) for key, value in entry.items()} != wanted:
            raise _damaged(path, "an entry has other fields than a registration")
    return entries


def _damaged(path: str, how: str) -> StorageFailed:
    return StorageFailed(f"{path} is damaged: {how}; mend it, or remove it and register again")


def find(registrations: Sequence[Registration], name: str) -> Registration:
    """The registration of this name, `VENDOR/SERVER/VERSION` in any case.

    Raises:
        NotFound: there is none.
    """
    for registration in registrations:
        if same_name(registration.name, name):
            return registration
    raise NotFound(f"no add-on {shown(name)} is registered; `mailaddon addons list` lists them all")


def same_name(name: str, other: str) -> bool:
    """Whether two names, `VENDOR/SERVER/VERSION` in any case, are the same."""
    return _folded(name) == _folded(other)


def register(home: str, registration: Registration) -> Registration:
    """Keep a registration, in place of an earlier one of the same vendor, server and version.

    It becomes the active one if no other is. One that was registered before stays active or not, as it was.

    Returns:
        The registration as it is kept.

    Raises:
        StorageFailed, UpgradeNeeded: as `load`, or the file cannot be written.
        Unavailable: another process holds the lock for longer than the setting `lock_timeout`.
    """

    def change(present: list[Registration]) -> tuple[list[Registration], Registration]:
        others = [one for one in present if _key(one) != _key(registration)]
        same = [one for one in present if _key(one) == _key(registration)]
        active = same[0].active if same else not any(one.active for one in others)
        kept = registration.replace(active=active, registered=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        return [*others, kept], kept

    return _change(home, change)


def activate(home: str, name: str) -> Registration:
    """Make a registration the active one.

    Raises:
        NotFound: as `find`.
        StorageFailed, UpgradeNeeded, Unavailable: as `register`.
    """

    def change(present: list[Registration]) -> tuple[list[Registration], Registration]:
        chosen = _key(find(present, name))
        changed = [one.replace(active=_key(one) == chosen) for one in present]
        return changed, find(changed, name)

    return _change(home, change)


def remove(home: str, name: str) -> Registration:
    """Forget a registration. If it was the active one, none is active until one is activated.

    Raises:
        NotFound: as `find`.
        StorageFailed, UpgradeNeeded, Unavailable: as `register`.
    """

    def change(present: list[Registration]) -> tuple[list[Registration], Registration]:
        found = find(present, name)
        return [one for one in present if one is not found], found

    return _change(home, change)


def _change(home: str, change: Callable[[list[Registration]], tuple[list[Registration], Registration]]) -> Registration:
    import glob

    path = os.path.join(home, FILE)
    _home.ensure(home)
    try:
        lock = _locked(home)
        try:
            registrations, result = change(load(home))
            for left_over in glob.glob(f"{glob.escape(path)}.*.tmp"):  # by a killed process: nobody else has the lock
                os.unlink(left_over)
            _home.replace_file(path, _encoded(registrations))
        finally:
            os.close(lock)  # which gives it back, as the end of the process does
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}") from None
    return result


def _encoded(registrations: list[Registration]) -> bytes:
    import json

    entries: list[dict[str, Any]] = [one.as_dict() for one in sorted(registrations, key=_key)]
    content = {"version": FILE_VERSION, "registrations": entries}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _locked(home: str) -> int:
    """The descriptor that holds the lock."""
    patience = _settings.load(home)["lock_timeout"]
    deadline = time.monotonic() + patience
    descriptor = os.open(os.path.join(home, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _home.PRIVATE_FILE)
    taken = False
    try:
        while not (taken := _taken(descriptor)) and time.monotonic() <= deadline:
            time.sleep(_PAUSE)
    finally:
        if not taken:
            os.close(descriptor)
    if not taken:
        raise Unavailable(f"another process has kept {FILE} locked for {patience} seconds")
    return descriptor


def _taken(descriptor: int) -> bool:
    import errno
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return False
        raise
    return True


def _key(registration: Registration) -> str:
    return _folded(f"{registration.vendor}\n{registration.server}\n{registration.version}")


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
