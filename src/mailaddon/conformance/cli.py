"""`mailaddon conformance`: the kit on the programs of an add-on, or on this SDK's own on a backend.

JSON of the report: see `report.as_json`.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from random import SystemRandom
from typing import Any

import click

from .. import home as homes
from .. import registrations
from ..cli._output import paint, table, write
from ..errors import NotFound, StorageFailed, UsageError
from ..registrations import Registration
from ..values import decode, shown
from .case import GROUPS, VERSION, Case
from .cases import all_cases
from .mail import MailFlow, Outside, endpoint
from .report import Report, as_html, as_json, as_junit, as_markdown
from .running import FAILED, PASSED, SKIPPED, Result, run_cases
from .targets import AddonPrograms, BackendPrograms, Target

#: In a scratch home hashes cost little: it is the backend that is tried.
_QUICK = ("password.argon2id_memory = 8", "password.argon2id_time = 1")
_COLOURS = {FAILED: "red", PASSED: "green", SKIPPED: "bright_black", "": "white"}
_MOST_NAMES = 20
_WRITERS: dict[str, Callable[[Report], str]] = {
    "junit": as_junit,
    "json": as_json,
    "markdown": as_markdown,
    "html": as_html,
}


@click.command("conformance")
@click.option("--addon", default="", metavar="NAME", help="A registered add-on, VENDOR/SERVER/VERSION.")
@click.option("--directory", default="", metavar="DIR", help="A folder of programs, which need not be registered.")
@click.option("--extension", default="", help="The extension of the programs in --directory.")
@click.option("--interpreter", default="", help="What runs the programs in --directory.")
@click.option("--parameters", default="", help="The interpreter's parameters, separated by spaces or commas.")
@click.option("--backend", default="", metavar="NAME", help="A backend of this SDK, called by the SDK's own programs.")
@click.option("--home", default="", metavar="DIR", help="The home of --addon or --backend.  [--backend: a scratch one]")
@click.option("--setting", "settings", multiple=True, metavar="LINE", help="A line for the scratch home's settings.")
@click.option("--environment", multiple=True, metavar="NAME=VALUE", help="A variable for the add-on's programs.")
@click.option("--mail", default="", metavar="DIR", help="A folder for mail that the add-on may use.  [a scratch one]")
@click.option("--watch", multiple=True, metavar="DIR", help="A folder in which the add-on writes, to be searched.")
@click.option("--smtp", default="", metavar="HOST:PORT", help="Where the mail server takes mail, for `mail-flow`.")
@click.option("--imap", default="", metavar="HOST:PORT", help="Where its users log in, for `mail-flow`.")
@click.option("--outside", default="", metavar="HOST:PORT", help="Listen there; the mail server sends what leaves.")
@click.option("--only", multiple=True, metavar="PATTERN", help="A group, or a pattern of names such as 'basic/EAdd*'.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Other scratch names.  [a random one]")
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Rounds, each with the next seed.")
@click.option("--jobs", type=click.IntRange(1, 64), default=3, show_default=True, help="Cases at a time.")
@click.option("--size", type=click.IntRange(10), default=10_000, show_default=True, help="Items in a long list.")
@click.option("--junit", default="", metavar="FILE", help="Write JUnit XML; - is standard output.")
@click.option("--json", default="", metavar="FILE", help="Write JSON.")
@click.option("--markdown", default="", metavar="FILE", help="Write Markdown.")
@click.option("--html", default="", metavar="FILE", help="Write a self-contained page.")
@click.option("--list", "only_list", is_flag=True, help="List the cases, and run none.")
@click.version_option(VERSION, "--kit-version", message="conformance kit %(version)s", help="Show the kit's version.")
def command(*, only: tuple[str, ...], only_list: bool, **options: Any) -> None:
    """Try what an add-on promises, and say what works and what does not.

    The add-on is one of --addon, --directory and --backend. It gets scratch domains, which are deleted in the end;
    still, try an installation that serves nobody. Exits 0 if nothing failed. The group `basic` is mandatory;
    a group about something that the add-on does not have is skipped.
    """
    cases = chosen([decode(pattern) for pattern in only])
    if only_list:
        write(table(("CASE", "SINCE", "WHAT HAS TO HOLD"), [(one.name, one.since, one.title) for one in cases]))
        return
    seed = options["seed"] if options["seed"] is not None else SystemRandom().randrange(1 << 24)
    given = {name: _decoded(value) for name, value in options.items()}
    with targeted(given) as target, flowing(given) as target.mail_flow:
        target.size = options["size"]
        report = _run(cases, target, seed, options["repeat"], options["jobs"])
        files = {name: decode(options[name]) for name in _WRITERS if options[name]}
        if "-" not in files.values():
            write(text(report))
        for name, file in files.items():
            _save(file, _WRITERS[name](report))
    click.get_current_context().exit(0 if report.passed else 1)


def _decoded(value: Any) -> Any:
    if isinstance(value, str):
        return decode(value)
    return tuple(map(decode, value)) if isinstance(value, tuple) else value


def chosen(patterns: Sequence[str]) -> list[Case]:
    """The cases whose group or name fits one of the patterns; all, if there is none.

    Raises:
        UsageError: a pattern fits none.
    """
    every = all_cases()
    for pattern in patterns:
        if not any(_fits(one, pattern) for one in every):
            raise UsageError(
                f"--only {shown(pattern)} is no group and fits no case; the groups are {', '.join(GROUPS)}"
            )
    return [one for one in every if not patterns or any(_fits(one, pattern) for pattern in patterns)]


def _fits(case: Case, pattern: str) -> bool:
    return pattern == case.group or fnmatchcase(case.name.lower(), pattern.lower())


@contextmanager
def targeted(options: dict[str, Any]) -> Iterator[Target]:
    """The target that the options name, with a scratch folder that goes afterwards.

    Raises:
        UsageError: they name none, or several.
        MailAddonError: it cannot be called.
    """
    named = [name for name in ("addon", "directory", "backend") if options[name]]
    if len(named) != 1:
        raise UsageError("one of --addon, --directory and --backend is needed; `mailaddon addons list` shows the first")
    scratch = Path(os.path.realpath(tempfile.mkdtemp(prefix="mailaddon-conformance-")))
    try:
        mail = Path(os.path.abspath(options["mail"])) if options["mail"] else scratch / "mail"
        mail.mkdir(parents=True, exist_ok=True)
        watched = [Path(os.path.abspath(folder)) for folder in options["watch"]]
        yield _target(named[0], options, scratch, mail, watched)
    except OSError as error:
        raise StorageFailed(f"{error.filename or scratch} cannot be used: {error.strerror}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def flowing(options: dict[str, Any]) -> Iterator[MailFlow | None]:
    """The mail server that the options name; None if they name none.

    Raises:
        UsageError: they are no endpoints, or one that is needed is missing.
        Unavailable: nobody can listen where --outside says.
    """
    found = {name: endpoint(f"--{name}", options[name]) for name in ("smtp", "imap", "outside") if options[name]}
    if not found:
        yield None
        return
    if not {"smtp", "imap"} <= found.keys():
        raise UsageError("--smtp and --imap belong together, and --outside needs both; each is HOST:PORT")
    world = Outside(found["outside"]) if "outside" in found else None
    try:
        yield MailFlow(found["smtp"], found["imap"], world)
    finally:
        if world is not None:
            world.stop()


def _target(kind: str, options: dict[str, Any], scratch: Path, mail: Path, watched: list[Path]) -> Target:
    given = Path(os.path.abspath(options["home"])) if options["home"] else None
    if kind == "backend":
        return _backend(options["backend"], given, options["settings"], scratch, mail, watched)
    environment = dict(_assigned(one) for one in options["environment"])
    if kind == "directory":
        addon = _unregistered(options)
    else:
        found = given or Path(homes.locate())
        addon = registrations.find(registrations.load(str(found)), options["addon"])
        if addon.compliant_3x:  # its commands have other arguments, and the SDK knows which
            return _backend(addon.name, found, (), scratch, mail, watched)
    return AddonPrograms(addon, mail, environment=environment, watched=watched)


def _backend(
    name: str, home: Path | None, settings: Sequence[str], scratch: Path, mail: Path, watched: list[Path]
) -> Target:
    if home is not None:
        if settings:
            raise UsageError("--setting is for a scratch home; the one of --home has settings of its own")
        prelude = [f"export MAILADDON_HOME='{home}' MAILADDON_BACKEND='{name}'"]
        return BackendPrograms(name, home, mail, watched=watched, prelude=prelude)
    home = scratch / "home"
    home.mkdir(mode=0o700)
    lines = [*_QUICK, *settings]
    (home / "mailaddon.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    prelude = [
        f'export MAILADDON_HOME="$(mktemp -d)" MAILADDON_BACKEND={name}',
        "cat > \"$MAILADDON_HOME/mailaddon.toml\" <<'END'\n" + "\n".join(lines) + "\nEND",
    ]
    return BackendPrograms(name, home, mail, watched=watched, prelude=prelude)


def _unregistered(options: dict[str, Any]) -> Registration:
    folder = os.path.abspath(options["directory"])
    if not os.path.isdir(folder):
        raise NotFound(f"--directory: there is no folder {shown(folder)}")
    return Registration(
        vendor="directory",
        server=os.path.basename(folder),
        version="",
        extension=options["extension"].removeprefix("."),
        interpreter=options["interpreter"],
        interpreter_parameters=options["parameters"],
        compliant_3x=False,
        directory=folder,
    )


def _assigned(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--environment {shown(text)}: NAME=VALUE is needed")
    return name, value


def _run(cases: Sequence[Case], target: Target, seed: int, repeat: int, jobs: int) -> Report:
    begun = time.monotonic()
    lock = threading.Lock()
    with click.progressbar(length=len(cases) * repeat, label=f"{target.name}, seed {seed}", file=sys.stderr) as bar:

        def done(_result: Result) -> None:
            with lock:
                bar.update(1)

        results = run_cases(cases, target, seed=seed, repeat=repeat, jobs=jobs, done=done)
    return Report(target, results, seed, time.monotonic() - begun)


def _save(file: str, content: str) -> None:
    if file == "-":
        write(content)
        return
    try:
        Path(file).write_text(content, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"the report {shown(file)} cannot be written: {error.strerror}") from None


def text(report: Report) -> str:
    """The report for a terminal: a table, what was skipped and why, what failed, the first failure in full."""
    return "\n".join(filter(None, (report.title + "\n", _table(report), _skipped(report), _failed(report)))) + (
        f"\n{report.verdict}\n"
    )


def _table(report: Report) -> str:
    aspects, rows = report.table()
    width = max([len(name) for name, _cells in rows], default=0)
    lines = ["  ".join(["".ljust(width), *aspects])]
    for name, cells in rows:
        painted = [
            paint(cell.text.rjust(len(aspect)), _COLOURS[cell.outcome])
            for aspect, cell in zip(aspects, cells, strict=True)
        ]
        lines.append("  ".join([name.ljust(width), *painted]).rstrip())
    return "\n".join(lines) + "\n"


def _skipped(report: Report) -> str:
    return "".join(
        paint(f"skipped: {len(names)} of {reason}\n", "bright_black") for reason, names in report.skipped().items()
    )


def _failed(report: Report) -> str:
    failures = report.failures
    if not failures:
        return ""
    lines = [paint(f"failed: {one.case.name}", "red") + f" [seed {one.seed}]: {one.reason}" for one in failures]
    if len(lines) > _MOST_NAMES:
        lines[_MOST_NAMES:] = [f"… and {len(lines) - _MOST_NAMES} more; a report in a file has them all"]
    return "\n".join([*lines, "", "The first of them, for a shell:", "", report.transcript(failures[0]), ""])
