"""`mailaddon batch`: many operations in one process, from JSON lines or a CSV table, JSON lines out, in order.

A line in: `{"command": "EAddUser", "arguments": ["xyz.com", "u1", …], "id": …}`. The arguments are a list in the
guide's order, or an object by the guide's names or the table's field names. Whole numbers stand for their digits, true
and false for `1` and `0`. The id is optional, anything, and comes back as it was. Empty lines are skipped.

A line out: `{"version": 1, "line": n, "id": …, "command": …, "ok": true, "result": …}`, or with `"ok": false` and
`"error": {"code", "message", "parameter", "retryable"}` in place of the result. `line` counts the lines of the input
from 1; the id is null where none was given; the command is in its canonical form, or as it was given when it is
unknown, or null. The result is null, a list of texts, a text, or an object, as the operation's output says. Each line
is flushed, so a caller may keep the process and talk to it. Arguments are never repeated in the output.
"""

import codecs
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

import click

from ..errors import Conflict, StorageFailed, UsageError
from ..service import Service
from ._batch_calls import Call, JsonLines, Source
from ._batch_csv import Table
from ._batch_journal import Journal
from ._batch_running import Batch
from ._output import write_octets

_TAB = ("tab", "\\t")


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--stop-on-error/--keep-going", default=False, help="Whether the first failure ends the run.  [keep going]"
)
@click.option(
    "--group",
    type=click.IntRange(1, 100_000),
    default=1,
    help="So many calls share a commit; each is still whole or not at all.  [1]",
)
@click.option("--all", "everything", is_flag=True, help="All calls are one transaction: everything or nothing.")
@click.option("--dry-run", is_flag=True, help="Check every line, as far as possible without changing anything.")
@click.option("--journal", type=click.Path(), help="Note in this file how far it has come, and go on from there.")
@click.option("--csv", "is_csv", is_flag=True, help="The input is a CSV table whose first line has headings.")
@click.option("--command", help="The command that each row of the table is for.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADING=ARGUMENT",
    help="What a column is, if its heading does not say so; ARGUMENT@ARGUMENT takes an address apart.",
)
@click.option("--set", "constants", multiple=True, metavar="ARGUMENT=VALUE", help="An argument of every row.")
@click.option("--delimiter", default=",", help="What is between the cells: one character, or tab.  [,]")
@click.option("--encoding", default="utf-8-sig", help="Of the table.  [UTF-8, with a byte order mark or without]")
def batch(
    file: IO[bytes],
    *,
    stop_on_error: bool,
    group: int,
    everything: bool,
    dry_run: bool,
    journal: str | None,
    is_csv: bool,
    command: str | None,
    columns: tuple[str, ...],
    constants: tuple[str, ...],
    delimiter: str,
    encoding: str,
) -> None:
    r"""Run many commands in one process: from FILE or standard input, with JSON lines to standard output.

    \b
    In:   {"command": "EAddUserAlias", "arguments": ["xyz.com", "u1", "a11"], "id": 1}
    Or:   {"command": "EAddUserAlias", "arguments": {"DomainName": "xyz.com", "UserName": "u1", "UserAlias": "a11"}}
    Out:  {"version": 1, "line": 1, "id": 1, "command": "EAddUserAlias", "ok": true, "result": null}
    Or:   {…, "ok": false, "error": {"code": …, "message": …, "parameter": …, "retryable": …}}

    \b
    A table:  --csv --command EAddUser --column E-mail=UserName@DomainName --set UserEnableForwards=1 … users.csv

    The exit status is 1 if any command failed.
    """
    if sys.stdout is None:
        raise StorageFailed("standard output is closed, so the results cannot be printed")
    if dry_run and (journal or everything):
        raise UsageError("--dry-run changes nothing; leave out --journal and --all")
    if not is_csv and (command or columns or constants):
        raise UsageError("--command, --column and --set describe a table; give --csv too")
    with ExitStack() as stack:
        service = stack.enter_context(Service.open())
        advance = stack.enter_context(_progress(file))
        if everything or dry_run:
            file = stack.enter_context(_at_hand(file))
        source: Source = _table(file, command, columns, constants, delimiter, encoding) if is_csv else JsonLines(file)
        noted = None
        if journal:
            of = " ".join([command or "JSON lines", *columns, *constants] + ["--all"] * everything)
            noted = Journal(journal, service, of)
            stack.callback(noted.close)
        run = Batch(service, write_octets, advance, stop=stop_on_error, journal=noted)
        calls = _rest(iter(source), noted, advance)
        _run(run, source, calls, service, group, noted, everything=everything, dry_run=dry_run)
        if noted and not run.stopped:
            noted.finish()
    click.get_current_context().exit(1 if run.failed else 0)


