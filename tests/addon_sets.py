"""The sample add-ons of tests/addons, set up as a vendor would: a folder of programs, registered.

Each is one program for all commands, which knows by its name what it is called as; a set is a folder of links to it.
"""

import os
from pathlib import Path

from mailaddon.operations import COMMANDS
from mailaddon.registrations import Registration, register

ADDONS = Path(__file__).parent / "addons"
#: The spellings that the 3.X set's programs have; the others have the canonical one.
OLD_SPELLINGS = {"EDeleteDomainAlias": "EdeleteDomainAlias", "EGetUserAliasList": "EgetUserAliasList"}


def programs(folder: Path, program: str, *, compliant_3x: bool = False) -> Path:
    """Fill a folder with a program for each command that there was, but for export and import."""
    folder.mkdir()
    source = ADDONS / program
    for operation in COMMANDS:
        if compliant_3x and operation.legacy_parameters is not None:
            name = OLD_SPELLINGS.get(operation.command, operation.command)
            folder.joinpath(name + source.suffix).symlink_to(source)
        elif not compliant_3x and not operation.request.endswith("Transfer"):
            folder.joinpath(operation.command + source.suffix).symlink_to(source)
    return folder


def sample(home: Path, folder: Path, *, program: str, interpreter: str, parameters: str = "") -> Path:
    """Register a set for 10.3.1; the folder is where it keeps its state."""
    registration = Registration(
        vendor="Acme",
        server="Sample",
        version="1",
        extension=Path(program).suffix.removeprefix("."),
        interpreter=interpreter,
        interpreter_parameters=parameters,
        compliant_3x=False,
        directory=str(programs(folder / "programs", program)),
    )
    register(str(home), registration)
    return folder


def legacy(home: Path, folder: Path, *, parameters: str = "//nologo", options: str = "") -> Path:
    """Register the 3.X set; where it keeps its state."""
    state = folder / "state"
    state.mkdir(parents=True)
    registration = Registration(
        vendor="Acme",
        server="Legacy",
        version="3",
        extension="vbs",
        interpreter="cscript",
        interpreter_parameters=parameters,
        compliant_3x=True,
        directory=str(programs(folder / "programs", "legacy.vbs", compliant_3x=True)),
    )
    register(str(home), registration)
    home.joinpath("mailaddon.toml").write_text(
        f'backend = "executable"\n[backends.executable]\n{options}\n'
        f"environment.ADDON_STATE = '{state}'\nenvironment.PATH = '{ADDONS}{os.pathsep}{os.environ['PATH']}'\n",
        encoding="utf-8",
    )
    return state
