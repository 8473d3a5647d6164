"""`mailaddon freeze`: makes a bundle, this project's or a vendor's."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec

import click

from ..cli._output import write
from ..errors import AlreadyExists, NotConfigured, StorageFailed, Unavailable
from .manifest import CHECKSUMS, SBOM
from .options import NAME, Options, moment
from .start import PLUGINS
from .vendor import resolved

_SPEC = """\
from mailaddon.freezing.options import Options
from mailaddon.freezing.recipe import build

build(Options.from_json({text!r}))
"""
#: What a frozen program, or this machine's settings, could have in the environment and the build must not depend on.
_OURS = ("MAILADDON_", "PYTHONOPTIMIZE")


@click.command()
@click.option(
    "--with",
    "plugins",
    metavar="DISTRIBUTION",
    multiple=True,
    help="An installed plugin to freeze in. The first one gives the bundle its name, version, vendor and backend.",
)
@click.option("--backend", metavar="NAME", help="The default backend of the bundle.  [the plugin's, or embedded]")
@click.option("--name", metavar="NAME", help=f"The bundle's name and folder.  [the plugin's, or {NAME}]")
@click.option("--version", metavar="VERSION", help="The bundle's version.  [the plugin's, or this project's]")
@click.option("--vendor", metavar="NAME", help="Who makes it.  [the plugin's author]")
@click.option("--extension", metavar="EXT", help="What the programs' names end with.  [exe on Windows, else none]")
@click.option(
    "--output",
    metavar="DIR",
    default="dist",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Where to make the bundle's folder.",
)
@click.option("--force", is_flag=True, help="Replace a bundle of that name; its folder of plugins stays.")
def freeze(
    *,
    plugins: tuple[str, ...],
    backend: str | None,
    name: str | None,
    version: str | None,
    vendor: str | None,
    extension: str | None,
    output: str,
    force: bool,
) -> None:
    """Make a bundle: a folder of all programs that needs no Python.

    \b
    mailaddon freeze                        this project's
    mailaddon freeze --with acme-mail       Acme's, with its backend as the default

    It takes half a minute, and PyInstaller: `pip install 'mail-addon-sdk[freeze]'`. SOURCE_DATE_EPOCH is the time that
    the bundle says it was made at. The same packages give the same bundle, octet by octet.
    """  # noqa: D301 - click's mark for lines that stay
    _check_tools()
    options = resolved(plugins, name=name, version=version, vendor=vendor, extension=extension, backend=backend)
    moment()
    folder = os.path.join(os.path.abspath(output), options.name)
    _check_place(folder, force=force)
    with _beside(folder) as made, tempfile.TemporaryDirectory(prefix="mailaddon-freeze-") as work:
        _run(options, made, work)
        _put(os.path.join(made, options.name), folder, os.path.join(made, "replaced"))
    write(f"{folder}\n")


def _check_tools() -> None:
    """Make sure that this can make bundles.

    Raises:
        NotConfigured: it cannot.
    """
    if getattr(sys, "frozen", False):
        raise NotConfigured("a bundle cannot make bundles; run this from an installation with Python")
    if find_spec("PyInstaller") is None:
        raise NotConfigured(
            f"PyInstaller is not installed; `{sys.executable} -m pip install 'mail-addon-sdk[freeze]'` installs it"
        )


def _check_place(folder: str, *, force: bool) -> None:
    """Make sure that nothing is lost.

    Raises:
        AlreadyExists: there is something that is no bundle, or a bundle and no --force.
    """
    if not os.path.lexists(folder):
        return
    if not all(os.path.isfile(os.path.join(folder, name)) for name in (SBOM, CHECKSUMS)):
        raise AlreadyExists(f"{folder} exists and is no bundle; choose another --output or --name")
    if not force:
        raise AlreadyExists(f"{folder} exists; --force replaces it")


def _beside(folder: str) -> "tempfile.TemporaryDirectory[str]":
    """A new folder beside the one that is to be made, which stays as it is while PyInstaller runs.

    Raises:
        StorageFailed: there can be none.
    """
    output = os.path.dirname(folder)
    try:
        os.makedirs(output, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".mailaddon-freeze-", dir=output)
    except OSError as error:
        raise StorageFailed(f"{output} cannot be written to: {error.strerror}", parameter="--output") from None


def _put(made: str, folder: str, replaced: str) -> None:
    """Put a finished bundle into its place; the plugins of the one that it replaces stay.

    Args:
        made: where it is.
        folder: its place.
        replaced: where to put what is there.

    Raises:
        StorageFailed: it cannot be put there; what was there is there again.
    """
    try:
        if os.path.lexists(folder):
            os.rename(folder, replaced)
        os.rename(made, folder)
    except OSError as error:
        if os.path.lexists(replaced) and not os.path.lexists(folder):
            os.rename(replaced, folder)
        raise StorageFailed(f"{folder} cannot be put there: {error.strerror}") from None
    if os.path.lexists(os.path.join(replaced, PLUGINS)):
        os.rename(os.path.join(replaced, PLUGINS), os.path.join(folder, PLUGINS))


def _run(options: Options, output: str, work: str) -> None:
    """Run PyInstaller, which says on standard error how far it is.

    Raises:
        StorageFailed: the work folder cannot be written to.
        Unavailable: PyInstaller failed; it has said why.
    """
    spec = os.path.join(work, "bundle.spec")
    try:
        with open(spec, "w", encoding="utf-8") as file:
            file.write(_SPEC.format(text=options.to_json()))
    except OSError as error:
        raise StorageFailed(f"{spec} cannot be written: {error.strerror}") from None
    places = ("--workpath", os.path.join(work, "work"), "--distpath", output)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    done = subprocess.run(  # noqa: S603 - this interpreter, and our own file
        [sys.executable, "-P", "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, spec],
        env={**environment, "PYINSTALLER_CONFIG_DIR": os.path.join(work, "kept")},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"PyInstaller ended with status {done.returncode}; what it said stands above")
