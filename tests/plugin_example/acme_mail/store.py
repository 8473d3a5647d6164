"""The JSON file: read whole, replaced whole, by one process at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

Domain = dict[str, list[str]]  # user -> aliases


class Store:
    """The domains in a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> dict[str, Domain]:
        """What is there now."""
        try:
            with open(self.path, encoding="utf-8") as file:
                found: dict[str, Domain] = json.load(file)
        except FileNotFoundError:
            return {}
        return found

    @contextmanager
    def changed(self) -> Iterator[dict[str, Domain]]:
        """What is there, to be changed; it is written when the block ends without an exception."""
        with open(f"{self.path}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            domains = self.read()
            yield domains
            temporary = f"{self.path}.new"
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump(domains, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
