"""The manual of a command, from the operation table alone."""

import os
import shlex
import textwrap

from .errors import ERRORS
from .operations.model import Operation, Parameter

_WIDTH = 100
#: Errors that any command can end with, whatever it does.
COMMON_ERRORS = (
    "usage",
    "invalid-argument",
    "not-supported",
    "not-configured",
    "unavailable",
    "storage-failed",
    "backend-unusable",
    "upgrade-needed",
    "bad-result",
    "addon-failed",
    "interrupted",
    "internal",
)
_OUTPUTS = {
    "none": "Nothing.",
    "lines": "One item per line, sorted; complete or nothing at all.",
    "text": "One line.",
    "autoresponder": "The subject on the first line, then the text as it was set. Nothing if there is none.",
}


def manual(operation: Operation, program: str) -> str:
    """The text that `--help` prints."""
    sections = [
        ("NAME", [f"{program} - {operation.summary[0].lower()}{operation.summary[1:].rstrip('.')}"]),
        ("SYNOPSIS", [operation.usage.replace(operation.command, program, 1), f"{program} --help | --version"]),
        ("PARAMETERS", _parameters(operation.parameters)),
        ("NOTES", [_wrapped(note) for note in operation.notes]),
        ("OUTPUT", [_wrapped(output_of(operation))]),
        ("EXIT STATUS", ["0  success", "1  anything else; one line on standard error says why"]),
        ("ERRORS", [f"{code:18}{meaning(code)}" for code in errors_of(operation)]),
        ("EXAMPLE", example(operation, program)),
    ]
    text = "\n\n".join(
        f"{title}\n" + "\n".join(textwrap.indent(line, "    ") for line in lines) for title, lines in sections if lines
    )
    return (text + "\n").replace("\n", os.linesep)


def output_of(operation: Operation) -> str:
    """What the command prints, as a sentence."""
    return _OUTPUTS[operation.output]


def errors_of(operation: Operation) -> list[str]:
    """The codes that a command can end with, in the order of the error list."""
    return [code for code in ERRORS if code in operation.errors or code in COMMON_ERRORS]


def meaning(code: str) -> str:
    """When a command ends with this code."""
    return (ERRORS[code].__doc__ or "").partition("\n")[0]


def example(operation: Operation, program: str) -> list[str]:
    """A call as typed into a shell, and what it prints."""
    arguments, printed = operation.example
    return [f"$ {shlex.join([program, *arguments])}", *printed]


def _parameters(parameters: tuple[Parameter, ...]) -> list[str]:
    return [
        f"{parameter.name}{' (may be left out)' if parameter.optional else ''}\n"
        + textwrap.indent(_wrapped(f"{parameter.note} {_capital(parameter.kind.accepts)}."), "    ")
        for parameter in parameters
    ]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH - 8, break_on_hyphens=False)
