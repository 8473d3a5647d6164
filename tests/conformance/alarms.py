"""Runs the whole conformance kit, with five seeds, on backends and add-ons that must pass it.

python tests/conformance/alarms.py [OPTION]…: the options go to `mailaddon conformance`.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from addon_sets import sample  # noqa: E402 - the folder has to be on the path
from conformance.mutants import SAMPLES  # noqa: E402 - as above

SEEDS = range(1, 6)
SIZE = "1000"


@contextmanager
def targets() -> Iterator[dict[str, list[str]]]:
    """What must pass -> the options that name it."""
    found = {"embedded": ["--backend", "embedded"]}
    with tempfile.TemporaryDirectory(prefix="mailaddon-alarms-") as name:
        for kind, (program, interpreter, parameters) in SAMPLES.items():
            home, state = Path(name, kind, "home"), Path(name, kind, "state")
            home.mkdir(parents=True)
            state.mkdir()
            sample(home, state, program=program, interpreter=interpreter, parameters=parameters)
            home.joinpath("mailaddon.toml").write_text(
                f"[backends.executable.environment]\nADDON_STATE = '{state}'\n", encoding="utf-8"
            )
            where = ["--home", str(home), "--watch", str(state)]
            found[kind] = ["--addon", "Acme/Sample/1", "--environment", f"ADDON_STATE={state}", *where]
            found[f"executable over {kind}"] = ["--backend", "executable", *where]
        yield found


def main() -> int:
    """Run them all; 1 if one has failed."""
    program = os.path.join(sysconfig.get_path("scripts"), "mailaddon")
    failed = 0
    with targets() as found:
        for seed in SEEDS:
            for name, options in found.items():
                words = [program, "conformance", *options, "--seed", str(seed), "--size", SIZE, *sys.argv[1:]]
                done = subprocess.run(words, capture_output=True, text=True, check=False)
                last = (done.stdout.splitlines() or [done.stderr])[-1]
                print(f"{name}, seed {seed}: {last}", flush=True)
                if done.returncode:
                    failed += 1
                    print(done.stdout, done.stderr, flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
