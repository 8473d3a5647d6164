"""The table as a JSON Schema: what a command accepts, it accepts; what it refuses, a command refuses."""

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from umbrella import mailaddon

from mailaddon.cli._schema import KINDS, schema
from mailaddon.errors import MailAddonError
from mailaddon.operations import COMMANDS, find
from mailaddon.testing.calls import MAIL, likely_call
from mailaddon.testing.model import Model

PRINTED = Path(__file__).parent.parent / "docs" / "commands.schema.json"


@pytest.fixture(scope="module")
def validator() -> Any:
    """What checks calls."""
    found = schema()
    jsonschema.Draft202012Validator.check_schema(found)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(found, format_checker=checker)


def accepted(command: str, arguments: list[str]) -> bool:
    """Whether the command's own rules accept arguments."""
    try:
        find(command).parse(arguments)
    except MailAddonError:
        return False
    return True


def test_it_is_what_is_printed_and_what_the_documentation_has() -> None:
    result = mailaddon("commands", "--schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == schema() == json.loads(PRINTED.read_text(encoding="utf-8"))


def test_every_command_and_every_kind_is_there() -> None:
    found = schema()["$defs"]
    for operation in COMMANDS:
        one = found[operation.command]
        forms = one["properties"]["arguments"].get("anyOf", [one["properties"]["arguments"]])
        titles = [[argument["title"] for argument in form.get("prefixItems", [])] for form in forms]
        assert titles[0] == [parameter.name for parameter in operation.parameters]
        assert titles[1:] == ([[parameter.name for parameter in operation.longer]] if operation.longer else [])
        secret = [argument["title"] for argument in forms[0].get("prefixItems", []) if argument.get("writeOnly")]
        assert secret == [parameter.name for parameter in operation.parameters if parameter.kind.secret]
        assert one["x-hook"] == operation.hook
        assert set(operation.errors) <= set(one["x-errors"])
    assert len({name for name, _like in KINDS.values()}) == len(KINDS)


def test_the_examples_of_the_table_are_calls(validator: Any) -> None:
    for operation in COMMANDS:
        validator.validate({"command": operation.command, "arguments": list(operation.example[0])})


def test_it_refuses_nothing_that_a_command_accepts(validator: Any) -> None:
    random, model = Random(1), Model()
    model.run("EAddDomain", ["xyz.com", "192.0.2.1", "/m", "-1", "admin", "pw", "0", *"11111111"])
    refused = 0
    for _number in range(700):
        command, arguments = likely_call(random, model, os.path.join("/", MAIL))
        command = find(command).command
        valid = validator.is_valid({"command": command, "arguments": arguments})
        assert valid or not accepted(command, arguments), (command, arguments)
        refused += not valid
    assert refused > 5, "what is plainly wrong is refused"


@pytest.mark.parametrize(
    "call",
    [
        {"command": "EAddNobody", "arguments": []},
        {"command": "EGetForwardList", "arguments": ["xyz.com"]},
        {"command": "EGetForwardList", "arguments": ["xyz.com", "u1", ""]},
        {"command": "EGetForwardList", "arguments": ["xyz.com", "../u1"]},
        {"command": "EAddUser", "arguments": ["xyz.com", "u1", "", "", "", "", "1", "1", "1"]},
        {"command": "EAddUser", "arguments": ["xyz.com", "u1", "p", "", "", "", "1", "1", "yes"]},
        {"command": "EChangeDomainIP", "arguments": ["xyz.com", "192.0.2.300"]},
        {"command": "ESuspendDomain"},
    ],
)
def test_it_refuses_what_is_plainly_no_call(validator: Any, call: dict[str, Any]) -> None:
    assert not validator.is_valid(call)
