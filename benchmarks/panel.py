"""What a call through a long-lived `Panel` costs beside the add-on's own process, and how calls from threads add up.

The yardstick is the same command line with the same environment, started by `posix_spawn` and waited for by `waitpid`:
nothing is read, nothing is checked. Both take turns, so what disturbs the machine disturbs both. Of 16 threads it is
told how much faster they are than one thread with as many calls, beside what threads gain that only start and wait.
"""

import os
import statistics
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailaddon.backends.executable import programs
from measuring import ROOT, Aim, Bench, Result, Table, say, settle

from mailaddon import Panel, operations
from mailaddon.registrations import Registration, register

PAIRS = 200
AIM = 1.15
THREADS = 16
#: Calls for each comparison with threads, how often it is made, and the least share of the bare threads' gain.
CALLS = 64
ROUNDS = 5
SHARE = 0.85
ADDONS = ROOT / "tests" / "addons"
COMMAND = operations.find("EGetForwardList")
ARGUMENTS = ("xyz.com", "u1")
#: name -> the program of all commands, its interpreter and that one's parameters.
SETS = {
    "the shell sample": ("addon.sh", "sh", "-u"),
    "the Perl sample": ("addon.pl", "perl", "-w"),
    "the SDK's own program": ("", "", ""),
}


class Addon:
    """A registered add-on with a user who has forwards, called in both ways."""

    def __init__(self, folder: Path, installed: Path, program: str, interpreter: str, parameters: str) -> None:
        home, state, scripts = folder / "home", folder / "state", folder / "programs"
        for made in (home, state, scripts):
            made.mkdir(parents=True)
        for operation in operations.COMMANDS if program else ():
            scripts.joinpath(operation.command + Path(program).suffix).symlink_to(ADDONS / program)
        registration = Registration(
            vendor="Acme",
            server="Sample",
            version="1",
            extension=Path(program).suffix.removeprefix("."),
            interpreter=interpreter,
            interpreter_parameters=parameters,
            compliant_3x=False,
            directory=str(scripts) if program else str(installed),
        )
        register(str(home), registration)
        variables = {"ADDON_STATE": str(state), "MAILADDON_HOME": str(state)}
        table = "".join(f"environment.{name} = '{value}'\n" for name, value in variables.items())
        home.joinpath("mailaddon.toml").write_text(f"[backends.executable]\n{table}")
        self.panel = Panel(home=str(home))
        self._environment = programs.environment(str(home), variables)
        path = os.fsdecode(self._environment[b"PATH"])
        self._started = [*programs.command_line(registration, COMMAND, path), *ARGUMENTS]
        self.panel.add_domain(
            domain="xyz.com",
            ip_address="192.0.2.10",
            mailbox_directory=str(folder / "mail"),
            max_mailboxes=-1,
            owner="admin",
            owner_password="s3cret",
        )
        self.panel.add_user(domain="xyz.com", user="u1", password="s3cret")
        for number in range(3):
            self.panel.add_forward(domain="xyz.com", user="u1", address=f"u1@forward{number}.example")

    def bare(self) -> None:
        """Start the program and wait for it."""
        silence = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
        # In a session of its own, as in a call: on a busy machine the system divides the processor between sessions.
        pid = os.posix_spawn(self._started[0], self._started, self._environment, file_actions=silence, setsid=True)
        if os.waitpid(pid, 0)[1] != 0:
            raise RuntimeError("the program failed")

    def called(self) -> None:
        """Call it as a panel does."""
        if len(list(self.panel.get_forward_list(domain="xyz.com", user="u1"))) != 3:  # noqa: PLR2004 - as set up
            raise RuntimeError("the list is not what it was")


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def overhead(addon: Addon, count: int) -> tuple[float, float, float, float]:
    """The yardstick and the call (least of all, in seconds), their ratio, and the median of the pairs' ratios."""
    pairs = []
    for number in range(count):
        first, second = (addon.bare, addon.called) if number % 2 else (addon.called, addon.bare)
        taken = {first: seconds(first), second: seconds(second)}
        pairs.append((taken[addon.bare], taken[addon.called]))
    bare, called = (min(column) for column in zip(*pairs, strict=True))
    return bare, called, called / bare, statistics.median(one[1] / one[0] for one in pairs)


def at_once(work: Callable[[], None], threads: int, calls: int) -> float:
    """How long as many calls take from so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        return seconds(lambda: deque(pool.map(lambda _number: work(), range(calls)), maxlen=0))


def gain(work: Callable[[], None], calls: int, count: int) -> float:
    """How much faster many threads are than one, by the least time that each took in some rounds."""
    rounds = [(at_once(work, 1, calls), at_once(work, THREADS, calls)) for _ in range(count)]
    return min(one for one, _many in rounds) / min(many for _one, many in rounds)


def measure(bench: Bench) -> Result:
    """Compare calls one after the other, and from threads."""
    pairs, calls, rounds = bench.count(PAIRS, 20), bench.count(CALLS, 16), bench.count(ROUNDS, 2)
    folder = bench.work / "panel"
    addons = {name: Addon(folder / str(number), bench.programs, *s) for number, (name, s) in enumerate(SETS.items())}
    settle()
    costs, gains, aims = [], [], []
    for name, addon in addons.items():
        say(f"panel: {name}")
        bare, called, least, usual = overhead(addon, pairs)
        costs.append([name, f"{bare * 1000:.2f}", f"{called * 1000:.2f}", f"{least:.2f}", f"{usual:.2f}"])
        aims.append(Aim(f"a panel's call / the bare process, {name}", least, AIM))
        one, other = gain(addon.bare, calls, rounds), gain(addon.called, calls, rounds)
        gains.append([name, f"{one:.2f}", f"{other:.2f}", f"{other / one:.2f}"])
        aims.append(Aim(f"gain of {THREADS} threads / of bare ones, {name}", other / one, SHARE, "at least"))
        addon.panel.close()
    return Result(
        f"What a call through a long-lived `mailaddon.Panel` costs beside the add-on's own process, {pairs} pairs in"
        f" turns; and how much faster {THREADS} threads are than one with as many calls ({calls}; minima of {rounds}),"
        " beside what threads gain that only start and wait.",
        [
            Table(
                "Calls of add-ons",
                ["`EGetForwardList` of", "bare ms", "called ms", "Ratio of minima", "Median of ratios"],
                costs,
            ),
            Table("Calls from threads", ["`EGetForwardList` of", "bare gain", "called gain", "Share"], gains),
        ],
        aims=aims,
    )
