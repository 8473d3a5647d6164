"""The transcripts again, through registered add-ons: what a panel sees is the same, whoever answers.

The commands are called in a home whose backend is `executable`; the add-on that it calls has a home or a folder of its
own, which is where the settings of a transcript go and where `mailaddon` looks.
"""

import sysconfig
from pathlib import Path

import pytest
from conftest import Done, Panel
from test_transcripts import FILES, replay

from mailaddon.registrations import Registration, register


class Passing(Panel):
    """An installation whose commands are passed on to an add-on, which is an installation itself."""

    def __init__(self, folder: Path) -> None:
        folder.joinpath("addon").mkdir()
        super().__init__(folder / "addon")
        self.outer = folder / "home"
        self.outer.mkdir()
        measured = {name: value for name, value in self.env.items() if name.startswith("COV")}
        environment = {"MAILADDON_HOME": str(self.home), **measured}
        lines = "".join(f"{name} = '{value}'\n" for name, value in environment.items())
        self.outer.joinpath("mailaddon.toml").write_text(
            f'backend = "executable"\n[backends.executable.environment]\n{lines}', encoding="utf-8"
        )

    def run(self, program: str, *arguments: "str | bytes", timeout: float = 60, **options: object) -> Done:
        """Run a program; a command goes through the add-on."""
        if program.startswith("E"):
            options = {"env": {**self.env, "MAILADDON_HOME": str(self.outer)}, **options}
        return super().run(program, *arguments, timeout=timeout, **options)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_sdks_own_programs_as_an_add_on(file: Path, tmp_path: Path) -> None:
    passing = Passing(tmp_path.resolve())
    own = Registration(
        vendor="Acme",
        server="SDK",
        version="1",
        extension="",
        interpreter="",
        interpreter_parameters="",
        compliant_3x=False,
        directory=sysconfig.get_path("scripts"),
    )
    register(str(passing.outer), own)
    replay(file, passing)
    assert not {"directory.sqlite3", "log"} & {path.name for path in passing.outer.iterdir()}, "it keeps nothing itself"
