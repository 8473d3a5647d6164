"""The operation table as a JSON Schema (draft 2020-12), for those who write or call add-ons in another language.

It describes a call, `{"command": "EAddUser", "arguments": ["xyz.com", …]}`, as `mailaddon batch` takes it: the
arguments are those of the command line. A schema cannot say everything: what it accepts may still be refused, by the
rule in the kind's description. What it refuses is refused.

Beside what JSON Schema knows, each command has `x-hook`, `x-prints`, `x-item` (what each line is, for a list),
`x-errors`, `x-notes`, `x-changes`, `x-without` (whether a server that cannot do it succeeds) and `x-since`. A password
is `writeOnly`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._help import errors_of
from ..operations import COMMANDS, model
from ..values import MAX_DOMAIN, MAX_LOCAL_PART, MAX_MESSAGE, MAX_NAME, MAX_PASSWORD, MAX_PATH, MAX_SUBJECT

if TYPE_CHECKING:
    from ..operations.model import Kind, Operation, Parameter

Schema = dict[str, Any]

_LINE = "^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*$"
_LOCAL_PART: Schema = {
    "pattern": "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$",
    "minLength": 1,
    "maxLength": MAX_LOCAL_PART,
}
_DOMAIN: Schema = {"pattern": "^[^\\s@]+\\.[^\\s@]+$", "maxLength": MAX_DOMAIN}
_ADDRESS: Schema = {"pattern": "^[^\\u0000-\\u001f]+@[^\\s@]+$"}
#: Kind -> its name among the definitions, and what a text of it is like.
KINDS: dict[Kind, tuple[str, Schema]] = {
    model.DOMAIN: ("domain", _DOMAIN),
    model.FQDN: ("host", _DOMAIN),
    model.IP: ("ip", {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
    model.PATH: ("path", {"minLength": 2, "maxLength": MAX_PATH}),
    model.LIMIT: ("limit", {"pattern": "^(-1|[1-9][0-9]*)$"}),
    model.FLAG: ("flag", {"enum": ["0", "1"]}),
    model.LOCAL_PART: ("local-part", _LOCAL_PART),
    model.USER: ("user", _LOCAL_PART),
    model.ADDRESS: ("address", _ADDRESS),
    model.ADDRESS_OR_NONE: ("address-or-none", {"anyOf": [{"const": ""}, _ADDRESS]}),
    model.PASSWORD: ("password", {"minLength": 1, "maxLength": MAX_PASSWORD, "writeOnly": True}),
    model.PASSWORD_OR_NONE: ("password-or-none", {"maxLength": MAX_PASSWORD, "writeOnly": True}),
    model.NAME: ("name", {"pattern": _LINE, "maxLength": MAX_NAME}),
    model.SUBJECT: ("subject", {"pattern": _LINE, "maxLength": MAX_SUBJECT}),
    model.MESSAGE: ("message", {"maxLength": MAX_MESSAGE}),
    model.FILTER_TYPE: (
        "filter-type",
        {"pattern": "^([Ee][Mm][Aa][Ii][Ll]|[Ii][Pp]|[Dd][Oo][Mm][Aa][Ii][Nn])$"},
    ),
    model.FILTER_ADDRESS: ("filter-address", {"minLength": 1}),
}


def schema() -> Schema:
    """The schema of a call of any of the guide's commands."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:mail-addon-sdk:commands:1",
        "title": "A call of the Mail Server API",
        "description": "One of the 52 commands with its arguments, in the order of the command line.",
        "type": "object",
        "required": ["command", "arguments"],
        "properties": {
            "command": {"enum": [operation.command for operation in COMMANDS]},
            "arguments": {"type": "array", "items": {"type": "string"}},
        },
        "allOf": [
            {
                "if": {"properties": {"command": {"const": operation.command}}},
                "then": {"$ref": f"#/$defs/{operation.command}"},
            }
            for operation in COMMANDS
        ],
        "$defs": {
            **{name: _kind(kind, like) for kind, (name, like) in KINDS.items()},
            **{operation.command: _command(operation) for operation in COMMANDS},
        },
    }


def _kind(kind: Kind, like: Schema) -> Schema:
    return {"type": "string", "description": f"{kind.accepts[0].upper()}{kind.accepts[1:]}.", **like}


def _command(operation: Operation) -> Schema:
    forms = [_arguments(operation.parameters)]
    if operation.longer:
        forms.append(_arguments(operation.longer))
    found: Schema = {
        "title": operation.command,
        "description": operation.summary,
        "properties": {"arguments": forms[0] if len(forms) == 1 else {"anyOf": forms}},
        "x-hook": operation.hook,
        "x-prints": operation.output,
        "x-changes": operation.changes,
        "x-errors": errors_of(operation),
        "x-notes": list(operation.notes),
        "x-without": "succeeds" if operation.placeholder else "not-supported",
        "x-since": operation.since,
    }
    if operation.item is not None:
        found["x-item"] = {"$ref": f"#/$defs/{KINDS[operation.item][0]}"}
    return found


def _arguments(parameters: tuple[Parameter, ...]) -> Schema:
    arguments = [
        {
            "$ref": f"#/$defs/{KINDS[parameter.kind][0]}",
            "title": parameter.name,
            "description": parameter.note,
            **({"writeOnly": True} if parameter.kind.secret else {}),
        }
        for parameter in parameters
    ]
    found: Schema = {"type": "array", "minItems": len(arguments), "maxItems": len(arguments)}
    return {**found, "prefixItems": arguments} if arguments else found
