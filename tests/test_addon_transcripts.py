"""The transcripts again, through registered add-ons: what a panel sees is the same, whoever answers.

The commands are called in a home whose backend is `executable`; the add-on that it calls has a home or a folder of its
own, which is where the settings of a transcript go and where `mailaddon` looks.
"""

import sysconfig
from pathlib import Path

import pytest
from addon_sets import sample
from conftest import Done, Panel
from test_transcripts import FILES, replay

from mailaddon.operations import find
from mailaddon.registrations import Registration, register

#: The samples have no programs for export and import.
SAMPLED = [file for file in FILES if not find(file.stem).request.endswith("Transfer")]
SAMPLES = {"perl": ("addon.pl", "perl", "-w"), "shell": ("addon.sh", "sh", "-u")}


class Passing(Panel):
    """An installation whose commands are passed on to an add-on.

    Attributes:
        home: the add-on's own, or its state.
        outer: the installation's.
    """

    def __init__(self, folder: Path) -> None:
        folder.joinpath("addon").mkdir()
        super().__init__(folder / "addon")
        self.outer = folder / "home"
        self.outer.mkdir()
        measured = {name: value for name, value in self.env.items() if name.startswith("COV")}
        environment = {"MAILADDON_HOME": str(self.home), "ADDON_STATE": str(self.home), **measured}
        lines = "".join(f"{name} = '{value}'\n" for name, value in environment.items())
        self.outer.joinpath("mailaddon.toml").write_text(
            f'backend = "executable"\n[backends.executable.environment]\n{lines}', encoding="utf-8"
        )

    def run(self, program: str, *arguments: "str | bytes", timeout: float = 60, **options: object) -> Done:
        """Run a program; a command goes through the add-on."""
        if program.startswith("E"):
            options = {"env": {**self.env, "MAILADDON_HOME": str(self.outer)}, **options}
        return super().run(program, *arguments, timeout=timeout, **options)


@pytest.fixture
def passing(tmp_path: Path) -> Passing:
    """An installation in front of an add-on that is not registered yet."""
    return Passing(tmp_path.resolve())


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_sdks_own_programs_as_an_add_on(file: Path, passing: Passing) -> None:
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


@pytest.mark.parametrize("file", SAMPLED, ids=[file.stem for file in SAMPLED])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_in_another_language(name: str, file: Path, passing: Passing) -> None:
    program, interpreter, parameters = SAMPLES[name]
    sample(passing.outer, passing.home, program=program, interpreter=interpreter, parameters=parameters)
    replay(file, passing, umbrella=False)
