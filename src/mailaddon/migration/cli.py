"""`mailaddon migrate` and `mailaddon inventory`.

JSON of `migrate`: `{"version": 1, "from", "to", "domains": [{"domain", "users", …}, …], "steps": [{"command",
"arguments", "done"}, …], "passwords": {"moved", "given", "new"}, "assumed": […], "impossible": [{"command",
"reason"}, …], "failures": [{"command", "arguments", "error"}, …], "differences": [{"subject", "field", "source",
"target"}, …], "untold": […], "problems": […]}`. In `arguments` a password is asterisks; the `error` of a call that
was not tried is null. `differences` and `untold` are null where nothing is compared. `inventory` prints a line for
each domain, as a file of names has them.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import click

from ..cli._output import json_option, write
from ..errors import NotConfigured, NotSupported
from ..home import check_owner
from ..service import Service
from ..values import absolute_path, decode, domain_name, ip_address, local_part
from . import names
from .inventory import Reading, Side
from .journal import Journal
from .moving import Migration, Plan, journal_path, overrides
from .passwords import NewPasswords
from .planning import STAGES
from .reporting import Report, counted

_NAMES_HELP = "A file of domains and users, for what the source does not tell; see `mailaddon inventory`."


@click.command()
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…")
@click.option(
    "--from", "source", required=True, metavar="BACKEND", help="The source: a backend, or VENDOR/SERVER/VERSION."
)
@click.option("--to", "target", required=True, metavar="BACKEND", help="The target, in the same way.")
@click.option("--from-home", metavar="FOLDER", default="", help="The source's home, if it is another one.")
@click.option("--to-home", metavar="FOLDER", default="", help="The target's home, if it is another one.")
@click.option("--names", "names_file", metavar="FILE", default="", help=_NAMES_HELP)
@click.option("--ip-address", default="", help="The IP address of all domains at the target.")
@click.option("--mailbox-directory", default="", help="MailBoxDirectory at the target; {domain} stands for the domain.")
@click.option("--owner", default="", help="The owner of a domain whose owner nobody tells.")
@click.option(
    "--new-passwords", metavar="FILE", default="", help="Where new passwords go, for users whose own cannot move."
)
@click.option("--partial", is_flag=True, help="Leave out what the target has no command for.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Calls at a time.")
@click.option("--journal", "journal_file", metavar="FILE", default="", help="What is done.  [in the target's home]")
@click.option("--restart", is_flag=True, help="Forget the journal of an earlier run.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show the plan.")
@click.option("--steps", "show_steps", is_flag=True, help="Show each call of the plan.")
@click.option("--verify", is_flag=True, help="Change nothing; compare both sides.")
@json_option
def migrate(domains: tuple[str, ...], *, source: str, target: str, as_json: bool, **options: Any) -> None:
    """Move domains from one backend to another, through the commands alone.

    Domains, users, aliases, forwards, lists, filters, catch-alls and autoresponders are moved, and then both sides are
    compared. Messages are not. A password moves as its hash if the source tells it and the target takes it.

    A run that was stopped, or in which something failed, goes on where it stopped when the same command is given again.
    The exit status is 0 if everything is at the target as it is at the source.
    """
    asked = [domain_name(decode(name)) for name in domains]
    with ExitStack() as stack:
        sides = [
            stack.enter_context(_side(decode(name), options[f"{which}_home"]))
            for name, which in ((source, "from"), (target, "to"))
        ]
        job = Job(sides[0], sides[1], options, as_json=as_json, stack=stack)
        click.get_current_context().exit(0 if job.done(asked) else 1)


@click.command()
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…")
@click.option("--backend", default="", help="The backend, or VENDOR/SERVER/VERSION.  [the configured one]")
@click.option("--names", "names_file", metavar="FILE", default="", help=_NAMES_HELP)
@click.option("--hashes", is_flag=True, help="Tell the hashes of passwords too.")
def inventory(domains: tuple[str, ...], *, backend: str, names_file: str, hashes: bool) -> None:
    """Print what domains have, one JSON object per line: the file that `mailaddon migrate --names` reads."""
    asked = [domain_name(decode(name)) for name in domains]
    known = names.read(names_file) if names_file else {}
    with _side(decode(backend), "") as side:
        for domain in Migration(side, side, names=known, overrides={}).chosen(asked):
            reading = Reading(side, hashes=hashes)
            write(names.written(reading.domain(known.get(domain, {"domain": domain}))))
            for problem in reading.problems:
                click.echo(f"mailaddon inventory: {problem}", err=True)


@contextmanager
def _side(name: str, home: str) -> Iterator[Side]:
    folder = absolute_path(decode(home)) if home else ""
    if folder:
        _check_home(folder)
    with Service.open(folder, name) as service:
        yield Side(name or service.backend.name, service)


def _check_home(folder: str) -> None:
    """Make sure that a home is there, and that its owner may have code run here.

    Raises:
        NotConfigured: it is not, or may not.
    """
    if not os.path.isdir(folder):
        raise NotConfigured(f"there is no home {folder}")
    check_owner(folder)


class Job:
    """One call of `mailaddon migrate`.

    Args:
        source: where the domains are.
        target: where they are going to be.
        options: of the command line.
        as_json: whether one object is printed, at the end.
        stack: what is closed in the end.
    """

    def __init__(self, source: Side, target: Side, options: dict[str, Any], *, as_json: bool, stack: ExitStack) -> None:
        self._options = options
        self._stack = stack
        self._changes = not (options["dry_run"] or options["verify"])
        self._report = Report(as_json=as_json, show_steps=options["show_steps"])
        place = overrides(
            ip_address(decode(options["ip_address"])) if options["ip_address"] else "",
            absolute_path(decode(options["mailbox_directory"])) if options["mailbox_directory"] else "",
            local_part(decode(options["owner"])) if options["owner"] else "",
        )
        known = names.read(options["names_file"]) if options["names_file"] else {}
        self._migration = Migration(source, target, names=known, overrides=place, jobs=options["jobs"])

    def done(self, asked: Sequence[str]) -> bool:
        """Do what is asked for; whether everything is at the target as it should be, or could be brought there."""
        migration, report = self._migration, self._report
        domains = migration.chosen(asked)
        with _bar("reading", len(domains)) as advance:
            states, problems = migration.read(domains, advance)
        journal = None if self._options["verify"] else self._journal()
        plan = migration.plan(states, problems, self._new_passwords() if self._changes else None)
        report.plan(plan, journal)
        if journal is not None:
            migration.check(plan, journal)
            self._refuse_what_is_not_possible(plan)
        failures = migration.run(plan, journal, _stage) if journal is not None and self._changes else []
        report.failures(failures)
        comparison = None
        if not self._options["dry_run"]:
            with _bar("comparing", len(states)) as advance:
                comparison = migration.compare(plan, advance)
            report.comparison(comparison, plan.problems)
        report.end(migration, plan, journal, failures, comparison)
        return not (failures or plan.problems or (comparison and comparison.differences))

    def _journal(self) -> Journal:
        source, target = self._migration.source, self._migration.target
        path = self._options["journal_file"] or journal_path(target.service.home, source.name, target.name)
        journal = Journal(
            os.path.abspath(path),
            f"{source.name} in {source.service.home}",
            f"{target.name} in {target.service.home}",
            restart=self._options["restart"],
            only_read=not self._changes,
        )
        self._stack.callback(journal.close)
        return journal

    def _new_passwords(self) -> NewPasswords | None:
        if not self._options["new_passwords"]:
            return None
        file = NewPasswords(self._options["new_passwords"])
        self._stack.callback(file.close)
        return file

    def _refuse_what_is_not_possible(self, plan: Plan) -> None:
        if plan.impossible and not self._options["partial"]:
            reasons = "; ".join(f"{command}: {reason}" for command, reason in plan.impossible.items())
            raise NotSupported(
                f"{self._migration.target.name} cannot take everything: {reasons}; --partial leaves that out"
            )
        if plan.passwords.new and not self._options["new_passwords"] and self._changes:
            raise NotConfigured(
                f"{counted(len(plan.passwords.new), 'user')} would need a new password"
                f" ({'; '.join(sorted(plan.passwords.why_new))}); --new-passwords names a file to write them to, or"
                " give them in the file of --names"
            )


def _stage(stage: int, count: int) -> AbstractContextManager[Callable[[int], None]]:
    return _bar(STAGES[stage], count)


@contextmanager
def _bar(label: str, count: int) -> Iterator[Callable[[int], None]]:
    """How to say that so many of a number are done: on a bar, if standard error is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _count: None
        return
    with click.progressbar(length=count, label=label, file=sys.stderr) as bar:
        yield bar.update
