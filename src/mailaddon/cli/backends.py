"""`mailaddon backends`: what is installed, what it can do, and why one cannot be used.

JSON: `{"version": 1, "backends": [{"name", "target", "distribution", "distribution_version", "contract", "configured",
"usable", "reason", "operations", "capabilities"}, …]}`. `contract` is a text such as "1.0", or null where none is
declared; `operations` is null for an unusable one, else an object: operation -> whether there is something behind it;
`capabilities` likewise: operation -> `{"hook", "support", "reason", "declared", "succeeds"}`. With `--ready` each has
`readiness`: null for an unusable one, else `{"ready", "problems": [{"subject", "problem", "mend", "severe", "code"}]}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import _loading
from .. import capabilities as _capabilities
from .. import home as _home
from .. import settings as _settings
from .._record import Record
from ..errors import BackendUnusable, MailAddonError
from ..operations import OPERATIONS
from ..readiness import probe
from ._output import json_option, paint, plain, table, write, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint
    from typing import Any

    from .._loading import LoadedBackend
    from ..capabilities import Capability
    from ..readiness import Readiness
    from ..settings import Settings

_COLOURS = {"full": "green", "partial": "yellow", "not-implemented": "red", "unsupported": "bright_black"}
_SUCCEEDS = "succeeds without doing anything"


class Installed(Record):
    """A backend as it is found."""

    name: str
    target: str  # module:attr
    distribution: str  # "" for one that is configured as module:attr
    distribution_version: str
    contract: str | None
    configured: bool
    usable: bool
    reason: str  # why it is not
    operations: Mapping[str, bool] | None
    capabilities: Mapping[str, Capability] | None
    readiness: Readiness | None = None


@click.command()
@click.argument("name", default="")
@click.option("--capabilities", is_flag=True, help="Show for each operation how far it is supported, and why not.")
@click.option("--ready", is_flag=True, help="Show whether each could work now, and if not, why and the mend.")
@json_option
def backends(name: str, *, capabilities: bool, ready: bool, as_json: bool) -> None:
    """List the installed backends: version, contract, what they support, and why one is unusable.

    NAME is one of them, MODULE:ATTRIBUTE, or a registered add-on's VENDOR/SERVER/VERSION.
    """
    home = _home.locate()
    _home.ensure(home)
    settings = _settings.load(home)
    found = [examined(name, home, settings, ready=ready)] if name else survey(home, settings, ready=ready)
    if name and not found[0].usable:
        raise BackendUnusable(found[0].reason)
    if as_json:
        write_json({"backends": [_json(one, ready=ready) for one in found]})
    elif ready:
        write("".join(map(_readiness, found)))
    elif capabilities:
        write(_details(found[0]) if name else _matrix(found))
    else:
        write(table(("", "NAME", "DISTRIBUTION", "CONTRACT", "OPERATIONS"), [_row(one) for one in found]))
    click.get_current_context().exit(1 if ready and name and not _is_ready(found[0]) else 0)


def survey(home: str, settings: Settings, *, ready: bool = False) -> list[Installed]:
    """Every installed backend and the configured one, each tried out as far as to make it.

    Raises:
        NotConfigured: the home cannot be made.
    """
    names = sorted({*(point.name for point in _loading.entry_points()), settings["backend"]})
    return [examined(name, home, settings, ready=ready) for name in names]


def examined(name: str, home: str, settings: Settings, *, ready: bool = False) -> Installed:
    """One backend, made and looked at; whatever is wrong with it is the reason why it is not usable."""
    point: EntryPoint | None = {point.name: point for point in _loading.entry_points()}.get(name)
    contract, reason, found, readiness = None, "", None, None
    try:
        loaded = _loading.load(name, home, settings)
        try:
            contract = ".".join(map(str, loaded.plugin.contract))  # type: ignore[attr-defined] # loading has checked it
            _loading.check(loaded.plugin)
            found = _of(loaded)
            readiness = probe(loaded) if ready else None
        finally:
            loaded.close()
    except MailAddonError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a vendor's plugin is what this lists
        reason = f"{type(error).__name__}: {error}"
    usable = not reason
    return Installed(
        name=name,
        target=point.value if point else name,
        distribution=point.dist.name if point and point.dist else "",
        distribution_version=point.dist.version if point and point.dist else "",
        contract=contract,
        configured=settings["backend"] == name,
        usable=usable,
        reason=reason,
        operations={key: one.usable for key, one in found.items()} if found and usable else None,
        capabilities=found if usable else None,
        readiness=readiness,
    )


def _of(loaded: LoadedBackend) -> dict[str, Capability]:
    try:
        return _capabilities.of(loaded)
    except MailAddonError:  # nobody is there to be asked, an add-on that is not registered for example
        return _capabilities.of(loaded, as_set_up=False)


def _json(one: Installed, *, ready: bool) -> dict[str, Any]:
    content = one.as_dict()
    readiness = content.pop("readiness")
    if one.capabilities is not None:
        content["capabilities"] = {
            command: {key: value for key, value in found.as_dict().items() if key != "operation"}
            for command, found in one.capabilities.items()
        }
    if ready:
        content["readiness"] = readiness.as_json() if readiness else None
    return {key: plain(value) for key, value in content.items()}


def _row(one: Installed) -> tuple[str, ...]:
    if one.operations is None:
        what = paint(f"unusable: {' '.join(one.reason.split())}", "red")
    else:
        what = f"{sum(one.operations.values())} of {len(one.operations)}"
    distribution = f"{one.distribution} {one.distribution_version}".strip() or "-"
    return "*" if one.configured else "", one.name, distribution, one.contract or "-", what


def _matrix(found: list[Installed]) -> str:
    usable = [one.capabilities for one in found if one.capabilities is not None]
    rows = [(operation.command, *[_level(one[operation.command]) for one in usable]) for operation in OPERATIONS]
    unusable = "".join(f"{one.name}: {_row(one)[-1]}\n" for one in found if one.operations is None)
    names = [one.name for one in found if one.capabilities is not None]
    return table(("OPERATION", *names), rows) + unusable


def _level(one: Capability) -> str:
    return f"{one.support} ({_SUCCEEDS})" if one.succeeds else str(one.support)


def _details(one: Installed) -> str:
    rows = [
        (found.operation, found.support, "; ".join(filter(None, [found.reason, _SUCCEEDS if found.succeeds else ""])))
        for found in (one.capabilities or {}).values()
    ]
    lines = table(("OPERATION", "SUPPORT", "WHY"), rows).splitlines(keepends=True)
    painted = [
        line.replace(row[1], paint(row[1], _COLOURS[row[1]]), 1) for line, row in zip(lines[1:], rows, strict=True)
    ]
    return lines[0] + "".join(painted)


def _is_ready(one: Installed) -> bool:
    return one.readiness is not None and one.readiness.ready


def _readiness(one: Installed) -> str:
    if one.readiness is None:
        return f"{one.name}: {_row(one)[-1]}\n"
    lines = [f"{one.name}: {paint('ready', 'green') if one.readiness.ready else paint('not ready', 'red')}\n"]
    lines += [
        f"  {problem.subject}: {' '.join(problem.problem.split())} [{problem.code}]\n    mend: {problem.mend}\n"
        for problem in one.readiness.problems
    ]
    return "".join(lines)