def _run(
    run: Batch,
    source: Source,
    calls: Iterator[Call],
    service: Service,
    group: int,
    journal: Journal | None,
    *,
    everything: bool,
    dry_run: bool,
) -> None:
    if dry_run:
        if not service.backend.transactional:
            _say(f"{service.backend.name} cannot try calls; only commands and arguments are checked")
        run.rehearse(calls)
    elif everything:
        if journal and journal.position.line:
            _say("what is in the journal was done before")
        if not run.run_all(calls):
            _say("nothing has been changed")
    else:
        if group > 1 and not service.backend.transactional:
            _say(f"{service.backend.name} commits each call by itself, whatever --group says")
        run.run(source, calls, group)


def _table(
    file: IO[bytes],
    command: str | None,
    columns: tuple[str, ...],
    constants: tuple[str, ...],
    delimiter: str,
    encoding: str,
) -> Table:
    if not command:
        raise UsageError("--csv needs --command: what each row is for")
    delimiter = "\t" if delimiter in _TAB else delimiter
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UsageError("--delimiter is one character, or tab")
    try:
        codecs.lookup(encoding)
        "".encode(encoding)
    except (LookupError, UnicodeError):
        raise UsageError(f"--encoding: there is no {encoding}; utf-8, cp1252 and iso-8859-2 are some") from None
    name = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    table = Table(file, command, columns, constants, delimiter, name)
    if table.unused:
        _say(f"columns that are no argument: {', '.join(map(str, table.unused))}")
    return table


def _rest(calls: Iterator[Call], journal: Journal | None, advance: Callable[[int, int, int], None]) -> Iterator[Call]:
    """What a batch has not done yet, after it has printed what was perhaps not printed.

    Raises:
        Conflict: the input is not what the journal is about.
    """
    if journal is None or not journal.position.line:
        return calls
    position = journal.position
    last: Call | None = None
    while last is None or last.line < position.line:
        last = next(calls, None)
        if last is None:
            break
        advance(last.octets, 1, position.failed)
    if last is None or (last.line, last.check) != (position.line, position.check):
        raise Conflict("the input is not what the journal is about, up to where the batch has come; name another file")
    if journal.unprinted:
        write_octets("".join(journal.unprinted).encode())
    journal.reach(position)
    return calls


@contextmanager
def _at_hand(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The input as a file, so that nobody else waits for who writes it."""
    try:
        regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:  # it is in memory
        regular = True
    if regular:
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _say(text: str) -> None:
    click.echo(f"mailaddon batch: {text}", err=True)


@contextmanager
def _progress(file: IO[bytes]) -> Iterator[Callable[[int, int, int], None]]:
    """How to say that a line of so many octets is done: on a bar, if standard error is a terminal for nothing else."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _octets, _lines, _failed: None
        return
    endless: Iterator[None] = (None for _ in ())
    counts = [0, 0]

    def advance(octets: int, lines: int, failed: int) -> None:
        counts[:] = counts[0] + lines, failed
        bar.update(octets)

    def shown(_item: object) -> str:
        return f"{counts[0]:,} done, {counts[1]:,} failed"

    with click.progressbar(
        endless, length=_size(file), label="mailaddon batch", file=sys.stderr, item_show_func=shown
    ) as bar:
        yield advance


def _size(file: IO[bytes]) -> int | None:
    return os.fstat(file.fileno()).st_size or None  # a pipe has none
