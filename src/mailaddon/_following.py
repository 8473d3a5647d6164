"""A file of lines, read while others append to it, rename it, replace it or empty it."""

import os

from .errors import StorageFailed

_PIECE = 1 << 16


class Followed:
    """Whole lines of a file, as far as they have been written.

    The file is kept open, so that what is still written to it after it was renamed is read too.

    Args:
        path: where the file is, or will be.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._position = 0
        self._rest = b""  # the beginning of a line whose end is not there yet
        self._replaced = False

    def __del__(self) -> None:
        self.close()

    def skip(self) -> None:
        """Leave out what is there already.

        Raises:
            StorageFailed: the file cannot be read.
        """
        if not self._opened():
            return
        position = os.fstat(self._descriptor).st_size
        while position > 0:
            begin = max(position - _PIECE, 0)
            found = os.pread(self._descriptor, position - begin, begin).rfind(b"\n")
            if found >= 0:
                self._position = begin + found + 1
                return
            position = begin

    def lines(self) -> list[bytes]:
        """The next lines, without their ends; none if there are none at present.

        Raises:
            StorageFailed: the file cannot be read.
        """
        if not self._opened():
            return []
        lines: list[bytes] = []
        while not lines:
            try:
                piece = os.pread(self._descriptor, _PIECE, self._position)
            except OSError as error:
                raise self._unreadable(error) from None
            if not piece:
                break
            self._position += len(piece)
            self._replaced = False
            *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines

    def moved_on(self) -> list[bytes] | None:
        """When there are no more lines: whether there is another file by now, or the same one from its beginning.

        Returns:
            None if there is not; else what is left of a line whose end never came.

        Raises:
            StorageFailed: the file cannot be looked at.
        """
        if self._descriptor < 0:
            return None
        present = os.fstat(self._descriptor)
        if present.st_size < self._position:
            return self._from_beginning()
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            return None  # renamed, and the next one has not come yet
        except OSError as error:
            raise self._unreadable(error) from None
        if os.path.samestat(present, named):
            return None
        if not self._replaced:  # whoever had opened the file before it was renamed may be about to write
            self._replaced = True
            return None
        self.close()
        return self._from_beginning()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _from_beginning(self) -> list[bytes]:
        left = [self._rest] if self._rest else []
        self._position, self._rest, self._replaced = 0, b"", False
        return left

    def _opened(self) -> bool:
        if self._descriptor < 0:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            except OSError as error:
                raise self._unreadable(error) from None
        return True

    def _unreadable(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"{self._path} cannot be read: {error.strerror}")
