"""Writes docs/benchmarks.md and its plots from the results that the parts have left in build/bench-results.

    .venv/bin/python benchmarks/page.py

writes them anew without measuring anything.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measuring import ROOT, YARDSTICK, Aim, disturbances, milliseconds

RESULTS = ROOT / "build" / "bench-results"
PAGE = ROOT / "docs" / "benchmarks.md"
#: Part -> its heading, in the order of the page.
PARTS = {
    "startup": "Process starts",
    "comparison": "Beside other projects",
    "batch": "Batches",
    "parallel": "Many at once",
    "growth": "As the directory grows",
    "pages": "Pages read as the directory grows",
    "memory": "Memory",
    "size": "The bundle",
    "panel": "Through a panel's library",
}
PLOTS = {"comparison": "Times of one call, in milliseconds", "growth": "Times of the commands by the number of users"}
_HEAD = """# Benchmarks

`python3 tasks.py bench` measures all of this and writes this page; `python3 tasks.py bench startup batch` measures only
these parts and leaves the others as they are. Ratios are of minima: they are what neighbours on the machine disturb
least. Passwords are hashed at the scheme's lowest cost. Whether the figures of a part can be trusted stands at its end.
"""

Results = Mapping[str, Mapping[str, Any]]


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """The results that there are, by part, in the order of the page."""
    paths = {part: folder / f"{part}.json" for part in PARTS}
    return {part: json.loads(path.read_text(encoding="utf-8")) for part, path in paths.items() if path.exists()}


def quickest(results: Results) -> float:
    """The quickest yardstick of all parts (s)."""
    return min(float(taken) for one in results.values() for taken in one["conditions"]["yardstick"])


def text(results: Results) -> str:
    """The page.

    Args:
        results: by part; each has `machine`, `versions`, `conditions` and `result`, as `run.py` writes them.
    """
    best = quickest(results)
    lines = [_HEAD, *_aims(results, best)]
    for part, found in results.items():
        result = found["result"]
        lines += [f"## {PARTS[part]}", "", result["intro"], ""]
        if part in PLOTS and result["series"]:
            lines += [f"![{PLOTS[part]}](benchmarks/{part}.png)", ""]
        for table in result["tables"]:
            lines += [*_table(table["columns"], table["rows"]), ""]
        lines += [line for note in result["notes"] for line in (note, "")]
        lines += [_told(found, best), ""]
    lines += ["## The machine", "", *_machines(results), ""]
    return "\n".join(lines)


def _aims(results: Results, best: float) -> list[str]:
    rows = []
    for found in results.values():
        doubtful = bool(_reasons(found, best))
        for given in found["result"]["aims"]:
            aim = Aim(*given)
            kept = aim.value <= aim.limit if aim.sense == "at most" else aim.value >= aim.limit
            value = f"{aim.value:.1f}" if aim.limit >= 10 else f"{aim.value:.2f}"  # noqa: PLR2004 - digits that matter
            limit = f"{aim.sense} {aim.limit:g}{aim.unit}"
            rows.append([aim.what, f"{value}{aim.unit}", limit, ("yes" if kept else "no") + ", disturbed" * doubtful])
    return ["## What it should be", "", *_table(["What", "Measured", "Aim", "Reached"], rows), ""] if rows else []


def _table(columns: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table; columns of numbers are on the right."""
    numbers = [all(_is_number(row[place]) for row in rows) for place in range(len(columns))]
    rule = ["---:" if number else "---" for number in numbers]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in (columns, rule, *rows)]


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "") or "0")
    except ValueError:
        return False
    return True


def _reasons(found: Mapping[str, Any], best: float) -> list[str]:
    return disturbances(found["conditions"], best, timed=found["result"]["timed"])


def _told(found: Mapping[str, Any], best: float) -> str:
    """Under what conditions a part was measured, and what they did to it."""
    watched = found["conditions"]
    before, after = watched["yardstick"]
    told = (
        f"*Measured on {watched['date']} UTC in {watched['seconds']} s. Load average {watched['load'][0]} before,"
        f" {watched['load'][1]} after; others used {watched['others']} cores; `{YARDSTICK}` took"
        f" {milliseconds(before)} ms before, {milliseconds(after)} ms after (at its quickest {milliseconds(best)} ms).*"
    )
    reasons = _reasons(found, best)
    return f"{told}\n\n**Not to be trusted:** {'; '.join(reasons)}." if reasons else told


def _machines(results: Results) -> list[str]:
    """On what was measured; once, unless parts were measured on different ones."""
    parts: dict[str, list[str]] = {}
    for part, found in results.items():
        parts.setdefault(json.dumps({**found["machine"], **found["versions"]}), []).append(part)
    lines: list[str] = []
    for described, named in parts.items():
        lines += [f"{', '.join(PARTS[part] for part in named)}:", ""] if len(parts) > 1 else []
        lines += [*_table(["What", "Which"], [[name, value] for name, value in json.loads(described).items()]), ""]
    return lines[:-1]


def write(folder: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the page and the plots.

    Raises:
        SystemExit: nothing has been measured yet.
    """
    results = load(folder)
    if not results:
        sys.exit(f"there are no results in {folder}; `python3 tasks.py bench` measures")
    page.write_text(text(results), encoding="utf-8")
    import plots

    plots.draw(results, page.parent / "benchmarks")


if __name__ == "__main__":
    write()
