"""The one record that the modules of this backend share."""

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

    # The constructor by position, which a list of files reads best with.
    def __init__(self, path: str, text: str, mode: int, group: str = "") -> None:
        super().__init__(path=path, text=text, mode=mode, group=group)
