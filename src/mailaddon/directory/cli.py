"""`mailaddon directory`: what an administrator does with the directory itself, in SQLite or in PostgreSQL."""

import os
import sys

import click

from .. import home, settings
from ..errors import NotFound, NotSupported, StorageFailed
from .store import SCHEMA_VERSION, Directory, open_directory

_COUNTS = (
    ("domains", "SELECT count(*) FROM domain"),
    ("users", "SELECT count(*) FROM user"),
    ("other addresses", "SELECT count(*) FROM address WHERE kind <> 'user'"),
)


@click.group()
def group() -> None:
    """The SQL mail directory, in an SQLite file or a PostgreSQL database."""


def _configured() -> Directory:
    return open_directory(home.locate(), settings.load(home.locate()).values)


def _place(location: str | None) -> Directory:
    """The directory that an option names, or the configured one."""
    if location is None:
        return _configured()
    if not location.startswith("postgres"):
        location = os.path.abspath(location)
    return Directory(home.locate(), settings.load(home.locate())["lock_timeout"], location)


@group.command()
def status() -> None:
    """Say where the directory is, its schema version, and how much is in it."""
    directory = _configured()
    version = directory.database.upkeep().version()
    if version is None:
        click.echo(f"{directory.name} does not exist yet; the first command makes it")
        return
    for label, text in directory.database.upkeep().description():
        click.echo(f"{label:15} {text}")
    click.echo(f"schema version  {version} (this SDK: {SCHEMA_VERSION})")
    if version != SCHEMA_VERSION:
        click.echo("run `mailaddon directory upgrade`" if version < SCHEMA_VERSION else "install the SDK that wrote it")
        sys.exit(1)
    with directory.read() as tx:
        for label, sql in _COUNTS:
            click.echo(f"{label:15} {tx.column(sql)[0]:,}")
    directory.close()


@group.command()
def upgrade() -> None:
    """Make the directory, or bring its schema to this SDK's version, in one transaction."""
    home.ensure(home.locate())
    directory = _configured()
    before = directory.database.upkeep().version()
    applied = directory.database.upkeep().migrate()
    if before is None:
        click.echo(f"made {directory.name} with schema version {SCHEMA_VERSION}")
    elif applied:
        numbers = ", ".join(map(str, applied))
        click.echo(f"upgraded {directory.name} to schema version {SCHEMA_VERSION}: migrations {numbers}")
    else:
        click.echo(f"{directory.name} has schema version {before}, nothing to do")


@group.command()
@click.argument("target", type=click.Path(dir_okay=False))
def backup(target: str) -> None:
    """Write a consistent copy of the directory to TARGET while it is in use."""
    from ._sqlite_upkeep import SQLiteUpkeep

    directory = _configured()
    upkeep = directory.database.upkeep()
    if not isinstance(upkeep, SQLiteUpkeep):
        raise NotSupported(f"{directory.name} is backed up by PostgreSQL's own pg_dump, while it is in use")
    if upkeep.version() is None:
        raise StorageFailed(f"{directory.name} does not exist, so there is nothing to back up")
    if os.path.exists(target):
        raise StorageFailed(f"{target} exists already; name a file that does not")
    upkeep.backup(target)
    click.echo(f"wrote {target}")


@group.command()
@click.option("--from", "source", help="What to copy; without it, the configured directory.")
@click.option("--to", "target", help="Where to; without it, the configured directory.")
def copy(source: str | None, target: str | None) -> None:
    """Copy a whole directory into an empty one, each the path of an SQLite file or a PostgreSQL URL.

    Ids stay the same, and ids that were given once are not given again. Stop the panel first: what commands change
    after the copy is not in it.
    """
    from .copying import copy as copied

    if source is None and target is None:
        raise click.UsageError("say where to copy it with --to, or what to copy with --from")
    home.ensure(home.locate())
    origin, place = _place(source), _place(target)
    if origin.database.upkeep().version() is None:
        raise NotFound(f"{origin.name} does not exist, so there is nothing to copy")
    counts = copied(origin, place)
    origin.close()
    click.echo(f"copied {origin.name} to {place.name}")
    for table, count in counts.items():
        click.echo(f"{table:15} {count:,}")


@group.command()
@click.argument("role")
def grant(role: str) -> None:
    """Let a PostgreSQL ROLE read what mail servers look up, and nothing else.

    The role has to exist. Repeat it after an upgrade, which may add views.
    """
    from ._sqlite_upkeep import SQLiteUpkeep

    directory = _configured()
    upkeep = directory.database.upkeep()
    if isinstance(upkeep, SQLiteUpkeep):
        raise NotSupported(f"{directory.name} is a file; the system's groups and rights say who may read it")
    views = upkeep.grant(role)  # type: ignore[attr-defined] # the other database
    click.echo(f"{role} may read {', '.join(views)} in {directory.name}")


@group.command()
def schema() -> None:
    """Print the configured database's schema as SQL."""
    for number, statements in enumerate(_configured().database.upkeep().schema(), 1):
        script = "\n".join(statement.strip().removesuffix(";") + ";" for statement in statements)
        click.echo(f"-- migration {number}\n{script}\n")
