"""Writes a new package: the templates of this package, with its names filled in."""

from __future__ import annotations

import os
import shutil
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from ..errors import AlreadyExists, NotFound, StorageFailed

if TYPE_CHECKING:
    from .names import Names

#: The files of a new package, and the templates that they are made of.
FILES = {
    ".github/workflows/ci.yml": "ci.yml",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "build.spec": "build.spec",
    "pyproject.toml": "pyproject.toml",
    "src/$module/__init__.py": "package.py",
    "src/$module/backend.py": "backend.py",
    "src/$module/py.typed": "py.typed",
    "tests/test_backend.py": "test_backend.py",
}
_SUFFIX = ".template"


def write(names: Names, parent: str) -> list[str]:
    """Make a new package's folder, all of it or nothing.

    Args:
        names: those of the package.
        parent: the folder that it is made in.

    Returns:
        The files' paths in the new folder, in order.

    Raises:
        NotFound: there is no such folder to make it in.
        AlreadyExists: there is something of that name. It is left as it is.
        StorageFailed: the folder cannot be written to.
    """
    if not os.path.isdir(parent):
        raise NotFound(f"there is no folder {parent!r}", parameter="--directory")
    folder = os.path.join(parent, names.package)
    if os.path.lexists(folder):
        raise AlreadyExists(f"{folder} exists already; nothing is overwritten", parameter="NAME")
    texts = rendered(names)
    temporary = f"{folder}.{os.getpid()}.new"
    try:
        try:
            for name, text in texts.items():
                path = os.path.join(temporary, *name.split("/"))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
            os.rename(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise StorageFailed(f"{folder} cannot be written: {error.strerror}", parameter="--directory") from None
    return list(texts)


def rendered(names: Names) -> dict[str, str]:
    """The files of a new package: path -> text.

    Raises:
        NotFound: this installation has no templates; a frozen one has none.
    """
    templates = resources.files(__package__) / "templates"
    words = names.as_dict()
    try:
        return {
            Template(path).substitute(words): Template(
                (templates / f"{template}{_SUFFIX}").read_text(encoding="utf-8")
            ).substitute(words)
            for path, template in FILES.items()
        }
    except FileNotFoundError:
        raise NotFound("this installation has no templates; `pip install mail-addon-sdk` makes one that has") from None
