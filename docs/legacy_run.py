"""Runs all 52 commands against the sample add-on for 3.X, and notes what was started and what came of it."""

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

from mailaddon import MailAddonError, Service
from mailaddon.operations import COMMANDS, find

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from addon_sets import ADDONS, legacy

ON = ("1",) * 8
#: In an order in which one needs what the one before has made; every command once, with the guide's arguments.
CALLS: tuple[tuple[str, ...], ...] = (
    ("EStartMailServer",),
    ("EAddDomain", "xyz.com", "192.0.2.10", "/var/mail/xyz.com", "10", "admin", "s3cret", "0", *ON),
    ("EEditDomain", "xyz.com", "20", *ON),
    ("ESuspendDomain", "xyz.com"),
    ("EResumeDomain", "xyz.com"),
    ("EGetMailURL", "xyz.com"),
    ("EChangeDomainIP", "xyz.com", "192.0.2.11"),
    ("EAddDomainAlias", "xyz.com", "xyz.net"),
    ("EGetDomainAliasList", "xyz.com"),
    ("EDeleteDomainAlias", "xyz.com", "xyz.net"),
    ("EAddSpamFilter", "xyz.com", "spammer@example.org", "EMAIL"),
    ("EGetSpamFilterList", "xyz.com"),
    ("EDeleteSpamFilter", "xyz.com", "spammer@example.org"),
    ("EChangeNetworkSettings", "192.0.2.10", "old.example.net", "192.0.2.20", "new.example.net"),
    ("EAddUser", "xyz.com", "u1", "s3cret", "Ann", "", "Lee", "1", "1", "1"),
    ("EEditUser", "xyz.com", "u1", "0ther", "Ann", "B.", "Lee", "1", "1", "1"),
    ("EAddUserAlias", "xyz.com", "u1", "a11"),
    ("EGetUserAliasList", "xyz.com", "u1"),
    ("EDeleteUserAlias", "xyz.com", "u1", "a11"),
    ("EAddForward", "xyz.com", "u1", "u1@mymail.com"),
    ("EGetForwardList", "xyz.com", "u1"),
    ("EDeleteForward", "xyz.com", "u1", "u1@mymail.com"),
    ("ESetAutoResponder", "xyz.com", "u1", "On holiday", "Back on Monday."),
    ("EGetAutoResponder", "xyz.com", "u1"),
    ("EDeleteAutoResponder", "xyz.com", "u1"),
    *((one.command, *one.example[0]) for one in COMMANDS if one.legacy_parameters is None),
    ("EDeleteUser", "xyz.com", "u1"),
    ("EDeleteDomain", "xyz.com"),
    ("EStopMailServer",),
)
#: Writes down what it is called with, one word a line and an empty line behind, and calls the sample's interpreter.
_RECORDER = """#!/bin/sh
for word; do printf '%s\\n' "${{word##*/programs/}}"; done >>{record}
echo =end= >>{record}
exec {interpreter} "$@"
"""


def outcomes() -> dict[str, tuple[list[str], str]]:
    """Command -> the command lines that the add-on's programs got, without the interpreter, and what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        home, place = Path(folder, "home"), Path(folder, "add-on")
        home.mkdir()
        legacy(home, place)
        record, tools = Path(folder, "record"), Path(folder, "tools")
        tools.mkdir()
        recorder = tools / "cscript"
        recorder.write_text(_RECORDER.format(record=record, interpreter=ADDONS / "cscript"), encoding="utf-8")
        recorder.chmod(0o755)
        settings = home / "mailaddon.toml"
        settings.write_text(settings.read_text().replace(f"'{ADDONS}", f"'{tools}"), encoding="utf-8")
        found = {}
        with Service.open(str(home)) as service:
            for command, *arguments in CALLS:
                record.write_text("", encoding="utf-8")
                outcome = _outcome(service, command, arguments)
                found[command] = [_line(call) for call in record.read_text().split("=end=\n")[:-1]], outcome
        return {one.command: found[one.command] for one in COMMANDS}


def _line(call: str) -> str:
    _nologo, program, *arguments = call.split("\n")[:-1]
    return shlex.join([program, *arguments])


def _outcome(service: Service, command: str, arguments: list[str]) -> str:
    events = Path(service.home, "events.jsonl")
    before = events.stat().st_size if events.exists() else 0
    try:
        result = service.run(find(command), arguments)
    except MailAddonError as error:
        return f"refused: {error}"
    if isinstance(result, list):
        return f"done: {', '.join(result)}"
    if result is not None:
        return f"done: {result if isinstance(result, str) else f'{result.subject}: {result.message}'}"
    with events.open(encoding="utf-8") as file:
        file.seek(before)
        told = [json.loads(line)["after"] for line in file]
    left = {name: value for after in told if after for name, value in after.get("not_told", {}).items()}
    return f"done without {', '.join(f'{name}={value}' for name, value in left.items())}" if left else "done"


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent)
    for command, (calls, outcome) in outcomes().items():
        print(command, calls, outcome)
