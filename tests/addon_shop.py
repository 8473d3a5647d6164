"""A home and an add-on whose programs a test writes, and what the tests of add-ons share."""

from pathlib import Path

import pytest

from mailaddon import (
    BadResult,
    MailAddonError,
    Service,
)
from mailaddon.operations import find
from mailaddon.registrations import Registration, register

PASSWORD = "correct horse"
ADD_USER = ("EAddUser", "xyz.com", "u1", PASSWORD, "Ann", "", "Lee", "1", "1", "1")
LIST = ("EGetForwardList", "xyz.com", "u1")
BANNER = (
    "Microsoft (R) Windows Script Host Version 5.8\r\nCopyright (C) Microsoft Corporation. All rights reserved.\r\n\r\n"
)


class Shop:
    """A home and an add-on whose programs a test writes."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folder = folder / "add on"
        self.home.mkdir()
        self.folder.mkdir()
        self.registration = Registration(
            vendor="Acme",
            server="Mail",
            version="1",
            extension="sh",
            interpreter="",
            interpreter_parameters="",
            compliant_3x=False,
            directory=str(self.folder),
        )
        register(str(self.home), self.registration)

    def registered(self, **changes: object) -> None:
        """Register the add-on otherwise."""
        register(str(self.home), self.registration.replace(**changes))

    def options(self, toml: str) -> None:
        """Set the options."""
        self.home.joinpath("mailaddon.toml").write_text(f"[backends.executable]\n{toml}\n", encoding="utf-8")

    def program(self, name: str, script: "str | bytes", rights: int = 0o755) -> Path:
        """Write a program; a text is a shell script."""
        path = self.folder / name
        path.write_bytes(script if isinstance(script, bytes) else b"#!/bin/sh\n" + script.encode())
        path.chmod(rights)
        return path

    def call(self, command: str, *arguments: str) -> object:
        """Call a command, in this process."""
        with Service.open(str(self.home), "executable") as service:
            return service.run(find(command), arguments)

    def printing(self, output: bytes, command: str) -> None:
        """Write a program that prints this and succeeds."""
        self.folder.joinpath("output").write_bytes(output)
        self.program(f"{command}.sh", f"cat '{self.folder}/output'")

    def prints(self, output: bytes, *call: str) -> object:
        """What comes of a command whose program prints this and succeeds."""
        self.printing(output, call[0])
        return self.call(*call)

    def refused(self, error: type[MailAddonError], *call: str) -> str:
        """The sentence that a command is refused with."""
        with pytest.raises(MailAddonError) as refusal:
            self.call(*call)
        assert type(refusal.value) is error, refusal.value
        assert PASSWORD not in str(refusal.value)
        return str(refusal.value)

    def refused_printing(self, output: bytes) -> str:
        """The sentence that a list is refused with whose program prints this."""
        self.printing(output, LIST[0])
        return self.refused(BadResult, *LIST)


def alive(pid: int) -> bool:
    """Whether a process still does something."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter if it goes between the two
        return False
    return state != "Z"
