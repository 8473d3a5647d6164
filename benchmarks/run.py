"""Measures, and writes docs/benchmarks.md with its plots.

    python3 tasks.py bench                 everything, about 20 minutes on a quiet machine
    python3 tasks.py bench startup batch   these parts; the page keeps what was measured of the others
    python3 tasks.py bench --quick         just enough of everything to see that it works

The parts are startup, comparison, batch, parallel, growth, pages, memory, size and panel. Each part's results are kept
in build/bench-results, with the load of the machine meanwhile.
"""

import argparse
import importlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import page
from measuring import ROOT, Bench, Result, conditions, machine, say

BUILD = ROOT / "build"
BUNDLE = ROOT / "dist" / "mailaddon"


def versions(bench: Bench) -> dict[str, str]:
    """What was measured."""
    import _sqlite3

    from mailaddon import __version__

    return {
        "Version": __version__,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": _sqlite3.sqlite_version,
        "Frozen": f"{bench.frozen.name}" if bench.frozen else "not measured",
    }


def measured(part: str, bench: Bench) -> dict[str, object]:
    """Measure one part: its result, and under what conditions."""
    with conditions(bench) as found:
        result: Result = importlib.import_module(part).measure(bench)
    return {
        "part": part,
        "machine": machine(),
        "versions": versions(bench),
        "conditions": found,
        "result": asdict(result),
    }


def keep(found: dict[str, object], folder: Path) -> None:
    """Keep a part's results, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{found['part']}.json.new"
    new.write_text(json.dumps(found, indent=1), encoding="utf-8")
    new.rename(folder / f"{found['part']}.json")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tasks.py bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="what to measure  [everything]")
    parser.add_argument("--quick", action="store_true", help="few repetitions, small directories; the page says so")
    parser.add_argument("--programs", type=Path, help=argparse.SUPPRESS)  # without it, nothing is measured
    parser.add_argument(
        "--frozen", type=Path, default=BUNDLE, metavar="FOLDER", help="the frozen bundle  [dist/mailaddon]"
    )
    given = parser.parse_args(arguments)
    unknown = [part for part in given.parts if part not in page.PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(page.PARTS)}")
    if not _is_bundle(given.frozen) and given.frozen != BUNDLE:
        parser.error(f"--frozen {given.frozen} has no EAddUser in it; `python3 tasks.py freeze` makes dist/mailaddon")
    return given


def _is_bundle(folder: Path) -> bool:
    return (folder / "EAddUser").exists()


def main() -> None:
    """Measure what is asked for, part by part, and write the page after each.

    tasks.py runs it without the programs first, which says at once what is wrong with the arguments.
    """
    given = parsed(sys.argv[1:])
    if given.programs is None:
        return
    work = BUILD / "bench-work" / str(os.getpid())
    frozen = given.frozen.resolve() if _is_bundle(given.frozen) else None
    bench = Bench(given.programs.absolute(), frozen, work, BUILD / "bench-cache", given.quick)
    work.mkdir(parents=True)
    began = time.monotonic()
    try:
        for part in given.parts or page.PARTS:
            say(f"{part} ({(time.monotonic() - began) / 60:.1f} minutes after the start)")
            keep(measured(part, bench), page.RESULTS)
            page.write()
    finally:
        shutil.rmtree(work)
    say(f"written: {page.PAGE.relative_to(ROOT)} ({(time.monotonic() - began) / 60:.1f} minutes)")


if __name__ == "__main__":
    main()
