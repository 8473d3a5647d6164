"""Forty processes at once that add users: how long all of them take, and whether everything is stored."""

import subprocess
import time
from itertools import count

from measuring import FLAGS, Bench, Result, Table, environment, progress, seconds, settle

from mailaddon.directory import Directory

AT_ONCE = 40


def measure(bench: Bench) -> Result:
    """Add users, as many at once, and one after the other."""
    home = bench.home("parallel")
    variables, numbers = environment(home), count()
    domain = ("xyz.com", "192.0.2.10", home.parent / "mail", "-1", "admin", "s3cret", "0", *FLAGS)
    seconds(bench.call("EAddDomain", *domain), variables)
    settle()

    def adding() -> list[str]:
        given = ("xyz.com", f"u{next(numbers)}", "s3cret", "Ann", "", "Lee", "1", "1", "1")
        return bench.call("EAddUser", *given)

    seconds(adding(), variables)
    together, alone = [], []
    for _ in progress(range(bench.count(10, 2)), "parallel"):
        began = time.perf_counter()
        started = [subprocess.Popen(adding(), env=variables) for _ in range(AT_ONCE)]
        refused = sum(process.wait() != 0 for process in started)
        together.append(time.perf_counter() - began)
        if refused:
            raise RuntimeError(f"{refused} of {AT_ONCE} calls at once were refused")
        alone.append(sum(seconds(adding(), variables) for _ in range(AT_ONCE)))
    added = next(numbers)
    directory = Directory(str(home))
    with directory.read() as tx:
        (stored,) = tx.column("SELECT count(*) FROM user")
    directory.close()
    folders = sum(1 for user in (home.parent / "mail" / "xyz.com").iterdir() if (user / "Maildir" / "new").is_dir())
    if stored != added + 1 or folders != stored:  # and the owner
        raise RuntimeError(f"{added} users were added; {stored - 1} are stored, {folders} folders are there")
    rows = [
        [f"{AT_ONCE} at once", f"{min(together) * 1000:.0f}", f"{AT_ONCE / min(together):.0f}"],
        ["one after the other", f"{min(alone) * 1000:.0f}", f"{AT_ONCE / min(alone):.0f}"],
    ]
    return Result(
        f"`EAddUser` in {AT_ONCE} processes; the least of {len(together)} rounds.",
        [Table("Many at once", ["Processes", f"{AT_ONCE} calls, ms", "Users per second"], rows)],
        [f"None was refused; all of the {added:,} users that were added are stored and have their mail folders."],
    )
