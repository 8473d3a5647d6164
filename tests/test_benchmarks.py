"""The benchmarks measure what they say and write down under which conditions. No clock decides anything here."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import batch
import directories
import memory
import page
import peers
import pytest
import run
import size
import workload
from harness import SCRIPTS, Home
from measuring import Aim, Bench, Result, Table, Times, conditions, disturbances, environment, in_turns, seconds, summed

from mailaddon import operations
from mailaddon.directory import Directory

QUIET = {
    "date": "2026-01-31 12:00",
    "seconds": 60,
    "load": [0.1, 1.0],
    "others": 0.02,
    "stolen": 0.0,
    "yardstick": [0.0101, 0.01],
    "quick": False,
}
BUSY = QUIET | {"others": 1.5, "yardstick": [0.02, 0.01]}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "work").mkdir()
    return Bench(Path(SCRIPTS), None, tmp_path / "work", tmp_path / "cache", quick=True)


# Measuring


def test_what_is_compared_takes_turns_and_the_first_round_warms_up() -> None:
    order = []

    def taking(name: str, values: list[float]) -> Any:
        given = iter(values)
        return lambda: order.append(name) or next(given)

    found = in_turns({"a": taking("a", [9, 1, 2, 3]), "b": taking("b", [9, 6, 5, 4])}, 3)
    assert found == {"a": [1, 2, 3], "b": [6, 5, 4]}
    assert "".join(order) == "abbaabba"
    assert summed(found["b"]) == Times(4, 5, 3)


def test_a_process_that_ends_otherwise_is_no_measurement() -> None:
    assert seconds(["/bin/true"], {}) > 0
    assert seconds(["/bin/false"], {}, status=1) > 0
    with pytest.raises(RuntimeError, match=r"^/bin/false ended with 1, not 0$"):
        seconds(["/bin/false"], {})


def test_what_is_measured_does_not_see_how_the_benchmarks_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "MAILADDON_BACKEND", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.setenv(name, "x")
    found = environment(bench.work)
    assert not [name for name in found if name.startswith(("PYTHON", "COVERAGE"))]
    assert {name: value for name, value in found.items() if name.startswith("MAILADDON")} == {
        "MAILADDON_HOME": str(bench.work)
    }


def test_conditions_are_watched(bench: Bench) -> None:
    with conditions(bench) as found:
        assert found == {}
        seconds([sys.executable, "-c", "sum(range(10**6))"], {})
    assert set(found) == set(QUIET)
    assert found["quick"]
    assert min(found["yardstick"]) > 0


def test_disturbances_are_told() -> None:
    assert disturbances(QUIET, 0.01) == []
    assert disturbances(BUSY, 0.01) == [
        "other processes used 1.50 cores meanwhile",
        "the yardstick took 2.00 times as long as at its quickest",
    ]
    assert disturbances(BUSY, 0.01, timed=False) == []
    assert disturbances(QUIET | {"stolen": 0.4}, 0.01) == ["the virtual machine's host kept 0.40 cores meanwhile"]
    assert len(disturbances(QUIET | {"quick": True}, 0.01)) == 1


# The round of all commands


def test_a_round_has_every_program(tmp_path: Path) -> None:
    programs = {call.program for call in workload.calls(tmp_path, "x", 1)}
    assert programs == {operation.command for operation in (*operations.COMMANDS, operations.REGISTER)}


def test_a_round_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.path / "mailaddon.toml").write_text('webmail.url = "https://mail.example.net/"\n')
    way = workload.Ways(Path(SCRIPTS), home.environment(covered=False), tmp_path)
    found = workload.rounds({"source": way}, range(2), "x", "", {"true": ["/bin/true"]})
    assert set(found) == {"source", ""}
    assert {len(taken) for taken in found["source"].values()} == {1}
    assert workload.REFUSAL in found["source"]
    assert len(found[""]["true"]) > 1
    with home.directory.read() as tx:
        assert tx.column("SELECT count(*) FROM address") == [0]
        assert tx.column("SELECT count(*) FROM domain_name") == [0]
    assert not list((tmp_path / "mail").rglob("*"))


# The parts


def test_a_directory_of_a_size_is_made_once(bench: Bench) -> None:
    home = directories.directory(bench, 60)
    directory = Directory(str(home))
    with directory.read() as tx:
        assert tx.column("SELECT count(*) FROM user") == [60]
        assert tx.column("SELECT DISTINCT mailboxes FROM domain") == [directories.USERS]
        assert tx.all("PRAGMA foreign_key_check") == []
    directory.close()
    made = (home / "directory.sqlite3").stat().st_ino
    assert directories.directory(bench, 60) == home
    assert (home / "directory.sqlite3").stat().st_ino == made
    assert sorted(path.name for path in bench.cache.iterdir()) == [home.name, f"{home.name}-mail"]


def test_memory_is_that_of_the_program(bench: Bench) -> None:
    python = Bench(Path(sys.executable).parent, None, bench.work, bench.cache)
    output = bench.work / "out"
    small = memory.highest(python, bench.work, output, [sys.executable, "-c", "print(1)"])
    large = memory.highest(python, bench.work, output, [sys.executable, "-c", "print(len(b'x' * 50_000_000))"])
    assert output.read_text() == "50000000\n"
    assert 49 < large - small < 60
    with pytest.raises(RuntimeError, match=r"/bin/false ended with 1"):
        memory.highest(python, bench.work, output, ["/bin/false"])


def test_the_bundle_is_added_up(bench: Bench) -> None:
    assert size.measure(bench).notes == size.measure(bench).tables == []
    bundle = bench.work / "mailaddon"
    (bundle / "_internal" / "psycopg_binary").mkdir(parents=True)
    (bundle / "EAddUser").write_bytes(bytes(1_000_000))
    (bundle / "_internal" / "psycopg_binary" / "driver.so").write_bytes(bytes(2_500_000))
    bench.frozen = bundle
    (aim,) = size.measure(bench).aims
    assert aim == Aim("bundle, PostgreSQL driver included", 3.5, 40, "at most", " MB")
    (bundle / "_internal" / "psycopg_binary" / "driver.so").unlink()
    (aim,) = size.measure(bench).aims
    assert aim.what == "bundle, PostgreSQL driver NOT included"


def test_batches_are_compared_with_processes(bench: Bench) -> None:
    result = batch.measure(bench)
    (table,) = result.tables
    assert [row[0] for row in table.rows] == [batch.PROCESSES, *batch.WAYS]
    assert table.rows[0][2] == "1.0"
    directory = Directory(str(bench.work / "batch" / "home"))
    with directory.read() as tx:
        (users,) = tx.column("SELECT count(*) FROM user")
    directory.close()
    assert users == 1 + 1 + 10 + 200 * len(batch.WAYS)  # the owner, the one who warms up, processes, batches


def test_a_peer_that_cannot_be_had_says_why(bench: Bench) -> None:
    with pytest.raises(peers.Unavailable, match=r"^`false` failed: no message$"):
        peers.output_of(["false"], bench.work)
    with pytest.raises(peers.Unavailable, match=r"^no-such-program is not installed$"):
        peers.bare("no-such-program")


def test_a_part_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.parsed(["--programs", "/x", "batch", "growth"]).parts == ["batch", "growth"]
    with pytest.raises(SystemExit):
        run.parsed(["--programs", "/x", "bathc"])
    with pytest.raises(SystemExit):
        run.parsed(["--frozen", "/nowhere"])
    said = capsys.readouterr().err
    assert "--frozen /nowhere has no EAddUser in it" in said
    assert "there is no part bathc; the parts are startup, comparison, batch" in said


# The page


def saved(folder: Path, part: str, watched: dict[str, Any], result: Result) -> None:
    run.keep(
        {
            "part": part,
            "machine": {"Processor": "fast"},
            "versions": {"Python": "3.11"},
            "conditions": watched,
            "result": asdict(result),
        },
        folder,
    )


def test_the_page_says_what_was_measured_and_how_far_it_can_be_trusted(tmp_path: Path) -> None:
    table = Table("Batches", ["Way", "Users per second", "Ratio"], [["one | by one", "1,200", "1.0"]])
    kept, missed = Aim("a / b", 1.234, 1.8), Aim("users", 19.26, 20, "at least")
    saved(tmp_path, "growth", QUIET, Result("Grown.", aims=[kept], series={"sizes": [1]}, notes=["Noted."]))
    saved(tmp_path, "batch", BUSY, Result("Batched.", [table], aims=[missed]))
    assert sorted(os.listdir(tmp_path)) == ["batch.json", "growth.json"]
    found = page.load(tmp_path)
    assert list(found) == ["batch", "growth"]
    text = page.text(found)
    assert text == page.text(json.loads(json.dumps(found)))
    lines = text.splitlines()
    assert "| users | 19.3 | at least 20 | no, disturbed |" in lines
    assert "| a / b | 1.23 | at most 1.8 | yes |" in lines
    assert "| Way | Users per second | Ratio |" in lines
    assert "| --- | ---: | ---: |" in lines
    assert "| one \\| by one | 1,200 | 1.0 |" in lines
    assert "![Times of the commands by the number of users](benchmarks/growth.png)" in lines
    assert "Noted." in lines
    assert sum(line.startswith("**Not to be trusted:** other processes used 1.50 cores") for line in lines) == 1
    assert (
        sum(line.startswith("*Measured on 2026-01-31 12:00 UTC in 60 s. Load average 0.1 before") for line in lines)
        == 2
    )
    assert "| Processor | fast |" in lines


def test_there_is_no_page_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"there are no results in .*; `python3 tasks\.py bench` measures$"):
        page.write(tmp_path, tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()
