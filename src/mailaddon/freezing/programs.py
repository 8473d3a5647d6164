"""The programs of a bundle: the guide's, RegisterMailAddon and `mailaddon`, a few lines each."""

import os
import shutil
from collections.abc import Iterator

from ..operations import COMMANDS, REGISTER

UMBRELLA = "mailaddon"
_START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "start.py")


def names() -> list[str]:
    """All programs, sorted."""
    return sorted([name for row in (*COMMANDS, REGISTER) for name in row.executables] + [UMBRELLA])


def body(name: str) -> str:
    """What a program does, as it stands in `commands` too."""
    if name == UMBRELLA:
        return "from mailaddon.cli import main\n\nmain()\n"
    if name in REGISTER.executables:
        return "from mailaddon.register import main\n\nmain()\n"
    return f"from mailaddon.command import main\n\nmain({name!r})\n"


def text(name: str, facts: dict[str, str]) -> str:
    """The whole source of a frozen program.

    Args:
        name: the program.
        facts: what it has to know of its bundle.
    """
    with open(_START, encoding="utf-8") as file:
        start = file.read()
    told = f"import mailaddon\n\nmailaddon._bundle.update({sorted(facts.items())!r})\n" if facts else ""
    return f"{start}\n\nbegin()\n{told}{body(name)}"


def write(folder: str, sources: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Write programs' sources into a folder; name and path of each."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, source in sorted(sources.items()):
        path = os.path.join(folder, f"{name}-program.py")  # `mailaddon.py` would be taken for the package
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(source)
        yield name, path
