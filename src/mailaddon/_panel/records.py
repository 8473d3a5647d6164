"""What a panel is told beside the results of commands."""

from __future__ import annotations

from .._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: What can be found out about a program, and what each of it means.
STATES = {
    "answers": "it was asked, and answered in time: with a result or with a refusal",
    "present": "it is there and can be started; it was not asked, as it may change something",
    "missing": "it is not there",
    "not-in-3.x": "3.X had no such command, so an add-on for 3.X has none",
    "deleted": "it is there, but 10.3.1 has deleted the command, so it is not called",
    "unusable": "it cannot be started, or says that it cannot work",
    "late": "it did not answer in time, or says that it is busy",
    "wrong-answer": "it answered with something else than a result or a refusal",
}
#: Those that are trouble.
TROUBLE = frozenset({"unusable", "late", "wrong-answer"})


class Event(Record):
    """One change; docs/json.md says what the fields are.

    Attributes:
        line: all of it, as it stands in the file.
    """

    time: str
    operation: str
    backend: str
    keys: Mapping[str, Any]
    before: Any
    after: Any
    line: str


class Probed(Record):
    """What was found out about one program.

    Attributes:
        command: the command's canonical name.
        state: one of `STATES`.
        found: what was seen, in one sentence.
    """

    command: str
    state: str
    found: str

    @property
    def well(self) -> bool:
        """Whether there is no trouble with it; a program that is missing is none."""
        return self.state not in TROUBLE
