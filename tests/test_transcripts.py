"""Every executable's transcript: what a panel calls, and exactly what comes back.

The files in tests/transcripts are read like a session at a terminal, which begins with an empty home:

    # a remark
    % webmail.url = "https://webmail.example.net/"     a line that is added to mailaddon.toml
    $ EAddUser xyz.com u1 s3cret Ann '' Lee 1 1 1      a call, quoted as for a shell; `>` continues it on the next line
    a11                                                a line on standard output
    \\                                                  the line before it has no line end
    ~ mailboxes 1/20                                   instead: a text in what `mailaddon` prints
    ! EAddUser: user u1@xyz.com already exists [..]    a line on standard error
    = 1                                                the exit status

The programs are the installed ones, then the frozen ones; each call is a process. There is no shell: `$MAIL` is the
folder for mail, `$DATA` the one for exports, `$LONG` 2000 letters, `$LATIN1` an octet that is not UTF-8.
"""

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import Panel

from mailaddon._help import errors_of
from mailaddon.operations import COMMANDS, find

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))
#: What a transcript may call beside the SDK's programs.
TOOLS = ("cat", "cp", "ls", "mkdir", "mv", "rm", "ln", "tee", "touch")
REFUSAL = re.compile(r"(?P<program>\w+): (?:(?P<parameter>[\w.]+): )?.*\[(?P<code>[\w-]+)\]\n")
#: Codes of the operation table that no transcript can provoke, and why.
NOT_PROVOKED = {
    ("EStartMailServer", "unavailable"): "the embedded backend has no services that could fail to start",
    ("EStopMailServer", "unavailable"): "the embedded backend has no services that could fail to stop",
}


class Step:
    """One call of a transcript, and what has to come of it."""

    def __init__(self, line: int, call: str) -> None:
        self.line = line
        self.call = call
        self.output = ""
        self.mentions: list[str] = []
        self.errors = ""
        self.status = -1


class Places:
    """The names that stand for folders and for arguments that no line can hold."""

    def __init__(self, panel: Panel) -> None:
        self._values = {
            "$MAIL": os.fsencode(panel.mail),
            "$DATA": os.fsencode(panel.home.parent / "data"),
            "$LONG": b"x" * 2000,
            "$LATIN1": b"\xe9",
        }

    def split(self, call: str) -> list[bytes]:
        """The words of a call."""
        return [self._shown(word) for word in shlex.split(call)]

    def _shown(self, text: str) -> bytes:
        result = text.encode()
        for name, value in self._values.items():
            result = result.replace(name.encode(), value)
        return result

    def hidden(self, output: bytes) -> str:
        """What was printed, with the names in place of the folders."""
        for name in ("$MAIL", "$DATA"):
            output = output.replace(self._values[name], name.encode())
        return output.decode()


def steps(text: str) -> "Iterator[Step | str]":
    """The calls of a transcript, and the lines for mailaddon.toml."""
    step: Step | None = None
    output = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark, rest = line[:1], line[2:]
        if step is None:
            if mark == "$":
                step = Step(number, rest)
            elif mark == "%":
                yield rest
            else:
                assert mark in {"", "#"}, f"line {number} belongs to no call: {line}"
        elif mark == ">":
            step.call += "\n" + rest
        elif mark == "!":
            step.errors += rest + "\n"
        elif mark == "~":
            step.mentions.append(rest)
        elif mark == "=":
            step.status = int(rest)
            step.output = output
            yield step
            step, output = None, ""
        elif line == "\\":
            output = output.removesuffix("\n")
        else:
            output += line + "\n"
    assert step is None, f"the call in line {step.line} has no status"


def play(panel: Panel, command: list[bytes]) -> tuple[int, bytes, bytes]:
    """Run one call: its status and what it wrote to standard output and standard error."""
    name = command[0].decode()
    if name in TOOLS:
        found = shutil.which(name)
        assert found, f"{name} is not installed"
        done = panel.run(found, *command[1:], env={**panel.env, "LC_ALL": "C"})
    else:
        done = panel.run(name, *command[1:])
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("programs", ["installed", "frozen"])
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_transcript(file: Path, programs: str, panel: Panel, request: pytest.FixtureRequest) -> None:
    if programs == "frozen":
        panel.programs = request.getfixturevalue("bundle")
    replay(file, panel)


def replay(file: Path, panel: Panel, settings: str = "", *, umbrella: bool = True) -> None:
    """Run a transcript in a home with these settings, and compare; without `umbrella`, not what `mailaddon` shows."""
    places = Places(panel)
    panel.settings(settings)
    for step in steps(file.read_text(encoding="utf-8")):
        if isinstance(step, str):
            settings += step + "\n"
            panel.settings(settings)
            continue
        if not umbrella and step.call.startswith("mailaddon "):
            continue
        status, output, errors = play(panel, places.split(step.call))
        printed = places.hidden(output)
        if step.mentions:
            assert step.call.startswith("mailaddon "), "a command's output is compared as a whole"
            for text in step.mentions:
                assert text in printed, f"{file.name}:{step.line}: {step.call}"
            printed = step.output
        found = (printed, places.hidden(errors), status)
        assert found == (step.output, step.errors, step.status), f"{file.name}:{step.line}: {step.call}"


def test_every_executable_has_a_transcript() -> None:
    assert {file.stem for file in FILES} == {name for operation in COMMANDS for name in operation.executables}


def refusals(file: Path) -> "Iterator[tuple[int, re.Match[str]]]":
    """How often the transcript's own command is refused: how many arguments it had, and the line."""
    for step in steps(file.read_text(encoding="utf-8")):
        if isinstance(step, Step) and step.errors:
            program, *arguments = shlex.split(step.call)
            if program == file.stem:
                match = REFUSAL.fullmatch(step.errors)
                assert match, f"{file.name}:{step.line}: {step.errors}"
                assert match["program"] == program
                yield len(arguments), match


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_transcript_shows_every_refusal(file: Path) -> None:
    operation = find(file.stem)
    shown = list(refusals(file))
    codes = {match["code"] for _, match in shown}
    not_provoked = {code for command, code in NOT_PROVOKED if command == operation.command}
    assert set(operation.errors) - not_provoked <= codes, "a code of the table is not shown"
    assert not not_provoked & codes, "a code can be provoked after all"
    assert codes <= set(errors_of(operation)), "a code is not documented"

    wrong_counts = {count for count, match in shown if match["code"] == "usage"}
    forms = {len(form) for form in (operation.parameters, operation.longer) if form or not operation.parameters}
    assert not wrong_counts & forms
    assert max(wrong_counts) > max(forms), "too many arguments"
    assert min(wrong_counts) < min(forms) or not min(forms), "too few arguments"

    kinds = {parameter.name: parameter.kind.key for parameter in (*operation.parameters, *operation.longer)}
    refused = {kinds[match["parameter"]] for _, match in shown if match["code"] == "invalid-argument"}
    assert refused == set(kinds.values()), "a kind of argument that is never refused"
