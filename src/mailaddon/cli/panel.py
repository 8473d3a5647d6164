"""`mailaddon panel`: registered add-ons, called as a panel calls them.

JSON of `list`: as of `mailaddon addons list`. JSON of `probe`: `{"version": 1, "ok": …, "addon": {as in the list},
"programs": [{"command", "state", "found"}, …]}`. `ok` is false if a program is `unusable`, `late` or gives a
`wrong-answer`; the exit status is then 1. JSON of `watch`: the lines of `events.jsonl` as they stand there, each an
object of its own.
"""

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

from .. import home as _home
from .. import settings as _settings
from .._events import Chosen, Events
from .._panel.records import STATES
from ..command import main_with
from ..errors import UsageError
from ..operations import COMMANDS, find
from ..panel import Event, Panel, Probed
from ..registrations import Registration, same_name
from ..values import decode
from ._output import json_option, paint, plain, table, write, write_json
from .addons import activated, list_addons

_ADDON = "mailaddon.addon"
_EXECUTABLE = "executable"
_COLOURS = {"answers": "green", "missing": "yellow", "unusable": "red", "late": "red", "wrong-answer": "red"}


@click.group(no_args_is_help=True)
@click.option("--addon", metavar="VENDOR/SERVER/VERSION", help="The add-on for call and probe.  [the one in force]")
@click.pass_context
def panel(ctx: click.Context, addon: str | None) -> None:
    """Call registered add-ons as a panel does, find out what they can do, and follow what is changed.

    RegisterMailAddon registers an add-on; `list` shows them all, `use` chooses the active one.
    """
    if addon is None:
        return
    if ctx.invoked_subcommand not in {"call", "probe"}:
        raise UsageError(f"--addon is for call and probe; {ctx.invoked_subcommand} does not call an add-on")
    ctx.meta[_ADDON] = decode(addon)
    if "/" not in ctx.meta[_ADDON]:
        raise UsageError("--addon takes VENDOR/SERVER/VERSION; `mailaddon panel list` lists them all")


def _backend() -> str:
    backend: str = click.get_current_context().meta.get(_ADDON, _EXECUTABLE)
    return backend


panel.add_command(list_addons)


@panel.command()
@click.argument("name")
def use(name: str) -> None:
    """Make the add-on NAME the active one, which is called from now on."""
    for sentence in _deciding(activated(name)):
        write(f"{sentence}\n")


def _deciding(chosen: Registration) -> Iterator[str]:
    """What keeps an active add-on from being called, if something does."""
    home = _home.locate()
    settings, path = _settings.load(home), os.path.join(home, _settings.FILE)
    table = settings.backends.get(_EXECUTABLE, {})
    fixed = table.get("addon", "") if isinstance(table, dict) else ""
    if fixed and not same_name(str(fixed), chosen.name):
        yield f"but {path} has addon = {fixed!r} in [backends.{_EXECUTABLE}], which is called instead; remove that line"
    backend, source = settings["backend"], settings.sources["backend"]
    if backend != _EXECUTABLE and not ("/" in backend and same_name(backend, chosen.name)):
        mend = f'unset {source}, or give it the value "{_EXECUTABLE}"' if source.isupper() else ""
        mend = mend or f'write backend = "{_EXECUTABLE}" into {path}'
        yield f"the E* programs do not call it, as the setting backend is {backend!r}; to have them do so, {mend}"


class Verbatim(click.Command):
    """A command whose arguments are no options, whatever they begin with."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take all arguments as they are; only a first `--help` is ours."""
        if args[:1] == ["--help"] or not args:
            return super().parse_args(ctx, args[:1])
        ctx.params["words"] = tuple(args)
        return []


@panel.command(cls=Verbatim, options_metavar="")
@click.argument("words", metavar="COMMAND [ARGUMENTS]…", nargs=-1, required=True)
def call(words: tuple[str, ...]) -> None:
    """Call COMMAND, one of the guide's, with ARGUMENTS in the guide's order.

    None of the arguments is an option, so a password may begin with a dash; only a sole --help or --version behind the
    command is special. Output and exit status are those of the program EAddUser, EAddDomain and so on.
    """
    operation = find(words[0])
    if operation not in COMMANDS:
        raise UsageError(f"{operation.command} is no program of an add-on; `mailaddon commands` says what it is")
    program = words[0] if words[0] in operation.executables else operation.command
    main_with(program, words[1:], _backend())


