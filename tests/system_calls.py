"""What a program asks of the kernel, counted by `strace`, less what Python's own start asks.

How many files an interpreter and its `site` open differs from machine to machine; it is what an empty program beside
the traced one opens, and what is counted is what comes on top. Programs run as installed: the interpreter of their
first line, without this test run's own environment.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from conftest import Panel
from patience import HANGS

_CALL = re.compile(r"^\d+ +(\w+)\((.*)")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
#: System calls that do the same thing on different architectures and with different C libraries.
_SAME = {
    "open": "openat",
    "stat": "stat",
    "lstat": "stat",
    "fstat": "stat",
    "newfstatat": "stat",
    "fstatat64": "stat",
    "statx": "stat",
    "faccessat": "access",
    "faccessat2": "access",
    "readlinkat": "readlink",
    "unlinkat": "unlink",
    "renameat": "rename",
    "renameat2": "rename",
    "fdatasync": "fsync",
    "vfork": "clone",
    "fork": "clone",
    "clone3": "clone",
    "execveat": "execve",
}


class Trace:
    """The system calls of a program that has ended.

    Attributes:
        calls: how often each was made.
        opened: the files and folders that were opened, in order, as often as they were.
        status: the exit status.
        output: what was printed.
    """

    def __init__(self, panel: Panel, *command: "str | bytes | Path") -> None:
        trace = panel.home.parent / "trace"
        call = ["strace", "-f", "-qq", "-s", "512", "-e", "signal=none", "-o", trace, *command]
        env = {key: value for key, value in panel.env.items() if not key.startswith(("COVERAGE", "PYTHON"))}
        done = subprocess.run(call, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=HANGS)
        self.status = done.returncode
        self.output = done.stdout.decode() + done.stderr.decode()
        self.calls: Counter[str] = Counter()
        self.opened: list[str] = []
        for line in trace.read_text(encoding="utf-8").splitlines():
            found = _CALL.match(line)
            if found is None:
                continue
            name = _SAME.get(found[1], found[1])
            self.calls[name] += 1
            if name == "openat" and " = -1 " not in found[2]:
                self.opened += _PATH.findall(found[2])[:1]


class Beyond:
    """What a program did beyond an empty one that imports the same of the standard library.

    Attributes:
        calls: how often it made each system call on top.
        modules: the modules of its own that it loaded: files of compiled code.
        files: every other file and folder that it opened in its home, by name.
        elsewhere: what else it opened and an empty program does not.
    """

    def __init__(self, trace: Trace, empty: Trace, home: Path) -> None:
        self.calls = trace.calls - empty.calls
        more = Counter(trace.opened) - Counter(empty.opened)
        self.modules = [path for path in more.elements() if "/mailaddon/" in path and path.endswith(".pyc")]
        self.files = sorted(path[len(f"{home}/") :] for path in more.elements() if path.startswith(f"{home}/"))
        ours = {path for path in more if "/mailaddon" in path or path.startswith(f"{home}/")}
        self.elsewhere = sorted(set(more) - ours)


def empty_program(folder: Path, *modules: str) -> list["str | bytes | Path"]:
    """A program that imports these and ends."""
    path = folder / "empty"
    path.write_text("".join(f"import {module}\n" for module in modules) + "import os\nos._exit(0)\n")
    return [sys.executable, path]
