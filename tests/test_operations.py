"""The operation table is the guide: compared with the facts that were taken from it, one by one."""

import collections.abc
import json
import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from conftest import SCRIPTS
from mailaddon.backends.embedded import EmbeddedBackend

from mailaddon import operations, records
from mailaddon._contract import MARK
from mailaddon.errors import ERRORS, InvalidArgument, UsageError
from mailaddon.hookspecs import Backend
from mailaddon.operations import COMMANDS, OPERATIONS, REGISTER, SDK_OPERATIONS, find
from mailaddon.operations.model import Operation

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT.parent / "shared" / "reference" / "commands.json"
COPY = ROOT / "tests" / "data" / "commands.json"
GUIDE = (*COMMANDS, REGISTER)
IDS = [operation.command for operation in OPERATIONS]


def bare(name: str) -> str:
    return name.removesuffix(".exe")


def facts(reference: dict[str, Any]) -> dict[str, Any]:
    """What is compared, out of a reference in full."""
    return {
        "counts": reference["counts"],
        "commands": [
            {
                "name": bare(command["name"]),
                "other_names": [bare(name) for name in command["aliases"]],
                "scope": command["scope"],
                "parameters": [[p["name"], p["type"], p["required"]] for p in command["parameters"]],
                "output": command["output"],
                "since": command["since"],
                "legacy_status": command["legacy_status"],
                "legacy_parameters": command["legacy_parameters"],
                "legacy_output": command["legacy_output"],
            }
            for command in reference["commands"]
        ],
        "deleted": [bare(command["name"]) for command in reference["deleted"]],
    }


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


FACTS = facts(read(REFERENCE)) if REFERENCE.exists() else read(COPY)


def as_fact(operation: Operation) -> dict[str, Any]:
    """An operation in the words of the reference."""
    legacy = operation.legacy_parameters
    return {
        "name": operation.command,
        "other_names": list(operation.other_names),
        "scope": operation.scope,
        "parameters": [[p.name, p.kind.key, not p.optional] for p in operation.parameters],
        "output": "text" if operation.output == "autoresponder" else operation.output,
        "since": operation.since,
        "legacy_status": operation.legacy_status,
        "legacy_parameters": None if legacy is None else list(legacy),
        "legacy_output": operation.legacy_output or None,
    }


def test_copy_of_the_facts_is_up_to_date() -> None:
    assert read(COPY) == FACTS


@pytest.mark.parametrize("fact", FACTS["commands"], ids=[fact["name"] for fact in FACTS["commands"]])
def test_command_is_as_in_the_guide(fact: dict[str, Any]) -> None:
    found = as_fact(find(fact["name"]))
    if fact["legacy_status"].startswith("not applicable"):  # nobody knows whether 3.X had RegisterMailAddon
        fact = {**fact, "legacy_status": "new"}
    assert found == fact


def test_commands_and_their_order_are_the_guides() -> None:
    assert [operation.command for operation in GUIDE] == [fact["name"] for fact in FACTS["commands"]]
    counts = FACTS["counts"]
    assert (len(GUIDE), len(COMMANDS)) == (counts["commands"], counts["backend"])
    for status in ("new", "updated", "unchanged"):
        assert len([o for o in COMMANDS if o.legacy_status == status]) == counts[status]
    assert len([o for o in COMMANDS if o.legacy_parameters is not None]) == counts["backend"] - counts["new"]


def test_old_parameters_are_the_first_of_the_new_ones() -> None:
    for name in ("EAddDomain", "EEditDomain", "EAddUser", "EEditUser"):
        operation = find(name)
        old = operation.legacy_parameters
        assert old is not None
        assert old == tuple(parameter.name for parameter in operation.parameters)[: len(old)]


