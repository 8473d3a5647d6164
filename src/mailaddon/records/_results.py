"""What the guide's operations return, and what a check finds."""

from __future__ import annotations

from .._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Change(Record):
    """What an operation changed, for the change event. Returning it is optional; it never holds a secret."""

    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


class AutoResponder(Record):
    """A user's autoresponder."""

    subject: str
    message: str


class Problem(Record):
    """Something that a backend's check found, and the mend."""

    subject: str
    problem: str
    mend: str
    severe: bool = True
    code: str = "other"  # one of `readiness.REASONS`, or x-<vendor>-<name>
