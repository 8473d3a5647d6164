"""The one record that the modules of this backend share."""

from __future__ import annotations

from mailaddon.records import Record


class File(Record):
    """A file as it has to be.

    Attributes:
        path: where.
        text: the content.
        mode: its rights.
        group: the name of its group; "" for root's.
    """

    path: str
    text: str
    mode: int
    group: str = ""
