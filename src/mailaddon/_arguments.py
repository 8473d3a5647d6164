"""Named arguments to positional ones, and values to arguments, for the front doors that take them so."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

from .errors import InvalidArgument, MailAddonError, UsageError
from .home import TRACE
from .operations import OPERATIONS, find
from .operations.model import Operation, Parameter
from .values import shown

#: A value's type, as a refusal names it.
_NEEDED = {str: "a text", int: "a whole number", bool: "True or False"}


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


def texts(operation: Operation, values: Mapping[str, object]) -> dict[str, str]:
    """Values of the types that the table says, by field, as the arguments that mean them; None stands for none.

    Raises:
        InvalidArgument: a value is of another type; the error names the parameter.
    """
    return {
        parameter.field: _text(parameter, values[parameter.field])
        for parameter in accepted(operation)
        if values[parameter.field] is not None or parameter in operation.parameters
    }


def validated(operation: Operation, arguments: Sequence[str], home: str = "") -> dict[str, Any]:
    """As `Operation.parse`; a refusal is recorded where calls are traced.

    Args:
        operation: what they are for.
        arguments: in the order of the table.
        home: the folder of all state; "" for the environment's.

    Raises:
        UsageError, InvalidArgument: as `Operation.parse`.
    """
    try:
        return operation.parse(arguments)
    except MailAddonError as error:
        if os.environ.get(TRACE):
            from ._tracing import refused

            refused(operation, arguments, error, home)
        raise


def parsed(operation: Operation, arguments: Sequence[object], home: str = "") -> dict[str, Any]:
    """Positional arguments, which only the caller says are texts, to the fields of the request.

    Raises:
        UsageError, InvalidArgument: as `Operation.parse`, and for an argument that is no text.
    """
    for parameter, argument in zip(operation.form(len(arguments)), arguments, strict=True):
        if not isinstance(argument, str):
            raise _unfit(parameter, str, argument)
    return validated(operation, cast(Sequence[str], arguments), home)


def _text(parameter: Parameter, value: object) -> str:
    wanted = parameter.kind.type
    # True is a number to Python, but nobody means it as one.
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise _unfit(parameter, wanted, value)
    return parameter.kind.write(value)


def _unfit(parameter: Parameter, wanted: type, value: object) -> InvalidArgument:
    return InvalidArgument(f"{_NEEDED[wanted]} is needed, not {type(value).__name__}", parameter=parameter.name)
