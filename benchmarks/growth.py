"""Each command as a process on directories of 100, 10,000 and 1,000,000 users."""

import os
from itertools import chain

import directories
import workload
from measuring import Aim, Bench, Result, Table, environment, milliseconds, say, settle, summed

SIZES = (100, 10_000, 1_000_000)
QUICK = (100, 10_000)
AIM = 1.2
#: How often what is above the aim is measured again, before it is believed.
AGAIN = 2


def measure(bench: Bench) -> Result:
    """Run the round of all commands on all directories, call by call in turns."""
    sizes = QUICK if bench.quick else SIZES
    many = bench.count(21, 4)
    ways = {}
    for users in sizes:
        home = directories.directory(bench, users)
        folder = bench.work / f"growth-{users}"
        folder.mkdir()
        ways[f"{users:,}"] = workload.Ways(bench.programs, environment(home), folder)
    settle()
    tag = f"g{os.getpid()}x"  # in a directory that is kept, an earlier run may have left something
    found = workload.rounds(ways, range(many), tag, "growth", {})
    again: list[str] = []
    for turn in range(1, AGAIN + 1):
        above = [label for label, ratio in _ratios(found).items() if ratio > AIM]
        if not above:
            break
        say(f"growth: {len(above)} above {AIM}, measured again")
        again.append(f"{', '.join(above)} ({max(_ratios(found).values()):.2f} at most)")
        more = workload.rounds(ways, range(turn * 1000, turn * 1000 + many), tag, "growth", {})
        for way, labels in more.items():
            for label, taken in labels.items():
                found[way][label] += taken
    return _result(found, sizes, again)


def _ratios(found: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Of each call: its time on the largest directory to that on the smallest."""
    small, *_between, large = [labels for way, labels in found.items() if way]
    return {label: min(large[label]) / min(small[label]) for label in small}


def _result(found: dict[str, dict[str, list[float]]], sizes: tuple[int, ...], again: list[str]) -> Result:
    ratios = _ratios(found)
    ways = [labels for way, labels in found.items() if way]
    columns = ["Call", *chain.from_iterable((f"{users:,} users, min ms", "median ms") for users in sizes), "Ratio"]
    rows = []
    for label, ratio in ratios.items():
        row = [label if " " in label else f"`{label}`"]
        for labels in ways:
            one = summed(labels[label])
            row += [milliseconds(one.least), milliseconds(one.median)]
        rows.append([*row, f"{ratio:.2f}"])
    worst = max(ratios, key=lambda label: ratios[label])
    count = len(ways[0]["EAddUser"])
    result = Result(
        f"Every command as a process on directories of {' and '.join(f'{users:,}' for users in sizes)} users, call by"
        f" call in turns; minimum and median of {count}. The ratio is of minima, the largest directory's to the"
        " smallest's.",
        [Table("Growth", columns, rows)],
        aims=[Aim(f"any command at {sizes[-1]:,} users / at {sizes[0]:,}; the worst is {worst}", ratios[worst], AIM)],
        series={"sizes": list(sizes), "least": {label: [min(w[label]) for w in ways] for label in ratios}},
    )
    result.notes += [f"Above {AIM} at first, so everything was measured again: {what}." for what in again]
    return result
