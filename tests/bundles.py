"""Bundles for the tests: two in a whole run, each made by the first worker that needs it.

They are made in different ways, folders, time zones and states of the interpreter, so that what has to be the same in
both of them shows that nothing of that matters.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = Path(__file__).parent / "plugin_example"
#: Where they are; set by the process that starts the workers, and inherited by these. Or set by a developer.
_PLACE = "BUNDLES_OF_THIS_RUN"
#: What the vendor's bundle says it was made at: 2023-11-14.
MOMENT = 1_700_000_000


def of_this_run() -> Callable[[], None]:
    """Make the place for bundles; what removes it. One that the environment names already is used, and stays."""
    if _PLACE in os.environ:
        return lambda: None
    place = os.environ[_PLACE] = tempfile.mkdtemp(prefix="bundles-")

    def remove() -> None:
        shutil.rmtree(place, ignore_errors=True)

    return remove


@contextlib.contextmanager
def _alone(name: str) -> Iterator[Path]:
    """A folder of this run that one worker at a time uses."""
    folder = Path(os.environ[_PLACE], name)
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _run(*command: str | Path, env: dict[str, str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=env, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def _environment(*without: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAILADDON", *without))}


def plain_bundle() -> Path:
    """`pyinstaller build.spec`, in the project's folder, measured by nobody."""
    with _alone("plain") as folder:
        made = folder / "dist" / "mailaddon"
        if not made.exists():
            env = _environment("PYTHON", "COVERAGE") | {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"}
            env["PYINSTALLER_CONFIG_DIR"] = str(folder / "kept")
            command = (sys.executable, "-m", "PyInstaller", "--log-level", "WARN", "--distpath", folder / "new")
            _run(*command, "--workpath", folder / "work", ROOT / "build.spec", env=env)
            shutil.rmtree(folder / "work")
            (folder / "new").rename(folder / "dist")
        return made


def vendor_bundle() -> Path:
    """`mailaddon freeze --with acme-mail --extension exe`, from another folder, under coverage if the tests are."""
    with _alone("acme") as folder:
        made = folder / "dist" / "acme-mail"
        if not made.exists():
            source = shutil.copytree(EXAMPLE, folder / "source")
            installed = folder / "installed"
            pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", installed)
            _run(*pip, source, env=_environment("PYTHON", "COVERAGE"))
            env = _environment("PYTHON") | {
                "PYTHONPATH": str(installed),
                "PYTHONHASHSEED": "2",
                "TZ": "America/St_Johns",
                "SOURCE_DATE_EPOCH": str(MOMENT),
            }
            program = Path(sys.executable).with_name("mailaddon")
            command = (program, "freeze", "--with", "acme-mail", "--extension", "exe", "--output", "new")
            _run(*command, env=env, cwd=folder)
            (folder / "new").rename(folder / "dist")
        return made
