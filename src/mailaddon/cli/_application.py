"""The top of the command: subcommands by name, and the one place where a refusal becomes a line and a status."""

import errno
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from .. import __version__, _bundle
from ..command import become_owner_of_home, logged
from ..errors import BackendUnusable, MailAddonError, StorageFailed
from ._output import JSON_ASKED, SECRETS, failure, write_json

_ARGUMENTS = "mailaddon.arguments"

#: What root does as root, whoever the home belongs to; none of it loads what the home's owner can write as code.
_OF_ROOT = (["host", "init"], ["host", "check"], ["host", "demo"])

SUBCOMMANDS = {
    "addons": "mailaddon.cli.addons:addons",
    "backends": "mailaddon.cli.backends:backends",
    "batch": "mailaddon.cli.batch:batch",
    "commands": "mailaddon.cli.commands:commands",
    "completion": "mailaddon.cli.completion:completion",
    "conformance": "mailaddon.conformance.cli:command",
    "directory": "mailaddon.directory.cli:group",
    "doctor": "mailaddon.cli.doctor:doctor",
    "freeze": "mailaddon.freezing.cli:freeze",
    "host": "mailaddon.backends.postfix.cli:group",
    "inventory": "mailaddon.migration.cli:inventory",
    "migrate": "mailaddon.migration.cli:migrate",
    "import-postfixadmin": "mailaddon.postfixadmin.cli:command",
    "new": "mailaddon.scaffold.cli:command",
    "panel": "mailaddon.cli.panel:panel",
    "replay": "mailaddon.replay.cli:command",
    "resolve": "mailaddon.cli.lookups:resolve",
    "run": "mailaddon.cli.run:run",
    "settings": "mailaddon.cli.settings:settings",
    "show": "mailaddon.cli.lookups:show",
}


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are asked for.

    Args:
        targets: name -> `module:attribute`.
        options: as for `click.Group`.
    """

    def __init__(self, *, targets: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.targets = targets

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the table."""
        return list(self.targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """The subcommand of this name; one that cannot be imported says so when it is run."""
        if cmd_name not in self.targets:
            return None
        module, _, attribute = self.targets[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            return _unloadable(cmd_name, str(error))
        return command


def _unloadable(name: str, reason: str) -> click.Command:
    def refuse() -> None:
        raise BackendUnusable(f"mailaddon {name} cannot be loaded: {reason}; `mailaddon doctor` looks for the cause")

    return click.Command(name, callback=refuse, help=f"Cannot be loaded: {reason}", add_help_option=False)


class Application(LazyGroup):
    """The group that ends every refusal in one line or one JSON object, and never in a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments, for the name under which a refusal is printed."""
        ctx.meta[_ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand."""
        secrets: list[str] = ctx.meta.setdefault(SECRETS, [])
        try:
            if ctx.meta[_ARGUMENTS][:2] not in _OF_ROOT:
                become_owner_of_home()
            return super().invoke(ctx)
        except MailAddonError as error:
            refusal = error
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # click ends with 1, and nobody is left to read why
            refusal = logged(self._name(ctx), error, secrets)
        self._refuse(ctx, refusal)
        return ctx.exit(1)

    def _refuse(self, ctx: click.Context, refusal: MailAddonError) -> None:
        if ctx.meta.get(JSON_ASKED):
            try:
                write_json({"ok": False, "error": failure(refusal)})
            except StorageFailed:
                pass  # there is no standard output, which is perhaps what the refusal is about
            else:
                return
        click.echo(f"{self._name(ctx)}: {refusal} [{refusal.code}]".encode("utf-8", "backslashreplace"), err=True)

    def _name(self, ctx: click.Context) -> str:
        """The command as it was called, without its arguments: `mailaddon run EAddUser`."""
        names, group = [ctx.info_name or "mailaddon"], self
        for argument in ctx.meta[_ARGUMENTS]:
            command = group.get_command(ctx, argument) if isinstance(group, click.Group) else None
            if command is None:
                break
            names.append(command.name or argument)
            group = command  # type: ignore[assignment] # the loop asks what it is
        return " ".join(names)


application = Application(
    name="mailaddon",
    targets=SUBCOMMANDS,
    help="The Mail Server API of a hosting panel, in front of any mail server.\n\nThe guide's commands are programs of "
    "their own: EAddDomain, EAddUser and so on. Here is what helps to use, watch and mend them.",
    no_args_is_help=True,
)
_MESSAGE = f"%(prog)s %(version)s in {_bundle['title']}" if "title" in _bundle else "%(prog)s %(version)s"
application = click.version_option(__version__, prog_name="mailaddon", message=_MESSAGE)(application)
