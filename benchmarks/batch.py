"""How many users a second `mailaddon batch` adds, as a ratio to the same through E* processes.

    python3 tasks.py bench

runs it with the interpreter of a virtual environment that has the installed wheel and nothing else. Each figure is the
best of several rounds, which neighbours on the machine disturb least; the ways take turns. Passwords are hashed at the
scheme's lowest cost, because that cost is the administrator's choice, not ours. A batch's start is part of its time.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from itertools import count
from pathlib import Path

SCRIPTS = Path(sysconfig.get_path("scripts"))
CHEAP = '[password]\nscheme = "ARGON2ID"\nargon2id_time = 1\nargon2id_memory = 8\n'
#: A settings file that changed just now is not kept in compiled form yet, as it may change again.
SETTLED = 2.5
EXAMPLE = ("1",) * 8
ROUNDS = 3
PROCESSES = 40  # users in a round, added by a process each
CALLS = 3000  # users in a round, added by a batch
AIM = 20
WAYS: dict[str, tuple[str, ...]] = {
    "a batch, each call durable by itself": (),
    "a batch, 10 calls to a commit": ("--group", "10"),
    "a batch, 100 calls to a commit": ("--group", "100"),
    "a batch, 100 calls to a commit, with a journal": ("--group", "100", "--journal", "journal"),
    "a batch, all or nothing": ("--all",),
}


def seconds(environment: dict[str, str], *call: str) -> float:
    """How long an installed program takes, which has to succeed."""
    began = time.perf_counter()
    subprocess.run([SCRIPTS / call[0], *call[1:]], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def user(number: int) -> list[str]:
    """The arguments that add another user."""
    return ["xyz.com", f"u{number}", "s3cret", "Ann", "", "Lee", "1", "1", "1"]


def main() -> None:
    """Measure, and print a table."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MAILADDON"))}
    numbers = count()
    processes = "EAddUser, a process for each user"
    best = dict.fromkeys([processes, *WAYS], 0.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "home").mkdir()
        (folder / "home" / "mailaddon.toml").write_text(CHEAP)
        environment["MAILADDON_HOME"] = f"{folder}/home"
        domain = ["xyz.com", "192.0.2.10", f"{folder}/mail", "-1", "admin", "s3cret", "0", *EXAMPLE]
        seconds(environment, "EAddDomain", *domain)
        time.sleep(SETTLED)
        for _ in range(ROUNDS):
            taken = sum(seconds(environment, "EAddUser", *user(next(numbers))) for _ in range(PROCESSES))
            best[processes] = max(best[processes], PROCESSES / taken)
            for way, options in WAYS.items():
                given = [f"{folder}/journal" if option == "journal" else option for option in options]
                lines = [{"command": "EAddUser", "arguments": user(next(numbers))} for _ in range(CALLS)]
                (folder / "in").write_text("".join(json.dumps(line) + "\n" for line in lines))
                taken = seconds(environment, "mailaddon", "batch", *given, f"{folder}/in")
                best[way] = max(best[way], CALLS / taken)
                (folder / "journal").unlink(missing_ok=True)
    print(f"Users per second, Python {sys.version.split()[0]}, best of {ROUNDS} rounds, in turns\n")
    print("| Way | Users/s | Ratio | Aim |\n| --- | ---: | ---: | ---: |")
    for way, rate in best.items():
        aim = AIM if way == next(iter(WAYS)) else ""
        print(f"| {way} | {rate:.0f} | {rate / best[processes]:.1f} | {aim} |")


if __name__ == "__main__":
    main()
