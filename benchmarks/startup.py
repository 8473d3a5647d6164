"""How long an E* command takes, as a ratio to the least that a Python process can take, with SQLite and without.

    python3 tasks.py bench

runs it with the interpreter of a virtual environment that has the installed wheel and nothing else. Each figure is the
minimum of many calls, which neighbours on the machine disturb least; the calls of all kinds take turns. Passwords are
hashed at the schemes' lowest cost, because that cost is the administrator's choice, not ours.
"""

import os
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 40
SCRIPTS = Path(sysconfig.get_path("scripts"))
CHEAP = '[password]\nscheme = "ARGON2ID"\nargon2id_time = 1\nargon2id_memory = 8\n'
#: A settings file that changed just now is not kept in compiled form yet, as it may change again.
SETTLED = 2.5
BARE = [sys.executable, "-I", "-S", "-c", "pass"]
WITH_SQLITE = [sys.executable, "-I", "-S", "-c", "import _sqlite3"]
NOTHING = "`python -I -S -c pass`"
SQLITE = '`python -I -S -c "import _sqlite3"`'
EXAMPLE = ("1",) * 8


def program(name: str, *arguments: str) -> list[str]:
    """A call of an installed program."""
    return [str(SCRIPTS / name), *arguments]


def seconds(call: list[str], environment: dict[str, str], status: int) -> float:
    """The time from the start of a process to its end.

    Raises:
        RuntimeError: it ended with another status.
    """
    silence = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (1, 2)]
    began = time.perf_counter()
    _, ended = os.waitpid(os.posix_spawn(call[0], call, environment, file_actions=silence), 0)
    taken = time.perf_counter() - began
    if os.waitstatus_to_exitcode(ended) != status:
        raise RuntimeError(f"{' '.join(call)} did not end with {status}")
    return taken


def main() -> None:
    """Measure, and print a table."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MAILADDON"))}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "home"
        home.mkdir()
        (home / "mailaddon.toml").write_text(CHEAP)
        environment["MAILADDON_HOME"] = str(home)
        domain = ["xyz.com", "192.0.2.10", f"{home.parent}/mail", "-1", "admin", "s3cret", "0", *EXAMPLE]
        seconds(program("EAddDomain", *domain), environment, 0)
        seconds(program("EAddUserAlias", "xyz.com", "admin", "a11"), environment, 0)
        time.sleep(SETTLED)
        names = (f"u{number}" for number in range(ROUNDS + 1))
        calls: dict[str, tuple[Callable[[], list[str]], int, str, float | None]] = {
            NOTHING: (lambda: BARE, 0, NOTHING, None),
            SQLITE: (lambda: WITH_SQLITE, 0, SQLITE, None),
            "`EAddUser`": (
                lambda: program("EAddUser", "xyz.com", next(names), "s3cret", "Ann", "", "Lee", "1", "1", "1"),
                0,
                SQLITE,
                3.0,
            ),
            "`EGetUserAliasList`": (lambda: program("EGetUserAliasList", "xyz.com", "admin"), 0, SQLITE, 1.8),
            "a refusal: invalid argument": (lambda: program("EGetUserAliasList", "xyz.com", "u 1"), 1, NOTHING, 1.4),
        }
        least = {name: seconds(call(), environment, status) for name, (call, status, _, _) in calls.items()}
        for _ in range(ROUNDS):
            for name, (call, status, _, _) in calls.items():
                least[name] = min(least[name], seconds(call(), environment, status))
    print(f"Process starts, Python {sys.version.split()[0]}, minimum of {ROUNDS}, in turns\n")
    print("| Call | ms | Ratio | to | Aim |\n| --- | ---: | ---: | --- | ---: |")
    for name, (_, _, unit, aim) in calls.items():
        print(f"| {name} | {least[name] * 1000:.1f} | {least[name] / least[unit]:.2f} | {unit} | {aim or ''} |")


if __name__ == "__main__":
    main()
