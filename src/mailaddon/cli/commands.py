"""`mailaddon commands`: the operation table.

JSON: `{"version": 1, "commands": [{"name", "other_names", "executables", "scope", "summary", "since", "usage",
"parameters", "longer", "output", "prints", "notes", "errors", "changes", "hook", "request", "legacy", "example"}, …]}`.
`parameters` and `longer` (the longer form that is accepted too, or null) are lists of `{"name", "field", "option",
"kind", "accepts", "note", "secret", "optional", "key"}`; `legacy` is `{"status", "parameters", "output"}` with the
parameters null where 3.X had no such command; `example` is `{"arguments", "output"}`.

With `--schema` a JSON Schema is printed as it is, without a version of ours: see `_schema`.
"""

import json

import click

from .._help import errors_of, output_of
from ..operations import OPERATIONS, REGISTER
from ..operations.model import Operation, Parameter
from ._output import json_option, table, write, write_json
from ._schema import schema

_RECORDS = {
    "Resolution": "Where mail goes: a tree.",
    "DomainInfo": "All that a domain has: a tree.",
    "MailingListInfo": "A line for each member: the address and the name.",
}


@click.command()
@click.option("--schema", "as_schema", is_flag=True, help="Print the guide's commands as a JSON Schema of their calls.")
@json_option
def commands(*, as_schema: bool, as_json: bool) -> None:
    """List all commands, as the operation table has them."""
    operations = (*OPERATIONS, REGISTER)
    if as_schema:
        write(json.dumps(schema(), ensure_ascii=False, indent=2) + "\n")
    elif as_json:
        write_json({"commands": [described(operation) for operation in operations]})
    else:
        write(table(("COMMAND", "ARGUMENTS", "3.X", "PRINTS", "SUMMARY"), map(_row, operations)))


def described(operation: Operation) -> dict[str, object]:
    """One row of the table, whole."""
    arguments, printed = operation.example
    legacy = operation.legacy_parameters
    return {
        "name": operation.command,
        "other_names": list(operation.other_names),
        "executables": list(operation.executables) if operation.scope != "sdk" else [],
        "scope": operation.scope,
        "summary": operation.summary,
        "since": operation.since,
        "usage": operation.usage,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "longer": [_parameter(parameter) for parameter in operation.longer] or None,
        "output": operation.output,
        "prints": _RECORDS.get(operation.output) or output_of(operation),
        "notes": list(operation.notes),
        "errors": errors_of(operation),
        "changes": operation.changes,
        "hook": operation.hook or None,
        "request": operation.request or None,
        "legacy": {
            "status": operation.legacy_status,
            "parameters": None if legacy is None else list(legacy),
            "output": operation.legacy_output or None,
        },
        "example": {"arguments": list(arguments), "output": list(printed)},
    }


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "field": parameter.field,
        "option": f"--{parameter.option}",
        "kind": parameter.kind.key,
        "accepts": parameter.kind.accepts,
        "note": parameter.note,
        "secret": parameter.kind.secret,
        "optional": parameter.optional,
        "key": parameter.key,
    }


def _row(operation: Operation) -> tuple[str, ...]:
    most = len(operation.longer or operation.parameters)
    least = len([parameter for parameter in operation.parameters if not parameter.optional])
    return (
        operation.command,
        str(least) if least == most else f"{least} or {most}",
        operation.legacy_status if operation.scope != "sdk" else "-",
        operation.output if operation.output != "none" else "-",
        operation.summary,
    )
