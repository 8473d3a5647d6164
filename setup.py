"""Install the commands under the guide's names: `commands/EAddUser.py` becomes the program `EAddUser`.

They are installed as plain script files. pip's wrapper for an entry point would import `re` before the command starts,
which costs more than the command's own validation.
"""

from pathlib import Path

from setuptools import setup  # isort: skip - it has to come before distutils, which it provides
from distutils.command.build_scripts import build_scripts

SCRIPTS = sorted(Path().glob("commands/E*.py")) + sorted(Path().glob("register/Register*.py"))


class BuildCommands(build_scripts):
    """Copies the scripts as setuptools does, then drops the `.py` of their names."""

    def run(self) -> None:
        """Copy, then rename what was copied."""
        super().run()
        for script in SCRIPTS:
            copied = Path(self.build_dir) / script.name
            copied.replace(copied.with_suffix(""))


setup(scripts=[str(script) for script in SCRIPTS], cmdclass={"build_scripts": BuildCommands})
