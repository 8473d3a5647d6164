"""`mailaddon replay`: a trace's calls once more, on another backend or another version of it.

JSON: `{"version": 1, "ok", "backend", "calls", "skipped", "complete", "differences": [{"line", "operation",
"arguments", "recorded", "replayed", "reason"}, …]}`. `recorded` and `replayed` are `{"ok": true, "result"}` or
`{"ok": false, "error": {"code", "message"}}`; they and `operation` are null for a line that cannot be read, for which
`reason` says why.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ..cli._output import json_option, paint, write, write_json
from ..errors import UsageError
from . import replay, summary
from .comparing import Difference, Outcome

_SHOWN = 500  # characters of a result


@click.command("replay")
@click.argument("file", type=click.Path())
@click.option("--backend", default="", help="What to call: a name, MODULE:ATTRIBUTE, or a registered add-on.")
@click.option("--home", default="", type=click.Path(), help="Run the calls in this home.  [a scratch one]")
@click.option("--settings", default="", type=click.Path(), help="A mailaddon.toml for the scratch home.")
@click.option("--same-paths", is_flag=True, help="Use paths as they were recorded.  [below a scratch folder]")
@click.option("--keep-going", is_flag=True, help="Go on after a difference, and past a line that cannot be read.")
@click.option("--until", type=click.IntRange(1), default=None, metavar="N", help="Stop after line N of the file.")
@json_option
def command(
    file: str,
    *,
    backend: str,
    home: str,
    settings: str,
    same_paths: bool,
    keep_going: bool,
    until: int | None,
    as_json: bool,
) -> None:
    """Run the calls of a trace, which MAILADDON_TRACE=FILE has recorded, again, and show what comes out otherwise.

    They run one by one, in the order of FILE, in a scratch home, with generated passwords, and with paths below a
    scratch folder. Results and codes of errors are compared. The exit status is 0 if all is the same, 1 if not.
    """
    if home and settings:
        raise UsageError("--home has settings of its own; leave out --settings")
    with _progress(file) as advance:
        report = replay(
            file,
            backend,
            home=os.path.abspath(home) if home else "",
            settings=settings,
            keep_going=keep_going,
            until=until or 0,
            same_paths=same_paths,
            advance=advance,
        )
    if as_json:
        write_json(summary(report))
    else:
        text = "".join(map(_told, report.differences))
        skipped = f", {report.skipped} were undone then and left out" if report.skipped else ""
        rest = "" if report.complete else "; what follows was not run, --keep-going does"
        what = f"{len(report.differences)} came out otherwise" if report.differences else "all came out as recorded"
        write(f"{text}{report.calls} calls on {report.backend}{skipped}: {what}{rest}\n")
    click.get_current_context().exit(0 if report.same else 1)


def _told(difference: Difference) -> str:
    if difference.recorded is None or difference.replayed is None:
        return f"line {difference.line}: it cannot be read: {difference.reason}\n"
    words = [argument if isinstance(argument, str) else f"<{argument['secret']}>" for argument in difference.arguments]
    call = " ".join([difference.operation, *[json.dumps(word, ensure_ascii=False) for word in words]])
    return (
        f"line {difference.line}: {call}\n"
        f"  recorded: {paint(_outcome(difference.recorded), 'green')}\n"
        f"  replayed: {paint(_outcome(difference.replayed), 'red')}\n"
    )


def _outcome(outcome: Outcome) -> str:
    if not outcome.ok:
        return f"{outcome.message} [{outcome.code}]".lstrip()
    text = json.dumps(outcome.result, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


@contextmanager
def _progress(file: str) -> Iterator[Callable[[int], None]]:
    """How to say that so many octets are done: on a bar, if standard error is a terminal for nothing else."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout is None or sys.stdout.isatty():
        yield lambda _octets: None
        return
    length = os.path.getsize(file) if os.path.isfile(file) else None
    endless: Iterator[None] = (None for _ in ())
    with click.progressbar(endless, length=length, label="mailaddon replay", file=sys.stderr) as bar:
        yield bar.update
