"""How large the frozen bundle is."""

from pathlib import Path

from measuring import Aim, Bench, Result, Table

AIM = 40  # MB
DRIVER = "psycopg"


def measure(bench: Bench) -> Result:
    """Add up the files of the folder that `python3 tasks.py freeze` makes."""
    if bench.frozen is None:
        return Result("There was no frozen bundle to measure; `python3 tasks.py freeze` builds it.", timed=False)
    files = [path for path in bench.frozen.rglob("*") if path.is_file() and not path.is_symlink()]
    total = _megabytes(files)
    programs = [path for path in files if path.parent == bench.frozen]
    driver = [path for path in files if path.relative_to(bench.frozen).as_posix().find(DRIVER) >= 0]
    largest = sorted(files, key=lambda path: path.stat().st_size, reverse=True)[:5]
    rows = [
        [f"{len(programs)} programs", str(len(programs)), f"{_megabytes(programs):.1f}"],
        ["PostgreSQL's driver", str(len(driver)), f"{_megabytes(driver):.1f}"],
        *([f"`{path.relative_to(bench.frozen)}`", "1", f"{_megabytes([path]):.1f}"] for path in largest),
        ["everything", f"{len(files):,}", f"{total:.1f}"],
    ]
    within = "included" if driver else "NOT included"
    return Result(
        "The frozen bundle, unpacked.",
        [Table("Bundle", ["What", "Files", "MB"], rows)],
        aims=[Aim(f"bundle, PostgreSQL driver {within}", round(total, 1), AIM, unit=" MB")],
        timed=False,
    )


def _megabytes(files: list[Path]) -> float:
    return sum(path.stat().st_size for path in files) / 1e6
