"""`mailaddon import-postfixadmin`.

JSON: `{"version": 1, "source": …, "dry_run": …, "domains": [{"domain", "state", "reason", "counts"}, …],
"findings": [{"domain", "table", "row", "reason", "lost"}, …]}`. `state` is `imported`, `checked`, `skipped` or
`refused`; `lost` says whether somebody has to do something about a finding.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ..cli._output import json_option, paint, write, write_json
from ..directory import passwords
from ..service import Service
from ..values import Secret, absolute_path, ip_address, local_part
from .mapping import Mapper, Options
from .moving import Moved, Mover, Place, chosen
from .report import Finding, Report
from .source import Source

_EXPORTS = "postfixadmin"


@click.command("import-postfixadmin")
@click.argument("source")
@click.argument("domains", nargs=-1)
@click.option("--ip", required=True, help="The IP address of the domains.")
@click.option("--mailbox-directory", required=True, help="Where the domains keep their mail from now on.")
@click.option("--mail-root", help="Where the old mail is: what PostfixAdmin's maildirs are relative to.")
@click.option("--owner", default="", help="Owns each domain; without it, an administrator of it, or its postmaster.")
@click.option("--scheme", default="", help="Of passwords without a {SCHEME}; without it, their form shows it.")
@click.option("--table-prefix", default="", help="PostfixAdmin's database_prefix.")
@click.option("--exports", help="Where exports are written on the way.  [a folder in the home]")
@click.option("--keep-exports", is_flag=True, help="Leave the exports there; they hold mail and password hashes.")
@click.option("--new-only", is_flag=True, help="Skip domains that exist here.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and what cannot be; change nothing.")
@json_option
def command(
    source: str,
    domains: tuple[str, ...],
    ip: str,
    mailbox_directory: str,
    mail_root: str | None,
    owner: str,
    scheme: str,
    table_prefix: str,
    exports: str | None,
    *,
    keep_exports: bool,
    new_only: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Move domains from PostfixAdmin: all of its database SOURCE, or the named ones.

    SOURCE is the path of an SQLite file, or postgresql://user:password@host/database, or mysql://…. It is only read.
    Each domain is imported in one transaction. A repeated call makes everything again as PostfixAdmin has it, and goes
    on where an earlier one was ended. The exit status is 1 if anything was left out.
    """
    report = Report()
    database = Source(source, table_prefix)
    with Service.open() as service:
        options = Options(
            ip_address=ip_address(ip),
            owner=local_part(owner) if owner else "",
            scheme=scheme,
            hashed=lambda text: passwords.hashed(Secret(text), service.settings.values),
        )
        place = Place(
            mail_root=os.path.realpath(mail_root) if mail_root else "",
            exports=absolute_path(exports or os.path.join(service.home, _EXPORTS)),
            mailbox_directory=absolute_path(mailbox_directory),
            keep=keep_exports,
        )
        mapper = Mapper(database, report, options)
        mover = Mover(service, mapper, report, place, dry_run=dry_run, new_only=new_only)
        wanted = chosen(mapper, domains)
        if domains:
            report.only(wanted)
        else:
            mapper.remarks()
        moved = []
        with _progress(len(wanted)) as advance:
            for number, domain in enumerate(mover.move(wanted), 1):
                moved.append(domain)
                if not as_json:
                    write(_line(domain, number, len(wanted)) + "".join(map(_text, report.of_domain(domain.domain))))
                advance(1)
    report.finish()
    rest = [finding for finding in report.findings if finding.domain not in wanted]
    if as_json:
        findings = [finding._asdict() for finding in report.findings]
        result = [domain._asdict() for domain in moved]
        write_json({"source": database.name, "dry_run": dry_run, "domains": result, "findings": findings})
    else:
        write("".join(map(_text, rest)) + _summary(moved, report))
    sys.exit(1 if report.lost else 0)


def _line(moved: Moved, number: int, total: int) -> str:
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in moved.counts.items() if count)
    colour = {"refused": "red", "skipped": "yellow"}.get(moved.state, "green")
    return f"[{number}/{total}] {moved.domain}: {paint(moved.state, colour)}{f', {counted}' if counted else ''}\n"


def _text(finding: Finding) -> str:
    kind = paint("left out", "red") if finding.lost else "note"
    return f"  {kind}: {finding.table} {finding.row}: {finding.reason}\n"


def _summary(moved: list[Moved], report: Report) -> str:
    states = [domain.state for domain in moved]
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return f"{counted or 'no domains'}; {report.lost} left out, {len(report.findings) - report.lost} notes\n"


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """How to say that domains are done: on a bar, if standard error is a terminal for nothing else."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _domains: None
        return
    endless: Iterator[None] = (None for _ in ())
    with click.progressbar(endless, length=total, label="mailaddon import-postfixadmin", file=sys.stderr) as bar:
        yield bar.update