@panel.command()
@click.option("--domain", default="", help="A domain to ask about.  [one that cannot exist]")
@click.option("--user", default="", help="A user of the domain to ask about.")
@click.option("--timeout", default=30, type=click.IntRange(1), help="How many seconds a program may take.  [30]")
@json_option
def probe(*, domain: str, user: str, timeout: int, as_json: bool) -> None:
    """Find out which of an add-on's programs are there, can be started, and answer.

    Nothing is changed: a program that changes something is only looked at. Programs that print something are asked
    about a domain that cannot exist, or about --domain and --user.
    """
    with Panel(_backend()) as asked:
        found = list(_shown(asked.probe(decode(domain), decode(user), timeout)))
        addon = asked.addon()
    healthy = all(one.well for one in found)
    if as_json:
        write_json({"ok": healthy, "addon": plain(addon), "programs": plain(found)})
    else:
        write(_report(addon, found))
    click.get_current_context().exit(0 if healthy else 1)


def _report(addon: Registration | None, found: Sequence[Probed]) -> str:
    head = f"{addon.name} in {addon.directory}\n\n" if addon else ""
    rows = [(one.command, one.state, one.found) for one in found]
    heading, *lines = table(("COMMAND", "STATE", "FOUND"), rows).splitlines(keepends=True)
    painted = [
        line.replace(one.state, paint(one.state, _COLOURS[one.state]), 1) if one.state in _COLOURS else line
        for one, line in zip(found, lines, strict=True)
    ]
    states = [one.state for one in found]
    counts = ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)
    return f"{head}{heading}{''.join(painted)}\n{counts}\n"


@contextmanager
def _bar() -> Iterator[Callable[[Probed], None]]:
    """How to say that a program is done: on a bar, if standard error is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _one: None
        return
    with click.progressbar(length=len(COMMANDS), label="mailaddon panel probe", file=sys.stderr) as bar:
        yield lambda _one: bar.update(1)


def _shown(found: Iterable[Probed]) -> Iterator[Probed]:
    with _bar() as advance:
        for one in found:
            advance(one)
            yield one


@panel.command()
@click.option("--from-start", is_flag=True, help="Begin with the oldest event that is there.")
@click.option("--last", default=0, type=click.IntRange(0), help="Begin with so many events that are there.")
@click.option("--domain", default="", help="Only what concerns this domain.")
@click.option("--operation", multiple=True, help="Only this command; may be given several times.")
@click.option(
    "--follow/--no-follow",
    default=True,
    help="Whether to wait for further events, or to print those that are there.  [wait]",
)
@json_option
def watch(*, from_start: bool, last: int, domain: str, operation: tuple[str, ...], follow: bool, as_json: bool) -> None:
    """Print each change as it happens: when, which command, and on what. Ctrl-C ends it."""
    home = _home.locate()
    if not _settings.load(home)["events"]:
        _say("the setting events is false, so changes are not written down")
    chosen = Chosen(decode(domain), [decode(one) for one in operation])
    output = _Output()
    events = Events(home, from_start=from_start, last=last, follow=follow, chosen=chosen, stopped=output.gone)
    output.events = events
    try:
        for event in events:
            write(f"{event.line if as_json else _line(event)}\n")
        output.mention()
    except KeyboardInterrupt:
        output.mention()
    except BrokenPipeError:
        sys.stdout = None  # what it still holds would fail again at the interpreter's end
    finally:
        events.close()


class _Output:
    """Looks at whether somebody still reads, and says which lines were left out, as often as events are looked for."""

    def __init__(self) -> None:
        self.events: Events | None = None
        self._mentioned = 0
        self._poller = select.poll()
        try:
            self._poller.register(sys.stdout.fileno(), 0)  # errors are told in any case
        except (AttributeError, OSError):
            self._poller = select.poll()

    def gone(self) -> bool:
        """Whether nobody reads any more, which a pipe otherwise shows only when something is written to it."""
        self.mention()
        return bool(self._poller.poll(0))

    def mention(self) -> None:
        """Say how many lines were no events, if there are new ones."""
        if self.events is not None and self.events.skipped != self._mentioned:
            self._mentioned = self.events.skipped
            _say(f"left out so far: {self._mentioned} that are no events")


def _say(sentence: str) -> None:
    click.echo(f"mailaddon panel watch: {sentence}", err=True)


def _line(event: Event) -> str:
    """When, which command, on what."""
    words = [event.time, event.operation, *(f"{name}={value}" for name, value in event.keys.items())]
    return "".join(letter if letter.isprintable() else "?" for letter in "  ".join(words))
