"""`mailaddon run`: one operation with named options instead of positional arguments.

JSON: `{"version": 1, "command": …, "ok": true, "result": …}`. The result is null, a list of texts, a text, or an
object, as the operation's output says. A refusal: `{"version": 1, "ok": false, "error": {"code", "message",
"parameter", "retryable"}}`.
"""

import sys
from collections.abc import Callable
from typing import Any

import click

from .._arguments import accepted, form, operation_named, positional, validated
from ..command import printed
from ..errors import InvalidArgument, UsageError
from ..operations import OPERATIONS
from ..operations.model import Operation, Parameter
from ..service import Service
from ..values import MAX_PASSWORD, Secret, decode
from ._output import SECRETS, json_option, plain, write, write_json
from .lookups import domain_text, mailing_list_text, resolution_text

_SHOWN: dict[str, Callable[[Any], str]] = {
    "Resolution": resolution_text,
    "DomainInfo": domain_text,
    "MailingListInfo": mailing_list_text,
}
_STDIN_HELP = "Read the password from standard input: one line, without its line end."


class Operations(click.Group):
    """A subcommand per operation, made from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the table."""
        return [operation.command for operation in OPERATIONS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """The subcommand of this name, in any case and any of the guide's spellings."""
        try:
            return _command(operation_named(cmd_name))
        except UsageError:
            return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say what is wrong with a name as every front door says it."""
        operation_named(args[0])
        return super().resolve_command(ctx, args)


@click.group(cls=Operations, no_args_is_help=True, subcommand_metavar="COMMAND [OPTIONS]…")
def run() -> None:
    """Run a command with named options.

    What is missing is asked for on a terminal. An argument is visible to every user of the machine for as long as the
    process runs, so give a password at the prompt or with --password-stdin.
    """


def _command(operation: Operation) -> click.Command:
    def callback(*, as_json: bool, password_stdin: bool = False, **given: str | None) -> None:
        _run(operation, {field: text for field, text in given.items() if text is not None}, password_stdin, as_json)

    options = [
        click.Option([f"--{parameter.option}", parameter.field], metavar="TEXT", help=_help(operation, parameter))
        for parameter in accepted(operation)
    ]
    if _secret(operation):
        options.append(click.Option(["--password-stdin"], is_flag=True, help=_STDIN_HELP))
    notes = "\n\n".join([operation.summary, *operation.notes])
    return json_option(click.Command(operation.command, callback=callback, params=[*options], help=notes))


def _help(operation: Operation, parameter: Parameter) -> str:
    left_out = "" if parameter in operation.parameters else " It may be left out."
    accepts = parameter.kind.accepts
    return f"{parameter.note} {accepts[0].upper()}{accepts[1:]}.{left_out}"


def _secret(operation: Operation) -> Parameter | None:
    return next((parameter for parameter in operation.parameters if parameter.kind.secret), None)


def _run(operation: Operation, given: dict[str, str], password_stdin: bool, as_json: bool) -> None:  # noqa: FBT001
    secrets = click.get_current_context().meta[SECRETS]
    texts = {
        parameter.field: _decoded(parameter, given) for parameter in accepted(operation) if parameter.field in given
    }
    secret = _secret(operation)
    if password_stdin and secret is not None:
        if secret.field in texts:
            raise UsageError(f"--{secret.option} and --password-stdin are two passwords; give one")
        texts[secret.field] = _line_of_input(secret)
    missing = [parameter for parameter in form(operation, texts) if parameter.field not in texts]
    if missing and not _interactive():
        options = ", ".join(f"--{parameter.option}" for parameter in missing)
        raise UsageError(f"missing: {options}; they are asked for only on a terminal")
    for parameter in missing:
        texts[parameter.field] = _asked(parameter)
    fields = validated(operation, positional(operation, texts))
    secrets += [value for value in fields.values() if isinstance(value, Secret)]
    with Service.open() as service:
        result = service.call(operation, fields)
    if as_json:
        write_json({"command": operation.command, "ok": True, "result": plain(result)})
    else:
        show = _SHOWN.get(operation.output)
        write(show(result) if show else printed(operation, result))


def _decoded(parameter: Parameter, given: dict[str, str]) -> str:
    try:
        return decode(given[parameter.field])
    except InvalidArgument as error:
        error.parameter = parameter.name
        raise


def _line_of_input(parameter: Parameter) -> str:
    line = sys.stdin.buffer.readline(MAX_PASSWORD + len(b"\r\n") + 1)
    line = line.removesuffix(b"\r\n") if line.endswith(b"\r\n") else line.removesuffix(b"\n")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument("the text is not valid UTF-8", parameter=parameter.name) from None


def _interactive() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _asked(parameter: Parameter) -> str:
    """Ask until the answer is what the parameter accepts; a password is not shown, and a new one is asked for twice."""
    secret = parameter.kind.secret

    def checked(answer: str) -> str:
        try:
            parameter.parse(decode(answer))
        except InvalidArgument as error:
            raise click.BadParameter(str(error)) from None
        return decode(answer)

    answer: str = click.prompt(
        f"{parameter.name} ({parameter.note.rstrip('.')})",
        default="" if _may_be_empty(parameter) else None,
        show_default=False,
        hide_input=secret,
        confirmation_prompt=secret,
        value_proc=checked,
        err=True,
    )
    return answer


def _may_be_empty(parameter: Parameter) -> bool:
    try:
        parameter.parse("")
    except InvalidArgument:
        return False
    return True
