"""The transcripts again, through registered add-ons: what a panel sees is the same, whoever answers.

The commands are called in a home whose backend is `executable`; the add-on that it calls has a home or a folder of its
own, which is where the settings of a transcript go and where `mailaddon` looks.
"""

import os
import signal
import subprocess
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from addon_sets import sample
from conftest import ALL_ON, Done, Panel
from test_transcripts import FILES, replay

from mailaddon import NotFound, Service
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
        # Other tests measure what runs here thousands of times, and measuring takes longer than running.
        self.env = {name: value for name, value in self.env.items() if not name.startswith("COVERAGE_")}
        environment = {"MAILADDON_HOME": str(self.home), "ADDON_STATE": str(self.home)}
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


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_called_by_many_at_once(name: str, passing: Passing) -> None:
    program, interpreter, parameters = SAMPLES[name]
    sample(passing.outer, passing.home, program=program, interpreter=interpreter, parameters=parameters)
    with Service.open(str(passing.outer)) as service:
        run = partial(service.run, find("EAddUser"))
        service.run(find("EAddDomain"), ("xyz.com", "192.0.2.10", str(passing.mail), "-1", "admin", "pw", "0", *ALL_ON))
        users = [f"u{number}" for number in range(24)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda user: run(("xyz.com", user, "pw", "", "", "", "1", "1", "1")), users))
        for user in users:
            assert service.run(find("EGetForwardList"), ("xyz.com", user)) == []
    assert {path.name for path in passing.mail.joinpath("xyz.com").iterdir()} == {"admin", *users}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_that_is_killed_has_changed_nothing_or_all(name: str, passing: Passing) -> None:
    program, interpreter, parameters = SAMPLES[name]
    sample(passing.outer, passing.home, program=program, interpreter=interpreter, parameters=parameters)
    add = [f"{passing.home}/programs/EAddDomain{Path(program).suffix}", "xyz.com", "192.0.2.10", str(passing.mail)]
    environment = {"ADDON_STATE": str(passing.home), "PATH": passing.env["PATH"]}
    for step in range(12):
        words = [interpreter, *add, "-1", "admin", "pw", "0", *ALL_ON]
        words[2] = f"d{step}.com"
        process = subprocess.Popen(words, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(step * 0.003)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with Service.open(str(passing.outer)) as service:
            try:
                assert service.run(find("EGetCatchallUser"), (f"d{step}.com",)) == [f"admin@d{step}.com"]
            except NotFound:
                service.run(find("EAddDomain"), (f"d{step}.com", *add[2:], "-1", "admin", "pw", "0", *ALL_ON))
            assert service.run(find("EGetForwardList"), (f"d{step}.com", "admin")) == []
