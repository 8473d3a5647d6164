"""How many users a second `mailaddon batch` adds, beside the same through E* processes. A batch's start is counted."""

import json
from itertools import count
from pathlib import Path

from measuring import FLAGS, Aim, Bench, Result, Table, environment, progress, seconds, settle

AIM = 20
ALONE = "a batch, each call durable by itself"
PROCESSES = "EAddUser, a process for each user"
WAYS: dict[str, tuple[str, ...]] = {
    ALONE: (),
    "a batch, 10 calls to a commit": ("--group", "10"),
    "a batch, 100 calls to a commit": ("--group", "100"),
    "a batch, 100 calls to a commit, with a journal": ("--group", "100", "--journal", "journal"),
    "a batch, all or nothing": ("--all",),
}


def user(number: int) -> tuple[str, ...]:
    """The arguments that add another user."""
    return ("xyz.com", f"u{number}", "s3cret", "Ann", "", "Lee", "1", "1", "1")


def lines(numbers: "count[int]", many: int, path: Path) -> Path:
    """A file that adds so many users."""
    calls = [{"command": "EAddUser", "arguments": user(next(numbers))} for _ in range(many)]
    path.write_text("".join(json.dumps(call) + "\n" for call in calls))
    return path


def measure(bench: Bench) -> Result:
    """Add users in all ways, in turns."""
    rounds, single, many = bench.count(3, 1), bench.count(40, 10), bench.count(3000, 200)
    home = bench.home("batch")
    variables, folder, numbers = environment(home), home.parent, count()
    domain = ("xyz.com", "192.0.2.10", folder / "mail", "-1", "admin", "s3cret", "0", *FLAGS)
    seconds(bench.call("EAddDomain", *domain), variables)
    settle()
    seconds(bench.call("EAddUser", *user(next(numbers))), variables)
    best = dict.fromkeys([PROCESSES, *WAYS], 0.0)
    for turn in progress(range(rounds), "batch"):
        adding = [bench.call("EAddUser", *user(next(numbers))) for _ in range(single)]
        best[PROCESSES] = max(best[PROCESSES], single / sum([seconds(call, variables) for call in adding]))
        for way, options in WAYS.items():
            given = [str(folder / f"journal{turn}") if option == "journal" else option for option in options]
            path = lines(numbers, many, folder / f"in{turn}")
            taken = seconds(bench.call("mailaddon", "batch", *given, path), variables)
            best[way] = max(best[way], many / taken)
    unit = best[PROCESSES]
    rows = [[way, f"{rate:,.0f}", f"{rate / unit:.1f}"] for way, rate in best.items()]
    return Result(
        f"Users added per second: {single} by processes one after the other, {many:,} by each batch, start included;"
        f" the best of {rounds} rounds, in turns. An answer is written when its change is on the disk.",
        [Table("Batches", ["Way", "Users per second", "Ratio"], rows)],
        aims=[Aim("batch, durable per call / the same through processes", best[ALONE] / unit, AIM, "at least")],
    )
