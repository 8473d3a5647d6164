"""How much memory the largest list takes to be printed, and a batch of any length.

The figures are highest resident sizes as `wait4` reports them. A process begins with the size of the one that starts
it, so a small interpreter does that.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from measuring import FLAGS, Bench, Result, Table, environment, say, seconds, settle

from mailaddon.directory import Directory

SIZES = (10, 10_000, 100_000, 1_000_000)
LINES = (1_000, 100_000)
QUICK = 10_000  # at most
BATCH = 50_000  # rows per transaction
_STARTER = """
import os, sys
output = [(os.POSIX_SPAWN_OPEN, 1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=output)
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def highest(bench: Bench, home: Path, output: Path, call: Sequence[str]) -> float:
    """The highest resident size of a program (MB), whose output goes to a file.

    Raises:
        RuntimeError: it failed.
    """
    command = [bench.interpreter, "-I", "-S", "-c", _STARTER, str(output), *call]
    done = subprocess.run(command, env=environment(home), check=True, stdout=subprocess.PIPE, encoding="ascii")
    status, kibibytes = map(int, done.stdout.split())
    if status != 0:
        raise RuntimeError(f"{call[0]} ended with {status}")
    return kibibytes * 1024 / 1e6


def measure(bench: Bench) -> Result:
    """Print lists of growing length, and run batches of growing length."""
    home = bench.home("memory")
    variables, folder = environment(home), home.parent
    domain = ("xyz.com", "192.0.2.10", folder / "mail", "-1", "admin", "s3cret", "0", *FLAGS)
    seconds(bench.call("EAddDomain", *domain), variables)
    settle()
    rows = []
    for members in (size for size in SIZES if not bench.quick or size <= QUICK):
        name = f"list{members}"
        seconds(bench.call("EAddMailingList", "xyz.com", name), variables)
        fill(home, name, members)
        call = bench.call("EGetMailingListMemberList", "xyz.com", name)
        size = highest(bench, home, folder / "out", call)
        with (folder / "out").open("rb") as output:
            printed = sum(1 for _ in output)
        if printed != members:
            raise RuntimeError(f"{printed} of {members} members were printed")
        rows.append([f"`EGetMailingListMemberList`, {members:,} members", f"{size:.1f}"])
        say(f"memory: {rows[-1]}")
    line = json.dumps({"command": "EGetForwardList", "arguments": ["xyz.com", "admin"]}) + "\n"
    for lines in (size for size in LINES if not bench.quick or size <= QUICK):
        (folder / "in").write_text(line * lines)
        size = highest(bench, home, folder / "out", bench.call("mailaddon", "batch", folder / "in"))
        rows.append([f"`mailaddon batch`, {lines:,} lines", f"{size:.1f}"])
    bare = highest(bench, home, folder / "out", bench.yardstick)
    rows.insert(0, ["the bare interpreter with SQLite", f"{bare:.1f}"])
    return Result(
        "The highest resident size of a process. A list is printed whole or not at all, so it is in memory once; a"
        " batch keeps nothing of what it has done.",
        [Table("Memory", ["Process", "MB"], rows)],
        timed=False,
    )


def fill(home: Path, name: str, members: int) -> None:
    """Give a mailing list so many members, as calls would."""
    directory = Directory(str(home))
    for first in range(0, members, BATCH):
        with directory.write() as tx:
            (list_id,) = tx.column("SELECT id FROM address WHERE local_part = ?", name)
            for number in range(first, min(first + BATCH, members)):
                member = {"domain": f"d{number % 1000}.example", "local_part": f"member{number:07}"}
                tx.insert("list_member", list_id=list_id, list_kind="mailing", display_name="Ann Lee", **member)
    directory.close()
