"""What every part of the benchmarks shares: where things are, taking time in turns, and how quiet the machine was.

The minimum is what neighbours on the machine disturb least, so that is what ratios are made of; the median says what to
expect. Everything that is compared takes turns in one run.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
#: Hashes at the scheme's lowest cost, because that cost is the administrator's choice, not ours.
CHEAP = '[password]\nscheme = "ARGON2ID"\nargon2id_time = 1\nargon2id_memory = 8\n'
SETTINGS = f'webmail.url = "https://mail.example.net/"\n{CHEAP}'
FLAGS = ("1",) * 8
#: A settings file that changed just now is not kept in compiled form yet, as it may change again.
SETTLED = 2.5
#: Starts of the yardstick before and after each part.
STARTS = 20
YARDSTICK = 'python -I -S -c "import _sqlite3"'
#: More than this share of a core for others, or a yardstick so much slower than the quickest one, is told on the page.
OTHERS = 0.15
SLOWER = 1.1

Taking = Callable[[], float]


class Times(NamedTuple):
    """What some measurements of the same thing come to, in seconds."""

    least: float
    median: float
    number: int


class Aim(NamedTuple):
    """A figure that was promised.

    Attributes:
        what: in words.
        value: what was measured.
        limit: what was promised.
        sense: `at most` or `at least`.
        unit: behind both, if they have one.
    """

    what: str
    value: float
    limit: float
    sense: str = "at most"
    unit: str = ""


@dataclass
class Table:
    """A table of the page; numbers are written as texts already, the first column is on the left."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Result:
    """What a part found out.

    Attributes:
        intro: what was done, in words.
        tables: the figures.
        notes: what else is to be said, a paragraph each.
        aims: what was promised.
        series: what the plot of the part needs.
        timed: whether a clock decides any of the figures, so that others on the machine disturb them.
    """

    intro: str
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)
    timed: bool = True


@dataclass
class Bench:
    """Where a run finds and puts things, and how long it may take.

    Attributes:
        programs: the folder of the installed programs, without any tools beside them.
        frozen: the folder of the frozen ones, if there is one.
        work: an empty folder on the disk. Nothing in it is deleted before the run ends: a file system without a journal
            passes over what was deleted a moment ago, which would be counted as ours.
        cache: a folder that outlives the run.
        quick: whether to measure just enough to see that it works.
    """

    programs: Path
    frozen: Path | None
    work: Path
    cache: Path
    quick: bool = False

    @property
    def interpreter(self) -> str:
        """What the installed programs run with."""
        return str(self.programs / "python")

    @property
    def yardstick(self) -> list[str]:
        """The least that a Python process with SQLite can be."""
        return [self.interpreter, "-I", "-S", "-c", "import _sqlite3"]

    def call(self, program: str, *arguments: object) -> list[str]:
        """The command line of an installed program."""
        return [str(self.programs / program), *map(str, arguments)]

    def count(self, full: int, quick: int) -> int:
        """How often, or how many."""
        return quick if self.quick else full

    def home(self, name: str, settings: str = SETTINGS) -> Path:
        """A home of its own with hashes that cost little; `settle` before it is measured."""
        home = self.work / name / "home"
        home.mkdir(parents=True)
        (home / "mailaddon.toml").write_text(settings)
        return home

    def variants(self) -> dict[str, Path]:
        """The ways in which the programs are installed: name -> their folder."""
        return {"source": self.programs} | ({"frozen": self.frozen} if self.frozen else {})


def environment(home: Path) -> dict[str, str]:
    """What a program is started with."""
    left_out = ("PYTHON", "MAILADDON", "COVERAGE")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)} | {
        "MAILADDON_HOME": str(home)
    }


def settle() -> None:
    """Wait until settings that were written just now are kept in compiled form at the next call."""
    time.sleep(SETTLED)


def seconds(call: Sequence[str], variables: Mapping[str, str], status: int = 0) -> float:
    """The time from the start of a process to its end.

    Raises:
        RuntimeError: it ended with another status.
    """
    silence = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    began = time.perf_counter()
    _, ended = os.waitpid(os.posix_spawn(call[0], list(call), variables, file_actions=silence), 0)
    taken = time.perf_counter() - began
    if os.waitstatus_to_exitcode(ended) != status:
        raise RuntimeError(f"{' '.join(call)} ended with {os.waitstatus_to_exitcode(ended)}, not {status}")
    return taken