@pytest.mark.parametrize("name", FACTS["deleted"])
def test_deleted_commands_do_not_exist(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is not a command"):
        find(name)


def test_every_name_finds_its_command_in_any_case() -> None:
    for operation in (*OPERATIONS, REGISTER):
        for name in {operation.command, *operation.other_names, *operation.executables}:
            for spelling in (name, name.upper(), name.lower(), f"{name}.exe", f"{name}.EXE"):
                assert find(spelling) is operation


# Hooks and records


def test_hooks_are_those_of_the_contract() -> None:
    specified = {name for name, member in vars(Backend).items() if hasattr(member, "mailaddon_spec")}
    hooks = [operation.hook for operation in OPERATIONS]
    assert len(set(hooks)) == len(hooks)
    assert set(hooks) | {"check"} == specified
    assert not REGISTER.hook


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_hook_gets_and_gives_what_the_table_says(operation: Operation) -> None:
    specification = getattr(Backend, operation.hook)
    public = {name: getattr(records, name) for name in records.__all__}
    known = {**public, **vars(collections.abc), "Any": Any}
    hints = typing.get_type_hints(specification, globalns=known)
    results = {
        "none": records.Change | None,
        "lines": collections.abc.Iterable[str],
        "text": str,
        "autoresponder": records.AutoResponder | None,
    }
    wanted = results[operation.output] if operation.output in results else getattr(records, operation.output)
    assert hints == {"request": getattr(records, operation.request), "return": wanted}

    documented = re.search(r"Raises:\s+([^:]*): as the operation\s+table says", specification.__doc__)
    classes = documented[1].split(", ") if documented else []
    assert classes == [ERRORS[code].__name__ for code in operation.errors]
    assert operation.summary in specification.__doc__


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_parameters_fill_the_request(operation: Operation) -> None:
    request = getattr(records, operation.request)
    fields = [parameter.field for parameter in operation.parameters]
    assert len(set(fields)) == len(fields)
    assert {field for field in request._fields if field not in request._defaults} == set(fields)  # noqa: SLF001
    assert {parameter.field for parameter in operation.longer} <= set(request._fields)


def test_embedded_backend_has_every_hook_but_those_it_has_no_services_for() -> None:
    missing = {o.command for o in OPERATIONS if not hasattr(getattr(EmbeddedBackend, o.hook, None), MARK)}
    assert missing == {"EStartMailServer", "EStopMailServer"}
    assert all(find(name).placeholder for name in missing)


def test_placeholders_are_those_that_the_guide_grants() -> None:
    granted = {"ESuspendDomain", "EResumeDomain", "EStartMailServer", "EStopMailServer"}
    assert {operation.command for operation in OPERATIONS if operation.placeholder} == granted


# Parameters


@pytest.mark.parametrize("operation", [*OPERATIONS, REGISTER], ids=[*IDS, REGISTER.command])
def test_options_are_distinct_and_no_secret_names_anything(operation: Operation) -> None:
    options = [parameter.option for parameter in operation.parameters]
    assert len(set(options)) == len(options)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", option) for option in options)
    assert not any(p.key and p.kind.secret for p in (*operation.parameters, *operation.longer))


@pytest.mark.parametrize("operation", [*OPERATIONS, REGISTER], ids=[*IDS, REGISTER.command])
def test_form_takes_the_guides_counts_and_no_other(operation: Operation) -> None:
    required = [parameter for parameter in operation.parameters if not parameter.optional]
    forms = {len(required), len(operation.parameters), len(operation.longer or operation.parameters)}
    for count in range(20):
        if count in forms:
            assert len(operation.form(count)) == count
        else:
            with pytest.raises(UsageError, match=rf"argument.* expected, {count} given; usage: {operation.command}"):
                operation.form(count)


def test_register_takes_six_or_seven_arguments() -> None:
    assert (len(REGISTER.form(6)), len(REGISTER.form(7))) == (6, 7)
    with pytest.raises(UsageError, match="6 or 7 arguments expected, 5 given"):
        REGISTER.form(5)


@pytest.mark.parametrize("operation", [*OPERATIONS, REGISTER], ids=[*IDS, REGISTER.command])
def test_example_is_accepted(operation: Operation) -> None:
    arguments, printed = operation.example
    fields = operation.parse(arguments)
    if operation.request:
        getattr(records, operation.request)(**fields)
    assert bool(printed) == (operation.output in {"lines", "text", "autoresponder"} and operation in COMMANDS)
    if operation.output == "lines":
        assert list(printed) == sorted(printed)


def test_errors_are_of_the_closed_list() -> None:
    for operation in (*OPERATIONS, REGISTER):
        assert set(operation.errors) <= set(ERRORS)
        assert len(set(operation.errors)) == len(operation.errors)


def test_edit_domain_takes_the_site_type_third() -> None:
    operation = find("EEditDomain")
    assert "ip_based" not in operation.parse(("xyz.com", "10", *"10101010"))
    fields = operation.parse(("xyz.com", "10", "1", *"00000000"))
    assert fields["ip_based"] is True
    assert not fields["mailing_lists"]


def test_error_names_the_parameter_in_the_guides_spelling() -> None:
    with pytest.raises(InvalidArgument) as caught:
        find("EEditDomain").parse(("xyz.com", "10", "1", "1", "on", *"11111"))
    assert caught.value.parameter == "EnableDistributonLists"
    with pytest.raises(InvalidArgument) as caught:
        find("EAddSpamFilter").parse(("xyz.com", "example.org", "IP"))
    assert caught.value.parameter == "SpamFilterAddress"


# Programs


def test_commands_folder_has_exactly_the_executables() -> None:
    names = {name for operation in COMMANDS for name in operation.executables}
    assert len(names) == 53
    assert {path.name for path in (ROOT / "commands").iterdir() if path.is_file()} == {f"{name}.py" for name in names}
    assert {path.name for path in (ROOT / "register").glob("Register*")} == {"RegisterMailAddon.py"}


def test_commands_differ_in_name_and_docstring_only() -> None:
    for operation in COMMANDS:
        for name in operation.executables:
            script = (ROOT / "commands" / f"{name}.py").read_text(encoding="utf-8")
            assert script == (
                f'#!python\n"""{operation.summary}"""\n\nfrom mailaddon.command import main\n\n'
                f'if __name__ == "__main__":\n    main("{name}")\n'
            )


def test_every_executable_is_installed() -> None:
    for operation in GUIDE:
        for name in operation.executables:
            installed = (SCRIPTS / name).read_text(encoding="utf-8")
            assert installed.startswith("#!")
            source = ROOT / ("register" if operation is REGISTER else "commands") / f"{name}.py"
            assert installed.partition("\n")[2] == source.read_text(encoding="utf-8").partition("\n")[2]
            assert (SCRIPTS / name).stat().st_mode & 0o111 == 0o111


def test_script_runs_through_an_interpreter_too() -> None:
    """The guide's interpreter mode: `python commands/EGetUserAliasList.py xyz.com`."""
    script = ROOT / "commands" / "EGetUserAliasList.py"
    done = subprocess.run([sys.executable, script, "xyz.com"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "EGetUserAliasList: 2 arguments expected, 1 given; usage: EGetUserAliasList DomainName"
    )


def test_sdk_operations_are_not_the_guides() -> None:
    for operation in SDK_OPERATIONS:
        assert operation.scope == "sdk"
        assert operation.command == operation.command.lower()
        assert not operation.changes


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_arguments_are_written_as_they_are_read(operation: Operation) -> None:
    for form in filter(None, (operation.parameters, operation.longer)):
        given = [parameter.kind.example for parameter in form]
        request = getattr(records, operation.request)(**operation.parse(given))
        assert operation.arguments(request) == given


def test_both_values_of_a_flag_are_written() -> None:
    flags = list("01010101")
    fields = find("EEditDomain").parse(["xyz.com", "-1", *flags])
    assert find("EEditDomain").arguments(records.DomainChange(**fields)) == ["xyz.com", "-1", *flags]


def test_every_list_says_what_its_lines_are() -> None:
    for operation in OPERATIONS:
        assert (operation.item is not None) == (operation.output == "lines"), operation.command
        if operation.item is not None:
            assert all(operation.item.parse(line) == line for line in operation.example[1])


def test_the_table_has_what_it_says_and_nothing_else() -> None:
    assert {name: getattr(operations, name) for name in operations.__all__}.keys() == set(operations.__all__)
    assert OPERATIONS == operations.DOMAIN_OPERATIONS + operations.USER_OPERATIONS + SDK_OPERATIONS
    with pytest.raises(AttributeError, match="has no attribute 'COMANDS'"):
        operations.COMANDS  # type: ignore[attr-defined] # noqa: B018
