"""How long each command takes as a process, from the source installation and frozen, beside the bare interpreter."""

import workload
from measuring import YARDSTICK, Aim, Bench, Result, Table, environment, milliseconds, settle, summed

#: At most so many times the yardstick.
AIMS = {"EGetUserAliasList": 1.8, workload.REFUSAL: 1.4}
FROZEN = 1.2  # of the source's time
BARE = "/bin/true"


def measure(bench: Bench) -> Result:
    """Run the round of all commands in turns."""
    ways = {}
    for name, programs in bench.variants().items():
        home = bench.home(f"startup-{name}")
        ways[name] = workload.Ways(programs, environment(home), home.parent)
    settle()
    beside = {YARDSTICK: bench.yardstick, BARE: [BARE]}
    found = workload.rounds(ways, range(bench.count(31, 4)), "s", "startup", beside)
    times = {way: {label: summed(taken) for label, taken in labels.items()} for way, labels in found.items()}
    bare, source = times[""], times["source"]
    unit = bare[YARDSTICK].least
    result = Result(
        f"Every command as a process of its own, in turns; minimum and median of {source['EAddUser'].number} calls"
        f" each, of {bare[YARDSTICK].number} for what they are compared with. The ratio is of minima, to `{YARDSTICK}`."
    )
    frozen = times.get("frozen", {})
    columns = ["Call", "Source, min ms", "median ms", "Ratio"]
    columns += ["Frozen, min ms", "median ms", "Ratio", "Frozen / source"] if frozen else []
    rows = [[f"`{label}`", milliseconds(one.least), milliseconds(one.median), f"{one.least / unit:.2f}"]
            for label, one in bare.items()]  # fmt: skip
    rows = [row + [""] * (len(columns) - len(row)) for row in rows]
    for label, one in source.items():
        name = label if label == workload.REFUSAL else f"`{label}`"
        row = [name, milliseconds(one.least), milliseconds(one.median), f"{one.least / unit:.2f}"]
        if frozen:
            other = frozen[label]
            row += [milliseconds(other.least), milliseconds(other.median), f"{other.least / unit:.2f}"]
            row += [f"{other.least / one.least:.2f}"]
        rows.append(row)
    result.tables.append(Table("Process starts", columns, rows))
    for label, limit in AIMS.items():
        result.aims.append(Aim(f"{label} / bare interpreter", source[label].least / unit, limit))
    if frozen:
        for label in ("EGetUserAliasList", "EAddUser"):
            result.aims.append(Aim(f"frozen / source, {label}", frozen[label].least / source[label].least, FROZEN))
    else:
        result.notes.append("There was no frozen bundle to measure; `python3 tasks.py freeze` builds it.")
    return result