def process(call: Sequence[str], variables: Mapping[str, str], status: int = 0) -> Taking:
    """Something to be taken the time of: always the same process."""
    return lambda: seconds(call, variables, status)


def in_turns(takings: Mapping[str, Taking], rounds: int, part: str = "") -> dict[str, list[float]]:
    """Take the time of several things in turns, each once in a round; a first round warms up.

    Each round begins with another one, so that none always comes behind the same.
    """
    names = list(takings)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in progress(range(rounds + 1), part):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            taken = takings[name]()
            if number:
                found[name].append(taken)
    return found


def summed(times: Sequence[float]) -> Times:
    """Minimum, median and number."""
    return Times(min(times), statistics.median(times), len(times))


def progress(numbers: Sequence[int], part: str) -> Iterator[int]:
    """The same numbers, and on standard error how far they have come."""
    for done, number in enumerate(numbers, 1):
        yield number
        if part:
            end = "\n" if done == len(numbers) else ""
            print(f"\r{part}: round {done} of {len(numbers)}", end=end, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def milliseconds(value: float) -> str:
    """Seconds as the page writes them."""
    return f"{value * 1000:.1f}"


# How quiet the machine was


@contextmanager
def conditions(bench: Bench) -> Iterator[dict[str, Any]]:
    """Watch the machine during one part: the dictionary is filled in when the block ends.

    `load`: the load average before and after. `others`: how many cores others used, on average, and the host of a
    virtual machine kept (`stolen`). `yardstick`: the quickest of some starts before and some after, in seconds.
    """
    found: dict[str, Any] = {}
    before, load, began = _yardstick(bench), os.getloadavg(), time.monotonic()
    busy, stolen, own = (*_system(), _own())
    yield found
    elapsed = time.monotonic() - began
    busy_after, stolen_after, own_after = (*_system(), _own())
    found["date"] = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    found["load"] = [round(load[0], 2), round(os.getloadavg()[0], 2)]
    found["others"] = round(max(0.0, busy_after - busy - (own_after - own)) / elapsed, 2)
    found["stolen"] = round((stolen_after - stolen) / elapsed, 2)
    found["yardstick"] = [before, _yardstick(bench)]
    found["seconds"] = round(elapsed)
    found["quick"] = bench.quick


def _yardstick(bench: Bench) -> float:
    return min(seconds(bench.yardstick, os.environ) for _ in range(STARTS))


def _system() -> tuple[float, float]:
    """CPU seconds of the whole machine that were used, and that its host gave to others."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _waiting, interrupts, soft, stolen, *_guests = map(int, file.readline().split()[1:])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + interrupts + soft) / tick, stolen / tick


def _own() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def disturbances(found: Mapping[str, Any], quickest: float, *, timed: bool = True) -> list[str]:
    """Why the figures of a part are not to be trusted; nothing if they are.

    Args:
        found: what `conditions` noted.
        quickest: the quickest yardstick of all parts (s).
        timed: whether a clock decides any of them.
    """
    reasons = []
    if timed and found["others"] > OTHERS:
        reasons.append(f"other processes used {found['others']:.2f} cores meanwhile")
    if timed and found["stolen"] > OTHERS:
        reasons.append(f"the virtual machine's host kept {found['stolen']:.2f} cores meanwhile")
    slow = max(found["yardstick"]) / quickest
    if timed and slow > SLOWER:
        reasons.append(f"the yardstick took {slow:.2f} times as long as at its quickest")
    if found["quick"]:
        reasons.append("it was measured with few repetitions, to see that it works")
    return reasons


def machine() -> dict[str, str]:
    """What was measured on."""
    model = next((line.partition(": ")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    system = next((line.partition("=")[2].strip().strip('"') for line in _lines("/etc/os-release")
                   if line.startswith("PRETTY_NAME")), platform.system())  # fmt: skip
    return {
        "Processor": f"{model or platform.machine()}, {os.cpu_count()} cores",
        "Memory": f"{memory / (1 << 20):.1f} GiB",
        "System": f"{system}, Linux {platform.release()}",
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
