"""The doctor's examinations, one function each. None changes anything, and none lets another's trouble stop it."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import partial

from .. import _loading, registrations
from .. import home as _home
from .. import settings as _settings
from ..command import logged
from ..errors import MailAddonError
from ..readiness import probe
from ._finding import Finding, trouble, well
from ._installation import dependencies, package, programs, python

_LOW_SPACE = 512 << 20  # octets: a warning
_NO_SPACE = 16 << 20  # octets: too little to work with
_MAILADDON_HOME = "set MAILADDON_HOME to the folder of all state"


def examine() -> Iterator[Finding]:
    """Every finding, in the order in which problems are best mended."""
    for examination in (python, package, dependencies, programs):
        yield from _safely(examination.__name__, examination)
    try:
        home = _home.locate()
    except MailAddonError as error:
        yield trouble("home", str(error), f"{_MAILADDON_HOME}, an absolute path")
        return
    for subject, look in (
        ("home", _folder),
        ("space", _space),
        ("settings", _settings_file),
        ("backend", _backend),
        ("add-ons", _registrations),
    ):
        yield from _safely(subject, partial(look, home))


def _safely(subject: str, examination: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from examination()
    except MailAddonError as error:
        yield trouble(subject, str(error), "the message says it")
    except Exception as error:  # noqa: BLE001 - a doctor who faints is no help
        yield trouble(subject, str(logged("mailaddon doctor", error, [])), "report the traceback in that log")


def _folder(home: str) -> Iterator[Finding]:
    try:
        status = os.stat(home)
    except FileNotFoundError:
        yield _absent(home)
        return
    except OSError as error:
        yield trouble("home", f"{home} cannot be looked at: {error.strerror}", _MAILADDON_HOME)
        return
    if not stat.S_ISDIR(status.st_mode):
        yield trouble("home", f"{home} is not a folder", f"{_MAILADDON_HOME}, or remove the file")
        return
    faults = list(_rights(home, status))
    yield from faults or [well("home", home)]


def _absent(home: str) -> Finding:
    parent = os.path.dirname(home)
    while not os.path.exists(parent):
        parent = os.path.dirname(parent)
    if os.path.isdir(parent) and os.access(parent, os.W_OK | os.X_OK):
        return well("home", f"{home} does not exist yet; the first command makes it")
    return trouble("home", f"{home} does not exist and cannot be made in {parent}", f"make it, or {_MAILADDON_HOME}")


def _rights(home: str, status: os.stat_result) -> Iterator[Finding]:
    rights = stat.S_IMODE(status.st_mode)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield trouble("home", f"{home} cannot be read and written by this user", f"chown it, or {_MAILADDON_HOME}")
    if status.st_uid != os.geteuid():
        found = f"{home} belongs to user {status.st_uid}, this is user {os.geteuid()}"
        mend = f"run every command as one user: that one, or chown -R {os.geteuid()} {home}"
        yield trouble("home", found, mend, severe=False)
    if rights & (stat.S_IRWXG | stat.S_IRWXO):
        # The group may be the mail server's, which reads password hashes; nobody else may.
        severe = bool(rights & stat.S_IRWXO)
        yield trouble("home", f"{home} has the rights {rights:04o}", f"chmod 0700 {home}", severe=severe)


def _space(home: str) -> Iterator[Finding]:
    while not os.path.exists(home):
        home = os.path.dirname(home)
    free = shutil.disk_usage(home).free
    found = f"{free >> 20} MiB free for {home}"
    if free < _LOW_SPACE:
        yield trouble("space", found, "free some, or move the home to a larger disk", severe=free < _NO_SPACE)
    else:
        yield well("space", found)


def _settings_file(home: str) -> Iterator[Finding]:
    path = os.path.join(home, _settings.FILE)
    try:
        _settings.load(home)
    except MailAddonError as error:
        yield trouble("settings", str(error), f"correct {path}")
    else:
        yield well("settings", path if os.path.exists(path) else f"defaults; there is no {path}")


def _backend(home: str) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as empty:
        # A home that does not exist is not made by looking; the backend shows in an empty one whether it loads.
        place = home if os.path.isdir(home) else empty
        try:
            settings = _settings.load(place)
        except MailAddonError:
            return  # said already
        name = settings["backend"]
        try:
            backend = _loading.load(name, place, settings)
        except MailAddonError as error:
            yield trouble(
                "backend", str(error), "choose one that `mailaddon backends` shows as usable, or mend this one"
            )
            return
        try:
            _loading.check(backend.plugin)
            problems = list(_asked(backend))
        finally:
            backend.close()
    yield from problems or [well("backend", f"{name} ({backend.target})")]


def _asked(backend: _loading.LoadedBackend) -> Iterator[Finding]:
    """What the backend's own check finds."""
    for problem in probe(backend).problems:
        subject = f"backend {backend.name}, {problem.subject}"
        yield trouble(subject, problem.problem, problem.mend, severe=problem.severe, code=problem.code)


def _registrations(home: str) -> Iterator[Finding]:
    found = registrations.load(home)
    for one in found:
        if not os.path.isdir(one.directory.encode()):
            mend = "register it again with --directory, or `mailaddon addons remove` it"
            yield trouble("add-ons", f"{one.name}: the folder {one.directory} does not exist", mend, severe=one.active)
        elif missing := registrations.missing_programs(one):
            where = f"{one.name}: {len(missing)} programs are missing in {one.directory}"
            yield trouble("add-ons", where, f"`mailaddon addons show {one.name}` names them", severe=False)
    yield well("add-ons", f"{len(found)} registered")
