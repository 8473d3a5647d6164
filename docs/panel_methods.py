"""Writes the modules of src/mailaddon/_panel: a typed method of `Panel` for each operation of the table.

They are laid out as the formatter of the project would, which a check of the project's style makes sure of.
"""

import textwrap

from mailaddon import ERRORS, operations
from mailaddon.operations.model import FLAG, NAME, Operation, Parameter

WIDTH = 120
RESULTS = {
    "none": ("None", ""),
    "lines": ("Iterator[str]", "The items, sorted."),
    "text": ("str", "The text."),
    "autoresponder": ("AutoResponder | None", "The autoresponder; None if there is none."),
}
#: Module -> what its operations are about.
MODULES = {
    "domains": "domains and their aliases",
    "lists": "lists, their members, and spam filters",
    "users": "users, their aliases and forwards, autoresponders, and catch-alls",
    "server": "the server, and what only this SDK's backends tell",
}
HEAD = '''\
# Written by docs/generate.py; change the table that it reads.
"""Methods of `Panel`: {about}."""

from __future__ import annotations

from . import Performing
{imports}

class {name}(Performing):
    """A method for each operation on {about}."""
'''


def modules() -> dict[str, str]:
    """Every module's name and text."""
    chosen: dict[str, list[Operation]] = {name: [] for name in MODULES}
    for operation in operations.OPERATIONS:
        chosen[belongs(operation)].append(operation)
    return {name: module(name, found) for name, found in chosen.items()}


def belongs(operation: Operation) -> str:
    """The module that an operation is in."""
    if operation.scope in {"server", "sdk"}:
        return "server"
    if "list_" in f"{operation.hook}_" and "alias" not in operation.hook and "forward" not in operation.hook:
        return "lists"
    return "lists" if "filter" in operation.hook else f"{operation.scope}s"


def module(name: str, found: list[Operation]) -> str:
    """The text of one module."""
    records = {one.output for one in found} - RESULTS.keys()
    if any(one.output == "autoresponder" for one in found):
        records.add("AutoResponder")
    imports = ["    from collections.abc import Iterator"] if any(one.output == "lines" for one in found) else []
    if records:
        imports += ["", f"    from ..records import {', '.join(sorted(records))}"]
    block = "\n".join(["", "TYPE_CHECKING = False", "if TYPE_CHECKING:", *imports, ""]) if imports else ""
    title = f"{name.removesuffix('s').capitalize()}Methods"
    head = HEAD.format(about=MODULES[name], imports=block, name=title)
    return "\n".join([head, *map(method, found)])


def method(operation: Operation) -> str:
    """One method."""
    parameters = operation.longer or operation.parameters
    # What may be left out comes last, where a reader looks for it; all are given by name.
    signature = sorted([(default(operation, one), one) for one in parameters], key=lambda pair: pair[0] is not None)
    declared = [
        f"{one.field}: {kind(operation, one)}" + ("" if value is None else f" = {value}") for value, one in signature
    ]
    result = RESULTS.get(operation.output, (operation.output,))[0]
    passed = [f'"{operation.hook}"', *(f"{one.field}={one.field}" for one in parameters)]
    begin = {"none": "self._perform(", "lines": "return iter(self._perform("}.get(
        operation.output, f"result: {result} = self._perform("
    )
    body = laid_out(8, begin, passed, "))" if operation.output == "lines" else ")")
    if operation.output not in {"none", "lines"}:
        body += "        return result\n"
    head = laid_out(4, f"def {operation.hook}(", ["self", *(["*", *declared] if declared else [])], f") -> {result}:")
    return head + docstring(operation, [one for _value, one in signature]) + body


def kind(operation: Operation, parameter: Parameter) -> str:
    """The type of a value."""
    name = parameter.kind.type.__name__
    return name if parameter in operation.parameters else f"{name} | None"


def default(operation: Operation, parameter: Parameter) -> str | None:
    """What a new thing has, unless something else is said; what is changed is said in full."""
    if parameter not in operation.parameters:
        return "None"
    if operation.hook.startswith("add_") and parameter.kind is FLAG:
        return str(parameter.field != "ip_based")
    return '""' if operation.hook.startswith("add_") and parameter.kind is NAME else None


def laid_out(margin: int, begin: str, parts: list[str], end: str) -> str:
    """A call or a definition on one line, else its parts on a line of their own, else each on one."""
    space = " " * margin
    whole, inner = space + begin + ", ".join(parts) + end, f"{space}    {', '.join(parts)}"
    if len(whole) <= WIDTH:
        return whole + "\n"
    if end == "))":  # a call in a call: the inner one on a line of its own
        outer, _, begin = begin.rpartition("(self")
        return f"{space}{outer}(\n" + laid_out(margin + 4, f"self{begin}", parts, ")") + f"{space})\n"
    if len(inner) <= WIDTH:
        return f"{space}{begin}\n{inner}\n{space}{end}\n"
    return f"{space}{begin}\n" + "".join(f"{space}    {part},\n" for part in parts) + f"{space}{end}\n"


def docstring(operation: Operation, parameters: list[Parameter]) -> str:
    """What is said about a method."""
    name = f"{operation.command}. " if operation.scope != "sdk" else ""
    sections = [wrapped(name + operation.summary, 8)]
    if operation.notes:
        sections.append(wrapped(" ".join(note for note in operation.notes if "arguments" not in note), 8))
    if parameters:
        described = [wrapped(f"{one.field}: {about(operation, one)}", 12, hanging=4) for one in parameters]
        sections.append("        Args:\n" + "".join(described))
    if operation.output != "none":
        returned = RESULTS.get(operation.output, ("", f"The record `{operation.output}`."))[1]
        sections.append(f"        Returns:\n            {returned}\n")
    classes = ", ".join(ERRORS[code].__name__ for code in operation.errors)
    rules = wrapped(f"{classes}: the operation's own rules.", 12, hanging=4) if classes else ""
    sections.append(f"        Raises:\n{rules}            MailAddonError: as `Panel.call`.\n")
    return '        """' + "\n".join(sections).lstrip() + '        """\n'


def about(operation: Operation, parameter: Parameter) -> str:
    """What an argument is, and what is accepted."""
    note = parameter.note.rstrip(".")
    if not note[:2].isupper():
        note = note[0].lower() + note[1:]
    if parameter.kind.type is bool:
        told = note.replace("1 for", "True for").replace("0 for", "False for")
        note = told if told != note else f"with or without {note}"
        return f"{note}; None leaves it as it is." if parameter not in operation.parameters else f"{note}."
    return f"{note}: {parameter.kind.accepts}."


def wrapped(text: str, margin: int, hanging: int = 0) -> str:
    """A paragraph."""
    space = " " * margin
    lines = textwrap.fill(
        text,
        WIDTH,
        initial_indent=space,
        subsequent_indent=space + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines + "\n"
