"""`mailaddon new`: makes a package for a backend of one's own."""

import os

import click

from ..cli._output import write as write_text
from .names import names
from .writing import write

_NEXT = """
It works as it is. To see that:

  cd {folder}
  python -m pip install -e '.[test]'
  mypy
  pytest
  mailaddon conformance --backend {backend} --only basic

README.md there says how to go on.
"""


@click.command("new")
@click.argument("name")
@click.option(
    "--directory",
    default=".",
    show_default="the current folder",
    help="The folder in which the package's folder, NAME, is made.",
)
@click.option("--vendor", default="", help="Who makes it, as a person reads it; the backend's name as a default.")
@click.option("--backend", default="", help="What the backend is called; the first word of NAME as a default.")
def command(name: str, directory: str, vendor: str, backend: str) -> None:
    """Make a package for a backend of your own: NAME is acme-mail, for example.

    The package installs, type-checks, and has tests, a README, a CI file and a build.spec. Its backend is complete: it
    keeps everything in a file, and you replace its hooks one after another by those that drive your mail server.
    Nothing that exists is overwritten.
    """
    chosen = names(name, backend, vendor)
    files = write(chosen, directory)
    folder = os.path.normpath(os.path.join(directory, chosen.package))
    write_text("".join(f"{os.path.join(folder, *file.split('/'))}\n" for file in files))
    write_text(_NEXT.format(folder=folder, backend=chosen.backend))
