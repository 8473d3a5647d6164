"""Named arguments to positional ones, for the front doors that take them by name."""

from collections.abc import Mapping, Sequence

from ..errors import UsageError
from ..operations import OPERATIONS, find
from ..operations.model import Operation, Parameter
from ..values import shown


def operation_named(name: str) -> Operation:
    """The operation of this name, in any case, if a backend runs it.

    Raises:
        UsageError: there is none, or it is RegisterMailAddon.
    """
    operation = find(name)
    if operation not in OPERATIONS:
        raise UsageError(f"{operation.command} is a program of its own, which no backend has a part in; run that")
    return operation


def accepted(operation: Operation) -> tuple[Parameter, ...]:
    """Every parameter of an operation: those of its longer form, if it has one."""
    return operation.longer or operation.parameters


def form(operation: Operation, fields: Mapping[str, object]) -> Sequence[Parameter]:
    """The parameters of the form that these fields call for: the longer one if they fill what only that has."""
    shorter = {parameter.field for parameter in operation.parameters}
    if any(field not in shorter for field in fields):
        return operation.longer or operation.parameters
    return operation.parameters


def positional(operation: Operation, fields: Mapping[str, str]) -> list[str]:
    """The arguments in the order of the table.

    Raises:
        UsageError: some are missing; the error names them all.
    """
    parameters = form(operation, fields)
    missing = [parameter.name for parameter in parameters if parameter.field not in fields]
    if missing:
        raise UsageError(f"{', '.join(missing)} missing; usage: {operation.usage}")
    return [fields[parameter.field] for parameter in parameters]


def by_field(operation: Operation, arguments: Mapping[str, str]) -> dict[str, str]:
    """Arguments named by the table's fields or by the guide's names, in any case, as fields.

    Raises:
        UsageError: a name is unknown, or two names mean the same argument.
    """
    fields = {}
    known = {parameter.field: parameter.field for parameter in accepted(operation)}
    known |= {parameter.name.lower(): parameter.field for parameter in accepted(operation)}
    for name, argument in arguments.items():
        field = known.get(name.lower())
        if field is None:
            raise UsageError(f"{operation.command} has no argument {shown(name)}; usage: {operation.usage}")
        if field in fields:
            raise UsageError(f"argument {shown(name)} is given twice")
        fields[field] = argument
    return fields
