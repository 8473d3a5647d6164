"""What an examination of the doctor finds: all well, or a problem and its mend."""

from __future__ import annotations

from .._record import Record


class Finding(Record):
    """One line of the doctor's."""

    subject: str
    found: str
    ok: bool = True
    severe: bool = False
    mend: str = ""
    code: str = ""  # one of `readiness.REASONS` or a vendor's, where a backend has found it


def well(subject: str, found: str) -> Finding:
    """Nothing to mend."""
    return Finding(subject=subject, found=found)


def trouble(subject: str, found: str, mend: str, *, severe: bool = True, code: str = "") -> Finding:
    """Something to mend; a severe problem is one that makes commands fail or lets secrets be read."""
    return Finding(subject=subject, found=found, ok=False, severe=severe, mend=mend, code=code)
