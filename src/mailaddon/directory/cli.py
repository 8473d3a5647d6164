"""`mailaddon directory`: what an administrator does with the SQLite file itself."""

import os
import sys

import click

from .. import home, settings
from ..errors import StorageFailed
from .store import SCHEMA_VERSION, connect, create, migrate, open_directory


@click.group()
def group() -> None:
    """The SQL mail directory of the embedded backend."""


def _path() -> str:
    return open_directory(home.locate(), settings.load(home.locate()).values).path


def _version(path: str) -> int:
    connection = connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


@group.command()
def status() -> None:
    """Say where the directory is, its schema version, and how much is in it."""
    path = _path()
    if not os.path.exists(path):
        click.echo(f"{path} does not exist yet; the first command makes it")
        return
    version = _version(path)
    click.echo(f"file            {path} ({os.path.getsize(path):,} octets)")
    click.echo(f"schema version  {version} (this SDK: {SCHEMA_VERSION})")
    if version != SCHEMA_VERSION:
        click.echo("run `mailaddon directory upgrade`" if version < SCHEMA_VERSION else "install the SDK that wrote it")
        sys.exit(1)
    directory = open_directory(home.locate(), settings.load(home.locate()).values)
    with directory.read() as tx:
        for label, sql in (
            ("domains", "SELECT count(*) FROM domain"),
            ("users", "SELECT count(*) FROM user"),
            ("other addresses", "SELECT count(*) FROM address WHERE kind <> 'user'"),
        ):
            click.echo(f"{label:15} {tx.column(sql)[0]:,}")
    directory.close()


@group.command()
def upgrade() -> None:
    """Make the directory, or bring its schema to this SDK's version, in one transaction."""
    home.ensure(home.locate())
    path = _path()
    if not os.path.exists(path):
        create(path)
        click.echo(f"made {path} with schema version {SCHEMA_VERSION}")
        return
    connection = connect(path)
    try:
        applied = migrate(connection)
    finally:
        connection.close()
    if applied:
        click.echo(f"upgraded {path} to schema version {SCHEMA_VERSION}: migrations {', '.join(map(str, applied))}")
    else:
        click.echo(f"{path} has schema version {_version(path)}, nothing to do")


@group.command()
@click.argument("target", type=click.Path(dir_okay=False))
def backup(target: str) -> None:
    """Write a consistent copy of the directory to TARGET while it is in use."""
    path = _path()
    if not os.path.exists(path):
        raise StorageFailed(f"{path} does not exist, so there is nothing to back up")
    if os.path.exists(target):
        raise StorageFailed(f"{target} exists already; name a file that does not")
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, home.PRIVATE_FILE))
    source, copy = connect(path), connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    click.echo(f"wrote {target}")


@group.command()
def schema() -> None:
    """Print the schema as SQL."""
    from .schema import MIGRATIONS

    for number, script in enumerate(MIGRATIONS, 1):
        click.echo(f"-- migration {number}\n{script.strip()}\n")
