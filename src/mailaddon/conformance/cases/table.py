"""The cases that follow from the operation table alone: for each command and each of its parameters."""

from functools import partial
from typing import TYPE_CHECKING

from ...operations import COMMANDS
from ...operations.model import Operation, Parameter
from ..arguments import USER, is_there, lists_of, literal_values, prepared, refused_values
from ..case import GROUP_OF, Case, Collection
from ..kit import OWNER, Kit

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Collection()

#: What succeeds or not according to the server's own state; they have cases of their own.
_PECULIAR = {"EGetMailURL", "EStartMailServer", "EStopMailServer", "EChangeNetworkSettings"}
#: Deleting what does not exist fails, but for this.
_GONE_IS_FINE = {"EDeleteAutoResponder"}
_FLAG = "flag01"


def _succeeds(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    text = kit.ok(operation.command, *arguments)
    if operation.output == "lines" and text and not text.endswith("\n"):
        kit.fail(f"the list of {operation.command} does not end with a line end")


def _counts(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    wrong = [[*arguments, ""], [*arguments, "x", "y"]]
    if arguments:
        wrong += [arguments[:-1], []]
    with kit.unchanged(*_seen(kit, operation, arguments)):
        for given in wrong:
            kit.refused(operation.command, *given, why=f"{len(arguments)} arguments are needed, not {len(given)}")
    _not_done(operation, kit, arguments)


def _arguments(operation: Operation, positions: list[int], kit: Kit) -> None:
    arguments = prepared(kit, operation)
    with kit.unchanged(*_seen(kit, operation, arguments)):
        for position in positions:
            parameter = operation.parameters[position]
            for text in refused_values(parameter):
                given = [*arguments[:position], text, *arguments[position + 1 :]]
                why = f"{parameter.name} is {parameter.kind.accepts}"
                if "\n" in kit.refused(operation.command, *given, why=why).stderr.decode("utf-8", "replace").strip():
                    kit.fail(f"a refusal is one line on standard error; {operation.command} printed several")
    _not_done(operation, kit, arguments)


def _literal(operation: Operation, position: int, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    parameter = operation.parameters[position]
    for text in literal_values(parameter):
        given = [*arguments[:position], text, *arguments[position + 1 :]]
        kit.ok(operation.command, *given)
        if operation.command == "ESetAutoResponder":
            subject, message = given[2:]
            if kit.ok("EGetAutoResponder", *given[:2]) != f"{subject}\n{message}":
                kit.fail(f"EGetAutoResponder prints the subject {subject!r}, a line end and the message {message!r}")
        elif operation.command.startswith("EAdd"):
            if not is_there(kit, operation, given):
                kit.fail(f"{text!r} has been added and is not listed")
            _delete(operation, kit, given)


def _delete(operation: Operation, kit: Kit, given: list[str]) -> None:
    command = operation.command.replace("EAdd", "EDelete", 1)
    key = {"EAddDomain": 1, "EAddSpamFilter": 2, "EAddUser": 2}.get(operation.command)
    shorter = [*given[:2], given[-1]] if operation.command == "EAddMailingListMember" else given[:key]
    kit.ok(command, *shorter)


def _absent(operation: Operation, position: int, name: str, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    given = [*arguments[:position], name.replace("{domain}", arguments[0]), *arguments[position + 1 :]]
    kit.refused(
        operation.command, *given, why=f"{operation.parameters[position].name} {given[position]} does not exist"
    )


def _another_kind(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    kit.ok("EAddUserAlias", arguments[0], USER, "another")
    kit.refused(operation.command, arguments[0], "another", *arguments[2:], why="another is an alias, not a user")


def _repeated(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    first = kit.ok(operation.command, *arguments)
    if operation.command in _GONE_IS_FINE or not operation.command.startswith(("EAdd", "EDelete")):
        for _time in range(2):
            again = kit.ok(operation.command, *arguments)
        if again != first:
            kit.fail(f"{operation.command} prints {first!r} and then, though nothing has changed, {again!r}")
        return
    with kit.unchanged(*_seen(kit, operation, arguments)):
        adds = operation.command.startswith("EAdd")
        kit.refused(operation.command, *arguments, why="it exists already" if adds else "it does not exist any more")


def _done(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    adds = operation.command.startswith("EAdd")
    if is_there(kit, operation, arguments) == adds:
        kit.fail(f"before {operation.command} it has to be the other way round")
    kit.ok(operation.command, *arguments)
    if is_there(kit, operation, arguments) != adds:
        kit.fail(f"{operation.command} has succeeded, and what it names is {'not there' if adds else 'still there'}")


def _upper(operation: Operation, kit: Kit) -> None:
    arguments = prepared(kit, operation)
    names = [parameter.kind.key in {"domain", "username", "localpart"} for parameter in operation.parameters]
    given = [text.upper() if is_name else text for is_name, text in zip(names, arguments, strict=True)]
    text = kit.ok(operation.command, *given)
    if operation.output == "lines" and kit.ok(operation.command, *arguments) != text:
        kit.fail("the case of a name does not matter, and the output is another one")
    if operation.command.startswith("EAdd"):
        kit.refused(operation.command, *arguments, why="it exists already; the case of a name does not matter")


def _seen(kit: Kit, operation: Operation, arguments: list[str]) -> tuple[str, list[str]]:
    del kit
    domain = arguments[0] if arguments and operation.parameters[0].field == "domain" else ""
    return domain, lists_of(GROUP_OF[operation.command]) if domain else []


def _not_done(operation: Operation, kit: Kit, arguments: list[str]) -> None:
    """A refused command has neither added nor deleted what its good arguments name."""
    adds = operation.command.startswith("EAdd")
    deletes = operation.command.startswith("EDelete") and operation.command not in _GONE_IS_FINE
    if (adds or deletes) and is_there(kit, operation, arguments) == adds:
        kit.fail(f"{operation.command} was refused, and has {'added' if adds else 'deleted'} what it names")


def _add(operation: Operation, what: str, aspect: str, title: str, run: "Callable[[Kit], None]", *needs: str) -> None:
    group = GROUP_OF[operation.command]
    name = f"{group}/{operation.command}/{what}"
    CASES.add(Case(name, group, title, (operation.command, *needs), run, aspect, alone=operation.scope == "server"))


def _add_arguments(operation: Operation) -> None:
    command = operation.command
    flags = [number for number, parameter in enumerate(operation.parameters) if parameter.kind.key == _FLAG]
    for position, parameter in enumerate(operation.parameters):
        if refused_values(parameter) and position not in flags:
            title = f"{command} refuses what is no {parameter.name}."
            run = partial(_arguments, operation, [position])
            _add(operation, f"{parameter.name}/refused", "arguments", title, run)
        if (
            literal_values(parameter)
            and command.startswith(("EAdd", "ESetAuto", "EEditUser"))
            and _takes(operation, parameter)
        ):
            title = f"{command} takes its {parameter.name} literally, whatever a shell would make of it."
            _add(operation, f"{parameter.name}/literal", "arguments", title, partial(_literal, operation, position))
    if flags:
        title = f"{command} refuses flags that are neither 0 nor 1."
        _add(operation, "flags/refused", "arguments", title, partial(_arguments, operation, flags))


def _takes(operation: Operation, parameter: Parameter) -> bool:
    if operation.command == "EEditUser":
        return not parameter.key
    return not (
        parameter.field in {"user", "name"}
        and operation.command not in {"EAddUser", "EAddDistributionList", "EAddMailingList"}
    )


def _add_absences(operation: Operation) -> None:
    command = operation.command
    if "not-found" not in operation.errors or "Import" in command:
        return
    _add(
        operation,
        "absent-domain",
        "refusals",
        f"{command} refuses a domain that does not exist.",
        partial(_absent, operation, 0, "absent-{domain}"),
    )
    for position, parameter in enumerate(operation.parameters[1:2], start=1):
        named = parameter.field in {"user", "name"}
        if named and command not in {"EAddUser", "EAddDistributionList", "EAddMailingList"}:
            what = "user" if parameter.field == "user" else "list"
            title = f"{command} refuses a {what} that does not exist."
            _add(operation, f"absent-{what}", "refusals", title, partial(_absent, operation, position, "absent"))
            if what == "user":
                title = f"{command} refuses an alias where a user is needed."
                run = partial(_another_kind, operation)
                _add(operation, "alias-for-user", "refusals", title, run, "EAddUserAlias")
            else:
                title = f"{command} refuses a user where a list is needed."
                run = partial(_absent, operation, position, OWNER)
                _add(operation, "user-for-list", "refusals", title, run)


for _operation in COMMANDS:
    _command = _operation.command
    _add(
        _operation,
        "counts",
        "refusals",
        f"{_command} refuses any other number of arguments.",
        partial(_counts, _operation),
    )
    if _command not in _PECULIAR:
        _add(
            _operation,
            "succeeds",
            "success",
            f"{_command} succeeds and prints its result alone.",
            partial(_succeeds, _operation),
        )
        _again = (
            "succeeds again"
            if not _command.startswith(("EAdd", "EDelete")) or _command in _GONE_IS_FINE
            else "is refused the second time"
        )
        _add(
            _operation,
            "repeated",
            "repetition",
            f"{_command} {_again}, and nothing more changes.",
            partial(_repeated, _operation),
        )
        if _operation.parameters:
            _add(
                _operation, "upper-case", "success", f"{_command} takes names in any case.", partial(_upper, _operation)
            )
        if _command.startswith(("EAdd", "EDelete")) and _command not in _GONE_IS_FINE:
            _add(
                _operation,
                "done",
                "success",
                f"What {_command} names is there or gone afterwards.",
                partial(_done, _operation),
            )
    _add_arguments(_operation)
    _add_absences(_operation)
