"""Registrations at the same time, and killed ones."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from patience import HANGS
from umbrella import SCRIPTS, program

from mailaddon import registrations
from mailaddon.errors import Unavailable
from mailaddon.registrations import Registration

#: Registers in a process that kills itself at its n-th call of the operating system that matters.
KILLED = """
import os, signal, sys
count = 0
def deadly(function):
    def call(*arguments, **options):
        global count
        result = function(*arguments, **options)
        count += 1
        if count == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
for name in ("open", "write", "fsync", "close", "replace", "unlink"):
    setattr(os, name, deadly(getattr(os, name)))
from mailaddon import registrations
new = registrations.Registration(vendor="New", server="s", version="1", extension="", interpreter="",
    interpreter_parameters="", compliant_3x=False, directory="/")
registrations.register(sys.argv[2], new)
"""


def some(vendor: str) -> Registration:
    return Registration(
        vendor=vendor,
        server="s",
        version="1",
        extension="",
        interpreter="",
        interpreter_parameters="",
        compliant_3x=False,
        directory="/",
    )


def test_ten_at_once_are_all_kept(tmp_path: Path) -> None:
    environment = {**os.environ, "MAILADDON_HOME": str(tmp_path / "home")}
    call = os.path.join(SCRIPTS, "RegisterMailAddon")
    running = [
        subprocess.Popen([call, f"V{number}", "s", "1", "", "", ""], env=environment, stderr=subprocess.PIPE)
        for number in range(10)
    ]
    for process in running:
        _, errors = process.communicate(timeout=HANGS)
        assert process.returncode == 0, errors
    found = registrations.load(str(tmp_path / "home"))
    assert [one.vendor for one in found] == [f"V{number}" for number in range(10)]
    assert [one.active for one in found].count(True) == 1


def test_a_kill_at_any_instant_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    home = str(tmp_path)
    registrations.register(home, some("Old"))
    old = (tmp_path / registrations.FILE).read_bytes()
    outcomes = []
    for number in range(1, 30):
        (tmp_path / registrations.FILE).write_bytes(old)
        call = [sys.executable, "-c", KILLED, str(number), home]
        status = subprocess.run(call, check=False, timeout=HANGS, capture_output=True).returncode
        outcomes.append([one.vendor for one in registrations.load(home)])
        registrations.register(home, some("Next"))
        assert "Next" in [one.vendor for one in registrations.load(home)]
        if status == 0:
            break
    else:
        pytest.fail("it never got to its end")
    assert len(outcomes) > 5
    assert outcomes[0] == ["Old"]
    assert outcomes[-1] == ["New", "Old"]
    assert all(outcome in (["Old"], ["New", "Old"]) for outcome in outcomes)
    assert not list(tmp_path.glob("*.tmp"))


def test_whoever_waits_too_long_is_told_to_come_again(tmp_path: Path) -> None:
    registrations.register(str(tmp_path), some("Old"))
    (tmp_path / "mailaddon.toml").write_text("lock_timeout = 1\n")
    with open(tmp_path / ".addons.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="for 1 seconds"):
            registrations.register(str(tmp_path), some("New"))
    registrations.register(str(tmp_path), some("New"))


def test_a_signal_while_waiting_exits_with_1(tmp_path: Path) -> None:
    registrations.register(str(tmp_path), some("Old"))
    with open(tmp_path / ".addons.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call = [os.path.join(SCRIPTS, "RegisterMailAddon"), "V", "s", "1", "", "", ""]
        environment = {**os.environ, "MAILADDON_HOME": str(tmp_path)}
        with subprocess.Popen(call, env=environment, stderr=subprocess.PIPE) as process:
            _until_it_waits(process.pid, str(tmp_path / ".addons.lock"))
            process.terminate()
            _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 1
    assert errors == b"RegisterMailAddon: ended by signal 15 [interrupted]\n"
    assert len(registrations.load(str(tmp_path))) == 1


def _until_it_waits(pid: int, lock: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since the folder was read
                if os.readlink(descriptor) == lock:
                    return
        time.sleep(0.01)
    pytest.fail("it never opened the lock")


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    program("RegisterMailAddon", "V", "s", "1", "", "", "", env={**os.environ, "MAILADDON_HOME": str(tmp_path / "h")})
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "h" / "addons.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "h" / "addons.json").read_text())["version"] == 1
