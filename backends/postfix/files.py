"""Writing files of an instance: whole or not at all, with their rights from the first moment."""

import os

from .configuration import BEGIN, END


def replace(path: str, content: bytes, mode: int, gid: int = -1) -> None:
    """Write a file in place of an earlier one.

    Raises:
        OSError: the folder cannot be written to.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            os.fchown(descriptor, -1, gid)
            os.fchmod(descriptor, mode)
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def settle(path: str) -> None:
    """Make a file look half a minute old: Postfix reads one that is younger again and again for two seconds."""
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 30_000_000_000))


def split_block(text: str) -> tuple[str, str, str]:
    """A configuration file around its block of lines from the directory: before, block, after."""
    before, begin, rest = text.partition(f"{BEGIN}\n")
    block, end, after = rest.partition(f"{END}\n")
    return (before + begin, block, end + after) if end else (text, "", "")


def replace_block(path: str, block: str) -> bool:
    """Replace a file's lines from the directory; whether they were different.

    Raises:
        OSError: the file cannot be read or written.
    """
    with open(path, encoding="utf-8") as file:
        before, present, after = split_block(file.read())
    if present == block or not after:
        return False
    replace(path, f"{before}{block}{after}".encode(), 0o644)
    return True


def remove_tree(path: str) -> None:
    """Remove a folder of ours with everything in it, if it exists.

    Raises:
        OSError: the file system refuses.
    """
    from mailaddon.directory import storage

    storage.purge(path)
