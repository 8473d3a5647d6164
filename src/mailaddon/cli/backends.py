"""`mailaddon backends`: what is installed, what it can do, and why one cannot be used.

JSON: `{"version": 1, "backends": [{"name", "target", "distribution", "distribution_version", "contract", "configured",
"usable", "reason", "operations"}, …]}`. `contract` is a text such as "1.0", or null where none is declared;
`operations` is null for an unusable one, else an object: operation -> whether it has a hook for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import _loading
from .. import home as _home
from .. import settings as _settings
from .._record import Record
from ..errors import MailAddonError
from ..operations import OPERATIONS
from ._output import json_option, paint, plain, table, write, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from ..settings import Settings


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


@click.command()
@click.option("--capabilities", is_flag=True, help="Show for each operation which backends have a hook for it.")
@json_option
def backends(*, capabilities: bool, as_json: bool) -> None:
    """List the installed backends: version, contract, what they support, and why one is unusable."""
    home = _home.locate()
    _home.ensure(home)
    found = survey(home, _settings.load(home))
    if as_json:
        write_json({"backends": plain(found)})
    elif capabilities:
        write(_capabilities(found))
    else:
        write(table(("", "NAME", "DISTRIBUTION", "CONTRACT", "OPERATIONS"), [_row(one) for one in found]))


def survey(home: str, settings: Settings) -> list[Installed]:
    """Every installed backend and the configured one, each tried out as far as to make it.

    Raises:
        NotConfigured: the home cannot be made.
    """
    points = {point.name: point for point in _loading.entry_points()}
    names = sorted({*points, settings["backend"]})
    return [_examined(name, points.get(name), home, settings) for name in names]


def _examined(name: str, point: EntryPoint | None, home: str, settings: Settings) -> Installed:
    contract, reason, operations = None, "", None
    try:
        loaded = _loading.load(name, home, settings)
        try:
            contract = ".".join(map(str, loaded.plugin.contract))  # type: ignore[attr-defined] # loading has checked it
            _loading.check(loaded.plugin)
            operations = {operation.command: loaded.supports(operation.hook) for operation in OPERATIONS}
        finally:
            loaded.close()
    except MailAddonError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a vendor's plugin is what this lists
        reason = f"{type(error).__name__}: {error}"
    return Installed(
        name=name,
        target=point.value if point else name,
        distribution=point.dist.name if point and point.dist else "",
        distribution_version=point.dist.version if point and point.dist else "",
        contract=contract,
        configured=settings["backend"] == name,
        usable=not reason,
        reason=reason,
        operations=operations,
    )


def _row(one: Installed) -> tuple[str, ...]:
    if one.operations is None:
        what = paint(f"unusable: {' '.join(one.reason.split())}", "red")
    else:
        what = f"{sum(one.operations.values())} of {len(one.operations)}"
    distribution = f"{one.distribution} {one.distribution_version}".strip() or "-"
    return "*" if one.configured else "", one.name, distribution, one.contract or "-", what


def _capabilities(found: list[Installed]) -> str:
    usable = [one for one in found if one.operations is not None]
    rows = [
        (operation.command, *[_support(one, operation.command, operation.placeholder) for one in usable])
        for operation in OPERATIONS
    ]
    unusable = "".join(f"{one.name}: {_row(one)[-1]}\n" for one in found if one.operations is None)
    return table(("OPERATION", *[one.name for one in usable]), rows) + unusable


def _support(one: Installed, command: str, placeholder: bool) -> str:  # noqa: FBT001 - a column of the table
    if one.operations and one.operations[command]:
        return "yes"
    return "succeeds without doing anything" if placeholder else "no"
