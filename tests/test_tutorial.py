"""The tutorial is run word for word: its files are written, its commands typed, and what they print is compared."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import HANGS
from test_packaging import NOT_SHIPPED, ROOT, plain_environment, run

PAGE = ROOT / "docs" / "tutorial.md"
_END = "\x01"


class Shell:
    """One shell for all commands, so that folders, variables and the environment stay."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def types(self, command: str) -> str:
        """Type a command; what it prints on both outputs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        # The status is kept for `echo $?`.
        text = f"{{ {command}\n}} </dev/null; status=$?; printf '\\001\\n'; (exit $status)\n"
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.decode().endswith(f"{_END}\n"):
                lines.append(line.decode().removesuffix(f"{_END}\n"))
                break
            lines.append(line.decode())
        return "".join(lines)

    def folder(self) -> Path:
        """Where it is."""
        return Path(self.types("pwd").strip())

    def close(self) -> None:
        """End it."""
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.stdout.close()  # type: ignore[union-attr]
        self.process.wait(HANGS)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this tree's wheel, where pip finds it as it finds others in a registry."""
    folder = tmp_path_factory.mktemp("wheels")
    project = shutil.copytree(ROOT, folder / "project", ignore=NOT_SHIPPED)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, project, env=plain_environment())
    return folder


@pytest.fixture
def shell(tmp_path: Path, wheels: Path) -> Iterator[Shell]:
    """A shell in an empty folder, without a virtual environment."""
    interpreters = tmp_path / "bin"
    interpreters.mkdir()
    (interpreters / "python3").symlink_to(getattr(sys, "_base_executable", sys.executable))
    work = tmp_path / "work"
    work.mkdir()
    environment = {
        **plain_environment(),
        "HOME": str(work),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{interpreters}:/usr/bin:/bin",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_FIND_LINKS": str(wheels),
        "COLUMNS": "120",
    }
    made = Shell(work, environment)
    yield made
    made.close()


def blocks() -> list[tuple[str, str, str]]:
    """The page's blocks of code in order: language, file, text."""
    return [
        (language, name.strip(), text)
        for language, name, text in re.findall(
            r"^```(\w+)([^\n]*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]


def calls(session: str) -> list[tuple[str, str]]:
    """A session's commands, and what the page says that they print."""
    return [(call, said) for call, said in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)]


def fits(said: str, printed: str) -> bool:
    """Whether a text is what the page says; `…` stands for anything, on a line of its own for any lines."""
    pattern = "".join(
        "(?:.*\n)*" if line == "…\n" else ".*".join(map(re.escape, line.split("…"))) for line in said.splitlines(True)
    )
    return re.fullmatch(pattern, printed) is not None


def test_the_tutorial_does_what_it_says(shell: Shell) -> None:
    for language, name, text in blocks():
        if language != "console":
            file = shell.folder() / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            continue
        for call, said in calls(text):
            printed = shell.types(call)
            assert fits(said, printed), f"$ {call}\n{printed}\n--- the page says:\n{said}"


def test_what_differs_may_differ_and_nothing_else() -> None:
    assert fits("a\n", "a\n")
    assert not fits("a\n", "b\n")
    assert not fits("", "a\n")
    assert fits("…\n", "")
    assert fits("…\n3 of … left\n", "x\ny\n3 of 4 left\n")
    assert not fits("…\n3 of … left\n", "3 of 4 left\nz\n")
    assert fits("a (b) …\n", "a (b) c\n")
    assert not fits("a …\nb\n", "a 1\n2\nb\n")
