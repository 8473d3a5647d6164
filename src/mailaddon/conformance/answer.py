"""What a command answered: its status and what it printed."""

import re
from typing import NamedTuple

from ..errors import ERRORS

#: How long a call may take, in seconds, before it counts as hanging.
PATIENCE = 120.0
_LACKS = re.compile(r"\[not-supported\]\s*\Z|\bnot supported by\b|\bnot implemented by\b")


class Answer(NamedTuple):
    """What a caller sees of one call.

    Attributes:
        command: the canonical name.
        arguments: those given.
        status: the exit status; negative for a signal; None if it did not end in time and was killed.
        stdout: octets of standard output.
        stderr: octets of standard error.
    """

    command: str
    arguments: tuple[str, ...]
    status: int | None
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def output(self) -> str:
        """Standard output as text, with LF as line ends."""
        return self.stdout.decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def words(self) -> str:
        """What was said of a refusal: standard error, or standard output for add-ons that only use that."""
        return (self.stderr or self.stdout).decode("utf-8", "replace").strip()

    @property
    def code(self) -> str:
        """The SDK's error code at the end of the refusal; "" if there is none."""
        found = re.search(r"\[([a-z-]+)\]\s*\Z", self.words)
        return found[1] if found and found[1] in ERRORS else ""

    @property
    def lacks(self) -> bool:
        """Whether the add-on says that it does not have this command."""
        return self.status == 1 and bool(_LACKS.search(self.words))
